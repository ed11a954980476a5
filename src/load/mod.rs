//! Many clients at once: fills a grid with agents, has them do what a scenario says, and measures.
//!
//! Ours or any other grid that speaks the protocol, given a login URI. The agents are as real
//! viewers on the wire; what they say is numbered and stamped, so that each copy of each message is
//! accounted for: late, lost or doubled. It must not know the server's insides: what it measures,
//! it measures from outside.

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
