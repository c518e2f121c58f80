//! A user's accounts at other issuers, linked by hand. Whoever has such an account gets in as the user, so linking is
//! handing out the user's key, like setting a password.

use jeton_token::{Id, Place, PrincipalKind, PrincipalName};

use super::access::{self, Action, Caller};
use super::{Authority, Error};
use crate::identity::Issuer;
use crate::store::{IdentityRecord, NewIdentity, PrincipalRecord, Write};

impl Authority {
    /// A user's accounts elsewhere: their own, or for administrators anybody's.
    pub(crate) async fn list_identities(
        &self,
        caller: &Caller,
        name: &PrincipalName,
    ) -> Result<Vec<IdentityRecord>, Error> {
        let user = self.visible_user(caller, name).await?;
        Ok(self.store.identities_of(user.id).await?)
    }

    /// Links an account elsewhere to a user.
    pub(crate) async fn link_identity(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        issuer: &Issuer,
        subject: &str,
    ) -> Result<IdentityRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::UserWrite)?;
            let user = self.user_to_link(name).await?;
            self.check_may_reset(&caller, &user).await?;
            let new = NewIdentity {
                id: self.mint_id(),
                issuer: issuer.to_string(),
                subject: subject.to_owned(),
                linked_by: Some(caller.principal()),
            };
            self.store.write(&permit, &Write::LinkIdentity(user.id, new)).await?;
            self.store.identity(issuer.as_str(), subject).await?.ok_or(Error::Unavailable)
        })
        .await
    }

    /// Ends such a link. Sessions that came of it go on; they are revoked like any token.
    pub(crate) async fn unlink_identity(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        id: Id,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::UserWrite)?;
            let user = self.user_to_link(name).await?;
            self.store.write(&permit, &Write::UnlinkIdentity(user.id, id)).await?;
            Ok(())
        })
        .await
    }

    async fn user_to_link(&self, name: &PrincipalName) -> Result<PrincipalRecord, Error> {
        self.store.principal(PrincipalKind::User, name).await?.ok_or(Error::Hidden)
    }
}
