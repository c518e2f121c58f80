//! Limits of place and network, and everywhere against one place.

use jeton_token::{
    Audience, Demand, Facts, Inactive, JobId, JobOrigin, Link, Place, PlacedPolicy, Policy, PolicyRule,
    ProjectId, TokenKind, Where, effective_at,
};

use super::{HERE, alone, asked, at_home, from_network, judge, link, owned_by, with_patterns, within};
use crate::sample::{id, organization, project, rights, scope, tasks};

fn verdict(token: Link, place: Where) -> Option<Inactive> {
    let tasks = tasks();
    judge(&alone(token), &Demand { place, ..asked(&tasks) }).err()
}

fn at(place: Place) -> Where {
    Where::At(place)
}

fn granted_at(place: Place) -> Link {
    Link { rights: vec![(place, rights(&["*"]))].into(), ..link() }
}

#[test]
fn a_call_from_elsewhere_is_refused() {
    let tasks = tasks();
    let from = |client: &str| Demand { client: client.parse().ok(), ..asked(&tasks) };
    let token = alone(from_network("10.0.0.0/8"));
    for (client, expected) in [
        ("10.1.2.3", None),
        ("::ffff:10.1.2.3", None),
        ("11.1.2.3", Some(Inactive::NetworkNotAllowed)),
        ("::ffff:11.1.2.3", Some(Inactive::NetworkNotAllowed)),
        ("2001:db8::1", Some(Inactive::NetworkNotAllowed)),
        ("nobody said", Some(Inactive::ClientIpRequired)),
    ] {
        assert_eq!(judge(&token, &from(client)).err(), expected, "{client}");
    }
}

#[test]
fn the_networks_of_an_ancestor_count_as_well() {
    let tasks = tasks();
    let facts = Facts {
        token: from_network("10.0.0.0/8"),
        ancestors: vec![link(), from_network("10.1.0.0/16")],
        policies: vec![].into(),
    };
    let from = |client: &str| judge(&facts, &Demand { client: client.parse().ok(), ..asked(&tasks) }).err();
    assert_eq!(from("10.1.2.3"), None);
    assert_eq!(from("10.2.2.3"), Some(Inactive::NetworkNotAllowed));
    assert_eq!(from("nobody said"), Some(Inactive::ClientIpRequired));
}

#[test]
fn a_token_limited_to_a_project_works_there_and_only_when_it_is_named() {
    let token = || within(project(1, 1));
    let own = Place::Organization(organization(1));
    for (place, expected) in [
        (at(project(1, 1)), None),
        (at(project(1, 2)), Some(Inactive::PlaceNotAllowed)),
        (at(project(2, 1)), Some(Inactive::PlaceNotAllowed)),
        (at(own), Some(Inactive::PlaceNotAllowed)),
        (at(Place::Global), Some(Inactive::PlaceNotAllowed)),
        (Where::Everywhere, Some(Inactive::ResourceRequired)),
        (Where::Nowhere, Some(Inactive::PlaceNotAllowed)),
    ] {
        assert_eq!(verdict(token(), place), expected, "{place:?}");
    }
}

#[test]
fn a_token_limited_to_the_apis_organization_works_everywhere_it_serves() {
    let own = Place::Organization(organization(1));
    for place in [Where::Everywhere, at(own), at(project(1, 1)), at(project(1, 2))] {
        assert_eq!(verdict(within(own), place), None, "{place:?}");
    }
    assert_eq!(verdict(within(own), at(project(2, 1))), Some(Inactive::PlaceNotAllowed));
    assert_eq!(
        verdict(within(Place::Organization(organization(2))), Where::Everywhere),
        Some(Inactive::ResourceRequired)
    );
}

#[test]
fn an_api_is_not_asked_about_another_organization() {
    for place in [project(2, 1), Place::Organization(organization(2)), Place::Global] {
        assert_eq!(verdict(link(), at(place)), Some(Inactive::PlaceNotAllowed), "{place:?}");
    }
    assert_eq!(verdict(link(), Where::Nowhere), Some(Inactive::PlaceNotAllowed));
}

#[test]
fn an_api_of_no_organization_serves_every_one() {
    let tasks = tasks();
    let audience = Audience::Api { catalogue: &tasks, organization: None };
    let judged = |token, place| judge(&alone(token), &Demand { audience, place, ..asked(&tasks) }).err();
    for place in [Where::Everywhere, at(Place::Global), at(project(1, 1)), at(project(2, 1))] {
        assert_eq!(judged(link(), place), None, "{place:?}");
    }
    let limited = || within(Place::Organization(organization(1)));
    assert_eq!(judged(limited(), Where::Everywhere), Some(Inactive::ResourceRequired));
    assert_eq!(judged(limited(), at(project(1, 1))), None);
    assert_eq!(judged(limited(), at(project(2, 1))), Some(Inactive::PlaceNotAllowed));
    assert_eq!(judged(limited(), at(Place::Global)), Some(Inactive::PlaceNotAllowed));
    assert_eq!(judged(link(), Where::Nowhere), Some(Inactive::PlaceNotAllowed));
}

