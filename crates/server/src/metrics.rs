//! What is counted for whoever runs the server, and its text form for Prometheus.
//!
//! Labels are `&'static str`: words of this program. Nothing that came in a request, no token, name, id or path as it
//! was written, can become one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jeton_token::{Audience, Verdict};

use crate::authority::{Error, Verification};
use crate::store::{Expiring, Settled};

/// The upper ends of the classes of durations: microseconds, and the same in seconds as Prometheus writes it.
const CLASSES: [(u64, &str); 13] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// Everything that is counted, since the process began.
#[derive(Default)]
pub(crate) struct Metrics {
    /// By method, route and class of status.
    requests: Counts<3>,
    /// By method and route.
    durations: Durations,
    /// By who asked, outcome and reason.
    verdicts: Counts<3>,
    /// By outcome.
    sign_ins: Counts<1>,
    /// By action.
    writes: Counts<1>,
    /// Rotations with a secret that a rotation had retired.
    reuses: Counts<0>,
    /// By kind of sink and outcome.
    deliveries: Counts<2>,
    /// Requests that gateways let through though they are to be refused, by reason.
    reported: Counts<1>,
    /// Uses of tokens for which there was no room.
    dropped_uses: AtomicU64,
    /// Changes that waited for verifiers, by how that ended.
    waits: Counts<1>,
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn count_request(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.requests.add([method, route, class(status)]);
        self.durations.add([method, route], took);
    }

    /// A presented text was judged, or could not be.
    pub(crate) fn count_verdict(&self, audience: Audience<'_>, judged: &Result<Verification, Error>) {
        let asked_by = match audience {
            Audience::Jeton => "jeton",
            Audience::Api { .. } => "api",
        };
        let (outcome, reason) = match judged {
            Ok(Verification::Unknown) => ("unknown", ""),
            Ok(Verification::Known(known)) => match &known.verdict {
                Verdict::Active(_) => ("active", ""),
                Verdict::Inactive(reason) => ("inactive", reason.word()),
            },
            Err(_) => ("unavailable", ""),
        };
        self.verdicts.add([asked_by, outcome, reason]);
    }

    /// Somebody tried to sign in; hands on what came of it.
    pub(crate) fn count_sign_in<T, E>(&self, tried: Result<T, E>) -> Result<T, E>
    where
        for<'a> SignInOutcome: From<&'a E>,
    {
        self.sign_ins
            .add([tried.as_ref().map_or_else(|error| SignInOutcome::from(error).word(), |_| "succeeded")]);
        tried
    }

    /// A change was committed.
    pub(crate) fn count_write(&self, action: &'static str) {
        self.writes.add([action]);
    }

    /// Somebody rotated with a secret that a rotation had retired.
    pub(crate) fn count_reuse(&self) {
        self.reuses.add([]);
    }

    /// A delivery was tried.
    pub(crate) fn count_delivery(&self, kind: &'static str, outcome: &'static str) {
        self.deliveries.add([kind, outcome]);
    }

    /// A gateway was told to let a request through that is to be refused, or refused it all the same, because its API is
    /// only to report.
    pub(crate) fn count_reported(&self, reason: &'static str) {
        self.reported.add([reason]);
    }

    /// Uses of tokens are not counted anywhere else, because too many were waiting to be written.
    pub(crate) fn count_dropped_uses(&self, number: u64) {
        self.dropped_uses.fetch_add(number, Ordering::Relaxed);
    }

    /// Something done was known to all verifiers, or they did not answer from memory any more.
    pub(crate) fn count_settled(&self, settled: Settled) {
        match settled {
            Settled::AtOnce => {}
            Settled::Confirmed => self.waits.add(["confirmed"]),
            Settled::Lapsed => self.waits.add(["lapsed"]),
        }
    }

    /// All of it, whether the store answers, and what it says, in the text format of Prometheus.
    pub(crate) fn text(&self, store_is_up: bool, told: Told) -> String {
        let mut text = String::new();
        let version = env!("CARGO_PKG_VERSION");
        family(&mut text, "gauge", "jeton_build_info", "The version that runs.");
        line(&mut text, "jeton_build_info", &[("version", version)], 1);
        family(&mut text, "gauge", "jeton_store_up", "Whether the store answers: 1 or 0.");
        line(&mut text, "jeton_store_up", &[], u64::from(store_is_up));
        let labels = ["method", "route", "status"];
        self.requests.write(&mut text, "jeton_http_requests_total", "Requests that were answered.", labels);
        self.durations.write(&mut text);
        let labels = ["asked_by", "outcome", "reason"];
        self.verdicts.write(&mut text, "jeton_verdicts_total", "Judged token texts.", labels);
        self.sign_ins.write(&mut text, "jeton_sign_ins_total", "Sign-ins, tried.", ["outcome"]);
        self.writes.write(&mut text, "jeton_writes_total", "Changes, committed.", ["action"]);
        let help = "Tries to tell webhooks and people, by what came of them.";
        self.deliveries.write(&mut text, "jeton_deliveries_total", help, ["sink", "outcome"]);
        let help = "Rotations that were tried with a retired secret.";
        self.reuses.write(&mut text, "jeton_retired_secrets_reused_total", help, []);
        let help = "Requests that were to be refused, where gateways are only to report.";
        self.reported.write(&mut text, "jeton_forward_auth_reported_total", help, ["reason"]);
        if let Some(expiring) = told.expiring {
            write_expiring(&mut text, expiring);
        }
        let name = "jeton_clock_behind_seconds";
        family(
            &mut text,
            "gauge",
            name,
            "How far the machine's clock is behind the time that was known already.",
        );
        line(&mut text, name, &[], told.clock_behind_ms / 1000);
        let name = "jeton_verifiers";
        family(&mut text, "gauge", name, "Verifiers that answer from memory, under a lease.");
        line(&mut text, name, &[], told.verifiers);
        let help = "Changes that waited until verifiers knew of them, by how that ended.";
        self.waits.write(&mut text, "jeton_verifier_waits_total", help, ["outcome"]);
        if let Some(reporting) = told.reporting {
            let name = "jeton_apis_report_only";
            family(&mut text, "gauge", name, "APIs whose gateways refuse nobody.");
            line(&mut text, name, &[], reporting);
        }
        let name = "jeton_token_uses_dropped_total";
        family(&mut text, "counter", name, "Uses of tokens that are in no count, for want of room.");
        line(&mut text, name, &[], self.dropped_uses.load(Ordering::Relaxed));
        text
    }
}

