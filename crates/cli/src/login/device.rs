//! Sign-in from a machine that shows no page (RFC 8628): it shows a short code, and a person enters that code in a
//! browser anywhere.

use std::time::Duration;

use anyhow::anyhow;
use jeton_api::Secret;
use tokio::time::{Instant, sleep, timeout_at};

use super::oauth::{Answer, DeviceAuthorization, OAuth};
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::output::Output;

/// How long to wait between two questions when the server does not say.
const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds.
const SLOWER: Duration = Duration::from_secs(5);
/// However long the code is said to be good.
const PATIENCE: Duration = Duration::from_hours(1);

/// Shows the code and waits for the person.
pub(super) async fn sign_in(output: Output, oauth: &OAuth<'_>) -> Result<Secret> {
    let begun = oauth.begin_device().await?;
    let begun = begun.map_err(|refused| Error::SignIn(refused.reason()))?;
    let address = |text: &str| -> Result<String> {
        let is_address = text.starts_with("https://") || text.starts_with("http://");
        if is_address { Ok(safe(text).into_owned()) } else { Err(anyhow!("the server names no page").into()) }
    };
    output.note(&format!(
        "open this page in any browser:  {}\nand enter this code there:      {}",
        address(&begun.verification_uri)?,
        safe(&begun.user_code)
    ));
    if let Some(complete) = &begun.verification_uri_complete {
        output.note(&format!("both in one:                    {}", address(complete)?));
    }
    wait(oauth, &begun).await
}

async fn wait(oauth: &OAuth<'_>, begun: &DeviceAuthorization) -> Result<Secret> {
    let end = Instant::now() + Duration::from_secs(begun.expires_in).min(PATIENCE);
    let mut interval = begun.interval.map_or(INTERVAL, |seconds| Duration::from_secs(seconds.max(1)));
    loop {
        if timeout_at(end, sleep(interval)).await.is_err() {
            return Err(Error::SignIn("nobody entered the code in time; try again".to_owned()));
        }
        match read(oauth.poll_device(&begun.device_code).await)? {
            Polled::Done(secret) => return Ok(secret),
            Polled::Pending => {}
            Polled::Slower => interval += SLOWER,
        }
    }
}

enum Polled {
    Done(Secret),
    Pending,
    Slower,
}

/// A server that does not answer just now is asked again, more slowly.
fn read(answer: Result<Answer<Secret>>) -> Result<Polled> {
    let refused = match answer {
        Ok(Ok(secret)) => return Ok(Polled::Done(secret)),
        Ok(Err(refused)) => refused,
        Err(error) if error.exit() == Exit::Unreachable => return Ok(Polled::Slower),
        Err(error) => return Err(error),
    };
    match refused.error.as_str() {
        "authorization_pending" => Ok(Polled::Pending),
        "slow_down" => Ok(Polled::Slower),
        "access_denied" => Err(Error::SignIn("the person at the browser said no".to_owned())),
        "expired_token" => Err(Error::SignIn("nobody entered the code in time; try again".to_owned())),
        _ => Err(Error::SignIn(refused.reason())),
    }
}
