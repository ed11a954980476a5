//! Friendships and offers.

use uuid::Uuid;

use super::{NOBODY, agent, people};
use crate::services::friends::{Friend, FriendOffer, Rights};
use crate::services::ports::StoreError;
use crate::services::store::Store;

suite! {
    friendship_is_seen_from_both_sides,
    friends_come_in_the_order_in_which_they_became_it,
    friendship_that_is_there_is_not_changed_by_another,
    nobody_is_a_friend_of_its_own_or_of_nobody,
    rights_are_given_by_one_side_only,
    friendship_ends_on_both_sides,
    offers_wait_for_their_recipient_the_oldest_first,
    newer_offer_replaces_the_one_in_the_same_direction,
    offers_of_and_to_nobody_are_refused,
    removed_account_is_nobodys_friend,
}

fn offer(from: u128, to: u128, at: u64) -> FriendOffer {
    FriendOffer {
        from: agent(from),
        to: agent(to),
        transaction: Uuid::from_u128(u128::from(at) << 64 | from),
        message: format!("Ünïcode from {from}"),
        at,
    }
}

fn friends_of(store: &mut dyn Store, number: u128) -> Vec<u128> {
    let friends = store.friends(agent(number)).unwrap();
    friends.iter().map(|friend| friend.agent.0.as_u128()).collect()
}

fn friendship_is_seen_from_both_sides(store: &mut dyn Store) {
    people(store, 3);
    let given = Rights::ONLINE | Rights::from_bits_retain(1 << 31);
    assert!(store.add_friendship(agent(1), agent(2), given).unwrap());
    let friend = |number| Friend { agent: agent(number), given, has: given };
    assert_eq!(store.friends(agent(1)).unwrap(), [friend(2)]);
    assert_eq!(store.friends(agent(2)).unwrap(), [friend(1)]);
    assert_eq!(store.friends(agent(3)).unwrap(), []);
    assert_eq!(store.friends(NOBODY).unwrap(), []);
}

fn friends_come_in_the_order_in_which_they_became_it(store: &mut dyn Store) {
    people(store, 5);
    for (one, other) in [(1, 4), (5, 1), (1, 2), (2, 4), (3, 1)] {
        assert!(store.add_friendship(agent(one), agent(other), Rights::ONLINE).unwrap());
    }
    assert_eq!(friends_of(store, 1), [4, 5, 2, 3]);
    assert_eq!(friends_of(store, 4), [1, 2]);
    // Who comes back comes last.
    store.remove_friendship(agent(1), agent(4)).unwrap();
    store.add_friendship(agent(1), agent(4), Rights::ONLINE).unwrap();
    assert_eq!(friends_of(store, 1), [5, 2, 3, 4]);
    assert_eq!(friends_of(store, 4), [2, 1]);
}

fn friendship_that_is_there_is_not_changed_by_another(store: &mut dyn Store) {
    people(store, 2);
    assert!(store.add_friendship(agent(1), agent(2), Rights::MAP).unwrap());
    assert!(!store.add_friendship(agent(1), agent(2), Rights::MODIFY).unwrap());
    assert!(!store.add_friendship(agent(2), agent(1), Rights::MODIFY).unwrap());
    let friend = Friend { agent: agent(2), given: Rights::MAP, has: Rights::MAP };
    assert_eq!(store.friends(agent(1)).unwrap(), [friend]);
}

fn nobody_is_a_friend_of_its_own_or_of_nobody(store: &mut dyn Store) {
    people(store, 1);
    assert!(!store.add_friendship(agent(1), agent(1), Rights::ONLINE).unwrap());
    for (one, other) in [(agent(1), NOBODY), (NOBODY, agent(1)), (NOBODY, NOBODY)] {
        let refused = store.add_friendship(one, other, Rights::ONLINE);
        assert!(matches!(refused, Err(StoreError::NotFound(NOBODY))), "{refused:?}");
    }
    assert_eq!(store.friends(agent(1)).unwrap(), []);
}

