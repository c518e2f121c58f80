//! Changing and rotating tokens.
//!
//! Whoever may change a token may narrow it. What widens it, or yields its secret, is bounded by the ceiling of
//! the caller, like making one.

use jeton_api::Code;
use jeton_token::{Expiry, NetworkLimit, PlaceLimit, Rights, ScopeSet, Timestamp, TokenId};

use super::access::{self, Action, Caller, Permit};
use super::create::{End, IssuedToken, catalogues, check_ceiling, check_known, issued};
use super::{Authority, Error};
use crate::store::{ApiRecord, Chain, Outcome, TokenEdit, TokenRecord, Write};

/// A change to a token, parsed. What is `None` stays.
#[derive(Debug, Default)]
pub(crate) struct EditRequest {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) patterns: Option<ScopeSet>,
    pub(crate) places: Option<PlaceLimit>,
    pub(crate) networks: Option<NetworkLimit>,
    pub(crate) end: Option<End>,
}

impl Authority {
    /// Changes a token and keeps its secret.
    pub(crate) async fn edit_token(
        &self,
        caller: &Caller,
        id: TokenId,
        request: EditRequest,
    ) -> Result<TokenRecord, Error> {
        let (chain, permit) = self.for_change(caller, id, Action::TokenUpdate).await?;
        let apis = self.store.apis().await?;
        check_added(&chain.token, &request, &apis)?;
        let expiry = self.edited_end(&chain, request.end)?;
        if widens(&chain.token, &request, expiry, &apis) {
            self.check_may_obtain(caller, &chain, request.patterns.as_ref(), &apis).await?;
        }
        let edit = TokenEdit { expiry, ..edit_of(request) };
        match self.store.write(&permit, &Write::EditToken(id, edit)).await? {
            Outcome::Token(token) => Ok(*token),
            _ => Err(Error::Unavailable),
        }
    }

    /// Gives a token a new secret. The old one dies at once.
    pub(crate) async fn rotate_token(
        &self,
        caller: &Caller,
        id: TokenId,
        request: EditRequest,
    ) -> Result<IssuedToken, Error> {
        let (chain, permit) = self.for_change(caller, id, Action::TokenRotate).await?;
        let apis = self.store.apis().await?;
        check_added(&chain.token, &request, &apis)?;
        self.check_may_obtain(caller, &chain, request.patterns.as_ref(), &apis).await?;
        let expiry = Some(self.rotated_end(&chain, request.end)?);
        let (text, rotation) = self.rotation(&chain.token);
        let edit = TokenEdit { expiry, rotation: Some(rotation), ..edit_of(request) };
        issued(self.store.write(&permit, &Write::EditToken(id, edit)).await?, text)
    }

    async fn for_change(
        &self,
        caller: &Caller,
        id: TokenId,
        action: Action,
    ) -> Result<(Chain, Permit), Error> {
        let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
        let permit = access::on_tokens_of(caller, chain.token.owner, action)?;
        if !chain.token.kind.leaves_home() {
            let detail = "sessions and API credentials are not changed; revoke this one and make another";
            return Err(Error::Conflict(Code::TokenNotLive, detail.to_owned()));
        }
        Ok((chain, permit))
    }

    /// The caller must hold all that the token could do with these patterns. A token may always get its own secret.
    async fn check_may_obtain(
        &self,
        caller: &Caller,
        target: &Chain,
        patterns: Option<&ScopeSet>,
        apis: &[ApiRecord],
    ) -> Result<(), Error> {
        self.check_covers_owner(caller, target.token.owner, apis).await?;
        let own = patterns.unwrap_or(&target.token.patterns).rights();
        let reach = target.ancestors.iter().fold(own, |reach, ancestor| {
            reach.intersection(&ancestor.patterns.rights().with_implied(catalogues(apis)))
        });
        check_ceiling(caller, &reach, apis)
    }

    /// The end that a PATCH asks for: refused beyond the parent's.
    fn edited_end(&self, chain: &Chain, end: Option<End>) -> Result<Option<Expiry>, Error> {
        let Some(end) = end else {
            return Ok(None);
        };
        super::create::end_for(end, Some(end_of_parents(chain)), self.now()).map(Some)
    }

    /// The end of a rotated token: as asked, else as long a life as before; in any case cut to the parent's.
    fn rotated_end(&self, chain: &Chain, end: Option<End>) -> Result<Expiry, Error> {
        let now = self.now();
        let wanted = match end {
            Some(end) => super::create::end_for(end, None, now)?,
            None => same_length(&chain.token, now),
        };
        Ok(wanted.min(end_of_parents(chain)))
    }
}

/// As long a life as the present secret was given.
fn same_length(token: &TokenRecord, now: Timestamp) -> Expiry {
    match token.expiry {
        Expiry::Never => Expiry::Never,
        Expiry::At(end) => Expiry::At(now.plus_ms(end.0 - token.secret_issued_at.0)),
    }
}

fn end_of_parents(chain: &Chain) -> Expiry {
    chain.ancestors.iter().map(|ancestor| ancestor.expiry).min().unwrap_or(Expiry::Never)
}

/// Only patterns that come new must be known: the catalogue may have lost scopes that an old token names.
fn check_added(token: &TokenRecord, request: &EditRequest, apis: &[ApiRecord]) -> Result<(), Error> {
    let Some(patterns) = &request.patterns else {
        return Ok(());
    };
    let added = patterns.patterns().iter().filter(|pattern| !token.patterns.patterns().contains(pattern));
    match ScopeSet::new(added.cloned()) {
        Ok(added) => check_known(&added, apis),
        Err(_) => Ok(()),
    }
}

/// Whether a change gives the token anything that it did not have.
fn widens(token: &TokenRecord, request: &EditRequest, expiry: Option<Expiry>, apis: &[ApiRecord]) -> bool {
    let held: Rights = token.patterns.rights().with_implied(catalogues(apis));
    let more_scopes = request.patterns.as_ref().is_some_and(|patterns| !held.covers_all(&patterns.rights()));
    let longer = expiry.is_some_and(|expiry| expiry > token.expiry);
    let more_places = request.places.as_ref().is_some_and(|places| match places.places() {
        [] => token.places != PlaceLimit::Everywhere,
        listed => !listed.iter().all(|place| token.places.covers(*place)),
    });
    let more_networks = request.networks.as_ref().is_some_and(|networks| match networks.networks() {
        [] => token.networks != NetworkLimit::Anywhere,
        listed => {
            !token.networks.networks().is_empty()
                && !listed.iter().all(|n| token.networks.networks().contains(n))
        }
    });
    more_scopes || longer || more_places || more_networks
}

fn edit_of(request: EditRequest) -> TokenEdit {
    TokenEdit {
        name: request.name,
        description: request.description,
        patterns: request.patterns,
        places: request.places,
        networks: request.networks,
        expiry: None,
        rotation: None,
    }
}
