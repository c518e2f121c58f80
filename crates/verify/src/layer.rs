//! The tower layer: every request is judged before what it protects sees it.
//!
//! ```text
//! one credential → one route → one question → the inner service, or a refusal
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{HeaderMap, Request, Response, header};
use jeton_token::RouteTable;
use tower_service::Service;

use crate::ask::Ask;
use crate::caller::Caller;
use crate::client::Client;
use crate::credential;
use crate::decision::Decision;
use crate::problem::Refusal;
use crate::unavailable::Unavailable;

/// Lets only those requests through whose token the authority allows.
///
/// An allowed request carries a [`Caller`] in its extensions. A refused one is answered with
/// `application/problem+json`:
///
/// | request | answer |
/// |---|---|
/// | no credential | 401, plain challenges for Bearer and Basic |
/// | token unknown, malformed or dead | 401 `invalid_token`, always the same |
/// | token alive, but not for this | 403 `insufficient_scope`, which names the missing scope |
/// | no route matches | 403 |
/// | two credentials, `access_token` in the query, ambiguous path | 400 |
/// | the authority gave no answer | 503 with `Retry-After` |
///
/// Put it around the outermost router, where paths are still whole, and behind what answers without any token,
/// such as CORS preflight.
#[derive(Clone, Debug)]
#[must_use]
pub struct Layer(Arc<Gate>);

impl Layer {
    /// A layer that asks `client` for the scope that `routes` names for each request. What it does not name is
    /// denied.
    pub fn new(client: Client, routes: RouteTable) -> Self {
        Self(Arc::new(Gate {
            client,
            routes,
            public: BTreeSet::new(),
            authorization: Authorization::Removed,
            client_ip: Arc::new(|_| None),
            on_unavailable: Arc::new(|_| {}),
        }))
    }

    /// Lets every request to exactly this path through, with or without a token. It gets no [`Caller`].
    pub fn public(self, path: impl Into<String>) -> Self {
        self.set(|gate| _ = gate.public.insert(path.into()))
    }

    /// Leaves the `Authorization` header in the request. By default what is protected never sees a token.
    pub fn keep_authorization(self) -> Self {
        self.set(|gate| gate.authorization = Authorization::Kept)
    }

    /// Says how to find the client's address. Without it, tokens that are limited to networks are refused here.
    ///
    /// Take the address from the connection, or from a header only if a proxy of yours always overwrites it.
    pub fn client_ip(self, find: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.set(|gate| gate.client_ip = Arc::new(find))
    }

    /// Sees each failure to ask, for the log. The client is not told why.
    pub fn on_unavailable(self, see: impl Fn(&Unavailable) + Send + Sync + 'static) -> Self {
        self.set(|gate| gate.on_unavailable = Arc::new(see))
    }

    fn set(mut self, change: impl FnOnce(&mut Gate)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Protected<S>;

    fn layer(&self, inner: S) -> Protected<S> {
        Protected { gate: Arc::clone(&self.0), inner }
    }
}

/// A service behind a [`Layer`].
///
/// It takes any request body. The response body must be buildable from a text, as axum's `Body` and
/// `http_body_util::Full<Bytes>` are.
#[derive(Clone, Debug)]
pub struct Protected<S> {
    gate: Arc<Gate>,
    inner: S,
}

impl<S, In, Out> Service<Request<In>> for Protected<S>
where
    S: Service<Request<In>, Response = Response<Out>> + Clone + Send + 'static,
    S::Future: Send,
    In: Send + 'static,
    Out: From<String>,
{
    type Response = Response<Out>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let gate = Arc::clone(&self.gate);
        // The service that said it is ready is the one to call; the clone takes its place.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match gate.pass(&mut parts).await {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await,
                Err(refusal) => Ok(refusal.response()),
            }
        })
    }
}

type ClientIp = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;
type OnUnavailable = Arc<dyn Fn(&Unavailable) + Send + Sync>;

#[derive(Clone)]
struct Gate {
    client: Client,
    routes: RouteTable,
    public: BTreeSet<String>,
    authorization: Authorization,
    client_ip: ClientIp,
    on_unavailable: OnUnavailable,
}

/// What becomes of the header behind the layer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Authorization {
    Removed,
    Kept,
}

impl Gate {
    /// Lets the request through, changed as its handler shall see it.
    async fn pass(&self, parts: &mut Parts) -> Result<(), Refusal> {
        // INVARIANT: whoever finds a caller in the request finds the one that was allowed just now.
        parts.extensions.remove::<Caller>();
        if !self.public.contains(parts.uri.path()) {
            let caller = self.judge(parts).await?;
            parts.extensions.insert(caller);
        }
        self.authorization.apply(&mut parts.headers);
        Ok(())
    }

    async fn judge(&self, parts: &Parts) -> Result<Caller, Refusal> {
        let token = credential::presented(parts)?;
        let need = self.routes.need(parts.method.as_str(), parts.uri.path())?;
        let mut ask = Ask::about(&token).scope(need.scope);
        if let Some(resource) = &need.resource {
            ask = ask.resource(resource);
        }
        if let Some(address) = (self.client_ip)(parts) {
            ask = ask.client_ip(address);
        }
        match self.client.verify(ask).await {
            Ok(Decision::Allowed(caller)) => Ok(caller),
            Ok(Decision::Denied(denied)) => Err(denied.into()),
            Err(unavailable) => {
                (self.on_unavailable)(&unavailable);
                Err(Refusal::Unavailable)
            }
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("client", &self.client)
            .field("routes", &self.routes)
            .field("public", &self.public)
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

impl Authorization {
    fn apply(self, headers: &mut HeaderMap) {
        match self {
            Self::Removed => _ = headers.remove(header::AUTHORIZATION),
            // So that a log of headers does not print it.
            Self::Kept => headers
                .iter_mut()
                .filter(|(name, _)| *name == header::AUTHORIZATION)
                .for_each(|(_, value)| value.set_sensitive(true)),
        }
    }
}
