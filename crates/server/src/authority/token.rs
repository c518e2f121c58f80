//! Looking at tokens and ending them.

use std::sync::Arc;

use jeton_api::{Code, TokenState};
use jeton_token::{
    Facts, Inactive, Place, PlacedPattern, PlacedPolicy, PolicyRule, PrincipalId, PrincipalKind,
    PrincipalName, Timestamp, TokenId, TokenKind, earlier_ends, standing,
};

use super::access::{self, Action, Caller, Owner};
use super::sought::Sought;
use super::{Authority, Error};
use crate::limits::APPROVED_PATTERNS_MAX;
use crate::store::{Chain, Grounds, ListFilter, OldSecret, Outcome, TokenRecord, Write};

/// What to list.
#[derive(Debug)]
pub(crate) struct ListRequest {
    /// Only this user's; `None`: everybody's with the right to, else the caller's own.
    pub(crate) owner: Option<PrincipalName>,
    pub(crate) kind: Option<TokenKind>,
    pub(crate) name: Option<String>,
    pub(crate) state: StateFilter,
    pub(crate) sought: Sought,
    pub(crate) below: Option<i64>,
    pub(crate) limit: usize,
}

/// Which tokens, by their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateFilter {
    Any,
    Only(TokenState),
    /// Neither revoked nor expired, whether or not they may be used just now.
    NotEnded,
}

impl StateFilter {
    fn admits(self, state: TokenState) -> bool {
        match self {
            Self::Any => true,
            Self::Only(wanted) => wanted == state,
            Self::NotEnded => !matches!(state, TokenState::Revoked | TokenState::Expired),
        }
    }
}

/// One page of tokens with their states.
#[derive(Debug)]
pub(crate) struct TokenPage {
    pub(crate) tokens: Vec<(TokenRecord, TokenState)>,
    /// Where the next page begins, if there may be one.
    pub(crate) next: Option<i64>,
}

/// How many tokens are read at once: with all items of theirs and of their ancestors they take some megabytes at most.
const READ: i64 = 50;
/// How often that is done at most to fill one page: a list never keeps the store busy for long.
const READS_MAX: usize = 64;

impl Authority {
    /// Tokens, newest first.
    pub(crate) async fn list_tokens(
        &self,
        caller: &Caller,
        request: &ListRequest,
    ) -> Result<TokenPage, Error> {
        let owner = self.listed_owner(caller, request.owner.as_ref(), request.kind).await?;
        self.page(request, owner).await
    }

    /// The tokens with these numbers that the caller could list, in the same order. Others are left out: they look
    /// like numbers that no token has.
    pub(crate) async fn tokens_of_numbers(
        &self,
        caller: &Caller,
        owner: Option<&PrincipalName>,
        numbers: &[i64],
    ) -> Result<Vec<(TokenRecord, TokenState)>, Error> {
        let owner = self.listed_owner(caller, owner, None).await?;
        let policies = self.store.policies().await?;
        let mut found = Vec::new();
        for number in numbers {
            let id = match self.token_of_number(*number).await {
                Err(Error::Hidden) => continue,
                id => id?,
            };
            let chain = self.store.token(id).await?;
            let listed = |chain: &Chain| owner.is_none_or(|owner| owner == chain.token.owner);
            found.extend(chain.filter(listed).map(|chain| self.with_state(chain, &policies)));
        }
        Ok(found)
    }

    /// One token with its state.
    pub(crate) async fn show_token(
        &self,
        caller: &Caller,
        id: TokenId,
    ) -> Result<(TokenRecord, TokenState), Error> {
        let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
        access::on_tokens_of(caller, Owner::of(&chain.token), Action::TokenRead)?;
        Ok(self.with_state(chain, &self.store.policies().await?))
    }

    /// The caller's own credential with its state.
    pub(crate) fn show_itself(&self, caller: &Caller) -> Result<(TokenRecord, TokenState), Error> {
        access::on_itself(caller, Action::TokenRead)?;
        Ok(self.with_state(Chain::clone(&caller.chain), &caller.facts.policies))
    }

