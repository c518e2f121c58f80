//! Reading the answer. Whatever is not exactly understood allows nothing.

use jeton_api::{Keep, Token, VerifyAnswer};
use jeton_token::{PrincipalKind, Scope, TokenText};

use crate::ask::Ask;
use crate::caller::{Caller, Subject};
use crate::decision::{Decision, Denied, Reason};
use crate::unavailable::Unavailable::{self, Malformed};

/// The decision that the body of a 200 states about the token, and for what it may be kept.
pub(crate) fn read(
    body: &[u8],
    token: &TokenText,
    ask: &Ask<'_>,
) -> Result<(Decision, Option<Keep>), Unavailable> {
    let mut answer: VerifyAnswer =
        serde_json::from_slice(body).map_err(|_| Malformed("it is no answer to a verify call"))?;
    if answer.allowed {
        let keep = answer.keep.take();
        caller(answer, token, ask).map(|caller| (Decision::Allowed(caller), keep))
    } else {
        denied(&answer, ask).map(|denied| (Decision::Denied(denied), None))
    }
}

fn caller(answer: VerifyAnswer, token: &TokenText, ask: &Ask<'_>) -> Result<Caller, Unavailable> {
    let (None, Some(record), Some(subject), Some(scopes)) =
        (answer.reason, answer.token, answer.subject, answer.scopes)
    else {
        return Err(Malformed("it allows without saying whom and what, or while it names a reason not to"));
    };
    check_record(&record, token)?;
    let scopes = scopes.iter().map(|scope| read_scope(scope)).collect::<Result<Vec<_>, _>>()?;
    check_scope(&scopes, ask)?;
    Ok(Caller {
        subject: read_subject(subject)?,
        token_id: token.id(),
        token_kind: token.kind(),
        token_name: record.name.into(),
        scopes: scopes.into(),
        expires_at: answer.expires_at,
    })
}

/// INVARIANT: an answer allows only the token that was asked about. A connection that mixes up its answers, or a
/// cache in between, lets nobody in.
fn check_record(record: &Token, token: &TokenText) -> Result<(), Unavailable> {
    if record.id == token.id().to_string() && record.kind == token.kind().word() {
        Ok(())
    } else {
        Err(Malformed("it is about another token"))
    }
}

/// INVARIANT: an answer allows only what was asked for. `allowed` beside scopes that say otherwise is no answer.
fn check_scope(effective: &[Scope], ask: &Ask<'_>) -> Result<(), Unavailable> {
    if ask.demanded_scope().is_none_or(|scope| effective.contains(scope)) {
        Ok(())
    } else {
        Err(Malformed("it allows without the scope that was asked for"))
    }
}

fn denied(answer: &VerifyAnswer, ask: &Ask<'_>) -> Result<Denied, Unavailable> {
    let reason = answer.reason.as_deref().map_or(Reason::Unknown, Reason::from_word);
    let named = answer.missing_scope.as_deref().map(read_scope).transpose()?;
    let missing_scope = match reason {
        Reason::MissingScope => named.or_else(|| ask.demanded_scope().cloned()),
        _ => named,
    };
    Ok(Denied { reason, missing_scope })
}

fn read_subject(subject: jeton_api::Subject) -> Result<Subject, Unavailable> {
    let kind =
        PrincipalKind::from_word(&subject.kind).ok_or(Malformed("it names an unknown kind of subject"))?;
    let id = subject.id.parse().map_err(|_| Malformed("the id of its subject is malformed"))?;
    Ok(Subject { kind, id, name: subject.name.into() })
}

fn read_scope(text: &str) -> Result<Scope, Unavailable> {
    text.parse().map_err(|_| Malformed("it names a scope that is none"))
}
