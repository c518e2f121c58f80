//! A program that somebody else runs and that is told what happens: it keeps what it gets, and answers as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Status(u16),
    /// 302 to there.
    Redirect(String),
    /// Not at all.
    Hang,
}

/// A call that came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Clones are the same one.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<(Behaviour, Vec<Told>)>>,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

impl Receiver {
    /// One on a free port that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new((Behaviour::Status(204), vec![]))),
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().0 = behaviour;
    }

    /// All that it was told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.state.lock().unwrap().1.clone()
    }

    /// All that it was told, when it is so much at least.
    pub(crate) async fn wait_for(&self, number: usize) -> Vec<Told> {
        soon(async || Some(self.told()).filter(|told| told.len() >= number)).await
    }

    /// The configuration of a webhook here for these events.
    pub(crate) fn entry(&self, name: &str, secret_file: &str, events: &[&str]) -> String {
        format!(
            "[[webhooks]]\nname = \"{name}\"\nurl = \"http://{}/hook?x=1\"\nsecret_file = \"{secret_file}\"\n\
             events = {events:?}\nallow_private = true\n",
            self.address
        )
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response<String> {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let told = Told { headers: headers.collect(), body };
    let behaviour = {
        let mut state = receiver.state.lock().unwrap();
        state.1.push(told);
        state.0.clone()
    };
    let answer = Response::builder();
    let answer = match behaviour {
        Behaviour::Status(status) => answer.status(status),
        Behaviour::Redirect(to) => answer.status(302).header("location", to),
        Behaviour::Hang => std::future::pending().await,
    };
    answer.body(String::new()).unwrap()
}

/// What something answers at last; what never comes is a failure, and how long it takes is none.
pub(crate) async fn soon<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..2400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never happened");
}
