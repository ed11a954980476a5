//! Group invitations and notices.

use uuid::Uuid;

use super::groups::{group, id};
use super::{NOBODY, agent, people};
use crate::ids::{ItemId, NoticeId, RoleId};
use crate::services::groups::{Invite, Notice, NoticeAttachment};
use crate::services::ports::StoreError;
use crate::services::store::Store;

suite! {
    invitations_come_the_oldest_first,
    newer_invitation_replaces_that_to_the_same_group,
    notices_come_the_newest_first,
    old_notices_and_invitations_are_forgotten,
}

pub(super) fn invite(number: u128, group: u128, invitee: u128, at: u64) -> Invite {
    Invite {
        id: Uuid::from_u128(number),
        group: id(group),
        invitee: agent(invitee),
        role: RoleId(Uuid::from_u128(11)),
        inviter: NOBODY,
        at,
    }
}

pub(super) fn notice(number: u128, group: u128, at: u64) -> Notice {
    Notice {
        id: NoticeId(Uuid::from_u128(number)),
        group: id(group),
        from: NOBODY,
        from_name: "Ünï Cöde".to_owned(),
        subject: format!("subject {number}"),
        body: "line\nline".to_owned(),
        attachment: None,
        at,
    }
}

fn invitations_come_the_oldest_first(store: &mut dyn Store) {
    people(store, 2);
    for (number, name) in [(1, "One"), (2, "Two"), (3, "Three")] {
        store.create_group(&group(number, name, &[])).unwrap();
    }
    let invites = [invite(9, 3, 1, 10), invite(8, 1, 1, 20), invite(7, 1, 2, 30)];
    for invite in &invites {
        store.put_invite(invite).unwrap();
    }
    let [first, second, other] = invites;
    assert_eq!(store.invites_of(agent(1)).unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.invites_of(agent(2)).unwrap(), [other]);
    assert_eq!(store.invites_of(NOBODY).unwrap(), []);
    assert!(store.remove_invite(first.id).unwrap());
    assert!(!store.remove_invite(first.id).unwrap());
    assert_eq!(store.invites_of(agent(1)).unwrap(), [second]);
}

fn newer_invitation_replaces_that_to_the_same_group(store: &mut dyn Store) {
    people(store, 2);
    store.create_group(&group(1, "One", &[])).unwrap();
    store.create_group(&group(2, "Two", &[])).unwrap();
    let (old, other, new) = (invite(1, 1, 1, 10), invite(2, 2, 1, 20), invite(3, 1, 1, 30));
    for invite in [&old, &other, &new] {
        store.put_invite(invite).unwrap();
    }
    assert_eq!(store.invites_of(agent(1)).unwrap(), [other.clone(), new]);
    assert!(!store.remove_invite(old.id).unwrap());
    // The same transaction for somebody else is that other invitation from now on.
    let moved = invite(3, 1, 2, 40);
    store.put_invite(&moved).unwrap();
    assert_eq!(store.invites_of(agent(1)).unwrap(), [other]);
    assert_eq!(store.invites_of(agent(2)).unwrap(), [moved]);
}

fn notices_come_the_newest_first(store: &mut dyn Store) {
    store.create_group(&group(1, "One", &[])).unwrap();
    store.create_group(&group(2, "Two", &[])).unwrap();
    let attachment = NoticeAttachment {
        item: ItemId(Uuid::from_u128(6)),
        owner: NOBODY,
        asset_type: -1,
        name: "Ünïcode".to_owned(),
    };
    let first = notice(9, 1, 10);
    let second = Notice { attachment: Some(attachment), ..notice(5, 1, 20) };
    let (third, other) = (notice(7, 1, 20), notice(1, 2, 15));
    for notice in [&first, &second, &other, &third] {
        store.add_notice(notice).unwrap();
    }
    let taken = store.add_notice(&notice(9, 2, 30));
    assert!(matches!(taken, Err(StoreError::IdTaken(_))), "{taken:?}");
    assert_eq!(store.notices(id(1), 2).unwrap(), [third.clone(), second.clone()]);
    assert_eq!(store.notices(id(1), 9).unwrap(), [third, second.clone(), first]);
    assert_eq!(store.notices(id(2), 9).unwrap(), [other]);
    assert_eq!(store.notices(id(3), 9).unwrap(), []);
    assert_eq!(store.notice(second.id).unwrap(), Some(second));
    assert_eq!(store.notice(NoticeId(Uuid::from_u128(2))).unwrap(), None);
}

fn old_notices_and_invitations_are_forgotten(store: &mut dyn Store) {
    people(store, 2);
    store.create_group(&group(1, "One", &[])).unwrap();
    store.add_notice(&notice(1, 1, 99)).unwrap();
    store.add_notice(&notice(2, 1, 100)).unwrap();
    store.put_invite(&invite(1, 1, 1, 99)).unwrap();
    store.put_invite(&invite(2, 1, 2, 100)).unwrap();
    assert_eq!(store.forget_group_mail(100).unwrap(), 2);
    assert_eq!(store.forget_group_mail(100).unwrap(), 0);
    assert_eq!(store.notices(id(1), 9).unwrap(), [notice(2, 1, 100)]);
    assert_eq!(store.invites_of(agent(1)).unwrap(), []);
    assert_eq!(store.invites_of(agent(2)).unwrap(), [invite(2, 1, 2, 100)]);
}
