//! Mutes, offline messages, profiles and notes.

use bytes::Bytes;
use uuid::Uuid;

use super::{NOBODY, account, agent, create, people};
use crate::ids::RegionId;
use crate::message::Vector3;
use crate::services::im::InstantMessage;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind};
use crate::services::offline::StoredMessage;
use crate::services::ports::StoreError;
use crate::services::profiles::Profile;
use crate::services::store::Store;

suite! {
    mute_list_grows_at_its_end,
    mute_with_the_same_id_and_name_is_replaced_in_its_place,
    removed_mute_is_that_of_the_owner_id_and_name,
    message_comes_back_as_it_was_kept,
    messages_wait_the_oldest_first_and_are_counted,
    taken_key_of_a_message_changes_nothing,
    removed_messages_are_those_of_their_recipient,
    old_messages_are_forgotten,
    profile_is_replaced_as_a_whole,
    note_is_known_to_its_author_only,
    mail_for_unknown_accounts_is_refused,
    removed_account_takes_its_list_messages_profile_and_notes,
}

fn mute(number: u128, name: &str, kind: MuteKind) -> Mute {
    let exceptions = MuteExceptions::TEXT | MuteExceptions::from_bits_retain(1 << 30);
    Mute { id: Uuid::from_u128(number), name: name.to_owned(), kind, exceptions }
}

fn message(key: u128, to: u128, at: u64) -> StoredMessage {
    let mut message = InstantMessage::system(agent(to), at, format!("text {key}"));
    message.from = Uuid::from_u128(7);
    StoredMessage { key: Uuid::from_u128(key), message }
}

fn keys(store: &mut dyn Store, to: u128) -> Vec<u128> {
    let messages = store.messages(agent(to)).unwrap();
    messages.iter().map(|message| message.key.as_u128()).collect()
}

fn profile() -> Profile {
    Profile {
        about: "Ünïcode\nand 'quotes'".to_owned(),
        first_life: "first".to_owned(),
        image: Uuid::from_u128(1),
        first_life_image: Uuid::from_u128(u128::MAX),
        url: "http://example.com/".to_owned(),
        allow_publish: true,
        mature_publish: false,
        want_to_mask: u32::MAX,
        want_to_text: "build".to_owned(),
        skills_mask: 0x8000_0001,
        skills_text: "skills".to_owned(),
        languages: "Deutsch".to_owned(),
    }
}

fn mute_list_grows_at_its_end(store: &mut dyn Store) {
    people(store, 2);
    let list = [
        mute(0, "Loud Object", MuteKind::ByName),
        mute(9, "User N9", MuteKind::Agent),
        mute(0, "", MuteKind::ByName),
        mute(2, "Group", MuteKind::Group),
        mute(1, "Prim", MuteKind::Object),
    ];
    for mute in &list {
        store.put_mute(agent(1), mute).unwrap();
    }
    assert_eq!(store.mutes(agent(1)).unwrap(), list);
    assert_eq!(store.mutes(agent(2)).unwrap(), []);
    assert_eq!(store.mutes(NOBODY).unwrap(), []);
}

fn mute_with_the_same_id_and_name_is_replaced_in_its_place(store: &mut dyn Store) {
    people(store, 2);
    let first = mute(1, "Name", MuteKind::Agent);
    let second = mute(1, "name", MuteKind::Agent);
    let changed = Mute { exceptions: MuteExceptions::empty(), ..mute(1, "Name", MuteKind::Object) };
    store.put_mute(agent(1), &first).unwrap();
    store.put_mute(agent(2), &first).unwrap();
    store.put_mute(agent(1), &second).unwrap();
    store.put_mute(agent(1), &changed).unwrap();
    assert_eq!(store.mutes(agent(1)).unwrap(), [changed, second]);
    assert_eq!(store.mutes(agent(2)).unwrap(), [first]);
}

