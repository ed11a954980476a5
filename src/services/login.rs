//! From a verified password to the answer: where the agent arrives, and the data of its account.
//!
//! It knows no wire format and opens no session; `http` reads the request and writes the answer.

use std::sync::Arc;

use crate::ids::AgentId;
use crate::message::Vector3;
use crate::region::RegionInfo;
use crate::region::terrain::REGION_SIZE;
use crate::services::accounts::{Account, Location};
use crate::services::friends::{Friend, ReceivedOffer};
use crate::services::inventory::{Folder, FolderType};
use crate::services::mutes::Mute;
use crate::services::ports::{StoreError, StoreGone};
use crate::services::store::{Store, StoreHandle};

/// Where an agent wants to arrive.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Start {
    /// Where it was last.
    #[default]
    Last,
    /// At home.
    Home,
    /// In a region by name.
    Named {
        /// The name; upper and lower case are the same.
        region: String,
        /// Metres from the region's south-west corner.
        position: Vector3,
    },
    /// Wherever there is room.
    Safe,
}

/// What a [`Start`] came to: `start_location` of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// Where the agent was last.
    Last,
    /// At home.
    Home,
    /// In the region that was named.
    Url,
    /// Somewhere else, because the wish could not be met.
    Safe,
}

impl Started {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Home => "home",
            Self::Url => "url",
            Self::Safe => "safe",
        }
    }
}

/// Where an agent arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// The region.
    pub region: Arc<RegionInfo>,
    /// Metres from its south-west corner, inside it.
    pub position: Vector3,
    /// The direction looked in, of length 1.
    pub look_at: Vector3,
    /// Which wish it fulfils.
    pub started: Started,
}

/// What an account brings to its new session.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The account, its last login being the one before this.
    pub account: Account,
    /// Where the agent arrives.
    pub destination: Destination,
    /// Where it is at home, if it has one on this grid.
    pub home: Option<Destination>,
    /// The inventory skeleton: the root first, parents before children.
    pub folders: Vec<Folder>,
    /// Its friends.
    pub relations: Relations,
}

/// An account's relations to others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relations {
    /// Friends.
    pub friends: Vec<Friend>,
    /// Offers of friendship that wait for an answer.
    pub offers: Vec<ReceivedOffer>,
    /// The mute list.
    pub mutes: Vec<Mute>,
}

impl Grant {
    /// Whether the account never logged in before (`ever_logged_in` is `N`).
    pub fn is_first_login(&self) -> bool {
        self.account.last_login.is_none()
    }

    /// The version of the Current Outfit folder (`cof_version`).
    pub fn outfit_version(&self) -> Option<i32> {
        let mut folders = self.folders.iter();
        folders.find(|folder| folder.kind == FolderType::CurrentOutfit).map(|one| one.version)
    }
}

/// Notes the login of a verified account at `unix_now` (seconds since 1970) and gathers what it
/// brings. The first of `regions` is the default one.
pub async fn grant(
    store: &StoreHandle,
    agent: AgentId,
    start: &Start,
    regions: &[Arc<RegionInfo>],
    unix_now: u64,
) -> Result<Grant, GrantError> {
    let gathered = store.call(move |store| gather(store, agent, unix_now)).await??;
    let (account, folders, relations) = gathered;
    let destination = resolve(start, &account, regions).ok_or(GrantError::NoRegion)?;
    let home = account.home.and_then(|at| arrive(regions, &at, Started::Home));
    Ok(Grant { account, destination, home, folders, relations })
}

