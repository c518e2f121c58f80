//! Revoking many tokens at once: all that fit a filter and that the caller may revoke.

use jeton_api::{RevokedTokens, TokenState};

use super::access::{self, Action, Caller, Owner};
use super::token::ListRequest;
use super::{Authority, Error, Mode};
use crate::limits::REVOKED_AT_ONCE_MAX;
use crate::store::{TokenRecord, Write};

impl Authority {
    /// Revokes what fits, newest first, or counts it. The token of the call is left out, and so are those that it was
    /// made with: without them the call could not go on.
    pub(crate) async fn revoke_tokens(
        &self,
        caller: &Caller,
        mut request: ListRequest,
        mode: Mode,
    ) -> Result<RevokedTokens, Error> {
        let owner = self.listed_owner(caller, request.owner.as_ref(), request.kind).await?;
        let mut found = RevokedTokens { matched: 0, revoked: 0, more: false };
        loop {
            let page = self.page(&request, owner).await?;
            for (token, state) in page.tokens {
                if state == TokenState::Revoked || is_of_call(caller, &token) {
                    continue;
                }
                let Ok(permit) = access::on_tokens_of(caller, Owner::of(&token), Action::TokenRevoke) else {
                    continue;
                };
                if found.matched == REVOKED_AT_ONCE_MAX {
                    return Ok(RevokedTokens { more: true, ..found });
                }
                found.matched += 1;
                if mode == Mode::Commit {
                    self.store.write(&permit, &Write::RevokeToken(token.id)).await?;
                    found.revoked += 1;
                }
            }
            request.below = page.next;
            if page.next.is_none() {
                return Ok(found);
            }
        }
    }
}

pub(super) fn is_of_call(caller: &Caller, token: &TokenRecord) -> bool {
    caller.token() == token.id || caller.chain.ancestors.iter().any(|ancestor| ancestor.id == token.id)
}
