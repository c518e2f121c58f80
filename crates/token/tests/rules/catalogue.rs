//! Catalogues: every rule about them, at its limit and one beyond.

use jeton_token::{Catalogue, CatalogueError, CatalogueScope, MAX_CATALOGUE_BYTES, MAX_CATALOGUE_SCOPES};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::sample::{any_rights, declared, pattern, rights, scope, tasks};

fn error(namespace: &str, scopes: Vec<CatalogueScope>) -> CatalogueError {
    Catalogue::new(namespace, scopes).unwrap_err()
}

fn of_size(size: usize) -> Vec<CatalogueScope> {
    (0..size).map(|number| declared(&format!("A.S{number}"), &[])).collect()
}

/// `A.S0` implies `A.S1`, and so on for so many steps.
fn chain(steps: usize) -> Vec<CatalogueScope> {
    let link = |at: usize| declared(&format!("A.S{at}"), &[&format!("A.S{}", at + 1)]);
    (0..steps).map(link).chain([declared(&format!("A.S{steps}"), &[])]).collect()
}

fn held(catalogue: &Catalogue, patterns: &[&str]) -> Vec<String> {
    catalogue.held(&rights(patterns)).into_iter().map(ToString::to_string).collect()
}

#[test]
fn the_namespace_is_one_segment() {
    assert_eq!(Catalogue::new("A", of_size(1)).unwrap().namespace(), "A");
    let long = "A".repeat(65);
    for namespace in ["", "*", ".", "A.B", "A.", "A.*", "A B", "ä", &long] {
        assert_eq!(error(namespace, of_size(1)), CatalogueError::Namespace(namespace.to_owned()));
    }
}

#[test]
fn a_catalogue_has_1_to_512_scopes() {
    assert_eq!(error("A", of_size(0)), CatalogueError::Count(0));
    assert!(Catalogue::new("A", of_size(1)).is_ok());
    assert_eq!(Catalogue::new("A", of_size(512)).unwrap().scopes().len(), MAX_CATALOGUE_SCOPES);
    assert_eq!(error("A", of_size(513)), CatalogueError::Count(513));
}

#[test]
fn the_names_take_at_most_16_kib() {
    let name = |at: usize| format!("A.{}.{at:063}", "B".repeat(62));
    assert_eq!(name(0).len(), 128);
    let full: Vec<_> = (0..128).map(|at| declared(&name(at), &[])).collect();
    assert_eq!(128 * 128, MAX_CATALOGUE_BYTES);
    assert!(Catalogue::new("A", full.clone()).is_ok());
    let over = [full, vec![declared("A.B", &[])]].concat();
    assert_eq!(error("A", over), CatalogueError::Bytes(16_384 + 3));
}

#[test]
fn a_scope_of_another_namespace_is_refused() {
    for name in ["B.Read", "a.Read", "AB.Read", "Jeton.Token.Read"] {
        let scopes = vec![declared("A.Read", &[]), declared(name, &[])];
        assert_eq!(error("A", scopes), CatalogueError::Foreign(scope(name)));
    }
}

#[test]
fn names_that_differ_at_most_in_case_are_refused() {
    for (first, second) in [("A.Read", "A.Read"), ("A.Read", "A.read"), ("A.x.READ", "A.X.Read")] {
        let scopes = vec![declared(first, &[]), declared("A.Other", &[]), declared(second, &[])];
        assert_eq!(error("A", scopes), CatalogueError::Alike(scope(first), scope(second)));
    }
}

#[test]
fn only_declared_scopes_are_implied() {
    for implied in ["A.Gone", "A.read", "B.Read"] {
        let scopes = vec![declared("A.Read", &[]), declared("A.Update", &["A.Read", implied])];
        assert_eq!(error("A", scopes), CatalogueError::UnknownImplied(scope("A.Update"), scope(implied)));
    }
}

#[test]
fn a_scope_that_implies_itself_is_refused() {
    let own = vec![declared("A.X", &["A.X"])];
    assert_eq!(error("A", own), CatalogueError::Cycle(scope("A.X")));
    let two = vec![declared("A.X", &["A.Y"]), declared("A.Y", &["A.X"])];
    assert!(matches!(error("A", two), CatalogueError::Cycle(_)));
}

#[test]
fn a_cycle_is_named_by_a_scope_on_it_and_not_by_one_that_leads_there() {
    let scopes = vec![
        declared("A.In", &["A.X"]),
        declared("A.X", &["A.Y", "A.Out"]),
        declared("A.Y", &["A.X"]),
        declared("A.Out", &[]),
    ];
    let CatalogueError::Cycle(named) = error("A", scopes) else { panic!("not called a cycle") };
    assert!([scope("A.X"), scope("A.Y")].contains(&named), "{named}");
}

#[test]
fn a_long_cycle_is_called_a_cycle() {
    let mut scopes = chain(20);
    scopes.last_mut().unwrap().implies.push(scope("A.S3"));
    assert!(matches!(error("A", scopes), CatalogueError::Cycle(_)));
}

#[test]
fn implications_are_at_most_8_deep() {
    let deepest = Catalogue::new("A", chain(8)).unwrap();
    assert_eq!(deepest.implications(&scope("A.S0")).count(), 8);
    assert_eq!(error("A", chain(9)), CatalogueError::TooDeep(scope("A.S0")));
    assert_eq!(error("A", chain(12)), CatalogueError::TooDeep(scope("A.S0")));
}

#[test]
fn the_longest_way_counts_and_not_the_shortest() {
    let mut scopes = chain(9);
    scopes.first_mut().unwrap().implies.push(scope("A.S9"));
    assert_eq!(error("A", scopes), CatalogueError::TooDeep(scope("A.S0")));
}

