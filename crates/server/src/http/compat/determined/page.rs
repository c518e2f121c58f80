//! A part of a list, as this wire asks for it: by offset, from the end too, and the whole list when nobody says.

use serde::Serialize;

use super::super::query::{Query, refused};
use crate::authority::Error;

/// Which part of a list was answered.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    offset: i64,
    limit: i64,
    start_index: i64,
    end_index: i64,
    total: i64,
}

/// The part of these items that the query asks for.
pub(super) fn of<T>(items: Vec<T>, query: &Query) -> Result<(Vec<T>, Pagination), Error> {
    let pagination = pagination(items.len(), query.number("offset")?, query.number("limit")?)?;
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    let (start, length) =
        (count(pagination.start_index), count(pagination.end_index - pagination.start_index));
    Ok((items.into_iter().skip(start).take(length).collect(), pagination))
}

/// An offset below zero counts from the end; a limit of zero is none.
fn pagination(items: usize, offset: i64, limit: i64) -> Result<Pagination, Error> {
    let total = i64::try_from(items).unwrap_or(i64::MAX);
    let start_index = if offset < 0 { offset.saturating_add(total) } else { offset };
    if !(0..=total).contains(&start_index) {
        return Err(refused("offset", "lies outside the list"));
    }
    if limit < 0 {
        return Err(refused("limit", "is 0 or more"));
    }
    let end_index = if limit == 0 { total } else { start_index.saturating_add(limit).min(total) };
    Ok(Pagination { offset, limit, start_index, end_index, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(offset: i64, limit: i64, expected: Option<(i64, i64)>) {
        let found = pagination(5, offset, limit).ok().map(|page| (page.start_index, page.end_index));
        assert_eq!(found, expected, "offset {offset}, limit {limit} of 5");
    }

    #[test]
    fn a_part_lies_within_the_list() {
        for (offset, limit, expected) in [
            (0, 0, Some((0, 5))),
            (0, 2, Some((0, 2))),
            (2, 2, Some((2, 4))),
            (4, 2, Some((4, 5))),
            (5, 2, Some((5, 5))),
            (-1, 0, Some((4, 5))),
            (-5, 3, Some((0, 3))),
            (0, i64::MAX, Some((0, 5))),
            (5, i64::MAX, Some((5, 5))),
            (6, 0, None),
            (-6, 0, None),
            (i64::MIN, 0, None),
            (i64::MAX, i64::MAX, None),
            (0, -1, None),
        ] {
            check(offset, limit, expected);
        }
    }
}
