//! Who is connected, and who has to go when there is no room: a new connection never waits behind silent ones.
//!
//! A server that is full closes a connection of the share that has most, and of these the one for which it has had
//! nothing to do for longest. So one address that opens connections without end takes places from itself only.
//!
//! INVARIANT: a connection whose request is being worked on is never closed for another. A request that waits for the rest
//! of itself, or for its turn, is not being worked on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use super::pace::Pace;
use super::share::Share;
use super::turn::Turn;
use crate::limits::{
    CLOSED_LOOKS_MAX, CLOSED_SHARES_MAX, CONNECTIONS_LOGGED_EACH, PROXIES_WEIGHT, UNPACED_CONNECTIONS_MAX,
};

/// All connections.
pub(super) struct Crowd {
    places: usize,
    trusted: Arc<[IpNet]>,
    table: Mutex<Table>,
}

/// A connection's place; it is free again when this is dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    share: Share,
    turn: Arc<Turn>,
    pace: Arc<Pace>,
}

/// The connections of one share.
#[derive(Default)]
struct Members {
    /// By their numbers.
    turns: BTreeMap<u64, Arc<Turn>>,
    pace: Arc<Pace>,
}

#[derive(Default)]
struct Table {
    /// Numbers are given in the order in which connections came, or were last found to be used.
    next: u64,
    taken: usize,
    shares: HashMap<Share, Members>,
    /// The same shares by size.
    sizes: BTreeSet<(usize, Share)>,
    closed: u64,
}

impl Crowd {
    pub(super) fn new(places: usize, trusted: Arc<[IpNet]>) -> Arc<Self> {
        Arc::new(Self { places, trusted, table: Mutex::default() })
    }

    /// A place for a connection from there. `None` when there is none, and nobody who could go.
    pub(super) fn place(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let (share, turn) = (Share::of(peer, &self.trusted), Arc::new(Turn::default()));
        let mut table = self.table();
        if table.taken >= self.places && !table.make_room(share) {
            return None;
        }
        let pace = table.add(share, Arc::clone(&turn));
        drop(table);
        Some(Place { crowd: Arc::clone(self), share, turn, pace })
    }

    /// Closes an idle connection of who has most, for whatever needs a file.
    pub(super) fn relieve(&self) {
        let mut table = self.table();
        let largest = table.sizes.last().map(|(_, share)| *share);
        largest.map(|share| table.close_one_of(share));
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn turn(&self) -> &Arc<Turn> {
        &self.turn
    }
}

impl Place {
    pub(super) fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.crowd.table();
        table.remove(self.share, self.turn.number());
    }
}

impl Table {
    fn add(&mut self, share: Share, turn: Arc<Turn>) -> Arc<Pace> {
        self.next += 1;
        turn.set_number(self.next);
        self.taken += 1;
        let number = self.next;
        self.change(share, |turns| _ = turns.insert(number, turn))
    }

    /// Takes a connection out, unless it was closed for another and is out already.
    fn remove(&mut self, share: Share, number: u64) {
        let mut was_in = false;
        self.change(share, |turns| was_in = turns.remove(&number).is_some());
        self.taken -= usize::from(was_in);
    }

    /// Changes a share, and keeps its size known.
    fn change(&mut self, share: Share, change: impl FnOnce(&mut BTreeMap<u64, Arc<Turn>>)) -> Arc<Pace> {
        let Members { turns, pace } = self.shares.entry(share).or_default();
        self.sizes.remove(&(weighted(share, turns.len()), share));
        change(turns);
        let (size, pace) = (weighted(share, turns.len()), Arc::clone(pace));
        pace.set_crowded(size > UNPACED_CONNECTIONS_MAX * PROXIES_WEIGHT);
        if size == 0 {
            self.shares.remove(&share);
        } else {
            self.sizes.insert((size, share));
        }
        pace
    }

    /// Closes a connection of one of the largest shares, none of which is smaller than the newcomer's.
    fn make_room(&mut self, newcomer: Share) -> bool {
        let own = self.shares.get(&newcomer).map_or(0, |members| members.turns.len());
        let smallest = (weighted(newcomer, own), newcomer);
        let largest = self.sizes.iter().rev().take(CLOSED_SHARES_MAX);
        let largest: Vec<_> = largest.take_while(|size| size.0 >= smallest.0).map(|size| size.1).collect();
        largest.into_iter().any(|share| self.close_one_of(share))
    }

    /// Closes the connection of this share for which there has been nothing to do for longest. One that asked for
    /// something since it was looked at last gets a second chance.
    fn close_one_of(&mut self, share: Share) -> bool {
        for look in 0..CLOSED_LOOKS_MAX {
            let Some(turn) = self.take_oldest(share) else { return false };
            let has_second_chance = look < CLOSED_LOOKS_MAX / 2;
            if turn.is_working() || (turn.has_asked_lately() && has_second_chance) {
                self.add(share, turn);
                continue;
            }
            turn.close();
            self.say_closed(share);
            return true;
        }
        false
    }

