//! Looking after the tokens that are used in an organization, whosever they are.

use jeton_api::{Code, TokenState};
use jeton_token::{
    OrganizationId, Place, PlaceLimit, PrincipalId, ScopePattern, ScopeSet, Timestamp, TokenId,
};

use super::access::{self, Action, Caller, Permit};
use super::bulk::is_of_call;
use super::sought::Sought;
use super::token::{ListRequest, StateFilter};
use super::{Authority, Error};
use crate::limits::REVOKED_AT_ONCE_MAX;
use crate::store::{TokenRecord, Write};

/// How many tokens are looked at together.
const AT_ONCE: usize = 200;

impl Authority {
    /// Somebody's tokens that may be used in the organization, newest first, as far as the caller may see them. Nobody's
    /// are none.
    pub(crate) async fn tokens_in_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        owner: PrincipalId,
    ) -> Result<Vec<(TokenRecord, TokenState)>, Error> {
        let place = Place::Organization(organization);
        access::check_at(caller, place, Action::TokenRead)?;
        let (mut request, mut found) = (every(None), Vec::new());
        loop {
            let page = self.page(&request, Some(owner)).await?;
            let seen = page.tokens.into_iter().filter(|(token, _)| {
                is_used_at(place, token)
                    && access::on_token_within(caller, place, token, Action::TokenRead).is_ok()
            });
            found.extend(seen);
            request.below = page.next;
            if page.next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Ends these tokens: all of them, or none when the caller may not end one of them.
    pub(crate) async fn revoke_in_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        ids: &[TokenId],
    ) -> Result<(), Error> {
        let place = Place::Organization(organization);
        access::check_at(caller, place, Action::TokenRevoke)?;
        let mut permits = Vec::new();
        for id in ids {
            let chain = self.store.token(*id).await?.filter(|chain| is_used_at(place, &chain.token));
            let token = chain.ok_or(Error::Hidden)?.token;
            let permit = access::on_token_within(caller, place, &token, Action::TokenRevoke);
            permits.push((*id, permit.map_err(|_| Error::Hidden)?));
        }
        for (id, permit) in in_order(caller, permits) {
            self.store.write(&permit, &Write::RevokeToken(id)).await?;
        }
        Ok(())
    }

    /// Ends every token that may be used in the organization, covers something of one of these patterns and was made
    /// before a moment, else before now; of those, all that the caller may end. The token of the call is left out, and
    /// so are those that it was made with.
    pub(crate) async fn revoke_by_rule(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        patterns: &ScopeSet,
        before: Option<Timestamp>,
    ) -> Result<u64, Error> {
        let place = Place::Organization(organization);
        access::check_at(caller, place, Action::TokenRevoke)?;
        let before = before.unwrap_or_else(|| self.now());
        let mut revoked = 0;
        for pattern in patterns.patterns() {
            let mut request = every(Some(pattern.clone()));
            loop {
                let page = self.page(&request, None).await?;
                let meant = |token: &TokenRecord| is_used_at(place, token) && token.created_at < before;
                for (token, state) in page.tokens {
                    let is_dead = matches!(state, TokenState::Revoked | TokenState::Expired);
                    if is_dead || is_of_call(caller, &token) || !meant(&token) {
                        continue;
                    }
                    let permit = access::on_token_within(caller, place, &token, Action::TokenRevoke);
                    let Ok(permit) = permit else { continue };
                    if revoked == REVOKED_AT_ONCE_MAX {
                        return Err(more());
                    }
                    self.store.write(&permit, &Write::RevokeToken(token.id)).await?;
                    revoked += 1;
                }
                request.below = page.next;
                if page.next.is_none() {
                    break;
                }
            }
        }
        Ok(revoked)
    }
}

/// The tokens of the call come last, for without them nothing more is done; and of those only the outermost, with which
/// the others are dead.
fn in_order(caller: &Caller, mut all: Vec<(TokenId, Permit)>) -> Vec<(TokenId, Permit)> {
    let ancestors = caller.chain.ancestors.iter().map(|token| token.id);
    let of_call: Vec<_> = std::iter::once(caller.token()).chain(ancestors).collect();
    let depth = |id: TokenId| of_call.iter().position(|one| *one == id).map_or(0, |at| at + 1);
    let outermost = all.iter().map(|(id, _)| depth(*id)).max().unwrap_or(0);
    all.retain(|(id, _)| [0, outermost].contains(&depth(*id)));
    all.sort_by_key(|(id, _)| depth(*id));
    all
}

fn more() -> Error {
    let detail = "a thousand tokens were revoked, and there are more: send the same rule again";
    Error::Conflict(Code::LimitReached, detail.to_owned())
}

fn every(scope: Option<ScopePattern>) -> ListRequest {
    ListRequest {
        owner: None,
        kind: None,
        name: None,
        state: StateFilter::Any,
        sought: Sought { scope, ..Sought::default() },
        below: None,
        limit: AT_ONCE,
    }
}

/// Whether an API at the place could be shown the token. Sessions and credentials of APIs never are.
fn is_used_at(place: Place, token: &TokenRecord) -> bool {
    let reaches = match &token.places {
        PlaceLimit::Everywhere => true,
        PlaceLimit::Within(places) => places.iter().any(|at| place.contains(*at)),
    };
    token.kind.leaves_home() && reaches
}
