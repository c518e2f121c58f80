//! Users.

use jeton_api::Code;
use jeton_token::{
    Link, NetworkLimit, Place, PlaceLimit, PrincipalId, PrincipalKind, PrincipalName, Rights, ScopeSet,
};
use zeroize::Zeroizing;

use super::access::{self, Action, Caller, Permit};
use super::built_in::FIRST_USER;
use super::create::{IssuedToken, check_covers, exceeds};
use super::password::Prehashed;
use super::{Authority, Error, Origin};
use crate::store::{
    Found, NewPrincipal, Outcome, PrincipalEdit, PrincipalRecord, Provision, Provisioned, UserFilter, Window,
    Write,
};

/// What a request says about a user. What is `None` was not said.
#[derive(Default)]
pub(crate) struct UserRequest {
    /// A new name for one who is there.
    pub(crate) name: Option<PrincipalName>,
    pub(crate) password: Option<Zeroizing<String>>,
    /// The password until now, from somebody who changes their own.
    pub(crate) current_password: Option<Zeroizing<String>>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) disabled: Option<bool>,
    pub(crate) provision: Provision,
}

impl Authority {
    /// Makes a user, or replaces what the request says about one. Answers whether it is new.
    pub(crate) async fn put_user(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        request: &UserRequest,
        only_new: bool,
    ) -> Result<(PrincipalRecord, bool), Error> {
        self.judged(caller, move |caller: Caller| async move {
            self.put_judged(&caller, name, request, only_new).await
        })
        .await
    }

    async fn put_judged(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        request: &UserRequest,
        only_new: bool,
    ) -> Result<(PrincipalRecord, bool), Error> {
        let permit = access::at(caller, Place::Global, Action::UserWrite)?;
        if let Some(user) = self.store.principal(PrincipalKind::User, name).await? {
            if only_new {
                return Err(Error::Conflict(Code::NameTaken, format!("there is a user `{name}` already")));
            }
            // A PUT replaces: a name or address that is not said is cleared.
            let request = UserRequest {
                name: request.name.clone(),
                password: request.password.clone(),
                current_password: None,
                display_name: Some(request.display_name.clone().unwrap_or_default()),
                email: Some(request.email.clone().unwrap_or_default()),
                disabled: request.disabled,
                provision: request.provision.clone(),
            };
            return Ok((self.change(caller, &permit, &user, &request).await?, false));
        }
        let password = match &request.password {
            Some(password) => {
                self.check_may_admit(caller).await?;
                Some(self.passwords.hash(&self.rng, password).await?)
            }
            None => None,
        };
        let new = NewPrincipal {
            id: PrincipalId(self.mint_id()),
            kind: PrincipalKind::User,
            organization: None,
            name: name.clone(),
            password,
            display_name: request.display_name.clone().filter(|text| !text.is_empty()),
            email: request.email.clone().filter(|text| !text.is_empty()),
            disabled: request.disabled.unwrap_or(false),
            provision: request.provision.clone(),
        };
        Ok((principal(self.store.write(&permit, &Write::CreatePrincipal(new)).await?)?, true))
    }

