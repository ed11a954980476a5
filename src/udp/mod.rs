//! UDP: one endpoint task per socket, which owns the circuits that the kernel assigns to the
//! socket.

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
