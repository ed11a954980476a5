//! UDP: one endpoint task per socket, owner of the circuits that the kernel hands to it.

mod batch;
mod counters;
mod endpoint;
mod farewell;
mod limit;
mod opening;
mod receipts;
mod slots;
mod socket;

pub use endpoint::{Endpoint, EndpointSettings};
pub use socket::{SocketSettings, bind};