#[test]
fn a_scope_may_be_implied_in_several_ways_and_twice() {
    let scopes = vec![
        declared("A.Top", &["A.Left", "A.Right", "A.Left"]),
        declared("A.Left", &["A.Bottom"]),
        declared("A.Right", &["A.Left", "A.Bottom"]),
        declared("A.Bottom", &[]),
    ];
    let catalogue = Catalogue::new("A", scopes).unwrap();
    let implied: Vec<_> = catalogue.implications(&scope("A.Top")).map(ToString::to_string).collect();
    assert_eq!(implied, ["A.Bottom", "A.Left", "A.Right"]);
    assert_eq!(catalogue.implications(&scope("A.Bottom")).count(), 0);
    assert_eq!(catalogue.implications(&scope("A.Gone")).count(), 0);
}

/// As many implications as the limits allow: 9 layers, each scope implying the whole next layer.
#[test]
fn the_largest_catalogue_is_closed() {
    let name = |layer: usize, at: usize| format!("A.L{layer}.S{at}");
    let below = |layer: usize| (0..56).map(|at| name(layer + 1, at)).collect::<Vec<_>>();
    let implies = |layer: usize| if layer < 8 { below(layer) } else { vec![] };
    let scope_at = |layer: usize, at: usize| {
        let implies = implies(layer);
        declared(&name(layer, at), &implies.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let scopes = (0..9).flat_map(|layer| (0..56).map(move |at| scope_at(layer, at))).collect();
    let catalogue = Catalogue::new("A", scopes).unwrap();
    assert_eq!(catalogue.implications(&scope("A.L0.S0")).count(), 8 * 56);
    assert_eq!(held(&catalogue, &["A.L7.S3"]).len(), 1 + 56);
}

#[test]
fn a_catalogue_knows_its_scopes_and_what_a_pattern_matches() {
    let tasks = tasks();
    assert!(
        tasks.has(&scope("Tasks.Read"))
            && !tasks.has(&scope("Tasks.read"))
            && !tasks.has(&scope("Tasks.Gone"))
    );
    for (text, matches) in [
        ("*", true),
        ("Tasks.*", true),
        ("Tasks.Logs.*", true),
        ("Tasks.Read", true),
        ("Tasks.Read.*", false),
        ("Tasks.Gone", false),
        ("tasks.*", false),
        ("Other.*", false),
    ] {
        assert_eq!(tasks.matches(&pattern(text)), matches, "{text}");
    }
}

#[test]
fn what_is_held_is_declared_and_covered_or_implied() {
    let tasks = tasks();
    assert_eq!(held(&tasks, &["Tasks.Update"]), ["Tasks.Read", "Tasks.Update"]);
    assert_eq!(held(&tasks, &["Tasks.Logs.*"]), ["Tasks.Logs.Read"]);
    assert_eq!(held(&tasks, &["*"]), ["Tasks.Read", "Tasks.Update", "Tasks.Admin", "Tasks.Logs.Read"]);
    assert_eq!(held(&tasks, &["Tasks.Gone", "Other.*", "Tasks.Read.*"]), Vec::<String>::new());
}

/// Scopes of one catalogue, where each implies only later ones: acyclic.
fn any_catalogue() -> impl Strategy<Value = Catalogue> {
    const NAMES: [&str; 6] = ["A.A", "A.B", "A.a.A", "A.AB", "A.A-.A", "A.A_.B"];
    let implies = |at: usize| proptest::sample::subsequence(NAMES[at + 1..].to_vec(), 0..NAMES.len() - at);
    let all: Vec<_> = (0..NAMES.len()).map(implies).collect();
    all.prop_map(|all| {
        let scopes = NAMES.iter().zip(&all).map(|(name, implies)| declared(name, implies));
        Catalogue::new("A", scopes.collect()).unwrap()
    })
}

proptest! {
    #[test]
    fn implying_is_transitive(catalogue in any_catalogue()) {
        for top in catalogue.scopes() {
            let all: Vec<_> = catalogue.implications(&top.name).collect();
            prop_assert!(top.implies.iter().all(|direct| all.contains(&direct)));
            for one in &all {
                prop_assert!(catalogue.implications(one).all(|further| all.contains(&further)));
            }
        }
    }

    #[test]
    fn holding_more_holds_more(catalogue in any_catalogue(), some in any_rights(), more in any_rights()) {
        let held = |rights| catalogue.held(rights).into_iter().cloned().collect::<Vec<_>>();
        let (few, many) = (held(&some), held(&some.union(&more)));
        prop_assert!(few.iter().all(|scope| many.contains(scope)));
    }

    /// What is closed on both sides is closed in the middle: no layer adds what another one lacks.
    #[test]
    fn an_intersection_of_closed_rights_is_closed(catalogue in any_catalogue(), a in any_rights(), b in any_rights()) {
        let both = a.with_implied([&catalogue]).intersection(&b.with_implied([&catalogue]));
        prop_assert_eq!(both.with_implied([&catalogue]), both);
    }

    #[test]
    fn any_implications_are_judged_without_a_panic(edges in vec((0..12_usize, 0..13_usize), 0..30)) {
        let name = |at: usize| format!("A.S{at}");
        let implied = |at| edges.iter().filter(move |(from, _)| *from == at).map(|(_, to)| scope(&name(*to)));
        let of = |at| CatalogueScope { implies: implied(at).collect(), ..declared(&name(at), &[]) };
        if let Ok(catalogue) = Catalogue::new("A", (0..12).map(of).collect()) {
            prop_assert!(catalogue.scopes().iter().all(|top| catalogue.implications(&top.name).all(|one| *one != top.name)));
        }
    }
}
