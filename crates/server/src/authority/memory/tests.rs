//! The rule of keeping, in every order in which readers, writers and questions can meet.

use std::sync::Arc;

use jeton_token::{IdKey, TokenId};

use super::kept::Kept;
use crate::limits::FEED_THINGS_MAX;
use crate::store::{Feed, Position, Thing, Underway};

/// How readers and writers use memory: as they do, or wrongly in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    AsItIs,
    /// What was read is kept whatever happened meanwhile.
    UnconditionalFill,
    /// The position is asked for after the store.
    LatePosition,
    /// What was read does not say what it was made from.
    NamelessFacts,
    /// A write is applied when its COMMIT has returned, and was not marked before.
    NothingMarked,
    /// A write is applied before its COMMIT is sent.
    AppliedEarly,
    /// A write whose COMMIT failed is forgotten.
    FailureForgotten,
}

/// Somebody who takes steps.
#[derive(Clone, Debug)]
enum Actor {
    Reader { step: usize, since: Position, read: u32 },
    Writer { step: usize, fails: Failure },
}

/// What comes of a COMMIT that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    None,
    /// It says that it failed, and did.
    Reported,
    /// It says that it failed, and took effect.
    Misreported,
}

const READER: Actor = Actor::Reader { step: 0, since: Position::START, read: 0 };
const STEPS: usize = 3;

fn writer(fails: Failure) -> Actor {
    Actor::Writer { step: 0, fails }
}

fn thing(n: u64) -> Thing {
    Thing::Token(TokenId(IdKey::new(&[0; 32]).mint(n, 0)))
}

/// One order of all steps, as far as it went.
struct World {
    rule: Rule,
    feed: Feed,
    kept: Kept<(), u32>,
    /// What the store says.
    stored: u32,
    underway: Vec<Option<Underway>>,
}

impl World {
    fn new(rule: Rule, actors: usize) -> Self {
        let underway = (0..actors).map(|_| None).collect();
        Self { rule, feed: Feed::default(), kept: Kept::new(2), stored: 0, underway }
    }

    fn step(&mut self, at: usize, actor: &mut Actor) {
        match actor {
            Actor::Reader { step, since, read } => {
                self.read(*step, since, read);
                *step += 1;
            }
            Actor::Writer { step, fails } => {
                self.write(at, *step, *fails);
                *step += 1;
            }
        }
    }

    fn read(&self, step: usize, since: &mut Position, read: &mut u32) {
        let late = self.rule == Rule::LatePosition;
        match step {
            0 if late => *read = self.stored,
            0 => *since = self.feed.position(),
            1 if late => *since = self.feed.position(),
            1 => *read = self.stored,
            _ => {
                let since = if self.rule == Rule::UnconditionalFill { self.feed.position() } else { *since };
                let names = if self.rule == Rule::NamelessFacts { vec![] } else { vec![thing(1), thing(2)] };
                self.kept.keep(&self.feed, (), Arc::new(*read), since, names.into());
            }
        }
    }

    fn write(&mut self, at: usize, step: usize, fails: Failure) {
        match (step, self.rule) {
            (0, Rule::NothingMarked) => {}
            (0, Rule::AppliedEarly) => self.feed.note(&[thing(1)]),
            (0, _) => self.underway[at] = Some(self.feed.begin(vec![thing(1)])),
            (1, _) if fails == Failure::Reported => {}
            (1, _) => self.stored += 1,
            (_, Rule::NothingMarked) => self.feed.note(&[thing(1)]),
            (_, Rule::AppliedEarly) => {}
            (_, Rule::FailureForgotten) if fails != Failure::None => {
                // As if it had never been marked.
                self.underway[at].take().unwrap().forget();
            }
            (_, _) => self.underway[at].take().unwrap().applied(),
        }
    }

    fn answer(&self) -> Option<u32> {
        self.kept.get(&self.feed, &()).map(|value| *value)
    }
}

/// Runs one order of steps; each number says whose turn it is. Answers what is wrong.
fn run(rule: Rule, actors: &[Actor], order: &[usize]) -> Result<(), String> {
    let mut world = World::new(rule, actors.len());
    let mut actors = actors.to_vec();
    for (so_far, at) in order.iter().enumerate() {
        world.step(*at, &mut actors[*at]);
        let told = world.answer();
        let done = &order[..=so_far];
        if let Some(told) = told.filter(|told| *told != world.stored) {
            return Err(format!("after {done:?} memory says {told}, the store {}", world.stored));
        }
    }
    // Whoever comes now is remembered: the rule is not merely to remember nothing.
    let mut last = READER;
    (0..STEPS).for_each(|_| world.step(0, &mut last));
    let told = world.answer();
    if told == Some(world.stored) { Ok(()) } else { Err(format!("after {order:?} memory says {told:?}")) }
}

