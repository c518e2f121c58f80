//! The service behind Jeton: each route asks for the scope that the catalogue names for it.

use std::io::{Write, stderr};
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use jeton_verify::{Client, Layer, Route, RouteError, RouteTable, ScopeError, Unavailable};
use serde::Deserialize;

use crate::CATALOGUE;
use crate::http::{HEALTH, router};

/// Why the catalogue gives no route table.
#[derive(Debug, thiserror::Error)]
#[error("taskurai.toml: {0}")]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is no TOML, or its routes have other fields.
    Toml(#[from] toml::de::Error),
    /// A route asks for something that is no scope.
    Scope(#[from] ScopeError),
    /// The routes are no table.
    Routes(#[from] RouteError),
}

/// [`router`] behind [`layer`]: what callers shall reach.
pub fn protected(client: Client) -> Result<Router, CatalogueError> {
    Ok(router().layer(layer(client)?))
}

/// Asks the authority for the scope that [`CATALOGUE`] names for each request; `/healthz` alone is open.
///
/// The client's address is the connection's, as [`serve`](fn@crate::serve) notes it; behind a proxy it would be
/// the proxy's. When the authority gives no answer, a line on stderr says why.
pub fn layer(client: Client) -> Result<Layer, CatalogueError> {
    Ok(Layer::new(client, routes()?).public(HEALTH).client_ip(peer).on_unavailable(complain))
}

#[derive(Deserialize)]
struct Catalogue {
    routes: Vec<Entry>,
}

/// One route, as the catalogue writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    method: String,
    path: String,
    scope: String,
    resource: Option<String>,
}

impl TryFrom<Entry> for Route {
    type Error = ScopeError;

    fn try_from(entry: Entry) -> Result<Self, ScopeError> {
        let Entry { method, path, scope, resource } = entry;
        Ok(Self { method, path, scope: scope.parse()?, resource })
    }
}

fn routes() -> Result<RouteTable, CatalogueError> {
    let Catalogue { routes } = toml::from_str(CATALOGUE)?;
    let routes = routes.into_iter().map(Route::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(RouteTable::new(routes)?)
}

fn peer(request: &Parts) -> Option<IpAddr> {
    request.extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip().to_canonical())
}

/// Neither the token nor the credential is in the text.
fn complain(unavailable: &Unavailable) {
    // A closed stderr is no reason to stop serving.
    let _ = writeln!(stderr(), "task-api: {unavailable}");
}
