//! Trusts of service accounts and pipelines. Whoever makes one opens a door to everybody whom it means, so they must be
//! able to go through it themselves. Who trusts somebody with an account must cover the account completely, like
//! somebody who obtains its secret; who trusts somebody with a pipeline must be able to start its jobs. And they must
//! not be limited otherwise than what comes from the trust is.

use jeton_api::Code;
use jeton_token::{Link, NetworkLimit, PrincipalName, ResourceName, TrustId};

use super::access::{self, Action, Caller, Owner, Permit};
use super::create::{check_covers, exceeds};
use super::place::Within;
use super::user::check_unlimited;
use super::{Authority, Error, Kept, Mode};
use crate::limits::{TRUSTS_MAX, TRUSTS_SEARCHED_MAX};
use crate::store::{
    Holder, NewTrust, Outcome, PipelineRecord, PrincipalRecord, ProjectRecord, TrustRecord, TrustTerms,
    TrustedKeys, Write,
};

/// Whose trusts are meant.
#[derive(Clone, Debug)]
pub(crate) enum HolderName {
    Account(PrincipalName),
    Pipeline(Within, ResourceName),
}

/// The same, found.
enum Found {
    Account(PrincipalRecord),
    Pipeline(ProjectRecord, PipelineRecord),
}

impl Authority {
    /// Makes a trust or replaces it.
    pub(crate) async fn put_trust(
        &self,
        caller: &Caller,
        holder: &HolderName,
        name: &PrincipalName,
        terms: &TrustTerms,
        mode: Mode,
    ) -> Result<Kept<TrustRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let found = self.visible_holder(caller, holder).await?;
            let permit = found.permit(caller)?;
            access::check_gets_secrets(caller)?;
            self.check_may_ask(terms)?;
            self.check_may_open(caller, &found).await?;
            let trusts = self.trusts(found.holder()).await?;
            let old = trusts.iter().find(|trust| trust.name == name.as_str());
            if old.is_none() && trusts.len() >= TRUSTS_MAX {
                return Err(full(&found));
            }
            if let Some(old) = old.filter(|old| old.terms == *terms && mode == Mode::Commit) {
                return Ok(Kept::Changed(old.clone()));
            }
            let id = old.map_or_else(|| TrustId(self.mint_id()), |old| old.id);
            let new = NewTrust { id, holder: found.holder(), name: name.clone(), terms: terms.clone() };
            match (self.carry_out(mode, &permit, &Write::PutTrust(new)).await?, old) {
                (None, _) => Ok(Kept::Tried),
                (Some(Outcome::Trust(trust)), None) => Ok(Kept::New(*trust)),
                (Some(Outcome::Trust(trust)), Some(_)) => Ok(Kept::Changed(*trust)),
                (Some(_), _) => Err(Error::Unavailable),
            }
        })
        .await
    }

    /// The trusts of an account or pipeline, newest first: for whoever looks after it, and for the account itself.
    pub(crate) async fn list_trusts(
        &self,
        caller: &Caller,
        holder: &HolderName,
    ) -> Result<Vec<TrustRecord>, Error> {
        let found = self.visible_holder(caller, holder).await?;
        if let Found::Pipeline(project, _) = &found {
            access::check_at(caller, project.place(), Action::PipelineTrustRead)?;
        }
        self.trusts(found.holder()).await
    }

    /// One of them.
    pub(crate) async fn show_trust(
        &self,
        caller: &Caller,
        holder: &HolderName,
        name: &PrincipalName,
    ) -> Result<TrustRecord, Error> {
        let trusts = self.list_trusts(caller, holder).await?;
        trusts.into_iter().find(|trust| trust.name == name.as_str()).ok_or(Error::Hidden)
    }

    /// Removes a trust for good, and ends every token and job that came from it.
    pub(crate) async fn remove_trust(
        &self,
        caller: &Caller,
        holder: &HolderName,
        name: &PrincipalName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = self.visible_holder(caller, holder).await?.permit(caller)?;
            let trust = self.show_trust(caller, holder, name).await?;
            self.carry_out(mode, &permit, &Write::RemoveTrust(trust.id)).await.map(drop)
        })
        .await
    }

    async fn visible_holder(&self, caller: &Caller, holder: &HolderName) -> Result<Found, Error> {
        match holder {
            HolderName::Account(name) => Ok(Found::Account(self.visible_account(caller, name).await?)),
            HolderName::Pipeline(at, name) => {
                let (project, pipeline) = self.visible_pipeline(caller, at, name).await?;
                Ok(Found::Pipeline(project, pipeline))
            }
        }
    }

    /// Nobody opens a door that they could not go through themselves.
    async fn check_may_open(&self, caller: &Caller, found: &Found) -> Result<(), Error> {
        match found {
            Found::Account(account) => {
                check_unlimited(caller)?;
                // Of one's own account too: a token may be less than its owner, and what comes from a trust is not.
                check_covers(caller, &self.store.rights_of(account.id).await?, &self.store.apis().await?)
            }
            Found::Pipeline(project, _) => {
                access::check_at(caller, project.place(), Action::JobMint)?;
                check_called_from_anywhere(caller)
            }
        }
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
    async fn trusts(&self, holder: Holder) -> Result<Vec<TrustRecord>, Error> {
        Ok(self.store.trusts_of(holder, i64::try_from(TRUSTS_SEARCHED_MAX).unwrap_or(i64::MAX)).await?)
    }
}

impl Found {
    fn holder(&self) -> Holder {
        match self {
            Self::Account(account) => Holder::Account(account.id),
            Self::Pipeline(_, pipeline) => Holder::Pipeline(pipeline.id),
        }
    }

    /// For changing the trusts.
    fn permit(&self, caller: &Caller) -> Result<Permit, Error> {
        match self {
            Self::Account(account) => access::at(caller, Owner::from(account).home, Action::TrustWrite),
            Self::Pipeline(project, _) => access::at(caller, project.place(), Action::PipelineTrustWrite),
        }
    }
}

/// Jobs that come from a trust may call from anywhere, and for as long as the trust stands.
fn check_called_from_anywhere(caller: &Caller) -> Result<(), Error> {
    let free = |link: &Link| link.networks == NetworkLimit::Anywhere;
    if caller.facts.chain().all(free) {
        return Ok(());
    }
    Err(exceeds(
        "the token that you call with is limited to networks, and a job that comes from a trust is not",
    ))
}

fn full(found: &Found) -> Error {
    let holder = match found {
        Found::Account(_) => "service account",
        Found::Pipeline(..) => "pipeline",
    };
    let detail = format!("a {holder} has at most {TRUSTS_MAX} trusts; remove one that nobody uses");
    Error::Conflict(Code::LimitReached, detail)
}
