//! Jobs from start to end: how long a start takes, and whether anybody is let in by a job that was finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::filling::{Admin, Filling, text};
use crate::stopwatch::Stopwatch;

/// Runners that start and finish jobs at once.
const RUNNERS: usize = 32;

const PROJECT: &str = "organizations/default/projects/bench";

/// What was seen.
#[derive(Debug)]
pub(crate) struct Jobs {
    pub(crate) count: usize,
    /// How many jobs lived and ended in a second.
    pub(crate) per_second: f64,
    /// How long each start took, in milliseconds, in order.
    starts_ms: Vec<f64>,
    /// How long each end took.
    ends_ms: Vec<f64>,
    /// Tokens that were honoured after the end of their job had been answered.
    pub(crate) honoured_after: usize,
}

impl Jobs {
    /// Median and 99th percentile of starts and of ends.
    pub(crate) fn quantiles(&self) -> [(f64, f64); 2] {
        [&self.starts_ms, &self.ends_ms].map(|all| (quantile(all, 50), quantile(all, 99)))
    }
}

/// Starts jobs, asks about their tokens, finishes them, and asks again.
pub(crate) async fn measure(admin: &Admin, filling: &Filling, count: usize) -> Result<Jobs> {
    prepare(admin).await?;
    let (next, since) = (Arc::new(AtomicUsize::new(0)), Stopwatch::start());
    let run = || tokio::spawn(run_some(admin.clone(), filling.credential.clone(), Arc::clone(&next), count));
    let mut lives = Vec::with_capacity(count);
    for runner in (0..RUNNERS).map(|_| run()).collect::<Vec<_>>() {
        lives.extend(runner.await??);
    }
    let elapsed = since.elapsed();
    Ok(Jobs {
        count: lives.len(),
        per_second: crate::count(lives.len()) / elapsed.as_secs_f64(),
        starts_ms: sorted(lives.iter().map(|life| life.start)),
        ends_ms: sorted(lives.iter().map(|life| life.end)),
        honoured_after: lives.iter().filter(|life| life.honoured_after).count(),
    })
}

/// A pipeline whose jobs may read.
async fn prepare(admin: &Admin) -> Result<()> {
    admin.call(Method::PUT, PROJECT, json!({})).await?;
    admin.call(Method::PUT, &format!("{PROJECT}/pipelines/bench"), json!({"kind": "yaml"})).await?;
    let first = start(admin).await?;
    let account = text(first.get("job").unwrap_or(&Value::Null), "service_account")?;
    admin.call(Method::PUT, "roles/bench-jobs", json!({"scopes": ["Bench.Task.Read"]})).await?;
    let subject = json!({"type": "service_account", "name": account});
    let binding = json!({"role": "bench-jobs", "subject": subject, "place": "default/bench"});
    admin.call(Method::POST, "role-bindings", binding).await?;
    Ok(())
}

struct Life {
    start: Duration,
    end: Duration,
    honoured_after: bool,
}

async fn run_some(
    admin: Admin,
    credential: String,
    next: Arc<AtomicUsize>,
    count: usize,
) -> Result<Vec<Life>> {
    let api = admin.with(&credential);
    let mut lives = Vec::new();
    while next.fetch_add(1, Ordering::Relaxed) < count {
        lives.push(live(&admin, &api).await?);
    }
    Ok(lives)
}

async fn live(admin: &Admin, api: &Admin) -> Result<Life> {
    let starting = Stopwatch::start();
    let started = start(admin).await?;
    let start = starting.elapsed();
    let secret = text(&started, "secret")?;
    ensure!(is_honoured(api, &secret).await?, "a running job was refused");
    let id = text(started.get("job").context("no `job` in the answer")?, "id")?;
    let ending = Stopwatch::start();
    admin.call(Method::POST, &format!("jobs/{id}/finish"), json!({})).await?;
    let end = ending.elapsed();
    Ok(Life { start, end, honoured_after: is_honoured(api, &secret).await? })
}

async fn start(admin: &Admin) -> Result<Value> {
    let job = json!({"organization": "default", "project": "bench", "pipeline": "bench"});
    admin.call(Method::POST, "jobs", job).await
}

async fn is_honoured(api: &Admin, secret: &str) -> Result<bool> {
    let question = json!({"token": secret, "scope": "Bench.Task.Read", "resource": "default/bench"});
    let verdict = api.call(Method::POST, "verify", question).await?;
    verdict.get("allowed").and_then(Value::as_bool).context("no verdict in the answer")
}

fn sorted(all: impl Iterator<Item = Duration>) -> Vec<f64> {
    let mut all: Vec<f64> = all.map(|one| one.as_secs_f64() * 1000.0).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// What so many of a hundred do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_what_that_share_does_not_exceed() {
        let all: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            (quantile(&all, 50).to_string(), quantile(&all, 99).to_string()),
            ("100".into(), "198".into())
        );
        assert!(quantile(&[], 99).is_nan());
    }
}
