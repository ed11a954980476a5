//! Holm: an OpenSim-compatible region simulator.
//!
//! The modules are organised in layers; each imports only from lower layers
//! (`docs/architecture.md`):
//!
//! 0. [`ids`], [`time`], [`template`], [`message`], [`llsd`], [`config`]
//! 1. [`circuit`], [`netsim`], [`lsl`], [`clep`]
//! 2. [`outbox`], [`objects`]
//! 3. [`region`]
//! 4. [`services`]
//! 5. [`session`], [`scripts`], [`storage`], [`cluster`]
//! 6. [`udp`], [`http`]
//! 7. [`server`], [`client`]
//! 8. [`load`]
//! 9. [`cli`], [`testing`]

pub mod circuit;
pub mod clep;
pub mod cli;
pub mod client;
pub mod cluster;
pub mod config;
pub mod http;
pub mod ids;
pub mod llsd;
pub mod load;
pub mod lsl;
pub mod message;
pub mod netsim;
pub mod objects;
pub mod outbox;
pub mod region;
pub mod scripts;
pub mod server;
pub mod services;
pub mod session;
pub mod storage;
pub mod template;
pub mod testing;
pub mod time;
pub mod udp;

/// Runs the code of pages that show some.
#[cfg(doctest)]
#[doc = include_str!("../docs/llsd.md")]
mod pages {}
