//! Service accounts. The administrators of their organization look after them.

use jeton_api::Code;
use jeton_token::{Place, PrincipalId, PrincipalKind, PrincipalName, ResourceName};

use super::access::{self, Action, Caller, Owner};
use super::page::{self, Page};
use super::{Authority, Error, Kept, Mode};
use crate::store::{NewPrincipal, Outcome, PrincipalEdit, PrincipalRecord, Provision, Refusal, Write};

/// What a request says about a service account. What is `None` was not said.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceAccountRequest {
    pub(crate) organization: Option<ResourceName>,
    pub(crate) display_name: Option<String>,
    pub(crate) disabled: Option<bool>,
}

impl Authority {
    /// Makes a service account, or replaces what the request says about one.
    pub(crate) async fn put_service_account(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        request: &ServiceAccountRequest,
        mode: Mode,
    ) -> Result<Kept<PrincipalRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let existing = self.store.principal(PrincipalKind::ServiceAccount, name).await?;
            let is_taken = existing.is_some();
            if let Some(account) = existing.filter(|account| sees(caller, account)) {
                check_same_organization(&account, request.organization.as_ref())?;
                let display_name = Some(request.display_name.clone().unwrap_or_default());
                let request = ServiceAccountRequest { display_name, ..request.clone() };
                return self.change_account(caller, &account, &request, mode).await;
            }
            let organization = self.organization_of(caller, request.organization.as_ref()).await?;
            let permit = access::at(caller, Place::Organization(organization), Action::ServiceAccountWrite)?;
            if is_taken {
                // Of an organization that the caller does not look after: that it is there has to be told, and only that.
                return Err(Refusal::NameTaken.into());
            }
            let new = NewPrincipal {
                id: PrincipalId(self.mint_id()),
                kind: PrincipalKind::ServiceAccount,
                organization: Some(organization),
                name: name.clone(),
                password: None,
                display_name: request.display_name.clone().filter(|text| !text.is_empty()),
                email: None,
                disabled: request.disabled.unwrap_or(false),
                provision: Provision::default(),
            };
            match self.carry_out(mode, &permit, &Write::CreatePrincipal(new)).await? {
                None => Ok(Kept::Tried),
                Some(outcome) => Ok(Kept::New(account(outcome)?)),
            }
        })
        .await
    }

    /// Changes what the request says and nothing else.
    pub(crate) async fn edit_service_account(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        request: &ServiceAccountRequest,
        mode: Mode,
    ) -> Result<Kept<PrincipalRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let account = self.visible_account(caller, name).await?;
            self.change_account(caller, &account, request, mode).await
        })
        .await
    }

    /// Removes a service account for good; its tokens are dead.
    pub(crate) async fn remove_service_account(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let account = self.visible_account(caller, name).await?;
            let permit = access::at(caller, Owner::from(&account).home, Action::ServiceAccountWrite)?;
            self.carry_out(mode, &permit, &Write::RemovePrincipal(account.id)).await.map(drop)
        })
        .await
    }

    /// A service account that the caller looks after, or is.
    pub(crate) async fn visible_account(
        &self,
        caller: &Caller,
        name: &PrincipalName,
    ) -> Result<PrincipalRecord, Error> {
        let account = self.store.principal(PrincipalKind::ServiceAccount, name).await?;
        account.filter(|account| sees(caller, account)).ok_or(Error::Hidden)
    }

    /// The service accounts that the caller looks after, newest first.
    pub(crate) async fn list_service_accounts(
        &self,
        caller: &Caller,
        organization: Option<&ResourceName>,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Page<PrincipalRecord>, Error> {
        let of = match organization {
            Some(name) => Some(self.visible_organization(caller, name).await?.id),
            None => None,
        };
        let read = |below| self.store.principals(PrincipalKind::ServiceAccount, of, below, page::READ);
        page::seen(read, |account| sees(caller, account), |account| account.number, below, limit).await
    }

    async fn change_account(
        &self,
        caller: &Caller,
        existing: &PrincipalRecord,
        request: &ServiceAccountRequest,
        mode: Mode,
    ) -> Result<Kept<PrincipalRecord>, Error> {
        let permit = access::at_or_hidden(caller, Owner::from(existing).home, Action::ServiceAccountWrite)?;
        let edit = PrincipalEdit {
            display_name: request.display_name.clone(),
            disabled: request.disabled,
            ..PrincipalEdit::default()
        };
        match self.carry_out(mode, &permit, &Write::EditPrincipal(existing.id, edit)).await? {
            None => Ok(Kept::Tried),
            Some(outcome) => Ok(Kept::Changed(account(outcome)?)),
        }
    }

    async fn organization_of(
        &self,
        caller: &Caller,
        name: Option<&ResourceName>,
    ) -> Result<jeton_token::OrganizationId, Error> {
        let text = name.map_or("default", ResourceName::as_str);
        let name: ResourceName = text.parse().map_err(|_| Error::Unavailable)?;
        let found = self.store.organization(&name).await?;
        let seen = found.filter(|found| caller.sees(Place::Organization(found.id)));
        seen.map(|found| found.id).ok_or_else(|| {
            let detail = format!("there is no organization `{name}`");
            Error::invalid("/organization", Code::UnknownName, detail)
        })
    }
}

fn sees(caller: &Caller, account: &PrincipalRecord) -> bool {
    account.id == caller.principal()
        || access::at(caller, Owner::from(account).home, Action::ServiceAccountRead).is_ok()
}

fn check_same_organization(account: &PrincipalRecord, wanted: Option<&ResourceName>) -> Result<(), Error> {
    let is = account.organization.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
    match wanted {
        Some(wanted) if !wanted.as_str().eq_ignore_ascii_case(is) => {
            let detail = "a service account stays in the organization that it was made in";
            Err(Error::invalid("/organization", Code::InvalidField, detail))
        }
        _ => Ok(()),
    }
}

fn account(outcome: Outcome) -> Result<PrincipalRecord, Error> {
    match outcome {
        Outcome::Principal(principal) => Ok(*principal),
        _ => Err(Error::Unavailable),
    }
}
