//! What one agent sees of the others, and how old that state is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use bytes::Bytes;

use super::super::tally::micros;
use crate::ids::AgentId;
use crate::message::{self, KillObject, ObjectUpdate, Vector3};
use crate::time::Timestamp;

/// The avatars that an agent knows, by their numbers in the region.
#[derive(Debug)]
pub(super) struct Eyes {
    own: Option<u32>,
    own_place: Option<Vector3>,
    known: HashMap<u32, Known, BuildHasherDefault<NumberHasher>>,
    next: Option<Timestamp>,
    phase: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    at: Timestamp,
    place: Vector3,
    moving: bool,
}

/// Ages of what is known of moving avatars, in microseconds.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Of the 20 nearest.
    pub nearest: Vec<u32>,
    /// Of all.
    pub all: Vec<u32>,
    /// Others that are known, moving or not.
    pub known: usize,
}

impl Eyes {
    /// Eyes of agent `number`, which look at another moment than those of others.
    pub fn new(number: usize) -> Self {
        let phase = Duration::from_millis(number as u64 * 37 % 1000);
        Self { own: None, own_place: None, known: HashMap::default(), next: None, phase }
    }

    /// Where the server last said that the agent itself is.
    pub fn own_place(&self) -> Option<Vector3> {
        self.own_place
    }

    /// Takes an `ImprovedTerseObjectUpdate`.
    pub fn terse(&mut self, now: Timestamp, body: &[u8]) {
        // RegionHandle, TimeDilation; then a count of Data (Variable 1), TextureEntry (Variable 2).
        let Some((&count, mut rest)) = body.get(10..).and_then(<[u8]>::split_first) else { return };
        for _ in 0..count {
            let Some((&length, tail)) = rest.split_first() else { return };
            let Some((data, tail)) = tail.split_at_checked(usize::from(length)) else { return };
            let Some((skip, tail)) = tail.split_first_chunk::<2>() else { return };
            rest = tail.get(usize::from(u16::from_le_bytes(*skip))..).unwrap_or_default();
            if let Some((local_id, place, moving)) = terse_data(data) {
                self.see(now, local_id, place, moving);
            }
        }
    }

    /// Takes an `ObjectUpdate`; `own` is the agent's own id.
    pub fn full(&mut self, now: Timestamp, own: AgentId, body: &Bytes) {
        let Ok(update) = message::decode::<ObjectUpdate>(body) else { return };
        for object in update.object_data.iter().filter(|object| object.p_code == AVATAR) {
            if object.full_id == own.0 {
                self.own = Some(object.id);
                self.known.remove(&object.id);
            }
            if let Some((place, moving)) = full_data(&object.object_data) {
                self.see(now, object.id, place, moving);
            }
        }
    }

    /// Takes a `KillObject`.
    pub fn gone(&mut self, body: &Bytes) {
        let Ok(kill) = message::decode::<KillObject>(body) else { return };
        for object in kill.object_data {
            self.known.remove(&object.id);
        }
    }

    /// Looks around, once a second from `start` on, if it is time; `place` is where the agent is if
    /// its own avatar was not seen.
    pub fn look(
        &mut self,
        now: Timestamp,
        start: Timestamp,
        place: Option<Vector3>,
    ) -> Option<View> {
        // In the first second what is known is older than the scenario.
        let due = *self.next.get_or_insert(start + EVERY + self.phase);
        if now < due {
            return None;
        }
        self.next = Some(due.max(now - EVERY) + EVERY);
        let here = self.own_place.or(place)?;
        let mut ages: Vec<(f32, u32)> = self
            .known
            .values()
            .filter(|known| known.moving)
            .map(|known| (distance(known.place, here), micros(now.since(known.at))))
            .collect();
        let all = ages.iter().map(|&(_, age)| age).collect();
        if ages.len() > NEAREST {
            ages.select_nth_unstable_by(NEAREST, |(a, _), (b, _)| a.total_cmp(b));
            ages.truncate(NEAREST);
        }
        let nearest = ages.iter().map(|&(_, age)| age).collect();
        Some(View { nearest, all, known: self.known.len() })
    }

    /// When it looks next, once it has begun.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next
    }

    fn see(&mut self, at: Timestamp, local_id: u32, place: Vector3, moving: bool) {
        if self.own == Some(local_id) {
            self.own_place = Some(place);
        } else if self.known.len() < MAX_KNOWN || self.known.contains_key(&local_id) {
            self.known.insert(local_id, Known { at, place, moving });
        }
    }
}

/// LocalID, State, Avatar, CollisionPlane, Position, Velocity as three U16 around zero, …
fn terse_data(data: &[u8]) -> Option<(u32, Vector3, bool)> {
    let local_id = u32::from_le_bytes(*data.first_chunk()?);
    if data.get(5) != Some(&1) {
        return None;
    }
    let place = vector(data.get(22..34)?)?;
    let velocity = data.get(34..40)?;
    // The packed zero is one of the two middle values.
    let still = |pair: &[u8]| matches!(pair, [0xFF, 0x7F] | [0, 0x80]);
    Some((local_id, place, !velocity.chunks_exact(2).all(still)))
}

/// CollisionPlane, Position, Velocity, …, as floats.
fn full_data(data: &[u8]) -> Option<(Vector3, bool)> {
    let velocity = vector(data.get(28..40)?)?;
    Some((vector(data.get(16..28)?)?, velocity != Vector3::default()))
}

