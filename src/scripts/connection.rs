//! One connection of a script host over any transport: requests run in order, and events are sent
//! as they happen.
//!
//! The transport delivers lines on one bounded channel and takes lines from another. A host that
//! does not read is disconnected; the objects it created are removed, unless it asked to keep them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::access::{AccessError, ObjectAccess};
use super::create::{ObjectPlan, ScriptPlan};
use super::fields::FieldError;
use super::protocol::{self, Verb};
use super::render::{self, Returns};
use crate::ids::{PrimId, RegionId};
use crate::lsl::ScriptId;
use crate::objects::{Driver, HostEvent, HostId, HostLink, ObjectReport, ScriptCall, ScriptEvent};
use crate::region::RegionLink;

/// A line that came, or why none can come any more.
pub type Incoming = Result<String, FieldError>;

/// Lines that wait to be done. More wait in the carrier.
pub const INCOMING: usize = 8;
/// Lines that wait to be sent.
pub const OUTGOING: usize = 256;
/// How long a carrier may take to send what is left when the connection is over.
pub const FAREWELL: Duration = Duration::from_secs(1);

/// Events that wait for the connection; regions drop and count what is more.
const EVENTS: usize = 1024;
/// How long the lines that wait may be full.
const PATIENCE: Duration = Duration::from_secs(10);
/// Scripts of one connection.
const MOST_SCRIPTS: usize = 10_000;

static NEXT_HOST: AtomicU64 = AtomicU64::new(1);

/// Serves one connection until its lines end, nobody takes its answers, or the server stops.
pub async fn run(
    access: &ObjectAccess,
    mut lines: mpsc::Receiver<Incoming>,
    out: mpsc::Sender<String>,
    stop: &CancellationToken,
) {
    metrics::counter!("holm_script_hosts_total").increment(1);
    let (events, mut happened) = mpsc::channel(EVENTS);
    let mut connection = Connection {
        access,
        link: HostLink { id: HostId(NEXT_HOST.fetch_add(1, Ordering::Relaxed)), events },
        scripts: BTreeMap::new(),
        numbers: HashMap::new(),
        next: 1,
        used: Vec::new(),
        keep: false,
    };
    let stopped = access.stopped();
    tokio::pin!(stopped);
    let mut sent = send(&out, connection.hello()).await;
    while sent {
        sent = tokio::select! {
            () = stop.cancelled() => break,
            () = &mut stopped => break,
            line = lines.recv() => match line {
                None => break,
                Some(Ok(line)) if line.trim().is_empty() => true,
                Some(Ok(line)) => {
                    let answer = connection.answer(&line).await;
                    send(&out, answer).await
                }
                Some(Err(error)) => {
                    count_cut("bad_line");
                    send(&out, protocol::failed(&Value::Null, &error.into())).await;
                    break;
                }
            },
            // The connection itself holds a sender: this never ends.
            Some(event) = happened.recv() => match connection.event(&event) {
                Some(line) => send(&out, line).await,
                None => true,
            },
        };
    }
    connection.leave().await;
}

/// Counts a connection that was not allowed to go on, by reason.
pub fn count_cut(reason: &'static str) {
    metrics::counter!("holm_script_hosts_cut_total", "reason" => reason).increment(1);
}

/// Whether the line could be handed over.
async fn send(out: &mpsc::Sender<String>, line: String) -> bool {
    let handed_over = tokio::time::timeout(PATIENCE, out.send(line)).await;
    if handed_over.is_err() {
        count_cut("does_not_read");
    }
    matches!(handed_over, Ok(Ok(())))
}

struct Connection<'a> {
    access: &'a ObjectAccess,
    link: HostLink,
    /// Its scripts by its own numbers, which are never used again.
    scripts: BTreeMap<u64, HeldScript>,
    numbers: HashMap<(RegionId, ScriptId), u64>,
    next: u64,
    /// The regions where it may have something, each once.
    used: Vec<RegionLink>,
    keep: bool,
}

#[derive(Clone)]
struct HeldScript {
    region: RegionLink,
    object: PrimId,
    id: ScriptId,
}

