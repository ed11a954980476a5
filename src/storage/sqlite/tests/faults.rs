//! Every job that changes several rows, made to fail at each of them in turn: either all or nothing
//! is stored.

use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::{DATABASE, SqliteStore, dump};
use crate::cluster::LocalBus;
use crate::ids::{AgentId, FolderId, GroupId, ItemId, RegionId, RoleId};
use crate::services::accounts::{
    AccountName, AccountStore as _, Accounts, AccountsConfig, HashCost, NewPassword,
};
use crate::services::assets::Assets;
use crate::services::friends::{self, FriendOffer, Rights, Sender};
use crate::services::groups::{
    Assignment, Draft, GroupOptions, Groups, Invitee, NewGroup, RoleEdit,
};
use crate::services::im::InstantMessage;
use crate::services::inventory::{
    CopySource, Edit, FolderChange, FolderType, WearableType, default_wearable_item,
    standard_folder,
};
use crate::services::offline::{Kept, StoredMessage};
use crate::services::ports::{Engine as _, StoreError, StoreGone};
use crate::services::store::{Store, StoreHandle};
use crate::services::{ServiceSettings, Services};
use crate::storage::conformance::{account, create};
use crate::time::ManualClock;

/// Services over a database whose triggers count each changed row and refuse a chosen one.
struct Rig {
    store: StoreHandle,
    accounts: Accounts,
    groups: Groups,
    /// Another connection, for what the services must not see.
    side: Connection,
    _directory: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let side = Connection::open(directory.path().join(DATABASE)).unwrap();
        let tables = {
            let text = "SELECT name FROM sqlite_schema WHERE type = 'table'";
            let mut statement = side.prepare(text).unwrap();
            let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            names.collect::<Result<Vec<_>, _>>().unwrap()
        };
        side.execute_batch("CREATE TABLE fault (seen INTEGER, at INTEGER)").unwrap();
        side.execute_batch("INSERT INTO fault VALUES (0, 0)").unwrap();
        for table in tables {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                let trigger = format!(
                    "CREATE TRIGGER fault_{table}_{change} BEFORE {change} ON {table} BEGIN \
                     UPDATE fault SET seen = seen + 1; \
                     SELECT RAISE(ABORT, 'on purpose') FROM fault WHERE seen = at; END"
                );
                side.execute_batch(&trigger).unwrap();
            }
        }
        let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
        let clock = Arc::new(ManualClock::default());
        let config = AccountsConfig { hash_cost: HashCost::EPHEMERAL, ..AccountsConfig::default() };
        let accounts = Accounts::new(store.clone(), clock.clone(), config);
        let groups = Groups::new(store.clone(), Arc::new(LocalBus::default()), clock);
        Self { store, accounts, groups, side, _directory: directory }
    }

    async fn account(&self, name: &str) -> AgentId {
        let name = AccountName::parse(name).unwrap();
        let password = NewPassword::parse("test").unwrap();
        self.accounts.create(name, password, None).await.unwrap().id
    }

    async fn group(&self, founder: AgentId, name: &str) -> GroupId {
        let options = GroupOptions { open_enrollment: true, ..GroupOptions::default() };
        let new = NewGroup { name: name.to_owned(), options };
        self.groups.create(founder, new).await.unwrap().info.id
    }

    fn services(&self) -> Services {
        Services::new(
            &self.store,
            Arc::new(LocalBus::default()),
            Arc::new(ManualClock::default()),
            self.accounts.clone(),
            Assets::built_in(RegionId::NIL),
            ServiceSettings::default(),
        )
    }

    fn rows(&self) -> Vec<String> {
        dump(&self.side).into_iter().filter(|row| !row.starts_with("fault:")).collect()
    }

    /// Runs a job again and again, each time broken one changed row later, until it succeeds. It
    /// must change more than one row, or there is nothing to prove.
    async fn all_or_nothing<T: std::fmt::Debug, E: std::fmt::Debug>(
        &self,
        what: &str,
        job: impl AsyncFn() -> Result<T, E>,
    ) {
        for at in 1..200 {
            let set = "UPDATE fault SET seen = 0, at = ?1";
            self.side.execute(set, [at]).unwrap();
            let before = self.rows();
            let result = job().await;
            if result.is_ok() {
                assert!(at > 2, "{what} changes {} rows", at - 1);
                self.side.execute(set, [0]).unwrap();
                return;
            }
            assert_eq!(self.rows(), before, "{what}, broken at row {at}: {result:?}");
        }
        panic!("{what} never succeeds");
    }
}

