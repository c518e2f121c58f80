//! Making tokens, and the ceiling over everything that yields a secret: nobody gives more than they hold.
//!
//! A *session* is the person: what it makes has no parent and outlives it. A token made by a *token* is its child:
//! at every verify it is intersected with all its ancestors, and it never lives longer than they do.

use jeton_api::{Code, TokenState};
use jeton_token::{
    Catalogue, Expiry, NetworkLimit, Place, PlaceLimit, PrincipalId, PrincipalKind, PrincipalName, Rights,
    ScopePattern, ScopeSet, SecretId, Timestamp, TokenId, TokenKind, TokenText,
};

use super::access::{self, Action, Caller, Permit};
use super::{Authority, Denial, Error};
use crate::limits::{DEPTH_MAX, LIFETIME_MS_DEFAULT};
use crate::store::{
    ApiRecord, Chain, NewSecret, NewToken, Outcome, PasswordHash, PrincipalRecord, Rotation, TokenRecord,
    Write,
};

/// A token to be made, parsed.
#[derive(Debug)]
pub(crate) struct CreateRequest {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) owner: Owner,
    pub(crate) patterns: ScopeSet,
    pub(crate) places: PlaceLimit,
    pub(crate) networks: NetworkLimit,
    pub(crate) end: End,
}

/// Whose a token shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Whoever asks.
    Caller,
    /// The user of this name.
    Named(PrincipalName),
    /// The user of this number, who has to be enabled: whoever asks by number does not see that the token of a
    /// disabled one is suspended.
    Numbered(i64),
}

/// When a token shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After the usual time, or with its parent if that is earlier.
    Default,
    /// This many milliseconds from now.
    After(i64),
    /// This many milliseconds from now, or with its parent if that is earlier.
    Within(i64),
    /// As late as may be: never, or with its parent.
    Longest,
    /// At this moment, or never.
    Fixed(Expiry),
}

/// A token with its secret: the only thing that create and rotate answer.
#[derive(Debug)]
pub(crate) struct IssuedToken {
    pub(crate) token: TokenRecord,
    pub(crate) state: TokenState,
    pub(crate) secret: TokenText,
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
    pub(super) expiry: Expiry,
    /// The moment that the end was reckoned from.
    pub(super) at: Timestamp,
    /// For a session: the hash that the password was judged by.
    pub(super) proof: Option<PasswordHash>,
}

impl Authority {
    /// Makes a personal token.
    pub(crate) async fn create_token(
        &self,
        caller: &Caller,
        request: CreateRequest,
    ) -> Result<IssuedToken, Error> {
        let owner = self.owner(caller, &request.owner).await?;
        let permit = access::on_tokens_of(caller, owner, Action::TokenCreate)?;
        let apis = self.store.apis().await?;
        check_known(&request.patterns, &apis)?;
        self.check_covers_owner(caller, owner, &apis).await?;
        check_ceiling(caller, &request.patterns.rights(), &apis)?;
        let parent = parent_of(caller)?;
        let at = self.now();
        let grant = Grant {
            kind: TokenKind::Personal,
            name: request.name,
            description: request.description,
            owner,
            parent,
            created_by: Some(caller.token()),
            patterns: request.patterns,
            places: request.places,
            networks: request.networks,
            expiry: end_for(request.end, parent.map(|_| caller.facts.expiry()), at)?,
            at,
            proof: None,
        };
        self.issue(&permit, grant).await
    }

