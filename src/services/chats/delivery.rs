//! Carries out the effects of a session: texts and events to the bus, timers, and the index of
//! participants.

use std::time::Duration;

use super::state::{ChatSession, Effect};
use super::{ChatSessions, dropped, events};
use crate::circuit::{Category, Outgoing};
use crate::ids::{AgentId, ChatSessionId};
use crate::message::Copies;
use crate::outbox::Event;
use crate::services::ports::{Delivery, Reach};
use crate::time::Timestamp;

impl ChatSessions {
    /// Hands everything to the bus, in order. Who turns out to be gone leaves.
    pub(super) fn carry_out(
        &self,
        session: &mut ChatSession,
        now: Timestamp,
        mut effects: Vec<Effect>,
    ) {
        while !effects.is_empty() {
            let mut post = Post::default();
            for effect in effects.drain(..) {
                self.prepare(session, effect, &mut post);
            }
            let Post { deliveries, invitations } = post;
            let agents: Vec<AgentId> = deliveries.iter().map(|(agent, _)| *agent).collect();
            let reaches = self.shared.bus.deliver_each(deliveries);
            for (place, (agent, reach)) in agents.into_iter().zip(reaches).enumerate() {
                match reach {
                    Reach::Accepted => {}
                    Reach::Offline => session.gone(agent, now, &mut effects),
                    Reach::Congested => {
                        dropped("congested");
                        if invitations.binary_search(&place).is_ok() {
                            session.uninvite(agent, &mut effects);
                        }
                    }
                }
            }
        }
    }

    fn prepare(&self, session: &ChatSession, effect: Effect, post: &mut Post) {
        let id = session.id();
        match effect {
            Effect::Came(agent) => {
                self.shared.agents.entry(agent).or_default().inside.insert(id);
            }
            Effect::Went(agent) => self.shared.forget(agent, |of_agent| {
                of_agent.inside.remove(&id);
            }),
            Effect::Say { to, text } => {
                match Copies::of(&events::text(session, &text), "MessageBlock", "ToAgentID") {
                    Ok(mut copies) => {
                        for agent in to {
                            let message = copies.with(agent.0);
                            let category = Category::Unthrottled;
                            let outgoing = Outgoing::reliable(message, category);
                            let outgoing = outgoing.from(text.by.agent.0);
                            post.deliveries.push((agent, Delivery::Message(outgoing)));
                        }
                    }
                    Err(error) => tracing::error!(%error, "a session's text cannot be encoded"),
                }
            }
            Effect::Invite { to, text } => {
                for agent in to {
                    post.invitations.push(post.deliveries.len());
                    post.event(agent, events::invitation(session, &text, agent));
                }
            }
            Effect::Started { to, temporary } => {
                post.event(to, events::started(session, temporary));
                post.events(to, events::present(session));
            }
            Effect::Present { to } => post.events(to, events::present(session)),
            Effect::Changed { to, changes } => {
                let events = events::changed(id, &changes);
                for agent in to {
                    post.events(agent, events.clone());
                }
            }
            Effect::Closed { to, reason } => post.event(to, events::closed(id, reason)),
            Effect::Moderated { to } => {
                for agent in to {
                    post.event(agent, events::moderated(session));
                }
            }
            Effect::Wake(after) => self.wake_later(id, after),
        }
    }

    /// Looks after a session once more, a little later.
    fn wake_later(&self, id: ChatSessionId, after: Duration) {
        let chats = self.clone();
        // Without a runtime time does not pass by itself either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(after).await;
                chats.wake(id);
            });
        }
    }

    pub(super) fn wake(&self, id: ChatSessionId) {
        self.with(id, |_, session, now, effects| session.wake(now, effects));
    }
}

/// What goes to the bus together.
#[derive(Default)]
struct Post {
    deliveries: Vec<(AgentId, Delivery)>,
    /// Which of them are invitations, in ascending order.
    invitations: Vec<usize>,
}

impl Post {
    fn event(&mut self, agent: AgentId, event: Event) {
        self.deliveries.push((agent, Delivery::Event(event)));
    }

    fn events(&mut self, agent: AgentId, events: Vec<Event>) {
        self.deliveries.extend(events.into_iter().map(|event| (agent, Delivery::Event(event))));
    }
}
