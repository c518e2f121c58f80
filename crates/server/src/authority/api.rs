//! Protected APIs: registering them, and their credentials.

use std::collections::HashSet;
use std::sync::Arc;

use jeton_api::{ApiChange, ApiPlan, ApiRoute, Code, ForwardAuth, Widening};
use jeton_token::{
    ApiId, Approval, Catalogue, CatalogueScope, Expiry, Id, NetworkLimit, OrganizationId, Place, PlaceLimit,
    PrincipalId, PrincipalName, ResourceName, Route, ScopePattern, ScopeSet, TokenKind,
};

use super::access::{self, Action, Caller};
use super::built_in::{OWN_NAMESPACE, is_reserved};
use super::create::{Grant, IssuedToken};
use super::refusals::warn_if_reporting;
use super::{Authority, Error};
use crate::store::{ApiRecord, NewApi, Outcome, Refusal, Write};

/// An API as a request declares it, parsed.
#[derive(Clone, Debug)]
pub(crate) struct ApiRequest {
    pub(crate) name: PrincipalName,
    pub(crate) title: String,
    pub(crate) organization: ResourceName,
    pub(crate) audience: String,
    pub(crate) enforces_places: bool,
    pub(crate) forward_auth: ForwardAuth,
    pub(crate) catalogue: Catalogue,
    pub(crate) routes: Vec<Route>,
}

/// What came of a PUT.
#[derive(Debug)]
pub(crate) enum Put {
    /// Nothing was done; this is what would be.
    Planned(ApiPlan),
    /// It was done.
    Done(Box<ApiRecord>, ApiChange),
}

impl Authority {
    /// Registers an API or replaces what it declares; with `dry_run` only says what that would do.
    pub(crate) async fn put_api(
        &self,
        caller: &Caller,
        request: ApiRequest,
        dry_run: bool,
    ) -> Result<Put, Error> {
        if request.catalogue.namespace().eq_ignore_ascii_case(OWN_NAMESPACE) {
            return Err(not_yours(OWN_NAMESPACE));
        }
        let request = &request;
        self.judged(caller, move |caller: Caller| async move {
            self.put_api_judged(&caller, request.clone(), dry_run).await
        })
        .await
    }

    async fn put_api_judged(
        &self,
        caller: &Caller,
        request: ApiRequest,
        dry_run: bool,
    ) -> Result<Put, Error> {
        let organization = self.store.organization(&request.organization).await?.map(|found| found.id);
        let organization = organization.filter(|id| caller.sees(Place::Organization(*id)));
        let existing = self.store.api(&request.name).await?;
        let place = organization.map_or(Place::Global, Place::Organization);
        let permit = access::at(caller, place, Action::ApiWrite)?;
        // Also one that was removed: its name and namespace stay with those who had it.
        let home = self.store.home_of_api(&request.name).await?;
        match home.map(Place::Organization) {
            // Of an organization that the caller may not know of: that the name is taken has to be told, and only that.
            Some(home) if !caller.sees(home) => return Err(Refusal::NameTaken.into()),
            Some(home) => drop(access::at(caller, home, Action::ApiWrite)?),
            None => {}
        }
        if existing.is_none() && home.is_none() && is_reserved(request.catalogue.namespace()) {
            return Err(not_yours(request.catalogue.namespace()));
        }
        let Some(organization) = organization else {
            let detail = format!("there is no organization `{}`", request.organization);
            return Err(Error::invalid("/organization", Code::UnknownName, detail));
        };
        let plan = self.plan(existing.as_ref(), &request).await?;
        match (dry_run, existing, plan.change) {
            (true, _, _) => {
                let new = new_api(request, organization, self.mint_id());
                self.store.rehearse(&permit, &Write::PutApi(new)).await?;
                Ok(Put::Planned(plan))
            }
            (false, Some(existing), ApiChange::None) => Ok(Put::Done(Box::new(existing), ApiChange::None)),
            (false, _, change) => {
                let new = new_api(request, organization, self.mint_id());
                match self.store.write(&permit, &Write::PutApi(new)).await? {
                    Outcome::Api(api) => {
                        warn_if_reporting(&api);
                        Ok(Put::Done(api, change))
                    }
                    _ => Err(Error::Unavailable),
                }
            }
        }
    }

