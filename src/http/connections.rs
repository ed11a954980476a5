//! The connections of one listener: their number, their addresses, and which of them to close when
//! there are too many.
//!
//! A connection is idle while none of its requests is being processed: before its first request is
//! complete, and between requests. Idle connections are closed in favour of new ones; busy ones
//! never are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many connections a listener keeps open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub most: usize,
    /// From one address; as many as in all for no such limit.
    pub per_address: usize,
}

/// The connections of one listener; shared.
#[derive(Debug)]
pub struct Connections {
    /// Its name in metrics.
    listener: &'static str,
    limits: ConnectionLimits,
    table: Mutex<Table>,
    /// Told when a place may have become free, while somebody waits for one.
    freed: Notify,
    /// Whether a newcomer would get a place now.
    taking: AtomicBool,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// Counts how often a connection became idle: the clock by which one is idler than another.
    tick: u64,
    open: HashMap<u64, Entry>,
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    /// Requests that are being worked on.
    at_work: usize,
    idle_since: u64,
    cut: CancellationToken,
}

#[derive(Debug, Default)]
struct Address {
    open: usize,
    /// Its idle connections by the tick at which they became so.
    idle: BTreeMap<u64, u64>,
}

/// Why a newcomer gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoPlace {
    /// Its address has its share, all at work.
    Address,
    /// All connections are at work.
    All,
}

impl Connections {
    /// None yet, for the listener of that name.
    pub fn new(listener: &'static str, limits: ConnectionLimits) -> Arc<Self> {
        let most = limits.most.max(1);
        let per_address = limits.per_address.clamp(1, most);
        Arc::new(Self {
            listener,
            limits: ConnectionLimits { most, per_address },
            table: Mutex::default(),
            freed: Notify::new(),
            taking: AtomicBool::new(true),
        })
    }

    /// Whether a newcomer would get a place now.
    pub fn is_taking(&self) -> bool {
        self.taking.load(Ordering::Acquire)
    }

    /// A place for a newcomer from `address`; somebody idle may lose one for it. Waits while all
    /// are at work; none if those of its own address are as many as it may have.
    pub(super) async fn place(self: &Arc<Self>, address: IpAddr) -> Option<Arc<Place>> {
        loop {
            match self.admit(address) {
                Ok(place) => {
                    self.taking.store(true, Ordering::Release);
                    return Some(Arc::new(place));
                }
                Err(NoPlace::Address) => {
                    self.count("holm_http_connections_refused_total", "address_share");
                    return None;
                }
                Err(NoPlace::All) => {}
            }
            // Looked again after this is said, since a place may have become free before.
            self.taking.store(false, Ordering::Release);
            if self.has_room() {
                continue;
            }
            self.freed.notified().await;
        }
    }

    /// Cuts off the connection that is least missed; for when the process has no descriptor left.
    /// Whether there was an idle one.
    pub(super) fn shed(&self) -> bool {
        self.taking.store(false, Ordering::Release);
        let mut table = self.table();
        let victim = table.idlest();
        if let Some(victim) = victim {
            self.cut(&mut table, victim, "no_descriptors");
        }
        victim.is_some()
    }

    fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, NoPlace> {
        let address = address.to_canonical();
        let mut table = self.table();
        let ConnectionLimits { most, per_address } = self.limits;
        let held = table.addresses.get(&address);
        if per_address < most && held.is_some_and(|held| held.open >= per_address) {
            let own = held.and_then(|held| held.idle.first_key_value());
            let victim = own.map(|(_, &id)| id).ok_or(NoPlace::Address)?;
            self.cut(&mut table, victim, "address_share");
        } else if table.open.len() >= most {
            let victim = table.idlest().ok_or(NoPlace::All)?;
            self.cut(&mut table, victim, "full");
        }
        let cut = CancellationToken::new();
        let id = table.add(address, cut.clone());
        self.show(&table);
        Ok(Place { connections: Arc::clone(self), id, cut })
    }

    fn has_room(&self) -> bool {
        let table = self.table();
        table.open.len() < self.limits.most || table.idlest().is_some()
    }

    fn cut(&self, table: &mut Table, id: u64, reason: &'static str) {
        if let Some(entry) = table.remove(id) {
            entry.cut.cancel();
            self.count("holm_http_connections_shed_total", reason);
        }
    }

    fn count(&self, counter: &'static str, reason: &'static str) {
        metrics::counter!(counter, "listener" => self.listener, "reason" => reason).increment(1);
    }

    fn show(&self, table: &Table) {
        metrics::gauge!("holm_http_connections", "listener" => self.listener)
            .set(table.open.len() as f64);
    }

    /// To be called when a connection has ended or become idle.
    fn notify_freed(&self) {
        if !self.is_taking() {
            self.freed.notify_one();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, address: IpAddr, cut: CancellationToken) -> u64 {
        let id = self.next;
        self.next += 1;
        self.open.insert(id, Entry { address, at_work: 0, idle_since: 0, cut });
        self.addresses.entry(address).or_default().open += 1;
        self.set_idle(id);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.open.remove(&id)?;
        if let Some(held) = self.addresses.get_mut(&entry.address) {
            held.open -= 1;
            held.idle.remove(&entry.idle_since);
            if held.open == 0 {
                self.addresses.remove(&entry.address);
            }
        }
        Some(entry)
    }

    /// The connection that has been idle for longest, of the address that has the most idle ones:
    /// who opens many loses them first.
    fn idlest(&self) -> Option<u64> {
        let idle = self.addresses.values().map(|held| &held.idle);
        let idle = idle.filter_map(|idle| Some((idle.len(), idle.first_key_value()?)));
        idle.max_by_key(|(count, (tick, _))| (*count, Reverse(**tick))).map(|(_, (_, &id))| id)
    }

    fn set_idle(&mut self, id: u64) {
        self.tick += 1;
        let Some(entry) = self.open.get_mut(&id) else { return };
        entry.idle_since = self.tick;
        if let Some(held) = self.addresses.get_mut(&entry.address) {
            held.idle.insert(self.tick, id);
        }
    }

    fn set_busy(&mut self, id: u64) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        if let Some(held) = self.addresses.get_mut(&entry.address) {
            held.idle.remove(&entry.idle_since);
        }
    }
}

