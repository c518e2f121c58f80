//! Registered APIs with their scopes and routes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jeton_api::ForwardAuth;
use jeton_token::{
    ApiId, Catalogue, CatalogueScope, Id, OrganizationId, Place, PrincipalId, PrincipalKind, PrincipalName,
    Route, RouteTable, Scope, Timestamp, TokenKind,
};

use super::database::{Row, Transaction, statements, values};
use super::feed::Thing;
use super::token::{self, Pen};
use super::write::Event;
use super::{Refusal, Store, StoreError, principal, refusal};

/// A registered API as stored.
#[derive(Clone, Debug)]
pub(crate) struct ApiRecord {
    pub(crate) id: ApiId,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) organization: Option<(OrganizationId, String)>,
    pub(crate) audience: String,
    pub(crate) enforces_places: bool,
    pub(crate) forward_auth: ForwardAuth,
    pub(crate) built_in: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) catalogue: Catalogue,
    pub(crate) routes: Vec<Route>,
    /// The same, ready to be asked, once somebody did.
    table: OnceLock<Option<RouteTable>>,
}

impl ApiRecord {
    /// Its routes, ready to be asked. It takes long to make and is made once for all who share the record. There is
    /// none when the routes contradict each other, which no API was ever registered with.
    pub(crate) fn route_table(&self) -> Option<&RouteTable> {
        self.table.get_or_init(|| RouteTable::of_declared(self.routes.iter().cloned()).ok()).as_ref()
    }

    /// Where it is looked after: at its organization.
    pub(crate) fn place(&self) -> Place {
        self.organization.as_ref().map_or(Place::Global, |(id, _)| Place::Organization(*id))
    }
}

/// An API to be made or replaced.
#[derive(Debug)]
pub(crate) struct NewApi {
    /// The id if it is new; an API that exists keeps its own.
    pub(crate) id: Id,
    pub(crate) name: PrincipalName,
    pub(crate) title: String,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) audience: String,
    pub(crate) enforces_places: bool,
    pub(crate) forward_auth: ForwardAuth,
    pub(crate) built_in: bool,
    pub(crate) catalogue: Catalogue,
    pub(crate) routes: Vec<Route>,
}

statements! {
    SELECT = "SELECT api.id AS id, api.name AS name, api.title AS title, api.organization_id AS organization_id,
            organization.name AS organization_name, api.namespace AS namespace, api.audience AS audience,
            api.enforces_places AS enforces_places, api.reports_only AS reports_only, api.built_in AS built_in, api.created_at AS created_at
        FROM api LEFT JOIN organization ON organization.id = api.organization_id
        WHERE api.removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR api.name = $1)
            AND (CAST($2 AS TEXT) IS NULL OR api.id = $2)
        ORDER BY api.name";
    SCOPES = "SELECT api_id, name, description FROM api_scope
        WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR api_id = $1) ORDER BY api_id, position";
    IMPLIES = "SELECT api_id, scope, implied FROM api_implies
        WHERE CAST($1 AS TEXT) IS NULL OR api_id = $1 ORDER BY api_id, scope, implied";
    ROUTES = "SELECT api_id, method, path, scope, resource FROM api_route
        WHERE CAST($1 AS TEXT) IS NULL OR api_id = $1 ORDER BY api_id, position";
    ANY_OF_NAME = "SELECT id, namespace, built_in, removed_at, organization_id FROM api WHERE name = $1";
    INSERT = "INSERT INTO api (id, name, title, organization_id, namespace, namespace_fold, audience, enforces_places,
        built_in, created_at, reports_only, declared_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)";
    UPDATE = "UPDATE api SET title = $1, organization_id = $2, audience = $3, enforces_places = $4, reports_only = $5,
            declared_at = $6, removed_at = NULL
        WHERE id = $7";
    TOMBSTONES = "SELECT name FROM api_scope WHERE api_id = $1 AND removed_at IS NOT NULL";
    BURY_SCOPES = "UPDATE api_scope SET removed_at = $1 WHERE api_id = $2 AND removed_at IS NULL";
    DELETE_SCOPE = "DELETE FROM api_scope WHERE api_id = $1 AND name = $2";
    INSERT_SCOPE = "INSERT INTO api_scope (api_id, name, description, position) VALUES ($1, $2, $3, $4)";
    DELETE_IMPLIES = "DELETE FROM api_implies WHERE api_id = $1";
    INSERT_IMPLIES = "INSERT INTO api_implies (api_id, scope, implied) VALUES ($1, $2, $3)";
    DELETE_ROUTES = "DELETE FROM api_route WHERE api_id = $1";
    INSERT_ROUTE = "INSERT INTO api_route (api_id, position, method, path, scope, resource)
        VALUES ($1, $2, $3, $4, $5, $6)";
    REMOVE = "UPDATE api SET removed_at = $1 WHERE id = $2 AND removed_at IS NULL AND built_in = 0";
    // A scope is covered by at most ten patterns: itself, one wildcard for each of its stems, and `*`.
    HOLDERS = "SELECT COUNT(DISTINCT token.id) AS count FROM token_item JOIN token ON token.id = token_item.token_id
        WHERE token_item.kind = 'scope' AND token.revoked_at IS NULL
            AND (token.expires_at IS NULL OR token.expires_at > $1)
            AND token_item.value IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
}

