//! The doors. Each takes texts out of a request, calls one operation and renders the answer; rules are elsewhere.
//!
//! [`ROUTES`](routes) is the one table of addresses: a route without a required action cannot be written down,
//! and `api/routes.txt` is its golden copy.

mod body;
mod caller;
mod compat;
mod docs;
mod fixed;
mod forward_auth;
mod forwarded;
mod head;
mod headers;
mod health;
mod idempotency;
mod lane;
mod metrics;
mod oauth2;
mod openapi;
mod page;
mod path;
mod problem;
mod query;
mod scim;
mod settle;
mod unreadable;
mod v1;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, delete, get, options, patch, post, put};
use ipnet::IpNet;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::authority::Authority;
use crate::config::SignInProvider;
use crate::limits::{BODY_BYTES_MAX, CATALOGUE_BODY_BYTES_MAX, SCIM_BODY_BYTES_MAX, WATCH_BODY_BYTES_MAX};

pub(crate) use fixed::FixedAnswers;
pub use openapi::{described, document};
pub(crate) use unreadable::unreadable;

/// What every door has at hand, shared: it goes with every request through every layer.
pub(crate) type Doors = Arc<AtHand>;

/// What that is.
pub(crate) struct AtHand {
    pub(crate) authority: Authority,
    /// How this deployment is reached from outside, without a trailing slash.
    pub(crate) public_url: Arc<str>,
    /// Networks of proxies whose forwarded headers are believed.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// By whom people may sign in, besides by password.
    pub(crate) sign_in: Arc<[SignInProvider]>,
    /// Answers that are the same for everyone.
    pub(crate) fixed: FixedAnswers,
}

impl AtHand {
    /// The path below which clients reach this server; most often none.
    fn prefix(&self) -> &str {
        let behind = self
            .public_url
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|at| rest.split_at(at)));
        behind.map_or("", |(_, path)| path)
    }

    /// The provider of this name.
    fn provider(&self, name: &str) -> Option<&SignInProvider> {
        self.sign_in.iter().find(|provider| provider.name == name)
    }

    /// Whether browsers reach this server over HTTPS.
    fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// The method of a route that takes every one.
const ANY: &str = "ANY";

/// One line of the route table.
pub struct RouteEntry {
    /// The HTTP method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// What a caller needs to be allowed, or in words why nothing is needed.
    pub action: &'static str,
    /// The path of its handler in the source.
    source: &'static str,
    handler: MethodRouter<Doors>,
}