/// Where `start` leads; none only if there are no regions. A wish that cannot be met (the region
/// is unknown, or the account has no such place) leads to the default region as
/// [`Started::Safe`].
pub fn resolve(
    start: &Start,
    account: &Account,
    regions: &[Arc<RegionInfo>],
) -> Option<Destination> {
    let wished = match start {
        Start::Last => account.last.and_then(|at| arrive(regions, &at, Started::Last)),
        Start::Home => account.home.and_then(|at| arrive(regions, &at, Started::Home)),
        Start::Named { region, position } => {
            let wanted = region.trim().to_lowercase();
            let named = regions.iter().find(|region| region.name.to_lowercase() == wanted);
            named.map(|region| at(region, *position, EAST, Started::Url))
        }
        Start::Safe => None,
    };
    wished.or_else(|| {
        let region = regions.first()?;
        Some(at(region, region.spawn, EAST, Started::Safe))
    })
}

/// Why a login that was right leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The grid has no region.
    #[error("no region is running")]
    NoRegion,
    /// The store said no; the account may just have been removed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
}

/// Everything in one storage call: a login must not wait for several.
fn gather(
    store: &mut dyn Store,
    agent: AgentId,
    unix_now: u64,
) -> Result<(Account, Vec<Folder>, Relations), StoreError> {
    let account = store.account(agent)?.ok_or(StoreError::NotFound(agent))?;
    let folders = store.folders(agent)?;
    let mut offers = Vec::new();
    for offer in store.friend_offers_to(agent)? {
        // Removing an account removes its offers, so there is one.
        if let Some(from) = store.account(offer.from)? {
            offers.push(ReceivedOffer { offer, from_name: from.name.to_string() });
        }
    }
    let relations =
        Relations { friends: store.friends(agent)?, offers, mutes: store.mutes(agent)? };
    store.set_last_login(agent, unix_now)?;
    Ok((account, folders, relations))
}

fn arrive(
    regions: &[Arc<RegionInfo>],
    location: &Location,
    started: Started,
) -> Option<Destination> {
    let region = regions.iter().find(|region| region.id == location.region)?;
    Some(at(region, location.position, location.look_at, started))
}

fn at(
    region: &Arc<RegionInfo>,
    position: Vector3,
    look_at: Vector3,
    started: Started,
) -> Destination {
    let spawn = region.spawn;
    let inside = |value: f32, instead: f32, highest: f32| {
        if value.is_finite() { value.clamp(0.0, highest) } else { instead }
    };
    Destination {
        region: Arc::clone(region),
        position: Vector3 {
            x: inside(position.x, spawn.x, REGION_SIZE - EDGE),
            y: inside(position.y, spawn.y, REGION_SIZE - EDGE),
            z: inside(position.z, spawn.z, CEILING),
        },
        look_at: direction(look_at),
        started,
    }
}

fn direction(vector: Vector3) -> Vector3 {
    let length = vector.x.hypot(vector.y).hypot(vector.z);
    if !length.is_finite() || length < 0.001 {
        return EAST;
    }
    Vector3 { x: vector.x / length, y: vector.y / length, z: vector.z / length }
}

/// Looked in when nothing else is known.
const EAST: Vector3 = Vector3 { x: 1.0, y: 0.0, z: 0.0 };

/// The far borders belong to the neighbours; arrivals stay clear of them, metres.
const EDGE: f32 = 0.5;

