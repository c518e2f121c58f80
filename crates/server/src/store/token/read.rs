//! Reading tokens: one statement brings a token, its items, its secrets and its ancestors.

use std::collections::BTreeMap;

use jeton_token::{
    Approval, JobOrigin, Network, NetworkLimit, OwnerState, PepperVersion, Place, PlaceLimit, PlacedPattern,
    PrincipalKind, ScopePattern, ScopeSet, Timestamp, TokenDigest, TokenId, TokenKind,
};

use super::super::database::{Row, Transaction, statements, values};
use super::super::principal::organization_id;
use super::super::rights::{self, Grounds};
use super::super::seal::{self, Seal};
use super::super::{Store, StoreError, job};
use super::{Chain, ListFilter, SecretRecord, TokenRecord, place_from};
use crate::keys::Keys;

/// Tokens that are wanted (`page`), and from each the chain of tokens that it was made with.
macro_rules! chain_of {
    ($page:literal) => {
        concat!(
            "WITH RECURSIVE page AS (",
            $page,
            "),
            chain (root, depth, id) AS (
                SELECT page.id, CAST(0 AS BIGINT), page.id FROM page
                UNION ALL
                SELECT chain.root, chain.depth + 1, token.parent_id
                FROM chain CROSS JOIN token WHERE token.id = chain.id
                    AND token.parent_id IS NOT NULL AND chain.depth < 8) "
        )
    };
}

/// The rows of the chain's tokens. `CROSS JOIN` keeps SQLite from beginning with the larger table.
macro_rules! token_rows {
    () => {
        concat!(
            "SELECT 'token' AS part, chain.root AS root, chain.depth AS depth,
                token.id AS id, token.kind AS kind, token.name AS name, token.number AS number,
                token.description AS description, token.owner_id AS owner_id,
                principal.kind AS owner_kind, principal.name AS owner_name, principal.number AS owner_number,
                principal.disabled_at AS disabled_at, principal.removed_at AS removed_at,
                COALESCE(principal.last_sign_in_at, principal.created_at) AS owner_seen_at, ",
            organization_id!(),
            " AS owner_organization_id,
                token.parent_id AS parent_id, token.created_by AS created_by,
                token.created_at AS created_at, token.secret_issued_at AS secret_issued_at,
                token.expires_at AS expires_at, token.revoked_at AS revoked_at,
                token.revoked_by AS revoked_by, token.hint AS hint,
                token_use.last_used_at AS last_used_at, token_use.last_used_from AS last_used_from,
                CAST(NULL AS BYTEA) AS digest, token.mac_version AS mac_version, token.mac AS mac
            FROM chain CROSS JOIN token CROSS JOIN principal
                LEFT JOIN token_use ON token_use.token_id = token.id
            WHERE token.id = chain.id AND principal.id = token.owner_id"
        )
    };
}

macro_rules! chain_of_list {
    () => {
        chain_of!(
            "SELECT id FROM token
             WHERE (CAST($1 AS TEXT) IS NULL OR owner_id = $1)
               AND (CAST($2 AS TEXT) IS NULL OR kind = $2)
               AND (CAST($3 AS TEXT) IS NULL OR name = $3)
               AND (CAST($4 AS BIGINT) IS NULL OR number < $4)
             ORDER BY number DESC LIMIT $5"
        )
    };
}

