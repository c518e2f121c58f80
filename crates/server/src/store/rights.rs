//! What principals may do now, and where: bindings of their own, of their groups and of everyone.
//!
//! With the policies of places these are the *grounds* of a verdict: all that it is made from besides the tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_token::{
    GroupId, OrganizationId, Place, PlacedPolicy, PrincipalId, ProjectId, Rights, ScopePattern, TokenId,
};

use super::database::{Row, Transaction, statements, values};
use super::{Store, StoreError, policy};

/// The mark of a role that grants every API of a place. No action asks for it and no catalogue declares it.
pub(crate) const EVERY_API: &str = "Jeton.Every.Api";

/// What a verdict rests on besides the tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grounds {
    pub(crate) rights: RightsByOwner,
    /// The groups of each owner, when some policy asks for them.
    pub(crate) groups: BTreeMap<PrincipalId, Vec<GroupId>>,
    pub(crate) policies: Arc<Vec<PlacedPolicy>>,
}

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
/// of its organization; bound everywhere, it grants those of each API at that API's organization. It also leaves the
/// mark [`EVERY_API`], because APIs to come are among what it grants: who holds those of today does not hold it.
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
            FROM bound JOIN role ON role.id = bound.role_id AND role.live_name IS NOT NULL
                JOIN role_pattern ON role_pattern.role_id = role.id
            UNION ALL
            SELECT bound.owner_id, api.organization_id, bound.project_id, api.namespace || '.*'
            FROM bound JOIN role ON role.id = bound.role_id AND role.live_name IS NOT NULL AND role.grants = 'apis'
                JOIN api ON api.removed_at IS NULL AND api.organization_id IS NOT NULL
                    AND (bound.organization_id IS NULL OR api.organization_id = bound.organization_id)
            UNION ALL
            SELECT bound.owner_id, bound.organization_id, bound.project_id, 'Jeton.Every.Api'
            FROM bound JOIN role ON role.id = bound.role_id AND role.live_name IS NOT NULL AND role.grants = 'apis'"
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
    // The groups of the same owners, `everyone` among them for users.
    GROUPS_OF_CHAIN = "WITH RECURSIVE chain (depth, id) AS (
            SELECT CAST(0 AS BIGINT), id FROM token WHERE id = $1
            UNION ALL
            SELECT chain.depth + 1, token.parent_id FROM chain JOIN token ON token.id = chain.id
            WHERE token.parent_id IS NOT NULL AND chain.depth < 8),
        owner (id, kind) AS (
            SELECT DISTINCT principal.id, principal.kind
            FROM chain JOIN token ON token.id = chain.id JOIN principal ON principal.id = token.owner_id)
        SELECT owner.id AS owner_id, m.group_id AS group_id
        FROM owner JOIN group_member m ON m.principal_id = owner.id
        UNION ALL
        SELECT owner.id, g.id FROM owner JOIN user_group g ON g.live_name = 'everyone' AND owner.kind = 'user'";
    GROUPS_OF_PRINCIPAL = "SELECT group_id FROM group_member WHERE principal_id = $1
        UNION ALL
        SELECT g.id FROM user_group g JOIN principal ON principal.id = $1 AND principal.kind = 'user'
        WHERE g.live_name = 'everyone'";
    // A group as if it were a principal: what it gives to whoever comes in.
    OF_GROUP = rights_of!("WITH owner (id, kind) AS (SELECT id, 'group' FROM user_group WHERE id = $1)");
    EPOCH = "SELECT value FROM counter WHERE name = 'rights'";
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

/// What a verdict on this token rests on.
pub(super) async fn of_chain(transaction: &mut Transaction, token: TokenId) -> Result<Grounds, StoreError> {
    let rights = collect(&transaction.fetch(OF_CHAIN, values![token.to_string()]).await?)?;
    let policies = policy::load(transaction).await?.into();
    let mut grounds = Grounds { rights, policies, groups: BTreeMap::new() };
    if grounds.policies.iter().any(|placed| placed.policy.creators.is_some()) {
        for row in transaction.fetch(GROUPS_OF_CHAIN, values![token.to_string()]).await? {
            grounds.groups.entry(row.parse("owner_id")?).or_default().push(row.parse("group_id")?);
        }
    }
    Ok(grounds)
}

/// The number that every change of rights advances.
pub(super) async fn epoch(transaction: &mut Transaction) -> Result<i64, StoreError> {
    let row = transaction.first(EPOCH, values![]).await?;
    row.ok_or_else(|| StoreError::unreadable("counter"))?.int("value")
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

    /// The groups of one principal, `everyone` among them for users.
    pub(crate) async fn groups_of(&self, principal: PrincipalId) -> Result<Vec<GroupId>, StoreError> {
        let rows = self.read().await?.fetch(GROUPS_OF_PRINCIPAL, values![principal.to_string()]).await?;
        rows.iter().map(|row| row.parse("group_id")).collect()
    }

    /// The rights that a group gives to whoever is in it.
    pub(crate) async fn rights_of_group(&self, group: GroupId) -> Result<Vec<(Place, Rights)>, StoreError> {
        let rows = self.read().await?.fetch(OF_GROUP, values![group.to_string()]).await?;
        Ok(collect(&rows)?.0.into_values().flatten().collect())
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

/// The place that two columns name.
pub(super) fn place(row: &Row) -> Result<Place, StoreError> {
    let organization: Option<OrganizationId> = row.parse_or_null("organization_id")?;
    let project: Option<ProjectId> = row.parse_or_null("project_id")?;
    match (organization, project) {
        (None, None) => Ok(Place::Global),
        (Some(organization), None) => Ok(Place::Organization(organization)),
        (Some(organization), Some(project)) => Ok(Place::Project(organization, project)),
        (None, Some(_)) => Err(StoreError::unreadable("project_id")),
    }
}

/// The two columns that name a place.
pub(super) fn place_columns(place: Place) -> (Option<String>, Option<String>) {
    match place {
        Place::Global => (None, None),
        Place::Organization(organization) => (Some(organization.to_string()), None),
        Place::Project(organization, project) => (Some(organization.to_string()), Some(project.to_string())),
    }
}
