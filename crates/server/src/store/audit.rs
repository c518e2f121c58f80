//! Audit rows: exactly one for each write, in its transaction.

use jeton_token::AuditRecord;

use super::database::{Transaction, statements, values};
use super::write::Event;
use super::{Store, StoreError};
use crate::authority::Permit;

statements! {
    INSERT = "INSERT INTO audit (id, at, actor, credential, action, target_kind, target, place, detail, personal,
        personal_salt, leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
}

/// Answers the row's id.
pub(super) async fn insert(
    transaction: &mut Transaction,
    store: &Store,
    permit: &Permit,
    event: &Event,
) -> Result<String, StoreError> {
    let now = store.clock.now();
    let id = store.keys.mint_id(now, &store.rng).to_string();
    let (actor, credential) = (permit.actor(), permit.credential());
    let (actor, credential) =
        (text(actor.map(|id| id.to_string())), text(credential.map(|id| id.to_string())));
    let salt = store.rng.bytes::<16>();
    let record = AuditRecord {
        id: &id,
        at_ms: now.0,
        actor: &actor,
        credential: &credential,
        action: permit.action().word(),
        target_kind: event.target_kind,
        target: &event.target,
        place: &event.place,
        detail: &event.detail,
        personal: &event.personal,
        personal_salt: &salt,
    };
    let leaf = record.leaf();
    let values = values![
        id.as_str(),
        now.0,
        actor.as_str(),
        credential.as_str(),
        record.action,
        record.target_kind,
        record.target,
        record.place,
        record.detail,
        record.personal,
        salt.as_slice(),
        leaf.0.as_slice(),
    ];
    transaction.execute(INSERT, values).await?;
    Ok(id)
}

/// An absent id is the empty text.
fn text(id: Option<String>) -> String {
    id.unwrap_or_default()
}
