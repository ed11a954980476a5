//! What services need of the outside: storage and the other agents.
//!
//! Storage is a synchronous [`Engine`] with one owner, the storage thread, which a [`Handle`]
//! reaches. What is stored stands beside the models of the services, and [`super::store`] sums it
//! up; the ports know no service. The [`Bus`] delivers to agents and knows who is online.

mod bus;
mod engine;
mod error;
mod handle;
mod job;

pub use bus::{Bus, Congestion, Delivery, Reach};
pub use engine::Engine;
pub use error::{Fault, StoreError, StoreGone};
pub use handle::Handle;
