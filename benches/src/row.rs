//! The rows of the bench: what is sent, and which yardstick it stands beside.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::figures::Figures;
use crate::filling::{self, Filling};
use crate::process::Process;
use crate::wrk::{self, Round, Shape};

/// How many rounds it may take until everything is remembered.
const WARM_UPS_MAX: usize = 20;

/// Which of the yardstick's two rows a row is a ratio to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Post,
    Get,
}

/// One row: requests of a shape, and what its rounds measured.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) beside: Beside,
    /// The most processor time for a request that is wished for, as a multiple of the yardstick's.
    pub(crate) goal: Option<f64>,
    pub(crate) cpu_us: Figures,
    pub(crate) requests_per_second: Figures,
    pub(crate) p99_us: Figures,
    /// How many favourable verdicts of the server each answer is; of what answers from memory nothing is known.
    verdicts: Option<u32>,
    server: Server,
    script: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Yardstick,
    /// The yardstick behind the layer of `jeton-verify`.
    Layered,
    Jeton,
}

/// The servers that are measured.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) yardstick: Process,
    pub(crate) layered: Process,
    pub(crate) jeton: Process,
}

/// All rows.
#[derive(Debug)]
pub(crate) struct Rows(pub(crate) Vec<Row>);

impl Rows {
    /// Writes down what each row sends.
    pub(crate) fn new(folder: &Path, filling: &Filling) -> Result<Self> {
        let tokens = folder.join("tokens");
        std::fs::write(&tokens, filling.tokens.join("\n"))?;
        let rows = plan(filling).into_iter().enumerate();
        let made = rows.map(|(at, planned)| planned.written(folder, &format!("row-{at}"), &tokens));
        Ok(Self(made.collect::<Result<_>>()?))
    }

    /// Asks about every token at least once, so that each is remembered by the server.
    pub(crate) fn warm_up(&self, jeton: &Process, seconds: u32) -> Result<()> {
        let asks = |row: &&Row| row.verdicts.is_some_and(|verdicts| verdicts > 0);
        let warming = self.0.iter().find(asks).context("no row asks for verdicts")?;
        wrk::run(jeton, &warming.script, seconds.max(1) * 4)?;
        Ok(())
    }

    /// One round of every row, one after the other.
    pub(crate) async fn round(&mut self, servers: &Servers, seconds: u32) -> Result<()> {
        for row in &mut self.0 {
            let server = match row.server {
                Server::Yardstick => &servers.yardstick,
                Server::Layered => &servers.layered,
                Server::Jeton => &servers.jeton,
            };
            if row.server == Server::Layered {
                row.warm_up(servers, seconds).await?;
            }
            let before = active_verdicts(&servers.jeton).await?;
            let round = wrk::run(server, &row.script, seconds)?;
            let active = active_verdicts(&servers.jeton).await? - before;
            row.check(&round, active, seconds)?;
            row.cpu_us.add(round.cpu_us);
            row.requests_per_second.add(round.requests_per_second);
            row.p99_us.add(round.p99_us);
        }
        Ok(())
    }

    /// What a row stands beside.
    pub(crate) fn yardstick(&self, beside: Beside) -> Option<&Row> {
        self.0.iter().find(|row| row.server == Server::Yardstick && row.beside == beside)
    }
}

impl Row {
    pub(crate) fn is_yardstick(&self) -> bool {
        self.server == Server::Yardstick
    }

    /// Sends requests until they are answered from memory. What is kept there is kept for a minute at most, so this comes
    /// before each round.
    async fn warm_up(&self, servers: &Servers, seconds: u32) -> Result<()> {
        for _ in 0..WARM_UPS_MAX {
            let before = active_verdicts(&servers.jeton).await?;
            let round = wrk::run(&servers.layered, &self.script, seconds)?;
            let asked = active_verdicts(&servers.jeton).await? - before;
            if asked < round.requests_per_second * f64::from(seconds) / 100.0 {
                break;
            }
        }
        Ok(())
    }

    /// Fast answers that say no are no answers: every one must have been a favourable verdict.
    fn check(&self, round: &Round, active: f64, seconds: u32) -> Result<()> {
        let requests = round.requests_per_second * f64::from(seconds);
        let Some(verdicts) = self.verdicts else {
            ensure!(active < requests / 2.0, "`{}`: {active} of {requests} were asked about", self.name);
            return Ok(());
        };
        let expected = requests * f64::from(verdicts);
        // Requests that were on their way at the end are judged and not counted by the client.
        let is_right = if verdicts == 0 { active < 1.0 } else { active >= expected * 0.99 };
        ensure!(is_right, "`{}`: {active} favourable verdicts for {requests} requests", self.name);
        Ok(())
    }
}