#[tokio::test]
async fn broken_account_changes_leave_nothing_behind() {
    let rig = Rig::new();
    let ann = AccountName::parse("Ann Test").unwrap();
    let password = NewPassword::parse("test").unwrap();
    let id = AgentId(Uuid::from_u128(1));
    rig.all_or_nothing("an account with its inventory", async || {
        rig.accounts.create(ann.clone(), password, Some(id)).await
    })
    .await;
    rig.group(id, "Gardeners").await;
    rig.all_or_nothing("the removal of an account", async || rig.accounts.remove(id).await).await;
}

#[tokio::test]
async fn broken_group_changes_leave_nothing_behind() {
    let rig = Rig::new();
    let [ann, ben, cat] =
        [rig.account("Ann A").await, rig.account("Ben B").await, rig.account("Cat C").await];
    let groups = &rig.groups;
    rig.all_or_nothing("a new group", async || {
        let options = GroupOptions { open_enrollment: true, ..GroupOptions::default() };
        groups.create(ann, NewGroup { name: "Gardeners".to_owned(), options }).await
    })
    .await;
    let id = rig.group(ann, "Weavers").await;
    let group = groups.group(id).await.unwrap().unwrap();
    let role = group.roles.iter().map(|role| role.id).find(|role| *role != RoleId::NIL).unwrap();
    let invitee = |agent| Invitee { agent, role: RoleId::NIL };
    rig.all_or_nothing("two invitations", async || {
        let both = vec![invitee(ben), invitee(cat)];
        groups.invite(ann, "Ann A".to_owned(), id, both).await
    })
    .await;
    rig.all_or_nothing("an accepted invitation", async || {
        groups.accept_invite(ben, id, None).await
    })
    .await;
    rig.all_or_nothing("joining while invited", async || groups.join(cat, id).await).await;
    rig.all_or_nothing("assignments of two members", async || {
        let add = |member| Assignment { role, member, add: true };
        groups.assign(ann, id, vec![add(ben), add(cat)]).await
    })
    .await;
    let mut renamed = group.roles.clone();
    for role in &mut renamed {
        role.title.push('!');
    }
    rig.all_or_nothing("edits of several roles", async || {
        let edit = |role| RoleEdit::Change { role, texts: true, powers: false };
        groups.edit_roles(ann, id, renamed.iter().cloned().map(edit).collect()).await
    })
    .await;
    for text in ["one", "two"] {
        let draft = Draft::parse(&format!("{text}|body"), &[0]).unwrap();
        groups.post_notice(ann, "Ann A".to_owned(), id, draft).await.unwrap();
    }
    rig.all_or_nothing("forgetting old notices", async || {
        flat(rig.store.call(|store| store.forget_group_mail(u64::MAX >> 1)).await)
    })
    .await;
    rig.all_or_nothing("leaving", async || groups.leave(cat, id).await).await;
    groups.join(cat, id).await.unwrap();
    rig.all_or_nothing("ejecting two", async || groups.eject(ann, id, vec![cat]).await).await;
}

