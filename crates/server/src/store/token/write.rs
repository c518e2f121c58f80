//! Writing tokens: each function changes one and seals it again, inside the caller's transaction.

use jeton_token::{
    Approval, Expiry, OwnerState, PepperVersion, Place, PlacedPattern, PrincipalId, PrincipalKind, Timestamp,
    TokenId, TokenKind,
};

use super::super::database::{Held, Transaction, statements, values};
use super::super::seal::{self, Seal};
use super::super::write::Event;
use super::super::{Refusal, StoreError, principal};
use super::read::load;
use super::{NewToken, Rotation, TokenEdit, TokenRecord, secret};
use crate::keys::Keys;

statements! {
    LIVE_OF_OWNER = "SELECT id FROM token WHERE owner_id = $1 AND kind = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3)";
    INSERT = "INSERT INTO token (id, kind, name, live_name, description, owner_id, parent_id, created_by, created_at,
        secret_issued_at, expires_at, hint, mac_version, mac)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING number";
    INSERT_ITEM = "INSERT INTO token_item (token_id, kind, value, position) VALUES ($1, $2, $3, $4)";
    DELETE_ITEMS = "DELETE FROM token_item WHERE token_id = $1";
    NAME_BY_NUMBER = "UPDATE token SET name = $1, live_name = $1 WHERE id = $2
        AND NOT EXISTS (SELECT 1 FROM token other WHERE other.owner_id = $3 AND other.live_name = $1)";
    FREE_NAME = "UPDATE token SET live_name = NULL
        WHERE owner_id = $1 AND live_name = $2 AND (revoked_at IS NOT NULL OR expires_at <= $3)";
    // The old seal in the condition makes this a compare-and-swap over everything that a decision is made from.
    UPDATE = "UPDATE token SET name = $1, live_name = $2, description = $3, secret_issued_at = $4, expires_at = $5,
        revoked_at = $6, revoked_by = $7, hint = $8, mac_version = $9, mac = $10 WHERE id = $11 AND mac = $12";
}

/// What a token write needs besides its values.
pub(in crate::store) struct Pen<'a> {
    pub(in crate::store) transaction: &'a mut Transaction,
    pub(in crate::store) keys: &'a Keys,
    pub(in crate::store) now: Timestamp,
}

pub(in crate::store) async fn create(
    pen: &mut Pen<'_>,
    new: &NewToken,
) -> Result<(TokenRecord, Event), StoreError> {
    // A session that was made by another one is no sign-in.
    if new.kind == TokenKind::Session && new.created_by.is_none() {
        // Before the row is shared: two sign-ins that shared it would wait for each other.
        principal::signed_in(pen, new.owner).await?;
    }
    principal::check_owner(pen, new).await?;
    if let Some(name) = &new.name {
        let free = values![new.owner.to_string(), name.as_str(), pen.now.0];
        pen.transaction.execute(FREE_NAME, free).await?;
    }
    insert(pen, new).await?;
    for (position, (kind, value)) in (0_i64..).zip(new.items()) {
        pen.transaction.execute(INSERT_ITEM, values![new.id.to_string(), kind, value, position]).await?;
    }
    secret::insert(pen, new.id, &new.secret, new.created_at).await?;
    reload(pen, new.id).await
}

async fn insert(pen: &mut Pen<'_>, new: &NewToken) -> Result<(), StoreError> {
    let seal = seal::seal_token(pen.keys, &unsealed(new));
    let name = new.name.clone().unwrap_or_else(|| new.id.to_string());
    let values = values![
        new.id.to_string(),
        new.kind.tag(),
        name.clone(),
        name,
        new.description.clone(),
        new.owner.to_string(),
        new.parent.map(|id| id.to_string()),
        new.created_by.map(|id| id.to_string()),
        new.created_at.0,
        new.created_at.0,
        new.expiry.at().map(|at| at.0),
        new.hint.as_str(),
        i64::from(seal.version.0),
        seal.mac.as_slice(),
    ];
    let inserted = pen.transaction.first(INSERT, values).await;
    let row = inserted.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
    if new.name.is_none() {
        name_by_number(pen, new, row.ok_or(StoreError::Lost)?.int("number")?).await?;
    }
    Ok(())
}

/// Names a token that nobody named. If somebody gave the usual name to another token, the id stays behind it.
async fn name_by_number(pen: &mut Pen<'_>, new: &NewToken, number: i64) -> Result<(), StoreError> {
    let word = match new.kind {
        TokenKind::Session => "session",
        TokenKind::Job => "job",
        TokenKind::Personal | TokenKind::Service | TokenKind::Api => "token",
    };
    let usual = format!("{word}-{number}");
    for name in [usual.clone(), format!("{usual}-{}", new.id)] {
        let values = values![name, new.id.to_string(), new.owner.to_string()];
        if pen.transaction.execute(NAME_BY_NUMBER, values).await? > 0 {
            return Ok(());
        }
    }
    Err(StoreError::Lost)
}

