//! Many clients at once: fills a grid with agents, runs a scenario and measures.
//!
//! The grid may be Holm or any other that speaks the protocol, given its login URI. On the wire,
//! the agents behave like viewers. Their messages are numbered and timestamped, so that each copy
//! of each message is accounted for: late, lost or doubled. This module must not know the server's
//! internals; it measures from outside.

mod accounts;
mod agent;
pub mod calibrate;
mod cast;
mod churn;
mod files;
mod health;
pub mod html;
mod ledger;
pub mod machine;
mod meter;
mod outcome;
pub mod plan;
pub mod process;
pub mod report;
mod run;
mod shared;
mod stamp;
mod tally;
pub mod text;

pub use outcome::{LoadError, Outcome, Phase, Progress};
pub use plan::{AccountSource, LoadAccount, Manner, Plan, PlanError, Scenario};
pub use report::Report;
pub use run::run;
