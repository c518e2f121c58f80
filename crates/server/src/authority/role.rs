//! Roles. A role that grants more gives more to all who have it, so making it wider is giving that away.

use jeton_token::{Place, ResourceName, Rights, ScopeSet};

use super::access::{self, Action, Caller};
use super::create::{check_covers, check_known};
use super::{Authority, Error, Kept, Mode};
use crate::store::{BindingFilter, Outcome, RoleRecord, RoleSettings, Write};

/// What a request says about a role. What is `None` was not said.
#[derive(Debug)]
pub(crate) struct RoleRequest {
    pub(crate) description: Option<String>,
    pub(crate) patterns: Option<ScopeSet>,
}

/// How many bindings of one role are looked at; a role that more have is changed by making another one.
const BINDINGS_MAX: i64 = 10_000;

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
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::RoleWrite)?;
            let existing = self.store.role(name).await?;
            let settings = RoleSettings {
                name: name.clone(),
                description: description.filter(|text| !text.is_empty()).map(ToOwned::to_owned),
                patterns: patterns.clone(),
            };
            self.check_role(caller, existing.as_ref(), patterns).await?;
            let is_new = existing.is_none();
            let write = match existing {
                Some(role) => Write::EditRole(role.id, settings),
                None => Write::CreateRole(self.mint_id(), settings),
            };
            let Some(outcome) = self.carry_out(mode, &permit, &write).await? else {
                return Ok(Kept::Tried);
            };
            let role = role(outcome)?;
            Ok(if is_new { Kept::New(role) } else { Kept::Changed(role) })
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
        let existing = self.store.role(name).await?.ok_or(Error::Hidden)?;
        let had = ScopeSet::new(existing.patterns.patterns().iter().cloned());
        let patterns = match (&request.patterns, had) {
            (Some(patterns), _) => patterns.clone(),
            (None, Ok(had)) => had,
            // Only a built-in role has no pattern, and nobody changes one.
            (None, Err(_)) => ScopeSet::everything(),
        };
        let description = request.description.as_deref().or(existing.description.as_deref());
        match self.put_role(caller, name, description, &patterns, mode).await? {
            Kept::New(role) | Kept::Changed(role) => Ok(Kept::Changed(role)),
            Kept::Tried => Ok(Kept::Tried),
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
        let apis = self.store.apis().await?;
        let had = existing.map(|role| role.patterns.clone()).unwrap_or_default();
        let new = patterns.patterns().iter().filter(|pattern| !had.covers_pattern(pattern));
        let added: Rights = new.cloned().collect();
        if let Ok(added) = ScopeSet::new(added.patterns().iter().cloned()) {
            check_known(&added, &apis)?;
        }
        let (Some(role), false) = (existing, added.is_empty()) else {
            return Ok(());
        };
        let filter = BindingFilter { role: Some(role.id), limit: BINDINGS_MAX, ..BindingFilter::default() };
        let bindings = self.store.bindings(&filter).await?;
        if i64::try_from(bindings.len()).is_ok_and(|count| count >= BINDINGS_MAX) {
            return Err(Error::Unavailable);
        }
        let given: Vec<_> = bindings.iter().map(|binding| (binding.place, added.clone())).collect();
        check_covers(caller, &given, &apis)
    }
}

fn role(outcome: Outcome) -> Result<RoleRecord, Error> {
    match outcome {
        Outcome::Role(role) => Ok(*role),
        _ => Err(Error::Unavailable),
    }
}