#[tokio::test]
async fn broken_friendships_and_mail_leave_nothing_behind() {
    let rig = Rig::new();
    let (ann, ben) = (rig.account("Ann A").await, rig.account("Ben B").await);
    let offer =
        FriendOffer { from: ann, to: ben, transaction: ann.0, message: String::new(), at: 1 };
    flat(rig.store.call(move |store| store.put_friend_offer(&offer)).await).unwrap();
    let services = rig.services();
    let answering = Sender { agent: ben, name: "Ben B".to_owned(), ..Sender::default() };
    rig.all_or_nothing("an accepted friendship", async || {
        friends::accept(&services, &answering, ann).await
    })
    .await;
    rig.all_or_nothing("the end of a friendship", async || {
        flat(rig.store.call(move |store| store.remove_friendship(ann, ben)).await)
    })
    .await;
    let keys = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for key in keys {
        let message = StoredMessage { key, message: InstantMessage::system(ben, 5, "text") };
        flat(rig.store.call(move |store| store.add_message(&message)).await).unwrap();
    }
    rig.all_or_nothing("mail that came back", async || {
        let both = [3, 4].map(|number| StoredMessage {
            key: Uuid::from_u128(number),
            message: InstantMessage::system(ben, 5, "text"),
        });
        let kept = services.offline.keep_all(both.to_vec()).await;
        if kept == [Kept::Saved, Kept::Saved] { Ok(()) } else { Err(kept) }
    })
    .await;
    rig.all_or_nothing("delivered mail", async || {
        flat(rig.store.call(move |store| store.remove_messages(ben, &keys)).await)
    })
    .await;
}

#[tokio::test]
async fn broken_inventory_changes_leave_nothing_behind() {
    let rig = Rig::new();
    let ann = rig.account("Ann A").await;
    let inventory = rig.services().inventory;
    let root = standard_folder(ann, FolderType::Root);
    let outfit = standard_folder(ann, FolderType::CurrentOutfit);
    let shirt = default_wearable_item(ann, WearableType::Shirt);
    let [outer, inner] = [FolderId(Uuid::from_u128(1)), FolderId(Uuid::from_u128(2))];
    let folder = |id, parent| Edit::CreateFolder {
        id,
        parent,
        kind: FolderType::None,
        name: "Box".to_owned(),
    };
    let copy = |number, folder| Edit::CopyItem {
        source: CopySource::Own(shirt),
        id: ItemId(Uuid::from_u128(number)),
        folder,
        name: None,
    };
    let to_root = FolderChange { parent: Some(root), ..FolderChange::default() };
    for (what, edits) in [
        ("folders with copies", vec![folder(outer, root), folder(inner, outer), copy(3, inner)]),
        ("a folder that moves", vec![Edit::ChangeFolder(inner, to_root)]),
        ("an emptied outfit", vec![Edit::ReplaceLinks(outfit, Vec::new())]),
        ("an emptied folder", vec![copy(4, outer), Edit::Purge(outer)]),
        ("two deletions", vec![Edit::RemoveFolder(inner), Edit::RemoveFolder(outer)]),
    ] {
        rig.all_or_nothing(what, async || inventory.apply(ann, edits.clone(), 5).await).await;
    }
}

