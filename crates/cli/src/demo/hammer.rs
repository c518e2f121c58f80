//! Revocation while clients hammer the API: after the acknowledgement nothing is accepted any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use jeton_api::CreateToken;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stage::Stage;
use crate::error::Result;
use crate::output;

const CLIENTS: usize = 4;
const BEFORE: Duration = Duration::from_millis(400);
const AFTER: Duration = Duration::from_millis(400);

/// One request: when it was begun, and what was answered.
struct Shot {
    begun: Instant,
    status: u16,
}

/// Makes a second token, lets clients use it as fast as they can, revokes it, and looks at what was accepted.
pub(super) async fn revoke_under_load(stage: &Stage) -> Result<()> {
    let alice = stage.alice()?;
    let request = CreateToken {
        name: Some("hammered".to_owned()),
        scopes: vec!["Taskurai.Task.Read".to_owned()],
        ..CreateToken::default()
    };
    let issued = alice.create_token(&request).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let start = now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (http, url) = (stage.http.clone(), format!("{}/tasks", stage.tasks()));
        let secret = jeton_api::Secret::new(issued.secret.expose());
        clients.spawn(hammer(http, url, secret, Arc::clone(&stop)));
    }
    sleep(BEFORE).await;
    alice.revoke_token(&issued.token.id).await?;
    let acknowledged = now();
    sleep(AFTER).await;
    stop.store(true, Ordering::Relaxed);
    let shots: Vec<Shot> =
        clients.join_all().await.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    judge(&shots, start, acknowledged)
}

async fn hammer(
    http: reqwest::Client,
    url: String,
    secret: jeton_api::Secret,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Shot>> {
    let mut shots = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = now();
        let response = http.get(&url).bearer_auth(secret.expose()).send().await;
        let status = response.context("the task platform does not answer")?.status().as_u16();
        shots.push(Shot { begun, status });
    }
    Ok(shots)
}

fn judge(shots: &[Shot], start: Instant, acknowledged: Instant) -> Result<()> {
    let accepted = |shot: &&Shot| shot.status == 200;
    let last = shots
        .iter()
        .filter(accepted)
        .map(|shot| shot.begun)
        .max()
        .context("no request was accepted at all")?;
    let late = shots.iter().filter(accepted).filter(|shot| shot.begun > acknowledged).count();
    let refused = shots.iter().filter(|shot| shot.begun > acknowledged && shot.status == 401).count();
    let after = shots.iter().filter(|shot| shot.begun > acknowledged).count();
    let ms = |moment: Instant| moment.duration_since(start).as_secs_f64() * 1000.0;
    output::print(&format!(
        "\n    {CLIENTS} clients use a second token as fast as they can ({} requests); alice revokes it meanwhile\n  \
         revoke acknowledged at  {:>8.2} ms\n  last accepted begun at  {:>8.2} ms\n  \
         accepted afterwards: {late}   (refused afterwards: {refused})",
        shots.len(),
        ms(acknowledged),
        ms(last),
    ))?;
    if late == 0 && refused > 0 && refused == after {
        Ok(())
    } else {
        Err(anyhow!("after the acknowledgement every request should have been refused with 401").into())
    }
}

#[expect(clippy::disallowed_methods, reason = "a demonstration that measures")]
fn now() -> Instant {
    Instant::now()
}