fn removed_mute_is_that_of_the_owner_id_and_name(store: &mut dyn Store) {
    people(store, 2);
    let (one, two) = (mute(1, "Name", MuteKind::Agent), mute(2, "Name", MuteKind::Agent));
    for owner in [agent(1), agent(2)] {
        store.put_mute(owner, &one).unwrap();
        store.put_mute(owner, &two).unwrap();
    }
    assert!(!store.remove_mute(agent(1), one.id, "name").unwrap());
    assert!(!store.remove_mute(NOBODY, one.id, "Name").unwrap());
    assert!(store.remove_mute(agent(1), one.id, "Name").unwrap());
    assert!(!store.remove_mute(agent(1), one.id, "Name").unwrap());
    assert_eq!(store.mutes(agent(2)).unwrap(), [one, two.clone()]);
    assert_eq!(store.mutes(agent(1)).unwrap(), [two]);
}

fn message_comes_back_as_it_was_kept(store: &mut dyn Store) {
    people(store, 1);
    let kept = StoredMessage {
        key: Uuid::from_u128(u128::MAX),
        message: InstantMessage {
            to: agent(1),
            from: Uuid::from_u128(2),
            from_name: "Ünï Cöde".to_owned(),
            from_group: true,
            dialog: 255,
            id: Uuid::from_u128(3),
            region: RegionId(Uuid::from_u128(4)),
            position: Vector3::new(0.1, 255.999_99, -3.5),
            at: u64::from(u32::MAX) + 1,
            text: "line\nline ✓".to_owned(),
            bucket: Bytes::from_static(&[0, 255, 0x80, 0]),
        },
    };
    store.add_message(&kept).unwrap();
    let plain = message(1, 1, 0);
    store.add_message(&plain).unwrap();
    assert_eq!(store.messages(agent(1)).unwrap(), [kept, plain]);
    assert_eq!(store.messages(NOBODY).unwrap(), []);
}

fn messages_wait_the_oldest_first_and_are_counted(store: &mut dyn Store) {
    people(store, 2);
    for (key, to, at) in [(5, 1, 10), (4, 2, 11), (3, 1, 12), (9, 1, 12)] {
        store.add_message(&message(key, to, at)).unwrap();
    }
    assert_eq!(keys(store, 1), [5, 3, 9]);
    assert_eq!(keys(store, 2), [4]);
    assert_eq!(store.count_messages(agent(1)).unwrap(), 3);
    assert_eq!(store.count_messages(NOBODY).unwrap(), 0);
    let sender = Uuid::from_u128(7);
    assert_eq!(store.count_messages_from(agent(1), sender).unwrap(), 3);
    assert_eq!(store.count_messages_from(agent(2), sender).unwrap(), 1);
    assert_eq!(store.count_messages_from(agent(1), Uuid::nil()).unwrap(), 0);
    assert_eq!(store.count_messages_from(NOBODY, sender).unwrap(), 0);
}

fn taken_key_of_a_message_changes_nothing(store: &mut dyn Store) {
    people(store, 2);
    store.add_message(&message(1, 1, 10)).unwrap();
    let taken = store.add_message(&message(1, 2, 11));
    assert!(matches!(taken, Err(StoreError::IdTaken(_))), "{taken:?}");
    assert_eq!(keys(store, 1), [1]);
    assert_eq!(keys(store, 2), []);
}

fn removed_messages_are_those_of_their_recipient(store: &mut dyn Store) {
    people(store, 2);
    for (key, to) in [(1, 1), (2, 1), (3, 2), (4, 1)] {
        store.add_message(&message(key, to, 10)).unwrap();
    }
    let keyed = |keys: &[u128]| keys.iter().map(|key| Uuid::from_u128(*key)).collect::<Vec<_>>();
    store.remove_messages(agent(1), &keyed(&[4, 3, 1, 99])).unwrap();
    store.remove_messages(agent(2), &[]).unwrap();
    assert_eq!(keys(store, 1), [2]);
    assert_eq!(keys(store, 2), [3]);
    // A key is free again when its message is gone.
    store.add_message(&message(1, 2, 11)).unwrap();
    assert_eq!(keys(store, 2), [3, 1]);
}

