//! `authorization.json`: the spellings of `Authorization`.

use jeton_token::{CredentialError, presented};
use serde::Deserialize;

use super::{Differences, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    fields: Vec<String>,
    credential: Option<String>,
    error: Option<String>,
    why: String,
}

/// One character is one byte.
fn bytes(field: &str) -> Vec<u8> {
    field.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn word(error: CredentialError) -> &'static str {
    match error {
        CredentialError::Missing => "missing",
        CredentialError::Malformed => "malformed",
        CredentialError::Several => "several",
    }
}

#[test]
fn every_spelling_is_read_as_the_reference_reads_it() {
    let mut differences = Differences::default();
    for case in read::<File>("authorization.json").cases {
        let fields: Vec<_> = case.fields.iter().map(|field| bytes(field)).collect();
        let found = presented(fields.iter().map(Vec::as_slice));
        let found = found.map(|text| text.to_string()).map_err(|error| word(error).to_owned());
        let expected = case.error.map_or_else(|| Ok(case.credential.unwrap()), Err);
        differences.compare((&case.fields, &case.why), &expected, &found);
    }
    differences.assert_none();
}
