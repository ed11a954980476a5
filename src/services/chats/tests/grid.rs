//! The service with a memory store, and with recorders in place of clients.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::super::*;
use crate::cluster::LocalBus;
use crate::ids::{RegionId, RoleId};
use crate::llsd::Llsd;
use crate::message::{ImprovedInstantMessage, Vector3, text};
use crate::outbox::Outbox;
use crate::outbox::recorder::{Recorder, decoded, recorder};
use crate::services::accounts::{AccountName, Accounts, AccountsConfig, HashCost, NewPassword};
use crate::services::groups::{GroupInfo, Member, Role};
use crate::services::store::StoreHandle;
use crate::storage::SqliteStore;
use crate::time::ManualClock;

/// What one speaker may cause while the bus is congested.
pub(super) const COPIES_PER_SECOND: u32 = 2000;

pub(super) const WEAVERS: GroupId = GroupId(Uuid::from_u128(0x77));

pub(super) struct Grid {
    pub(super) chats: ChatSessions,
    pub(super) bus: Arc<LocalBus>,
    pub(super) store: StoreHandle,
    pub(super) accounts: Accounts,
    pub(super) mutes: Mutes,
    pub(super) clock: Arc<ManualClock>,
    pub(super) recorders: BTreeMap<AgentId, (Outbox, Recorder)>,
}

impl Grid {
    pub(super) fn new() -> Self {
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let clock = Arc::new(ManualClock::default());
        let config = AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..AccountsConfig::default() };
        let accounts = Accounts::new(store.clone(), clock.clone(), config);
        let bus = Arc::new(LocalBus::default());
        let mutes = Mutes::new(store.clone());
        let groups = Groups::new(store.clone(), bus.clone(), clock.clone());
        let chats =
            ChatSessions::new(bus.clone(), groups, mutes.clone(), clock.clone(), COPIES_PER_SECOND);
        Self { chats, bus, store, accounts, mutes, clock, recorders: BTreeMap::new() }
    }

    /// An agent without an account.
    pub(super) fn stranger(&mut self) -> AgentId {
        let agent = AgentId::random();
        self.arrive(agent);
        agent
    }

    pub(super) async fn resident(&mut self, first: &str) -> AgentId {
        let (name, password) = (AccountName::new(first, "Tester"), NewPassword::parse("test"));
        let account = self.accounts.create(name.unwrap(), password.unwrap(), None).await.unwrap();
        self.arrive(account.id);
        account.id
    }

    pub(super) fn arrive(&mut self, agent: AgentId) {
        let number = self.recorders.len() as u32;
        let (outbox, recorder) = recorder(agent, number);
        self.chats.arrived(agent);
        self.bus.arrive(agent, outbox.clone());
        self.recorders.insert(agent, (outbox, recorder));
    }

    pub(super) fn depart(&mut self, agent: AgentId) {
        let (outbox, _) = self.recorders.remove(&agent).unwrap();
        self.bus.depart(&outbox);
        self.chats.departed(agent);
    }

    /// A group of three, whose first member may moderate and whose last may not chat.
    pub(super) async fn weavers(&mut self) -> (AgentId, AgentId, AgentId) {
        let one = self.resident("One").await;
        let two = self.resident("Two").await;
        let mute = self.resident("Mute").await;
        let group = group(one, &[two], &[mute]);
        self.store.call(move |store| store.create_group(&group)).await.unwrap().unwrap();
        (one, two, mute)
    }

    pub(super) fn texts(&mut self, agent: AgentId) -> Vec<ImprovedInstantMessage> {
        let (_, recorder) = self.recorders.get_mut(&agent).unwrap();
        decoded(&recorder.drain())
    }

    pub(super) fn heard(&mut self, agent: AgentId) -> Vec<String> {
        self.texts(agent).iter().map(|im| text(&im.message_block.message)).collect()
    }

    pub(super) fn events(&mut self, agent: AgentId) -> Vec<(String, Llsd)> {
        let (_, recorder) = self.recorders.get_mut(&agent).unwrap();
        let events = recorder.drain_events();
        events
            .into_iter()
            .map(|event| {
                let body = event.body();
                (event.message.into_owned(), body)
            })
            .collect()
    }

    pub(super) fn event_names(&mut self, agent: AgentId) -> Vec<String> {
        self.events(agent).into_iter().map(|(name, _)| name).collect()
    }

    pub(super) async fn say(&self, agent: AgentId, session: ChatSessionId, text: &str) {
        if let Err(unsaid) = self.chats.say(speaker(agent), session, text.to_owned()) {
            self.chats.ask_and_say(unsaid).await;
        }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        for report in self.chats.reports() {
            self.chats.wake(report.id);
        }
    }

    /// Whether nothing is kept of any session.
    pub(super) fn is_clean(&self) -> bool {
        self.chats.shared.sessions.is_empty() && self.chats.shared.agents.is_empty()
    }
}

pub(super) fn speaker(agent: AgentId) -> Speaker {
    Speaker {
        agent,
        name: "One Tester".to_owned(),
        region: RegionId(Uuid::from_u128(5)),
        position: Vector3::new(1.0, 2.0, 3.0),
    }
}

pub(super) fn group(founder: AgentId, members: &[AgentId], mute: &[AgentId]) -> Group {
    let (owners, chatters) = (RoleId::random(), RoleId::random());
    let role = |id, powers| Role {
        id,
        name: "Role".to_owned(),
        title: String::new(),
        description: String::new(),
        powers,
    };
    let member = |agent, roles: &[RoleId]| Member {
        agent,
        selected_role: RoleId::NIL,
        roles: roles.to_vec(),
        accept_notices: true,
        list_in_profile: true,
        contribution: 0,
        joined_at: 0,
    };
    let others = members.iter().map(|&agent| member(agent, &[chatters]));
    let silent = mute.iter().map(|&agent| member(agent, &[]));
    Group {
        info: GroupInfo {
            id: WEAVERS,
            name: "Weavers".to_owned(),
            charter: String::new(),
            show_in_list: true,
            insignia: Uuid::nil(),
            membership_fee: 0,
            open_enrollment: true,
            allow_publish: false,
            mature_publish: false,
            founder,
            owner_role: owners,
            created_at: 0,
        },
        roles: vec![
            role(RoleId::NIL, Powers::empty()),
            role(owners, Powers::OWNERS),
            role(chatters, Powers::JOIN_CHAT),
        ],
        members: std::iter::once(member(founder, &[owners])).chain(others).chain(silent).collect(),
    }
}

pub(super) const SESSION: ChatSessionId = ChatSessionId(WEAVERS.0);
