//! `kill -9` of a process that is writing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use uuid::Uuid;

use crate::services::accounts::AccountStore as _;
use crate::services::friends::{FriendStore as _, Rights};
use crate::services::groups::{Group, GroupStore as _};
use crate::services::im::InstantMessage;
use crate::services::inventory::InventoryStore as _;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind, MuteStore as _};
use crate::services::offline::{MessageStore as _, StoredMessage};
use crate::storage::SqliteStore;
use crate::storage::conformance::{account, agent, create, group, member};

fn group_name(number: u128) -> String {
    format!("Group N{number}")
}

fn founded(number: u128) -> Group {
    group(number, &group_name(number), &[member(number, &[11, 12])])
}

fn message(number: u128) -> StoredMessage {
    let message = InstantMessage::system(agent(number), 1_700_000_000, format!("text {number}"));
    StoredMessage { key: Uuid::from_u128(number), message }
}

fn mute(number: u128) -> Mute {
    Mute {
        id: Uuid::from_u128(number),
        name: "Muted".to_owned(),
        kind: MuteKind::Object,
        exceptions: MuteExceptions::VOICE,
    }
}

/// Kills a process that writes, at no chosen moment, and looks for all it had acknowledged.
#[test]
fn kill_nine_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::sqlite::tests::kill_nine::victim_of_kill_nine", "--nocapture"])
        .env(VICTIM, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged: u128 = 0;
    while acknowledged < 25 {
        let line = lines.next().expect("the victim ended by itself").unwrap();
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
        }
    }
    child.kill().unwrap();
    for line in lines.map_while(Result::ok) {
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
        }
    }
    child.wait().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    for number in 1..=acknowledged {
        let kept = store.account(agent(number)).unwrap().unwrap();
        assert_eq!(store.folders(kept.id).unwrap().len(), 20);
        let group = store.group_by_name(&group_name(number)).unwrap().unwrap();
        assert_eq!(store.group(group).unwrap(), Some(founded(number)));
        let friends = store.friends(agent(number)).unwrap();
        assert!(number == 1 || friends.iter().any(|friend| friend.agent == agent(number - 1)));
        assert_eq!(store.messages(agent(number)).unwrap(), [message(number)]);
        assert_eq!(store.mutes(agent(number)).unwrap(), [mute(number)]);
    }
    // At most the one in work is there beyond them, and then it is whole.
    let all = store.accounts(None, 100_000).unwrap();
    assert!(all.len() as u128 <= acknowledged + 1);
    for one in all {
        assert_eq!(store.folders(one.id).unwrap().len(), 20);
    }
}

/// Does nothing unless [`kill_nine_loses_nothing_acknowledged`] starts it.
#[test]
fn victim_of_kill_nine() {
    let Some(directory) = std::env::var_os(VICTIM) else { return };
    let mut store = SqliteStore::open(Path::new(&directory)).unwrap();
    // The test harness has begun a line of its own.
    println!();
    for number in 1..=10_000 {
        create(&mut store, &account(number, &format!("User N{number}"))).unwrap();
        store.create_group(&founded(number)).unwrap();
        if number > 1 {
            let made = store.add_friendship(agent(number), agent(number - 1), Rights::ONLINE);
            assert!(made.unwrap());
        }
        store.add_message(&message(number)).unwrap();
        store.put_mute(agent(number), &mute(number)).unwrap();
        println!("acknowledged {number}");
    }
}

const VICTIM: &str = "HOLM_TEST_KILL_NINE_DIRECTORY";
