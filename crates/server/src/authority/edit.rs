//! Changing and rotating tokens.
//!
//! Whoever may change a token may narrow it. What widens it, or yields its secret, is bounded by the ceiling of
//! the caller, like making one. A credential of an API is judged by the right to the API instead: all that its secrets
//! can do is ask about tokens.

use jeton_api::{Code, TokenState};
use jeton_token::{
    Approval, Expiry, NetworkLimit, PlaceLimit, PrincipalId, ScopeSet, Timestamp, TokenId, TokenKind,
};

use super::access::{self, Action, Caller, Owner, Permit};
use super::api::seen;
use super::create::{
    End, IssuedToken, check_ceiling, check_future, check_known_besides, exceeds, holders_besides,
};
use super::terms::{AllowedEnd, AskedApproval, Terms};
use super::{Authority, Error, Fault};
use crate::store::{ApiRecord, Chain, Outcome, TokenEdit, TokenRecord, Write};

/// A change to a token, parsed. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct EditRequest {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) patterns: Option<ScopeSet>,
    pub(crate) places: Option<PlaceLimit>,
    pub(crate) networks: Option<NetworkLimit>,
    pub(crate) end: Option<End>,
}

/// A rotation, parsed: what is changed with it, and how long the old secret goes on working.
#[derive(Clone, Debug)]
pub(crate) struct RotateRequest {
    pub(crate) edit: EditRequest,
    pub(crate) overlap_ms: i64,
}

const APPROVAL_OVER: &str = "the approval is over: you have the secret now, so somebody without it has to approve the token once more";

impl Authority {
    /// Changes a token and keeps its secret.
    pub(crate) async fn edit_token(
        &self,
        caller: &Caller,
        id: TokenId,
        request: EditRequest,
    ) -> Result<(TokenRecord, TokenState), Error> {
        let request = &request;
        self.judged(caller, move |caller: Caller| async move {
            self.edit_once(&caller, id, request.clone()).await
        })
        .await
    }

    async fn edit_once(
        &self,
        caller: &Caller,
        id: TokenId,
        request: EditRequest,
    ) -> Result<(TokenRecord, TokenState), Error> {
        let (chain, permit) = self.for_change(caller, id, Action::TokenUpdate).await?;
        check_changeable(&chain.token, &request)?;
        let apis = self.store.apis().await?;
        check_added(&chain.token, &request, &seen(caller, &apis))?;
        let terms = self.terms(request.places.as_ref().unwrap_or(&chain.token.places)).await?;
        let expiry = self.edited_end(caller, &chain, request.end, &terms)?;
        let mut approval = None;
        if widens(&chain.token, &request, expiry) {
            self.check_not_exchanged(&chain.token).await?;
            self.check_may_obtain(caller, &chain, &request, &apis).await?;
            check_end(expiry.unwrap_or(chain.token.expiry), latest_end(caller, None))?;
            approval = self.approval_after(&chain.token, &request, &terms, &apis).await?;
        }
        let edit = TokenEdit { approval, expiry, ..edit_of(request, &chain.token) };
        match self.store.write(&permit, &Write::EditToken(id, edit)).await? {
            Outcome::Token(token) => {
                Ok(self.with_state(Chain { token: *token, ..chain }, &self.store.policies().await?))
            }
            _ => Err(Error::Unavailable),
        }
    }

    /// What a wider token needs of approval. One that would need a new one stays as it is: a token that works does not
    /// turn into one that waits, and one that waits is not another by the time that it is approved.
    async fn approval_after(
        &self,
        token: &TokenRecord,
        request: &EditRequest,
        terms: &Terms,
        apis: &[ApiRecord],
    ) -> Result<Option<Approval>, Error> {
        let patterns = request.patterns.as_ref().unwrap_or(&token.patterns);
        let networks = request.networks.as_ref().unwrap_or(&token.networks);
        terms.check(token.owner, &self.store.groups_of(token.owner).await?, patterns, networks)?;
        if token.approval == Approval::Pending {
            let detail = "the token waits for an approval as it is; revoke it and make another one";
            return Err(Error::Conflict(Code::ApprovalRequired, detail.to_owned()));
        }
        let wanted = terms.approval(patterns, &self.store.rights_of(token.owner).await?, apis);
        let is_wider = reaches_further(token, request);
        match (wanted, &token.approval) {
            // What was approved is not made into something else, wherever the approval counts.
            (AskedApproval::First, _) | (AskedApproval::InPlaces, Approval::Given(_)) if is_wider => {
                let detail =
                    "with these scopes and places the token would need an approval; make a new one with them";
                Err(Error::Conflict(Code::ApprovalRequired, detail.to_owned()))
            }
            (AskedApproval::Nowhere, Approval::Given(_)) if is_wider => Ok(Some(Approval::None)),
            _ => Ok(None),
        }
    }

