//! A fake region for tests that knows just enough of objects: it stores what is created, lets every
//! script hear what others say on channels that it listens to, and answers everything else
//! trivially.

use std::sync::{Arc, Mutex};

use tokio::sync::{broadcast, mpsc, watch};
use uuid::Uuid;

use super::ObjectAccess;
use crate::clep::Dialect;
use crate::ids::{PrimId, RegionId};
use crate::lsl::{BusError, Event, Said, ScriptId};
use crate::objects::{
    CallOutcome, Driver, HeardEvent, HeardPage, HostEvent, HostId, NewObject, NewScript,
    ObjectCommand, ObjectError, ObjectReport, PrimChange, PrimReport, ScriptCall, ScriptEvent,
    ScriptReport, Traffic, TrafficFeed,
};
use crate::region::{Command, RegionInfo, RegionLink};
use crate::services::accounts::{AccountName, Accounts, AccountsConfig, HashCost, NewPassword};
use crate::services::store::StoreHandle;
use crate::storage::SqliteStore;
use crate::time::ManualClock;

/// The account that fake grids have.
pub(crate) const TEST_USER: &str = "Test User";

/// Access to one fake region called `Holm`, and what its scripts' hosts left behind.
pub(crate) async fn access() -> (ObjectAccess, Arc<Gone>) {
    let info = info();
    let (commands, mut taken) = mpsc::channel(64);
    let gone = Arc::new(Gone::default());
    let mut region = FakeRegion::new(info.id, gone.clone());
    tokio::spawn(async move {
        while let Some(command) = taken.recv().await {
            if let Command::Objects(command) = command {
                region.apply(command);
            }
        }
    });
    (ObjectAccess::new([RegionLink { info, commands }].into(), accounts().await), gone)
}

/// Access to the same region after its task has ended.
pub(crate) async fn stopped() -> ObjectAccess {
    let (commands, _) = mpsc::channel(1);
    ObjectAccess::new([RegionLink { info: info(), commands }].into(), accounts().await)
}

async fn accounts() -> Accounts {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    let config = AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..AccountsConfig::default() };
    let accounts = Accounts::new(store, Arc::new(ManualClock::default()), config);
    let name = AccountName::parse(TEST_USER).unwrap();
    accounts.create(name, NewPassword::parse("test").unwrap(), None).await.unwrap();
    accounts
}

fn info() -> Arc<RegionInfo> {
    Arc::new(RegionInfo::new(RegionId(Uuid::from_u128(1)), "Holm", 1000, 1000))
}

/// The hosts that a region was told are gone, and whether their objects were to stay.
#[derive(Debug, Default)]
pub(crate) struct Gone(Mutex<Vec<(HostId, bool)>>);

impl Gone {
    /// Waits for the next.
    pub(crate) async fn next(&self) -> bool {
        loop {
            if let Some((_, keep)) = self.0.lock().unwrap().pop() {
                return keep;
            }
            tokio::task::yield_now().await;
        }
    }
}

struct FakeRegion {
    id: RegionId,
    objects: Vec<(ObjectReport, Vec<FakeScript>)>,
    next: u64,
    heard: Vec<HeardEvent>,
    news: watch::Sender<u64>,
    traffic: broadcast::Sender<Arc<Traffic>>,
    written: Vec<Arc<Traffic>>,
    gone: Arc<Gone>,
}

struct FakeScript {
    id: ScriptId,
    prim: PrimId,
    driver: Driver,
    channels: Vec<i32>,
}

impl FakeRegion {
    fn new(id: RegionId, gone: Arc<Gone>) -> Self {
        let (traffic, _) = broadcast::channel(2);
        let (objects, heard, written) = (Vec::new(), Vec::new(), Vec::new());
        let news = watch::Sender::default();
        Self { id, objects, next: 100, heard, news, traffic, written, gone }
    }

