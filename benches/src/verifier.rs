//! What `jeton-verify` costs in process, under a lease: how long a verdict from memory takes, without any connection.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Result, ensure};
use jeton_verify::{Ask, Client, Decision, Scope, Secret, Url};

use crate::figures::Figures;
use crate::filling::Filling;
use crate::parts::Part;
use crate::stopwatch::Stopwatch;

/// How many verdicts are asked for in a round.
const TIMES: usize = 200_000;

/// How long to wait for a lease.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Measures one token again and again, all of them in turn, and garbage.
pub(crate) async fn measure(url: &str, filling: &Filling, rounds: usize) -> Result<Vec<Part>> {
    let client =
        Client::builder(Url::parse(url)?, Secret::new(filling.credential.as_str())).under_lease().build()?;
    let scope: Scope = "Bench.Task.Read".parse()?;
    let tokens: Vec<&str> = filling.tokens.iter().map(String::as_str).collect();
    await_lease(&client, tokens.first().copied().unwrap_or_default()).await?;
    for token in &tokens {
        ensure!(is_allowed(&client, token, &scope).await?, "a live token was denied");
    }
    let garbage: Vec<String> = tokens.iter().take(1).map(|token| token.chars().rev().collect()).collect();
    let garbage: Vec<&str> = garbage.iter().map(String::as_str).collect();
    let kinds = [
        ("one token again and again", tokens.get(..1).unwrap_or_default()),
        ("all tokens in turn", &tokens),
        ("garbage", &garbage),
    ];
    let mut parts: Vec<Part> =
        kinds.iter().map(|(name, _)| Part { name, ns: Figures::default(), is_floor: false }).collect();
    for _ in 0..rounds {
        for (part, (_, texts)) in parts.iter_mut().zip(kinds) {
            part.ns.add(nanoseconds(&client, texts, &scope).await?);
        }
    }
    ensure!(client.holds_lease(), "the lease ended on the way");
    Ok(parts)
}

async fn nanoseconds(client: &Client, texts: &[&str], scope: &Scope) -> Result<f64> {
    let watch = Stopwatch::start();
    for text in texts.iter().cycle().take(TIMES) {
        black_box(client.verify(Ask::about(black_box(text)).scope(scope)).await?);
    }
    Ok(watch.elapsed().as_secs_f64() * 1e9 / crate::count(TIMES))
}

async fn is_allowed(client: &Client, text: &str, scope: &Scope) -> Result<bool> {
    Ok(matches!(client.verify(Ask::about(text).scope(scope)).await?, Decision::Allowed(_)))
}

/// The first question makes the client ask for one.
async fn await_lease(client: &Client, text: &str) -> Result<()> {
    for _ in 0..LOOKS {
        client.verify(Ask::about(text)).await?;
        if client.holds_lease() {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    ensure!(client.holds_lease(), "the server grants no lease");
    Ok(())
}
