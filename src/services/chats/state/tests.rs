//! The rules of chat sessions, without any service.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::RegionId;
use crate::message::Vector3;

const ID: ChatSessionId = ChatSessionId(Uuid::from_u128(100));

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

fn speaker(number: u128) -> Speaker {
    Speaker {
        agent: agent(number),
        name: format!("Agent {number}"),
        region: RegionId::NIL,
        position: Vector3::default(),
    }
}

fn at(milliseconds: u64) -> Timestamp {
    Timestamp::from_millis(milliseconds)
}

/// Who is online, who has left, who hears whom.
#[derive(Default)]
struct World {
    away: BTreeSet<AgentId>,
    deaf: BTreeSet<AgentId>,
}

impl Surroundings for World {
    fn may_be_invited(&self, agent: AgentId) -> bool {
        !self.away.contains(&agent)
    }

    fn hears(&self, listener: AgentId, _speaker: &Speaker) -> bool {
        !self.deaf.contains(&listener)
    }
}

struct Test {
    session: ChatSession,
    world: World,
    now: Timestamp,
}

impl Test {
    /// A group whose members are 1 to `members`; the first may moderate.
    fn group(members: u128) -> Self {
        let roster = (1..=members).map(|n| (agent(n), Rights { moderates: n == 1 })).collect();
        let session = ChatSession::new(ID, ChatKind::Group, "Weavers".to_owned(), roster);
        Self { session, world: World::default(), now: at(0) }
    }

    fn conference(people: u128) -> Self {
        let mut test = Self::group(people);
        test.session.kind = ChatKind::Conference;
        test
    }

    fn start(&mut self, number: u128) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.session.start(agent(number), ID, self.now, &mut effects).expect("may take part");
        effects
    }

    fn say(&mut self, number: u128, text: &str) -> Result<Vec<Effect>, ChatRefusal> {
        let mut effects = Vec::new();
        let (by, text) = (speaker(number), text.to_owned());
        self.session.speak(by, text, 0, self.now, &self.world, &mut effects)?;
        Ok(effects)
    }

    fn accept(&mut self, number: u128) -> Result<Vec<Effect>, ChatRefusal> {
        let mut effects = Vec::new();
        self.session.accept(agent(number), self.now, &mut effects)?;
        Ok(effects)
    }

    fn leave(&mut self, number: u128) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.session.leave(agent(number), self.now, &mut effects);
        effects
    }

    fn wake(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.now = now;
        self.session.wake(now, &mut effects);
        effects
    }
}

/// Texts by UDP, with who gets them.
fn said(effects: &[Effect]) -> Vec<(Vec<u128>, &str)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Say { to, text } => Some((numbers(to), text.said.as_str())),
            _ => None,
        })
        .collect()
}

fn invited(effects: &[Effect]) -> Vec<u128> {
    let invitees = effects.iter().filter_map(|effect| match effect {
        Effect::Invite { to, .. } => Some(numbers(to)),
        _ => None,
    });
    invitees.flatten().collect()
}

/// Who is told, and of whom.
type Notified = (Vec<u128>, Vec<(u128, Option<Transition>)>);

fn notified(effects: &[Effect]) -> Vec<Notified> {
    let change = |change: &Change| (change.agent.0.as_u128(), change.transition);
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Changed { to, changes } => {
                Some((numbers(to), changes.iter().map(change).collect()))
            }
            _ => None,
        })
        .collect()
}

fn numbers(agents: &[AgentId]) -> Vec<u128> {
    agents.iter().map(|agent| agent.0.as_u128()).collect()
}

const ENTER: Option<Transition> = Some(Transition::Enter);
const LEAVE: Option<Transition> = Some(Transition::Leave);

#[test]
fn starter_is_answered_and_the_others_hear_of_it() {
    let mut test = Test::group(3);
    let effects = test.start(1);
    assert_eq!(effects, [Effect::Came(agent(1)), Effect::Started { to: agent(1), temporary: ID }]);
    assert_eq!(notified(&test.start(2)), [(vec![1], vec![(2, ENTER)])]);
    let again = test.start(2);
    assert_eq!(again, [Effect::Started { to: agent(2), temporary: ID }]);
    let mut effects = Vec::new();
    let stranger = test.session.start(agent(9), ID, at(0), &mut effects);
    assert_eq!(stranger, Err(ChatRefusal::NotMember));
    assert!(effects.is_empty());
}

