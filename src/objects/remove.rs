//! Removes objects and scripts, and notifies those concerned.

use super::Objects;
use super::driver::{Driver, HostId, ScriptEvent};
use super::error::ObjectError;
use crate::ids::PrimId;
use crate::lsl::ScriptId;

impl Objects {
    /// Removes an object with its scripts. `is_notified` says of each script that a host runs whether
    /// the host is told.
    pub(super) fn remove_object(
        &mut self,
        root: PrimId,
        is_notified: impl Fn(ScriptId, HostId) -> bool,
    ) -> Result<(), ObjectError> {
        let prims = self.bus.prims_of(root)?.to_vec();
        let scripts = prims.iter().flat_map(|prim| self.bus.scripts_of(*prim).unwrap_or_default());
        let scripts: Vec<_> = scripts.copied().collect();
        self.bus.remove_object(root)?;
        for script in scripts {
            self.forget_script(script, &is_notified);
        }
        for prim in prims {
            self.prims.remove(prim);
        }
        self.kept.remove(&root);
        self.counters.removed += 1;
        Ok(())
    }

    /// Removes a script.
    pub(super) fn remove_script(
        &mut self,
        script: ScriptId,
        is_notified: impl Fn(ScriptId, HostId) -> bool,
    ) -> Result<(), ObjectError> {
        self.bus.remove_script(script)?;
        let root = self.scripts.get(&script).map(|running| running.root);
        self.forget_script(script, &is_notified);
        if let Some(root) = root {
            self.refresh_flags(root);
        }
        Ok(())
    }

    /// The connection of a script host is over: what it made goes, or stays and is recorded.
    pub(super) fn host_gone(&mut self, host: HostId, keep: bool) {
        let is_its = |driver: &Driver| matches!(driver, Driver::Host(link) if link.id == host);
        if keep {
            for running in self.scripts.values_mut().filter(|running| is_its(&running.driver)) {
                running.driver = Driver::Recorder;
            }
            for kept in self.kept.values_mut().filter(|kept| kept.host == Some(host)) {
                kept.host = None;
            }
            return;
        }
        let roots = self.kept.iter().filter(|(_, kept)| kept.host == Some(host));
        let roots: Vec<_> = roots.map(|(root, _)| *root).collect();
        let is_notified = |_: ScriptId, other: HostId| other != host;
        for root in roots {
            if let Err(error) = self.remove_object(root, is_notified) {
                tracing::debug!(%root, %error, "object of a script host cannot be removed");
            }
        }
        // Those that it added to objects of others.
        let scripts = self.scripts.iter().filter(|(_, running)| is_its(&running.driver));
        let scripts: Vec<_> = scripts.map(|(script, _)| *script).collect();
        for script in scripts {
            if let Err(error) = self.remove_script(script, is_notified) {
                tracing::debug!(%script, %error, "script of a script host cannot be removed");
            }
        }
    }

    /// What a script listened to besides the bus, and what waited for it, is no more.
    pub(super) fn forget_state(&mut self, script: ScriptId) {
        self.clep.script_gone(script);
        self.direct.retain(|(other, _)| *other != script);
    }

    /// Forgets a script that the bus knows no more.
    fn forget_script(&mut self, script: ScriptId, is_notified: impl Fn(ScriptId, HostId) -> bool) {
        self.forget_state(script);
        let Some(running) = self.scripts.remove(&script) else { return };
        if let Driver::Host(link) = &running.driver
            && is_notified(script, link.id)
        {
            self.send_to_host(link, script, (running.root, running.prim), ScriptEvent::Gone);
        }
    }
}