/// An open connection's place; free again when the last of its holders is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    cut: CancellationToken,
}

impl Place {
    /// Completes when the connection must give way.
    pub(super) async fn lost(&self) {
        self.cut.cancelled().await;
    }

    /// The connection is at work for as long as this is held.
    pub(super) fn work(self: &Arc<Self>) -> Work {
        let mut table = self.connections.table();
        if let Some(entry) = table.open.get_mut(&self.id) {
            entry.at_work += 1;
            table.set_busy(self.id);
        }
        Work(Arc::clone(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        // One that was cut off has none any more.
        if table.remove(self.id).is_some() {
            self.connections.show(&table);
            drop(table);
            self.connections.notify_freed();
        }
    }
}

/// One request at work, from its head to the end of its response.
#[derive(Debug)]
pub(super) struct Work(Arc<Place>);

impl Drop for Work {
    fn drop(&mut self) {
        let Place { connections, id, .. } = &*self.0;
        let mut table = connections.table();
        let Some(entry) = table.open.get_mut(id) else { return };
        entry.at_work -= 1;
        if entry.at_work == 0 {
            table.set_idle(*id);
            drop(table);
            connections.notify_freed();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn connections(most: usize, per_address: usize) -> Arc<Connections> {
        Connections::new("test", ConnectionLimits { most, per_address })
    }

    fn taken(connections: &Arc<Connections>, last: u8) -> Arc<Place> {
        Arc::new(connections.admit(host(last)).unwrap())
    }

    #[test]
    fn the_idlest_of_who_has_most_gives_way() {
        let all = connections(4, 3);
        let old = taken(&all, 1);
        let many: Vec<_> = (0..3).map(|_| taken(&all, 2)).collect();
        let worked = many[0].work();
        drop(worked);
        let _new = taken(&all, 3);
        assert!(!old.cut.is_cancelled(), "the oldest, but the only one of its address");
        let lost: Vec<_> = many.iter().map(|place| place.cut.is_cancelled()).collect();
        assert_eq!(lost, [false, true, false], "the first became idle later");
        assert_eq!(all.table().open.len(), 4);
    }

    #[test]
    fn an_address_at_its_share_loses_its_own() {
        let all = connections(8, 2);
        let other = taken(&all, 1);
        let (one, two) = (taken(&all, 2), taken(&all, 2));
        let _three = taken(&all, 2);
        assert!(one.cut.is_cancelled() && !two.cut.is_cancelled() && !other.cut.is_cancelled());
    }

    #[test]
    fn busy_connection_never_gives_way() {
        let all = connections(4, 2);
        let places = [taken(&all, 1), taken(&all, 1), taken(&all, 2), taken(&all, 2)];
        let works: Vec<_> = places.iter().map(Place::work).collect();
        assert_eq!(all.admit(host(1)).unwrap_err(), NoPlace::Address);
        assert_eq!(all.admit(host(3)).unwrap_err(), NoPlace::All);
        assert!(!all.shed());
        assert!(places.iter().all(|place| !place.cut.is_cancelled()));
        drop(works);
        let _new = taken(&all, 3);
        assert!(places[0].cut.is_cancelled());
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_work_to_end() {
        let all = connections(1, 1);
        let first = all.place(host(1)).await.unwrap();
        let work = first.work();
        let waiting = tokio::spawn({
            let all = all.clone();
            async move { all.place(host(2)).await.is_some() }
        });
        while all.is_taking() {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished());
        drop(work);
        assert!(waiting.await.unwrap());
        assert!(first.cut.is_cancelled() && all.is_taking());
    }

    proptest! {
        #[test]
        fn the_books_agree_whatever_happens(
            steps in prop::collection::vec((0u8..4, 0u8..4, 0usize..8), 1..200),
        ) {
            let all = connections(6, 3);
            let (mut places, mut works) = (Vec::new(), Vec::new());
            for (what, address, which) in steps {
                match what {
                    0 | 1 => places.extend(all.admit(host(address)).ok().map(Arc::new)),
                    2 if !places.is_empty() => works.push(places[which % places.len()].work()),
                    3 if which % 2 == 0 && !places.is_empty() => {
                        drop(places.swap_remove(which % places.len()));
                    }
                    _ => drop(works.pop()),
                }
                let table = all.table();
                let open: usize = table.addresses.values().map(|held| held.open).sum();
                let idle: usize = table.addresses.values().map(|held| held.idle.len()).sum();
                let resting = table.open.values().filter(|entry| entry.at_work == 0).count();
                prop_assert_eq!((open, idle), (table.open.len(), resting));
                prop_assert!(open <= 6);
                prop_assert!(table.addresses.values().all(|held| held.open <= 3 && held.open > 0));
            }
            drop((places, works));
            prop_assert!(all.table().open.is_empty() && all.table().addresses.is_empty());
        }
    }
}
