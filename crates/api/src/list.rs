//! One page of a list.

use serde::{Deserialize, Serialize};

/// A page: newest first, stable while rows change.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct List<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Hand this back as `page_token` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}
