//! One agent: a task that owns a socket, a circuit and a role, and does all its work itself.
//!
//! It uses no channels, and no allocations per message except those of the circuit, because the
//! tool shares the machine with the server that it measures.

mod ears;
mod entry;
mod eyes;
mod feet;
mod group;
mod queue;
mod socket;
mod voice;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use self::ears::Ears;
pub(super) use self::entry::{EntryError, come_and_go, log_in};
use self::eyes::Eyes;
use self::feet::Feet;
use self::group::GroupNews;
pub(super) use self::group::Mail;
use self::socket::Waiter;
use self::voice::Voice;
use super::cast::Part;
use super::plan::Manner;
use super::shared::{Presence, Seat, Shared, Stage, nanos};
use super::stamp::{self, Way};
use super::tally::Tally;
use crate::circuit::{Category, Circuit, CircuitEvent, Outgoing};
use crate::client::LoginAnswer;
use crate::message::header::MAX_DATAGRAM;
use crate::message::{
    self, AgentMovementComplete, AgentUpdate, ChatFromSimulator, ChatFromViewer, CloseCircuit,
    DisableSimulator, Encoded, ImprovedInstantMessage, ImprovedTerseObjectUpdate, KickUser,
    KillObject, LogoutReply, Message, MessageId, ObjectUpdate, RegionHandshake,
    RegionHandshakeReply, TeleportLocal, Vector3,
};
use crate::services::im::{conversation, dialog};
use crate::time::Timestamp;

/// An agent with an open circuit.
pub(super) struct Agent {
    shared: Arc<Shared>,
    number: usize,
    part: Part,
    manner: Manner,
    login: LoginAnswer,
    socket: UdpSocket,
    circuit: Circuit,
    waiter: Waiter,
    out: BytesMut,
    tally: Tally,
    tally_due: Option<Timestamp>,
    news: News,
    group: GroupNews,
    ears: Ears,
    voices: SmallVec<[Voice; 2]>,
    feet: Option<Feet>,
    eyes: Option<Eyes>,
    polling: CancellationToken,
}

/// What the server has said about the agent itself.
#[derive(Debug, Default)]
struct News {
    handshake: bool,
    arrived: bool,
    teleported: bool,
    logged_out: bool,
    place: Option<Vector3>,
    ended: Option<String>,
}

/// Why an agent no longer does its part.
#[derive(Debug)]
enum End {
    /// All are to leave.
    Over,
    /// Its time is up; it will come again.
    TimeUp,
    /// Not by its own will.
    Fell(String),
}

thread_local! {
    /// Where datagrams are read into. What is cut off it is used up before the next one comes.
    static BUFFER: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(8 * MAX_DATAGRAM));
}

impl Agent {
    /// Does its part until everybody leaves, its time is up, or the circuit ends.
    async fn live(&mut self, leave_at: Option<Timestamp>) -> End {
        loop {
            let more = self.turn();
            if let Some(reason) = self.news.ended.take() {
                return End::Fell(reason);
            }
            if self.shared.stage() == Stage::Leaving {
                return End::Over;
            }
            if leave_at.is_some_and(|at| self.shared.now() >= at) {
                return End::TimeUp;
            }
            self.wait(more, leave_at).await;
        }
    }

    fn seat(&self) -> Option<&Seat> {
        self.shared.seats.get(self.number)
    }

    /// One round over everything that is due; whether there is more to read.
    fn turn(&mut self) -> bool {
        let more = self.manner != Manner::Rude && self.receive();
        let now = self.shared.now();
        if self.part.in_group {
            self.open_mail(now);
        }
        if self.manner == Manner::Viewer {
            if self.circuit.poll_timeout().is_some_and(|at| at <= now) {
                self.circuit.handle_timeout(now);
                self.drain(now);
            }
            self.act(now);
            self.transmit(now);
        }
        self.hand_in(now, false);
        more
    }

    /// Sleeps until there is something to do, at the latest until `until`.
    async fn wait(&mut self, more: bool, until: Option<Timestamp>) {
        if more {
            tokio::task::yield_now().await;
            return;
        }
        let now = self.shared.now();
        let own = (self.manner == Manner::Viewer).then(|| self.next_act(now)).flatten();
        let circuit =
            (self.manner == Manner::Viewer).then(|| self.circuit.poll_timeout()).flatten();
        let next = [until, own, circuit, self.tally_due].into_iter().flatten().min();
        // An idle agent wakes once a minute; nothing depends on it.
        let next = next.unwrap_or(now + Duration::from_secs(60));
        let reads = self.manner != Manner::Rude;
        self.waiter.wait(reads.then_some(&self.socket), now, next).await;
    }

