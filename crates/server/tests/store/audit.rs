//! Audit rows and change numbers, read by SQL: there is no door to them yet.

use jeton_token::AuditRecord;

use super::sql::Sql;

/// An audit row as stored.
#[derive(Clone, Debug)]
pub(crate) struct AuditRow {
    columns: Vec<String>,
}

impl AuditRow {
    pub(crate) fn id(&self) -> &str {
        &self.columns[0]
    }

    pub(crate) fn action(&self) -> &str {
        &self.columns[4]
    }

    pub(crate) fn target(&self) -> &str {
        &self.columns[6]
    }

    pub(crate) fn detail(&self) -> &str {
        &self.columns[8]
    }

    /// Whether the stored leaf hash is that of the stored columns.
    pub(crate) fn is_sealed(&self) -> bool {
        let [id, at, actor, credential, action, target_kind, target, place, detail, personal, salt, leaf] =
            self.columns.as_slice()
        else {
            return false;
        };
        let record = AuditRecord {
            id,
            at_ms: at.parse().unwrap(),
            actor,
            credential,
            action,
            target_kind,
            target,
            place,
            detail,
            personal,
            personal_salt: &unhex(salt).try_into().unwrap(),
        };
        unhex(leaf) == record.leaf().0
    }
}

/// All audit rows.
pub(crate) async fn rows(sql: &mut Sql) -> Vec<AuditRow> {
    let (salt, leaf) = (sql.hex("personal_salt"), sql.hex("leaf"));
    let text = format!(
        "SELECT id, CAST(at AS TEXT), actor, credential, action, target_kind, target, place, detail, personal,
            {salt}, {leaf} FROM audit ORDER BY at, id"
    );
    sql.rows(&text).await.into_iter().map(|columns| AuditRow { columns }).collect()
}

/// The subjects of all changes in the order of their numbers, which must be 1, 2, 3 and so on.
pub(crate) async fn changes(sql: &mut Sql) -> Vec<String> {
    let rows = sql.rows("SELECT CAST(number AS TEXT), subject FROM change ORDER BY change.number").await;
    for (expected, row) in (1_i64..).zip(&rows) {
        assert_eq!(row[0], expected.to_string(), "change numbers have no gap");
    }
    let counter = sql.number("SELECT CAST(value AS TEXT) FROM counter WHERE name = 'change'").await;
    assert_eq!(usize::try_from(counter), Ok(rows.len()), "the counter is the last number");
    rows.into_iter().map(|row| row[1].clone()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}
