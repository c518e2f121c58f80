//! Counts tests as Cargo runs them, from the lines that the test harness prints.

/// What the harness has told so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// The names of the tests that failed.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    /// Takes in one line of output; most lines say nothing to count.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.read_result(result);
        } else if let Some(name) = failed_test(line) {
            self.failures.push(name.to_owned());
        }
    }

    /// A run that failed without any failed test did not get as far as testing: that counts as one failure.
    pub(crate) fn conclude(&mut self, succeeded: bool) {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
    }

    fn read_result(&mut self, result: &str) {
        self.passed += count(result, "passed");
        self.failed += count(result, "failed");
        self.ignored += count(result, "ignored");
    }
}

/// The number before a word in `ok. 3 passed; 0 failed; 1 ignored; …`.
fn count(result: &str, word: &str) -> u64 {
    let words: Vec<&str> = result.split([' ', ';']).filter(|part| !part.is_empty()).collect();
    let number = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(_, next)| **next == word)
        .map(|(number, _)| number.parse());
    number.and_then(Result::ok).unwrap_or(0)
}

fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        tally
    }

    #[test]
    fn results_of_all_test_programs_are_added() {
        let tally = tally(&[
            "running 3 tests",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 40 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ]);
        let failures = vec!["a::c".to_owned()];
        assert_eq!(tally, Tally { passed: 42, failed: 1, ignored: 2, failures });
    }

    #[test]
    fn a_test_that_prints_such_words_is_not_counted() {
        assert_eq!(tally(&["the test result: ok. 3 passed; 0 failed"]), Tally::default());
    }

    #[test]
    fn a_run_that_did_not_compile_is_one_failure() {
        let mut nothing_ran = Tally::default();
        nothing_ran.conclude(false);
        assert_eq!(nothing_ran.failed, 1);
    }

    #[test]
    fn failed_tests_are_not_counted_twice() {
        let mut one_failed = tally(&["test result: FAILED. 2 passed; 1 failed; 0 ignored"]);
        one_failed.conclude(false);
        assert_eq!(one_failed.failed, 1);
    }
}
