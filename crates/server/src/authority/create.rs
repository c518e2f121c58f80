//! Making tokens, and the ceiling over everything that yields a secret: nobody gives more than they hold.
//!
//! A *session* is the person: what it makes has no parent and outlives it. A token made by a *token* is its child:
//! at every verify it is intersected with all its ancestors, and it never lives longer than they do.

use std::collections::BTreeSet;

use jeton_api::{Code, TokenState};
use jeton_token::{
    Approval, Catalogue, Expiry, JobOrigin, NetworkLimit, Place, PlaceLimit, PrincipalId, PrincipalKind,
    PrincipalName, Rights, ScopePattern, ScopeSet, SecretId, Timestamp, TokenId, TokenKind, TokenText,
};

use super::access::{self, Action, Caller, Owner, Permit};
use super::api::seen;
use super::attempt::Attempt;
use super::{Authority, Error};
use crate::limits::DEPTH_MAX;
use crate::store::{
    ApiRecord, Chain, NewSecret, NewToken, Outcome, PasswordHash, PrincipalRecord, Rotation, TokenRecord,
    Write,
};

/// A token to be made, parsed.
#[derive(Clone, Debug)]
pub(crate) struct CreateRequest {
    /// Personal for people, service for service accounts.
    pub(crate) kind: TokenKind,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// Whose it shall be; `None` is the caller.
    pub(crate) owner: Option<PrincipalName>,
    pub(crate) patterns: ScopeSet,
    pub(crate) places: PlaceLimit,
    pub(crate) networks: NetworkLimit,
    pub(crate) end: End,
}

/// When a token shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After the usual time, or with its parent if that is earlier.
    Default,
    /// This many milliseconds from now.
    After(i64),
    /// The same, or with its parent if that is earlier.
    Within(i64),
    /// At this moment, or never.
    Fixed(Expiry),
    /// At this moment, or as late as policies and the parent allow if that is earlier.
    Until(Timestamp),
    /// As late as policies and the parent allow.
    Longest,
}

impl End {
    /// Where a request says it.
    pub(super) fn pointer(self) -> &'static str {
        match self {
            Self::After(_) => "/expires_in_minutes",
            Self::Fixed(Expiry::Never) => "/never_expires",
            Self::Fixed(Expiry::At(_)) | Self::Default | Self::Within(_) | Self::Until(_) | Self::Longest => {
                "/expires_at"
            }
        }
    }
}

/// A token with its secret: the only thing that create and rotate answer.
#[derive(Debug)]
pub(crate) struct IssuedToken {
    pub(crate) token: TokenRecord,
    pub(crate) state: TokenState,
    pub(crate) secret: TokenText,
    /// What is otherwise than it was asked for.
    pub(crate) notes: Vec<String>,
}

/// All that is needed to issue a token, after every check.
pub(super) struct Grant {
    pub(super) kind: TokenKind,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) owner: PrincipalId,
    pub(super) parent: Option<TokenId>,
    pub(super) created_by: Option<TokenId>,
    pub(super) patterns: ScopeSet,
    pub(super) places: PlaceLimit,
    pub(super) networks: NetworkLimit,
    pub(super) approval: Approval,
    /// The job that it is of.
    pub(super) job: Option<JobOrigin>,
    /// Who gets the secret besides the owner.
    pub(super) holders: Vec<PrincipalId>,
    pub(super) expiry: Expiry,
    /// The moment that the end was reckoned from.
    pub(super) at: Timestamp,
    /// For a session: the hash that the password was judged by.
    pub(super) proof: Option<PasswordHash>,
}

impl Authority {
    /// Makes a token for a person or a service account.
    pub(crate) async fn create_token(
        &self,
        caller: &Caller,
        request: CreateRequest,
    ) -> Result<IssuedToken, Error> {
        let request = &request;
        self.judged(caller, move |caller: Caller| async move {
            self.create_judged(&caller, request.clone()).await
        })
        .await
    }