    /// Changes what the request says and nothing else.
    pub(crate) async fn edit_user(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        request: &UserRequest,
        origin: Origin,
    ) -> Result<PrincipalRecord, Error> {
        if let Some(current) = &request.current_password {
            if request.password.is_none() {
                let detail = "this field goes with a new `password`";
                return Err(Error::invalid("/current_password", Code::InvalidField, detail));
            }
            let user = self.visible_user(caller, name).await?;
            self.check_current_password(caller, &user, current, origin).await?;
        }
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let user = self.visible_user(caller, name).await?;
            let permit = permit_to_change(caller, &user, request)?;
            self.change(caller, &permit, &user, request).await
        })
        .await
    }

    /// One user: anybody sees themselves, administrators see everybody.
    pub(crate) async fn show_user(
        &self,
        caller: &Caller,
        name: &PrincipalName,
    ) -> Result<PrincipalRecord, Error> {
        self.visible_user(caller, name).await
    }

    /// Users, newest first.
    pub(crate) async fn list_users(
        &self,
        caller: &Caller,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Vec<PrincipalRecord>, Error> {
        access::at(caller, Place::Global, Action::UserRead)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.principals(PrincipalKind::User, None, below, limit).await?)
    }

    /// Users, newest first, and of each whether they may do everything everywhere.
    pub(crate) async fn list_users_with_power(
        &self,
        caller: &Caller,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(PrincipalRecord, bool)>, Error> {
        access::at(caller, Place::Global, Action::UserRead)?;
        let users = self.store.users_with_rights(below, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        Ok(users.into_iter().map(|(user, rights)| (user, is_everything(&rights))).collect())
    }

    /// Whoever stands behind the caller's credential.
    pub(crate) async fn show_owner(&self, caller: &Caller) -> Result<PrincipalRecord, Error> {
        access::on_itself(caller, Action::TokenRead)?;
        self.store.principal_of(caller.principal()).await?.ok_or(Error::Hidden)
    }

    /// Whose a fresh token is.
    pub(crate) async fn owner_of(&self, issued: &IssuedToken) -> Result<PrincipalRecord, Error> {
        self.store.principal_of(issued.token.owner).await?.ok_or(Error::Hidden)
    }

    /// Whether somebody may do everything everywhere.
    pub(crate) async fn may_everything(&self, user: &PrincipalRecord) -> Result<bool, Error> {
        Ok(is_everything(&self.store.rights_of(user.id).await?))
    }

    /// Removes a user for good, and revokes their tokens.
    pub(crate) async fn remove_user(&self, caller: &Caller, name: &PrincipalName) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::UserWrite)?;
            let user = self.store.principal(PrincipalKind::User, name).await?.ok_or(Error::Hidden)?;
            self.store.write(&permit, &Write::RemovePrincipal(user.id)).await?;
            Ok(())
        })
        .await
    }

    /// Users, oldest first, with what is kept for an identity provider.
    pub(crate) async fn find_users(
        &self,
        caller: &Caller,
        filter: &UserFilter,
        window: Window,
    ) -> Result<Found<(PrincipalRecord, Provisioned)>, Error> {
        access::at(caller, Place::Global, Action::UserRead)?;
        Ok(self.store.find_users(filter, window).await?)
    }

    /// The user of an id, with what is kept for an identity provider.
    pub(crate) async fn user_of(
        &self,
        caller: &Caller,
        id: PrincipalId,
    ) -> Result<(PrincipalRecord, Provisioned), Error> {
        let filter = UserFilter { id: Some(id.to_string()), ..UserFilter::default() };
        let found = self.find_users(caller, &filter, Window { skip: 0, limit: 1 }).await?;
        found.items.into_iter().next().ok_or(Error::Hidden)
    }

    /// Changes what the request says and nothing else, in the user of an id.
    pub(crate) async fn edit_user_of(
        &self,
        caller: &Caller,
        id: PrincipalId,
        request: &UserRequest,
    ) -> Result<PrincipalRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::UserWrite)?;
            let user = self.live_user(id).await?;
            self.change(&caller, &permit, &user, request).await
        })
        .await
    }

    /// Removes the user of an id for good.
    pub(crate) async fn remove_user_of(&self, caller: &Caller, id: PrincipalId) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::UserWrite)?;
            let user = self.live_user(id).await?;
            self.store.write(&permit, &Write::RemovePrincipal(user.id)).await?;
            Ok(())
        })
        .await
    }

    async fn live_user(&self, id: PrincipalId) -> Result<PrincipalRecord, Error> {
        let found = self.store.principal_of(id).await?;
        found.filter(|found| found.kind == PrincipalKind::User).ok_or(Error::Hidden)
    }

    pub(super) async fn visible_user(
        &self,
        caller: &Caller,
        name: &PrincipalName,
    ) -> Result<PrincipalRecord, Error> {
        let administers = access::at(caller, Place::Global, Action::UserRead);
        let user = self.store.principal(PrincipalKind::User, name).await?;
        match (user, administers) {
            (Some(user), _) if user.id == caller.principal() => Ok(user),
            (Some(user), Ok(_)) => Ok(user),
            (None, _) | (Some(_), Err(_)) => Err(Error::Hidden),
        }
    }

    /// A session that somebody left open must not become theirs for good: who changes their own password gives the
    /// present one.
    async fn check_current_password(
        &self,
        caller: &Caller,
        user: &PrincipalRecord,
        current: &str,
        origin: Origin,
    ) -> Result<(), Error> {
        let wrong = |code, detail| Err(Error::invalid("/current_password", code, detail));
        if user.id != caller.principal() {
            return wrong(Code::InvalidField, "this is not your own account, so leave this field out");
        }
        let hash = self.store.password_of(user.id).await?;
        if self.prove_password(&user.name, Some(Prehashed::of(current)), hash, origin).await? {
            return Ok(());
        }
        wrong(Code::InvalidPassword, "this is not your present password")
    }

    async fn change(
        &self,
        caller: &Caller,
        permit: &Permit,
        user: &PrincipalRecord,
        request: &UserRequest,
    ) -> Result<PrincipalRecord, Error> {
        let password = match &request.password {
            Some(password) => {
                self.check_may_reset(caller, user).await?;
                check_proved(caller, user, request)?;
                Some(self.passwords.hash(&self.rng, password).await?)
            }
            None => None,
        };
        let edit = PrincipalEdit {
            name: request.name.clone(),
            password,
            display_name: request.display_name.clone(),
            email: request.email.clone(),
            disabled: request.disabled,
            provision: request.provision.clone(),
            spared: Some(caller.token()),
        };
        let changes_password = edit.password.is_some();
        let changed = principal(self.store.write(permit, &Write::EditPrincipal(user.id, edit)).await?)?;
        if changes_password && changed.name == FIRST_USER {
            self.forget_first_password().await;
        }
        Ok(changed)
    }

    /// The first administrator's password lay in a file; now it is another one, and the file only misleads.
    async fn forget_first_password(&self) {
        match tokio::fs::remove_file(&self.first_password).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the file with the first password could not be removed; remove it by hand");
            }
            _ => {}
        }
    }

    /// Whoever knows a new user's password can do what every user may.
    async fn check_may_admit(&self, caller: &Caller) -> Result<(), Error> {
        check_unlimited(caller)?;
        let apis = self.store.apis().await?;
        check_covers(caller, &self.store.rights_of_everyone().await?, &apis)
    }

    /// A password is the whole user: resetting it needs all that the user may do, and a token never sets its own
    /// owner's, because it would come out as more than it is.
    pub(super) async fn check_may_reset(&self, caller: &Caller, user: &PrincipalRecord) -> Result<(), Error> {
        if user.id == caller.principal() && !caller.is_session() {
            return Err(exceeds("a token does not set its owner's password; sign in to do that"));
        }
        check_unlimited(caller)?;
        let apis = self.store.apis().await?;
        self.check_covers_owner(caller, user.id, &apis).await
    }
}

