//! Events: which ones a sink wants, and how they are told.

use std::str::FromStr;

use jeton_api::{PrincipalRef, WebhookActor, WebhookData, WebhookEvent, WebhookToken};
use jeton_token::Timestamp;

use crate::authority::Action;
use crate::store::{AuditEvent, NamedToken};

/// The events that a sink wants: by their words, by the beginning of words with `.*` behind it, or all with `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventFilter(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    All,
    /// With the dot.
    Of(String),
    One(String),
}

/// A text that names no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{unknown}` is no event; there are `*`, whatever begins alike such as `token.*`, and {known}")]
pub(crate) struct EventFilterError {
    unknown: String,
    known: String,
}

impl EventFilter {
    /// The events that these texts name.
    pub(crate) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, EventFilterError> {
        texts.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn has(&self, action: &str) -> bool {
        self.0.iter().any(|pattern| pattern.has(action))
    }
}

impl Pattern {
    fn has(&self, action: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(beginning) => action.starts_with(beginning),
            Self::One(word) => word == action,
        }
    }
}

impl FromStr for Pattern {
    type Err = EventFilterError;

    fn from_str(text: &str) -> Result<Self, EventFilterError> {
        let pattern = match text.strip_suffix('*') {
            Some("") => Self::All,
            Some(beginning) if beginning.ends_with('.') => Self::Of(beginning.to_owned()),
            _ => Self::One(text.to_owned()),
        };
        if words().any(|word| pattern.has(word)) {
            return Ok(pattern);
        }
        Err(EventFilterError { unknown: text.to_owned(), known: words().collect::<Vec<_>>().join(", ") })
    }
}

/// The words of all actions that stand in the audit. Reading does not.
fn words() -> impl Iterator<Item = &'static str> {
    Action::ALL.iter().map(|action| action.word()).filter(|word| word.rsplit('.').next() != Some("read"))
}

/// The event that tells of an audit row.
pub(super) fn event(row: &AuditEvent) -> WebhookEvent {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let actor = row.actor.as_ref().map(|actor| WebhookActor {
        id: actor.id.clone(),
        kind: actor.kind.clone(),
        name: actor.name.clone(),
    });
    WebhookEvent {
        kind: row.action.clone(),
        timestamp: shown(row.at),
        data: WebhookData {
            actor,
            credential: given(&row.credential),
            target_type: row.target_kind.clone(),
            target: row.target.clone(),
            place: given(&row.place),
            detail: row.detail.clone(),
            token: row.token.as_ref().map(token),
            days: row.days,
        },
    }
}

fn token(token: &NamedToken) -> WebhookToken {
    WebhookToken {
        number: token.number,
        kind: token.kind.word().to_owned(),
        name: token.name.clone(),
        owner: PrincipalRef { kind: token.owner_kind.clone(), name: token.owner_name.clone() },
        expires_at: token.ends_at.map(shown),
    }
}

pub(super) fn shown(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX)
}
