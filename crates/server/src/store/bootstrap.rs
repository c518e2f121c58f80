//! What a new database holds: an organization, the roles that Jeton brings along, the group of everyone and the first
//! administrator.

use jeton_token::{BuiltInRole, PrincipalId, PrincipalKind, PrincipalName};

use super::database::{statements, values};
use super::principal::{self, PasswordHash};
use super::token::Pen;
use super::write::Event;
use super::{StoreError, meta, role};
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
    COUNTERS = "INSERT INTO counter (name, value) VALUES ('change', 0), ('rights', 0)";
    ORGANIZATION = "INSERT INTO organization (id, name, live_name, created_at) VALUES ($1, $2, $2, $3)";
    GROUP = "INSERT INTO user_group (id, name, live_name, created_at, built_in) VALUES ($1, $2, $2, $3, 1)";
    BINDING = "INSERT INTO role_binding (id, subject_id, role_id, organization_id, created_at)
        SELECT $1, $2, role.id, CAST($4 AS TEXT), $5 FROM role WHERE role.live_name = $3";
}

/// Fills an empty database. The change counter is made first, so a second attempt fails before it adds anything.
pub(super) async fn fill(pen: &mut Pen<'_>, first: &FirstUser, rng: &Rng) -> Result<Event, StoreError> {
    pen.transaction.execute(COUNTERS, vec![]).await?;
    for (name, check) in pen.keys.checks() {
        meta::set(pen.transaction, &name, &check).await?;
    }
    meta::set(pen.transaction, "prefix", &first.prefix).await?;
    let (keys, at) = (pen.keys, pen.now);
    let mint = || keys.mint_id(at, rng);
    let (organization, everyone) = (mint(), mint());
    let now = pen.now.0;
    pen.transaction.execute(ORGANIZATION, values![organization.to_string(), "default", now]).await?;
    pen.transaction.execute(GROUP, values![everyone.to_string(), "everyone", now]).await?;
    role::put_built_in(pen, &[], mint).await?;
    principal::insert_named(pen, first.id, PrincipalKind::User, &first.name).await?;
    principal::set_password(pen, first.id, &first.password).await?;
    // Everyone makes tokens of their own and uses the APIs of the organization; the first user may do everything.
    let bound = [
        (first.id.0, BuiltInRole::Admin, None),
        (everyone, BuiltInRole::TokenCreator, None),
        (everyone, BuiltInRole::ApiUser, Some(organization)),
    ];
    for (subject, role, organization) in bound {
        let organization = organization.map(|id| id.to_string());
        let role = role.name().to_ascii_lowercase();
        let values = values![mint().to_string(), subject.to_string(), role, organization, now];
        pen.transaction.execute(BINDING, values).await?;
    }
    Ok(event(first))
}

fn event(first: &FirstUser) -> Event {
    Event {
        target_kind: "user",
        target: first.id.to_string(),
        place: String::new(),
        detail: "organization default; built-in roles; group everyone".to_owned(),
        personal: first.name.to_string(),
        touched: vec![],
    }
}
