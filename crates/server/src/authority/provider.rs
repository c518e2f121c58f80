//! Sign-in by somebody else's word: an OpenID Connect provider that the configuration names.
//!
//! A person is who the provider says they are, and known here by issuer and subject alone. A name or a mail address
//! never makes two accounts one: whoever may choose their name there must not become somebody here. Whether somebody
//! new gets a user, and which groups follow from which, is written down in the configuration; nothing is by default.

use jeton_token::{PrincipalId, PrincipalName, ResourceName};
use serde_json::{Map, Value};

use super::access::{self, Reason};
use super::create::IssuedToken;
use super::{Authority, Error, GrantError};
use crate::config::SignInProvider;
use crate::identity::{Call, Claims, Expected, Failure, KeySource, Refused, Unverified, Use};
use crate::metrics::SignInOutcome;
use crate::store::{
    Linked, MemberSource, NewIdentity, NewPrincipal, Provision, Refusal, SignIn, StoreError, Write,
};

/// Why a person whom a provider knows does not get in.
#[derive(Debug)]
pub(crate) enum NotAdmitted {
    /// No rule lets them in.
    NotAllowed,
    /// The user whom they belong to is disabled or removed.
    Disabled,
    /// The provider names nobody in the claim that names users.
    NoName,
    /// What the provider calls them is no name of a user here.
    BadName(String),
    /// Somebody else has that name here. With the subject, so that an administrator can link the two.
    NameTaken { name: PrincipalName, subject: String },
    /// The operation was not done.
    Failed(Error),
}

impl From<StoreError> for NotAdmitted {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What is told about a token that proves nothing, whatever is wrong with it.
const NOT_TAKEN: &str = "the token is not one that the provider has made for this server, or it is over";

impl From<NotAdmitted> for GrantError {
    fn from(error: NotAdmitted) -> Self {
        let told = match error {
            NotAdmitted::NotAllowed => "no rule lets this person in here",
            NotAdmitted::Disabled => "the user is disabled or removed",
            NotAdmitted::NoName | NotAdmitted::BadName(_) => "the token does not name a user properly",
            NotAdmitted::NameTaken { .. } => {
                "the name belongs to somebody else here; an administrator can link the two"
            }
            NotAdmitted::Failed(error) => return error.into(),
        };
        Self::Grant(told.to_owned())
    }
}

impl SignInProvider {
    /// Whether this is one of the tokens that may be exchanged for a session, as far as it says itself.
    pub(crate) fn means(&self, token: &str) -> bool {
        let Some(audience) = &self.exchange_audience else {
            return false;
        };
        Unverified::parse(token).is_ok_and(|token| {
            token.claimed_issuer() == Some(self.issuer.as_str()) && token.claims_audience(audience)
        })
    }

    /// Whether a rule lets somebody in who says this about themselves.
    fn allows(&self, said: &Map<String, Value>) -> bool {
        let domain = confirmed_mail(said).and_then(|mail| mail.rsplit_once('@'));
        let of_domain = domain.is_some_and(|(_, domain)| {
            self.allow.domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
        });
        let of_group = texts(said, &self.groups_claim)
            .any(|group| self.allow.groups.iter().any(|allowed| allowed == group));
        self.allow.anybody || of_domain || of_group
    }

    /// The groups here that somebody's groups there stand for.
    fn groups_of(&self, said: &Map<String, Value>) -> Vec<ResourceName> {
        let mut groups: Vec<ResourceName> = Vec::new();
        for name in texts(said, &self.groups_claim).filter_map(|group| self.groups.get(group)) {
            if !groups.contains(name) {
                groups.push(name.clone());
            }
        }
        groups
    }

    /// Whether more about a person would help than these claims say.
    pub(super) fn wants_more(&self, said: &Map<String, Value>) -> bool {
        let needs_mail = !self.allow.domains.is_empty();
        let needs_groups = !self.groups.is_empty() || !self.allow.groups.is_empty();
        !said.contains_key(&self.username_claim)
            || (needs_mail && !said.contains_key("email"))
            || (needs_groups && !said.contains_key(&self.groups_claim))
    }

    fn name_of(&self, said: &Map<String, Value>) -> Result<PrincipalName, NotAdmitted> {
        let text = said.get(&self.username_claim).and_then(Value::as_str).ok_or(NotAdmitted::NoName)?;
        PrincipalName::of_directory(text).map_err(|_| NotAdmitted::BadName(text.to_owned()))
    }

    /// What the provider calls a person, where that is not their name here.
    fn label_of(&self, said: &Map<String, Value>, name: &PrincipalName) -> Option<String> {
        let label = said.get(&self.username_claim).and_then(Value::as_str)?;
        (!label.eq_ignore_ascii_case(name.as_str())).then(|| label.to_owned())
    }
}

impl From<&NotAdmitted> for SignInOutcome {
    fn from(refused: &NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Failed(error) => error.into(),
            _ => Self::Refused,
        }
    }
}

impl Authority {
    /// The session of a person whom a provider has proved. Somebody new gets a user if a rule lets them in.
    pub(super) async fn admit(
        &self,
        provider: &SignInProvider,
        claims: &Claims,
    ) -> Result<IssuedToken, NotAdmitted> {
        // Two first sign-ins of one person at once: the second finds what the first has made.
        for _ in 0..2 {
            match self.admit_once(provider, claims).await {
                Err(NotAdmitted::Failed(Error::Conflict(jeton_api::Code::ChangedMeanwhile, _))) => {}
                done => return self.store.metrics().count_sign_in(done),
            }
        }
        self.store.metrics().count_sign_in(Err(NotAdmitted::Failed(Error::Unavailable)))
    }

