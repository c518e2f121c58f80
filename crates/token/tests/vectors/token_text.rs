//! `token-text.json`: token texts, their ids, digests and secrets.

use jeton_token::{
    Id, IdKey, Pepper, PepperVersion, Prefix, TokenId, TokenKind, TokenSecret, TokenText, TokenTextError,
};
use serde::Deserialize;

use super::{Differences, hex, read, unhex};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id_key: String,
    pepper: String,
    valid: Vec<Valid>,
    invalid: Vec<Invalid>,
    secrets: Vec<Secret>,
    ids: Vec<MintedId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    text: String,
    prefix: String,
    kind: String,
    id: String,
    uuid: String,
    unix_ms: u64,
    genuine: bool,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    text: String,
    error: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    bytes: String,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintedId {
    unix_ms: u64,
    random: u64,
    id: String,
}

impl File {
    fn read() -> Self {
        read("token-text.json")
    }

    fn id_key(&self) -> IdKey {
        IdKey::new(&unhex(&self.id_key))
    }

    fn pepper(&self) -> Pepper {
        Pepper::new(PepperVersion(1), &unhex(&self.pepper))
    }
}

#[test]
fn the_file_has_not_been_emptied() {
    let file = File::read();
    assert!(file.valid.len() >= 40, "{} valid texts", file.valid.len());
    assert!(file.invalid.len() >= 100, "{} invalid texts", file.invalid.len());
    assert!(file.secrets.len() >= 15, "{} secrets", file.secrets.len());
    assert!(file.ids.len() >= 30, "{} ids", file.ids.len());
}

#[test]
fn every_valid_text_parses_into_its_parts() {
    let file = File::read();
    let mut differences = Differences::default();
    for case in &file.valid {
        let found = case.text.parse::<TokenText>().map(|text| parts(&text, &file)).map_err(word);
        let expected = [&case.prefix, &case.kind, &case.id, &case.uuid, &case.digest].map(Clone::clone);
        differences.compare(&case.text, &Ok((expected, case.unix_ms, case.genuine)), &found);
    }
    differences.assert_none();
}

fn parts(text: &TokenText, file: &File) -> ([String; 5], u64, bool) {
    let id = text.id().0;
    let digest = file.pepper().digest(text);
    let texts = [
        text.prefix().to_string(),
        text.kind().tag().to_owned(),
        id.to_string(),
        format!("{:032x}", id.bits()),
        hex(digest.as_bytes()),
    ];
    (texts, id.unix_ms(), file.id_key().is_genuine(id))
}

#[test]
fn every_invalid_text_breaks_the_named_rule_first() {
    let mut differences = Differences::default();
    for Invalid { text, error, why } in File::read().invalid {
        let found = text.parse::<TokenText>().map(|_| ()).map_err(word);
        differences.compare((why, text), &Err(error.as_str()), &found);
    }
    differences.assert_none();
}

fn word(error: TokenTextError) -> &'static str {
    match error {
        TokenTextError::Length => "length",
        TokenTextError::Charset(_) => "charset",
        TokenTextError::Shape => "shape",
        TokenTextError::Prefix => "prefix",
        TokenTextError::Kind => "kind",
        TokenTextError::Id(_) => "id",
        TokenTextError::Secret => "secret",
        TokenTextError::Checksum => "checksum",
    }
}

#[test]
fn every_secret_is_made_of_its_bytes() {
    let file = File::read();
    let id = TokenId(file.id_key().mint(0, 0));
    let mut differences = Differences::default();
    for Secret { bytes, secret } in &file.secrets {
        let made = TokenSecret::from_uniform(&unhex(bytes));
        let text = TokenText::new(Prefix::default(), TokenKind::Personal, id, &made);
        let last = text.expose().rsplit('_').next().unwrap();
        differences.compare(bytes, &Some(secret.as_str()), &last.get(..TokenSecret::LEN));
    }
    differences.assert_none();
}

#[test]
fn every_id_is_minted_of_its_time_and_random_bits() {
    let file = File::read();
    let mut differences = Differences::default();
    for MintedId { unix_ms, random, id } in &file.ids {
        let minted = file.id_key().mint(*unix_ms, *random);
        differences.compare((unix_ms, random), id, &minted.to_string());
        differences.compare(id, &Ok(minted), &id.parse::<Id>());
        differences.compare(id, &true, &file.id_key().is_genuine(minted));
    }
    differences.assert_none();
}