    /// The secrets that a token's rotations took the place of, as long as a record shows them.
    pub(crate) async fn old_secrets(&self, id: TokenId) -> Result<Vec<OldSecret>, Error> {
        Ok(self.store.old_secrets(id).await?)
    }

    /// Approves a token that a policy wants somebody to look at: as it is now, and never one's own.
    pub(crate) async fn approve_token(
        &self,
        caller: &Caller,
        id: TokenId,
    ) -> Result<(TokenRecord, TokenState), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
            let owner = Owner::of(&chain.token);
            access::on_tokens_of(caller, owner, Action::TokenRead).map_err(|_| Error::Hidden)?;
            let permit = access::at(caller, owner.home, Action::TokenApprove)?;
            if !chain.token.kind.leaves_home() {
                let detail = "sessions and credentials of APIs need no approval";
                return Err(Error::Conflict(Code::TokenNotLive, detail.to_owned()));
            }
            let given = self.approvable(caller, &chain.token).await?;
            if self.has_had_secret(caller.principal(), &chain).await? {
                return Err(Error::denied(
                    Code::NotHonouredHere,
                    "somebody else has to approve a token that is one's own or whose secret one has had",
                ));
            }
            match self.store.write(&permit, &Write::ApproveToken(id, chain.token.basis(), given)).await? {
                Outcome::Token(token) => {
                    Ok(self.with_state(Chain { token: *token, ..chain }, &self.store.policies().await?))
                }
                _ => Err(Error::Unavailable),
            }
        })
        .await
    }

    /// Whether somebody owns a token or one that it was made with, or has had a secret of either: who holds one could
    /// make, change and rotate whatever was made with it.
    async fn has_had_secret(&self, who: PrincipalId, chain: &Chain) -> Result<bool, Error> {
        let tokens = std::iter::once(&chain.token).chain(&chain.ancestors);
        let holds = tokens.into_iter().any(|token| token.owner == who || token.holders.contains(&who));
        Ok(holds || self.maker(chain).await? == Some(who))
    }

    /// Who made a token: of one that is older than the list of its holders, this is all that is known.
    async fn maker(&self, chain: &Chain) -> Result<Option<PrincipalId>, Error> {
        let Some(credential) = chain.token.created_by else {
            return Ok(None);
        };
        Ok(self.store.token(credential).await?.map(|found| found.token.owner))
    }

    /// What policies want approved of a token, at the places where the caller may: all of what holds wherever the
    /// token is used, and of the rest as much as is the caller's to say.
    async fn approvable(&self, caller: &Caller, token: &TokenRecord) -> Result<Vec<PlacedPattern>, Error> {
        let (terms, apis) = (self.terms(&token.places).await?, self.store.apis().await?);
        let rights = self.store.rights_of(token.owner).await?;
        let wanted = terms.approval_wanted(&token.patterns, &rights, &apis);
        let may = |wanted: &&PlacedPattern| access::at(caller, wanted.place, Action::TokenApprove).is_ok();
        let others = wanted.iter().filter(|wanted| !may(wanted));
        let mut given: Vec<_> = wanted.iter().filter(may).cloned().collect();
        for other in others {
            if given.is_empty() || terms.holds_for_all(other.place) {
                access::at(caller, other.place, Action::TokenApprove)?;
            }
        }
        // What holds everywhere comes first; what is left out remains withheld.
        given.sort_by_key(|given| !terms.holds_for_all(given.place));
        given.truncate(APPROVED_PATTERNS_MAX);
        Ok(given)
    }

    /// Ends a token for good. Ending it again is no error.
    pub(crate) async fn revoke_token(
        &self,
        caller: &Caller,
        id: TokenId,
    ) -> Result<(TokenRecord, TokenState), Error> {
        let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
        let permit = access::on_tokens_of(caller, Owner::of(&chain.token), Action::TokenRevoke)?;
        match self.store.write(&permit, &Write::RevokeToken(id)).await? {
            // Revoked is revoked, whatever policies say.
            Outcome::Token(token) => Ok(self.with_state(Chain { token: *token, ..chain }, &[])),
            _ => Err(Error::Unavailable),
        }
    }

    /// Ends the caller's own credential.
    pub(crate) async fn revoke_itself(&self, caller: &Caller) -> Result<(), Error> {
        let permit = access::on_itself(caller, Action::TokenRevoke)?;
        match self.store.write(&permit, &Write::RevokeToken(caller.token())).await? {
            Outcome::Token(_) => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }

    /// The id that a path names: the 22 characters.
    pub(crate) fn token_id(&self, text: &str) -> Result<TokenId, Error> {
        let id: TokenId = text.parse().map_err(|_| Error::Hidden)?;
        if self.keys.is_genuine(id.0) { Ok(id) } else { Err(Error::Hidden) }
    }

    /// The token that a caller names: by its id, or by its number if the caller may see the token.
    pub(crate) async fn token_named(&self, caller: &Caller, text: &str) -> Result<TokenId, Error> {
        let Some(number) = number(text) else { return self.token_id(text) };
        let (id, _) = self.store.token_of_number(number).await?.ok_or(Error::Hidden)?;
        let chain = self.store.token(id).await?.ok_or(Error::Hidden)?;
        // Numbers can be guessed: one of somebody else's token looks like one that no token has.
        access::on_tokens_of(caller, Owner::of(&chain.token), Action::TokenRead)
            .map_err(|_| Error::Hidden)?;
        Ok(id)
    }

    /// The id of the token with this number, as other products' wires name tokens. They know nothing of sessions and
    /// of credentials of APIs, so those have no number there.
    pub(crate) async fn token_of_number(&self, number: i64) -> Result<TokenId, Error> {
        match self.store.token_of_number(number).await? {
            Some((id, kind)) if kind.leaves_home() => Ok(id),
            _ => Err(Error::Hidden),
        }
    }

    /// Where each of these tokens ends earlier than by itself, and when, in the same order. A place that the caller does
    /// not see is not named, and without a caller none is.
    pub(crate) async fn earlier_ends(
        &self,
        caller: Option<&Caller>,
        tokens: &[(TokenRecord, TokenState)],
    ) -> Result<Vec<Vec<(Place, Timestamp)>>, Error> {
        let Some(caller) = caller else { return Ok(vec![]) };
        let mut policies = self.store.policies().await?;
        policies.retain(|placed| placed.place == Place::Global || caller.sees(placed.place));
        let policies = Arc::new(policies);
        let mut ends = vec![];
        for (token, _) in tokens {
            let chain = match token.parent {
                // Only tokens that somebody keeps are cut.
                _ if !matches!(token.kind, TokenKind::Personal | TokenKind::Service) => None,
                Some(_) => self.store.token(token.id).await?,
                None => {
                    let token = token.clone();
                    Some(Chain { token, ancestors: vec![], secrets: vec![], secrets_intact: true })
                }
            };
            let grounds = || Grounds { policies: Arc::clone(&policies), ..Grounds::default() };
            ends.push(chain.map(|chain| earlier_ends(&chain.facts(&grounds()))).unwrap_or_default());
        }
        Ok(ends)
    }

    /// A token with its state, as it is wherever it may be used; a place of its own may still not take it.
    pub(crate) fn with_state(
        &self,
        mut chain: Chain,
        policies: &[PlacedPolicy],
    ) -> (TokenRecord, TokenState) {
        self.usage.refresh(&mut chain);
        let state = match standing(&facts_everywhere(&chain, policies), self.now()) {
            Ok(()) => TokenState::Active,
            Err(Inactive::Revoked) => TokenState::Revoked,
            Err(Inactive::Expired | Inactive::Policy(PolicyRule::Lifetime)) => TokenState::Expired,
            Err(Inactive::Pending) => TokenState::Pending,
            Err(_) => TokenState::Suspended,
        };
        (chain.token, state)
    }

    /// Whose tokens a list shows; `None` is everybody's.
    pub(super) async fn listed_owner(
        &self,
        caller: &Caller,
        name: Option<&PrincipalName>,
        kind: Option<TokenKind>,
    ) -> Result<Option<PrincipalId>, Error> {
        match name {
            Some(name) => Ok(Some(self.visible_owner(caller, name, kind).await?)),
            None if access::at(caller, Place::Global, Action::TokenRead).is_ok() => Ok(None),
            None => {
                access::on_tokens_of(caller, Owner::of(&caller.chain.token), Action::TokenRead)?;
                Ok(Some(caller.principal()))
            }
        }
    }

    /// Whoever has the name. A user, a service account and an API may share one: of credentials of APIs the API is meant,
    /// of service tokens the account, else the user where there is one.
    async fn visible_owner(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        kind: Option<TokenKind>,
    ) -> Result<PrincipalId, Error> {
        let own = &caller.chain.token;
        let kinds: &[PrincipalKind] = match kind {
            Some(TokenKind::Api) => &[PrincipalKind::Api],
            Some(TokenKind::Service) => &[PrincipalKind::ServiceAccount, PrincipalKind::User],
            _ => &[PrincipalKind::User, PrincipalKind::ServiceAccount],
        };
        let mut found = None;
        for kind in kinds.iter().copied() {
            if own.owner_kind == kind && own.owner_name == name.as_str() {
                access::on_tokens_of(caller, Owner::of(own), Action::TokenRead)?;
                return Ok(caller.principal());
            }
            let one = self.store.principal(kind, name).await?.map(|one| Owner::from(&one));
            let seen = one.filter(|one| access::check_on_tokens_of(caller, *one, Action::TokenRead).is_ok());
            found = found.or(seen);
        }
        match found {
            Some(owner) => Ok(owner.id),
            None => access::at(caller, Place::Global, Action::TokenRead).and(Err(Error::Hidden)),
        }
    }

    /// Reads until the page is full: a state depends on ancestors and owners, so the store cannot filter by it.
    pub(super) async fn page(
        &self,
        request: &ListRequest,
        owner: Option<PrincipalId>,
    ) -> Result<TokenPage, Error> {
        let (kind, name, below) = (request.kind, request.name.clone(), request.below);
        let mut filter = ListFilter { owner, kind, name, below, limit: READ };
        let mut tokens = Vec::new();
        let policies = self.store.policies().await?;
        let apis = if request.sought.scope.is_some() { self.store.apis().await? } else { vec![] };
        let catalogues = super::create::catalogues(&apis);
        for _ in 0..READS_MAX {
            let chains = self.store.tokens(&filter).await?;
            let exhausted = i64::try_from(chains.len()).is_ok_and(|count| count < READ);
            for mut chain in chains {
                filter.below = Some(chain.token.number);
                self.usage.refresh(&mut chain);
                let facts = facts_everywhere(&chain, &policies);
                let is_sought = request.sought.admits(&chain.token, &facts, &catalogues, self.now());
                let (token, state) = self.with_state(chain, &policies);
                if is_sought && request.state.admits(state) {
                    tokens.push((token, state));
                }
                if tokens.len() == request.limit {
                    return Ok(TokenPage { tokens, next: filter.below });
                }
            }
            if exhausted {
                return Ok(TokenPage { tokens, next: None });
            }
        }
        Ok(TokenPage { tokens, next: filter.below })
    }
}

/// What a token's verdicts are made from wherever it is used, but for its owner's rights.
fn facts_everywhere(chain: &Chain, policies: &[PlacedPolicy]) -> Facts {
    // Whose tokens count is told at verify, which knows the groups; it suspends no token everywhere.
    let known = policies.iter().filter(|placed| placed.place == Place::Global).cloned();
    let policies = known.map(|mut placed| {
        placed.policy.creators = None;
        placed
    });
    let policies: Vec<_> = policies.collect();
    chain.facts(&Grounds { policies: policies.into(), ..Grounds::default() })
}

/// What a text says as a number that something has: digits, the first of them not 0.
pub(super) fn number(text: &str) -> Option<i64> {
    let is_written_so = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_written_so)
}