    async fn create_judged(&self, caller: &Caller, request: CreateRequest) -> Result<IssuedToken, Error> {
        access::check_gets_secrets(caller)?;
        let owner = self.owner(caller, &request).await?;
        let permit = access::on_tokens_of(caller, owner, Action::TokenCreate)?;
        let apis = self.store.apis().await?;
        check_known(&request.patterns, &seen(caller, &apis))?;
        self.check_covers_owner(caller, owner.id, &apis).await?;
        check_ceiling(caller, &request.patterns.rights(), &apis)?;
        let parent = parent_of(caller)?;
        let at = self.now();
        let terms = self.terms(&request.places).await?;
        let groups = self.store.groups_of(owner.id).await?;
        terms.check(owner.id, &groups, &request.patterns, &request.networks)?;
        let allowed = terms.end(request.end, at)?;
        let explicit = matches!(request.end, End::After(_) | End::Fixed(_));
        let expiry =
            within_parent(allowed.expiry, parent.map(|_| caller.facts.expiry()), explicit, request.end)?;
        check_future(expiry, request.end, at)?;
        let asked = terms.approval(&request.patterns, &self.store.rights_of(owner.id).await?, &apis);
        let grant = Grant {
            kind: request.kind,
            name: request.name,
            description: request.description,
            owner: owner.id,
            parent,
            created_by: Some(caller.token()),
            approval: asked.at_first(),
            job: None,
            holders: holders_besides(caller, owner.id),
            patterns: request.patterns,
            places: request.places,
            networks: request.networks,
            expiry,
            at,
            proof: None,
        };
        let mut notes = allowed.notes;
        if expiry < allowed.expiry {
            notes.push("the end was cut: a token does not outlive the one that it was made with".to_owned());
        }
        notes.extend(asked.note());
        let issued = self.issue(&permit, grant).await?;
        Ok(IssuedToken { notes, ..issued })
    }

    /// Writes a token whose every rule has been checked, and answers it with its secret.
    pub(super) async fn issue(&self, permit: &Permit, grant: Grant) -> Result<IssuedToken, Error> {
        let (text, new) = self.new_token(grant, permit.attempt())?;
        // Whoever makes a token was honoured just now, and so were all that it will have for ancestors.
        self.issued(self.store.write(permit, &Write::CreateToken(new)).await?, vec![], text)
    }

    /// A fresh id and secret for a token, and what to store.
    pub(super) fn new_token(
        &self,
        grant: Grant,
        attempt: Option<&Attempt>,
    ) -> Result<(TokenText, NewToken), Error> {
        let id = TokenId(self.mint_id());
        let (text, secret) = self.mint_secret(grant.kind, id, attempt)?;
        let new = NewToken {
            id,
            kind: grant.kind,
            name: grant.name,
            description: grant.description,
            owner: grant.owner,
            parent: grant.parent,
            created_by: grant.created_by,
            patterns: grant.patterns,
            places: grant.places,
            networks: grant.networks,
            approval: grant.approval,
            job: grant.job,
            holders: grant.holders,
            created_at: grant.at,
            expiry: grant.expiry,
            hint: text.hint(),
            secret,
            proof: grant.proof,
        };
        Ok((text, new))
    }

    /// What came of a write, with the secret that was written.
    pub(super) fn issued(
        &self,
        outcome: Outcome,
        ancestors: Vec<TokenRecord>,
        secret: TokenText,
    ) -> Result<IssuedToken, Error> {
        let Outcome::Token(token) = outcome else {
            return Err(Error::Unavailable);
        };
        let chain = Chain { token: *token, ancestors, secrets: vec![], secrets_intact: true };
        // What policies say was looked at when it was made; the state of a fresh token is its own.
        let (token, state) = self.with_state(chain, &[]);
        Ok(IssuedToken { token, state, secret, notes: vec![] })
    }

    /// A fresh secret for a token, and what to store of it: random, or derived for a call with an idempotency key.
    pub(super) fn mint_secret(
        &self,
        kind: TokenKind,
        id: TokenId,
        attempt: Option<&Attempt>,
    ) -> Result<(TokenText, NewSecret), Error> {
        let secret = match attempt {
            Some(attempt) => attempt.new_secret(&self.keys, kind, id)?,
            None => self.rng.secret(),
        };
        let text = TokenText::new(self.prefix.clone(), kind, id, &secret);
        let (pepper, digest) = self.keys.digest(&text);
        Ok((text, NewSecret { id: SecretId(self.mint_id()), pepper, digest }))
    }

    /// A fresh secret beside those that a token has; they go on working for a while, or end.
    pub(super) fn rotation(
        &self,
        token: &TokenRecord,
        holders: Vec<PrincipalId>,
        at: Timestamp,
        overlap_ms: i64,
        attempt: Option<&Attempt>,
    ) -> Result<(TokenText, Rotation), Error> {
        let (text, secret) = self.mint_secret(token.kind, token.id, attempt)?;
        let hint = text.hint();
        Ok((text, Rotation { secret, hint, holders, at, overlap_ms }))
    }