    /// Gives a token a new secret. The old one goes on working until the overlap is over.
    pub(crate) async fn rotate_token(
        &self,
        caller: &Caller,
        id: TokenId,
        request: RotateRequest,
    ) -> Result<IssuedToken, Error> {
        let request = &request;
        self.judged(caller, move |caller: Caller| async move {
            self.rotate_once(&caller, id, request.clone()).await
        })
        .await
    }

    /// Ends the old secrets of a token that still work. Where there is none, that is no error.
    pub(crate) async fn finish_rotation(
        &self,
        caller: &Caller,
        id: TokenId,
    ) -> Result<(TokenRecord, TokenState), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let (chain, permit) = self.for_change(&caller, id, Action::TokenRotate).await?;
            match self.store.write(&permit, &Write::FinishRotation(id)).await? {
                Outcome::Token(token) => {
                    Ok(self.with_state(Chain { token: *token, ..chain }, &self.store.policies().await?))
                }
                _ => Err(Error::Unavailable),
            }
        })
        .await
    }

    async fn rotate_once(
        &self,
        caller: &Caller,
        id: TokenId,
        request: RotateRequest,
    ) -> Result<IssuedToken, Error> {
        let (chain, permit) = self.for_change(caller, id, Action::TokenRotate).await?;
        if chain.token.kind == TokenKind::Api {
            return self.rotate_credential(caller, chain, &permit, request).await;
        }
        let RotateRequest { edit: request, overlap_ms } = request;
        self.check_not_exchanged(&chain.token).await?;
        let apis = self.store.apis().await?;
        check_added(&chain.token, &request, &seen(caller, &apis))?;
        self.check_may_obtain(caller, &chain, &request, &apis).await?;
        let at = self.now();
        let terms = self.terms(request.places.as_ref().unwrap_or(&chain.token.places)).await?;
        let mut approval = self.approval_after(&chain.token, &request, &terms, &apis).await?;
        check_renewable(caller, &chain.token, &terms, at)?;
        let mut allowed = rotated_end(caller, &chain, request.end, &terms, at)?;
        let holders = holders_besides(caller, chain.token.owner);
        if ends_approval(&chain.token, &holders) {
            approval = Some(self.approval_anew(&chain.token, &request, &terms, &apis).await?);
            allowed.notes.push(APPROVAL_OVER.to_owned());
        }
        let (text, rotation) = self.rotation(&chain.token, holders, at, overlap_ms, permit.attempt())?;
        let expiry = Some(allowed.expiry);
        let renewed = caller.is_session().then_some(at);
        let rest = edit_of(request, &chain.token);
        let edit = TokenEdit { expiry, approval, renewed, rotation: Some(rotation), ..rest };
        let outcome = self.store.write(&permit, &Write::EditToken(id, edit)).await?;
        let issued = self.issued(outcome, chain.ancestors, text)?;
        Ok(IssuedToken { notes: allowed.notes, ..issued })
    }

    /// Gives an API's credential a new secret. Policies say nothing about it, and it has no end that could move.
    async fn rotate_credential(
        &self,
        caller: &Caller,
        chain: Chain,
        permit: &Permit,
        RotateRequest { edit: request, overlap_ms }: RotateRequest,
    ) -> Result<IssuedToken, Error> {
        check_changeable(&chain.token, &request)?;
        access::check_credential_of(caller, Owner::of(&chain.token))?;
        let (text, rotation) =
            self.rotation(&chain.token, vec![], self.now(), overlap_ms, permit.attempt())?;
        let edit = TokenEdit { rotation: Some(rotation), ..edit_of(request, &chain.token) };
        let outcome = self.store.write(permit, &Write::EditToken(chain.token.id, edit)).await?;
        self.issued(outcome, chain.ancestors, text)
    }

    /// How far the approval of a token is that has to be approved once more.
    async fn approval_anew(
        &self,
        token: &TokenRecord,
        request: &EditRequest,
        terms: &Terms,
        apis: &[ApiRecord],
    ) -> Result<Approval, Error> {
        let patterns = request.patterns.as_ref().unwrap_or(&token.patterns);
        Ok(terms.approval(patterns, &self.store.rights_of(token.owner).await?, apis).at_first())
    }

    async fn for_change(
        &self,
        caller: &Caller,
        id: TokenId,
        action: Action,
    ) -> Result<(Chain, Permit), Error> {
        let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
        let permit = access::on_tokens_of(caller, Owner::of(&chain.token), action)?;
        let detail = match chain.token.kind {
            TokenKind::Personal | TokenKind::Service | TokenKind::Api => return Ok((chain, permit)),
            TokenKind::Session => "a session is not changed; end this one and sign in again",
            TokenKind::Job => "a job's token is as it was made, and lives as long as the job",
        };
        Err(Error::Conflict(Code::TokenNotLive, detail.to_owned()))
    }

    /// What an identity was exchanged for lasts as long as the trust says: it gets no other life, and nothing more.
    async fn check_not_exchanged(&self, token: &TokenRecord) -> Result<(), Error> {
        if !self.store.is_exchanged(token.id).await? {
            return Ok(());
        }
        let detail = "the token came from a trust, which says how long it lives; exchange the identity again";
        Err(Error::Conflict(Code::TokenNotLive, detail.to_owned()))
    }

    /// The caller must hold all that the token could do after the change, and be limited no more than it is.
    pub(super) async fn check_may_obtain(
        &self,
        caller: &Caller,
        target: &Chain,
        request: &EditRequest,
        apis: &[ApiRecord],
    ) -> Result<(), Error> {
        access::check_gets_secrets(caller)?;
        self.check_covers_owner(caller, target.token.owner, apis).await?;
        let own = request.patterns.as_ref().unwrap_or(&target.token.patterns).rights();
        // Not narrowed by the target's ancestors of today: they may be widened tomorrow, and the secret is out then.
        check_ceiling(caller, &own, apis)?;
        check_limits(caller, target, request)
    }

    /// The end that a PATCH asks for: refused beyond the parent's. A longest life counts from when the secret was made,
    /// so asking again and again gains nothing.
    fn edited_end(
        &self,
        caller: &Caller,
        chain: &Chain,
        end: Option<End>,
        terms: &Terms,
    ) -> Result<Option<Expiry>, Error> {
        let Some(end) = end else {
            return Ok(None);
        };
        let mut wanted = terms.end(end, chain.token.secret_issued_at)?.expiry;
        if matches!(end, End::Until(_)) {
            // Nothing is cut below what the token has now.
            let latest = latest_end(caller, None).max(chain.token.expiry);
            wanted = wanted.min(latest).min(end_of_parents(chain));
        }
        if wanted > end_of_parents(chain) {
            let detail =
                "the token that it was made with ends earlier, and a token does not outlive that one";
            return Err(Error::invalid(end.pointer(), Code::ExpiryExceedsParent, detail));
        }
        check_future(wanted, end, self.now())?;
        Ok(Some(wanted))
    }
}

