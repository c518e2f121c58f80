//! The table of leases by itself, and a verifier and a writer that meet in it at random.

use jeton_token::{ApiId, IdKey, PrincipalId, TokenId};

use super::{Full, Leases, Tail, VerifierId};
use crate::clock::Moment;
use crate::limits::{
    DRIFT_MS, LAPSED_MS, LEASE_MS, TOLD_CHANGES_MAX, TOLD_THINGS_MAX, VERIFIER_MS_KEPT, VERIFIERS_MAX,
    VERIFIERS_OF_API_MAX,
};
use crate::store::feed::{Feed, News, Position, Settled, Thing};

const OURS: VerifierId = VerifierId([1; 16]);
const HELD_MS: u64 = LEASE_MS + DRIFT_MS;

fn api(n: u64) -> ApiId {
    ApiId(IdKey::new(&[0; 32]).mint(n, 0))
}

fn token(n: u64) -> Thing {
    Thing::Token(TokenId(IdKey::new(&[0; 32]).mint(n, 0)))
}

/// One verifier that is known and was told everything up to a position, with a lease.
fn leased(position: u64, now: Moment) -> Leases {
    let mut leases = Leases::default();
    leases.admit(OURS, api(1), Position(position), now).unwrap();
    assert!(leases.tell(OURS, Position(position), true, now));
    leases
}

#[test]
fn a_change_waits_for_whoever_has_a_lease_and_does_not_know_of_it() {
    let now = Moment::now();
    assert_eq!(Leases::default().holds_up(Position(6), now), None);
    let mut leases = leased(5, now);
    let end = now.plus_ms(HELD_MS);
    assert_eq!(leases.holds_up(Position(6), now), Some(end));
    assert_eq!(leases.holds_up(Position(5), now), None, "what it was told with its lease");
    assert_eq!(leases.holds_up(Position(6), end), None, "its lease has run out");

    // The answer that tells of the change has a lease, too, and nobody has that without the change.
    let later = now.plus_ms(300);
    assert!(leases.tell(OURS, Position(6), true, later));
    assert_eq!(leases.holds_up(Position(6), later), Some(end));
    assert_eq!(leases.holds_up(Position(7), later), Some(later.plus_ms(HELD_MS)));
    assert!(leases.confirm(OURS, api(1), Position(6), later));
    assert_eq!(leases.holds_up(Position(6), later), None);
    assert_eq!(leases.holds_up(Position(7), later), Some(later.plus_ms(HELD_MS)));
}

#[test]
fn only_what_a_verifier_was_told_can_be_confirmed_and_only_by_its_own_api() {
    let now = Moment::now();
    let mut leases = leased(5, now);
    for (verifier, of, applied) in
        [(OURS, api(1), 6), (OURS, api(1), 4), (OURS, api(2), 5), (VerifierId([2; 16]), api(1), 5)]
    {
        assert!(!leases.confirm(verifier, of, Position(applied), now));
    }
    assert!(leases.confirm(OURS, api(1), Position(5), now));
    // An answer without a lease tells something all the same.
    assert!(!leases.tell(OURS, Position(9), false, now));
    assert!(leases.confirm(OURS, api(1), Position(9), now));
}

#[test]
fn whoever_confirms_nothing_gets_no_more_leases_and_holds_up_no_longer() {
    let now = Moment::now();
    let mut leases = leased(5, now);
    // The first of these is told with a lease, for all that was told before is applied.
    for n in 1..20 {
        let is_leased = leases.tell(OURS, Position(5 + n), true, now.plus_ms(100 * n));
        assert_eq!(is_leased, n == 1, "{n}");
        assert!(leases.confirm(OURS, api(1), Position(5), now.plus_ms(100 * n)));
    }
    let (first, last) = (now.plus_ms(HELD_MS), now.plus_ms(HELD_MS + 100));
    assert_eq!(leases.holds_up(Position(6), now.plus_ms(2000)), Some(first));
    assert_eq!(leases.holds_up(Position(7), now.plus_ms(2000)), Some(last));
    assert_eq!(leases.holds_up(Position(7), last), None);
}

#[test]
fn there_is_room_for_so_many_verifiers_and_for_fewer_of_one_api() {
    let now = Moment::now();
    let mut leases = Leases::default();
    let id = |n: usize| VerifierId(u128::try_from(n).unwrap().to_be_bytes());
    for n in 0..VERIFIERS_OF_API_MAX {
        leases.admit(id(n), api(1), Position(0), now).unwrap();
    }
    assert_eq!(leases.admit(OURS, api(1), Position(0), now), Err(Full));
    for n in VERIFIERS_OF_API_MAX..VERIFIERS_MAX {
        leases.admit(id(n), api(u64::try_from(n).unwrap()), Position(0), now).unwrap();
    }
    assert_eq!(leases.admit(OURS, api(2), Position(0), now), Err(Full));
    let later = now.plus_ms(VERIFIER_MS_KEPT + 1);
    assert_eq!(leases.admit(OURS, api(1), Position(0), later), Ok(()), "the others have gone");
}