/// Changes a live token; with a rotation, its secrets retire and the new one is added.
pub(in crate::store) async fn edit(
    pen: &mut Pen<'_>,
    id: TokenId,
    edit: &TokenEdit,
) -> Result<(TokenRecord, Event), StoreError> {
    let chain = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?;
    let mut token = chain.token;
    let before = token.expiry;
    if token.basis() != edit.basis {
        return Err(Refusal::Changed.into());
    }
    if !is_live(&token, pen.now) {
        return Err(Refusal::NotLive.into());
    }
    change(&mut token, edit);
    if edit.name.is_some() {
        let free = values![token.owner.to_string(), token.name.as_str(), pen.now.0];
        pen.transaction.execute(FREE_NAME, free).await?;
    }
    replace(pen, &token).await?;
    replace_items(pen, &token).await?;
    if let Some(rotation) = &edit.rotation {
        let until = end_of_old(rotation, before, pen.now);
        secret::retire(pen, &chain.secrets, until).await?;
        secret::forget(pen, id).await?;
        secret::insert(pen, id, &rotation.secret, rotation.at).await?;
        let (token, event) = reload(pen, id).await?;
        let detail = format!("old secret until {}; {}", until.0, event.detail);
        return Ok((token, Event { detail, ..event }));
    }
    reload(pen, id).await
}

/// Moves the end of a live token.
pub(in crate::store) async fn renew(
    pen: &mut Pen<'_>,
    id: TokenId,
    end: Timestamp,
) -> Result<TokenRecord, StoreError> {
    let mut token = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?.token;
    if !is_live(&token, pen.now) {
        return Err(Refusal::NotLive.into());
    }
    token.expiry = Expiry::At(end);
    replace(pen, &token).await?;
    Ok(reload(pen, id).await?.0)
}

/// When the old secrets end: never later than they would have without a rotation.
fn end_of_old(rotation: &Rotation, before: Expiry, now: Timestamp) -> Timestamp {
    let end = now.plus_ms(rotation.overlap_ms);
    before.at().map_or(end, |at| at.min(end))
}

/// Ends the old secrets of a token that are still in force. Where there is none, nothing is written.
pub(in crate::store) async fn finish(
    pen: &mut Pen<'_>,
    id: TokenId,
) -> Result<(TokenRecord, Option<Event>), StoreError> {
    pen.transaction.hold(Held::TokenToChange(&id.to_string())).await?;
    let chain = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?;
    let old: Vec<_> = chain.secrets.into_iter().filter(|secret| secret.retired_at.is_some()).collect();
    if old.is_empty() {
        return Ok((chain.token, None));
    }
    secret::retire(pen, &old, pen.now).await?;
    let (token, event) = reload(pen, id).await?;
    let detail = format!("finished; {}", event.detail);
    Ok((token, Some(Event { detail, ..event })))
}

/// Whether the token is not dead for good: nobody gets a secret of a token whose owner is gone.
fn is_live(token: &TokenRecord, now: Timestamp) -> bool {
    let is_over = token.job_now.is_some_and(|job| job.is_over);
    let ended = is_over || token.revoked_at.is_some() || token.expiry.is_over(now);
    token.intact && !ended && token.owner_state != OwnerState::Removed
}

fn change(token: &mut TokenRecord, edit: &TokenEdit) {
    fn set<T: Clone>(to: &mut T, from: Option<&T>) {
        if let Some(from) = from {
            to.clone_from(from);
        }
    }
    set(&mut token.name, edit.name.as_ref());
    set(&mut token.patterns, edit.patterns.as_ref());
    set(&mut token.places, edit.places.as_ref());
    set(&mut token.networks, edit.networks.as_ref());
    set(&mut token.approval, edit.approval.as_ref());
    set(&mut token.expiry, edit.expiry.as_ref());
    token.renewed = edit.renewed.or(token.renewed);
    if let Some(description) = &edit.description {
        token.description = Some(description.clone()).filter(|text| !text.is_empty());
    }
    if let Some(rotation) = &edit.rotation {
        token.hint.clone_from(&rotation.hint);
        token.secret_issued_at = rotation.at;
        // Also those of earlier secrets: what somebody did with them is not undone.
        token.holders.extend(&rotation.holders);
        token.holders.sort_unstable();
        token.holders.dedup();
    }
}

/// Approves a token as it is: its scopes and places are those that were looked at. What was approved before remains.
pub(in crate::store) async fn approve(
    pen: &mut Pen<'_>,
    id: TokenId,
    basis: &super::Basis,
    given: &[PlacedPattern],
) -> Result<(TokenRecord, Event), StoreError> {
    let mut token = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?.token;
    if token.basis() != *basis {
        return Err(Refusal::Changed.into());
    }
    if !is_live(&token, pen.now) {
        return Err(Refusal::NotLive.into());
    }
    let mut all = if let Approval::Given(before) = token.approval { before } else { vec![] };
    all.extend_from_slice(given);
    all.sort_unstable();
    all.dedup();
    token.approval = Approval::Given(all);
    replace(pen, &token).await?;
    replace_items(pen, &token).await?;
    reload(pen, id).await
}

