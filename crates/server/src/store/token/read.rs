//! Reading tokens: one statement brings a token, its items, its secrets and its ancestors.

use std::collections::BTreeMap;

use jeton_token::{
    Network, NetworkLimit, OwnerState, PepperVersion, PlaceLimit, PrincipalKind, ScopePattern, ScopeSet,
    Timestamp, TokenDigest, TokenId, TokenKind,
};

use super::super::database::{Row, Transaction, statements, values};
use super::super::rights::{self, RightsByOwner};
use super::super::seal::{self, Seal};
use super::super::{Store, StoreError};
use super::{Chain, ListFilter, SecretRecord, TokenRecord, place_from};
use crate::keys::Keys;

/// From the tokens that `page` selects to all rows about them and their ancestors.
macro_rules! chains_of {
    ($page:literal) => {
        concat!(
            "WITH RECURSIVE page AS (", $page, "),
            chain (root, depth, id) AS (
                SELECT page.id, CAST(0 AS BIGINT), page.id FROM page
                UNION ALL
                SELECT chain.root, chain.depth + 1, token.parent_id
                FROM chain JOIN token ON token.id = chain.id
                WHERE token.parent_id IS NOT NULL AND chain.depth < 8)
            SELECT 'token' AS part, chain.root AS root, chain.depth AS depth,
                token.id AS id, token.kind AS kind, token.name AS name, token.number AS number,
                token.description AS description, token.owner_id AS owner_id,
                principal.kind AS owner_kind, principal.name AS owner_name,
                principal.disabled_at AS disabled_at, principal.removed_at AS removed_at,
                token.parent_id AS parent_id, token.created_by AS created_by,
                token.created_at AS created_at, token.secret_issued_at AS secret_issued_at,
                token.expires_at AS expires_at, token.revoked_at AS revoked_at,
                token.revoked_by AS revoked_by, token.hint AS hint,
                token_use.last_used_at AS last_used_at, token_use.last_used_from AS last_used_from,
                CAST(NULL AS BYTEA) AS digest, token.mac_version AS mac_version, token.mac AS mac
            FROM chain JOIN token ON token.id = chain.id
                JOIN principal ON principal.id = token.owner_id
                LEFT JOIN token_use ON token_use.token_id = token.id
            UNION ALL
            SELECT 'item', chain.root, chain.depth, chain.id, token_item.kind, token_item.value, token_item.position,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                NULL, NULL, NULL
            FROM chain JOIN token_item ON token_item.token_id = chain.id
            UNION ALL
            SELECT 'secret', chain.root, chain.depth, secret.id, NULL, NULL, secret.pepper_version,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, secret.issued_at, NULL, secret.retired_at,
                NULL, NULL, NULL, NULL, NULL, secret.digest, secret.mac_version, secret.mac
            FROM chain JOIN secret ON secret.token_id = chain.id
            WHERE chain.depth = 0"
        )
    };
}

statements! {
    CHAIN = chains_of!("SELECT id FROM token WHERE id = $1");
    LIST = chains_of!(
        "SELECT id FROM token
         WHERE (CAST($1 AS TEXT) IS NULL OR owner_id = $1)
           AND (CAST($2 AS TEXT) IS NULL OR kind = $2)
           AND (CAST($3 AS TEXT) IS NULL OR name = $3)
           AND (CAST($4 AS BIGINT) IS NULL OR number < $4)
         ORDER BY number DESC LIMIT $5"
    );
}

impl Store {
    /// The token of this id, with all that a verdict needs except its owners' rights.
    pub(crate) async fn token(&self, id: TokenId) -> Result<Option<Chain>, StoreError> {
        load(&mut self.read().await?, &self.keys, id).await
    }

    /// The token, and, when `of_interest` says so, its owners' rights: two statements that see one state.
    pub(crate) async fn token_with_rights(
        &self,
        id: TokenId,
        of_interest: impl FnOnce(&Chain) -> bool,
    ) -> Result<Option<(Chain, Option<RightsByOwner>)>, StoreError> {
        let mut transaction = self.read().await?;
        let Some(chain) = load(&mut transaction, &self.keys, id).await? else {
            return Ok(None);
        };
        let rights =
            if of_interest(&chain) { Some(rights::of_chain(&mut transaction, id).await?) } else { None };
        Ok(Some((chain, rights)))
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
        let rows = self.read().await?.fetch(LIST, values).await?;
        let mut chains = collect(&self.keys, &rows)?;
        chains.sort_by_key(|chain| std::cmp::Reverse(chain.token.number));
        Ok(chains)
    }
}

pub(super) async fn load(
    transaction: &mut Transaction,
    keys: &Keys,
    id: TokenId,
) -> Result<Option<Chain>, StoreError> {
    let rows = transaction.fetch(CHAIN, values![id.to_string()]).await?;
    Ok(collect(keys, &rows)?.pop())
}

/// The rows about one token of one chain, before they are put together.
#[derive(Default)]
struct Parts<'a> {
    token: Option<&'a Row>,
    items: Vec<&'a Row>,
    secrets: Vec<&'a Row>,
}

fn collect(keys: &Keys, rows: &[Row]) -> Result<Vec<Chain>, StoreError> {
    let mut parts: BTreeMap<(String, i64), Parts<'_>> = BTreeMap::new();
    for row in rows {
        let of_token = parts.entry((row.text("root")?, row.int("depth")?)).or_default();
        match row.text("part")?.as_str() {
            "token" => of_token.token = Some(row),
            "item" => of_token.items.push(row),
            _ => of_token.secrets.push(row),
        }
    }
    let mut chains: Vec<Chain> = Vec::new();
    // The map is sorted by root and then by depth, so a token comes before its ancestors.
    for ((_, depth), of_token) in parts {
        let Some(row) = of_token.token else { continue };
        let token = record(keys, row, &of_token.items)?;
        match chains.last_mut() {
            Some(chain) if depth > 0 => chain.ancestors.push(token),
            _ => chains.push(Chain {
                secrets: secrets(keys, token.id, &of_token.secrets)?,
                token,
                ancestors: vec![],
            }),
        }
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
        owner_state: owner_state(row)?,
        parent: row.parse_or_null("parent_id")?,
        created_by: row.parse_or_null("created_by")?,
        patterns: patterns(&sorted)?,
        places: PlaceLimit::from_places(values_of(&sorted, "place", place_from)?),
        networks: NetworkLimit::from_networks(values_of(&sorted, "network", |text| {
            text.parse::<Network>().ok()
        })?),
        created_at: Timestamp(row.int("created_at")?),
        secret_issued_at: Timestamp(row.int("secret_issued_at")?),
        expiry: moment("expires_at")?.into(),
        revoked_at: moment("revoked_at")?,
        revoked_by: row.parse_or_null("revoked_by")?,
        hint: row.text("hint")?,
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
    let nothing = || "Jeton.None".parse::<ScopePattern>().map_err(|_| StoreError::unreadable("value"));
    let found = values_of(items, "scope", |text| text.parse::<ScopePattern>().ok())?;
    match ScopeSet::new(found) {
        Ok(set) => Ok(set),
        Err(_) => ScopeSet::new([nothing()?]).map_err(|_| StoreError::unreadable("value")),
    }
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

fn secrets(keys: &Keys, token: TokenId, rows: &[&Row]) -> Result<Vec<SecretRecord>, StoreError> {
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

fn kind_of(tag: &str) -> Result<TokenKind, StoreError> {
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
