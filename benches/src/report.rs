//! The page of figures, `docs/benchmarks.md`.

use std::fmt::Write as _;

use crate::filling::Filling;
use crate::jobs::Jobs;
use crate::parts::Part;
use crate::row::{Row, Rows};

/// All that was measured.
pub(crate) struct Measured<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) filling: &'a Filling,
    pub(crate) parts: &'a [Part],
    pub(crate) verifier: &'a [Part],
    pub(crate) jobs: &'a Jobs,
    /// Memory for each token that was asked about, in bytes.
    pub(crate) remembered: f64,
    /// How many rounds there were, and how long each was in seconds.
    pub(crate) extent: (usize, u32),
}

/// Says it in Markdown.
pub(crate) fn page(measured: &Measured<'_>) -> String {
    let Measured { rows, filling, parts, verifier, jobs, remembered, extent } = *measured;
    let mut page = include_str!("introduction.md").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (stored, (rounds, seconds)) = (filling.tokens.len(), extent);
    let _ = writeln!(
        page,
        "\nMeasured on {cores} cores, with {stored} tokens stored, in {rounds} rounds of {seconds} s.\n"
    );
    page.push_str("## Over HTTP\n\n| request | µs of processor | × yardstick | goal | requests/s | × yardstick | p99 µs |\n|---|---|---|---|---|---|---|\n");
    for row in &rows.0 {
        let _ = writeln!(page, "{}", line(row, rows));
    }
    section(&mut page, "Parts of a verify, in process", parts, |_| String::new());
    let floor: f64 = parts.iter().filter(|part| part.is_floor).map(|part| part.ns.median()).sum();
    section(&mut page, "`jeton-verify` under a lease, in process", verifier, |part| {
        let ratio = part.ns.median() / floor;
        format!("{ratio:.2} × the text's checksum and the keyed digest")
    });
    of_jobs(&mut page, jobs);
    let (creates, kib) = (filling.creates_per_second, remembered / 1024.0);
    let _ = writeln!(page, "\n## Besides\n");
    let _ = writeln!(page, "- Durable creates over HTTP with 32 clients: {creates:.0} per second.");
    let _ = writeln!(page, "- Memory of the server for each token that was asked about: {kib:.1} KiB.");
    page
}

fn of_jobs(page: &mut String, jobs: &Jobs) {
    let [(start, start_99), (end, end_99)] = jobs.quantiles();
    let _ = writeln!(page, "\n## Jobs\n");
    let _ = writeln!(
        page,
        "{} jobs by 32 runners at once, {:.0} a second; each was started, asked about, finished and asked about again.\n",
        jobs.count, jobs.per_second
    );
    let _ = writeln!(page, "| | median ms | p99 ms |\n|---|---|---|");
    let _ = writeln!(page, "| start, acknowledged and durable | {start:.1} | {start_99:.1} |");
    let _ = writeln!(page, "| finish, acknowledged and durable | {end:.1} | {end_99:.1} |");
    let _ = writeln!(page, "\nHonoured after the finish was answered: **{}**.", jobs.honoured_after);
}

fn section(page: &mut String, title: &str, parts: &[Part], remark: impl Fn(&Part) -> String) {
    let _ = writeln!(page, "\n## {title}\n\n| part | ns | |\n|---|---|---|");
    for part in parts {
        let _ = writeln!(page, "| {} | {} | {} |", part.name, part.ns, remark(part));
    }
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
