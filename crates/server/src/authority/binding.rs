//! Who has which role, and where. Nobody gives a role that grants more than they hold at the place.

use jeton_api::Code;
use jeton_token::{BindingId, Place, PrincipalKind, PrincipalName, ResourceName, Rights, ScopePattern};

use super::access::{self, Action, Caller};
use super::create::check_may_give;
use super::page::{self, Page};
use super::{Authority, Error, Mode};
use crate::store::{
    ApiRecord, Bearer, BearerKind, BindingFilter, BindingRecord, EVERY_API, Made, NewBinding, Outcome,
    RoleRecord, Write,
};

/// A binding as a request says it, parsed.
#[derive(Clone, Debug)]
pub(crate) struct BindingRequest {
    pub(crate) role: ResourceName,
    pub(crate) subject_type: String,
    pub(crate) subject: String,
    pub(crate) place: String,
}

/// Which bindings to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct BindingList {
    pub(crate) role: Option<ResourceName>,
    /// Only of bearers of this kind.
    pub(crate) kind: Option<BearerKind>,
    pub(crate) subject: Option<(String, String)>,
    pub(crate) place: Option<String>,
    pub(crate) below: Option<BindingId>,
    pub(crate) limit: usize,
}

impl Authority {
    /// Gives somebody a role at a place. `None`: it was only tried.
    pub(crate) async fn bind(
        &self,
        caller: &Caller,
        request: &BindingRequest,
        mode: Mode,
    ) -> Result<Option<(BindingRecord, Made)>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let place = self.place_to_bind(caller, &request.place).await?;
            let permit = access::at(caller, place, Action::BindingWrite)?;
            let unknown = |pointer: &str, detail: String| Error::invalid(pointer, Code::UnknownName, detail);
            let role = self.store.role(&request.role).await?;
            let role =
                role.ok_or_else(|| unknown("/role", format!("there is no role `{}`", request.role)))?;
            if !role.bindable.allows(place) {
                let detail = format!("role `{}` is bound at `*` only", role.name);
                return Err(Error::invalid("/place", Code::NotBindableThere, detail));
            }
            let bearer = self.bearer("/subject", &request.subject_type, &request.subject).await?;
            let apis = self.store.apis().await?;
            check_may_give(caller, &granted(&role, place, &apis), &apis)?;
            let new = NewBinding { id: BindingId(self.mint_id()), role: role.id, bearer, place };
            match self.carry_out(mode, &permit, &Write::Bind(new)).await? {
                None => Ok(None),
                Some(Outcome::Binding(record, is_new)) => Ok(Some((*record, is_new))),
                Some(_) => Err(Error::Unavailable),
            }
        })
        .await
    }

    /// Takes a role from somebody. It is less for them, so it needs no more than the right to roles at the place.
    pub(crate) async fn unbind(&self, caller: &Caller, id: BindingId, mode: Mode) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let binding = self.show_binding(caller, id).await?;
            let permit = access::at(caller, binding.place, Action::BindingWrite)?;
            self.carry_out(mode, &permit, &Write::Unbind(id)).await.map(drop)
        })
        .await
    }

    /// One binding: of oneself, or at a place where the caller may see them.
    pub(crate) async fn show_binding(&self, caller: &Caller, id: BindingId) -> Result<BindingRecord, Error> {
        let binding = self.store.binding(id).await?.ok_or(Error::Hidden)?;
        if sees(caller, &binding) { Ok(binding) } else { Err(Error::Hidden) }
    }

    /// The bindings that the caller may see, newest first.
    pub(crate) async fn list_bindings(
        &self,
        caller: &Caller,
        list: &BindingList,
    ) -> Result<Page<BindingRecord, BindingId>, Error> {
        let Some(mut filter) = self.filter(list).await? else {
            return Ok(Page { items: vec![], next: None });
        };
        if !caller.places().any(|place| may_look_through(caller, place)) {
            // Who may look through no place has only their own to look for.
            match filter.bearer {
                Some(bearer) if bearer.id() != caller.principal().to_string() => {
                    return Ok(Page { items: vec![], next: None });
                }
                _ => {
                    filter.bearer =
                        Some(Bearer::Principal(caller.principal(), caller.chain.token.owner_kind));
                }
            }
        }
        let read = |below| {
            let filter = BindingFilter { below, limit: page::READ, ..filter.clone() };
            async move { self.store.bindings(&filter).await }
        };
        page::seen(read, |binding| sees(caller, binding), |binding| binding.id, list.below, list.limit).await
    }

    /// The principal or group that two texts name.
    pub(crate) async fn bearer(&self, pointer: &str, kind: &str, name: &str) -> Result<Bearer, Error> {
        let found = self.bearer_if_any(pointer, kind, name).await?;
        found.ok_or_else(|| {
            let detail = format!("there is no {} `{name}`", kind.replace('_', " "));
            Error::invalid(format!("{pointer}/name"), Code::UnknownName, detail)
        })
    }

    async fn bearer_if_any(&self, pointer: &str, kind: &str, name: &str) -> Result<Option<Bearer>, Error> {
        let wrong = |detail: String| Error::invalid(format!("{pointer}/name"), Code::InvalidField, detail);
        if kind == "group" {
            let name: ResourceName = name.parse().map_err(|error| wrong(format!("{error}")))?;
            return Ok(self.store.group(&name).await?.map(|group| Bearer::Group(group.id)));
        }
        let kind = match kind {
            "user" => PrincipalKind::User,
            "service_account" => PrincipalKind::ServiceAccount,
            _ => {
                let detail = "one of `user`, `group` and `service_account`";
                return Err(Error::invalid(format!("{pointer}/type"), Code::InvalidField, detail));
            }
        };
        let name: PrincipalName = name.parse().map_err(|error| wrong(format!("{error}")))?;
        let found = self.store.principal(kind, &name).await?;
        Ok(found.map(|principal| Bearer::Principal(principal.id, kind)))
    }

    /// A place that does not exist and one that the caller has nothing to do with answer alike.
    async fn place_to_bind(&self, caller: &Caller, text: &str) -> Result<Place, Error> {
        self.visible_place(caller, text).await?.ok_or_else(|| {
            let detail = format!("`{text}` is no place: `*`, `organization/*` or `organization/project`");
            Error::invalid("/place", Code::UnknownName, detail)
        })
    }

    /// `None`: a name that nothing has, so the list is empty.
    async fn filter(&self, list: &BindingList) -> Result<Option<BindingFilter>, Error> {
        let mut filter = BindingFilter { kind: list.kind, ..BindingFilter::default() };
        if let Some(role) = &list.role {
            let Some(role) = self.store.role(role).await? else { return Ok(None) };
            filter.role = Some(role.id);
        }
        if let Some((kind, name)) = &list.subject {
            let Some(bearer) = self.bearer_if_any("subject", kind, name).await? else { return Ok(None) };
            filter.bearer = Some(bearer);
        }
        if let Some(place) = &list.place {
            let Some(place) = self.any_place(place).await? else { return Ok(None) };
            filter.place = Some(place);
        }
        Ok(Some(filter))
    }
}