#[tokio::test]
async fn a_panic_undoes_the_first_half_of_its_job() {
    let rig = Rig::new();
    let (ann, ben) = (rig.account("Ann A").await, rig.account("Ben B").await);
    let before = rig.rows();
    let job = rig.store.call(move |store| -> Result<(), StoreError> {
        store.add_friendship(ann, ben, Rights::ONLINE)?;
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    assert!(job.await.is_err());
    assert_eq!(rig.rows(), before);
    let friends = flat(rig.store.call(move |store| store.friends(ann)).await).unwrap();
    assert_eq!(friends, [], "and the store goes on");
}

#[tokio::test]
async fn reads_do_not_hide_that_writes_fail() {
    let rig = Rig::new();
    let ann = rig.account("Ann A").await;
    rig.side.execute("UPDATE fault SET seen = 0, at = 1", []).unwrap();
    let note = move |store: &mut (dyn Store + 'static)| store.set_last_login(ann, 5);
    flat(rig.store.call(note).await).unwrap_err();
    assert!(rig.store.is_failing(), "one refused job is enough");
    flat(rig.store.call(move |store| store.account(ann)).await).unwrap();
    assert!(rig.store.is_failing(), "reading proves nothing");
    rig.side.execute("UPDATE fault SET seen = 0, at = 0", []).unwrap();
    flat(rig.store.call(note).await).unwrap();
    assert!(!rig.store.is_failing());
}

#[tokio::test]
async fn a_refusal_by_a_rule_is_no_failing_write() {
    let rig = Rig::new();
    let ann = rig.account("Ann A").await;
    let password = NewPassword::parse("test").unwrap();
    let twice = AccountName::parse("Ann A").unwrap();
    rig.accounts.create(twice, password, None).await.unwrap_err();
    rig.group(ann, "Gardeners").await;
    let options = GroupOptions::default();
    let twice = NewGroup { name: "Gardeners".to_owned(), options };
    rig.groups.create(ann, twice).await.unwrap_err();
    assert!(!rig.store.is_failing());
}

#[tokio::test]
async fn a_service_error_tells_of_the_database_behind_it() {
    let rig = Rig::new();
    let (ann, ben) = (rig.account("Ann A").await, rig.account("Ben B").await);
    let id = rig.group(ann, "Gardeners").await;
    rig.side.execute("UPDATE fault SET seen = 0, at = 1", []).unwrap();
    rig.groups.join(ben, id).await.unwrap_err();
    assert!(rig.store.is_failing());
}

#[tokio::test]
async fn a_store_that_can_write_again_finds_out_by_itself() {
    let rig = Rig::new();
    let ann = rig.account("Ann A").await;
    rig.side.execute("UPDATE fault SET seen = 0, at = 1", []).unwrap();
    let note = move |store: &mut (dyn Store + 'static)| store.set_last_login(ann, 5);
    flat(rig.store.call(note).await).unwrap_err();
    let before = rig.rows();
    rig.store.retry_if_failing();
    rig.store.flush().await.unwrap().unwrap();
    assert!(!rig.store.is_failing());
    assert_eq!(rig.rows(), before, "trying changes nothing");
}

#[test]
fn only_a_kept_write_counts_as_written() {
    let mut store = SqliteStore::in_memory().unwrap();
    let mut batch = |is_kept: bool, job: fn(&mut SqliteStore)| {
        store.begin().unwrap();
        store.begin_job().unwrap();
        job(&mut store);
        store.end_job(is_kept).unwrap();
        store.commit().unwrap()
    };
    assert!(!batch(false, |store| store.try_writing().unwrap()));
    assert!(!batch(true, |store| assert_eq!(store.count_accounts().unwrap(), 0)));
    assert!(batch(true, |store| store.try_writing().unwrap()));
    assert!(!batch(false, |store| create(store, &account(1, "Ann A")).unwrap()));
    assert!(batch(true, |store| create(store, &account(1, "Ann A")).unwrap()));
}

#[tokio::test]
async fn a_retry_on_a_database_that_cannot_write_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    create(&mut store, &account(1, "Ann A")).unwrap();
    store.connection.pragma_update(None, "query_only", true).unwrap();
    let store = StoreHandle::spawn_rehearsing(Box::new(store)).unwrap();
    let id = AgentId(Uuid::from_u128(1));
    flat(store.call(move |store| store.set_last_login(id, 5)).await).unwrap_err();
    store.retry_if_failing();
    store.flush().await.unwrap().ok();
    assert!(store.is_failing());
}

#[tokio::test]
async fn jobs_wait_while_another_process_writes() {
    let rig = Rig::new();
    let ann = rig.account("Ann A").await;
    rig.side.execute_batch("BEGIN IMMEDIATE; UPDATE fault SET seen = 0").unwrap();
    let mut calls: tokio::task::JoinSet<_> = (0..20)
        .map(|at| {
            let store = rig.store.clone();
            async move {
                let write = move |store: &mut (dyn Store + 'static)| {
                    // Reads first, which a lock taken late could not survive.
                    store.account(ann)?;
                    store.set_last_login(ann, at)
                };
                flat(store.call(write).await)
            }
        })
        .collect();
    // As long as the other writes, no call ends, neither well nor badly.
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), calls.join_next());
    assert!(early.await.is_err());
    rig.side.execute_batch("COMMIT").unwrap();
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
}

/// Neither the thread nor the store refused.
fn flat<T>(result: Result<Result<T, StoreError>, StoreGone>) -> Result<T, String> {
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(gone) => Err(gone.to_string()),
    }
}
