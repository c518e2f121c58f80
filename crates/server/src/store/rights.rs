//! What principals may do now, and where: bindings of their own, of their groups and of everyone.

use std::collections::BTreeMap;

use jeton_token::{OrganizationId, Place, PrincipalId, ProjectId, Rights, ScopePattern, TokenId};

use super::database::{Row, Transaction, statements, values};
use super::{Store, StoreError};

/// Rights by owner and by the place where they were granted.
#[derive(Clone, Debug, Default)]
pub(crate) struct RightsByOwner(BTreeMap<PrincipalId, Vec<(Place, Rights)>>);

impl RightsByOwner {
    /// The rights of one owner.
    pub(crate) fn of(&self, owner: PrincipalId) -> Vec<(Place, Rights)> {
        self.0.get(&owner).cloned().unwrap_or_default()
    }
}

/// From the principals that `owner` selects to all patterns granted to them.
///
/// Service accounts and jobs are never in the group `everyone`. A binding of `apis` grants the scopes of the APIs
/// of its organization; bound everywhere, it grants those of each API at that API's organization.
macro_rules! rights_of {
    ($owner:literal) => {
        concat!(
            $owner, ",
            bound (owner_id, role_id, organization_id, project_id) AS (
                SELECT owner.id, b.role_id, b.organization_id, b.project_id
                FROM owner JOIN role_binding b ON b.subject_id = owner.id
                UNION ALL
                SELECT owner.id, b.role_id, b.organization_id, b.project_id
                FROM owner JOIN group_member m ON m.principal_id = owner.id
                    JOIN role_binding b ON b.subject_id = m.group_id
                UNION ALL
                SELECT owner.id, b.role_id, b.organization_id, b.project_id
                FROM owner JOIN user_group g ON g.live_name = 'everyone' AND owner.kind = 'user'
                    JOIN role_binding b ON b.subject_id = g.id)
            SELECT bound.owner_id AS owner_id, bound.organization_id AS organization_id,
                bound.project_id AS project_id, role_pattern.pattern AS pattern
            FROM bound JOIN role ON role.id = bound.role_id AND role.live_name IS NOT NULL AND role.grants = 'patterns'
                JOIN role_pattern ON role_pattern.role_id = role.id
            UNION ALL
            SELECT bound.owner_id, api.organization_id, bound.project_id, api.namespace || '.*'
            FROM bound JOIN role ON role.id = bound.role_id AND role.live_name IS NOT NULL AND role.grants = 'apis'
                JOIN api ON api.removed_at IS NULL AND api.organization_id IS NOT NULL
                    AND (bound.organization_id IS NULL OR api.organization_id = bound.organization_id)"
        )
    };
}

statements! {
    OF_CHAIN = rights_of!(
        "WITH RECURSIVE chain (depth, id) AS (
            SELECT CAST(0 AS BIGINT), id FROM token WHERE id = $1
            UNION ALL
            SELECT chain.depth + 1, token.parent_id FROM chain JOIN token ON token.id = chain.id
            WHERE token.parent_id IS NOT NULL AND chain.depth < 8),
        owner (id, kind) AS (
            SELECT DISTINCT principal.id, principal.kind
            FROM chain JOIN token ON token.id = chain.id JOIN principal ON principal.id = token.owner_id)"
    );
    // As if the group were one of the users in it.
    OF_EVERYONE = rights_of!(
        "WITH owner (id, kind) AS (SELECT id, 'user' FROM user_group WHERE live_name = 'everyone')"
    );
    // The users of one page of a list, as `principal::LIST` finds them.
    OF_USERS = rights_of!(
        "WITH owner (id, kind) AS (
            SELECT id, kind FROM principal
            WHERE kind = 'user' AND removed_at IS NULL AND (CAST($1 AS BIGINT) IS NULL OR number < $1)
            ORDER BY number DESC LIMIT $2)"
    );
    OF_PRINCIPAL = rights_of!("WITH owner (id, kind) AS (SELECT id, kind FROM principal WHERE id = $1)");
}

/// The rights of the owners of a token and of its ancestors.
pub(super) async fn of_chain(
    transaction: &mut Transaction,
    token: TokenId,
) -> Result<RightsByOwner, StoreError> {
    collect(&transaction.fetch(OF_CHAIN, values![token.to_string()]).await?)
}

/// The rights of each user on a page of users.
pub(super) async fn of_users(
    transaction: &mut Transaction,
    below: Option<i64>,
    limit: i64,
) -> Result<RightsByOwner, StoreError> {
    collect(&transaction.fetch(OF_USERS, values![below, limit]).await?)
}

impl Store {
    /// The rights of one principal.
    pub(crate) async fn rights_of(&self, principal: PrincipalId) -> Result<Vec<(Place, Rights)>, StoreError> {
        let rows = self.read().await?.fetch(OF_PRINCIPAL, values![principal.to_string()]).await?;
        Ok(collect(&rows)?.of(principal))
    }

    /// The rights that every enabled user has, and so a new one.
    pub(crate) async fn rights_of_everyone(&self) -> Result<Vec<(Place, Rights)>, StoreError> {
        let rows = self.read().await?.fetch(OF_EVERYONE, values![]).await?;
        Ok(collect(&rows)?.0.into_values().flatten().collect())
    }
}

fn collect(rows: &[Row]) -> Result<RightsByOwner, StoreError> {
    let mut patterns: BTreeMap<(PrincipalId, Place), Vec<ScopePattern>> = BTreeMap::new();
    for row in rows {
        let key = (row.parse("owner_id")?, place(row)?);
        patterns.entry(key).or_default().push(row.parse("pattern")?);
    }
    let mut rights = RightsByOwner::default();
    for ((owner, place), patterns) in patterns {
        rights.0.entry(owner).or_default().push((place, patterns.into_iter().collect()));
    }
    Ok(rights)
}

fn place(row: &Row) -> Result<Place, StoreError> {
    let organization: Option<OrganizationId> = row.parse_or_null("organization_id")?;
    let project: Option<ProjectId> = row.parse_or_null("project_id")?;
    match (organization, project) {
        (None, None) => Ok(Place::Global),
        (Some(organization), None) => Ok(Place::Organization(organization)),
        (Some(organization), Some(project)) => Ok(Place::Project(organization, project)),
        (None, Some(_)) => Err(StoreError::unreadable("project_id")),
    }
}
