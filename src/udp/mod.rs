//! UDP: one endpoint task per socket, owner of the circuits that the kernel hands to it.

mod endpoint;
mod limit;
mod slots;
mod socket;

pub use endpoint::{Endpoint, EndpointSettings};
pub use socket::{SocketSettings, bind};