/// A credential of an API asks about all tokens, from anywhere and without an end: it can be called something else, and
/// no more.
fn check_changeable(token: &TokenRecord, request: &EditRequest) -> Result<(), Error> {
    if token.kind != TokenKind::Api {
        return Ok(());
    }
    let fixed = [
        request.patterns.as_ref().map(|_| "/scopes"),
        request.places.as_ref().map(|_| "/projects"),
        request.networks.as_ref().map(|_| "/networks"),
        request.end.map(End::pointer),
    ];
    let detail =
        "an API's credential has no other scopes, no limits and no end; only its name and description change";
    let fault = |pointer: &str| Fault {
        pointer: pointer.to_owned(),
        code: Code::InvalidField,
        detail: detail.to_owned(),
    };
    let faults: Vec<_> = fixed.into_iter().flatten().map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// Whether somebody gets the secret of an approved token who had none when it was approved: that may be whoever
/// approved it.
fn ends_approval(token: &TokenRecord, holders: &[PrincipalId]) -> bool {
    let is_new = |holder| !token.holders.contains(holder);
    matches!(token.approval, Approval::Given(_)) && holders.iter().any(is_new)
}

/// A token that gives itself new secrets lives on without anybody. It may for so long after a person made it or looked
/// after it.
fn check_renewable(caller: &Caller, token: &TokenRecord, terms: &Terms, now: Timestamp) -> Result<(), Error> {
    if caller.token() == token.id && terms.renewable_until(token.renewed_at()).is_over(now) {
        let detail = "it is too long ago that a person made or rotated this token; sign in to rotate it";
        return Err(Error::denied(Code::RenewalOver, detail));
    }
    Ok(())
}

/// The end of a rotated token: as asked, else as long a life as before; in any case cut to the parent's.
fn rotated_end(
    caller: &Caller,
    chain: &Chain,
    end: Option<End>,
    terms: &Terms,
    now: Timestamp,
) -> Result<AllowedEnd, Error> {
    let same = same_length(&chain.token, now);
    let latest = latest_end(caller, (caller.token() == chain.token.id).then_some(same));
    let allowed = match end {
        Some(end) => {
            let allowed = terms.end(end, now)?;
            check_future(allowed.expiry, end, now)?;
            check_end(allowed.expiry, latest)?;
            allowed
        }
        None => terms.cut(same.min(latest), now),
    };
    Ok(AllowedEnd { expiry: allowed.expiry.min(end_of_parents(chain)), ..allowed })
}

/// How late an end a caller may give. A person may give any; a token none beyond its own, except that by rotating
/// itself it gets as long a life as before.
fn latest_end(caller: &Caller, of_itself: Option<Expiry>) -> Expiry {
    // Policies count: of two tokens without an end none gives the other a longer life than it has.
    if caller.is_session() { Expiry::Never } else { of_itself.unwrap_or_else(|| caller.end()) }
}

fn check_end(wanted: Expiry, latest: Expiry) -> Result<(), Error> {
    if wanted > latest {
        return Err(exceeds(
            "the end is later than that of the token that you call with; sign in to extend a life",
        ));
    }
    Ok(())
}

/// Each limit of the calling token to places or networks must hold for the target too: by a limit of its own after
/// the change, or of a token that it was made with.
fn check_limits(caller: &Caller, target: &Chain, request: &EditRequest) -> Result<(), Error> {
    if caller.is_session() {
        return Ok(());
    }
    let own_places = request.places.as_ref().unwrap_or(&target.token.places);
    let own_networks = request.networks.as_ref().unwrap_or(&target.token.networks);
    for link in caller.facts.chain() {
        let mut places = target.ancestors.iter().map(|token| &token.places).chain([own_places]);
        let mut networks = target.ancestors.iter().map(|token| &token.networks).chain([own_networks]);
        let within = places.any(|limit| link.places.covers_limit(limit))
            && networks.any(|limit| link.networks.covers_limit(limit));
        if !within {
            return Err(exceeds(
                "the token that you call with is limited to places or networks, and this one less so",
            ));
        }
    }
    Ok(())
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
fn check_added(token: &TokenRecord, request: &EditRequest, apis: &[&ApiRecord]) -> Result<(), Error> {
    let Some(patterns) = &request.patterns else {
        return Ok(());
    };
    check_known_besides(patterns, apis, |pattern| token.patterns.patterns().contains(pattern))
}

/// Whether a change gives the token anything that it did not have.
fn widens(token: &TokenRecord, request: &EditRequest, expiry: Option<Expiry>) -> bool {
    reaches_further(token, request) || expiry.is_some_and(|expiry| expiry > token.expiry)
}

/// Whether a change gives the token scopes, places or networks that it did not have: what was approved, if anything was.
fn reaches_further(token: &TokenRecord, request: &EditRequest) -> bool {
    // What is implied today is not written down: it would outlive the implication.
    let held = token.patterns.rights();
    let more_scopes = request.patterns.as_ref().is_some_and(|patterns| !held.covers_all(&patterns.rights()));
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
    more_scopes || more_places || more_networks
}

fn edit_of(request: EditRequest, judged: &TokenRecord) -> TokenEdit {
    TokenEdit {
        basis: judged.basis(),
        name: request.name,
        description: request.description,
        patterns: request.patterns,
        places: request.places,
        networks: request.networks,
        approval: None,
        expiry: None,
        renewed: None,
        rotation: None,
    }
}
