//! Audit records: bytes that never change.

use jeton_token::{AuditRecord, Leaf};

use crate::sample::hex;

const SALT: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn record() -> AuditRecord<'static> {
    AuditRecord {
        id: "0322SbK0OGq5g2jkoFDl1U",
        at_ms: 1_767_225_600_000,
        actor: "0322SbK0NyJYeeY5hErjjj",
        credential: "0322SbK0NwqT7hI30XzjzO",
        action: "token.create",
        target_kind: "token",
        target: "0322SbK0O2tAV5h0xE363q",
        place: "",
        detail: "scopes=1",
        personal: "alice",
        personal_salt: &SALT,
    }
}

fn empty() -> AuditRecord<'static> {
    AuditRecord {
        id: "",
        at_ms: -1,
        actor: "",
        credential: "",
        action: "",
        target_kind: "",
        target: "",
        place: "",
        detail: "",
        personal: "",
        personal_salt: &[0; 16],
    }
}

/// Signed trees are made of these bytes, so they never change. Computed in Python from the rule.
#[test]
fn a_record_has_always_these_bytes() {
    let parts = [
        "01",
        "00000016",
        "3033323253624b304f47713567326a6b6f46446c3155",
        "00000008",
        "0000019b76daa800",
        "00000016",
        "3033323253624b304e794a59656559356845726a6a6a",
        "00000016",
        "3033323253624b304e7771543768493330587a6a7a4f",
        "0000000c",
        "746f6b656e2e637265617465",
        "00000005",
        "746f6b656e",
        "00000016",
        "3033323253624b304f32744156356830784533363371",
        "00000000",
        "00000008",
        "73636f7065733d31",
        "00000020",
        "4bae77313a70b8732fd7144d646a5cf8bf4f41af4b91ea15bcb55f95b42206ba",
    ];
    assert_eq!(hex(&record().canonical()), parts.concat());
    assert_eq!(hex(&record().leaf().0), "44079867dac17fe8e306eebb982b85ede15b3ffe78689ecc7bcf160f6489af0b");
}

#[test]
fn an_empty_record_has_always_these_bytes() {
    let lengths = "00000000".repeat(7);
    let commitment = "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb";
    let expected = format!("010000000000000008ffffffffffffffff{lengths}00000020{commitment}");
    assert_eq!(hex(&empty().canonical()), expected);
    assert_eq!(hex(&empty().leaf().0), "1c41a561b6eadf6ca0830009104da9f660140180e0045796bc657035620f550d");
}

#[test]
fn every_field_changes_the_leaf() {
    let salt = [9; 16];
    let changed = [
        record(),
        AuditRecord { id: "x", ..record() },
        AuditRecord { at_ms: 1, ..record() },
        AuditRecord { actor: "x", ..record() },
        AuditRecord { credential: "x", ..record() },
        AuditRecord { action: "x", ..record() },
        AuditRecord { target_kind: "x", ..record() },
        AuditRecord { target: "x", ..record() },
        AuditRecord { place: "x", ..record() },
        AuditRecord { detail: "x", ..record() },
        AuditRecord { personal: "x", ..record() },
        AuditRecord { personal_salt: &salt, ..record() },
    ];
    let leaves: Vec<Leaf> = changed.iter().map(AuditRecord::leaf).collect();
    for (at, leaf) in leaves.iter().enumerate() {
        assert!(!leaves[at + 1..].contains(leaf), "{at}");
    }
}

#[test]
fn where_a_field_ends_changes_the_leaf() {
    let early = AuditRecord { place: "a", detail: "bc", ..record() };
    let late = AuditRecord { place: "ab", detail: "c", ..record() };
    assert_ne!(early.leaf(), late.leaf());
}

#[test]
fn a_persons_name_is_not_in_the_bytes() {
    let bytes = record().canonical();
    assert!(!bytes.windows(5).any(|window| window == b"alice"));
    let other = AuditRecord { personal: "a-much-longer-name", ..record() };
    assert_eq!(bytes.len(), other.canonical().len());
}
