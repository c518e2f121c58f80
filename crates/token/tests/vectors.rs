//! The published vectors of `docs/vectors/`, every case of them.
//!
//! They were computed by a second implementation, so agreement here is agreement of two readings of the rules. All
//! cases run before a test fails, and it lists every one that differs.

#[cfg(test)]
mod vectors {
    mod authorization;
    mod scope_match;
    mod token_text;

    use std::fmt::Debug;
    use std::path::Path;

    use serde::de::DeserializeOwned;

    /// What differs from the file, one line for each case.
    #[derive(Default)]
    pub(crate) struct Differences(Vec<String>);

    impl Differences {
        /// Compares what the file says with what the crate does.
        pub(crate) fn compare<T: Debug + PartialEq>(&mut self, case: impl Debug, expected: &T, found: &T) {
            if expected != found {
                self.0.push(format!("{case:?}: expected {expected:?}, found {found:?}"));
            }
        }

        /// Fails with every difference.
        pub(crate) fn assert_none(self) {
            assert!(self.0.is_empty(), "{} cases differ:\n{}", self.0.len(), self.0.join("\n"));
        }
    }

    pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    pub(crate) fn unhex<const N: usize>(hex: &str) -> [u8; N] {
        let pair = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
        assert_eq!(hex.len(), 2 * N, "{hex}");
        std::array::from_fn(pair)
    }

    pub(crate) fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }
}