    /// Whose token it shall be. Somebody else's is a matter for administrators; others learn nothing about names.
    async fn owner(&self, caller: &Caller, request: &CreateRequest) -> Result<Owner, Error> {
        let kind = match request.kind {
            TokenKind::Service => PrincipalKind::ServiceAccount,
            _ => PrincipalKind::User,
        };
        let token = &caller.chain.token;
        let own = token.owner_kind == kind;
        match &request.owner {
            None if own => return Ok(Owner::of(token)),
            Some(name) if own && token.owner_name == name.as_str() => return Ok(Owner::of(token)),
            _ => {}
        }
        let Some(name) = &request.owner else {
            access::at(caller, Place::Global, Action::TokenCreate)?;
            let detail =
                "say whose it shall be: a personal token is a user's, a service token a service account's";
            return Err(Error::invalid("/owner", Code::InvalidField, detail));
        };
        let found = self.store.principal(kind, name).await?;
        let owner = found.as_ref().map(Owner::from);
        let home = owner.map_or(Place::Global, |owner| owner.home);
        if access::at(caller, home, Action::TokenCreate).is_err() {
            access::at(caller, Place::Global, Action::TokenCreate)?;
        }
        owner.ok_or_else(|| {
            let detail = format!("there is no {} `{name}`", kind.word().replace('_', " "));
            Error::invalid("/owner", Code::UnknownName, detail)
        })
    }

