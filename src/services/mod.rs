//! Grid services: the rules of accounts, inventory, assets, login and so on, independent of any
//! wire format.
//!
//! Services access storage through [`store::StoreHandle`], and agents through their outbox. They
//! know no sockets, no HTTP and no database; `http` and `session` call them.

pub mod accounts;
pub mod assets;
pub mod chats;
pub mod friends;
pub mod groups;
pub mod im;
pub mod inventory;
pub mod login;
pub mod lures;
pub mod mutes;
pub mod offline;
pub mod ports;
pub mod profiles;
pub mod store;

use std::sync::Arc;

use accounts::Accounts;
use assets::Assets;
use chats::ChatSessions;
use friends::Friends;
use groups::Groups;
use inventory::Inventory;
use lures::Lures;
use mutes::Mutes;
use offline::{OfflineMessages, OfflineSettings};
use ports::Bus;
use profiles::Profiles;
use store::StoreHandle;

use crate::time::Clock;

/// All services of a grid; a cheap clone.
#[derive(Clone)]
pub struct Services {
    /// Who has an account.
    pub accounts: Accounts,
    /// Folders and items.
    pub inventory: Inventory,
    /// Textures and the like.
    pub assets: Assets,
    /// Who else must hear.
    pub bus: Arc<dyn Bus>,
    /// Groups.
    pub groups: Groups,
    /// Group chats and conferences.
    pub chats: ChatSessions,
    /// Friendships.
    pub friends: Friends,
    /// Mute lists.
    pub mutes: Mutes,
    /// Teleport offers.
    pub lures: Lures,
    /// Messages for who is not here.
    pub offline: OfflineMessages,
    /// What people say about themselves.
    pub profiles: Profiles,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// How services behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceSettings {
    /// Messages for agents who are not online.
    pub offline: OfflineSettings,
    /// Copies of texts that one speaker may cause per second in chat sessions while the grid is
    /// behind with its deliveries, four times that at once.
    pub session_copies_per_second: u32,
}

impl Default for ServiceSettings {
    /// Enough for five texts per second to 400 members.
    fn default() -> Self {
        Self { offline: OfflineSettings::default(), session_copies_per_second: 2000 }
    }
}

impl Services {
    /// The services over one store and one bus.
    pub fn new(
        store: &StoreHandle,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        accounts: Accounts,
        assets: Assets,
        settings: ServiceSettings,
    ) -> Self {
        let ServiceSettings { offline, session_copies_per_second: copies } = settings;
        let mutes = Mutes::new(store.clone());
        let offline =
            OfflineMessages::new(store.clone(), bus.clone(), mutes.clone(), clock.clone(), offline);
        let groups = Groups::new(store.clone(), bus.clone(), clock.clone());
        Self {
            accounts,
            inventory: Inventory::new(store.clone()),
            assets,
            chats: ChatSessions::new(
                bus.clone(),
                groups.clone(),
                mutes.clone(),
                clock.clone(),
                copies,
            ),
            groups,
            friends: Friends::new(
                store.clone(),
                bus.clone(),
                clock.clone(),
                offline.returns().clone(),
            ),
            offline,
            mutes,
            lures: Lures::new(clock.clone()),
            profiles: Profiles::new(store.clone()),
            bus,
            clock,
        }
    }
}
