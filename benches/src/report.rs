//! The page of figures, `docs/benchmarks.md`.

use std::fmt::Write as _;

use crate::filling::Filling;
use crate::parts::Part;
use crate::row::{Row, Rows};

/// Says what was measured, in Markdown.
pub(crate) fn page(rows: &Rows, filling: &Filling, parts: &[Part], remembered: f64) -> String {
    let mut page = include_str!("introduction.md").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let _ = writeln!(page, "\nMeasured on {cores} cores, with {} tokens stored.\n", filling.tokens.len());
    page.push_str("## Over HTTP\n\n| request | µs of processor | × yardstick | goal | requests/s | × yardstick | p99 µs |\n|---|---|---|---|---|---|---|\n");
    for row in &rows.0 {
        let _ = writeln!(page, "{}", line(row, rows));
    }
    page.push_str("\n## Parts of a verify, in process\n\n| part | ns |\n|---|---|\n");
    for part in parts {
        let _ = writeln!(page, "| {} | {} |", part.name, part.ns);
    }
    let creates = filling.creates_per_second;
    let _ = writeln!(
        page,
        "\n## Beside these\n\n- Durable creates over HTTP, 32 clients on the same core as the server's load: {creates:.0} per second."
    );
    let _ = writeln!(page, "- Memory for each token that was asked about: {:.1} KiB.", remembered / 1024.0);
    page
}

fn line(row: &Row, rows: &Rows) -> String {
    let yardstick = rows.yardstick(row.beside).filter(|_| !row.is_yardstick());
    let cpu = yardstick.map(|other| row.cpu_us.over(&other.cpu_us));
    let rate = yardstick.map(|other| row.requests_per_second.over(&other.requests_per_second));
    let goal = row.goal.map_or(String::new(), |goal| {
        let verdict = if cpu.is_some_and(|cpu| cpu <= goal) { "met" } else { "missed" };
        format!("≤ {goal}: {verdict}")
    });
    let times = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    format!(
        "| {} | {} | {} | {goal} | {} | {} | {} |",
        row.name,
        row.cpu_us,
        times(cpu),
        row.requests_per_second,
        times(rate),
        row.p99_us,
    )
}