statements! {
    // One statement for a verdict: the token and its ancestors, their items, and the secrets that are in force.
    CHAIN = concat!(
        chain_of!("SELECT id FROM token WHERE id = $1"),
        token_rows!(),
        " UNION ALL
        SELECT 'item', chain.root, chain.depth, chain.id, token_item.kind, token_item.value, token_item.position,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL, NULL, NULL, NULL
        FROM chain CROSS JOIN token_item WHERE token_item.token_id = chain.id
        UNION ALL
        SELECT 'secret', chain.root, chain.depth, secret.id, NULL, NULL, secret.pepper_version,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, secret.issued_at, NULL,
            secret.retired_at, NULL, NULL, NULL, NULL, NULL, secret.digest, secret.mac_version, secret.mac
        FROM chain CROSS JOIN secret WHERE secret.token_id = chain.id AND chain.depth = 0
            AND (secret.retired_at IS NULL OR secret.retired_at > $2)"
    );
    // A list is read in two, so that a token with many items does not carry them in rows made for tokens.
    LIST = concat!(chain_of_list!(), token_rows!());
    OF_NUMBER = "SELECT id, kind FROM token WHERE number = $1";
    LIST_ITEMS = concat!(
        chain_of_list!(),
        "SELECT 'item' AS part, one.id AS id, token_item.kind AS kind, token_item.value AS name,
            token_item.position AS number
        FROM (SELECT DISTINCT id FROM chain) one CROSS JOIN token_item WHERE token_item.token_id = one.id"
    );
}

impl Store {
    /// The token of this id, with all that a verdict needs except its owners' rights.
    pub(crate) async fn token(&self, id: TokenId) -> Result<Option<Chain>, StoreError> {
        load(&mut self.read_for_decision().await?, &self.keys, self.clock.now(), id).await
    }

    /// The token, and, when `of_interest` says so, all else that a verdict rests on; all of one state.
    pub(crate) async fn token_with_rights(
        &self,
        id: TokenId,
        of_interest: impl FnOnce(&Chain) -> bool,
    ) -> Result<Option<(Chain, Option<Grounds>)>, StoreError> {
        let mut transaction = self.read_for_decision().await?;
        let Some(chain) = load(&mut transaction, &self.keys, self.clock.now(), id).await? else {
            return Ok(None);
        };
        let rights =
            if of_interest(&chain) { Some(rights::of_chain(&mut transaction, id).await?) } else { None };
        Ok(Some((chain, rights)))
    }

    /// Id and kind of the token with this number.
    pub(crate) async fn token_of_number(
        &self,
        number: i64,
    ) -> Result<Option<(TokenId, TokenKind)>, StoreError> {
        let row = self.read().await?.first(OF_NUMBER, values![number]).await?;
        row.map(|row| Ok((row.parse("id")?, kind_of(&row.text("kind")?)?))).transpose()
    }

    /// Tokens, newest first.
    pub(crate) async fn tokens(&self, filter: &ListFilter) -> Result<Vec<Chain>, StoreError> {
        let values = values![
            filter.owner.map(|id| id.to_string()),
            filter.kind.map(|kind| kind.tag().to_owned()),
            filter.name.clone(),
            filter.below,
            filter.limit,
        ];
        let mut transaction = self.read().await?;
        let mut rows = transaction.fetch(LIST, values.clone()).await?;
        rows.extend(transaction.fetch(LIST_ITEMS, values).await?);
        let mut chains = collect(&self.keys, &rows)?;
        chains.sort_by_key(|chain| std::cmp::Reverse(chain.token.number));
        add_jobs(&mut transaction, &mut chains).await?;
        Ok(chains)
    }
}

pub(in crate::store) async fn load(
    transaction: &mut Transaction,
    keys: &Keys,
    now: Timestamp,
    id: TokenId,
) -> Result<Option<Chain>, StoreError> {
    let rows = transaction.fetch(CHAIN, values![id.to_string(), now.0]).await?;
    let mut chains = collect(keys, &rows)?;
    add_jobs(transaction, &mut chains).await?;
    Ok(chains.pop())
}

/// What holds for the jobs behind tokens now. A token of a job that is not there is not as it was made.
async fn add_jobs(transaction: &mut Transaction, chains: &mut [Chain]) -> Result<(), StoreError> {
    for chain in chains {
        add_job(transaction, &mut chain.token).await?;
        for ancestor in &mut chain.ancestors {
            add_job(transaction, ancestor).await?;
        }
    }
    Ok(())
}

