//! The order of a list of tokens: by a column, and among equals by number. What a token does not have sorts last.

use std::cmp::Ordering;
use std::str::FromStr;

use super::super::query::Query;
use crate::authority::Error;
use crate::store::TokenRecord;

/// The column.
#[derive(Clone, Copy, Default)]
enum By {
    #[default]
    Number,
    Owner,
    Expiry,
    CreatedAt,
    /// All tokens on this wire are of one type.
    Type,
    Revoked,
    Description,
}

#[derive(Clone, Copy, Default)]
enum Direction {
    #[default]
    Ascending,
    Descending,
}

/// No such word.
struct Unknown;

impl FromStr for By {
    type Err = Unknown;

    fn from_str(word: &str) -> Result<Self, Unknown> {
        match word {
            "SORT_BY_UNSPECIFIED" => Ok(Self::Number),
            "SORT_BY_USER_ID" => Ok(Self::Owner),
            "SORT_BY_EXPIRY" => Ok(Self::Expiry),
            "SORT_BY_CREATED_AT" => Ok(Self::CreatedAt),
            "SORT_BY_TOKEN_TYPE" => Ok(Self::Type),
            "SORT_BY_REVOKED" => Ok(Self::Revoked),
            "SORT_BY_DESCRIPTION" => Ok(Self::Description),
            _ => Err(Unknown),
        }
    }
}

impl FromStr for Direction {
    type Err = Unknown;

    fn from_str(word: &str) -> Result<Self, Unknown> {
        match word {
            "ORDER_BY_UNSPECIFIED" | "ORDER_BY_ASC" => Ok(Self::Ascending),
            "ORDER_BY_DESC" => Ok(Self::Descending),
            _ => Err(Unknown),
        }
    }
}

/// Sorts tokens as the query asks.
pub(super) fn tokens<T>(
    tokens: &mut [T],
    query: &Query,
    record: impl Fn(&T) -> &TokenRecord,
) -> Result<(), Error> {
    let (by, direction): (By, Direction) = (query.word("sortBy")?, query.word("orderBy")?);
    tokens.sort_by(|a, b| {
        let (a, b) = (record(a), record(b));
        let order = match direction {
            Direction::Ascending => by.compare(a, b),
            Direction::Descending => by.compare(b, a),
        };
        order.then(a.number.cmp(&b.number))
    });
    Ok(())
}

impl By {
    fn compare(self, a: &TokenRecord, b: &TokenRecord) -> Ordering {
        match self {
            Self::Number => a.number.cmp(&b.number),
            Self::Owner => a.owner_number.cmp(&b.owner_number),
            Self::Expiry => a.expiry.cmp(&b.expiry),
            Self::CreatedAt => a.created_at.cmp(&b.created_at),
            Self::Type => Ordering::Equal,
            Self::Revoked => a.revoked_at.is_some().cmp(&b.revoked_at.is_some()),
            Self::Description => {
                let key = |token: &TokenRecord| (token.description.is_none(), token.description.clone());
                key(a).cmp(&key(b))
            }
        }
    }
}
