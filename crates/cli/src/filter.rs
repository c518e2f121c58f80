//! Which tokens a list shows.

use clap::{Args, ValueEnum};
use jeton_api::TokenQuery;

use crate::duration::Days;

/// Which tokens
#[derive(Args, Debug)]
pub(crate) struct Filters {
    /// Only those in this state [default: active]
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,

    /// Only those that nobody has used for so many days, nor given a new value
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..))]
    unused_for_days: Option<i64>,

    /// Only those that end within so many days, such as `30d` or `4w`
    #[arg(long, value_name = "DAYS", visible_alias = "expiring")]
    expiring_in_days: Option<Days>,

    /// Only those that may do this, or some of it: a scope or a pattern
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

/// What a token is now
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Active,
    Expired,
    Revoked,
    Suspended,
    Pending,
    All,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Pending => "pending",
            Self::All => "all",
        }
    }
}

impl Filters {
    /// The query with what was asked for.
    pub(crate) fn narrow(self, query: TokenQuery) -> TokenQuery {
        TokenQuery {
            state: self.state.map(|state| state.word().to_owned()).or(query.state),
            unused_for_days: self.unused_for_days,
            expiring_in_days: self.expiring_in_days.map(|Days(days)| days),
            scope: self.scope,
            ..query
        }
    }
}
