//! Random jobs, some of which are undone, compared with a store that ran only the others.

use proptest::prelude::*;
use uuid::Uuid;

use crate::ids::{GroupId, RegionId, RoleId};
use crate::message::Vector3;
use crate::services::accounts::{Location, Place, StoredPassword};
use crate::services::friends::{FriendOffer, Rights};
use crate::services::groups::{Invite, Member};
use crate::services::im::InstantMessage;
use crate::services::inventory::{FolderType, standard_folder};
use crate::services::offline::StoredMessage;
use crate::services::ports::Engine as _;
use crate::services::store::Store;
use crate::storage::SqliteStore;
use crate::storage::conformance::{account, agent, create, group, member};

#[derive(Clone, Debug)]
enum Step {
    Create(u8, u8),
    Remove(u8),
    Password(u8, u8),
    Login(u8, u32),
    Move(u8, bool, f32),
    List(u8, u8),
    Contents(u8, u8),
    Found(u8, u8, u8),
    Join(u8, u8, u8),
    Leave(u8, u8),
    Unrole(u8, u8),
    Befriend(u8, u8),
    Part(u8, u8),
    Offer(u8, u8, u8),
    Write(u8, u8, u8),
    Forget(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let few = 0u8..6;
    prop_oneof![
        4 => (few.clone(), few.clone()).prop_map(|(id, name)| Step::Create(id, name)),
        1 => few.clone().prop_map(Step::Remove),
        1 => (few.clone(), any::<u8>()).prop_map(|(id, password)| Step::Password(id, password)),
        1 => (few.clone(), any::<u32>()).prop_map(|(id, at)| Step::Login(id, at)),
        2 => (few.clone(), any::<bool>(), -1.0f32..300.0)
            .prop_map(|(id, home, x)| Step::Move(id, home, x)),
        1 => (few.clone(), 0u8..4).prop_map(|(after, limit)| Step::List(after, limit)),
        2 => (few.clone(), few.clone()).prop_map(|(owner, of)| Step::Contents(owner, of)),
        3 => (few.clone(), few.clone(), few.clone())
            .prop_map(|(id, name, founder)| Step::Found(id, name, founder)),
        3 => (few.clone(), few.clone(), few.clone())
            .prop_map(|(group, agent, role)| Step::Join(group, agent, role)),
        1 => (few.clone(), few.clone()).prop_map(|(group, agent)| Step::Leave(group, agent)),
        1 => (few.clone(), few.clone()).prop_map(|(group, role)| Step::Unrole(group, role)),
        2 => (few.clone(), few.clone()).prop_map(|(one, other)| Step::Befriend(one, other)),
        1 => (few.clone(), few.clone()).prop_map(|(one, other)| Step::Part(one, other)),
        2 => (few.clone(), few.clone(), few.clone())
            .prop_map(|(from, to, at)| Step::Offer(from, to, at)),
        2 => (few.clone(), few.clone(), few.clone())
            .prop_map(|(key, to, at)| Step::Write(key, to, at)),
        1 => few.prop_map(Step::Forget),
    ]
}

/// Runs a step and tells all that came of it.
fn run(store: &mut dyn Store, step: &Step) -> String {
    let id = |number: u8| agent(u128::from(number) + 1);
    let in_group = |number: u8| GroupId(Uuid::from_u128(u128::from(number)));
    let name = |number: u8| format!("User N{number}");
    match step {
        Step::Create(number, named) => {
            let account = account(id(*number).0.as_u128(), &name(*named));
            format!("{:?}", create(store, &account))
        }
        Step::Remove(number) => format!("{:?}", store.remove_account(id(*number))),
        Step::Password(number, password) => {
            let password = StoredPassword { full: password.to_string(), short: None };
            let result = store.set_password(id(*number), &password);
            let after = store.account(id(*number)).unwrap().map(|account| account.password.full);
            format!("{result:?} {after:?}")
        }
        Step::Login(number, at) => {
            format!("{:?}", store.set_last_login(id(*number), u64::from(*at)))
        }
        Step::Move(number, home, x) => {
            let region = RegionId(Uuid::from_u128(3));
            let to = Location {
                region,
                position: Vector3::new(*x, *x, *x),
                look_at: Vector3::default(),
            };
            let place = if *home { Place::Home } else { Place::Last };
            let result = store.set_location(id(*number), place, &to);
            format!("{result:?} {:?}", store.account(id(*number)))
        }
        Step::List(after, limit) => {
            format!("{:?}", store.accounts(Some(&name(*after).to_lowercase()), (*limit).into()))
        }
        Step::Contents(owner, of) => {
            let folder = standard_folder(id(*of), FolderType::Clothing);
            format!("{:?}", store.folder_contents(id(*owner), folder))
        }
        Step::Found(number, named, founder) => {
            let founders = [member(u128::from(*founder) + 1, &[12])];
            let new = group((*number).into(), &name(*named), &founders);
            format!("{:?} {:?}", store.create_group(&new), store.find_groups("n", true, 1, 3))
        }
        Step::Join(number, joins, role) => {
            let new = member(u128::from(*joins) + 1, &[(*role).into(), 11]);
            let new = Member { selected_role: new.roles[0], ..new };
            let result = store.put_member(in_group(*number), &new);
            let active = store.set_active_group(id(*joins), Some(in_group(*number)));
            format!("{result:?} {active:?} {:?}", store.groups_of(id(*joins)))
        }
        Step::Leave(number, leaves) => {
            let result = store.remove_member(in_group(*number), id(*leaves));
            let active = store.active_group(id(*leaves));
            format!("{result:?} {active:?} {:?}", store.group(in_group(*number)))
        }
        Step::Unrole(number, role) => {
            let result =
                store.remove_role(in_group(*number), RoleId(Uuid::from_u128((*role).into())));
            format!("{result:?} {:?}", store.group(in_group(*number)))
        }
        Step::Befriend(one, other) => {
            let result = store.add_friendship(id(*one), id(*other), Rights::ONLINE);
            let rights = store.set_friend_rights(id(*other), id(*one), Rights::MODIFY);
            format!("{result:?} {rights:?} {:?}", store.friends(id(*one)))
        }
        Step::Part(one, other) => {
            let result = store.remove_friendship(id(*one), id(*other));
            format!("{result:?} {:?}", store.friends(id(*other)))
        }
        Step::Offer(from, to, at) => {
            let (from, to, at) = (id(*from), id(*to), u64::from(*at));
            let message = String::new();
            let offer = FriendOffer { from, to, transaction: Uuid::nil(), message, at };
            let offered = store.put_friend_offer(&offer);
            let invite = Invite {
                id: from.0,
                group: in_group(0),
                invitee: to,
                role: RoleId::NIL,
                inviter: from,
                at,
            };
            let invited = store.put_invite(&invite);
            let (offers, invites) = (store.friend_offers_to(to), store.invites_of(to));
            format!("{offered:?} {invited:?} {offers:?} {invites:?}")
        }
        Step::Write(key, to, at) => {
            let message = InstantMessage::system(id(*to), (*at).into(), "text");
            let message = StoredMessage { key: id(*key).0, message };
            let kept = store.add_message(&message);
            let noted = store.set_note(id(*to), id(*key), &"x".repeat((*at).into()));
            format!("{kept:?} {noted:?} {:?}", store.messages(id(*to)))
        }
        Step::Forget(at) => {
            let forgotten =
                (store.forget_messages((*at).into()), store.forget_group_mail((*at).into()));
            format!("{forgotten:?} {:?}", store.note(id(0), id(*at)))
        }
    }
}

/// All that a store holds.
fn dump(store: &SqliteStore) -> Vec<String> {
    super::dump(&store.connection)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn undone_jobs_leave_no_trace(
        jobs in prop::collection::vec((prop::collection::vec(step(), 1..5), any::<bool>()), 1..16),
    ) {
        let mut store = SqliteStore::in_memory().unwrap();
        let mut plain = SqliteStore::in_memory().unwrap();
        store.begin().unwrap();
        for (steps, is_kept) in &jobs {
            let before = dump(&store);
            store.begin_job().unwrap();
            let answers: Vec<_> = steps.iter().map(|step| run(&mut store, step)).collect();
            store.end_job(*is_kept).unwrap();
            if *is_kept {
                let expected: Vec<_> = steps.iter().map(|step| run(&mut plain, step)).collect();
                prop_assert_eq!(answers, expected, "{:?}", steps);
            } else {
                prop_assert_eq!(dump(&store), before, "{:?}", steps);
            }
        }
        store.commit().unwrap();
        prop_assert_eq!(dump(&store), dump(&plain));
    }
}
