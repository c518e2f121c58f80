//! Protected APIs and their catalogues.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;

/// A registered API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Api {
    /// The id; never reused.
    pub id: String,
    /// The name in URLs and commands.
    pub name: String,
    /// The name to show.
    pub title: String,
    /// The organization that it serves; absent: every one.
    pub organization: Option<String>,
    /// The first segment of all its scopes; its own for ever.
    pub namespace: String,
    /// Who tokens are for, as the API calls itself.
    pub audience: String,
    /// Whether the API itself judges the places that a token is limited to.
    pub enforces_places: bool,
    /// What gateways are told about requests that are to be refused.
    #[serde(default)]
    pub forward_auth: ForwardAuth,
    /// The scopes.
    pub scopes: Vec<ApiScope>,
    /// Which request needs which scope.
    pub routes: Vec<ApiRoute>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// `PUT /api/v1/apis/{name}`; with `?dry_run=true` it only answers the [`ApiPlan`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutApi {
    /// The name to show.
    pub title: String,
    /// The organization that it serves; default: `default`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The first segment of all its scopes.
    pub namespace: String,
    /// Who tokens are for, as the API calls itself.
    pub audience: String,
    /// Whether the API itself judges the places that a token is limited to.
    #[serde(default)]
    pub enforces_places: bool,
    /// What gateways are told about requests that are to be refused; default: to refuse them.
    #[serde(default)]
    pub forward_auth: ForwardAuth,
    /// The scopes.
    pub scopes: Vec<ApiScope>,
    /// Which request needs which scope.
    #[serde(default)]
    pub routes: Vec<ApiRoute>,
}

/// What the door for gateways does about a request that is to be refused. Nothing but that door looks at it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ForwardAuth {
    /// It refuses it.
    #[default]
    Enforce,
    /// It lets it pass as nobody's, and writes down that it would have refused it.
    ReportOnly,
}

impl ForwardAuth {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::ReportOnly => "report_only",
        }
    }
}

/// A scope of an API.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApiScope {
    /// The scope.
    pub name: String,
    /// One line for people who choose scopes.
    pub description: String,
    /// The scopes of the same API that it brings along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implies: Vec<String>,
}

/// A route of an API.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApiRoute {
    /// The HTTP method.
    pub method: String,
    /// The path; a varying segment is written `{name}`.
    pub path: String,
    /// What a caller needs.
    pub scope: String,
    /// Where the call acts, `organization/project` with `{name}` from the path.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// What a PUT of an API does or would do.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiPlan {
    /// Whether it makes, changes or leaves the API.
    pub change: ApiChange,
    /// Scopes that come.
    pub scopes_added: Vec<String>,
    /// Scopes that go, for ever: a removed name does not come back.
    pub scopes_removed: Vec<String>,
    /// Scopes that come to imply more than before, and so widen tokens that exist.
    pub widenings: Vec<Widening>,
    /// How many routes there will be.
    pub routes: usize,
    /// Routes that come; one that needs another scope or acts elsewhere comes and goes.
    #[serde(default)]
    pub routes_added: Vec<ApiRoute>,
    /// Routes that go.
    #[serde(default)]
    pub routes_removed: Vec<ApiRoute>,
    /// What gateways are told from then on, if it is something else than before; `enforce` is before a new API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_auth: Option<ForwardAuth>,
}

/// Requests that a gateway let through, and that are to be refused: `GET /api/v1/apis/{name}/refusals`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiRefusal {
    /// The HTTP method; `OTHER` for one that no route can have, empty when `reason` is `overflow`.
    pub method: String,
    /// The path of the route, or without one the shape of the path: what looks like a value is a `{name}`. Empty where
    /// the path cannot be read safely.
    pub path: String,
    /// Why they would be refused, like `no_route`, `no_token`, `inactive` or `missing_scope`. `overflow` counts what
    /// found no room in this list.
    pub reason: String,
    /// The scope that was missing.
    pub missing_scope: Option<String>,
    /// How many there were.
    pub count: i64,
    /// When there was one first.
    pub first_seen_at: Timestamp,
    /// When there was one last.
    pub last_seen_at: Timestamp,
}

/// What a PUT does to an API.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApiChange {
    /// It is new.
    Create,
    /// It differs.
    Update,
    /// Nothing changes.
    None,
}

/// A scope that comes to imply more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Widening {
    /// The scope.
    pub scope: String,
    /// What it newly brings along.
    pub adds: Vec<String>,
    /// How many live tokens hold the scope.
    pub live_tokens: i64,
}
