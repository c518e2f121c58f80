//! Sign-in of the command line through the browser (RFC 6749 with PKCE, RFC 8252): a signed-in person says yes on a
//! page, the page sends a code to the program on the same machine, and the program changes it into a session.
//!
//! A code is worth nothing to whoever sees it on its way: it works once, for a minute, with the verifier whose hash
//! came with the request, and only while the session of the person who said yes still stands.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_token::{PrincipalId, Timestamp, TokenId};
use subtle::ConstantTimeEq as _;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::access::{self, Person, Reason};
use super::create::IssuedToken;
use super::pending::{Bounds, CodeDigest, Pending};
use super::{Authority, Caller, Error, GrantError};
use crate::keys::hex;
use crate::limits::{CODE_MS, CODES_MAX, CODES_OF_USER_MAX};
use crate::store::Write;

/// A place on the same machine to send a browser back to: `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoopbackUri(Url);

impl LoopbackUri {
    /// Only what is written in its one usual way, so that nobody reads it differently.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| url.as_str() == text)?;
        let is_loopback = match url.host()? {
            Host::Ipv4(address) => address == std::net::Ipv4Addr::LOCALHOST,
            Host::Ipv6(address) => address == std::net::Ipv6Addr::LOCALHOST,
            Host::Domain(_) => false,
        };
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let fits = url.scheme() == "http" && url.port().is_some() && is_loopback && is_plain && is_bare;
        fits.then_some(Self(url))
    }

    /// The address with these parameters.
    pub(crate) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }
}

impl std::fmt::Display for LoopbackUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// The hash of a verifier that only the asking program knows (RFC 7636, method S256).
#[derive(Clone, Debug)]
pub(crate) struct Challenge(String);

impl Challenge {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_hash = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
        is_hash.then(|| Self(text.to_owned()))
    }

    /// Whether this is the verifier's hash.
    fn fits(&self, verifier: &str) -> bool {
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        (43..=128).contains(&verifier.len()) && bool::from(hash.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

/// Codes that were given out.
pub(super) struct Codes(Pending<PrincipalId, Given>);

struct Given {
    /// Who gave it.
    person: Person,
    redirect_uri: LoopbackUri,
    challenge: Challenge,
    good_until: Timestamp,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Fresh,
    /// Somebody is at it just now.
    InUse,
    /// It has become this session.
    Used(TokenId),
}

impl Codes {
    pub(super) fn new() -> Self {
        Self(Pending::new(Bounds { all: CODES_MAX, of_holder: CODES_OF_USER_MAX }))
    }
}

impl Authority {
    /// A code for the program that asked, now that a person has said yes.
    pub(crate) fn give_code(
        &self,
        caller: &Caller,
        redirect_uri: LoopbackUri,
        challenge: Challenge,
    ) -> Result<Zeroizing<String>, Error> {
        let person = access::person(caller)?;
        let code = Zeroizing::new(hex(&*Zeroizing::new(self.rng.bytes::<32>())));
        let good_until = self.now().plus_ms(CODE_MS);
        let given = Given { person, redirect_uri, challenge, good_until, state: State::Fresh };
        // A used code is remembered as long again, to see that somebody shows it once more.
        let forgotten_at = good_until.plus_ms(CODE_MS);
        self.codes.0.insert(self.code_digest(&code), person.user, given, self.now(), forgotten_at)?;
        Ok(code)
    }

    /// The session for a code, once.
    pub(crate) async fn redeem_code(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<IssuedToken, GrantError> {
        let (code, now) = (self.code_digest(code), self.now());
        let found = self.codes.0.with(code, now, |given| given.take(redirect_uri, verifier, now))?;
        match found.flatten() {
            None => Err(invalid()),
            Some(Taken::Replayed(user, token)) => {
                // Two have the code and the verifier, and one of them should not: the session ends (RFC 6749, 4.1.2).
                let permit = access::system(Reason::CodeReplayed(user));
                self.store.write(&permit, &Write::RevokeToken(token)).await.map_err(Error::from)?;
                Err(invalid())
            }
            Some(Taken::Fresh(person)) => {
                let permit = access::system(Reason::SaidYes(person));
                let issued = self.issue(&permit, self.session_after(person)).await;
                let state = match &issued {
                    Ok(issued) => State::Used(issued.token.id),
                    Err(_) => State::Fresh,
                };
                self.codes.0.with(code, now, |given| given.state = state)?;
                issued.map_err(not_issued)
            }
        }
    }

    /// What is kept of a code.
    pub(super) fn code_digest(&self, code: &str) -> CodeDigest {
        CodeDigest(*self.keys.newest().row_key().seal("code/v1", &[code.as_bytes()]).as_bytes())
    }
}

/// The cases are not told apart.
pub(super) fn invalid() -> GrantError {
    GrantError::Grant("the code is unknown, used, over, or not for this request".to_owned())
}

/// No session came of a yes: the session that said it, or its owner, may be gone.
pub(super) fn not_issued(error: Error) -> GrantError {
    match error {
        Error::Hidden | Error::Unauthenticated(_) => GrantError::Denied,
        other => other.into(),
    }
}

enum Taken {
    Fresh(Person),
    Replayed(PrincipalId, TokenId),
}

impl Given {
    fn take(&mut self, redirect_uri: &str, verifier: &str, now: Timestamp) -> Option<Taken> {
        let is_proved = self.redirect_uri.0.as_str() == redirect_uri && self.challenge.fits(verifier);
        match self.state {
            _ if !is_proved => None,
            State::Used(token) => Some(Taken::Replayed(self.person.user, token)),
            State::Fresh if now < self.good_until => {
                self.state = State::InUse;
                Some(Taken::Fresh(self.person))
            }
            State::Fresh | State::InUse => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_address_is_written_in_one_way() {
        for good in ["http://127.0.0.1:4711/callback", "http://[::1]:4711/callback", "http://127.0.0.1:1/"] {
            assert_eq!(LoopbackUri::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "https://127.0.0.1:4711/callback",
            "http://localhost:4711/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:80/callback",
            "http://127.0.0.1:4711",
            "http://127.1:4711/callback",
            "http://2130706433:4711/callback",
            "http://0x7f.1:4711/callback",
            "http://127.0.0.2:4711/callback",
            "http://[::ffff:127.0.0.1]:4711/callback",
            "http://[0:0:0:0:0:0:0:1]:4711/callback",
            "http://127.0.0.1:4711@evil.example/callback",
            "http://user@127.0.0.1:4711/callback",
            "http://127.0.0.1.evil.example:4711/callback",
            "http://evil.example:4711/callback",
            "http://127.0.0.1:4711/callback?x=y",
            "http://127.0.0.1:4711/callback#x",
            "http://127.0.0.1:4711/a/../b",
            "http://127.0.0.1:4711\\@evil.example/",
            " http://127.0.0.1:4711/",
            "http:127.0.0.1:4711/",
            "//127.0.0.1:4711/",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(LoopbackUri::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn parameters_are_put_behind_the_address() {
        let uri = LoopbackUri::parse("http://127.0.0.1:4711/callback").unwrap();
        let with = uri.with(&[("code", "a b"), ("state", "x&y=\"<")]);
        assert_eq!(with, "http://127.0.0.1:4711/callback?code=a+b&state=x%26y%3D%22%3C");
    }

    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        // RFC 7636, appendix B.
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.fits("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.fits("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"));
        assert!(!challenge.fits(""));
        for wrong in
            ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"]
        {
            assert!(Challenge::parse(wrong).is_none(), "{wrong}");
        }
    }
}
