//! What an issuer says about itself (OpenID Connect Discovery 1.0, section 4).

use serde_json::{Map, Value};
use url::Url;

use super::address::{self, Issuer};
use super::fetch::{Fetcher, unreachable};
use super::{Unreachable, object};

/// An issuer's own description, which names exactly the issuer that was asked.
#[derive(Debug)]
pub(crate) struct Discovery {
    /// Where its keys are.
    pub(crate) jwks: Url,
    /// All that it says.
    pub(crate) all: Map<String, Value>,
}

impl Discovery {
    /// Asks the issuer.
    pub(super) async fn fetch(fetcher: &Fetcher, issuer: &Issuer) -> Result<Self, Unreachable> {
        let base = issuer.url().map_err(|error| Unreachable::new(format!("`{issuer}`: {error}")))?;
        let url = document(&base);
        let body = fetcher.get(&url).await?;
        let wrong = |why: &str| unreachable(&url, why);
        let all = object::parse(&body).ok_or_else(|| wrong("its answer is no JSON object"))?;
        if all.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
            return Err(wrong("it is the description of another issuer"));
        }
        let jwks = endpoint(&base, &all, "jwks_uri").ok_or_else(|| wrong("it names no usable `jwks_uri`"))?;
        Ok(Self { jwks, all })
    }

    /// Whether it says of itself that it does something.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.all.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// An endpoint that it names, if it may be asked.
    pub(crate) fn endpoint(&self, issuer: &Issuer, name: &str) -> Option<Url> {
        endpoint(&issuer.url().ok()?, &self.all, name)
    }
}

fn endpoint(base: &Url, all: &Map<String, Value>, name: &str) -> Option<Url> {
    let url = address::askable(all.get(name)?.as_str()?).ok()?;
    address::may_follow(base, &url).then_some(url)
}

/// The well-known path stands behind the issuer's own path.
fn document(base: &Url) -> Url {
    let mut url = base.clone();
    let path = format!("{}/.well-known/openid-configuration", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}