#[test]
fn a_text_goes_by_one_way_to_each() {
    let mut test = Test::group(4);
    test.world.away.insert(agent(4));
    test.start(1);
    let first = test.say(1, "one").unwrap();
    assert_eq!(said(&first), [(vec![1], "one")]);
    assert_eq!(invited(&first), [2, 3]);
    let second = test.say(1, "two").unwrap();
    assert_eq!(said(&second), [(vec![1], "two")]);
    assert!(invited(&second).is_empty());

    let accepted = test.accept(2).unwrap();
    assert_eq!(said(&accepted), [(vec![2], "two")], "the invitation carried the first");
    assert!(accepted.contains(&Effect::Present { to: agent(2) }));
    assert!(test.accept(2).unwrap().is_empty(), "once is enough");
    assert_eq!(test.accept(4), Err(ChatRefusal::NotMember));
    assert_eq!(said(&test.say(2, "three").unwrap()), [(vec![1, 2], "three")]);
}

#[test]
fn an_invitation_does_not_wait_for_ever() {
    let mut test = Test::group(2);
    test.start(1);
    let effects = test.say(1, "one").unwrap();
    assert!(effects.contains(&Effect::Wake(PATIENCE)));
    test.say(1, "two").unwrap();
    assert!(said(&test.wake(at(1999))).is_empty());
    let effects = test.wake(at(2000));
    assert_eq!(said(&effects), [(vec![2], "two")]);
    assert_eq!(notified(&effects), [(vec![1], vec![(2, ENTER)])]);
    assert!(test.session.is_joined(agent(2)));
}

#[test]
fn held_back_changes_are_bounded_and_none_is_lost() {
    let mut test = Test::group(2);
    test.start(1);
    test.say(1, "first").unwrap();
    for number in 1..MAX_HELD {
        let effects = test.say(1, &number.to_string()).unwrap();
        assert_eq!(said(&effects).len(), 1, "only to the speaker");
    }
    let effects = test.say(1, "last").unwrap();
    let to_the_other = said(&effects).into_iter().filter(|(to, _)| to == &[2]).count();
    assert_eq!(to_the_other, MAX_HELD);
    assert!(test.session.is_joined(agent(2)));
}

#[test]
fn the_speaker_is_never_invited_and_strangers_may_not_speak() {
    let mut test = Test::group(2);
    assert_eq!(test.say(1, "one"), Err(ChatRefusal::NoSession));
    test.start(1);
    test.say(1, "one").unwrap();
    assert_eq!(test.say(2, "not yet"), Err(ChatRefusal::NoSession), "only invited");
    assert_eq!(test.say(9, "stranger"), Err(ChatRefusal::NoSession));
    assert!(invited(&test.say(1, "two").unwrap()).is_empty());
}

#[test]
fn the_deaf_are_neither_told_nor_invited() {
    let mut test = Test::group(3);
    test.start(1);
    test.start(2);
    test.world.deaf.extend([agent(2), agent(3)]);
    let effects = test.say(1, "one").unwrap();
    assert_eq!(said(&effects), [(vec![1], "one")]);
    assert!(invited(&effects).is_empty());
    test.world.deaf.insert(agent(1));
    assert_eq!(said(&test.say(1, "two").unwrap()), [(vec![1], "two")], "one hears oneself");
}

#[test]
fn member_that_leaves_hears_no_more() {
    let mut test = Test::group(3);
    test.start(1);
    test.start(2);
    test.now = at(500);
    let effects = test.leave(2);
    assert_eq!(notified(&effects), [(vec![1], vec![(2, LEAVE)])]);
    test.world.away.insert(agent(2));
    let effects = test.say(1, "one").unwrap();
    assert_eq!((said(&effects), invited(&effects)), (vec![(vec![1], "one")], vec![3]));
    assert!(notified(&test.leave(3)).is_empty(), "who was only invited was never there");
    test.leave(1);
    assert!(test.session.is_empty());
}