    fn take_oldest(&mut self, share: Share) -> Option<Arc<Turn>> {
        let mut oldest = None;
        self.change(share, |turns| oldest = turns.pop_first());
        oldest.map(|(_, turn)| {
            self.taken -= 1;
            turn
        })
    }

    /// Tells the operator, and not for each of thousands.
    fn say_closed(&mut self, share: Share) {
        if self.closed.is_multiple_of(CONNECTIONS_LOGGED_EACH) {
            let places = self.taken + 1;
            tracing::warn!(
                places,
                ?share,
                "all places for connections are taken: idle ones of who has most are closed"
            );
        }
        self.closed += 1;
    }
}

/// A network of proxies may have as many connections as so many clients.
fn weighted(share: Share, connections: usize) -> usize {
    match share {
        Share::Origin(_) => connections * PROXIES_WEIGHT,
        Share::Proxies(_) => connections,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::super::lanes::{Lane, Lanes};
    use super::{Crowd, Place};

    fn crowd(trusted: &[&str]) -> Arc<Crowd> {
        Crowd::new(8, trusted.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn places(crowd: &Arc<Crowd>, from: &str, count: usize) -> Vec<Place> {
        let from: IpAddr = from.parse().unwrap();
        (0..count).map(|_| crowd.place(from).unwrap()).collect()
    }

    fn closed(places: &[Place]) -> usize {
        places.iter().filter(|place| place.turn().is_closed()).count()
    }

    #[test]
    fn who_has_most_loses_the_oldest() {
        let crowd = crowd(&[]);
        let few = places(&crowd, "192.0.2.1", 2);
        let many = places(&crowd, "192.0.2.2", 6);
        let new = places(&crowd, "192.0.2.3", 2);
        assert_eq!((closed(&few), closed(&many), closed(&new)), (0, 2, 0));
        assert!(many[0].turn().is_closed() && many[1].turn().is_closed());
        let more = places(&crowd, "192.0.2.2", 3);
        assert_eq!((closed(&few), closed(&many), closed(&more)), (0, 5, 0), "it takes from itself only");
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let crowd = crowd(&[]);
        let other = places(&crowd, "2001:db8:0:2::1", 2);
        let mut household = vec![];
        for at in 1..=9 {
            household.extend(places(&crowd, &format!("2001:db8:0:1::{at}"), 1));
        }
        assert_eq!((closed(&other), closed(&household)), (0, 3));
        let mapped = places(&crowd, "::ffff:192.0.2.1", 1);
        assert_eq!((closed(&household), closed(&mapped)), (4, 0));
    }

    #[test]
    fn a_trusted_proxy_may_have_more() {
        let crowd = crowd(&["192.0.2.0/24"]);
        let proxies = places(&crowd, "192.0.2.1", 5);
        let client = places(&crowd, "198.51.100.1", 3);
        let _new = places(&crowd, "198.51.100.2", 1);
        assert_eq!((closed(&proxies), closed(&client)), (0, 1));
    }

    #[test]
    fn nobody_who_is_worked_for_is_closed() {
        let crowd = crowd(&[]);
        let busy = places(&crowd, "192.0.2.1", 8);
        for place in &busy {
            place.turn().begin();
        }
        assert!(crowd.place("192.0.2.2".parse().unwrap()).is_none());
        busy[5].turn().end();
        assert!(crowd.place("192.0.2.2".parse().unwrap()).is_some());
        assert!(busy[5].turn().is_closed());
        drop(busy);
        assert_eq!(closed(&places(&crowd, "192.0.2.3", 8)), 0, "places are given back");
    }

    #[test]
    fn who_only_waits_in_a_lane_is_closed() {
        let (crowd, lanes) = (crowd(&[]), Lanes::new());
        let queue = || lanes.queue(Some([192, 0, 2, 1].into()).into(), Lane::Stranger);
        let _full: Vec<_> = std::iter::from_fn(|| queue().pass().now_or_never()).take(10_000).collect();
        let waiting = places(&crowd, "192.0.2.1", 8);
        let mut requests = vec![];
        for place in &waiting {
            place.turn().begin();
            let mut request = Box::pin(place.turn().enter(queue()));
            assert!((&mut request).now_or_never().is_none());
            requests.push(request);
        }
        let _new = places(&crowd, "192.0.2.2", 2);
        assert_eq!(closed(&waiting), 2);
    }

    #[test]
    fn who_asked_lately_has_a_second_chance() {
        let crowd = crowd(&[]);
        let all = places(&crowd, "192.0.2.1", 8);
        all[0].turn().begin();
        all[0].turn().end();
        let _new = places(&crowd, "192.0.2.2", 1);
        assert!(!all[0].turn().is_closed() && all[1].turn().is_closed());
    }
}
