//! Trusts of service accounts. Whoever makes one hands the account to everybody whom it means, so they must cover
//! the account completely, like somebody who obtains its secret; and they must not be limited themselves, because
//! what comes from a trust is not.

use jeton_api::Code;
use jeton_token::{PrincipalName, TrustId};

use super::access::{self, Action, Caller, Owner};
use super::create::check_covers;
use super::user::check_unlimited;
use super::{Authority, Error, Kept, Mode};
use crate::limits::{TRUSTS_MAX, TRUSTS_SEARCHED_MAX};
use crate::store::{NewTrust, Outcome, PrincipalRecord, TrustRecord, TrustTerms, TrustedKeys, Write};

impl Authority {
    /// Makes a trust or replaces it.
    pub(crate) async fn put_trust(
        &self,
        caller: &Caller,
        account: &PrincipalName,
        name: &PrincipalName,
        terms: &TrustTerms,
        mode: Mode,
    ) -> Result<Kept<TrustRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let account = self.visible_account(caller, account).await?;
            let permit = access::at(caller, Owner::from(&account).home, Action::TrustWrite)?;
            self.check_may_ask(terms)?;
            let apis = self.store.apis().await?;
            check_unlimited(caller)?;
            // Of one's own account too: a token may be less than its owner, and what comes from a trust is not.
            check_covers(caller, &self.store.rights_of(account.id).await?, &apis)?;
            let trusts = self.trusts(&account).await?;
            let old = trusts.iter().find(|trust| trust.name == name.as_str());
            if old.is_none() && trusts.len() >= TRUSTS_MAX {
                let detail = "a service account has at most 32 trusts; remove one that nobody uses";
                return Err(Error::Conflict(Code::LimitReached, detail.to_owned()));
            }
            if let Some(old) = old.filter(|old| old.terms == *terms && mode == Mode::Commit) {
                return Ok(Kept::Changed(old.clone()));
            }
            let id = old.map_or_else(|| TrustId(self.mint_id()), |old| old.id);
            let new = NewTrust { id, account: account.id, name: name.clone(), terms: terms.clone() };
            match (self.carry_out(mode, &permit, &Write::PutTrust(new)).await?, old) {
                (None, _) => Ok(Kept::Tried),
                (Some(Outcome::Trust(trust)), None) => Ok(Kept::New(*trust)),
                (Some(Outcome::Trust(trust)), Some(_)) => Ok(Kept::Changed(*trust)),
                (Some(_), _) => Err(Error::Unavailable),
            }
        })
        .await
    }

    /// The trusts of an account, newest first: for whoever looks after it, and for itself.
    pub(crate) async fn list_trusts(
        &self,
        caller: &Caller,
        account: &PrincipalName,
    ) -> Result<Vec<TrustRecord>, Error> {
        let account = self.visible_account(caller, account).await?;
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
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let kept_by = self.visible_account(caller, account).await?;
            let permit = access::at(caller, Owner::from(&kept_by).home, Action::TrustWrite)?;
            let trust = self.show_trust(caller, account, name).await?;
            self.carry_out(mode, &permit, &Write::RemoveTrust(trust.id)).await.map(drop)
        })
        .await
    }

    /// Whoever makes a trust has the server ask an address; nobody has it ask what only it can reach.
    fn check_may_ask(&self, terms: &TrustTerms) -> Result<(), Error> {
        let (pointer, url) = match &terms.keys {
            TrustedKeys::Inline(_) => return Ok(()),
            TrustedKeys::Url(url) => ("/jwks_url", url.url().clone()),
            TrustedKeys::Discovery => {
                let url = terms.issuer.url();
                (
                    "/issuer",
                    url.map_err(|error| Error::invalid("/issuer", Code::InvalidField, error.to_string()))?,
                )
            }
        };
        self.issuers
            .may_ask(&url)
            .map_err(|error| Error::invalid(pointer, Code::InvalidField, error.to_string()))
    }

    /// With room for some more than there should be: two that are made at the same moment may both fit.
    async fn trusts(&self, account: &PrincipalRecord) -> Result<Vec<TrustRecord>, Error> {
        Ok(self.store.trusts_of(account.id, i64::try_from(TRUSTS_SEARCHED_MAX).unwrap_or(i64::MAX)).await?)
    }
}
