use jeton_token::{Id, OrganizationId, Timestamp};

use super::*;
use crate::metrics::Told;

fn id(number: u128) -> Id {
    Id::from_bits((0x0193_5000_0000_7000_8000_0000_0000_0000_u128) + number).unwrap()
}

fn usage() -> Usage {
    Usage::new(Arc::default())
}

fn add(usage: &Usage, token: u128, scope: Option<&Scope>, at: i64, outcome: Outcome) {
    usage.add(&Use { token: TokenId(id(token)), at: Timestamp(at), scope, place: None, outcome, count: 1 });
}

fn scope(name: &str) -> Scope {
    name.parse().unwrap()
}

fn dropped(usage: &Usage) -> u64 {
    let text = usage.metrics.text(true, Told::default());
    let line = text.lines().find_map(|line| line.strip_prefix("jeton_token_uses_dropped_total "));
    line.unwrap().parse().unwrap()
}

#[test]
fn the_same_is_counted_in_one_count_and_anything_else_in_another() {
    let (usage, read, create) = (usage(), scope("Taskurai.Task.Read"), scope("Taskurai.Task.Create"));
    for _ in 0..3 {
        add(&usage, 1, Some(&read), 5, Outcome::Allowed(None));
    }
    add(&usage, 1, Some(&read), 6, Outcome::LacksScope);
    add(&usage, 1, Some(&create), 7, Outcome::Allowed(None));
    add(&usage, 1, None, 8, Outcome::Allowed(None));
    add(&usage, 1, Some(&read), DAY_MS, Outcome::Allowed(None));
    let at = OrganizationId(id(9));
    let elsewhere = Use {
        token: TokenId(id(1)),
        at: Timestamp(9),
        scope: Some(&read),
        place: Some(Place::Organization(at)),
        outcome: Outcome::Allowed(None),
        count: 1,
    };
    usage.add(&elsewhere);
    let taken = usage.take();
    let [(whose, uses)] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(*whose, TokenId(id(1)));
    let counts: Vec<_> = uses.counts.iter().map(|count| (count.day, count.allowed, count.refused)).collect();
    assert_eq!(counts, [(0, 3, 1), (0, 1, 0), (0, 1, 0), (1, 1, 0), (0, 1, 0)]);
    assert_eq!(uses.last, Some(LastUse { at: Timestamp(DAY_MS), from: None }));
}

#[test]
fn a_refusal_makes_no_token_look_used() {
    let usage = usage();
    add(&usage, 1, Some(&scope("Taskurai.Task.Read")), 5, Outcome::LacksScope);
    assert_eq!(usage.take()[0].1.last, None);
}

#[test]
fn what_could_not_be_written_is_kept_and_added_to_what_came_meanwhile() {
    let usage = usage();
    add(&usage, 1, None, 5, Outcome::Allowed(None));
    add(&usage, 2, None, 5, Outcome::Allowed(None));
    let taken = usage.take();
    add(&usage, 2, None, 7, Outcome::Allowed(None));
    usage.written(&taken[1..]);
    let again = usage.take();
    let [(whose, kept)] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!(*whose, TokenId(id(2)));
    assert_eq!((kept.counts.len(), kept.counts[0].allowed), (1, 2));
    assert_eq!(kept.last.unwrap().at, Timestamp(7));
    assert_eq!(dropped(&usage), 0);
}

#[test]
fn one_token_fills_no_room_but_its_own_and_what_finds_none_is_counted() {
    let usage = usage();
    let beyond = 10;
    for number in 0..USE_COUNTS_OF_TOKEN_MAX + beyond {
        let scope = scope(&format!("Taskurai.Task{number}.Read"));
        add(&usage, 1, Some(&scope), i64::try_from(number).unwrap(), Outcome::Allowed(None));
    }
    assert_eq!(dropped(&usage), u64::try_from(beyond).unwrap());
    let (_, kept) = &usage.take()[0];
    let last = i64::try_from(USE_COUNTS_OF_TOKEN_MAX + beyond - 1).unwrap();
    assert_eq!((kept.counts.len(), kept.last.unwrap().at), (USE_COUNTS_OF_TOKEN_MAX, Timestamp(last)));
}

#[test]
fn there_is_room_for_so_many_tokens_and_not_for_one_more() {
    let usage = usage();
    for token in 0..=u128::try_from(USED_TOKENS_MAX).unwrap() {
        add(&usage, token, None, 5, Outcome::Allowed(None));
    }
    assert_eq!(dropped(&usage), 1);
    let taken = usage.take();
    assert_eq!(taken.len(), USED_TOKENS_MAX);
    assert!(taken.is_sorted_by_key(|(token, _)| *token), "two nodes write in one order");
}