    /// The session for a token that a person got from a provider elsewhere, for this deployment.
    pub(crate) async fn exchange_for_session(
        &self,
        provider: &SignInProvider,
        token: &str,
        used: Use<'static>,
    ) -> Result<IssuedToken, GrantError> {
        let refused = |reason: Refused| {
            tracing::info!(%reason, "an identity token was refused");
            GrantError::Grant(NOT_TAKEN.to_owned())
        };
        let token = Unverified::parse(token).map_err(refused)?;
        let audience = provider.exchange_audience.as_deref().unwrap_or_default();
        let expected = Expected { issuer: &provider.issuer, audience, used };
        match self.issuers.verify(&token, &KeySource::Discovery, &expected, Call::of_anybody()).await {
            Ok(claims) => Ok(self.admit(provider, &claims).await?),
            Err(Failure::Refused(reason)) => Err(refused(reason)),
            Err(Failure::Unreachable(why)) => {
                tracing::warn!(%why, "a provider cannot be asked");
                Err(Error::KeysUnknown { retry_seconds: why.retry_seconds }.into())
            }
        }
    }

    async fn admit_once(
        &self,
        provider: &SignInProvider,
        claims: &Claims,
    ) -> Result<IssuedToken, NotAdmitted> {
        let (issuer, subject) = (claims.issuer.as_str(), claims.subject.as_str());
        let known = self.store.identity(issuer, subject).await?;
        // Whom an administrator has linked gets in by that; everybody else only as long as a rule fits.
        let is_linked = known.as_ref().is_some_and(|known| known.linked_by.is_some());
        if !is_linked && !provider.allows(&claims.all) {
            return Err(NotAdmitted::NotAllowed);
        }
        let (user, linked) = match known {
            Some(known) => (known.user, Linked::Already),
            None => self.newcomer(provider, claims)?,
        };
        let (text, token) = self.new_token(self.session_of(user, None), None).map_err(NotAdmitted::Failed)?;
        let sign_in = SignIn {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            user,
            linked,
            source: MemberSource::Named(issuer.to_owned()),
            groups: provider.groups_of(&claims.all),
            token,
        };
        let permit = access::system(Reason::IdentityProved(user));
        let written = self.store.write(&permit, &Write::SignIn(Box::new(sign_in))).await;
        let outcome = written.map_err(|error| not_written(error, provider, claims))?;
        self.issued(outcome, vec![], text).map_err(NotAdmitted::Failed)
    }

    fn newcomer(
        &self,
        provider: &SignInProvider,
        claims: &Claims,
    ) -> Result<(PrincipalId, Linked), NotAdmitted> {
        let user = PrincipalId(self.mint_id());
        let text = |name: &str| claims.all.get(name).and_then(Value::as_str).and_then(shown);
        let name = provider.name_of(&claims.all)?;
        let label = provider.label_of(&claims.all, &name);
        let new = NewPrincipal {
            id: user,
            kind: jeton_token::PrincipalKind::User,
            organization: None,
            name,
            password: None,
            display_name: text("name").or_else(|| label.clone()),
            email: confirmed_mail(&claims.all).and_then(shown),
            disabled: false,
            provision: Provision { user_name: label, ..Provision::default() },
        };
        let identity = NewIdentity {
            id: self.mint_id(),
            issuer: claims.issuer.to_string(),
            subject: claims.subject.clone(),
            linked_by: None,
        };
        Ok((user, Linked::Now(Box::new(new), identity)))
    }
}

fn not_written(error: StoreError, provider: &SignInProvider, claims: &Claims) -> NotAdmitted {
    match error {
        StoreError::Refused(Refusal::OwnerGone) => NotAdmitted::Disabled,
        StoreError::Refused(Refusal::NameTaken) => match provider.name_of(&claims.all) {
            Ok(name) => NotAdmitted::NameTaken { name, subject: claims.subject.clone() },
            Err(error) => error,
        },
        error => error.into(),
    }
}

/// A mail address counts only if the provider says that it has made sure of it.
fn confirmed_mail(said: &Map<String, Value>) -> Option<&str> {
    let is_confirmed = match said.get("email_verified") {
        Some(Value::Bool(confirmed)) => *confirmed,
        Some(Value::String(word)) => word == "true",
        _ => false,
    };
    said.get("email").and_then(Value::as_str).filter(|_| is_confirmed)
}

/// A claim that is a text or a list of texts.
fn texts<'a>(said: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    let (one, several) = match said.get(name) {
        Some(Value::String(text)) => (Some(text.as_str()), None),
        Some(Value::Array(list)) => (None, Some(list)),
        _ => (None, None),
    };
    one.into_iter().chain(several.into_iter().flatten().filter_map(Value::as_str))
}

/// A text of somebody else's, as far as it may be kept for people.
fn shown(text: &str) -> Option<String> {
    let fits = text.len() <= crate::limits::TEXT_BYTES_MAX && !text.chars().any(char::is_control);
    Some(text.to_owned()).filter(|text| fits && !text.is_empty())
}
