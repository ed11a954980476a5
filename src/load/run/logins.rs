//! The director of the scenario `login`, in which no agent stays in the region.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Director, FAREWELLS, TICK};
use crate::load::churn::Pool;
use crate::load::shared::Stage;
use crate::load::tally::Times;
use crate::load::{LoadError, Phase, Report};

impl Director {
    /// Plays the scenario; gives why the run does not count.
    pub(super) async fn play_logins(
        &mut self,
        connections: usize,
        enter: bool,
        report: &mut Report,
    ) -> Option<LoadError> {
        let pool = Pool::new(self.shared.clone());
        let warmed = self.warm_up(&pool, connections, enter).await;
        self.note_filling(report);
        let error = match warmed {
            Ok(()) => {
                // From here on the scenario's own logins only.
                self.shared.totals().login = Times::default();
                self.run_logins(&pool, connections, enter).await.err()
            }
            Err(error) => Some(error),
        };
        self.enter_phase(Phase::Leaving, Duration::ZERO);
        if matches!(error, Some(LoadError::ServerDied { .. })) {
            self.shared.abandoned.store(true, Ordering::Relaxed);
        }
        self.shared.set_stage(Stage::Leaving);
        pool.farewells.close();
        let until = self.shared.now() + FAREWELLS;
        while !pool.farewells.is_empty() && self.shared.now() < until {
            let _ = tokio::time::timeout(TICK, pool.farewells.wait()).await;
            let _ = self.observe();
        }
        error.or_else(|| {
            let totals = self.shared.totals();
            let failed = totals.troubles.iter().find(|trouble| trouble.kind == "login")?;
            Some(LoadError::LoginsFailed { count: failed.count, reason: failed.text.clone() })
        })
    }

    /// Each account once, so that its password was verified before.
    async fn warm_up(
        &mut self,
        pool: &Pool,
        connections: usize,
        enter: bool,
    ) -> Result<(), LoadError> {
        self.enter_phase(Phase::Filling, Duration::ZERO);
        let accounts = self.shared.accounts.len();
        let mut tasks = JoinSet::new();
        for worker in 0..connections {
            let pool = pool.clone();
            let share = accounts / connections + usize::from(worker < accounts % connections);
            tasks.spawn(async move {
                for _ in 0..share {
                    pool.log_in_once(enter).await?;
                }
                Ok(())
            });
        }
        loop {
            while let Some(ended) = tasks.try_join_next() {
                if let Ok(Err(error)) = ended {
                    let failures = self.shared.totals().errors;
                    return Err(if self.shared.totals().logins == 0 {
                        self.nobody(&error, failures)
                    } else {
                        LoadError::LoginsFailed { count: failures, reason: error.to_string() }
                    });
                }
            }
            if tasks.is_empty() {
                return Ok(());
            }
            self.tick(TICK).await?;
        }
    }

    async fn run_logins(
        &mut self,
        pool: &Pool,
        connections: usize,
        enter: bool,
    ) -> Result<(), LoadError> {
        let duration = self.shared.plan.duration;
        let start = self.shared.now();
        self.shared.set_span(start, start + duration);
        self.enter_phase(Phase::Running, duration);
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn(pool.clone().go_on(enter));
        }
        let result = self.run_until(start, start + duration).await;
        if !matches!(result, Err(LoadError::ServerDied { .. })) {
            // Each finishes the login that it is at: nobody else would log that account out.
            self.shared.set_span(start, self.shared.now());
            self.enter_phase(Phase::Draining, Duration::ZERO);
            let until = self.shared.now() + FAREWELLS;
            while !tasks.is_empty() && self.shared.now() < until {
                let _ = tokio::time::timeout(TICK, tasks.join_next()).await;
                let _ = self.observe();
            }
        }
        result
    }
}
