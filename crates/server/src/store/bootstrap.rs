//! What a new database holds: an organization, three roles, the group of everyone and the first administrator.

use jeton_token::{BuiltInRole, Id, PrincipalId, PrincipalKind, PrincipalName};

use super::database::{statements, values};
use super::principal::{self, PasswordHash};
use super::token::Pen;
use super::write::Event;
use super::{StoreError, meta};
use crate::keys::Rng;

/// The first administrator.
#[derive(Debug)]
pub(crate) struct FirstUser {
    pub(crate) id: PrincipalId,
    pub(crate) name: PrincipalName,
    pub(crate) password: PasswordHash,
    pub(crate) prefix: String,
}

statements! {
    COUNTER = "INSERT INTO counter (name, value) VALUES ('change', 0)";
    ORGANIZATION = "INSERT INTO organization (id, name, live_name, created_at) VALUES ($1, $2, $2, $3)";
    GROUP = "INSERT INTO user_group (id, name, live_name, created_at) VALUES ($1, $2, $2, $3)";
    ROLE = "INSERT INTO role (id, name, live_name, grants) VALUES ($1, $2, $2, $3)";
    PATTERN = "INSERT INTO role_pattern (role_id, pattern) VALUES ($1, $2)";
    BINDING = "INSERT INTO role_binding (id, subject_id, role_id, organization_id, created_at)
        VALUES ($1, $2, $3, $4, $5)";
}

/// Fills an empty database. The change counter is made first, so a second attempt fails before it adds anything.
pub(super) async fn fill(pen: &mut Pen<'_>, first: &FirstUser, rng: &Rng) -> Result<Event, StoreError> {
    pen.transaction.execute(COUNTER, vec![]).await?;
    for (name, check) in pen.keys.checks() {
        meta::set(pen.transaction, &name, &check).await?;
    }
    meta::set(pen.transaction, "prefix", &first.prefix).await?;
    let mint = || pen.keys.mint_id(pen.now, rng);
    let ids = Ids { organization: mint(), everyone: mint(), admin: mint(), creator: mint(), user: mint() };
    let bindings = [mint(), mint(), mint()];
    let now = pen.now.0;
    pen.transaction.execute(ORGANIZATION, values![ids.organization.to_string(), "default", now]).await?;
    pen.transaction.execute(GROUP, values![ids.everyone.to_string(), "everyone", now]).await?;
    roles(pen, &ids).await?;
    principal::insert(pen, first.id, PrincipalKind::User, &first.name, None, None, None).await?;
    principal::set_password(pen, first.id, &first.password).await?;
    bind(pen, &ids, first, bindings).await?;
    Ok(event(first))
}

struct Ids {
    organization: Id,
    everyone: Id,
    admin: Id,
    creator: Id,
    user: Id,
}

async fn roles(pen: &mut Pen<'_>, ids: &Ids) -> Result<(), StoreError> {
    let roles = [
        (ids.admin, BuiltInRole::Admin, "patterns"),
        (ids.creator, BuiltInRole::TokenCreator, "patterns"),
        (ids.user, BuiltInRole::ApiUser, "apis"),
    ];
    for (id, role, grants) in roles {
        pen.transaction.execute(ROLE, values![id.to_string(), role.name(), grants]).await?;
    }
    for (role, pattern) in [(ids.admin, "*"), (ids.creator, "Jeton.Token.*")] {
        pen.transaction.execute(PATTERN, values![role.to_string(), pattern]).await?;
    }
    Ok(())
}

/// Everyone makes tokens of their own and uses the APIs of the organization; the first user may do everything.
async fn bind(pen: &mut Pen<'_>, ids: &Ids, first: &FirstUser, minted: [Id; 3]) -> Result<(), StoreError> {
    let bound = [
        (first.id.0, ids.admin, None),
        (ids.everyone, ids.creator, None),
        (ids.everyone, ids.user, Some(ids.organization)),
    ];
    for (id, (subject, role, organization)) in minted.into_iter().zip(bound) {
        let organization = organization.map(|id| id.to_string());
        let values = values![id.to_string(), subject.to_string(), role.to_string(), organization, pen.now.0];
        pen.transaction.execute(BINDING, values).await?;
    }
    Ok(())
}

fn event(first: &FirstUser) -> Event {
    Event {
        target_kind: "user",
        target: first.id.to_string(),
        place: String::new(),
        detail: "organization default; roles Admin, TokenCreator, ApiUser; group everyone".to_owned(),
        personal: first.name.to_string(),
        touched: vec![],
    }
}
