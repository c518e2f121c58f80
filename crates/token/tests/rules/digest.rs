//! Digests of tokens and seals of rows.

use jeton_token::{
    Mac, Pepper, PepperVersion, Prefix, TokenDigest, TokenId, TokenKind, TokenSecret, TokenText,
};

use crate::sample::{hex, id};

/// The pepper of `docs/vectors/token-text.json`.
const PEPPER: [u8; 32] = [
    0xe5, 0x0d, 0xa7, 0xf1, 0xac, 0x22, 0x82, 0x12, 0xc1, 0x44, 0xe6, 0xf8, 0x91, 0x3a, 0xb1, 0x9f, 0xcb,
    0x01, 0x1d, 0x09, 0x46, 0xa9, 0x13, 0xc2, 0x68, 0xf2, 0x6e, 0x1f, 0x96, 0xd3, 0x65, 0xf6,
];

fn pepper(version: u32) -> Pepper {
    Pepper::new(PepperVersion(version), &PEPPER)
}

fn text(seed: u8) -> TokenText {
    let secret = TokenSecret::from_uniform(&[seed; 64]);
    TokenText::new(Prefix::default(), TokenKind::Personal, TokenId(id(1)), &secret)
}

fn seal(table: &str, fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| field.as_bytes()).collect();
    hex(pepper(7).row_key().seal(table, &fields).as_bytes())
}

/// Stored seals must go on holding, so these bytes never change. Computed by HKDF and HMAC in Python.
#[test]
fn a_seal_has_always_these_bytes() {
    let sealed = seal("token/v1", &["0322SbK0OGq5g2jkoFDl1U", "pat", "", "scope Taskurai.*"]);
    assert_eq!(sealed, "899f9f28bef6fa38551acad29d922bec70853b6a5da022e5b5384f49082dba0e");
}

/// The stored check of the pepper, likewise.
#[test]
fn the_check_of_a_pepper_has_always_these_bytes() {
    let check = hex(pepper(7).check().as_bytes());
    assert_eq!(check, "63b30a7cae13cc223f71fbc8c1bbd14f827b1ec1aa0bfc25298c039ae64da174");
    assert_eq!(check, hex(pepper(8).check().as_bytes()), "the version is not in it");
    assert!(!Pepper::new(PepperVersion(7), &[1; 32]).check().matches(pepper(7).check().as_bytes()));
}

/// A repeated call gets the secret of the first one, also from a later version of this program.
#[test]
fn a_derived_secret_has_always_these_bytes() {
    let derived = |salt: [u8; 32], fields: &[&[u8]]| {
        let secret = pepper(7).replay_key().secret(&salt, fields);
        let text = TokenText::new(Prefix::default(), TokenKind::Personal, TokenId(id(1)), &secret);
        text.expose().get(31..63).unwrap().to_owned()
    };
    let fields: [&[u8]; 2] = [b"0123456789abcdefghijkl", b"caller"];
    assert_eq!(derived([7; 32], &fields), "Gb0TP7cDFziAAZ5GT7AE9Q69vuiMATgO");
    assert_ne!(derived([8; 32], &fields), derived([7; 32], &fields));
    let shifted: [&[u8]; 2] = [b"0123456789abcdefghijklc", b"aller"];
    assert_ne!(derived([7; 32], &shifted), derived([7; 32], &fields));
}

#[test]
fn a_seal_depends_on_the_table_on_each_field_and_on_where_it_ends() {
    let seals = [
        seal("token/v1", &["ab", "c"]),
        seal("token/v2", &["ab", "c"]),
        seal("secret/v1", &["ab", "c"]),
        seal("token/v1", &["a", "bc"]),
        seal("token/v1", &["c", "ab"]),
        seal("token/v1", &["abc"]),
        seal("token/v1", &["ab", "c", ""]),
        seal("token/v1", &["", "ab", "c"]),
        seal("token/v1ab", &["c"]),
        seal("token/v1", &[]),
    ];
    for (at, one) in seals.iter().enumerate() {
        assert!(!seals[at + 1..].contains(one), "{at}");
    }
}

#[test]
fn a_seal_depends_on_pepper_and_version() {
    let of = |pepper: &Pepper| hex(pepper.row_key().seal("token/v1", &[b"a"]).as_bytes());
    assert_ne!(of(&pepper(1)), of(&pepper(2)));
    assert_ne!(of(&pepper(1)), of(&Pepper::new(PepperVersion(1), &[1; 32])));
    assert_eq!(pepper(3).row_key().version(), PepperVersion(3));
}

#[test]
fn a_digest_matches_its_own_text_and_pepper_alone() {
    let (ours, other) = (pepper(1), Pepper::new(PepperVersion(1), &[1; 32]));
    let stored = TokenDigest::from_bytes(*ours.digest(&text(1)).as_bytes());
    assert!(ours.digest(&text(1)).matches(&stored));
    assert!(!ours.digest(&text(2)).matches(&stored));
    assert!(!other.digest(&text(1)).matches(&stored));
    assert!(
        pepper(2).digest(&text(1)).matches(&stored),
        "the version names the pepper and is not in the digest"
    );
}

#[test]
fn a_code_of_another_length_never_matches() {
    let mac = Mac::from_bytes([5; 32]);
    assert!(mac.matches(&[5; 32]));
    for stored in [&[][..], &[5; 31], &[5; 33], &[5; 64], &[6; 32]] {
        assert!(!mac.matches(stored), "{stored:?}");
    }
}

#[test]
fn no_key_digest_or_code_is_printed() {
    let pepper = pepper(7);
    let shown =
        format!("{pepper:?} {:?} {:?} {:?}", pepper.row_key(), pepper.check(), pepper.digest(&text(1)));
    assert_eq!(shown, "Pepper(version 7) RowKey(version 7) Mac TokenDigest");
}
