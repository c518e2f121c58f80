//! Looking after the tokens that are used in an organization, whosever they are.

use jeton_api::TokenState;
use jeton_token::{OrganizationId, Place, PlaceLimit, PrincipalId, TokenId};

use super::access::{self, Action, Caller, Permit};
use super::page::Page;
use super::sought::Sought;
use super::token::{ListRequest, StateFilter};
use super::{Authority, Error};
use crate::store::{TokenRecord, Write};

/// How many tokens are looked at together, and how often for one page.
const AT_ONCE: usize = 200;
const READS_MAX: usize = 20;

impl Authority {
    /// So many of somebody's tokens that may be used in the organization, newest first and below a number, as far as the
    /// caller may see them. Nobody's are none. However little of it the caller sees, a page keeps the store busy for so
    /// long and says where to go on.
    pub(crate) async fn tokens_in_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        owner: PrincipalId,
        (below, limit): (Option<i64>, usize),
    ) -> Result<Page<(TokenRecord, TokenState)>, Error> {
        let place = Place::Organization(organization);
        access::check_at(caller, place, Action::TokenRead)?;
        let sees = |token: &TokenRecord| {
            is_used_at(place, token)
                && access::on_token_within(caller, place, token, Action::TokenRead).is_ok()
        };
        let (mut request, mut items) = (every(below), Vec::new());
        for _ in 0..READS_MAX {
            let page = self.page(&request, Some(owner)).await?;
            items.extend(page.tokens.into_iter().filter(|(token, _)| sees(token)));
            if items.len() > limit {
                items.truncate(limit);
                let next = items.last().map(|(token, _)| token.number);
                return Ok(Page { items, next });
            }
            request.below = page.next;
            if page.next.is_none() {
                break;
            }
        }
        Ok(Page { items, next: request.below })
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

fn every(below: Option<i64>) -> ListRequest {
    ListRequest {
        owner: None,
        kind: None,
        name: None,
        state: StateFilter::Any,
        sought: Sought::default(),
        below,
        limit: AT_ONCE,
    }
}

/// Whether an API at the place could be shown the token. Sessions and credentials of APIs never are.
pub(super) fn is_used_at(place: Place, token: &TokenRecord) -> bool {
    let reaches = match &token.places {
        PlaceLimit::Everywhere => true,
        PlaceLimit::Within(places) => places.iter().any(|at| place.contains(*at)),
    };
    token.kind.leaves_home() && reaches
}
