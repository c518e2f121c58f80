//! Lists of tokens from their beginning to their end, for wires that sort and cut them in ways of their own.

use jeton_api::TokenState;

use super::query::refused;
use crate::authority::{Authority, Caller, Error, ListRequest};
use crate::limits::{PAGE_SIZE_MAX, WHOLE_LIST_PAGES_MAX};
use crate::store::TokenRecord;

/// How many are read at once.
pub(super) fn page() -> usize {
    usize::try_from(PAGE_SIZE_MAX).unwrap_or_default()
}

/// All pages of a list. One without pages has to end somewhere all the same: then this parameter is to say more.
pub(super) async fn tokens(
    authority: &Authority,
    caller: &Caller,
    mut request: ListRequest,
    parameter: &str,
) -> Result<Vec<(TokenRecord, TokenState)>, Error> {
    let mut tokens = Vec::new();
    for _ in 0..WHOLE_LIST_PAGES_MAX {
        let page = authority.list_tokens(caller, &request).await?;
        tokens.extend(page.tokens);
        request.below = page.next;
        if page.next.is_none() {
            return Ok(tokens);
        }
    }
    Err(refused(parameter, "is needed: there are too many tokens for one answer"))
}