fn sees(caller: &Caller, binding: &BindingRecord) -> bool {
    let own = matches!(binding.bearer, Bearer::Principal(id, _) if id == caller.principal());
    own || may_look_through(caller, binding.place)
}

fn may_look_through(caller: &Caller, place: Place) -> bool {
    access::at(caller, place, Action::BindingRead).is_ok()
}

/// What a role gives at a place.
pub(super) fn granted(role: &RoleRecord, place: Place, apis: &[ApiRecord]) -> Vec<(Place, Rights)> {
    let mut given = vec![(place, role.patterns.clone())];
    if role.grants_apis {
        given.extend(EVERY_API.parse::<ScopePattern>().map(|mark| (place, std::iter::once(mark).collect())));
        given.extend(apis.iter().filter_map(|api| api_granted(api, place)));
    }
    given
}

/// All scopes of an API, where a binding at this place gives them.
fn api_granted(api: &ApiRecord, place: Place) -> Option<(Place, Rights)> {
    let (organization, _) = api.organization.as_ref()?;
    let served = Place::Organization(*organization);
    let namespace = ScopePattern::namespace(api.catalogue.namespace()).ok()?;
    let at = if served.contains(place) { place } else { served };
    place.meets(served).then(|| (at, std::iter::once(namespace).collect()))
}