    /// The APIs that the caller may know of: those whose scopes they can choose from.
    pub(crate) async fn list_apis(&self, caller: &Caller) -> Result<Vec<ApiRecord>, Error> {
        let mut apis = self.store.apis().await?;
        apis.retain(|api| sees(caller, api));
        Ok(apis)
    }

    /// One of them.
    pub(crate) async fn show_api(&self, caller: &Caller, name: &PrincipalName) -> Result<ApiRecord, Error> {
        self.store.api(name).await?.filter(|api| sees(caller, api)).ok_or(Error::Hidden)
    }

    /// Removes an API and revokes its credentials. Its namespace stays reserved.
    pub(crate) async fn remove_api(&self, caller: &Caller, name: &PrincipalName) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let (api, permit) = self.administered(&caller, name, Action::ApiWrite).await?;
            self.store.write(&permit, &Write::RemoveApi(PrincipalId(api.id.0))).await?;
            Ok(())
        })
        .await
    }

    /// A new credential for an API. It can only ask about tokens, so it is judged by the right to the API alone.
    pub(crate) async fn api_credential(
        &self,
        caller: &Caller,
        name: &PrincipalName,
    ) -> Result<IssuedToken, Error> {
        self.judged(caller, move |caller: Caller| async move { self.credential_judged(&caller, name).await })
            .await
    }

    async fn credential_judged(&self, caller: &Caller, name: &PrincipalName) -> Result<IssuedToken, Error> {
        access::check_gets_secrets(caller)?;
        let (api, permit) = self.administered(caller, name, Action::ApiCredential).await?;
        if api.catalogue.namespace() == OWN_NAMESPACE {
            return Err(Error::Conflict(Code::BuiltIn, "Jeton needs no credential to ask itself".to_owned()));
        }
        let namespace = ScopePattern::namespace(api.catalogue.namespace()).map_err(|_| Error::Unavailable)?;
        let grant = Grant {
            kind: TokenKind::Api,
            name: None,
            description: None,
            owner: PrincipalId(api.id.0),
            parent: None,
            created_by: Some(caller.token()),
            patterns: ScopeSet::new([namespace]).map_err(|_| Error::Unavailable)?,
            places: PlaceLimit::Everywhere,
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            job: None,
            holders: vec![],
            expiry: Expiry::Never,
            at: self.now(),
            proof: None,
        };
        self.issue(&permit, grant).await
    }

    /// The API that calls with its own credential; any other caller is refused.
    pub(crate) async fn calling_api(&self, caller: &Caller) -> Result<Arc<ApiRecord>, Error> {
        let refused = || {
            Error::denied(
                Code::NotHonouredHere,
                "only an API asks about tokens, with its own credential: see `jeton api credential`",
            )
        };
        if caller.kind() != TokenKind::Api {
            return Err(refused());
        }
        self.remembered_api(ApiId(caller.principal().0)).await?.ok_or_else(refused)
    }

    async fn administered(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        action: Action,
    ) -> Result<(ApiRecord, access::Permit), Error> {
        let api = self.show_api(caller, name).await?;
        let permit = access::at(caller, api.place(), action)?;
        Ok((api, permit))
    }

    async fn plan(&self, existing: Option<&ApiRecord>, wanted: &ApiRequest) -> Result<ApiPlan, Error> {
        let old = existing.map(|api| api.catalogue.scopes()).unwrap_or_default();
        let new = wanted.catalogue.scopes();
        let old_routes = existing.map(|api| api.routes.as_slice()).unwrap_or_default();
        let before = existing.map(|api| api.forward_auth).unwrap_or_default();
        let names_not_in = |of: &[CatalogueScope], others: &[CatalogueScope]| {
            let gone = of.iter().filter(|scope| others.iter().all(|other| other.name != scope.name));
            gone.map(|scope| scope.name.to_string()).collect::<Vec<_>>()
        };
        let change = match existing {
            None => ApiChange::Create,
            Some(api) if is_same(api, wanted) => ApiChange::None,
            Some(_) => ApiChange::Update,
        };
        Ok(ApiPlan {
            change,
            scopes_added: names_not_in(new, old),
            scopes_removed: names_not_in(old, new),
            widenings: self.widenings(existing, wanted).await?,
            routes: wanted.routes.len(),
            routes_added: routes_not_in(&wanted.routes, old_routes),
            routes_removed: routes_not_in(old_routes, &wanted.routes),
            forward_auth: Some(wanted.forward_auth).filter(|mode| *mode != before),
        })
    }

    /// Scopes that come to imply more, with the number of live tokens that thereby can do more.
    async fn widenings(
        &self,
        existing: Option<&ApiRecord>,
        wanted: &ApiRequest,
    ) -> Result<Vec<Widening>, Error> {
        let mut widenings = Vec::new();
        for scope in existing.map(|api| api.catalogue.scopes()).unwrap_or_default() {
            let before: Vec<_> =
                existing.iter().flat_map(|api| api.catalogue.implications(&scope.name)).collect();
            let after = wanted.catalogue.implications(&scope.name);
            let adds: Vec<_> =
                after.filter(|implied| !before.contains(implied)).map(ToString::to_string).collect();
            if !adds.is_empty() {
                let live_tokens = self.store.holders(&scope.name, self.now()).await?;
                widenings.push(Widening { scope: scope.name.to_string(), adds, live_tokens });
            }
        }
        Ok(widenings)
    }
}