    fn apply(&mut self, command: ObjectCommand) {
        match command {
            ObjectCommand::Create { object, answer } => {
                let _ = answer.send(self.create(*object));
            }
            ObjectCommand::Remove { object, answer } => {
                let _ = answer.send(self.remove(object));
            }
            ObjectCommand::Report { object, answer } => {
                let found = self.at(object).map(|at| self.objects[at].0.clone());
                let _ = answer.send(found);
            }
            ObjectCommand::List(answer) => {
                let _ =
                    answer.send(self.objects.iter().map(|(report, _)| report.clone()).collect());
            }
            ObjectCommand::AddScript { object, script, answer } => {
                let added = self.at(object).map(|at| self.add(at, script));
                let _ = answer.send(added);
            }
            ObjectCommand::RemoveScript { script, answer } => {
                let _ = answer.send(self.remove_script(script));
            }
            ObjectCommand::ChangeState { answer, .. } => {
                let _ = answer.send(Ok(()));
            }
            ObjectCommand::Change { prim, change, answer } => {
                let _ = answer.send(self.change(prim, change));
            }
            ObjectCommand::Call { script, call, answer } => {
                let _ = answer.send(self.call(script, *call));
            }
            ObjectCommand::Touch { prim, agent, answer } => {
                let touched = self.at(prim).map(|at| {
                    let scripts: Vec<_> = self.objects[at].1.iter().map(|known| known.id).collect();
                    let touch = ScriptEvent::Lsl(Event::TouchStart { toucher: agent });
                    for script in &scripts {
                        self.send(*script, &touch);
                    }
                    scripts.len()
                });
                let _ = answer.send(touched);
            }
            ObjectCommand::FollowHeard { object, answer } => {
                let _ = answer.send(self.at(object).map(|_| self.news.subscribe()));
            }
            ObjectCommand::Heard { object, after, answer } => {
                let events = self.heard.iter().filter(|event| event.number > after).cloned();
                let page = HeardPage { events: events.collect(), forgotten: 0 };
                let _ = answer.send(self.at(object).map(|_| page));
            }
            ObjectCommand::HostGone { host, keep } => {
                self.gone.0.lock().unwrap().push((host, keep));
            }
            ObjectCommand::WatchClep { name, answer } => {
                let _ = answer.send(Ok(name.channel().unwrap()));
            }
            ObjectCommand::ClepTraffic(answer) => {
                let (past, live) = (self.written.clone(), self.traffic.subscribe());
                let _ = answer.send(TrafficFeed { past, live });
            }
        }
    }

    fn at(&self, prim: PrimId) -> Result<usize, ObjectError> {
        let found = self
            .objects
            .iter()
            .position(|(report, _)| report.prims.iter().any(|listed| listed.id == prim));
        found.ok_or(ObjectError::UnknownObject(prim))
    }

    fn create(&mut self, object: NewObject) -> Result<ObjectReport, ObjectError> {
        let mut prims = Vec::new();
        for prim in object.prims {
            let id = prim.id.unwrap_or(PrimId(Uuid::from_u128(u128::from(self.next))));
            if self.at(id).is_ok() {
                return Err(BusError::BadKey(id.0).into());
            }
            self.next += 1;
            prims.push(PrimReport {
                id,
                local_id: self.next as u32,
                name: prim.name,
                offset: prim.offset,
                size: prim.size,
                shape: prim.shape,
                text: prim.text,
                scripts: Vec::new(),
            });
        }
        let report = ObjectReport {
            id: prims[0].id,
            name: prims[0].name.clone(),
            owner: object.owner,
            position: object.position,
            worn: object.worn,
            prims,
        };
        self.objects.push((report, Vec::new()));
        let at = self.objects.len() - 1;
        for script in object.scripts {
            let id = self.add(at, script);
            self.send(id, &ScriptEvent::Lsl(Event::OnRez { start: object.start }));
        }
        Ok(self.objects[at].0.clone())
    }

    fn add(&mut self, at: usize, script: NewScript) -> ScriptId {
        let id = ScriptId(self.next);
        self.next += 1;
        let (report, scripts) = &mut self.objects[at];
        let prim = &mut report.prims[script.link - 1];
        let driver = match &script.driver {
            Driver::Host(_) => "host",
            Driver::Behaviour(_) => "echo",
            Driver::Recorder => "recorder",
        };
        let (name, listens) = (script.name, Vec::new());
        prim.scripts.push(ScriptReport { id, name, driver, listens, waiting: 0 });
        scripts.push(FakeScript { id, prim: prim.id, driver: script.driver, channels: Vec::new() });
        id
    }

    /// Tells nobody.
    fn remove_script(&mut self, script: ScriptId) -> Result<(), ObjectError> {
        for (_, scripts) in &mut self.objects {
            if let Some(at) = scripts.iter().position(|known| known.id == script) {
                scripts.remove(at);
                return Ok(());
            }
        }
        Err(BusError::UnknownScript(script).into())
    }