#[test]
fn a_conference_takes_back_only_who_is_invited_anew() {
    let mut test = Test::conference(3);
    test.start(1);
    test.say(1, "one").unwrap();
    test.leave(2);
    assert!(invited(&test.say(1, "two").unwrap()).is_empty());
    assert_eq!(test.accept(2), Err(ChatRefusal::NotMember));
    assert_eq!(test.session.invite(agent(2), &[agent(5)]), Err(ChatRefusal::NotMember));
    test.session.invite(agent(1), &[agent(2), agent(5), agent(3)]).unwrap();
    assert_eq!(invited(&test.say(1, "three").unwrap()), [2, 5]);
    let crowd: Vec<AgentId> = (10..10 + MAX_IN_CONFERENCE as u128).map(agent).collect();
    assert_eq!(test.session.invite(agent(1), &crowd), Err(ChatRefusal::Impossible));
    let mut group = Test::group(2);
    group.start(1);
    assert_eq!(group.session.invite(agent(1), &[agent(5)]), Err(ChatRefusal::Impossible));
}

#[test]
fn the_muted_are_told_so_and_everybody_knows() {
    let mut test = Test::group(3);
    (1..=3).for_each(|number| drop(test.start(number)));
    test.wake(at(500));
    test.now = at(1000);
    let (one, two) = (agent(1), agent(2));
    let mut effects = Vec::new();
    let mut mute = |test: &mut Test, by, muted| {
        effects.clear();
        test.session.mute(by, two, Some(muted), None, test.now, &mut effects)?;
        Ok(effects.clone())
    };
    assert_eq!(mute(&mut test, agent(3), true), Err(ChatRefusal::NotModerator));
    assert_eq!(mute(&mut test, agent(9), true), Err(ChatRefusal::NotMember));
    let effects = mute(&mut test, one, true).unwrap();
    assert_eq!(notified(&effects), [(vec![1, 2, 3], vec![(2, None)])]);
    assert!(test.session.info(two).text_muted);
    assert_eq!(test.say(2, "but"), Err(ChatRefusal::Muted));
    assert!(test.say(3, "hush").is_ok());
    mute(&mut test, one, false).unwrap();
    assert!(test.say(2, "thanks").is_ok());
}

#[test]
fn a_new_roster_throws_out_who_is_no_longer_on_it() {
    let mut test = Test::group(3);
    test.start(1);
    test.start(2);
    test.now = at(1000);
    let roster: Roster =
        [(agent(1), Rights::default()), (agent(4), Rights::default())].into_iter().collect();
    let mut effects = Vec::new();
    test.session.renew("Spinners", roster, |_| "removed", test.now, &mut effects);
    assert!(effects.contains(&Effect::Closed { to: agent(2), reason: "removed" }));
    assert!(effects.contains(&Effect::Went(agent(2))));
    assert_eq!(notified(&effects), [(vec![1], vec![(2, LEAVE)])]);
    assert_eq!(test.session.name(), "Spinners");
    // That the first no longer moderates is told a little later.
    let effects = test.wake(at(1100));
    assert_eq!(notified(&effects), [(vec![1], vec![(1, None)])]);
    assert_eq!(invited(&test.say(1, "one").unwrap()), [4]);
}

#[test]
fn a_crowd_that_comes_at_once_is_told_together() {
    let mut test = Test::group(50);
    let first = test.start(1);
    assert!(notified(&first).is_empty());
    assert_eq!(notified(&test.start(2)).len(), 1);
    let mut wakes = 0;
    for number in 3..=50 {
        let effects = test.start(number);
        assert!(notified(&effects).is_empty());
        wakes += effects.iter().filter(|effect| **effect == Effect::Wake(GATHER)).count();
    }
    assert_eq!(wakes, 1);
    let effects = test.wake(at(100));
    let [(to, changes)] = &notified(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((to.len(), changes.len()), (50, 48));
    assert!(test.wake(at(500)).is_empty());
}

#[test]
fn the_history_is_bounded_and_in_order() {
    let mut test = Test::group(1);
    test.start(1);
    for number in 0..MAX_HISTORY + 5 {
        test.say(1, &number.to_string()).unwrap();
    }
    let texts: Vec<u32> = test.session.history().map(|text| text.number).collect();
    assert_eq!(texts, (5..MAX_HISTORY as u32 + 5).collect::<Vec<_>>());
}

// --- any order of things ----------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(u128),
    Speak(u128),
    Accept(u128),
    Leave(u128),
    Depart(u128),
    Arrive(u128),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1..=5_u128;
    prop_oneof![
        2 => who.clone().prop_map(Step::Start),
        5 => who.clone().prop_map(Step::Speak),
        2 => who.clone().prop_map(Step::Accept),
        1 => who.clone().prop_map(Step::Leave),
        1 => who.clone().prop_map(Step::Depart),
        1 => who.prop_map(Step::Arrive),
        2 => (1..3000_u64).prop_map(Step::Pass),
    ]
}