/// Those that a caller may know of.
pub(super) fn seen<'a>(caller: &Caller, apis: &'a [ApiRecord]) -> Vec<&'a ApiRecord> {
    apis.iter().filter(|api| sees(caller, api)).collect()
}

/// An API is hidden like its organization. One that belongs to none is everybody's to see, and each sees itself.
fn sees(caller: &Caller, api: &ApiRecord) -> bool {
    let is_itself = caller.principal() == PrincipalId(api.id.0);
    is_itself || api.place() == Place::Global || caller.sees(api.place())
}

fn not_yours(namespace: &str) -> Error {
    let detail =
        format!("the namespace `{namespace}` is kept for what Jeton brings along; choose another one");
    Error::Conflict(Code::NamespaceTaken, detail)
}

fn is_same(api: &ApiRecord, wanted: &ApiRequest) -> bool {
    api.title == wanted.title
        && api.audience == wanted.audience
        && api.enforces_places == wanted.enforces_places
        && api.forward_auth == wanted.forward_auth
        && api
            .organization
            .as_ref()
            .is_some_and(|(_, name)| name.eq_ignore_ascii_case(wanted.organization.as_str()))
        && api.catalogue == wanted.catalogue
        && api.routes == wanted.routes
}

fn routes_not_in(of: &[Route], others: &[Route]) -> Vec<ApiRoute> {
    let others: HashSet<_> = others.iter().map(key).collect();
    let missing = of.iter().filter(|route| !others.contains(&key(route)));
    let shown = |route: &Route| {
        let Route { method, path, scope, resource } = route.clone();
        ApiRoute { method, path, scope: scope.to_string(), resource }
    };
    missing.map(shown).collect()
}

fn key(route: &Route) -> (&str, &str, &str, Option<&str>) {
    (&route.method, &route.path, route.scope.as_str(), route.resource.as_deref())
}

fn new_api(request: ApiRequest, organization: OrganizationId, id: Id) -> NewApi {
    NewApi {
        id,
        name: request.name,
        title: request.title,
        organization: Some(organization),
        audience: request.audience,
        enforces_places: request.enforces_places,
        forward_auth: request.forward_auth,
        built_in: false,
        catalogue: request.catalogue,
        routes: request.routes,
    }
}
