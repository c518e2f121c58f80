//! Trusts of service accounts. Whoever makes one hands out the account to everybody whom it means, so they must
//! cover the account completely, like somebody who obtains its secret.

use jeton_api::Code;
use jeton_token::{Place, PrincipalKind, PrincipalName, TrustId};

use super::access::{self, Action, Caller};
use super::{Authority, Error};
use crate::limits::{TRUSTS_MAX, TRUSTS_SEARCHED_MAX};
use crate::store::{NewTrust, Outcome, PrincipalRecord, TrustRecord, TrustTerms, Write};

/// What a request says about a trust.
pub(crate) struct TrustRequest {
    pub(crate) terms: TrustTerms,
}

impl Authority {
    /// Makes a trust or replaces it. Answers whether it is new.
    pub(crate) async fn put_trust(
        &self,
        caller: &Caller,
        account: &PrincipalName,
        name: &PrincipalName,
        request: TrustRequest,
    ) -> Result<(TrustRecord, bool), Error> {
        let account = self.account(account).await?;
        let permit = access::at(caller, Place::Global, Action::TrustWrite)?;
        let apis = self.store.apis().await?;
        self.check_covers_owner(caller, account.id, &apis).await?;
        let trusts = self.trusts(&account).await?;
        let old = trusts.iter().find(|trust| trust.name == name.as_str());
        if old.is_none() && trusts.len() >= TRUSTS_MAX {
            let detail = "a service account has at most 32 trusts; remove one that nobody uses";
            return Err(Error::invalid("", Code::InvalidField, detail));
        }
        let id = old.map_or_else(|| TrustId(self.mint_id()), |old| old.id);
        let new = NewTrust { id, account: account.id, name: name.clone(), terms: request.terms };
        let is_new = old.is_none();
        if let Some(old) = old.filter(|old| old.terms == new.terms) {
            return Ok((old.clone(), false));
        }
        match self.store.write(&permit, &Write::PutTrust(new)).await? {
            Outcome::Trust(trust) => Ok((*trust, is_new)),
            _ => Err(Error::Unavailable),
        }
    }

    /// The trusts of an account.
    pub(crate) async fn list_trusts(
        &self,
        caller: &Caller,
        account: &PrincipalName,
    ) -> Result<Vec<TrustRecord>, Error> {
        let account = self.account(account).await?;
        access::at(caller, Place::Global, Action::TrustRead)?;
        self.trusts(&account).await
    }

    /// One of them.
    pub(crate) async fn show_trust(
        &self,
        caller: &Caller,
        account: &PrincipalName,
        name: &PrincipalName,
    ) -> Result<TrustRecord, Error> {
        let trusts = self.list_trusts(caller, account).await?;
        trusts.into_iter().find(|trust| trust.name == name.as_str()).ok_or(Error::Hidden)
    }

    /// Removes a trust for good, and ends every token that came from it.
    pub(crate) async fn remove_trust(
        &self,
        caller: &Caller,
        account: &PrincipalName,
        name: &PrincipalName,
    ) -> Result<(), Error> {
        let permit = access::at(caller, Place::Global, Action::TrustWrite)?;
        let trust = self.show_trust(caller, account, name).await?;
        self.store.write(&permit, &Write::RemoveTrust(trust.id)).await?;
        Ok(())
    }

    async fn account(&self, name: &PrincipalName) -> Result<PrincipalRecord, Error> {
        self.store.principal(PrincipalKind::ServiceAccount, name).await?.ok_or(Error::Hidden)
    }

    async fn trusts(&self, account: &PrincipalRecord) -> Result<Vec<TrustRecord>, Error> {
        Ok(self.store.trusts_of(account.id, i64::try_from(TRUSTS_SEARCHED_MAX).unwrap_or(i64::MAX)).await?)
    }
}