/// What the store says for the metrics, as far as it answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Tokens that end soon.
    pub(crate) expiring: Option<Expiring>,
    /// How many APIs are only to report.
    pub(crate) reporting: Option<usize>,
    /// By how much the machine's clock is behind the time that was known already, in milliseconds.
    pub(crate) clock_behind_ms: i64,
    /// How many verifiers have a lease; nobody has to ask the store for that.
    pub(crate) verifiers: usize,
}

/// Why a sign-in did not succeed.
pub(crate) enum SignInOutcome {
    Refused,
    Limited,
    Unavailable,
}

impl SignInOutcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<&Error> for SignInOutcome {
    fn from(error: &Error) -> Self {
        match error {
            Error::LimitReached(_) | Error::TooManyAttempts { .. } => Self::Limited,
            Error::Unavailable | Error::KeysUnknown { .. } => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

/// A counter for each combination of labels that has occurred.
struct Counts<const N: usize>(RwLock<BTreeMap<[&'static str; N], AtomicU64>>);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<const N: usize> Counts<N> {
    fn add(&self, labels: [&'static str; N]) {
        with(&self.0, labels, AtomicU64::default, |count| _ = count.fetch_add(1, Ordering::Relaxed));
    }

    fn write(&self, text: &mut String, name: &str, help: &str, names: [&'static str; N]) {
        family(text, "counter", name, help);
        let Ok(counts) = self.0.read() else { return };
        for (values, count) in &*counts {
            let labels: Vec<_> = names.into_iter().zip(values.iter().copied()).collect();
            line(text, name, &labels, count.load(Ordering::Relaxed));
        }
    }
}

/// How long requests took.
#[derive(Default)]
struct Durations(RwLock<BTreeMap<[&'static str; 2], Histogram>>);

#[derive(Default)]
struct Histogram {
    classes: [AtomicU64; CLASSES.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

impl Durations {
    fn add(&self, labels: [&'static str; 2], took: Duration) {
        with(&self.0, labels, Histogram::default, |histogram| histogram.add(took));
    }

    fn write(&self, text: &mut String) {
        family(text, "histogram", DURATION, "How long answering took.");
        let Ok(histograms) = self.0.read() else { return };
        for ([method, route], histogram) in &*histograms {
            histogram.write(text, &[("method", *method), ("route", *route)]);
        }
    }
}

const DURATION: &str = "jeton_http_request_duration_seconds";

impl Histogram {
    fn add(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = CLASSES.iter().zip(&self.classes).find(|((end, _), _)| took <= *end);
        if let Some((_, class)) = class {
            class.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, labels: &[(&str, &str)]) {
        let bucket = format!("{DURATION}_bucket");
        let labelled = |end| labels.iter().copied().chain([("le", end)]).collect::<Vec<_>>();
        let mut below = 0;
        for ((_, end), class) in CLASSES.iter().zip(&self.classes) {
            below += class.load(Ordering::Relaxed);
            line(text, &bucket, &labelled(*end), below);
        }
        // Read last, so that it is never less than the classes.
        let count = self.count.load(Ordering::Relaxed).max(below);
        line(text, &bucket, &labelled("+Inf"), count);
        let sum = self.microseconds.load(Ordering::Relaxed);
        let sum = format!("{}.{:06}", sum / 1_000_000, sum % 1_000_000);
        line(text, &format!("{DURATION}_sum"), labels, sum);
        line(text, &format!("{DURATION}_count"), labels, count);
    }
}

fn write_expiring(text: &mut String, expiring: Expiring) {
    let name = "jeton_tokens_expiring";
    family(
        text,
        "gauge",
        name,
        "Live tokens that end within so long; those that live for a day at most are left out.",
    );
    let Expiring { day, week, month } = expiring;
    for (within, number) in [("1d", day), ("7d", week), ("30d", month)] {
        line(text, name, &[("within", within)], number);
    }
}

/// What has these labels; it is made when they occur first.
fn with<K: Ord, V>(all: &RwLock<BTreeMap<K, V>>, key: K, new: impl FnOnce() -> V, change: impl FnOnce(&V)) {
    if let Ok(known) = all.read()
        && let Some(value) = known.get(&key)
    {
        return change(value);
    }
    if let Ok(mut all) = all.write() {
        change(all.entry(key).or_insert_with(new));
    }
}

fn family(text: &mut String, kind: &str, name: &str, help: &str) {
    // Writing into a text does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// One sample. Labels are words of the program, so there is nothing to escape in them.
fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
