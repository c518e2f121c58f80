//! Answers that are the same for everyone: made once, when the first client asks, and served as bytes.
//!
//! Clients ask for them without a credential, so they must cost next to nothing. A client that has the present text is
//! told so in a few bytes (RFC 9110, section 13.1.2).

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::IntoResponse as _;

use super::headers::Policy;
use super::problem::not_modified;
use crate::keys::hex;

/// All of them. Each depends on nothing but the program and the server's settings.
#[derive(Default)]
pub(crate) struct FixedAnswers {
    pub(super) description: OnceLock<Fixed>,
    pub(super) docs: OnceLock<Fixed>,
    pub(super) docs_style: OnceLock<Fixed>,
    pub(super) page_style: OnceLock<Fixed>,
    pub(super) metadata: OnceLock<Fixed>,
}

/// One such answer.
pub(super) struct Fixed {
    kind: &'static str,
    cache: &'static str,
    policy: Policy,
    tag: String,
    body: Bytes,
}

impl Fixed {
    /// Data that clients ask for again before they use it.
    pub(super) fn json(text: String) -> Self {
        Self::new("application/json", "no-cache", Policy::Data, text)
    }

    /// A page to read.
    pub(super) fn document(text: String) -> Self {
        Self::new("text/html; charset=utf-8", "no-cache", Policy::Document, text)
    }

    /// A style sheet.
    pub(super) fn style(text: &'static str) -> Self {
        Self::new("text/css; charset=utf-8", "public, max-age=300", Policy::Data, text)
    }

    fn new(kind: &'static str, cache: &'static str, policy: Policy, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash = digest(&SHA256, &body);
        let start = hash.as_ref().iter().take(TAG_BYTES).copied().collect::<Vec<_>>();
        Self { kind, cache, policy, tag: format!("\"{}\"", hex(&start)), body }
    }

    /// The answer for a client that may have the text already.
    pub(super) fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let mut response = if self.is_known(asked) {
            not_modified()
        } else {
            let kind = [(CONTENT_TYPE, HeaderValue::from_static(self.kind))];
            (Extension(self.policy), kind, self.body.clone()).into_response()
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(self.cache));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }

    fn is_known(&self, asked: &HeaderMap) -> bool {
        let fields = asked.get_all(IF_NONE_MATCH).iter().filter_map(|field| field.to_str().ok());
        let mut tags = fields.flat_map(|field| field.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
    }
}

/// Enough to tell the texts of all versions apart.
const TAG_BYTES: usize = 12;