async fn add_job(transaction: &mut Transaction, token: &mut TokenRecord) -> Result<(), StoreError> {
    if token.kind == TokenKind::Job {
        token.job_now = job::now_of(transaction, token.id).await?;
        token.intact &= token.job.is_some() && token.job_now.is_some();
    }
    Ok(())
}

/// Puts rows together: tokens by root and depth, items by token, secrets for the roots.
fn collect(keys: &Keys, rows: &[Row]) -> Result<Vec<Chain>, StoreError> {
    let mut tokens: BTreeMap<(String, i64), &Row> = BTreeMap::new();
    let mut items: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    let mut secret_rows: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        match row.text("part")?.as_str() {
            "token" => drop(tokens.insert((row.text("root")?, row.int("depth")?), row)),
            "item" => items.entry(row.text("id")?).or_default().push(row),
            _ => secret_rows.entry(row.text("root")?).or_default().push(row),
        }
    }
    let mut chains: Vec<Chain> = Vec::new();
    // The map is sorted by root and then by depth, so a token comes before its ancestors.
    for ((root, depth), row) in tokens {
        let token = record(keys, row, items.get(&row.text("id")?).map_or(&[], Vec::as_slice))?;
        match chains.last_mut() {
            Some(chain) if depth > 0 => chain.ancestors.push(token),
            _ => {
                let found = secret_rows.get(&root).map_or(&[][..], Vec::as_slice);
                let secrets = secrets(keys, token.id, found)?;
                let secrets_intact = secrets.len() == found.len();
                chains.push(Chain { token, ancestors: vec![], secrets, secrets_intact });
            }
        }
    }
    for chain in &mut chains {
        // A parent that is not there, or too many of them: somebody else changed the rows, and what is missing could
        // have narrowed the token.
        let last = chain.ancestors.last().unwrap_or(&chain.token);
        chain.token.intact &= last.parent.is_none();
    }
    Ok(chains)
}

fn record(keys: &Keys, row: &Row, items: &[&Row]) -> Result<TokenRecord, StoreError> {
    let mut sorted = items.to_vec();
    sorted.sort_by_key(|item| item.int("number").unwrap_or_default());
    let moment = |column| Ok::<_, StoreError>(row.int_or_null(column)?.map(Timestamp));
    let mut token = TokenRecord {
        number: row.int("number")?,
        id: row.parse("id")?,
        kind: kind_of(&row.text("kind")?)?,
        name: row.text("name")?,
        description: row.text_or_null("description")?,
        owner: row.parse("owner_id")?,
        owner_kind: PrincipalKind::from_word(&row.text("owner_kind")?)
            .ok_or_else(|| StoreError::unreadable("kind"))?,
        owner_name: row.text("owner_name")?,
        owner_number: row.int("owner_number")?,
        owner_state: owner_state(row)?,
        owner_seen_at: Timestamp(row.int("owner_seen_at")?),
        owner_home: row.parse_or_null("owner_organization_id")?.map_or(Place::Global, Place::Organization),
        parent: row.parse_or_null("parent_id")?,
        created_by: row.parse_or_null("created_by")?,
        patterns: patterns(&sorted)?,
        places: PlaceLimit::from_places(values_of(&sorted, "place", place_from)?),
        networks: NetworkLimit::from_networks(values_of(&sorted, "network", |text| {
            text.parse::<Network>().ok()
        })?),
        created_at: Timestamp(row.int("created_at")?),
        secret_issued_at: Timestamp(row.int("secret_issued_at")?),
        approval: approval(&sorted)?,
        job: values_of(&sorted, "job", origin)?.first().copied(),
        job_now: None,
        holders: values_of(&sorted, "holder", |text| text.parse().ok())?,
        expiry: moment("expires_at")?.into(),
        revoked_at: moment("revoked_at")?,
        revoked_by: row.parse_or_null("revoked_by")?,
        hint: row.text("hint")?,
        renewed: renewed(&sorted)?,
        last_used_at: moment("last_used_at")?,
        last_used_from: row.text_or_null("last_used_from")?,
        intact: false,
        seal: seal_of(row)?,
    };
    token.intact = seal::token_holds(keys, &token, &token.seal);
    Ok(token)
}