fn old_messages_are_forgotten(store: &mut dyn Store) {
    people(store, 2);
    for (key, to, at) in [(1, 1, 99), (2, 1, 100), (3, 2, 98), (4, 2, 101)] {
        store.add_message(&message(key, to, at)).unwrap();
    }
    assert_eq!(store.forget_messages(100).unwrap(), 2);
    assert_eq!(store.forget_messages(100).unwrap(), 0);
    assert_eq!((keys(store, 1), keys(store, 2)), (vec![2], vec![4]));
    store.add_message(&message(3, 2, 102)).unwrap();
}

fn profile_is_replaced_as_a_whole(store: &mut dyn Store) {
    people(store, 2);
    assert_eq!(store.profile(agent(1)).unwrap(), None);
    store.set_profile(agent(1), &profile()).unwrap();
    assert_eq!(store.profile(agent(1)).unwrap(), Some(profile()));
    let bare = Profile { about: "new".to_owned(), ..Profile::default() };
    store.set_profile(agent(1), &bare).unwrap();
    assert_eq!(store.profile(agent(1)).unwrap(), Some(bare));
    assert_eq!(store.profile(agent(2)).unwrap(), None);
}

fn note_is_known_to_its_author_only(store: &mut dyn Store) {
    people(store, 2);
    store.set_note(agent(1), agent(2), "nice").unwrap();
    store.set_note(agent(1), NOBODY, "who?").unwrap();
    store.set_note(agent(2), agent(2), "me").unwrap();
    assert_eq!(store.note(agent(1), agent(2)).unwrap(), "nice");
    assert_eq!(store.note(agent(1), NOBODY).unwrap(), "who?");
    assert_eq!(store.note(agent(2), agent(1)).unwrap(), "");
    store.set_note(agent(1), agent(2), "less nice").unwrap();
    assert_eq!(store.note(agent(1), agent(2)).unwrap(), "less nice");
    store.set_note(agent(1), agent(2), "").unwrap();
    assert_eq!(store.note(agent(1), agent(2)).unwrap(), "");
    assert_eq!(store.note(agent(2), agent(2)).unwrap(), "me");
}

fn mail_for_unknown_accounts_is_refused(store: &mut dyn Store) {
    people(store, 1);
    for refused in [
        store.put_mute(NOBODY, &mute(1, "Name", MuteKind::Agent)),
        store.add_message(&message(1, 99, 1)),
        store.set_profile(NOBODY, &profile()),
        store.set_note(NOBODY, agent(1), "note"),
        store.set_note(NOBODY, agent(1), ""),
    ] {
        assert!(matches!(refused, Err(StoreError::NotFound(NOBODY))), "{refused:?}");
    }
    // The key of the refused message is free.
    store.add_message(&message(1, 1, 1)).unwrap();
}

fn removed_account_takes_its_list_messages_profile_and_notes(store: &mut dyn Store) {
    people(store, 2);
    for number in [1, 2] {
        store.put_mute(agent(number), &mute(3, "Name", MuteKind::Agent)).unwrap();
        store.add_message(&message(number, number, 1)).unwrap();
        store.set_profile(agent(number), &profile()).unwrap();
        store.set_note(agent(number), agent(3 - number), "note").unwrap();
    }
    store.remove_account(agent(1)).unwrap();
    assert_eq!(store.mutes(agent(2)).unwrap().len(), 1);
    assert_eq!(keys(store, 2), [2]);
    assert_eq!(store.profile(agent(2)).unwrap(), Some(profile()));
    assert_eq!(store.note(agent(2), agent(1)).unwrap(), "note");
    create(store, &account(1, "Come Back")).unwrap();
    assert_eq!(store.mutes(agent(1)).unwrap(), []);
    assert_eq!(keys(store, 1), []);
    assert_eq!(store.profile(agent(1)).unwrap(), None);
    assert_eq!(store.note(agent(1), agent(2)).unwrap(), "");
    store.add_message(&message(1, 2, 1)).unwrap();
}
