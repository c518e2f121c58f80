//! Sample values, and strategies for any value.

use jeton_token::{
    Catalogue, CatalogueScope, Id, IdKey, OrganizationId, Place, ProjectId, Rights, Scope, ScopePattern,
    ScopeSet,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOON: u64 = 1_767_225_600_000;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

pub(crate) fn id_key() -> IdKey {
    IdKey::new(&[7; 32])
}

pub(crate) fn id(number: u64) -> Id {
    id_key().mint(NOON, number)
}

pub(crate) fn organization(number: u64) -> OrganizationId {
    OrganizationId(id(number))
}

/// A project of the organization; projects of two organizations share their numbers.
pub(crate) fn project(of: u64, number: u64) -> Place {
    Place::Project(organization(of), ProjectId(id(100 + number)))
}

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

pub(crate) fn pattern(text: &str) -> ScopePattern {
    text.parse().unwrap()
}

pub(crate) fn set(patterns: &[&str]) -> ScopeSet {
    ScopeSet::new(patterns.iter().map(|text| pattern(text))).unwrap()
}

pub(crate) fn rights(patterns: &[&str]) -> Rights {
    patterns.iter().map(|text| pattern(text)).collect()
}

pub(crate) fn declared(name: &str, implies: &[&str]) -> CatalogueScope {
    let implies = implies.iter().map(|text| scope(text)).collect();
    CatalogueScope { name: scope(name), description: String::new(), implies }
}

/// Four scopes: `Update` brings `Read` along, `Admin` brings `Update` and so `Read`.
pub(crate) fn tasks() -> Catalogue {
    let scopes = vec![
        declared("Tasks.Read", &[]),
        declared("Tasks.Update", &["Tasks.Read"]),
        declared("Tasks.Admin", &["Tasks.Update"]),
        declared("Tasks.Logs.Read", &[]),
    ];
    Catalogue::new("Tasks", scopes).unwrap()
}

/// Few segments, which collide often and begin alike.
const SEGMENTS: [&str; 6] = ["A", "B", "AB", "a", "A-", "A_"];

/// A scope of few segments.
pub(crate) fn any_scope() -> impl Strategy<Value = Scope> {
    vec(select(&SEGMENTS[..]), 2..5).prop_map(|segments| scope(&segments.join(".")))
}

/// A pattern of few segments.
pub(crate) fn any_pattern() -> impl Strategy<Value = ScopePattern> {
    let stem = vec(select(&SEGMENTS[..]), 1..4);
    prop_oneof![
        4 => any_scope().prop_map(ScopePattern::from),
        4 => stem.prop_map(|segments| pattern(&format!("{}.*", segments.join(".")))),
        1 => Just(ScopePattern::everything()),
    ]
}

pub(crate) fn any_rights() -> impl Strategy<Value = Rights> {
    vec(any_pattern(), 0..6).prop_map(|patterns| patterns.into_iter().collect())
}

/// A scope of the whole grammar.
pub(crate) fn any_grammatical_scope() -> impl Strategy<Value = String> {
    let text = vec("[A-Za-z0-9_-]{1,64}", 2..=8).prop_map(|segments| segments.join("."));
    text.prop_filter("at most 128 bytes", |text| text.len() <= 128)
}

/// All scopes of 2 to 4 segments out of those above and of one that no pattern names: tomorrow's.
pub(crate) fn universe() -> Vec<Scope> {
    let segments = || SEGMENTS.iter().chain(["Tomorrow"].iter());
    let longer = |stem: &String| segments().map(|segment| format!("{stem}.{segment}")).collect::<Vec<_>>();
    let one: Vec<String> = segments().map(ToString::to_string).collect();
    let two: Vec<String> = one.iter().flat_map(longer).collect();
    let three: Vec<String> = two.iter().flat_map(longer).collect();
    let four: Vec<String> = three.iter().flat_map(longer).collect();
    two.iter().chain(&three).chain(&four).map(|text| scope(text)).collect()
}