/// What each is to hear, by the plainest rules.
#[derive(Default)]
struct Model {
    inside: BTreeSet<AgentId>,
    offline: BTreeSet<AgentId>,
    left: BTreeSet<AgentId>,
    owed: BTreeMap<AgentId, Vec<u32>>,
    heard: BTreeMap<AgentId, Vec<u32>>,
}

impl Model {
    fn take(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Say { to, text } | Effect::Invite { to, text } = effect {
                for agent in to {
                    assert!(self.inside.contains(agent), "{agent} is outside");
                    self.heard.entry(*agent).or_default().push(text.number);
                }
            }
        }
    }

    /// What waits for one who goes is not owed any more.
    fn go(&mut self, agent: AgentId) {
        self.inside.remove(&agent);
        let heard = self.heard.get(&agent).cloned().unwrap_or_default();
        self.owed.insert(agent, heard);
    }

    fn spoken(&mut self, number: u32) {
        for agent in (1..=5).map(agent) {
            let comes = !self.offline.contains(&agent) && !self.left.contains(&agent);
            if comes {
                self.inside.insert(agent);
            }
            if self.inside.contains(&agent) {
                self.owed.entry(agent).or_default().push(number);
            }
        }
    }
}

proptest! {
    #[test]
    fn each_text_reaches_who_is_there_once_and_in_order(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut test = Test::group(5);
        let mut model = Model::default();
        let mut number = 0;
        for step in steps {
            let mut effects = Vec::new();
            let now = test.now;
            match step {
                Step::Start(who) if model.offline.contains(&agent(who)) => {}
                Step::Start(who) => {
                    model.left.remove(&agent(who));
                    model.inside.insert(agent(who));
                    effects = test.start(who);
                }
                Step::Speak(who) => {
                    let by = agent(who);
                    if test.session.is_joined(by) {
                        test.world.away = model.offline.union(&model.left).copied().collect();
                        model.spoken(number);
                        number += 1;
                        effects = test.say(who, "").unwrap();
                    } else {
                        prop_assert_eq!(test.say(who, ""), Err(ChatRefusal::NoSession));
                    }
                }
                Step::Accept(who) => {
                    let accepted = test.accept(who);
                    prop_assert_eq!(accepted.is_ok(), model.inside.contains(&agent(who)));
                    effects = accepted.unwrap_or_default();
                }
                Step::Leave(who) => {
                    model.left.insert(agent(who));
                    model.go(agent(who));
                    effects = test.leave(who);
                }
                Step::Depart(who) => {
                    model.offline.insert(agent(who));
                    model.left.remove(&agent(who));
                    model.go(agent(who));
                    test.session.gone(agent(who), now, &mut effects);
                }
                Step::Arrive(who) => {
                    model.offline.remove(&agent(who));
                }
                Step::Pass(milliseconds) => {
                    effects = test.wake(now + Duration::from_millis(milliseconds));
                }
            }
            model.take(&effects);
        }
        let effects = test.wake(test.now + PATIENCE);
        model.take(&effects);
        for agent in (1..=5).map(agent) {
            prop_assert_eq!(
                model.heard.get(&agent).cloned().unwrap_or_default(),
                model.owed.get(&agent).cloned().unwrap_or_default()
            );
        }
        for agent in (1..=5).map(agent) {
            test.session.gone(agent, test.now, &mut Vec::new());
        }
        prop_assert!(test.session.is_empty());
        prop_assert_eq!(test.session.outside().count(), 5);
    }
}