#[test]
fn what_is_granted_at_a_project_is_not_granted_everywhere() {
    let token = || granted_at(project(1, 1));
    for (place, expected) in [
        (Where::Everywhere, Some(Inactive::NothingEffective)),
        (at(project(1, 1)), None),
        (at(project(1, 2)), Some(Inactive::NothingEffective)),
        (at(Place::Organization(organization(1))), Some(Inactive::NothingEffective)),
    ] {
        assert_eq!(verdict(token(), place), expected, "{place:?}");
    }
}

#[test]
fn what_is_granted_around_a_place_is_granted_there() {
    for place in [Place::Global, Place::Organization(organization(1)), project(1, 1)] {
        assert_eq!(verdict(granted_at(place), at(project(1, 1))), None, "{place:?}");
    }
    for place in [Place::Organization(organization(2)), project(2, 1), project(1, 2)] {
        assert_eq!(
            verdict(granted_at(place), at(project(1, 1))),
            Some(Inactive::NothingEffective),
            "{place:?}"
        );
    }
}

#[test]
fn grants_at_several_places_are_united() {
    let rights = vec![
        (Place::Global, rights(&["Tasks.Read"])),
        (project(1, 1), rights(&["Tasks.Logs.*"])),
        (project(1, 2), rights(&["Tasks.Admin"])),
    ];
    let facts = alone(Link { rights: rights.into(), ..link() });
    let (tasks, logs) = (tasks(), scope("Tasks.Logs.Read"));
    let there = |place| judge(&facts, &Demand { place, scope: Some(&logs), ..asked(&tasks) });
    let held = there(at(project(1, 1))).unwrap().rights;
    assert_eq!(super::texts(&held), ["Tasks.Logs.Read", "Tasks.Read"]);
    assert_eq!(there(Where::Everywhere), Err(Inactive::MissingScope(logs.clone())));
    assert_eq!(there(at(project(1, 2))), Err(Inactive::MissingScope(logs.clone())));
}

#[test]
fn where_one_link_may_not_be_nothing_is_effective() {
    let facts = Facts { token: link(), ancestors: vec![within(project(1, 1))], policies: vec![].into() };
    assert!(effective_at(&facts, project(1, 2), &[], HERE).is_empty());
    assert!(effective_at(&facts, Place::Global, &[], HERE).is_empty());
    assert_eq!(effective_at(&facts, project(1, 1), &[], HERE), rights(&["*"]));
}

#[test]
fn token_and_owner_both_narrow() {
    let tasks = tasks();
    let mut token = owned_by(&["Tasks.Read", "Tasks.Logs.*"]);
    token.patterns = with_patterns(&["Tasks.Logs.Read", "Tasks.Update"]).patterns;
    let active = judge(&alone(token), &asked(&tasks)).unwrap();
    assert_eq!(super::texts(&active.rights), ["Tasks.Logs.Read", "Tasks.Read"]);
}

#[test]
fn the_places_of_an_ancestor_count_as_well() {
    let facts =
        Facts { token: link(), ancestors: vec![link(), within(project(1, 1))], policies: vec![].into() };
    let tasks = tasks();
    let api = |place| judge(&facts, &Demand { place, ..asked(&tasks) }).err();
    assert_eq!(api(Where::Everywhere), Some(Inactive::ResourceRequired));
    assert_eq!(api(at(project(1, 2))), Some(Inactive::PlaceNotAllowed));
    assert_eq!(api(at(project(1, 1))), None);
    let home = |place| judge(&facts, &Demand { place, ..at_home() }).err();
    assert_eq!(home(at(project(1, 2))), Some(Inactive::PlaceNotAllowed));
    assert_eq!(home(at(project(1, 1))), None);
}

#[test]
fn an_api_of_every_organization_is_told_of_no_job_that_some_place_would_not_take() {
    let catalogue = tasks();
    let origin = JobOrigin { job: JobId(id(7)), organization: organization(1), project: ProjectId(id(101)) };
    let of_job = Link { kind: TokenKind::Job, job: Some(origin), ..link() };
    let policy = Policy { job_projects: Some(vec![]), ..Policy::default() };
    let audience = Audience::Api { catalogue: &catalogue, organization: None };
    let everywhere = Demand { audience, ..asked(&catalogue) };
    for place in [Place::Global, Place::Organization(organization(2)), project(2, 1)] {
        let policies = vec![PlacedPolicy { place, policy: policy.clone() }];
        let facts = Facts { policies: policies.into(), ..alone(of_job.clone()) };
        let refused = Some(Inactive::Policy(PolicyRule::JobProjects));
        assert_eq!(judge(&facts, &everywhere).err(), refused, "{place:?}");
        assert!(judge(&facts, &at_home()).is_ok(), "at home it may look at itself");
    }
    let policies = vec![PlacedPolicy { place: origin.place(), policy }];
    let facts = Facts { policies: policies.into(), ..alone(of_job) };
    assert!(judge(&facts, &everywhere).is_ok(), "a project says that about the jobs of others");
}
