//! Tables for people. Every cell is made safe here, so that no caller can forget it.

use std::io::IsTerminal;

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, presets};
use jeton_api::Timestamp;

use crate::escape::safe;

/// One line of [`details`]: a label and the lines beside it.
pub(crate) type Detail = (&'static str, Vec<String>);

/// Label and values below each other; details without a value are left out. Never wrapped.
pub(crate) fn details(rows: impl IntoIterator<Item = Detail>) -> String {
    let mut table = bare();
    for (label, values) in rows.into_iter().filter(|(_, values)| !values.is_empty()) {
        table.add_row([Cell::new(label), Cell::new(lines(&values))]);
    }
    render(&table)
}

/// A cell of [`list`].
pub(crate) enum Field {
    /// A single value.
    One(String),
    /// Several values: each on its own line in a terminal, all on one line in a pipe.
    Many(Vec<String>),
}

impl From<String> for Field {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl From<&str> for Field {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<&[String]> for Field {
    fn from(values: &[String]) -> Self {
        Self::Many(values.to_vec())
    }
}

/// Rows below a header. In a terminal wide cells are wrapped, but never those of the first column; in a pipe
/// every row is one line of its full width. No rows, no text.
pub(crate) fn list<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [Field; N]>) -> String {
    let wraps = std::io::stdout().is_terminal();
    let mut table = bare();
    table.set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|field| Cell::new(cell(field, if wraps { "\n" } else { " " }))));
    }
    if table.is_empty() {
        return String::new();
    }
    if wraps {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    render(&table)
}

/// One value, or none.
pub(crate) fn one(value: impl Into<String>) -> Vec<String> {
    vec![value.into()]
}

/// A moment to the minute, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn bare() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn cell(field: &Field, between: &str) -> String {
    match field {
        Field::One(value) => safe(value).into_owned(),
        Field::Many(values) => values.iter().map(|value| safe(value)).collect::<Vec<_>>().join(between),
    }
}

fn lines(values: &[String]) -> String {
    values.iter().map(|value| safe(value)).collect::<Vec<_>>().join("\n")
}

/// Without the padding at both ends.
fn render(table: &Table) -> String {
    let text = table.trim_fmt();
    let line = |line: &str| line.strip_prefix(' ').unwrap_or(line).to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_leave_out_what_is_not_known() {
        let rows =
            [("name", one("a")), ("description", vec![]), ("scopes", vec!["A.*".into(), "B.C".into()])];
        assert_eq!(details(rows), "name    a\nscopes  A.*\n        B.C");
    }

    #[test]
    fn cells_are_safe() {
        let row = ["a\u{1b}[31m".into(), "b\nc".into()];
        assert_eq!(list(["NAME", "NOTE"], [row]), "NAME         NOTE\na\\u{1b}[31m  b\\nc");
    }

    #[test]
    fn an_empty_list_has_no_header() {
        assert_eq!(list(["NAME"], []), "");
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(moment("2026-11-22T02:49:31.5+01:00".parse().unwrap()), "2026-11-22 01:49 UTC");
    }
}