#[test]
fn an_api_whose_verifier_let_a_change_wait_to_the_end_gets_no_other_for_a_while() {
    let now = Moment::now();
    let mut leases = leased(5, now);
    let other = VerifierId([2; 16]);
    leases.admit(other, api(2), Position(5), now).unwrap();
    let lapsed = now.plus_ms(HELD_MS);
    assert_eq!(leases.holds_up(Position(6), lapsed), None);
    leases.end_lapsed(Position(6), now, lapsed);
    assert!(!leases.confirm(OURS, api(1), Position(5), lapsed), "it is not known any more");
    assert_eq!(leases.admit(OURS, api(1), Position(6), lapsed), Err(Full));
    assert!(leases.confirm(other, api(2), Position(5), lapsed), "it had no lease, and nobody waited for it");
    assert_eq!(leases.admit(OURS, api(1), Position(6), lapsed.plus_ms(LAPSED_MS)), Ok(()));
}

#[test]
fn the_others_of_such_an_api_go_without_leases_for_as_long() {
    let now = Moment::now();
    let mut leases = leased(5, now);
    let other = VerifierId([2; 16]);
    leases.admit(other, api(1), Position(5), now).unwrap();
    let lapsed = now.plus_ms(HELD_MS);
    leases.end_lapsed(Position(6), now, lapsed);
    assert!(!leases.tell(other, Position(6), true, lapsed));
    assert!(leases.confirm(other, api(1), Position(6), lapsed));
    assert!(leases.tell(other, Position(6), true, lapsed.plus_ms(LAPSED_MS)));
}

#[test]
fn after_a_restart_everybody_may_still_have_a_lease() {
    let now = Moment::now();
    let mut leases = Leases::default();
    leases.hold_back(now.plus_ms(HELD_MS));
    assert_eq!(leases.holds_up(Position(1), now), Some(now.plus_ms(HELD_MS)));
    assert_eq!(leases.holds_up(Position(1), now.plus_ms(HELD_MS)), None);
}

#[test]
fn changes_are_told_in_their_order_as_far_as_they_are_remembered_and_have_names() {
    let mut tail = Tail::default();
    let last = u64::try_from(TOLD_CHANGES_MAX).unwrap();
    for n in 1..=last {
        tail.push(Position(n), &[token(n)]);
    }
    let all: Vec<_> = (1..=last).map(token).collect();
    assert_eq!(tail.after(Position(0)), News::Things(all));
    assert_eq!(tail.after(Position(last)), News::Things(vec![]));
    tail.push(Position(last + 1), &[token(1), token(2)]);
    assert_eq!(tail.after(Position(0)), News::Everything, "it is too far behind");
    assert_eq!(tail.after(Position(last)), News::Things(vec![token(1), token(2)]));
    for thing in [Thing::Rights, Thing::Apis, Thing::Places] {
        let mut tail = Tail::default();
        tail.push(Position(1), &[token(1), thing]);
        assert_eq!(tail.after(Position(0)), News::Everything, "{thing:?}");
        assert_eq!(tail.after(Position(1)), News::Things(vec![]));
        tail.clear(Position(7));
        assert_eq!(
            (tail.after(Position(6)), tail.after(Position(7))),
            (News::Everything, News::Things(vec![]))
        );
    }
    let mut tail = Tail::default();
    let many: Vec<_> = (0..=u64::try_from(TOLD_THINGS_MAX).unwrap()).map(token).collect();
    tail.push(Position(1), &many);
    assert_eq!(tail.after(Position(0)), News::Everything, "there are too many");
}

/// How server and verifier keep leases: as they do, or wrongly in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    AsItIs,
    /// What was answered counts as known.
    ToldIsConfirmed,
    /// A verifier counts its lease from when it was answered.
    CountedFromTheAnswer,
    /// A verifier takes the lease, and what has changed a little later.
    LeaseFirst,
    /// The server counts no longer than a lease from when it was asked, which takes its time.
    CountedFromArrival,
    /// A lease that is granted is noted at the position after it.
    NotedLate,
}

/// One verifier, one server and the way between them, where everything takes its time and answers may be lost.
struct World {
    rule: Rule,
    leases: Leases,
    start: Moment,
    now: u64,
    position: u64,
    /// What the verifier has applied, and until when it has a lease by its own count.
    applied: u64,
    lease_end: u64,
    /// A request on its way or held: when it was asked, what it confirms, and when it arrived.
    asked: Option<(u64, u64, Option<u64>)>,
    /// An answer on its way: when that was asked, where it leads, and whether it carries a lease.
    answer: Option<(u64, u64, bool)>,
    /// What the verifier has yet to apply.
    late: Option<u64>,
    random: u64,
}