    fn remove(&mut self, object: PrimId) -> Result<(), ObjectError> {
        let at = self.at(object)?;
        let scripts: Vec<ScriptId> = self.objects[at].1.iter().map(|script| script.id).collect();
        for script in scripts {
            self.send(script, &ScriptEvent::Gone);
        }
        self.objects.remove(at);
        // Who follows what it hears learns that it is gone.
        self.news = watch::Sender::new(self.heard.len() as u64);
        Ok(())
    }

    fn change(&mut self, prim: PrimId, change: PrimChange) -> Result<(), ObjectError> {
        let at = self.at(prim)?;
        match change {
            PrimChange::Name(name) => self.objects[at].0.name = name,
            PrimChange::Owner(owner) => self.objects[at].0.owner = owner,
            _ => {
                let problem = "is beyond a fake".to_owned();
                return Err(ObjectError::Value { field: "change", problem });
            }
        }
        Ok(())
    }

    fn call(&mut self, script: ScriptId, call: ScriptCall) -> Result<CallOutcome, ObjectError> {
        let unknown = || ObjectError::from(BusError::UnknownScript(script));
        let mut scripts = self.objects.iter_mut().flat_map(|(_, scripts)| scripts);
        let caller = scripts.find(|known| known.id == script).ok_or_else(unknown)?;
        let prim = caller.prim;
        Ok(match call {
            ScriptCall::Listen { channel, .. } => {
                caller.channels.push(channel);
                CallOutcome { handle: Some(caller.channels.len() as i32), ..CallOutcome::default() }
            }
            ScriptCall::Say { channel, text, .. } => {
                let queued = self.say(prim, channel, &text);
                let said = Said { queued, considered: queued, ..Said::default() };
                CallOutcome { said: Some(said), ..CallOutcome::default() }
            }
            ScriptCall::ClepListen(listen) => {
                let name = |domain| listen.codec.channel(&listen.service, domain).unwrap();
                let channels = listen.domains.iter().map(|domain| name(domain)).collect();
                CallOutcome { channels, ..CallOutcome::default() }
            }
            ScriptCall::Die => {
                let at = self.at(prim)?;
                let died = self.objects[at].0.worn.is_none();
                if died {
                    self.remove(prim)?;
                }
                CallOutcome { died, ..CallOutcome::default() }
            }
            _ => CallOutcome::default(),
        })
    }

    fn say(&mut self, prim: PrimId, channel: i32, text: &str) -> usize {
        let scripts = self.objects.iter().flat_map(|(_, scripts)| scripts);
        let hearers = scripts
            .filter(|script| script.prim != prim && script.channels.contains(&channel))
            .map(|script| script.id)
            .collect::<Vec<_>>();
        let event = ScriptEvent::Lsl(Event::Listen {
            channel,
            name: "speaker".into(),
            id: prim.0,
            message: text.into(),
            owner: prim.0,
        });
        for hearer in &hearers {
            self.send(*hearer, &event);
        }
        self.write_down(prim, channel, text);
        hearers.len()
    }

    /// Every line is traffic to a fake.
    fn write_down(&mut self, prim: PrimId, channel: i32, text: &str) {
        let entry = Arc::new(Traffic {
            number: self.written.len() as u64 + 1,
            unix_ms: 0,
            region: "Holm".to_owned(),
            channel,
            call: "llSay",
            sender: prim.0,
            sender_name: "speaker".to_owned(),
            owner: Uuid::nil(),
            dialect: Dialect::SeedChuf,
            service: None,
            domain: None,
            text: text.to_owned(),
            message: None,
            problem: None,
            receivers: Vec::new(),
            receivers_left_out: 0,
            warnings: Vec::new(),
        });
        self.written.push(entry.clone());
        let _ = self.traffic.send(entry);
    }

    fn send(&mut self, script: ScriptId, event: &ScriptEvent) {
        let found = self.objects.iter().find_map(|(report, scripts)| {
            let script = scripts.iter().find(|known| known.id == script)?;
            Some((report.id, script))
        });
        let Some((object, known)) = found else { return };
        match &known.driver {
            Driver::Host(link) => {
                let (region, prim, event) = (self.id, known.prim, event.clone());
                let _ = link.events.try_send(HostEvent { region, object, prim, script, event });
            }
            Driver::Recorder => {
                let number = self.heard.len() as u64 + 1;
                let (prim, script, event) = (known.prim.0, "main".to_owned(), event.clone());
                self.heard.push(HeardEvent { number, unix_ms: 5, prim, script, event });
                self.news.send_replace(number);
            }
            Driver::Behaviour(_) => {}
        }
    }
}
