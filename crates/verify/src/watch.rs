//! The watch: a task that asks the authority again and again what has changed, and so keeps the lease up.

use std::sync::{Arc, OnceLock};

use http::{HeaderValue, StatusCode, header};
use jeton_api::{WatchAnswer, WatchRequest};
use tokio::task::AbortHandle;
use url::Url;

use crate::clock::Moment;
use crate::lease::{Changed, Lease, name};
use crate::limits::{
    ANSWER_BYTES_MAX, LEASE_MS_MAX, PAUSE_FIRST, PAUSE_LONG, PAUSE_MAX, PAUSE_SHORT, WATCH_TIMEOUT,
};

/// A lease, and the task that keeps it up from the first question on.
#[derive(Debug)]
pub(crate) struct Watched {
    lease: Arc<Lease>,
    watcher: OnceLock<AbortHandle>,
}

/// How to reach the authority.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoint: Url,
    pub(crate) credential: HeaderValue,
}

/// Why there is no new lease.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    /// Nobody knows whether it was heard, or it was not understood there: what was told so far is good.
    Unanswered,
    /// The authority grants none, or does not honour this API's credential.
    Refused,
    /// It has none for us just now.
    Full,
    /// Its answer makes no sense.
    Malformed,
}

/// Where a watch is.
#[derive(Debug, Default)]
struct Place {
    verifier: Option<String>,
    applied: u64,
}

impl Watched {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { lease: Arc::new(Lease::new(key)), watcher: OnceLock::new() }
    }

    /// The lease; whoever asks first starts the watch.
    pub(crate) fn lease(&self, line: &Line) -> &Lease {
        self.watcher.get_or_init(|| {
            let (line, lease) = (line.clone(), Arc::clone(&self.lease));
            tokio::spawn(async move { watch(&line, &lease).await }).abort_handle()
        });
        &self.lease
    }

    /// Whether the lease holds.
    pub(crate) fn holds(&self) -> bool {
        self.lease.holds()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.get() {
            watcher.abort();
        }
    }
}

async fn watch(line: &Line, lease: &Lease) {
    let (mut place, mut pause) = (Place::default(), PAUSE_FIRST);
    loop {
        match go_on(line, lease, &mut place).await {
            Ok(Leased::Anew) => pause = PAUSE_FIRST,
            Ok(Leased::NotAnew) => tokio::time::sleep(PAUSE_SHORT).await,
            Err(trouble) => {
                if trouble != Trouble::Unanswered {
                    lease.give_up();
                    place = Place::default();
                }
                tokio::time::sleep(if trouble == Trouble::Refused { PAUSE_LONG } else { pause }).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Whether an answer brought a new lease.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Leased {
    Anew,
    NotAnew,
}

/// Asks once, and applies the answer.
async fn go_on(line: &Line, lease: &Lease, place: &mut Place) -> Result<Leased, Trouble> {
    let request =
        WatchRequest { verifier: place.verifier.clone(), applied: place.applied, uses: lease.take_uses() };
    // INVARIANT: the lease is counted from here. The authority counts it from its answer, which is later.
    let asked = Moment::now();
    let answer = ask(line, &request).await?;
    let changed = read(&answer, place)?;
    let lease_ms = answer.lease_ms.min(LEASE_MS_MAX);
    lease.apply(&changed, (lease_ms > 0).then(|| asked.plus_ms(lease_ms)));
    *place = Place { verifier: Some(answer.verifier), applied: answer.position };
    Ok(if lease_ms > 0 { Leased::Anew } else { Leased::NotAnew })
}

/// What an answer says, if it goes on from where the watch is.
fn read(answer: &WatchAnswer, place: &Place) -> Result<Changed, Trouble> {
    if answer.everything {
        return Ok(Changed::Everything);
    }
    let goes_on = place.verifier.as_ref() == Some(&answer.verifier) && answer.position >= place.applied;
    let names = answer.changed.iter().map(|text| name(text)).collect::<Option<Vec<_>>>();
    names.filter(|_| goes_on).map(Changed::Names).ok_or(Trouble::Malformed)
}

async fn ask(line: &Line, request: &WatchRequest) -> Result<WatchAnswer, Trouble> {
    let unanswered = |_: reqwest::Error| Trouble::Unanswered;
    let question = line.http.post(line.endpoint.clone()).timeout(WATCH_TIMEOUT);
    let question = question.header(header::AUTHORIZATION, line.credential.clone()).json(request);
    let mut response = question.send().await.map_err(unanswered)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS => return Err(Trouble::Full),
        status if status.is_client_error() => return Err(Trouble::Refused),
        _ => return Err(Trouble::Unanswered),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(Trouble::Malformed);
        }
    }
    serde_json::from_slice(&body).map_err(|_| Trouble::Malformed)
}