/// Administrators change everything; everybody changes their own password, and nothing else about themselves.
fn permit_to_change(caller: &Caller, user: &PrincipalRecord, request: &UserRequest) -> Result<Permit, Error> {
    let administers = access::at(caller, Place::Global, Action::UserWrite);
    let UserRequest { name, password, current_password: _, display_name, email, disabled, provision } =
        request;
    let said = name.is_some() || display_name.is_some() || email.is_some() || disabled.is_some();
    let more = said || !provision.is_empty();
    match access::on_own_password(caller, user.id).filter(|_| password.is_some() && !more) {
        Some(own) if administers.is_err() => Ok(own),
        _ => administers,
    }
}

/// Whoever changes their own password has given the present one, administrators too.
fn check_proved(caller: &Caller, user: &PrincipalRecord, request: &UserRequest) -> Result<(), Error> {
    if user.id != caller.principal() || request.current_password.is_some() {
        return Ok(());
    }
    let detail = "say your present password too, in a PATCH: a session alone does not change it";
    Err(Error::invalid("/current_password", Code::InvalidField, detail))
}

/// A password opens sessions everywhere and from anywhere, so a token that is limited to places or networks sets none.
pub(super) fn check_unlimited(caller: &Caller) -> Result<(), Error> {
    let free = |link: &Link| link.places == PlaceLimit::Everywhere && link.networks == NetworkLimit::Anywhere;
    if caller.facts.chain().all(free) {
        return Ok(());
    }
    Err(exceeds("the token that you call with is limited to places or networks, and a password is not"))
}

fn is_everything(rights: &[(Place, Rights)]) -> bool {
    let everything = ScopeSet::everything().rights();
    rights.iter().any(|(place, rights)| *place == Place::Global && rights.covers_all(&everything))
}

fn principal(outcome: Outcome) -> Result<PrincipalRecord, Error> {
    match outcome {
        Outcome::Principal(principal) => Ok(*principal),
        _ => Err(Error::Unavailable),
    }
}