/// How many patterns [`HOLDERS`] takes.
const COVERING: usize = 10;

impl Store {
    /// All registered APIs, by name.
    pub(crate) async fn apis(&self) -> Result<Vec<ApiRecord>, StoreError> {
        load(&mut self.read().await?, None, None).await
    }

    /// The API of this name.
    pub(crate) async fn api(&self, name: &PrincipalName) -> Result<Option<ApiRecord>, StoreError> {
        Ok(load(&mut self.read().await?, Some(name.to_string()), None).await?.pop())
    }

    /// The organization of the API of this name, also of one that was removed.
    pub(crate) async fn home_of_api(
        &self,
        name: &PrincipalName,
    ) -> Result<Option<OrganizationId>, StoreError> {
        let row = self.read().await?.first(ANY_OF_NAME, values![name.as_str()]).await?;
        Ok(row.map(|row| row.parse_or_null("organization_id")).transpose()?.flatten())
    }

    /// The API of this id.
    pub(crate) async fn api_of(&self, id: ApiId) -> Result<Option<ApiRecord>, StoreError> {
        Ok(load(&mut self.read().await?, None, Some(id)).await?.pop())
    }

    /// How many live tokens hold a scope by one of their patterns.
    pub(crate) async fn holders(&self, scope: &Scope, now: Timestamp) -> Result<i64, StoreError> {
        let mut covering = vec!["*".to_owned(), scope.to_string()];
        let dots = scope.as_str().match_indices('.');
        covering.extend(dots.filter_map(|(at, _)| Some(format!("{}.*", scope.as_str().get(..at)?))));
        covering.resize(COVERING, "*".to_owned());
        let mut values = values![now.0];
        values.extend(covering.into_iter().map(Into::into));
        let row = self.read().await?.first(HOLDERS, values).await?;
        row.ok_or_else(|| StoreError::unreadable("count"))?.int("count")
    }
}

