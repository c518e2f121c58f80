//! What a protected API embeds: a [`Client`] that asks the authority about a token, and a tower [`Layer`] that
//! does so for every request.
//!
//! ```no_run
//! use axum::{Extension, Router, routing::get};
//! use jeton_verify::{Caller, Client, Layer, Route, RouteTable, Secret, Url};
//!
//! # async fn serve(credential: Secret) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Url::parse("https://tokens.example.org")?, credential)?;
//! let scope = "Taskurai.Task.Read".parse()?;
//! let routes = [Route { method: "GET".to_owned(), path: "/tasks".to_owned(), scope, resource: None }];
//! let app = Router::new()
//!     .route("/tasks", get(async |Extension(caller): Extension<Caller>| format!("hello, {}", caller.subject.name)))
//!     .route("/healthz", get(async || "ok"))
//!     .layer(Layer::new(client, RouteTable::new(routes)?).public("/healthz"));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The rules that hold throughout:
//! - A bad token is an answer ([`Decision::Denied`]). Not being able to know is an error ([`Unavailable`]), which
//!   never lets anybody in and is never told to the client as a bad token.
//! - What no route names is denied.
//! - The token's text appears in no error, no `Debug` output and no response, and what is behind the layer does not
//!   see it.
//! - A revoked token is refused by the very next request. Either each request asks, or, with
//!   [`ClientBuilder::under_lease`], verdicts are kept as long as the authority vouches that nothing has changed.

mod answer;
mod ask;
mod caller;
mod client;
mod clock;
mod credential;
mod decision;
mod kept;
mod layer;
mod lease;
mod limits;
mod problem;
mod random;
mod unavailable;
mod watch;

pub use ask::Ask;
pub use caller::{Caller, Subject};
pub use client::{Client, ClientBuilder, ClientError};
pub use decision::{Decision, Denied, Reason};
pub use layer::{Layer, Protected};
pub use unavailable::Unavailable;

pub use jeton_api::{Secret, Timestamp};
pub use jeton_token::{
    PrincipalId, PrincipalKind, Route, RouteError, RouteTable, Scope, ScopeError, TokenId, TokenKind,
};
pub use url::Url;
