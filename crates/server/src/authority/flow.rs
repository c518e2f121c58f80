//! The way to a provider and back (OpenID Connect Core 1.0, section 3.1, with PKCE).
//!
//! On the way out the browser gets a sealed cookie, and the provider a `state`, a `nonce` and the hash of a verifier,
//! all of which follow from the cookie under a key of the deployment. So nothing is kept for somebody who never comes
//! back, an answer is taken only in the browser that asked (a link from somebody else does not sign anybody in as
//! them), and once.

use std::str::FromStr as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_token::{PepperVersion, Timestamp};
use subtle::ConstantTimeEq as _;

use super::create::IssuedToken;
use super::guesses::Guesses;
use super::pending::{Bounds, Pending};
use super::provider::NotAdmitted;
use super::{Authority, Bucket, Error, Origin};
use crate::config::SignInProvider;
use crate::identity::{Call, Client, CodeGrant, Expected, Failure, KeySource, Unverified, Use};
use crate::keys::hex;
use crate::limits::{FLOW_FAILURES_MAX, FLOW_MS, FLOW_REGAIN_MS, FLOWS_DONE_MAX};

const OF_ORIGIN: Bucket = Bucket { failures: FLOW_FAILURES_MAX, regain_ms: FLOW_REGAIN_MS };

/// A sign-in that has begun: where to send the browser, and what it keeps meanwhile.
pub(crate) struct Begun {
    pub(crate) address: String,
    pub(crate) cookie: String,
}

/// What the browser brings back.
pub(crate) struct Returned<'a> {
    pub(crate) cookie: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    /// `iss` (RFC 9207): who says that it answers.
    pub(crate) issuer: Option<&'a str>,
    /// The provider says no.
    pub(crate) is_error: bool,
    pub(crate) origin: Origin,
}

/// Why somebody who comes back is not signed in.
#[derive(Debug)]
pub(crate) enum NotReturned {
    /// This browser did not begin this sign-in, or it took too long, or it is over.
    Foreign,
    /// The provider did not say yes, or what it said proves nothing.
    Refused,
    /// The provider cannot be asked.
    Unreachable,
    /// It is proved who they are, and they do not get in.
    NotAdmitted(NotAdmitted),
    /// The operation was not done.
    Failed(Error),
}

impl From<Error> for NotReturned {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Failure> for NotReturned {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(_) => Self::Refused,
            Failure::Unreachable(_) => Self::Unreachable,
        }
    }
}

/// States that have been used, until nobody would take them anyway.
pub(super) struct Done(Pending<(), ()>);

impl Done {
    pub(super) fn new() -> Self {
        Self(Pending::new(Bounds { all: FLOWS_DONE_MAX, of_holder: FLOWS_DONE_MAX }))
    }
}

/// One way out and back: what the cookie says.
struct Flow {
    version: PepperVersion,
    good_until: Timestamp,
    random: String,
    provider: String,
    return_to: String,
}

/// What follows from a flow.
struct Derived {
    state: String,
    nonce: String,
    verifier: String,
}