    /// Reads what has come; `true` if there may be more.
    fn receive(&mut self) -> bool {
        BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..BATCH {
                buffer.reserve(MAX_DATAGRAM);
                match self.socket.try_recv_buf(buffer) {
                    Ok(_) => {
                        let now = self.shared.now();
                        self.note_life(now);
                        self.tally_due.get_or_insert(now + HAND_IN);
                        self.circuit.handle_datagram(now, buffer.split().freeze());
                        self.drain(now);
                    }
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        self.note_refusal();
                    }
                    Err(_) => return false,
                }
            }
            true
        })
    }

    fn note_life(&self, now: Timestamp) {
        if let Some(seat) = self.seat() {
            seat.heard_at.store(nanos(now), Ordering::Relaxed);
            seat.refused.store(false, Ordering::Relaxed);
        }
    }

    fn note_refusal(&self) {
        match self.seat() {
            Some(seat) => seat.refused.store(true, Ordering::Relaxed),
            // The scenario `login` has no seats.
            None => self.shared.unreachable.store(true, Ordering::Relaxed),
        }
    }

    fn drain(&mut self, now: Timestamp) {
        while let Some(event) = self.circuit.poll_event() {
            match event {
                CircuitEvent::Message { id, body, .. } => self.message(now, id, &body),
                CircuitEvent::GaveUp { id } => {
                    let name = message::info(id).map_or("message", |info| info.name);
                    let text = format!("{name} was never acked");
                    let mut totals = self.shared.totals();
                    totals.unacked += u64::from(self.part.manner == Manner::Viewer);
                    totals.trouble("given_up", &text, 1);
                }
                CircuitEvent::Closed { reason } => {
                    self.news.ended.get_or_insert(format!("the circuit ended by {reason}"));
                }
                // It tracks nothing.
                CircuitEvent::Acked { .. } | CircuitEvent::Lost { .. } => {}
            }
        }
    }

    fn message(&mut self, now: Timestamp, id: MessageId, body: &Bytes) {
        self.tally.received_by.count(id);
        match id {
            ChatFromSimulator::ID => self.hear(now, Way::Chat, stamp::chat_text(body)),
            ImprovedInstantMessage::ID => {
                let way = if self.part.in_group { Way::Chat } else { Way::Im };
                self.hear(now, way, stamp::im_text(body));
            }
            ImprovedTerseObjectUpdate::ID => {
                if let Some(eyes) = &mut self.eyes {
                    eyes.terse(now, body);
                }
            }
            ObjectUpdate::ID => {
                if let Some(eyes) = &mut self.eyes {
                    eyes.full(now, self.login.agent_id, body);
                }
            }
            KillObject::ID => {
                if let Some(eyes) = &mut self.eyes {
                    eyes.gone(body);
                }
            }
            RegionHandshake::ID => {
                self.news.handshake = true;
                let mut reply = RegionHandshakeReply::default();
                reply.agent_data.agent_id = self.login.agent_id.0;
                reply.agent_data.session_id = self.login.session_id.0;
                self.send(now, &reply, true);
            }
            AgentMovementComplete::ID => {
                if let Ok(complete) = message::decode::<AgentMovementComplete>(body) {
                    self.news.arrived = true;
                    self.news.place = Some(complete.data.position);
                }
            }
            TeleportLocal::ID => {
                if let Ok(local) = message::decode::<TeleportLocal>(body) {
                    self.news.teleported = true;
                    self.news.place = Some(local.info.position);
                }
            }
            LogoutReply::ID => self.news.logged_out = true,
            KickUser::ID => {
                let said = message::decode::<KickUser>(body);
                let said = said.map(|kick| message::text(&kick.user_info.reason));
                self.ended(&format!("it was thrown out: {}", said.unwrap_or_default()));
            }
            DisableSimulator::ID => self.ended("the simulator closed the circuit"),
            CloseCircuit::ID => self.ended("the simulator closed the circuit at once"),
            _ if self.part.in_group => self.group_message(id, body),
            _ => {}
        }
    }

    fn ended(&mut self, reason: &str) {
        self.news.ended.get_or_insert_with(|| reason.to_owned());
    }

    /// A text was heard; it counts if it is a numbered message.
    fn hear(&mut self, now: Timestamp, way: Way, text: Option<&[u8]>) {
        let Some(stamp) = text.and_then(stamp::Stamp::read) else { return };
        if stamp.run != self.shared.run || !self.part.counts {
            return;
        }
        let sender = usize::from(stamp.sender);
        let expected = stamp.way == way
            && match way {
                Way::Chat => self.shared.parts.get(sender).is_some_and(|it| it.speech.is_some()),
                Way::Im => self.part.pen_friend == Some(sender),
            };
        let Some(seat) = self.shared.seats.get(sender).filter(|_| expected) else {
            self.tally.foreign += 1;
            return;
        };
        if !self.ears.hear(way, sender, stamp.sequence) {
            self.tally.doubled += 1;
            return;
        }
        self.tally.delivered += 1;
        self.tally.latency(now.since(stamp.due));
        seat.heard(way, stamp.slot, stamp.sequence);
        if let Some(own) = self.seat() {
            own.delivered.store(self.ears.delivered(), Ordering::Relaxed);
        }
    }

    /// Does what the part says is due.
    fn act(&mut self, now: Timestamp) {
        let stage = self.shared.stage();
        if stage == Stage::Filling || stage == Stage::Leaving {
            return;
        }
        self.speak(now);
        if stage == Stage::Running {
            self.walk(now);
            self.look(now);
        } else if let Some(feet) = self.feet.take() {
            // The last word: stand still.
            let update = self.agent_update(feet.facing(), 0);
            self.send(now, &update, false);
        }
    }

    fn next_act(&self, now: Timestamp) -> Option<Timestamp> {
        if self.shared.stage() != Stage::Running {
            return self.is_held_up().then(|| now + RETRY);
        }
        let voices = self.voices.iter().filter_map(|voice| voice.next_due(now));
        let feet = self.feet.as_ref().map(Feet::next_due);
        let eyes = self.eyes.as_ref().and_then(Eyes::next_due);
        voices.chain(feet).chain(eyes).min()
    }

    fn is_held_up(&self) -> bool {
        self.voices.iter().any(Voice::held_up)
    }

    fn speak(&mut self, now: Timestamp) {
        if self.voices.is_empty() {
            return;
        }
        let (start, end) = (self.shared.start(), self.shared.end());
        let shared = self.shared.clone();
        let Some(seat) = shared.seats.get(self.number) else { return };
        let mut silent = true;
        let mut voices = std::mem::take(&mut self.voices);
        for voice in &mut voices {
            let reader = voice.recipient().and_then(|number| shared.seats.get(number));
            if reader.is_some_and(|reader| reader.presence() != Presence::Present) {
                continue;
            }
            while let Some(line) = voice.next_line(now, start, end, seat) {
                // What the server has not acked is not heaped up further.
                let ready = self.circuit.stats().unacked_packets < MAX_UNACKED;
                let stamp = line.stamp(shared.run, self.number);
                if !ready || !self.say(now, stamp, voice) {
                    voice.hold_up(now + RETRY);
                    break;
                }
                let hearers = match line.way {
                    Way::Chat if line.tracked => shared.hearers(),
                    Way::Chat | Way::Im => 1,
                };
                voice.said(now, line, hearers, seat);
                self.tally.sent += 1;
            }
            silent &= voice.is_over(now, end);
        }
        self.voices = voices;
        seat.silent.store(silent, Ordering::Relaxed);
    }

    /// Sends one numbered message; `false` if the circuit has no room for it.
    fn say(&mut self, now: Timestamp, stamp: stamp::Stamp, voice: &Voice) -> bool {
        let text = stamp.to_text(voice.text_bytes());
        let session = self.shared.group.get().filter(|_| self.part.in_group);
        if let Some(&group) = session {
            let im = self.session_im(group, dialog::SESSION_SEND, text);
            return self.send(now, &im, true);
        }
        match voice.recipient() {
            None => {
                let mut chat = ChatFromViewer::default();
                chat.agent_data.agent_id = self.login.agent_id.0;
                chat.agent_data.session_id = self.login.session_id.0;
                chat.chat_data.message = text;
                chat.chat_data.type_ = SHOUT;
                self.send(now, &chat, true)
            }
            Some(to) => {
                let to = self.shared.seats.get(to).and_then(|seat| seat.agent.get().copied());
                let Some(to) = to else { return false };
                let mut im = ImprovedInstantMessage::default();
                im.agent_data.agent_id = self.login.agent_id.0;
                im.agent_data.session_id = self.login.session_id.0;
                im.message_block.to_agent_id = to.0;
                im.message_block.id = conversation(self.login.agent_id, to);
                im.message_block.from_agent_name = self.name();
                im.message_block.message = text;
                self.send(now, &im, true)
            }
        }
    }

    fn name(&self) -> Bytes {
        let account = self.shared.accounts.get(self.number);
        let name = account.map(|account| format!("{} {}", account.first, account.last));
        message::variable1(&name.unwrap_or_default())
    }

    fn walk(&mut self, now: Timestamp) {
        let Some(feet) = &mut self.feet else { return };
        let place = self.eyes.as_ref().and_then(Eyes::own_place).or(self.news.place);
        if let Some(facing) = place.and_then(|place| feet.step(now, place)) {
            let update = self.agent_update(facing, feet::FORWARD);
            self.send(now, &update, false);
        }
    }

    fn agent_update(&self, facing: message::Quaternion, flags: u32) -> AgentUpdate {
        let mut update = AgentUpdate::default();
        let data = &mut update.agent_data;
        data.agent_id = self.login.agent_id.0;
        data.session_id = self.login.session_id.0;
        data.body_rotation = facing;
        data.head_rotation = facing;
        let place = self.eyes.as_ref().and_then(Eyes::own_place).or(self.news.place);
        data.camera_center = place.unwrap_or_default();
        data.camera_at_axis = Vector3::new(1.0, 0.0, 0.0);
        data.camera_left_axis = Vector3::new(0.0, 1.0, 0.0);
        data.camera_up_axis = Vector3::new(0.0, 0.0, 1.0);
        data.far = DRAW_DISTANCE;
        data.control_flags = flags;
        update
    }

    fn look(&mut self, now: Timestamp) {
        let own = self.news.place;
        if let Some(eyes) = &mut self.eyes
            && let Some(view) = eyes.look(now, self.shared.start(), own)
        {
            let mut totals = self.shared.totals();
            totals.looks += 1;
            totals.known += view.known as u64;
            view.nearest.iter().for_each(|&age| totals.nearest.record_micros(age));
            view.all.iter().for_each(|&age| totals.all.record_micros(age));
        }
    }

    /// Queues a message; `false` if the circuit does not take it.
    fn send<M: Message>(&mut self, now: Timestamp, message: &M, reliable: bool) -> bool {
        match message::encode(message) {
            Ok(encoded) => self.send_encoded(now, encoded, reliable),
            Err(error) => {
                self.shared.totals().trouble("encode", &error.to_string(), 1);
                false
            }
        }
    }

    fn send_encoded(&mut self, now: Timestamp, message: Encoded, reliable: bool) -> bool {
        let id = message.id;
        let outgoing = Outgoing::new(message, reliable, Category::Unthrottled);
        let sent = self.circuit.send(now, outgoing).is_ok();
        if sent {
            self.tally.sent_by.count(id);
        }
        sent
    }

    fn transmit(&mut self, now: Timestamp) {
        while self.circuit.poll_transmit(now, &mut self.out) {
            // What the kernel does not take counts as lost on the way: the circuit repeats it.
            if let Err(error) = self.socket.try_send(&self.out)
                && error.kind() == ErrorKind::ConnectionRefused
            {
                self.note_refusal();
            }
        }
    }

    /// Adds what was counted to the totals, twice a second and at the end.
    fn hand_in(&mut self, now: Timestamp, at_once: bool) {
        let due = self.tally_due.is_some_and(|at| at <= now);
        if due || at_once || self.tally.is_full() {
            self.shared.totals().take(&mut self.tally, &self.circuit.stats());
            self.tally_due = None;
        }
    }
}

/// Datagrams that are read before the others get their turn.
const BATCH: usize = 64;
/// How long counts are kept before they are handed in.
const HAND_IN: Duration = Duration::from_millis(500);
/// Pause of a speaker whose circuit is full.
const RETRY: Duration = Duration::from_millis(5);
/// Unacked packets with which a speaker waits.
const MAX_UNACKED: usize = 1024;
/// `ChatFromViewer.Type` that carries 100 m.
const SHOUT: u8 = 2;
/// What viewers ask for by default, metres.
const DRAW_DISTANCE: f32 = 128.0;
