//! What takes long in a run: each step, the build of the tests, and each group of tests.
//!
//! The test harness says when a test has ended and not how long it took. The time since the line before goes to the group
//! of the test that has ended, so that the groups add up to the whole; of two tests at once the one that ends later gets
//! what is left.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::stopwatch::{Stopwatch, seconds};

/// How many are shown.
const SHOWN: usize = 10;
const BUILD: &str = "building the tests";
/// Folders of a test that say on what it runs, and not what it is about.
const NO_GROUP: [&str; 3] = ["on_sqlite", "on_postgres", "tests"];

/// The time that each part took so far.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    took: BTreeMap<String, Duration>,
    since: Option<Stopwatch>,
}

impl Parts {
    /// Adds time to a part.
    pub(crate) fn add(&mut self, part: &str, took: Duration) {
        *self.took.entry(part.to_owned()).or_default() += took;
    }

    /// The tests begin: what is built before the first line of the harness counts as a part.
    pub(crate) fn begin_tests(&mut self) {
        self.since = Some(Stopwatch::start());
    }

    /// Takes in one line of the harness.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(part) = part(line) else { return };
        if let Some(since) = self.since.replace(Stopwatch::start()) {
            self.add(&part, since.elapsed());
        }
    }

    /// The slowest, slowest first, as lines.
    pub(crate) fn slowest(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.took.iter().collect();
        parts.sort_by(|(_, one), (_, other)| other.cmp(one));
        let lines = parts.into_iter().take(SHOWN);
        lines.map(|(part, took)| format!("{:>9}   {part}", seconds(*took))).collect()
    }
}

/// What the time up to this line went to.
fn part(line: &str) -> Option<String> {
    if line.starts_with("running ") {
        return Some(BUILD.to_owned());
    }
    let (name, _) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (folders, _) = name.rsplit_once("::").unwrap_or((name, ""));
    let folders: Vec<_> = folders.split("::").filter(|folder| !NO_GROUP.contains(folder)).take(2).collect();
    Some(format!("tests of {}", folders.join("::")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_belongs_to_its_folder_and_file() {
        for (line, expected) in [
            ("running 12 tests", Some(BUILD)),
            ("test rights::given::on_sqlite::nobody_gives_more ... ok", Some("tests of rights::given")),
            ("test sessions::on_postgres::it_ends ... FAILED", Some("tests of sessions")),
            ("test summary::tests::good_news_is_short ... ok", Some("tests of summary")),
            ("test a_test_at_the_top ... ok", Some("tests of a_test_at_the_top")),
            ("test rights::given::slow has been running for over 60 seconds", None),
            ("test result: ok. 3 passed; 0 failed", None),
        ] {
            assert_eq!(part(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn only_the_slowest_are_shown_and_the_slowest_first() {
        let mut parts = Parts::default();
        for n in 1..=12 {
            parts.add(&format!("part {n}"), Duration::from_secs(n));
        }
        parts.add("part 1", Duration::from_secs(100));
        let slowest = parts.slowest();
        assert_eq!(slowest.len(), SHOWN);
        assert_eq!(slowest[0], "  101.0 s   part 1");
        assert_eq!(slowest[1], "   12.0 s   part 12");
    }
}