impl Authority {
    /// Begins a sign-in at a provider.
    pub(crate) async fn begin_flow(
        &self,
        provider: &SignInProvider,
        redirect_uri: &str,
        return_to: &str,
    ) -> Result<Begun, NotReturned> {
        let discovery = self.issuers.discover(&provider.issuer).await.map_err(|error| logged(&error))?;
        let address = discovery.endpoint(&provider.issuer, "authorization_endpoint");
        let mut address = address.ok_or(NotReturned::Unreachable)?;
        let flow = Flow {
            version: self.keys.newest().version(),
            good_until: self.now().plus_ms(FLOW_MS),
            random: hex(&self.rng.bytes::<32>()),
            provider: provider.name.clone(),
            return_to: return_to.to_owned(),
        };
        let derived = self.derive(&flow).ok_or(NotReturned::Foreign)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, derived.verifier.as_bytes()));
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", provider.client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("scope", provider.scopes.join(" ").as_str()),
            ("state", derived.state.as_str()),
            ("nonce", derived.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        let cookie = self.sealed(&flow).ok_or(NotReturned::Foreign)?;
        Ok(Begun { address: address.into(), cookie })
    }

    /// Ends it: a session, and where the person wanted to go.
    pub(crate) async fn finish_flow(
        &self,
        provider: &SignInProvider,
        redirect_uri: &str,
        returned: Returned<'_>,
    ) -> Result<(IssuedToken, String), NotReturned> {
        let (flow, derived) = self.recognise_flow(provider, &returned).ok_or(NotReturned::Foreign)?;
        let code = returned.code.filter(|_| !returned.is_error).ok_or(NotReturned::Refused)?;
        let counts = Guesses::of_origin(returned.origin, OF_ORIGIN);
        self.returns.check(&counts, self.now())?;
        let proved = self.prove_person(provider, redirect_uri, code, &derived, returned.issuer).await;
        let claims = proved.inspect_err(|error| {
            if matches!(error, NotReturned::Refused) {
                self.returns.failed(&counts, self.now());
            }
        })?;
        let used = self.code_digest(&derived.state);
        if !self.done.0.insert(used, (), (), self.now(), flow.good_until)? {
            return Err(NotReturned::Foreign);
        }
        let issued = self.admit(provider, &claims).await.map_err(NotReturned::NotAdmitted)?;
        Ok((issued, flow.return_to))
    }

    async fn prove_person(
        &self,
        provider: &SignInProvider,
        redirect_uri: &str,
        code: &str,
        derived: &Derived,
        issuer: Option<&str>,
    ) -> Result<crate::identity::Claims, NotReturned> {
        let discovery = self.issuers.discover(&provider.issuer).await.map_err(|error| logged(&error))?;
        // RFC 9207: another provider's answer must not be taken to this one.
        let says_issuer = discovery.says("authorization_response_iss_parameter_supported");
        if issuer.map_or(says_issuer, |issuer| issuer != provider.issuer.as_str()) {
            return Err(NotReturned::Refused);
        }
        let client = Client { id: &provider.client_id, secret: provider.client_secret.as_deref() };
        let grant = CodeGrant { code, redirect_uri, verifier: &derived.verifier };
        let tokens = self.issuers.redeem(&provider.issuer, client, grant).await.map_err(told)?;
        let token = Unverified::parse(&tokens.id_token).map_err(|refused| told(refused.into()))?;
        let used = Use::SignIn { nonce: &derived.nonce };
        let expected = Expected { issuer: &provider.issuer, audience: &provider.client_id, used };
        let claims = self.issuers.verify(&token, &KeySource::Discovery, &expected, Call::of_issuer()).await;
        let claims = claims.map_err(told)?;
        if !provider.wants_more(&claims.all) {
            return Ok(claims);
        }
        self.issuers.with_more(&provider.issuer, &tokens, claims).await.map_err(told)
    }

    /// The flow that this browser began at this provider, if the answer belongs to it.
    fn recognise_flow(&self, provider: &SignInProvider, returned: &Returned<'_>) -> Option<(Flow, Derived)> {
        let flow = self.unsealed(returned.cookie?)?;
        let derived = self.derive(&flow)?;
        let is_state = derived.state.as_bytes().ct_eq(returned.state?.as_bytes());
        let fits = flow.provider == provider.name && self.now() < flow.good_until && bool::from(is_state);
        fits.then_some((flow, derived))
    }

    fn derive(&self, flow: &Flow) -> Option<Derived> {
        let key = self.keys.pepper(flow.version)?.row_key();
        let of = |label: &str| *key.seal(label, &[flow.random.as_bytes()]).as_bytes();
        Some(Derived {
            state: hex(&of("flow-state/v1")),
            nonce: hex(&of("flow-nonce/v1")),
            verifier: URL_SAFE_NO_PAD.encode(of("flow-verifier/v1")),
        })
    }

    fn sealed(&self, flow: &Flow) -> Option<String> {
        let Flow { version, good_until, random, provider, return_to } = flow;
        let return_to = URL_SAFE_NO_PAD.encode(return_to);
        let text = format!("{}.{}.{random}.{provider}.{return_to}", version.0, good_until.0);
        let seal = self.keys.pepper(*version)?.row_key().seal("flow/v1", &[text.as_bytes()]);
        Some(format!("{text}.{}", hex(seal.as_bytes())))
    }

    fn unsealed(&self, cookie: &str) -> Option<Flow> {
        let (text, seal) = cookie.rsplit_once('.')?;
        let mut parts = text.split('.');
        let version = PepperVersion(u32::from_str(parts.next()?).ok()?);
        let expected = self.keys.pepper(version)?.row_key().seal("flow/v1", &[text.as_bytes()]);
        if !bool::from(hex(expected.as_bytes()).as_bytes().ct_eq(seal.as_bytes())) {
            return None;
        }
        let good_until = Timestamp(i64::from_str(parts.next()?).ok()?);
        let (random, provider) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let return_to = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        Some(Flow { version, good_until, random, provider, return_to })
    }
}

fn told(failure: Failure) -> NotReturned {
    match &failure {
        Failure::Refused(reason) => tracing::info!(%reason, "a sign-in by a provider was refused"),
        Failure::Unreachable(why) => return logged(why),
    }
    failure.into()
}

fn logged(why: &crate::identity::Unreachable) -> NotReturned {
    tracing::warn!(%why, "a provider cannot be asked");
    NotReturned::Unreachable
}
