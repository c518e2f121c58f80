//! The steps of `cargo xtask test`, in order, and how to repeat each by hand.

use crate::setup::Extent;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Setup,
    Formatting,
    Clippy,
    Rustdoc,
    Tidy,
    Postgres,
    Tests,
    Demo,
}

const ALL: [Step; 8] = [
    Step::Setup,
    Step::Formatting,
    Step::Clippy,
    Step::Rustdoc,
    Step::Tidy,
    Step::Postgres,
    Step::Tests,
    Step::Demo,
];

impl Step {
    /// The steps to take, in order.
    pub(crate) fn list(extent: Extent) -> Vec<Self> {
        ALL.into_iter().filter(|step| extent == Extent::Everything || !step.needs_other_programs()).collect()
    }

    /// Its name in headers and in the summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Formatting => "formatting",
            Self::Clippy => "clippy",
            Self::Rustdoc => "rustdoc",
            Self::Tidy => "tidy",
            Self::Postgres => "postgres",
            Self::Tests => "tests",
            Self::Demo => "demo",
        }
    }

    /// The command that repeats this step alone.
    pub(crate) fn repeat(self, extent: Extent) -> &'static str {
        match self {
            Self::Setup => "cargo xtask setup",
            Self::Formatting => "cargo fmt --all --check",
            Self::Clippy => "cargo clippy --workspace --all-targets -- -D warnings",
            Self::Rustdoc => {
                "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items"
            }
            Self::Tidy => "cargo xtask tidy",
            Self::Postgres => "cargo xtask postgres -- true",
            Self::Tests if extent == Extent::Quick => "JETON_TEST_QUICK=1 cargo test --workspace",
            Self::Tests => "cargo xtask postgres -- cargo test --workspace",
            Self::Demo => "cargo run -- demo --once",
        }
    }

    fn needs_other_programs(self) -> bool {
        matches!(self, Self::Setup | Self::Postgres | Self::Demo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_leaves_out_what_needs_other_programs() {
        let quick = [Step::Formatting, Step::Clippy, Step::Rustdoc, Step::Tidy, Step::Tests];
        assert_eq!(Step::list(Extent::Quick), quick);
        assert_eq!(Step::list(Extent::Everything), ALL);
    }
}