/// A token whose items were deleted by hand has no pattern left. It is not intact then; no pattern becomes one
/// that covers nothing, so that the record can still be shown and revoked.
fn patterns(items: &[&Row]) -> Result<ScopeSet, StoreError> {
    let found = values_of(items, "scope", |text| text.parse::<ScopePattern>().ok())?;
    Ok(ScopeSet::new(found).unwrap_or_else(|_| ScopeSet::nothing()))
}

/// How far an approval is; nobody asked for one where no item says so.
fn approval(items: &[&Row]) -> Result<Approval, StoreError> {
    let word = values_of(items, "approval", |text| Some(text.to_owned()))?;
    Ok(match word.first().map(String::as_str) {
        Some("approved") => Approval::Given(values_of(items, "approved", placed_pattern)?),
        // What says something else was written by hand, so the seal breaks.
        Some(_) => Approval::Pending,
        None => Approval::None,
    })
}

fn placed_pattern(text: &str) -> Option<PlacedPattern> {
    let (place, pattern) = text.split_once(' ')?;
    let place = if place.is_empty() { Some(Place::Global) } else { place_from(place) };
    Some(PlacedPattern { place: place?, pattern: pattern.parse().ok()? })
}

fn origin(text: &str) -> Option<JobOrigin> {
    let (job, place) = text.split_once(' ')?;
    match place_from(place)? {
        Place::Project(organization, project) => {
            Some(JobOrigin { job: job.parse().ok()?, organization, project })
        }
        Place::Global | Place::Organization(_) => None,
    }
}

/// When a person rotated it last.
fn renewed(items: &[&Row]) -> Result<Option<Timestamp>, StoreError> {
    Ok(values_of(items, "renewed", |text| text.parse().ok().map(Timestamp))?.first().copied())
}

/// The items of a kind. One that does not parse was written by hand: it is left out, and the seal breaks.
fn values_of<T>(items: &[&Row], kind: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for item in items {
        if item.text("kind")? == kind {
            found.extend(parse(&item.text("name")?));
        }
    }
    Ok(found)
}

pub(super) fn secrets(keys: &Keys, token: TokenId, rows: &[&Row]) -> Result<Vec<SecretRecord>, StoreError> {
    let mut kept = Vec::new();
    for row in rows {
        let secret = SecretRecord {
            id: row.parse("id")?,
            token,
            pepper: PepperVersion(u32::try_from(row.int("number")?).unwrap_or_default()),
            digest: TokenDigest::from_bytes(row.bytes("digest")?.try_into().unwrap_or([0; 32])),
            issued_at: Timestamp(row.int("created_at")?),
            retired_at: row.int_or_null("expires_at")?.map(Timestamp),
        };
        if seal::secret_holds(keys, &secret, &seal_of(row)?) {
            kept.push(secret);
        }
    }
    Ok(kept)
}

fn seal_of(row: &Row) -> Result<Seal, StoreError> {
    let version = PepperVersion(u32::try_from(row.int("mac_version")?).unwrap_or_default());
    Ok(Seal { version, mac: row.bytes("mac")? })
}

pub(in crate::store) fn kind_of(tag: &str) -> Result<TokenKind, StoreError> {
    let found = TokenKind::ALL.into_iter().find(|kind| kind.tag() == tag);
    found.ok_or_else(|| StoreError::unreadable("kind"))
}

fn owner_state(row: &Row) -> Result<OwnerState, StoreError> {
    Ok(match (row.int_or_null("removed_at")?, row.int_or_null("disabled_at")?) {
        (Some(_), _) => OwnerState::Removed,
        (None, Some(_)) => OwnerState::Disabled,
        (None, None) => OwnerState::Enabled,
    })
}
