//! Roles. A role that grants more gives more to all who have it, so making it wider is giving that away.

use jeton_token::{Place, ResourceName, Rights, ScopePattern, ScopeSet};

use super::access::{self, Action, Caller, Permit};
use super::create::{check_known, check_known_besides, check_may_give};
use super::{Authority, Error, Kept, Mode};
use crate::store::{Outcome, Refusal, RoleRecord, RoleSettings, Write};

/// What a request says about a role. What is `None` was not said.
#[derive(Debug)]
pub(crate) struct RoleRequest {
    pub(crate) description: Option<String>,
    pub(crate) patterns: Option<ScopeSet>,
}

impl Authority {
    /// Makes a role, or replaces it.
    pub(crate) async fn put_role(
        &self,
        caller: &Caller,
        name: &ResourceName,
        description: Option<&str>,
        patterns: &ScopeSet,
        mode: Mode,
    ) -> Result<Kept<RoleRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::RoleWrite)?;
            let existing = self.store.role(name).await?;
            self.check_role(&caller, existing.as_ref(), patterns).await?;
            let description = description.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
            let settings = RoleSettings { name: name.clone(), description, patterns: patterns.clone() };
            self.keep_role(&permit, existing.as_ref(), settings, mode).await
        })
        .await
    }

    /// Changes what the request says and nothing else.
    pub(crate) async fn edit_role(
        &self,
        caller: &Caller,
        name: &ResourceName,
        request: &RoleRequest,
        mode: Mode,
    ) -> Result<Kept<RoleRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::RoleWrite)?;
            let existing = self.store.role(name).await?.ok_or(Error::Hidden)?;
            check_ours(&existing)?;
            let patterns = match &request.patterns {
                Some(patterns) => patterns.clone(),
                None => had(&existing)?,
            };
            self.check_role(&caller, Some(&existing), &patterns).await?;
            let description = request.description.as_ref().or(existing.description.as_ref());
            let description = description.filter(|text| !text.is_empty()).cloned();
            let settings = RoleSettings { name: name.clone(), description, patterns };
            self.keep_role(&permit, Some(&existing), settings, mode).await
        })
        .await
    }

    /// Writes a role that has been judged. A name keeps the case that it was made with.
    async fn keep_role(
        &self,
        permit: &Permit,
        existing: Option<&RoleRecord>,
        settings: RoleSettings,
        mode: Mode,
    ) -> Result<Kept<RoleRecord>, Error> {
        let write = match existing {
            Some(role) => {
                let name = role.name.parse().map_err(|_| Error::Unavailable)?;
                Write::EditRole(role.id, RoleSettings { name, ..settings })
            }
            None => Write::CreateRole(self.mint_id(), settings),
        };
        match (self.carry_out(mode, permit, &write).await?, existing) {
            (None, _) => Ok(Kept::Tried),
            (Some(Outcome::Role(role)), None) => Ok(Kept::New(*role)),
            (Some(Outcome::Role(role)), Some(_)) => Ok(Kept::Changed(*role)),
            (Some(_), _) => Err(Error::Unavailable),
        }
    }

    /// Removes a role that nobody has.
    pub(crate) async fn remove_role(
        &self,
        caller: &Caller,
        name: &ResourceName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::RoleWrite)?;
            let role = self.store.role(name).await?.ok_or(Error::Hidden)?;
            self.carry_out(mode, &permit, &Write::RemoveRole(role.id)).await.map(drop)
        })
        .await
    }

    /// One role. Any caller may see them: whoever lacks a right must know which role would give it.
    pub(crate) async fn show_role(&self, _: &Caller, name: &ResourceName) -> Result<RoleRecord, Error> {
        self.store.role(name).await?.ok_or(Error::Hidden)
    }

    /// Roles, by name.
    pub(crate) async fn list_roles(
        &self,
        _: &Caller,
        after: Option<&ResourceName>,
        limit: usize,
    ) -> Result<Vec<RoleRecord>, Error> {
        Ok(self.store.roles(after, i64::try_from(limit).unwrap_or(i64::MAX)).await?)
    }

    /// What comes new must be known, and the caller must hold it wherever somebody has the role.
    async fn check_role(
        &self,
        caller: &Caller,
        existing: Option<&RoleRecord>,
        patterns: &ScopeSet,
    ) -> Result<(), Error> {
        // Whoever may make roles may know of every API.
        let apis = self.store.apis().await?;
        let known: Vec<_> = apis.iter().collect();
        let Some(role) = existing else {
            return check_known(patterns, &known);
        };
        check_ours(role)?;
        let is_new = |pattern: &&ScopePattern| !role.patterns.covers_pattern(pattern);
        check_known_besides(patterns, &known, |pattern| !is_new(&pattern))?;
        let added: Rights = patterns.patterns().iter().filter(is_new).cloned().collect();
        let places = self.store.places_of_role(role.id).await?;
        let given: Vec<_> = places.into_iter().map(|place| (place, added.clone())).collect();
        check_may_give(caller, &given, &apis)
    }
}

/// What Jeton brings along is nobody's to change, whatever they hold.
fn check_ours(role: &RoleRecord) -> Result<(), Error> {
    if role.built_in { Err(Refusal::BuiltIn.into()) } else { Ok(()) }
}

/// The patterns of a role that somebody made: there is at least one.
fn had(role: &RoleRecord) -> Result<ScopeSet, Error> {
    ScopeSet::new(role.patterns.patterns().iter().cloned()).map_err(|_| Error::Unavailable)
}