fn rights_are_given_by_one_side_only(store: &mut dyn Store) {
    people(store, 3);
    store.add_friendship(agent(1), agent(2), Rights::ONLINE).unwrap();
    store.add_friendship(agent(1), agent(3), Rights::ONLINE).unwrap();
    assert!(store.set_friend_rights(agent(1), agent(2), Rights::all()).unwrap());
    let one = |number, given, has| Friend { agent: agent(number), given, has };
    let online = Rights::ONLINE;
    assert_eq!(
        store.friends(agent(1)).unwrap(),
        [one(2, Rights::all(), online), one(3, online, online)]
    );
    assert_eq!(store.friends(agent(2)).unwrap(), [one(1, online, Rights::all())]);
    assert_eq!(store.friends(agent(3)).unwrap(), [one(1, online, online)]);
    assert!(!store.set_friend_rights(agent(2), agent(3), online).unwrap());
    assert!(!store.set_friend_rights(agent(2), NOBODY, online).unwrap());
}

fn friendship_ends_on_both_sides(store: &mut dyn Store) {
    people(store, 3);
    store.add_friendship(agent(1), agent(2), Rights::ONLINE).unwrap();
    store.add_friendship(agent(1), agent(3), Rights::ONLINE).unwrap();
    assert!(store.remove_friendship(agent(2), agent(1)).unwrap());
    assert_eq!(friends_of(store, 1), [3]);
    assert_eq!(friends_of(store, 2), []);
    assert!(!store.remove_friendship(agent(1), agent(2)).unwrap());
    assert!(!store.remove_friendship(agent(1), NOBODY).unwrap());
}

fn offers_wait_for_their_recipient_the_oldest_first(store: &mut dyn Store) {
    people(store, 4);
    let offers = [offer(3, 1, 10), offer(2, 1, 20), offer(1, 4, 30), offer(4, 1, 40)];
    for offer in &offers {
        store.put_friend_offer(offer).unwrap();
    }
    let [first, second, other, third] = offers;
    assert_eq!(store.friend_offers_to(agent(1)).unwrap(), [first, second.clone(), third.clone()]);
    assert_eq!(store.friend_offers_to(agent(4)).unwrap(), [other]);
    assert!(store.remove_friend_offer(agent(3), agent(1)).unwrap());
    assert!(!store.remove_friend_offer(agent(3), agent(1)).unwrap());
    assert!(!store.remove_friend_offer(agent(1), agent(2)).unwrap());
    assert_eq!(store.friend_offers_to(agent(1)).unwrap(), [second, third]);
}

fn newer_offer_replaces_the_one_in_the_same_direction(store: &mut dyn Store) {
    people(store, 3);
    let (old, other, back) = (offer(2, 1, 10), offer(3, 1, 20), offer(1, 2, 25));
    let new = FriendOffer { message: "again".to_owned(), ..offer(2, 1, 30) };
    for offer in [&old, &other, &back, &new] {
        store.put_friend_offer(offer).unwrap();
    }
    assert_eq!(store.friend_offers_to(agent(1)).unwrap(), [other, new]);
    assert_eq!(store.friend_offers_to(agent(2)).unwrap(), [back]);
}

fn offers_of_and_to_nobody_are_refused(store: &mut dyn Store) {
    people(store, 1);
    for offer in [offer(1, 99, 1), offer(99, 1, 1)] {
        let refused = store.put_friend_offer(&offer);
        assert!(matches!(refused, Err(StoreError::NotFound(NOBODY))), "{refused:?}");
    }
    assert_eq!(store.friend_offers_to(agent(1)).unwrap(), []);
}

fn removed_account_is_nobodys_friend(store: &mut dyn Store) {
    people(store, 3);
    store.add_friendship(agent(1), agent(2), Rights::ONLINE).unwrap();
    store.add_friendship(agent(3), agent(1), Rights::ONLINE).unwrap();
    store.add_friendship(agent(2), agent(3), Rights::ONLINE).unwrap();
    for offer in [offer(1, 2, 1), offer(3, 1, 2), offer(3, 2, 3)] {
        store.put_friend_offer(&offer).unwrap();
    }
    store.remove_account(agent(1)).unwrap();
    assert_eq!(friends_of(store, 2), [3]);
    assert_eq!(friends_of(store, 3), [2]);
    assert_eq!(store.friend_offers_to(agent(2)).unwrap(), [offer(3, 2, 3)]);
    // A new account with the old id starts with nothing.
    people_again(store);
    assert_eq!(friends_of(store, 1), []);
    assert_eq!(store.friend_offers_to(agent(1)).unwrap(), []);
}

fn people_again(store: &mut dyn Store) {
    super::create(store, &super::account(1, "Come Back")).unwrap();
}
