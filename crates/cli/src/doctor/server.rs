//! Whether there is a server that works, and how far the way to it is safe.

use jeton_api::Timestamp;
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use tokio::time::Instant;

use super::report::{Report, State};
use crate::access::{App, Server};
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::http::{Http, Looked};

/// What a server says of its time has whole seconds, and the way takes a while.
const SKEW_WARNED: SignedDuration = SignedDuration::from_secs(5);
/// Certificates and identity tokens are judged by clocks.
const SKEW_FAILED: SignedDuration = SignedDuration::from_mins(5);
const OURS: &str = env!("CARGO_PKG_VERSION");

/// Answers the server if it can be asked more.
pub(super) async fn check(app: &App, report: &mut Report) -> Option<Server> {
    let server = match app.server() {
        Ok(server) => server,
        Err(error) => {
            report.fail("address", first_line(&error), "write it as http://HOST:PORT or https://HOST");
            return None;
        }
    };
    report.ok("address", format!("{} ({})", server.shown(), server.source.word()));
    transport(report, &server);
    match reach(app, report, &server).await {
        Ok(()) => Some(server),
        Err(error) => {
            let text = error.to_string();
            let (found, next) = text.split_once('\n').unwrap_or((&text, "name another one with `--url`"));
            report.fail("server", found, next);
            None
        }
    }
}

fn transport(report: &mut Report, server: &Server) {
    if server.url.scheme() == "https" {
        report.ok("encryption", "https");
    } else if server.is_loopback() {
        report.ok("encryption", "none, and none is needed: nothing leaves this machine");
    } else {
        let found = "none: others on the way can read and change everything, tokens as well";
        report.fail("encryption", found, "put TLS before the server and name it with https://");
    }
}

/// Asks what everybody may ask.
async fn reach(app: &App, report: &mut Report, server: &Server) -> Result<()> {
    let http = Http::new(server.clone(), None)?;
    let begun = Instant::now();
    let alive = http.look(&["healthz"]).await?;
    let took = SignedDuration::try_from(begun.elapsed()).unwrap_or_default();
    if alive.status == 200 {
        report.ok("server", "it answers");
    } else {
        let next = "is it a Jeton server? Name another one with `--url`";
        report.fail("server", format!("it answers {} to whether it is well", alive.status), next);
    }
    ready(report, &http.look(&["readyz"]).await?);
    clock(report, &alive, app.now().saturating_add(took).unwrap_or(app.now()), took);
    version(report, &http.look(&["openapi.json"]).await?);
    Ok(())
}

fn ready(report: &mut Report, looked: &Looked) {
    if looked.status == 200 {
        report.ok("database", "it answers");
    } else {
        let next = "the server's log says why; until then it refuses to judge tokens";
        report.fail("database", format!("the server is not ready ({})", looked.status), next);
    }
}

fn clock(report: &mut Report, looked: &Looked, now: Timestamp, took: SignedDuration) {
    let said = looked.date.as_deref().and_then(|date| rfc2822::parse(date).ok());
    let Some(theirs) = said.map(|date| date.timestamp()) else {
        return report.warn(
            "clock",
            "the server does not say its time",
            "compare the clocks by hand: date -u",
        );
    };
    let apart = theirs.duration_since(now);
    let seconds = apart.as_secs().unsigned_abs();
    let ahead = if apart.is_negative() { "behind" } else { "ahead of" };
    let next = "let both machines set their clocks over the network; `timedatectl` shows whether they do";
    if apart.abs() <= SKEW_WARNED + took {
        report.ok("clock", "the server has the same time");
    } else {
        let state = if apart.abs() > SKEW_FAILED { State::Fail } else { State::Warn };
        report.add("clock", state, format!("the server is {seconds} seconds {ahead} this machine"), next);
    }
}

fn version(report: &mut Report, looked: &Looked) {
    #[derive(Deserialize)]
    struct Document {
        info: Info,
    }
    #[derive(Deserialize)]
    struct Info {
        version: String,
    }
    match serde_json::from_slice::<Document>(&looked.body) {
        Ok(Document { info }) if info.version == OURS => report.ok("version", format!("{OURS}, both")),
        Ok(Document { info }) => {
            let found = format!("the server has {}, this program is {OURS}", safe(&info.version));
            report.warn("version", found, "use the same version on both sides if something is refused");
        }
        Err(_) => report.warn("version", "the server does not say its version", "is it a Jeton server?"),
    }
}

pub(super) fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