impl Connection<'_> {
    fn hello(&self) -> String {
        protocol::hello(self.access.regions().iter().map(|region| region.info.name.as_str()))
    }

    async fn answer(&mut self, line: &str) -> String {
        let count = |result| {
            metrics::counter!("holm_script_host_requests_total", "result" => result).increment(1);
        };
        let request = match protocol::read(line, &self.access.stamp()) {
            Ok(request) => request,
            Err(bad) => {
                count("bad_line");
                return protocol::failed(&bad.id, &bad.error.into());
            }
        };
        match self.obey(request.verb).await {
            Ok(result) => {
                count("done");
                protocol::done(request.id, result)
            }
            Err(error) => {
                count("failed");
                protocol::failed(&request.id, &error)
            }
        }
    }

    async fn obey(&mut self, verb: Verb) -> Result<Map<String, Value>, AccessError> {
        let access = self.access;
        let result = match verb {
            Verb::Create(plan) => self.create(*plan).await?,
            Verb::Call { script, call } => return self.call(script, *call).await,
            Verb::State { script, handlers } => {
                let held = self.held(script)?;
                access.change_state(&held.region, held.id, handlers).await?;
                Value::Null
            }
            Verb::AddScript { object, script } => json!(self.add_script(object, script).await?),
            Verb::RemoveScript(script) => {
                let held = self.held(script)?;
                let removed = access.remove_script(&held.region, held.id).await;
                // It may be gone by somebody else's doing, with no room to be told of it.
                if !matches!(removed, Err(AccessError::Busy)) {
                    self.forget(script);
                }
                removed?;
                Value::Null
            }
            Verb::Remove(object) => {
                let (region, report) = access.remove(object).await?;
                self.forget_object(region.info.id, report.id);
                Value::Null
            }
            Verb::Change(plan) => {
                access.carry_out(*plan).await?;
                Value::Null
            }
            Verb::Keep(keep) => {
                self.keep = keep;
                Value::Null
            }
        };
        Ok(Map::from_iter([("result".to_owned(), result)]))
    }

    async fn create(&mut self, plan: ObjectPlan) -> Result<Value, AccessError> {
        self.check_room(plan.scripts.len())?;
        let links: Vec<usize> = plan.scripts.iter().map(|script| script.link).collect();
        let driver = Driver::Host(self.link.clone());
        let (region, object) = plan.resolve(self.access, &driver).await?;
        self.uses(region);
        let report = self.access.create(region, object).await?;
        let made = in_order(&report, &links);
        let numbers: Vec<u64> =
            made.into_iter().map(|id| self.hold(region, report.id, id)).collect();
        let prims: Vec<PrimId> = report.prims.iter().map(|prim| prim.id).collect();
        Ok(json!({"object": report.id, "prims": prims, "scripts": numbers}))
    }

    async fn add_script(&mut self, object: PrimId, script: ScriptPlan) -> Result<u64, AccessError> {
        self.check_room(1)?;
        let access = self.access;
        let (region, report) = access.find(object).await?;
        self.uses(region);
        let script = script.driven_by(Driver::Host(self.link.clone()));
        let id = access.add_script(region, object, script).await?;
        Ok(self.hold(region, report.id, id))
    }

    async fn call(
        &mut self,
        script: u64,
        call: ScriptCall,
    ) -> Result<Map<String, Value>, AccessError> {
        let held = self.held(script)?;
        let returns = Returns::of(&call);
        let outcome = self.access.call(&held.region, held.id, call).await?;
        if outcome.died {
            self.forget_object(held.region.info.id, held.object);
        }
        Ok(render::outcome(&returns, &outcome))
    }

    /// An event as a line; nothing for scripts that are not this connection's any more.
    fn event(&mut self, happened: &HostEvent) -> Option<String> {
        let number = *self.numbers.get(&(happened.region, happened.script))?;
        let mut line = render::event(&happened.event);
        line.insert("script".to_owned(), Value::from(number));
        if happened.event == ScriptEvent::Gone {
            self.forget(number);
        }
        Some(Value::Object(line).to_string())
    }

    fn held(&self, script: u64) -> Result<HeldScript, AccessError> {
        self.scripts.get(&script).cloned().ok_or_else(|| {
            FieldError::new("script", format!("the connection has no script {script}")).into()
        })
    }

    fn hold(&mut self, region: &RegionLink, object: PrimId, id: ScriptId) -> u64 {
        let number = self.next;
        self.next += 1;
        self.scripts.insert(number, HeldScript { region: region.clone(), object, id });
        self.numbers.insert((region.info.id, id), number);
        number
    }

    fn forget(&mut self, script: u64) {
        if let Some(held) = self.scripts.remove(&script) {
            self.numbers.remove(&(held.region.info.id, held.id));
        }
    }

    fn forget_object(&mut self, region: RegionId, object: PrimId) {
        let numbers = &mut self.numbers;
        self.scripts.retain(|_, held| {
            let stays = held.object != object || held.region.info.id != region;
            if !stays {
                numbers.remove(&(region, held.id));
            }
            stays
        });
    }

    fn uses(&mut self, region: &RegionLink) {
        if !self.used.iter().any(|used| used.info.id == region.info.id) {
            self.used.push(region.clone());
        }
    }

    fn check_room(&self, wanted: usize) -> Result<(), AccessError> {
        if self.scripts.len().saturating_add(wanted) > MOST_SCRIPTS {
            let message = format!("a connection has at most {MOST_SCRIPTS} scripts");
            return Err(FieldError::new("scripts", message).into());
        }
        Ok(())
    }

    async fn leave(self) {
        for region in &self.used {
            self.access.host_gone(region, self.link.id, self.keep).await;
        }
    }
}

/// The scripts of a new object in the order in which they were asked for, each for a link. Those of
/// one prim came in that order.
fn in_order(report: &ObjectReport, links: &[usize]) -> Vec<ScriptId> {
    let mut left: Vec<_> = report.prims.iter().map(|prim| prim.scripts.iter()).collect();
    let script = |link: &usize| Some(left.get_mut(link.checked_sub(1)?)?.next()?.id);
    links.iter().filter_map(script).collect()
}

#[cfg(test)]
mod tests;