    /// Writes a token whose every rule has been checked, and answers it with its secret.
    pub(super) async fn issue(&self, permit: &Permit, grant: Grant) -> Result<IssuedToken, Error> {
        let id = TokenId(self.mint_id());
        let (text, secret) = self.mint_secret(grant.kind, id);
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
            created_at: grant.at,
            expiry: grant.expiry,
            hint: text.hint(),
            secret,
            proof: grant.proof,
        };
        // Whoever makes a token was honoured just now, and so were all that it will have for ancestors.
        self.issued(self.store.write(permit, &Write::CreateToken(new)).await?, vec![], text)
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
        let (token, state) = self.with_state(chain);
        Ok(IssuedToken { token, state, secret })
    }

    /// A fresh secret for a token, and what to store of it.
    pub(super) fn mint_secret(&self, kind: TokenKind, id: TokenId) -> (TokenText, NewSecret) {
        let text = TokenText::new(self.prefix.clone(), kind, id, &self.rng.secret());
        let (pepper, digest) = self.keys.digest(&text);
        (text, NewSecret { id: SecretId(self.mint_id()), pepper, digest })
    }

    /// A fresh secret in place of those that a token has.
    pub(super) fn rotation(&self, token: &TokenRecord, at: Timestamp) -> (TokenText, Rotation) {
        let (text, secret) = self.mint_secret(token.kind, token.id);
        let hint = text.hint();
        (text, Rotation { secret, hint, at })
    }

    /// Whose token it shall be. Somebody else's is a matter for administrators; others learn nothing about names.
    async fn owner(&self, caller: &Caller, owner: &Owner) -> Result<PrincipalId, Error> {
        if is_caller(owner, caller) {
            return Ok(caller.principal());
        }
        access::at(caller, Place::Global, Action::TokenCreate)?;
        match owner {
            Owner::Caller => Ok(caller.principal()),
            Owner::Named(name) => {
                let unknown =
                    || Error::invalid("/owner", Code::UnknownName, format!("there is no user `{name}`"));
                Ok(self.store.principal(PrincipalKind::User, name).await?.ok_or_else(unknown)?.id)
            }
            Owner::Numbered(number) => {
                let user = self.store.principal_of_number(PrincipalKind::User, *number).await?;
                enabled(&user.ok_or(Error::Hidden)?)
            }
        }
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

fn enabled(user: &PrincipalRecord) -> Result<PrincipalId, Error> {
    if user.disabled_at.is_some() {
        let detail = format!("`{}` is disabled; enable the user first", user.name);
        return Err(Error::Conflict(Code::UserDisabled, detail));
    }
    Ok(user.id)
}

fn is_caller(owner: &Owner, caller: &Caller) -> bool {
    let own = &caller.chain.token;
    match owner {
        Owner::Caller => true,
        Owner::Named(name) => own.owner_kind == PrincipalKind::User && own.owner_name == name.as_str(),
        Owner::Numbered(number) => own.owner_number == *number,
    }
}

/// Whoever hands out the key to a principal, old or new, must hold all that the principal may do.
pub(super) fn check_covers(
    caller: &Caller,
    rights: &[(Place, Rights)],
    apis: &[ApiRecord],
) -> Result<(), Error> {
    let catalogues = catalogues(apis);
    let covered =
        |(place, rights): &(Place, Rights)| caller.effective_at(*place, &catalogues).covers_all(rights);
    if rights.iter().all(covered) {
        return Ok(());
    }
    Err(exceeds("they may do things that you may not, so their secrets are not yours to get"))
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

/// Patterns that nothing declared matches are typing errors more often than foresight.
pub(super) fn check_known(patterns: &ScopeSet, apis: &[ApiRecord]) -> Result<(), Error> {
    let known = |pattern: &ScopePattern| {
        pattern.is_everything() || apis.iter().any(|api| api.catalogue.matches(pattern))
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

/// The end of a new secret. What was asked for explicitly is refused beyond the parent's end; the default is cut.
pub(super) fn end_for(wanted: End, parent: Option<Expiry>, now: Timestamp) -> Result<Expiry, Error> {
    let latest = parent.unwrap_or(Expiry::Never);
    let explicit = match wanted {
        End::Default => return Ok(Expiry::At(now.plus_ms(LIFETIME_MS_DEFAULT)).min(latest)),
        End::Within(ms) => return Ok(Expiry::At(now.plus_ms(ms)).min(latest)),
        End::Longest => return Ok(latest),
        End::After(ms) => Expiry::At(now.plus_ms(ms)),
        End::Fixed(expiry) => expiry,
    };
    let pointer = match wanted {
        End::After(_) => "/expires_in_minutes",
        End::Fixed(Expiry::Never) => "/never_expires",
        End::Fixed(Expiry::At(_)) | End::Default | End::Within(_) | End::Longest => "/expires_at",
    };
    if explicit > latest {
        let detail = "the token that you call with ends earlier, and a token does not outlive the one it was made with";
        return Err(Error::invalid(pointer, Code::ExpiryExceedsParent, detail));
    }
    if explicit.is_over(now) {
        return Err(Error::invalid(pointer, Code::InvalidField, "the end lies in the past"));
    }
    Ok(explicit)
}

pub(super) fn catalogues(apis: &[ApiRecord]) -> Vec<&Catalogue> {
    apis.iter().map(|api| &api.catalogue).collect()
}

pub(super) fn exceeds(detail: &str) -> Error {
    Error::Denied(Denial { code: Code::ScopeExceedsGrant, missing_scope: None, detail: detail.to_owned() })
}

/// The most similar declared names, to put behind the message.
fn nearest(pattern: &ScopePattern, apis: &[ApiRecord]) -> String {
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