impl RouteEntry {
    /// The name of the operation: file and function of its handler.
    pub fn name(&self) -> String {
        let mut parts = self.source.rsplit("::").map(str::trim);
        let (function, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{file}.{function}")
    }
}

macro_rules! routes {
    ($($method:ident $path:literal => $action:literal, $handler:expr;)*) => {
        vec![$(RouteEntry {
            method: stringify!($method),
            path: $path,
            action: $action,
            source: stringify!($handler),
            handler: routes!(@on $method)($handler),
        }),*]
    };
    (@on ANY) => { any };
    (@on GET) => { get };
    (@on POST) => { post };
    (@on PUT) => { put };
    (@on PATCH) => { patch };
    (@on DELETE) => { delete };
    (@on OPTIONS) => { options };
}

/// Every address of the server.
pub fn routes() -> Vec<RouteEntry> {
    let parts = [
        routes_at_the_root(),
        routes_of_tokens_and_principals(),
        routes_of_rights_and_places(),
        routes_of_determined(),
        routes_of_azure_devops(),
        routes_of_scim(),
    ];
    parts.into_iter().flatten().collect()
}

fn routes_at_the_root() -> Vec<RouteEntry> {
    routes! {
        GET    "/healthz" => "open: liveness", health::live;
        GET    "/readyz" => "open: readiness", health::ready;
        GET    "/metrics" => "open: numbers without names", metrics::show;
        GET    "/openapi.json" => "open: the description of this API", openapi::show;
        GET    "/docs" => "open: the description of this API", docs::show;
        GET    "/assets/docs.css" => "open: the style of that page", docs::style;
        GET    "/.well-known/oauth-authorization-server" => "open: metadata", oauth2::metadata::show;
        GET    "/assets/page.css" => "open: the style of the pages", page::style::show;
        GET    "/sign-in" => "open: page", page::sign_in::show;
        POST   "/sign-in" => "open: page, proof of the password", page::sign_in::submit;
        GET    "/sign-in/{provider}" => "open: page, on to the provider", page::provider::begin;
        GET    "/sign-in/{provider}/callback" => "open: page, proof by the provider", page::provider::finish;
        POST   "/sign-out" => "open: page, possession of the session", page::sign_in::sign_out;
        GET    "/device" => "open: page, sends to sign-in", page::device::show;
        POST   "/device" => "open: page, sends to sign-in", page::device::submit;
        GET    "/oauth2/authorize" => "open: page, sends to sign-in", page::authorize::show;
        POST   "/oauth2/authorize" => "open: page, sends to sign-in", page::authorize::decide;
        POST   "/oauth2/device_authorization" => "open: yields a code to confirm", oauth2::device::start;
        ANY    "/forward-auth/{api}" => "open: gateways only, trusted or with the API's credential", forward_auth::answer;
        POST   "/oauth2/introspect" => "an API's own credential", oauth2::introspect::introspect;
        POST   "/oauth2/revoke" => "open: possession of the token", oauth2::revoke::revoke;
        POST   "/oauth2/token" => "open: the grant carries its own proof", oauth2::token::token;
    }
}

fn routes_of_tokens_and_principals() -> Vec<RouteEntry> {
    use v1::{apis, identities, jobs, sessions, tokens, trusts, users};
    routes! {
        POST   "/api/v1/sessions" => "open: proof of the password", sessions::create;
        POST   "/api/v1/tokens" => "token.create", tokens::create;
        GET    "/api/v1/tokens" => "token.read", tokens::list;
        POST   "/api/v1/tokens/revoke" => "token.revoke", tokens::revoke_many;
        GET    "/api/v1/tokens/self" => "self", tokens::show_self;
        DELETE "/api/v1/tokens/self" => "self", tokens::revoke_self;
        POST   "/api/v1/tokens/self/rotate" => "token.rotate", tokens::rotate_self;
        GET    "/api/v1/tokens/{id}" => "token.read", tokens::show;
        PATCH  "/api/v1/tokens/{id}" => "token.update", tokens::edit;
        DELETE "/api/v1/tokens/{id}" => "token.revoke", tokens::revoke;
        POST   "/api/v1/tokens/{id}/rotate" => "token.rotate", tokens::rotate;
        POST   "/api/v1/tokens/self/rotate/finish" => "token.rotate", tokens::finish_rotation_self;
        POST   "/api/v1/tokens/{id}/rotate/finish" => "token.rotate", tokens::finish_rotation;
        POST   "/api/v1/tokens/{id}/approve" => "token.approve", tokens::approve;
        POST   "/api/v1/jobs" => "job.mint", jobs::create;
        GET    "/api/v1/jobs" => "job.read, or one's own", jobs::list;
        GET    "/api/v1/jobs/{id}" => "job.read, or one's own", jobs::show;
        POST   "/api/v1/jobs/{id}/renew" => "job.renew, or one's own", jobs::renew;
        POST   "/api/v1/jobs/{id}/finish" => "job.finish, or one's own", jobs::finish;
        POST   "/api/v1/explain" => "token.read", v1::explain::explain;
        POST   "/api/v1/verify" => "an API's own credential", v1::verify::verify;
        POST   "/api/v1/verify/watch" => "an API's own credential", v1::verify::watch;
        GET    "/api/v1/apis" => "any right at the place", apis::list;
        PUT    "/api/v1/apis/{name}" => "api.write", apis::put;
        GET    "/api/v1/apis/{name}" => "any right at the place", apis::show;
        DELETE "/api/v1/apis/{name}" => "api.write", apis::remove;
        GET    "/api/v1/apis/{name}/refusals" => "api.report", apis::refusals;
        POST   "/api/v1/apis/{name}/credential" => "api.credential", apis::credential;
        GET    "/api/v1/users" => "user.read", users::list;
        PUT    "/api/v1/users/{name}" => "user.write", users::put;
        GET    "/api/v1/users/{name}" => "user.read", users::show;
        PATCH  "/api/v1/users/{name}" => "user.write", users::edit;
        DELETE "/api/v1/users/{name}" => "user.write", users::remove;
        GET    "/api/v1/users/{name}/identities" => "user.read", identities::list;
        POST   "/api/v1/users/{name}/identities" => "user.write", identities::link;
        DELETE "/api/v1/users/{name}/identities/{id}" => "user.write", identities::unlink;
        GET    "/api/v1/service-accounts/{name}/trusts" => "service_account.read", trusts::list;
        PUT    "/api/v1/service-accounts/{name}/trusts/{trust}" => "trust.write", trusts::put;
        GET    "/api/v1/service-accounts/{name}/trusts/{trust}" => "service_account.read", trusts::show;
        DELETE "/api/v1/service-accounts/{name}/trusts/{trust}" => "trust.write", trusts::remove;
    }
}

fn routes_of_rights_and_places() -> Vec<RouteEntry> {
    use v1::{
        groups, job_settings, organizations, pipelines, policies, projects, role_bindings, roles,
        service_accounts, trusts as pipeline_trusts,
    };
    routes! {
        GET    "/api/v1/groups" => "group.read", groups::list;
        PUT    "/api/v1/groups/{name}" => "group.write", groups::put;
        GET    "/api/v1/groups/{name}" => "group.read", groups::show;
        PATCH  "/api/v1/groups/{name}" => "group.write", groups::edit;
        DELETE "/api/v1/groups/{name}" => "group.write", groups::remove;
        GET    "/api/v1/service-accounts" => "service_account.read", service_accounts::list;
        PUT    "/api/v1/service-accounts/{name}" => "service_account.write", service_accounts::put;
        GET    "/api/v1/service-accounts/{name}" => "service_account.read", service_accounts::show;
        PATCH  "/api/v1/service-accounts/{name}" => "service_account.write", service_accounts::edit;
        DELETE "/api/v1/service-accounts/{name}" => "service_account.write", service_accounts::remove;
        GET    "/api/v1/roles" => "any caller", roles::list;
        PUT    "/api/v1/roles/{name}" => "role.write", roles::put;
        GET    "/api/v1/roles/{name}" => "any caller", roles::show;
        PATCH  "/api/v1/roles/{name}" => "role.write", roles::edit;
        DELETE "/api/v1/roles/{name}" => "role.write", roles::remove;
        GET    "/api/v1/role-bindings" => "role_binding.read, or one's own", role_bindings::list;
        POST   "/api/v1/role-bindings" => "role_binding.write", role_bindings::create;
        GET    "/api/v1/role-bindings/{id}" => "role_binding.read, or one's own", role_bindings::show;
        DELETE "/api/v1/role-bindings/{id}" => "role_binding.write", role_bindings::remove;
        GET    "/api/v1/policies" => "any right at the place", policies::list;
        PUT    "/api/v1/policies/{place}" => "policy.write", policies::put;
        GET    "/api/v1/policies/{place}" => "any right at the place", policies::show;
        DELETE "/api/v1/policies/{place}" => "policy.write", policies::remove;
        GET    "/api/v1/organizations" => "any right at the place", organizations::list;
        PUT    "/api/v1/organizations/{organization}" => "organization.write", organizations::put;
        GET    "/api/v1/organizations/{organization}" => "any right at the place", organizations::show;
        PATCH  "/api/v1/organizations/{organization}" => "organization.write", organizations::edit;
        DELETE "/api/v1/organizations/{organization}" => "organization.write", organizations::remove;
        GET    "/api/v1/organizations/{organization}/job-settings" => "any right at the place", job_settings::show_organization;
        PATCH  "/api/v1/organizations/{organization}/job-settings" => "job_settings.write", job_settings::edit_organization;
        GET    "/api/v1/organizations/{organization}/projects" => "any right at the place", projects::list;
        PUT    "/api/v1/organizations/{organization}/projects/{project}" => "project.write", projects::put;
        GET    "/api/v1/organizations/{organization}/projects/{project}" => "any right at the place", projects::show;
        PATCH  "/api/v1/organizations/{organization}/projects/{project}" => "project.write", projects::edit;
        DELETE "/api/v1/organizations/{organization}/projects/{project}" => "project.write", projects::remove;
        GET    "/api/v1/organizations/{organization}/projects/{project}/job-settings" => "any right at the place", job_settings::show_project;
        PATCH  "/api/v1/organizations/{organization}/projects/{project}/job-settings" => "job_settings.write", job_settings::edit_project;
        GET    "/api/v1/organizations/{organization}/projects/{project}/pipelines" => "any right at the place", pipelines::list;
        PUT    "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}" => "pipeline.write", pipelines::put;
        GET    "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}" => "any right at the place", pipelines::show;
        PATCH  "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}" => "pipeline.write", pipelines::edit;
        DELETE "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}" => "pipeline.write", pipelines::remove;
        GET    "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts" => "pipeline_trust.read", pipeline_trusts::list;
        PUT    "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts/{trust}" => "pipeline_trust.write", pipeline_trusts::put;
        GET    "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts/{trust}" => "pipeline_trust.read", pipeline_trusts::show;
        DELETE "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts/{trust}" => "pipeline_trust.write", pipeline_trusts::remove;
    }
}

fn routes_of_scim() -> Vec<RouteEntry> {
    routes! {
        GET    "/scim/v2/ServiceProviderConfig" => "any caller", scim::discovery::service_provider_config;
        GET    "/scim/v2/ResourceTypes" => "any caller", scim::discovery::resource_types;
        GET    "/scim/v2/ResourceTypes/{id}" => "any caller", scim::discovery::resource_type;
        GET    "/scim/v2/Schemas" => "any caller", scim::discovery::schemas;
        GET    "/scim/v2/Schemas/{id}" => "any caller", scim::discovery::schema;
        POST   "/scim/v2/.search" => "any caller", scim::discovery::search;
        GET    "/scim/v2/Users" => "user.read", scim::users::list;
        POST   "/scim/v2/Users" => "user.write", scim::users::create;
        GET    "/scim/v2/Users/{id}" => "user.read", scim::users::show;
        PUT    "/scim/v2/Users/{id}" => "user.write", scim::users::replace;
        PATCH  "/scim/v2/Users/{id}" => "user.write", scim::users::patch;
        DELETE "/scim/v2/Users/{id}" => "user.write", scim::users::remove;
        GET    "/scim/v2/Groups" => "group.read", scim::groups::list;
        POST   "/scim/v2/Groups" => "group.write", scim::groups::create;
        GET    "/scim/v2/Groups/{id}" => "group.read", scim::groups::show;
        PUT    "/scim/v2/Groups/{id}" => "group.write", scim::groups::replace;
        PATCH  "/scim/v2/Groups/{id}" => "group.write", scim::groups::patch;
        DELETE "/scim/v2/Groups/{id}" => "group.write", scim::groups::remove;
    }
}

fn routes_of_determined() -> Vec<RouteEntry> {
    use compat::determined::{auth, master, tokens, users};
    routes! {
        GET    "/compat/determined/info" => "open: which server this is", master::info;
        GET    "/compat/determined/api/v1/master" => "open: which server this is", master::show;
        POST   "/compat/determined/api/v1/auth/login" => "open: proof of the password", auth::login;
        POST   "/compat/determined/api/v1/auth/logout" => "self", auth::logout;
        GET    "/compat/determined/api/v1/me" => "self", users::show_self;
        GET    "/compat/determined/api/v1/users" => "user.read", users::list;
        GET    "/compat/determined/api/v1/users/{name}/by-username" => "user.read", users::show;
        POST   "/compat/determined/api/v1/tokens" => "token.create", tokens::create;
        GET    "/compat/determined/api/v1/tokens" => "token.read", tokens::list;
        PATCH  "/compat/determined/api/v1/tokens/{id}" => "token.update", tokens::edit;
    }
}

fn routes_of_azure_devops() -> Vec<RouteEntry> {
    use compat::azure_devops::{connection, definitions, locations, pats, pipelines, projects};
    use compat::azure_devops::{settings, token_admin};
    routes! {
        OPTIONS "/compat/azure-devops/{organization}/_apis" => "any caller", locations::all;
        OPTIONS "/compat/azure-devops/{organization}/_apis/{area}" => "any caller", locations::of_area;
        GET    "/compat/azure-devops/{organization}/_apis/ResourceAreas" => "any caller", locations::areas;
        GET    "/compat/azure-devops/{organization}/_apis/connectionData" => "any caller", connection::show;
        GET    "/compat/azure-devops/{organization}/_apis/projects" => "project.read", projects::list;
        GET    "/compat/azure-devops/{organization}/_apis/projects/{project}" => "project.read", projects::show;
        POST   "/compat/azure-devops/{organization}/_apis/tokens/pats" => "token.create", pats::create;
        GET    "/compat/azure-devops/{organization}/_apis/tokens/pats" => "token.read", pats::show;
        PUT    "/compat/azure-devops/{organization}/_apis/tokens/pats" => "token.update", pats::edit;
        DELETE "/compat/azure-devops/{organization}/_apis/tokens/pats" => "token.revoke", pats::revoke;
        GET    "/compat/azure-devops/{organization}/_apis/tokenadmin/personalaccesstokens/{subject}" => "token.read", token_admin::list;
        POST   "/compat/azure-devops/{organization}/_apis/tokenadmin/revocations" => "token.revoke", token_admin::revoke;
        POST   "/compat/azure-devops/{organization}/_apis/tokenadmin/revocationrules" => "token.revoke", token_admin::revoke_by_rule;
        GET    "/compat/azure-devops/{organization}/{project}/_apis/pipelines" => "build.read", pipelines::list;
        GET    "/compat/azure-devops/{organization}/{project}/_apis/pipelines/{pipeline}" => "build.read", pipelines::show;
        GET    "/compat/azure-devops/{organization}/_apis/build/GeneralSettings" => "project.read", settings::show_organization;
        PATCH  "/compat/azure-devops/{organization}/_apis/build/GeneralSettings" => "job_settings.write", settings::edit_organization;
        GET    "/compat/azure-devops/{organization}/{project}/_apis/build/GeneralSettings" => "project.read", settings::show_project;
        PATCH  "/compat/azure-devops/{organization}/{project}/_apis/build/GeneralSettings" => "job_settings.write", settings::edit_project;
        GET    "/compat/azure-devops/{organization}/{project}/_apis/build/Definitions" => "build.read", definitions::list;
        GET    "/compat/azure-devops/{organization}/{project}/_apis/build/Definitions/{pipeline}" => "build.read", definitions::show;
    }
}

/// The whole service, where a request may take so long.
pub(crate) fn router(doors: Doors, deadline: Duration) -> Router {
    let mut router = Router::new();
    for entry in routes() {
        let limit = if entry.method == "PUT" && entry.path.starts_with("/api/v1/apis") {
            CATALOGUE_BODY_BYTES_MAX
        } else if entry.path.starts_with(scim::BASE) {
            SCIM_BODY_BYTES_MAX
        } else if entry.path.ends_with("/verify/watch") {
            WATCH_BODY_BYTES_MAX
        } else {
            BODY_BYTES_MAX
        };
        let may_change = entry.may_change();
        let guarded = idempotency::Guarded { doors: doors.clone(), action: entry.action };
        let handler = match entry.method {
            // A gateway asks with the client's own method and fields, and changes nothing.
            "GET" | "OPTIONS" | ANY => entry.handler,
            _ => entry.handler.layer(from_fn_with_state(guarded, idempotency::layer)),
        };
        let handler = if may_change {
            handler.layer(from_fn_with_state(doors.authority.store.clone(), settle::layer))
        } else {
            handler
        };
        let handler = handler.layer(DefaultBodyLimit::max(limit)).layer(from_fn(headers::length(limit)));
        for path in compat::spellings(entry.path) {
            router = router.route(&path, handler.clone());
        }
    }
    let meter = metrics::Meter::new(doors.authority.store.metrics().clone());
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(doors.authority.rng.clone(), headers::request_id))
        .layer(from_fn_with_state(meter, metrics::count))
        .layer(TraceLayer::new_for_http().make_span_with(headers::span))
        .layer(from_fn(headers::security))
        .layer(from_fn(headers::credential_end))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(head::layer))
        .layer(from_fn(headers::deadline(deadline)))
        .layer(from_fn_with_state(lane::Gate::new(&doors), lane::layer));
    let router = router
        .fallback(problem::no_such_address)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(layers)
        .with_state(doors);
    // Around the router, which by then has only one spelling of each address.
    Router::new()
        .fallback_service(ServiceBuilder::new().map_request(compat::azure_devops::canonical).service(router))
}