/// A row before its script is written.
struct Planned {
    name: &'static str,
    server: Server,
    beside: Beside,
    goal: Option<f64>,
    verdicts: Option<u32>,
    shape: Shape,
}

impl Planned {
    fn written(self, folder: &Path, file: &str, tokens: &Path) -> Result<Row> {
        let Self { name, server, beside, goal, verdicts, shape } = self;
        let script = wrk::script(folder, file, &shape, tokens)?;
        let (cpu_us, requests_per_second, p99_us) = Default::default();
        Ok(Row { name, beside, goal, cpu_us, requests_per_second, p99_us, verdicts, server, script })
    }
}

fn plan(filling: &Filling) -> Vec<Planned> {
    let introspect = introspection(filling, "token=TOKEN");
    let gateway = question("Bearer TOKEN");
    let of =
        |server, name, beside, goal, verdicts, shape| Planned { name, server, beside, goal, verdicts, shape };
    let (jeton, yardstick) = (Server::Jeton, Server::Yardstick);
    let nowhere = Shape { path: "/nowhere".to_owned(), status: 404, ..gateway.clone() };
    let garbage = Shape { status: 401, ..question("Bearer jtn_pat_TOKEN") };
    let tasks = Shape { path: "/tasks".to_owned(), ..gateway.clone() };
    vec![
        of(yardstick, "bare axum, POST", Beside::Post, None, Some(0), introspect.clone()),
        of(jeton, "`POST /oauth2/introspect`", Beside::Post, Some(1.3), Some(1), introspect),
        of(jeton, "`POST /api/v1/verify`", Beside::Post, Some(1.4), Some(1), verification(filling)),
        of(yardstick, "bare axum, GET", Beside::Get, None, Some(0), gateway.clone()),
        of(jeton, "`/forward-auth`, 200 routes", Beside::Get, Some(1.4), Some(1), gateway),
        of(jeton, "`/forward-auth`, garbage for a token", Beside::Get, None, Some(0), garbage),
        of(jeton, "an address that is not there", Beside::Get, None, Some(0), nowhere),
        of(Server::Layered, "bare axum behind `jeton-verify`", Beside::Get, Some(1.15), None, tasks),
    ]
}

fn introspection(filling: &Filling, body: &str) -> Shape {
    Shape {
        method: "POST",
        path: "/oauth2/introspect".to_owned(),
        headers: vec![
            ("Authorization", format!("Bearer {}", filling.credential)),
            ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
        ],
        body: body.to_owned(),
        status: 200,
    }
}

fn verification(filling: &Filling) -> Shape {
    Shape {
        path: "/api/v1/verify".to_owned(),
        headers: vec![
            ("Authorization", format!("Bearer {}", filling.credential)),
            ("Content-Type", "application/json".to_owned()),
        ],
        ..introspection(filling, r#"{"token":"TOKEN","scope":"Bench.Task.Read"}"#)
    }
}

/// What a gateway asks.
fn question(authorization: &str) -> Shape {
    Shape {
        method: "GET",
        path: format!("/forward-auth/{}", filling::API),
        headers: vec![
            ("Authorization", authorization.to_owned()),
            ("X-Forwarded-Method", "GET".to_owned()),
            ("X-Forwarded-Uri", filling::PATH.to_owned()),
            ("X-Forwarded-For", "192.0.2.7".to_owned()),
        ],
        body: String::new(),
        status: 200,
    }
}

/// How many favourable verdicts the server gave to APIs so far, as it says itself.
async fn active_verdicts(jeton: &Process) -> Result<f64> {
    let text = reqwest::get(format!("{}/metrics", jeton.url)).await?.error_for_status()?.text().await?;
    let is_it = |line: &&str| {
        line.starts_with("jeton_verdicts_total{")
            && line.contains(r#"asked_by="api""#)
            && line.contains(r#"outcome="active""#)
    };
    let value = text.lines().find(is_it).and_then(|line| line.rsplit(' ').next());
    Ok(value.map_or(Ok(0.0), str::parse)?)
}
