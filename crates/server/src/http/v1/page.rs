//! Pages of lists: the token of the next page is the number of this page's last row.

use jeton_api::Code;
use jeton_token::ResourceName;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::authority::Error;
use crate::limits::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};

/// The query of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// 1 to 1000, default 100.
    #[schema(minimum = 1, maximum = 1000)]
    page_size: Option<u32>,
    /// From the page before.
    page_token: Option<String>,
}

impl PageQuery {
    /// Where the page begins in a list by number, and how many items it shall have.
    pub(super) fn numbers(&self) -> Result<(Option<i64>, usize), Error> {
        Ok((below(self.page_token.as_deref())?, size(self.page_size)?))
    }

    /// The same in a list by name.
    pub(super) fn names(&self) -> Result<(Option<ResourceName>, usize), Error> {
        let after = self.page_token.as_deref().map(str::parse::<ResourceName>);
        let refused = |_| {
            Error::invalid("page_token", Code::InvalidField, "`page_token` is not one from an earlier page")
        };
        Ok((after.transpose().map_err(refused)?, size(self.page_size)?))
    }
}

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