impl World {
    fn new(rule: Rule, seed: u64) -> Self {
        let start = Moment::now();
        let mut leases = Leases::default();
        leases.admit(OURS, api(1), Position(0), start).unwrap();
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            rule,
            leases,
            start,
            now: 0,
            position: 0,
            applied: 0,
            lease_end: 0,
            asked: None,
            answer: None,
            late: None,
            random,
        }
    }

    fn any(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn moment(&self) -> Moment {
        self.start.plus_ms(self.now)
    }

    fn step(&mut self) {
        self.now += [0, 1, 40, 400, 1500, 2300][usize::try_from(self.any(6)).unwrap()];
        self.applied = self.late.take().unwrap_or(self.applied);
        match self.any(6) {
            0 => self.position += 1,
            1 if self.asked.is_none() && self.answer.is_none() => {
                self.asked = Some((self.now, self.applied, None));
            }
            2 | 3 => self.serve(),
            4 => self.receive(),
            5 if self.any(4) == 0 => (self.asked, self.answer) = (None, None),
            _ => {}
        }
    }

    fn serve(&mut self) {
        let now = self.moment();
        match self.asked.take() {
            Some((asked, applied, None)) => {
                let is_known = self.leases.confirm(OURS, api(1), Position(applied), now);
                assert!(is_known || self.rule != Rule::AsItIs);
                self.asked = Some((asked, applied, Some(self.now)));
            }
            Some((asked, _, Some(arrived))) => {
                let counted = if self.rule == Rule::CountedFromArrival {
                    self.start.plus_ms(arrived.saturating_sub(DRIFT_MS + 500))
                } else {
                    now
                };
                let noted = self.position + u64::from(self.rule == Rule::NotedLate);
                let leased = self.leases.tell(OURS, Position(noted), true, counted);
                if self.rule == Rule::ToldIsConfirmed {
                    self.leases.confirm(OURS, api(1), Position(self.position), now);
                }
                self.answer = Some((asked, self.position, leased));
            }
            None => {}
        }
    }

    fn receive(&mut self) {
        let Some((asked, position, leased)) = self.answer.take() else { return };
        let from = if self.rule == Rule::CountedFromTheAnswer { self.now } else { asked };
        if leased {
            self.lease_end = self.lease_end.max(from + LEASE_MS);
        }
        match self.rule {
            Rule::LeaseFirst => self.late = Some(position),
            _ => self.applied = position,
        }
    }

    /// Whether a change of which somebody may have been told that it is done is not known to the verifier.
    fn fault(&self) -> Option<u64> {
        let is_done = |change: &u64| self.leases.holds_up(Position(*change), self.moment()).is_none();
        let may_answer = self.now < self.lease_end;
        (self.applied + 1..=self.position).find(is_done).filter(|_| may_answer)
    }
}

/// The first of many random histories that is wrong.
fn faulty(rule: Rule) -> Option<u64> {
    (1..=3000).find(|seed| {
        let mut world = World::new(rule, *seed);
        (0..60).any(|_| {
            world.step();
            world.fault().is_some()
        })
    })
}

#[test]
fn nobody_with_a_lease_misses_what_somebody_was_told_is_done() {
    assert_eq!(faulty(Rule::AsItIs), None);
}

#[test]
fn every_wrong_way_to_keep_leases_is_caught() {
    for rule in [
        Rule::ToldIsConfirmed,
        Rule::CountedFromTheAnswer,
        Rule::LeaseFirst,
        Rule::CountedFromArrival,
        Rule::NotedLate,
    ] {
        assert!(faulty(rule).is_some(), "{rule:?} is as good as the right one");
    }
}

#[tokio::test]
async fn whoever_waits_is_let_go_when_all_know_and_not_before_a_commit_has_returned() {
    let feed = Feed::default();
    assert_eq!(feed.settled().await, Settled::AtOnce);
    feed.admit(OURS, api(1)).unwrap();
    let told = feed.tell(OURS, Position(0), Position(0), &[]).unwrap();
    assert!(told.leased && told.news == News::Things(vec![]));
    let underway = feed.begin(vec![token(1)]);
    let waiting = tokio::spawn({
        let feed = feed.clone();
        async move { feed.settled().await }
    });
    tokio::task::yield_now().await;
    underway.applied();
    feed.moved_on(Position(0), std::time::Duration::from_mins(1)).await;
    let told = feed.tell(OURS, Position(0), feed.position(), &[]).unwrap();
    assert_eq!(told.news, News::Things(vec![token(1)]));
    assert!(feed.confirm(OURS, api(1), told.position));
    assert_eq!(waiting.await.unwrap(), Settled::Confirmed);
}

#[tokio::test]
async fn there_is_no_lease_for_a_credential_that_has_changed() {
    let feed = Feed::default();
    let credential = [token(7), Thing::Principal(PrincipalId(api(1).0))];
    feed.admit(OURS, api(1)).unwrap();
    let start = feed.position();
    let is_leased = |since| {
        let told = feed.tell(OURS, start, since, &credential).unwrap();
        assert!(feed.confirm(OURS, api(1), told.position));
        told.leased
    };
    assert!(is_leased(start));
    feed.note(&[token(7)]);
    assert!(!is_leased(start));
    assert!(is_leased(feed.position()));
    let underway = feed.begin(vec![token(7)]);
    assert!(!is_leased(feed.position()), "it is being changed");
    drop(underway);
    assert!(!is_leased(feed.position()), "and nobody knows how");
}
