//! One run from beginning to end.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{LoadError, Outcome, Plan, Progress, Report};

/// Carries out `plan`, telling how far it is, until it is done, something makes it pointless, or
/// `stop` is cancelled. The plan must have been [checked](Plan::check).
pub async fn run(
    plan: Plan,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
) -> Outcome {
    let _ = (plan, progress);
    stop.cancelled().await;
    Outcome { report: Report::default(), error: Some(LoadError::Interrupted) }
}