/// Ends a token for good. One that has ended already stays as it is, and nothing is written: the first revocation
/// counts.
pub(in crate::store) async fn revoke(
    pen: &mut Pen<'_>,
    id: TokenId,
    by: Option<PrincipalId>,
) -> Result<(TokenRecord, Option<Event>), StoreError> {
    let mut token = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?.token;
    if token.revoked_at.is_some() && token.intact {
        return Ok((token, None));
    }
    token.revoked_at = token.revoked_at.or(Some(pen.now));
    token.revoked_by = token.revoked_by.or(by);
    replace(pen, &token).await?;
    let (token, event) = reload(pen, id).await?;
    Ok((token, Some(event)))
}

/// Revokes the live tokens of an owner and kind, except one; answers which.
pub(in crate::store) async fn revoke_of_owner(
    pen: &mut Pen<'_>,
    owner: PrincipalId,
    kind: TokenKind,
    except: Option<TokenId>,
    by: Option<PrincipalId>,
) -> Result<Vec<TokenId>, StoreError> {
    let values = values![owner.to_string(), kind.tag(), pen.now.0];
    let rows = pen.transaction.fetch(LIVE_OF_OWNER, values).await?;
    let mut revoked = Vec::new();
    for row in rows {
        let id: TokenId = row.parse("id")?;
        if Some(id) != except {
            revoke(pen, id, by).await?;
            revoked.push(id);
        }
    }
    Ok(revoked)
}

/// Writes the row back under a new seal, provided that it is still the one that was read.
async fn replace(pen: &mut Pen<'_>, token: &TokenRecord) -> Result<(), StoreError> {
    let seal = seal::seal_token(pen.keys, token);
    let live_name = token.revoked_at.is_none().then(|| token.name.clone());
    let values = values![
        token.name.as_str(),
        live_name,
        token.description.clone(),
        token.secret_issued_at.0,
        token.expiry.at().map(|at| at.0),
        token.revoked_at.map(|at| at.0),
        token.revoked_by.map(|id| id.to_string()),
        token.hint.as_str(),
        i64::from(seal.version.0),
        seal.mac.as_slice(),
        token.id.to_string(),
        token.seal.mac.as_slice(),
    ];
    let updated = pen.transaction.execute(UPDATE, values).await;
    if updated.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))? == 0 {
        return Err(StoreError::Lost);
    }
    Ok(())
}

async fn replace_items(pen: &mut Pen<'_>, token: &TokenRecord) -> Result<(), StoreError> {
    pen.transaction.execute(DELETE_ITEMS, values![token.id.to_string()]).await?;
    for (position, (kind, value)) in (0_i64..).zip(token.items()) {
        pen.transaction.execute(INSERT_ITEM, values![token.id.to_string(), kind, value, position]).await?;
    }
    Ok(())
}

/// The record as it is now, inside the transaction that changed it, and what to note about it.
async fn reload(pen: &mut Pen<'_>, id: TokenId) -> Result<(TokenRecord, Event), StoreError> {
    let token = load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::Gone)?.token;
    let event = event(&token);
    Ok((token, event))
}

fn event(token: &TokenRecord) -> Event {
    let expires = token.expiry.at().map_or_else(|| "never".to_owned(), |at| at.0.to_string());
    let items: Vec<String> = token.items().map(|(kind, value)| format!("{kind} {value}")).collect();
    Event {
        target_kind: "token",
        target: token.id.to_string(),
        place: String::new(),
        detail: format!(
            "kind {}; owner {}; expires {expires}; {}",
            token.kind,
            token.owner,
            items.join("; ")
        ),
        personal: token.name.clone(),
        touched: vec![],
    }
}

/// The record that a new token will be, as far as its seal goes.
fn unsealed(new: &NewToken) -> TokenRecord {
    TokenRecord {
        number: 0,
        id: new.id,
        kind: new.kind,
        name: String::new(),
        description: None,
        owner: new.owner,
        owner_kind: PrincipalKind::User,
        owner_name: String::new(),
        owner_number: 0,
        owner_state: OwnerState::Enabled,
        owner_seen_at: new.created_at,
        owner_home: Place::Global,
        parent: new.parent,
        created_by: new.created_by,
        patterns: new.patterns.clone(),
        places: new.places.clone(),
        networks: new.networks.clone(),
        approval: new.approval.clone(),
        job: new.job,
        job_now: None,
        holders: new.holders.clone(),
        created_at: new.created_at,
        secret_issued_at: new.created_at,
        expiry: new.expiry,
        revoked_at: None,
        revoked_by: None,
        hint: String::new(),
        renewed: None,
        last_used_at: None,
        last_used_from: None,
        intact: true,
        seal: Seal { version: PepperVersion(0), mac: Vec::new() },
    }
}