/// Highest arrival, metres; the viewers' own limit for flying.
const CEILING: f32 = 4096.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::ids::RegionId;
    use crate::services::accounts::{AccountName, StoredPassword};
    use crate::services::inventory::standard_inventory;
    use crate::storage::SqliteStore;

    fn regions() -> Vec<Arc<RegionInfo>> {
        let region = |number: u32, name| {
            let id = RegionId(Uuid::from_u128(number.into()));
            Arc::new(RegionInfo::new(id, name, 1000 + number, 1000))
        };
        vec![region(1, "Holm"), region(2, "Far & Away")]
    }

    fn location(region: u128, x: f32) -> Location {
        Location {
            region: RegionId(Uuid::from_u128(region)),
            position: Vector3::new(x, 20.0, 30.0),
            look_at: Vector3::new(0.0, 2.0, 0.0),
        }
    }

    fn account(last: Option<Location>, home: Option<Location>) -> Account {
        Account {
            id: AgentId(Uuid::from_u128(5)),
            name: AccountName::parse("Test User").unwrap(),
            password: StoredPassword { full: String::new(), short: None },
            created_at: 0,
            last_login: None,
            last,
            home,
        }
    }

    fn named(region: &str, x: f32, y: f32, z: f32) -> Start {
        Start::Named { region: region.to_owned(), position: Vector3::new(x, y, z) }
    }

    fn places(start: &Start, account: &Account) -> (String, Vector3, &'static str) {
        let found = resolve(start, account, &regions()).unwrap();
        (found.region.name.clone(), found.position, found.started.word())
    }

    #[test]
    fn each_wish_leads_to_its_place() {
        let account = account(Some(location(2, 10.0)), Some(location(1, 40.0)));
        let far = "Far & Away".to_owned();
        assert_eq!(
            places(&Start::Last, &account),
            (far.clone(), Vector3::new(10.0, 20.0, 30.0), "last")
        );
        assert_eq!(places(&Start::Home, &account).2, "home");
        let there = named("far & away", 1.0, 2.0, 3.0);
        assert_eq!(places(&there, &account), (far, Vector3::new(1.0, 2.0, 3.0), "url"));
        let safe = ("Holm".to_owned(), regions()[0].spawn, "safe");
        assert_eq!(places(&Start::Safe, &account), safe);
    }

    #[test]
    fn wishes_that_cannot_be_met_lead_to_the_default_region() {
        let nowhere = account(None, None);
        let gone = account(Some(location(9, 1.0)), Some(location(9, 1.0)));
        let safe = ("Holm".to_owned(), regions()[0].spawn, "safe");
        for account in [nowhere, gone] {
            for start in [Start::Last, Start::Home, named("Atlantis", 1.0, 1.0, 1.0)] {
                assert_eq!(places(&start, &account), safe);
            }
        }
        assert_eq!(resolve(&Start::Last, &account(None, None), &[]), None);
    }

    proptest! {
        #[test]
        fn arrivals_are_inside_and_look_somewhere(
            x in any::<f32>(), y in any::<f32>(), z in any::<f32>(), look in any::<[f32; 3]>(),
        ) {
            let regions = regions();
            let look = Vector3::new(look[0], look[1], look[2]);
            let found = at(&regions[0], Vector3::new(x, y, z), look, Started::Last);
            prop_assert!((0.0..REGION_SIZE).contains(&found.position.x));
            prop_assert!((0.0..REGION_SIZE).contains(&found.position.y));
            prop_assert!((0.0..=CEILING).contains(&found.position.z));
            let Vector3 { x, y, z } = found.look_at;
            prop_assert!((x.hypot(y).hypot(z) - 1.0).abs() < 0.001);
        }
    }

    #[tokio::test]
    async fn grant_notes_the_login_and_brings_the_inventory() {
        let store =
            StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
        let kept = account(None, Some(location(2, 1.0)));
        let id = kept.id;
        let (folders, items) = standard_inventory(id, 0);
        let expected = folders.clone();
        let created = store.call(move |store| store.create_account(&kept, &folders, &items));
        created.await.unwrap().unwrap();

        let first = grant(&store, id, &Start::Home, &regions(), 1_700_000_000).await.unwrap();
        assert!(first.is_first_login());
        assert_eq!(first.folders, expected);
        assert_eq!(first.outfit_version(), Some(1));
        assert_eq!(first.home.as_ref(), Some(&first.destination));
        let second = grant(&store, id, &Start::Last, &regions(), 1_700_000_060).await.unwrap();
        assert_eq!(second.account.last_login, Some(1_700_000_000));
        assert!(!second.is_first_login());

        let nobody = grant(&store, AgentId::NIL, &Start::Last, &regions(), 0).await;
        assert!(matches!(nobody, Err(GrantError::Store(StoreError::NotFound(_)))));
        assert!(matches!(grant(&store, id, &Start::Last, &[], 0).await, Err(GrantError::NoRegion)));
    }
}
