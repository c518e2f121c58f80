//! What was answered about a token and when, and an exact check whether that fits a revocation.
//!
//! A token is there, is active, and is inactive for good. So whether a history of answers fits can be told without a
//! search: no active verify begins after a revocation was answered; no inactive one ends before a revocation was sent;
//! and at one node no active one begins after an inactive one has ended. A node is whoever answers from one memory.

use std::time::Instant;

/// A verify: who answered, when it began and ended, and what it said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verify {
    pub(crate) node: usize,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) active: bool,
}

/// A revocation: when it was sent and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revocation {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
}

/// What is wrong with a history.
pub(crate) fn fault(verifies: &[Verify], revocation: Revocation) -> Option<&'static str> {
    let first_inactive = |node: usize| {
        verifies
            .iter()
            .filter(|verify| verify.node == node && !verify.active)
            .map(|verify| verify.ended)
            .min()
    };
    let nodes = verifies.iter().map(|verify| verify.node).max().map_or(0, |last| last + 1);
    let ends: Vec<_> = (0..nodes).map(first_inactive).collect();
    let is_late = |verify: &Verify| ends[verify.node].is_some_and(|ended| verify.began > ended);
    if verifies.iter().any(|verify| verify.active && verify.began > revocation.answered) {
        Some("an active verify began after the revocation was answered")
    } else if ends.iter().flatten().any(|ended| *ended < revocation.sent) {
        Some("an inactive verify ended before a revocation was sent")
    } else if verifies.iter().any(|verify| verify.active && is_late(verify)) {
        Some("an active verify began after an inactive one had ended")
    } else {
        None
    }
}

#[expect(clippy::disallowed_methods, reason = "a history is told by the clock of whoever asks")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The checker itself: each of its three rules finds what it is about, and nothing else.
#[test]
fn the_checker_finds_each_kind_of_fault() {
    let start = now();
    let at = |ms| start + std::time::Duration::from_millis(ms);
    let of = |node, from, to, active| Verify { node, began: at(from), ended: at(to), active };
    let verify = |from, to, active| of(0, from, to, active);
    let revocation = Revocation { sent: at(10), answered: at(20) };
    let rows = [
        (vec![], None),
        (vec![verify(0, 9, true), verify(5, 15, true), verify(12, 30, true), verify(19, 25, false)], None),
        (vec![verify(11, 12, false), verify(9, 30, true)], None),
        (vec![of(1, 11, 12, false), of(0, 13, 14, true), of(2, 15, 16, true)], None),
        (vec![verify(21, 22, true)], Some("an active verify began after the revocation was answered")),
        (vec![of(3, 21, 22, true)], Some("an active verify began after the revocation was answered")),
        (vec![verify(1, 9, false)], Some("an inactive verify ended before a revocation was sent")),
        (
            vec![verify(11, 12, false), verify(13, 14, true)],
            Some("an active verify began after an inactive one had ended"),
        ),
        (
            vec![of(2, 11, 12, false), of(1, 11, 12, true), of(2, 13, 14, true)],
            Some("an active verify began after an inactive one had ended"),
        ),
    ];
    for (verifies, expected) in rows {
        assert_eq!(fault(&verifies, revocation), expected, "{verifies:?}");
    }
}