    /// Who has this number, for making a token of theirs: the caller, or somebody who is enabled and whose tokens the
    /// caller may make. To others all numbers look alike.
    pub(crate) async fn owner_of_number(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<PrincipalRecord, Error> {
        self.judged(caller, move |caller: Caller| async move { self.owner_numbered(&caller, number).await })
            .await
    }

    async fn owner_numbered(&self, caller: &Caller, number: i64) -> Result<PrincipalRecord, Error> {
        let found = self.store.principal_of_number(number).await?;
        let found = found.filter(|found| found.kind != PrincipalKind::Api);
        if let Some(own) = found.as_ref().filter(|found| found.id == caller.principal()) {
            return Ok(own.clone());
        }
        let home = found.as_ref().map_or(Place::Global, |found| Owner::from(found).home);
        if access::at(caller, home, Action::TokenCreate).is_err() {
            access::at(caller, Place::Global, Action::TokenCreate)?;
        }
        let owner = found.ok_or(Error::Hidden)?;
        if owner.disabled_at.is_some() {
            let detail = format!("`{}` is disabled; enable the owner first", owner.name);
            return Err(Error::Conflict(Code::UserDisabled, detail));
        }
        Ok(owner)
    }

    /// Only the owner, or somebody who covers the owner completely, obtains a secret of the owner's.
    pub(super) async fn check_covers_owner(
        &self,
        caller: &Caller,
        owner: PrincipalId,
        apis: &[ApiRecord],
    ) -> Result<(), Error> {
        if owner == caller.principal() {
            return Ok(());
        }
        check_covers(caller, &self.store.rights_of(owner).await?, apis)
    }
}

/// Who gets a secret besides the owner of its token: the caller, and whoever has had the secret that they call with.
pub(super) fn holders_besides(caller: &Caller, owner: PrincipalId) -> Vec<PrincipalId> {
    let chain = std::iter::once(&caller.chain.token).chain(&caller.chain.ancestors);
    let holders = chain.flat_map(|token| token.holders.iter().copied().chain([token.owner]));
    holders.filter(|holder| *holder != owner).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whoever hands out the key to a principal, old or new, must hold all that the principal may do.
pub(super) fn check_covers(
    caller: &Caller,
    rights: &[(Place, Rights)],
    apis: &[ApiRecord],
) -> Result<(), Error> {
    if covers(caller, rights, apis) {
        return Ok(());
    }
    Err(exceeds("they may do things that you may not, so their secrets are not yours to get"))
}

fn covers(caller: &Caller, rights: &[(Place, Rights)], apis: &[ApiRecord]) -> bool {
    let catalogues = catalogues(apis);
    rights.iter().all(|(place, rights)| caller.covers(*place, rights, &catalogues))
}

/// Whoever gives rights away, by a binding, a membership or a role, must hold them; and with them go no limits, so who
/// may act from some networks only has nothing to give.
pub(super) fn check_may_give(
    caller: &Caller,
    rights: &[(Place, Rights)],
    apis: &[ApiRecord],
) -> Result<(), Error> {
    let gives_nothing = rights.iter().all(|(_, rights)| rights.is_empty());
    if !gives_nothing && !caller.facts.chain().all(|link| link.networks == NetworkLimit::Anywhere) {
        return Err(exceeds(
            "the token that you call with is limited to networks, and what this gives is not",
        ));
    }
    if covers(caller, rights, apis) {
        return Ok(());
    }
    Err(exceeds(
        "this gives rights that you do not hold yourself all over that place, so they are not yours to give",
    ))
}

/// Every pattern must be covered by one of the caller's own, and of each token that the caller was made with.
/// A person who is signed in has no patterns: their rights are what bounds the token, at every verify.
pub(super) fn check_ceiling(caller: &Caller, wanted: &Rights, apis: &[ApiRecord]) -> Result<(), Error> {
    let catalogues = catalogues(apis);
    for link in caller.facts.chain() {
        let held = link.patterns.rights().with_implied(catalogues.iter().copied());
        if let Some(beyond) = wanted.patterns().iter().find(|pattern| !held.covers_pattern(pattern)) {
            return Err(exceeds(&format!("`{beyond}` is more than the token that you call with holds")));
        }
    }
    Ok(())
}

/// Patterns that nothing declared matches are typing errors more often than foresight. Only APIs that the caller may
/// know of count.
pub(super) fn check_known(patterns: &ScopeSet, apis: &[&ApiRecord]) -> Result<(), Error> {
    check_known_besides(patterns, apis, |_| false)
}

/// The same for patterns of which some were there before: the catalogue may have lost what those name.
pub(super) fn check_known_besides(
    patterns: &ScopeSet,
    apis: &[&ApiRecord],
    had: impl Fn(&ScopePattern) -> bool,
) -> Result<(), Error> {
    let known = |pattern: &ScopePattern| {
        had(pattern) || pattern.is_everything() || apis.iter().any(|api| api.catalogue.matches(pattern))
    };
    let unknown = patterns.patterns().iter().enumerate().filter(|(_, pattern)| !known(pattern));
    let faults: Vec<_> = unknown
        .map(|(at, pattern)| super::Fault {
            pointer: format!("/scopes/{at}"),
            code: Code::UnknownScope,
            detail: format!("no API declares a scope that `{pattern}` matches{}", nearest(pattern, apis)),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// The parent of what this caller makes: none for a person, the calling token otherwise.
fn parent_of(caller: &Caller) -> Result<Option<TokenId>, Error> {
    if caller.is_session() {
        return Ok(None);
    }
    if caller.chain.ancestors.len() >= DEPTH_MAX {
        let detail =
            "the token that you call with was itself made by tokens, four deep; sign in to make more";
        return Err(Error::invalid("", Code::DepthExceeded, detail));
    }
    Ok(Some(caller.token()))
}

/// A token does not outlive the one that it was made with: what was asked for is refused, anything else is cut.
fn within_parent(
    expiry: Expiry,
    parent: Option<Expiry>,
    explicit: bool,
    wanted: End,
) -> Result<Expiry, Error> {
    let latest = parent.unwrap_or(Expiry::Never);
    if explicit && expiry > latest {
        let detail = "the token that you call with ends earlier, and a token does not outlive the one it was made with";
        return Err(Error::invalid(wanted.pointer(), Code::ExpiryExceedsParent, detail));
    }
    Ok(expiry.min(latest))
}

/// What is over already is not made.
pub(super) fn check_future(expiry: Expiry, wanted: End, now: Timestamp) -> Result<(), Error> {
    if expiry.is_over(now) {
        return Err(Error::invalid(wanted.pointer(), Code::InvalidField, "the end lies in the past"));
    }
    Ok(())
}

pub(super) fn catalogues(apis: &[ApiRecord]) -> Vec<&Catalogue> {
    apis.iter().map(|api| &api.catalogue).collect()
}

pub(super) fn exceeds(detail: &str) -> Error {
    Error::denied(Code::ScopeExceedsGrant, detail)
}

/// The most similar declared names, to put behind the message.
fn nearest(pattern: &ScopePattern, apis: &[&ApiRecord]) -> String {
    let wanted = pattern.as_str().trim_end_matches(".*");
    let declared = apis.iter().flat_map(|api| api.catalogue.scopes()).map(|scope| scope.name.as_str());
    let mut scored: Vec<_> = declared.map(|name| (strsim::jaro_winkler(wanted, name), name)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let close: Vec<_> = scored
        .iter()
        .filter(|(score, _)| *score > 0.8)
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    if close.is_empty() { String::new() } else { format!("; near it: {}", close.join(", ")) }
}