async fn load(
    transaction: &mut Transaction,
    name: Option<String>,
    id: Option<ApiId>,
) -> Result<Vec<ApiRecord>, StoreError> {
    let rows = transaction.fetch(SELECT, values![name, id.map(|id| id.to_string())]).await?;
    let only = match rows.as_slice() {
        [one] => Some(one.text("id")?),
        _ => None,
    };
    let mut scopes = by_api(&transaction.fetch(SCOPES, values![only.clone()]).await?, scope)?;
    let implies = by_api(&transaction.fetch(IMPLIES, values![only.clone()]).await?, implication)?;
    let mut routes = by_api(&transaction.fetch(ROUTES, values![only]).await?, route)?;
    for (api, pairs) in implies {
        for (from, to) in pairs {
            let declared = scopes.get_mut(&api).into_iter().flatten().find(|declared| declared.name == from);
            if let Some(declared) = declared {
                declared.implies.push(to.clone());
            }
        }
    }
    rows.iter()
        .map(|row| {
            let id = row.text("id")?;
            record(row, scopes.remove(&id).unwrap_or_default(), routes.remove(&id).unwrap_or_default())
        })
        .collect()
}

fn by_api<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<BTreeMap<String, Vec<T>>, StoreError> {
    let mut found: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for row in rows {
        found.entry(row.text("api_id")?).or_default().push(read(row)?);
    }
    Ok(found)
}

fn scope(row: &Row) -> Result<CatalogueScope, StoreError> {
    Ok(CatalogueScope { name: row.parse("name")?, description: row.text("description")?, implies: vec![] })
}

fn implication(row: &Row) -> Result<(Scope, Scope), StoreError> {
    Ok((row.parse("scope")?, row.parse("implied")?))
}

fn route(row: &Row) -> Result<Route, StoreError> {
    Ok(Route {
        method: row.text("method")?,
        path: row.text("path")?,
        scope: row.parse("scope")?,
        resource: row.text_or_null("resource")?,
    })
}

fn record(row: &Row, scopes: Vec<CatalogueScope>, routes: Vec<Route>) -> Result<ApiRecord, StoreError> {
    let organization: Option<OrganizationId> = row.parse_or_null("organization_id")?;
    let organization_name = row.text_or_null("organization_name")?;
    let catalogue = Catalogue::new(&row.text("namespace")?, scopes);
    Ok(ApiRecord {
        id: row.parse("id")?,
        name: row.text("name")?,
        title: row.text("title")?,
        organization: organization.zip(organization_name),
        audience: row.text("audience")?,
        enforces_places: row.flag("enforces_places")?,
        forward_auth: if row.int("reports_only")? == 1 {
            ForwardAuth::ReportOnly
        } else {
            ForwardAuth::Enforce
        },
        built_in: row.flag("built_in")?,
        created_at: Timestamp(row.int("created_at")?),
        catalogue: catalogue.map_err(|_| StoreError::unreadable("api_scope"))?,
        routes,
        table: OnceLock::new(),
    })
}

// ---- writing

/// Makes an API or replaces what it declares.
///
/// An API that was removed comes back under its old name and namespace only, and revives none of its credentials.
pub(super) async fn put(pen: &mut Pen<'_>, new: &NewApi) -> Result<(ApiRecord, Event), StoreError> {
    let id = match pen.transaction.first(ANY_OF_NAME, values![new.name.as_str()]).await? {
        Some(row) => replace(pen, new, &row).await?,
        None => insert(pen, new).await?,
    };
    declare(pen, id, new).await?;
    refusal::forget(pen, id).await?;
    let record = load(pen.transaction, None, Some(id)).await?.pop().ok_or(Refusal::Gone)?;
    let (scopes, routes) = (new.catalogue.scopes().len(), new.routes.len());
    let gateways = new.forward_auth.word();
    let event = event(&record, &format!("scopes {scopes}; routes {routes}; forward_auth {gateways}"));
    Ok((record, event))
}

async fn insert(pen: &mut Pen<'_>, new: &NewApi) -> Result<ApiId, StoreError> {
    let namespace = new.catalogue.namespace();
    principal::insert_named(pen, PrincipalId(new.id), PrincipalKind::Api, &new.name).await?;
    let values = values![
        new.id.to_string(),
        new.name.as_str(),
        new.title.as_str(),
        new.organization.map(|id| id.to_string()),
        namespace,
        namespace.to_ascii_lowercase(),
        new.audience.as_str(),
        new.enforces_places,
        new.built_in,
        pen.now.0,
        new.forward_auth == ForwardAuth::ReportOnly,
    ];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("namespace", Refusal::NamespaceTaken))?;
    Ok(ApiId(new.id))
}