/// Runs every order in which the actors can take their steps. Answers how many there are, or the first that is wrong.
fn run_all(rule: Rule, actors: &[Actor]) -> Result<usize, String> {
    fn go(
        rule: Rule,
        actors: &[Actor],
        left: &mut Vec<usize>,
        order: &mut Vec<usize>,
    ) -> Result<usize, String> {
        if left.iter().all(|left| *left == 0) {
            return run(rule, actors, order).map(|()| 1);
        }
        let mut orders = 0;
        for at in 0..actors.len() {
            if left[at] > 0 {
                left[at] -= 1;
                order.push(at);
                orders += go(rule, actors, left, order)?;
                order.pop();
                left[at] += 1;
            }
        }
        Ok(orders)
    }
    go(rule, actors, &mut vec![STEPS; actors.len()], &mut Vec::new())
}

fn stages() -> Vec<Vec<Actor>> {
    vec![
        vec![READER, writer(Failure::None)],
        vec![READER, READER, writer(Failure::None)],
        vec![READER, writer(Failure::None), writer(Failure::None)],
        vec![READER, READER, writer(Failure::Misreported)],
        vec![READER, writer(Failure::Reported), writer(Failure::Misreported)],
    ]
}

#[test]
fn what_memory_answers_is_what_the_store_says_in_every_order_of_steps() {
    let orders = stages().iter().map(|actors| run_all(Rule::AsItIs, actors).unwrap()).collect::<Vec<_>>();
    assert_eq!(orders, [20, 1680, 1680, 1680, 1680]);
}

#[test]
fn every_wrong_rule_is_caught() {
    for rule in [
        Rule::UnconditionalFill,
        Rule::LatePosition,
        Rule::NamelessFacts,
        Rule::NothingMarked,
        Rule::AppliedEarly,
        Rule::FailureForgotten,
    ] {
        let caught: Vec<_> = stages().iter().filter_map(|actors| run_all(rule, actors).err()).collect();
        assert!(!caught.is_empty(), "{rule:?} is as good as the right one");
    }
}

#[test]
fn a_fill_that_began_before_what_the_feed_has_forgotten_is_dropped() {
    let (feed, kept) = (Feed::default(), Kept::new(4));
    let since = feed.position();
    let names: Box<[Thing]> = [thing(1)].into();
    kept.keep(&feed, (), Arc::new(1), since, names.clone());
    assert!(kept.get(&feed, &()).is_some());
    for other in (2..).take(FEED_THINGS_MAX + 1) {
        feed.note(&[thing(other)]);
    }
    assert!(kept.get(&feed, &()).is_none(), "nobody can tell whether it holds");
    kept.keep(&feed, (), Arc::new(2), since, names.clone());
    assert!(kept.get(&feed, &()).is_none());
    kept.keep(&feed, (), Arc::new(3), feed.position(), names);
    assert_eq!(kept.get(&feed, &()).as_deref(), Some(&3));
}

#[test]
fn what_a_write_touched_that_was_never_seen_to_its_end_is_not_answered_again() {
    let (feed, kept) = (Feed::default(), Kept::new(4));
    let keep = |n| kept.keep(&feed, n, Arc::new(n), feed.position(), [thing(n)].into());
    keep(1);
    keep(2);
    drop(feed.begin(vec![thing(1)]));
    keep(1);
    assert_eq!((kept.get(&feed, &1), kept.get(&feed, &2).as_deref()), (None, Some(&2)));
}

#[test]
fn memory_is_bounded_and_what_is_asked_for_stays() {
    let (feed, kept) = (Feed::default(), Kept::new(8));
    for n in 0..200 {
        kept.keep(&feed, n, Arc::new(n), feed.position(), [thing(n)].into());
        assert!(kept.len() <= 8, "{} entries", kept.len());
        assert_eq!(kept.get(&feed, &0).as_deref(), Some(&0));
    }
    assert!(kept.get(&feed, &1).is_none());
    let heavy = Kept::weighed(8, |n: &usize| *n);
    for n in [1, 2, 3, 1, 4, 5, 1, 1] {
        heavy.keep(&feed, n, Arc::new(n), feed.position(), [].into());
        assert_eq!(heavy.get(&feed, &n).is_some(), n <= 4, "what is larger than a half is not kept");
    }
    let nothing = Kept::new(0);
    nothing.keep(&feed, 1, Arc::new(1), feed.position(), [].into());
    assert!(nothing.get(&feed, &1).is_none());
}
