//! The OAuth 2.0 endpoints, as the public client that every command line is: it has no secret, so what it was given
//! is bound to a word that only it knows (PKCE) or to a code that only it got.

use anyhow::anyhow;
use jeton_api::{Granted, Secret};
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::escape::safe;
use crate::http::{Http, refusal};

/// The name of every command line.
pub(super) const CLIENT_ID: &str = "jeton-cli";

const CODE: &str = "authorization_code";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A server's answer: what was asked for, or its refusal.
pub(crate) type Answer<T> = Result<T, Refused>;

/// A refusal (RFC 6749, section 5.2).
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) error: String,
    #[serde(default)]
    pub(super) error_description: String,
}

impl Refused {
    /// Why, in words that are safe to print.
    pub(crate) fn reason(&self) -> String {
        let Self { error, error_description } = self;
        safe(if error_description.is_empty() { error } else { error_description }).into_owned()
    }
}

/// What the server says about itself (RFC 8414), as far as it matters here.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    /// What the server calls itself.
    #[serde(default)]
    pub(super) issuer: Option<String>,
    /// Whether it says so whenever it sends a browser back (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    /// Whom identity tokens must be for, if the server takes any.
    #[serde(default)]
    pub(super) jeton_exchange_audience: Option<String>,
}

/// What a device is told (RFC 8628, section 3.2).
#[derive(Debug, Deserialize)]
pub(super) struct DeviceAuthorization {
    pub(super) device_code: Secret,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    #[serde(default)]
    pub(super) verification_uri_complete: Option<String>,
    pub(super) expires_in: u64,
    #[serde(default)]
    pub(super) interval: Option<u64>,
}

/// The endpoints of one server.
pub(crate) struct OAuth<'h>(pub(crate) &'h Http);

impl OAuth<'_> {
    /// What the server says about itself; nothing when it does not.
    pub(super) async fn metadata(&self) -> Result<Metadata> {
        let (status, body) = self.0.get_root(&[".well-known", "oauth-authorization-server"]).await?;
        Ok(if status == StatusCode::OK {
            serde_json::from_slice(&body).unwrap_or_default()
        } else {
            Metadata::default()
        })
    }

    /// Exchanges the code that came by way of the browser.
    pub(super) async fn redeem(
        &self,
        code: &Secret,
        verifier: &str,
        redirect: &str,
    ) -> Result<Answer<Secret>> {
        let fields = [("code", code.expose()), ("code_verifier", verifier), ("redirect_uri", redirect)];
        self.grant(CODE, &fields).await
    }

    /// Begins a sign-in that ends in a browser elsewhere.
    pub(super) async fn begin_device(&self) -> Result<Answer<DeviceAuthorization>> {
        self.post(&["oauth2", "device_authorization"], &[("client_id", CLIENT_ID)]).await
    }

    /// Asks whether that sign-in has ended.
    pub(super) async fn poll_device(&self, device_code: &Secret) -> Result<Answer<Secret>> {
        self.grant(DEVICE_CODE, &[("device_code", device_code.expose())]).await
    }

    /// Exchanges an identity token of somebody else (RFC 8693), for all that it can get or for these patterns.
    pub(crate) async fn exchange(
        &self,
        identity: &Secret,
        holder: Option<(&str, &str)>,
        scope: Option<&str>,
    ) -> Result<Answer<Granted>> {
        let mut fields = vec![("subject_token", identity.expose()), ("subject_token_type", JWT)];
        fields.extend(holder);
        fields.extend(scope.map(|scope| ("scope", scope)));
        self.granted(EXCHANGE, &fields).await
    }

    /// Ends a token (RFC 7009).
    pub(crate) async fn revoke(&self, token: &Secret) -> Result<()> {
        let (status, body) = self.0.post_form(&["oauth2", "revoke"], &[("token", token.expose())]).await?;
        if status.is_success() { Ok(()) } else { Err(refusal(status, &body, None)) }
    }

    async fn grant(&self, kind: &str, fields: &[(&str, &str)]) -> Result<Answer<Secret>> {
        Ok(self.granted(kind, fields).await?.map(|granted| granted.access_token))
    }

    async fn granted(&self, kind: &str, fields: &[(&str, &str)]) -> Result<Answer<Granted>> {
        let fields = [&[("grant_type", kind), ("client_id", CLIENT_ID)], fields].concat();
        self.post(&["oauth2", "token"], &fields).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &[&str], fields: &[(&str, &str)]) -> Result<Answer<T>> {
        let (status, body) = self.0.post_form(path, fields).await?;
        if status.is_success() {
            let message = "the server's answer makes no sense; is it a Jeton server of this version?";
            return serde_json::from_slice(&body)
                .map(Ok)
                .map_err(|error| anyhow!(error).context(message).into());
        }
        // What is not about the grant is a refusal by the server itself.
        let refused = serde_json::from_slice(&body).ok().filter(|_| status == StatusCode::BAD_REQUEST);
        refused.map(Err).ok_or_else(|| refusal(status, &body, None))
    }
}