async fn replace(pen: &mut Pen<'_>, new: &NewApi, row: &Row) -> Result<ApiId, StoreError> {
    let id: ApiId = row.parse("id")?;
    if row.flag("built_in")? && !new.built_in {
        return Err(Refusal::BuiltIn.into());
    }
    if row.text("namespace")? != new.catalogue.namespace() {
        return Err(Refusal::NamespaceFixed.into());
    }
    let values = values![
        new.title.as_str(),
        new.organization.map(|id| id.to_string()),
        new.audience.as_str(),
        new.enforces_places,
        new.forward_auth == ForwardAuth::ReportOnly,
        pen.now.0,
        id.to_string(),
    ];
    pen.transaction.execute(UPDATE, values).await?;
    principal::set_disabled(pen, PrincipalId(id.0), false).await?;
    Ok(id)
}

/// Writes scopes, implications and routes in place of those that were there; scopes that went become tombstones.
async fn declare(pen: &mut Pen<'_>, api: ApiId, new: &NewApi) -> Result<(), StoreError> {
    let id = api.to_string();
    let buried = pen.transaction.fetch(TOMBSTONES, values![id.as_str()]).await?;
    let buried: BTreeSet<String> = buried.iter().map(|row| row.text("name")).collect::<Result<_, _>>()?;
    pen.transaction.execute(BURY_SCOPES, values![pen.now.0, id.as_str()]).await?;
    pen.transaction.execute(DELETE_IMPLIES, values![id.as_str()]).await?;
    pen.transaction.execute(DELETE_ROUTES, values![id.as_str()]).await?;
    for (position, scope) in (0_i64..).zip(new.catalogue.scopes()) {
        let name = scope.name.as_str();
        if buried.contains(name) {
            return Err(Refusal::ScopeTombstoned(name.to_owned()).into());
        }
        pen.transaction.execute(DELETE_SCOPE, values![id.as_str(), name]).await?;
        let values = values![id.as_str(), name, scope.description.as_str(), position];
        pen.transaction.execute(INSERT_SCOPE, values).await?;
        for implied in &scope.implies {
            pen.transaction.execute(INSERT_IMPLIES, values![id.as_str(), name, implied.as_str()]).await?;
        }
    }
    for (position, route) in (0_i64..).zip(&new.routes) {
        let Route { method, path, scope, resource } = route;
        let values =
            values![id.as_str(), position, method.as_str(), path.as_str(), scope.as_str(), resource.clone()];
        pen.transaction.execute(INSERT_ROUTE, values).await?;
    }
    Ok(())
}

/// Removes an API and revokes its credentials. Its namespace stays its own.
pub(super) async fn remove(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    by: Option<PrincipalId>,
) -> Result<Event, StoreError> {
    let record = load(pen.transaction, None, Some(ApiId(id.0))).await?.pop().ok_or(Refusal::Gone)?;
    if pen.transaction.execute(REMOVE, values![pen.now.0, id.to_string()]).await? == 0 {
        return Err(Refusal::BuiltIn.into());
    }
    refusal::forget(pen, ApiId(id.0)).await?;
    principal::set_disabled(pen, id, true).await?;
    let revoked = token::revoke_of_owner(pen, id, TokenKind::Api, None, by).await?;
    let mut event = event(&record, "removed");
    event.touched.extend(revoked.into_iter().map(Thing::Token));
    Ok(event)
}

fn event(record: &ApiRecord, detail: &str) -> Event {
    Event {
        target_kind: "api",
        target: record.id.to_string(),
        place: record.organization.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default(),
        detail: format!("{}: {detail}", record.name),
        personal: String::new(),
        touched: vec![],
    }
}
