//! Pages of lists: the token of the next page is the number of this page's last row.

use jeton_api::Code;

use crate::authority::Error;
use crate::limits::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};

/// How many items a page shall have.
pub(super) fn size(asked: Option<u32>) -> Result<usize, Error> {
    let size = asked.unwrap_or(PAGE_SIZE_DEFAULT);
    if size == 0 || size > PAGE_SIZE_MAX {
        return Err(Error::invalid("page_size", Code::InvalidField, "`page_size` is between 1 and 1000"));
    }
    usize::try_from(size).map_err(|_| Error::Unavailable)
}

/// Where the page begins.
pub(super) fn below(token: Option<&str>) -> Result<Option<i64>, Error> {
    let refused =
        |_| Error::invalid("page_token", Code::InvalidField, "`page_token` is not one from an earlier page");
    token.map(|token| token.parse::<i64>().map_err(refused)).transpose()
}