fn vector(bytes: &[u8]) -> Option<Vector3> {
    let (x, rest) = bytes.split_first_chunk()?;
    let (y, rest) = rest.split_first_chunk()?;
    let z = rest.first_chunk()?;
    let [x, y, z] = [x, y, z].map(|part| f32::from_le_bytes(*part));
    (x.is_finite() && y.is_finite() && z.is_finite()).then(|| Vector3::new(x, y, z))
}

fn distance(a: Vector3, b: Vector3) -> f32 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2) + (a.z - b.z).powi(2)
}

/// Numbers that a server gives out one after the other need no strong hash; the map is bounded.
#[derive(Debug, Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(self.0 as u32 ^ u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Avatars that count as near.
const NEAREST: usize = 20;
/// Avatars that are kept; no region holds as many.
const MAX_KNOWN: usize = 8192;
/// `ObjectUpdate.ObjectData.PCode` of an avatar.
const AVATAR: u8 = 47;

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use uuid::Uuid;

    use super::*;
    use crate::message::{
        ImprovedTerseObjectUpdate, ImprovedTerseObjectUpdateObjectData, KillObjectObjectData,
        Message, ObjectUpdateObjectData,
    };

    const OWN: AgentId = AgentId(Uuid::from_u128(7));

    fn body<M: Message>(message: &M) -> Bytes {
        let encoded = message::encode(message).unwrap();
        let room = crate::message::header::MAX_DATAGRAM;
        let plain = if encoded.zerocoded {
            crate::message::zerocode::decode(&encoded.body, room).unwrap()
        } else {
            encoded.body
        };
        plain.slice(M::ID.wire_len()..)
    }

    fn terse(avatars: &[(u32, f32, u16)]) -> Bytes {
        let mut update = ImprovedTerseObjectUpdate::default();
        for &(local_id, x, velocity) in avatars {
            let mut data = BytesMut::new();
            data.put_u32_le(local_id);
            data.put_slice(&[0, 1]);
            data.put_bytes(0, 16);
            for part in [x, 128.0, 22.0] {
                data.put_f32_le(part);
            }
            for part in [velocity, 32767, 32768] {
                data.put_u16_le(part);
            }
            data.put_bytes(0, 20);
            let entry = ImprovedTerseObjectUpdateObjectData {
                data: data.freeze(),
                texture_entry: Bytes::from_static(b"abc"),
            };
            update.object_data.push(entry);
        }
        body(&update)
    }

    fn full(local_id: u32, agent: AgentId) -> Bytes {
        let mut blob = vec![0; 76];
        blob[16..20].copy_from_slice(&100.0_f32.to_le_bytes());
        let mut update = ObjectUpdate::default();
        update.object_data.push(ObjectUpdateObjectData {
            id: local_id,
            full_id: agent.0,
            p_code: AVATAR,
            object_data: blob.into(),
            ..ObjectUpdateObjectData::default()
        });
        body(&update)
    }

    #[test]
    fn ages_are_those_of_the_nearest_that_move() {
        let mut eyes = Eyes::new(0);
        let at = Timestamp::from_millis;
        eyes.full(at(0), OWN, &full(1, OWN));
        assert_eq!(eyes.own_place().map(|place| place.x), Some(100.0));
        let others: Vec<_> = (0..30_u32).map(|n| (n + 2, 100.0 + n as f32, 40_000)).collect();
        for (number, other) in others.iter().enumerate() {
            eyes.terse(at(1000 + number as u64), &terse(&[*other]));
        }
        eyes.terse(at(1900), &terse(&[(99, 100.0, 32767), (1, 101.0, 40_000)]));
        assert_eq!(eyes.own_place().map(|place| place.x), Some(101.0));
        assert!(eyes.look(at(1999), at(1000), None).is_none());
        let mut view = eyes.look(at(2000), at(1000), None).expect("it is time");
        assert_eq!((view.all.len(), view.known), (30, 31));
        view.nearest.sort_unstable();
        // The nearest are the first 20, which are the oldest; the one who stands does not count.
        assert_eq!(view.nearest.len(), NEAREST);
        assert_eq!((view.nearest[0], view.nearest[19]), (981_000, 1_000_000));
        assert!(eyes.look(at(2500), at(1000), None).is_none());
    }

    #[test]
    fn departed_avatar_is_forgotten() {
        let mut eyes = Eyes::new(0);
        eyes.full(Timestamp::ZERO, OWN, &full(5, AgentId::NIL));
        assert_eq!(eyes.known.len(), 1);
        let kill = KillObject { object_data: vec![KillObjectObjectData { id: 5 }] };
        eyes.gone(&body(&kill));
        assert_eq!(eyes.known.len(), 0);
    }

    #[test]
    fn cut_and_strange_updates_do_no_harm() {
        let whole = terse(&[(2, 100.0, 40_000), (3, 100.0, 40_000)]);
        for end in 0..whole.len() {
            Eyes::new(0).terse(Timestamp::ZERO, &whole[..end]);
        }
        let mut eyes = Eyes::new(0);
        eyes.terse(Timestamp::ZERO, &terse(&[(2, f32::NAN, 40_000)]));
        assert!(eyes.known.is_empty());
        for number in 0..10_000 {
            eyes.terse(Timestamp::ZERO, &terse(&[(number, 1.0, 40_000)]));
        }
        assert_eq!(eyes.known.len(), MAX_KNOWN);
    }
}
