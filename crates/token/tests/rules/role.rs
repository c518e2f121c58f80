//! The roles that Jeton brings along.

use jeton_token::{Bindable, BuiltInRole, Place, ResourceName, Rights, ScopePattern};

use crate::sample::{organization, project, rights, scope};

/// Name, patterns, whether it grants APIs, and whether it is bound everywhere only: a promise to whoever binds them.
#[test]
fn the_table_of_built_in_roles() {
    let table: [(&str, &[&str], bool, bool); 9] = [
        ("Admin", &["*"], false, false),
        ("Auditor", &["Jeton.Audit.Read", "Jeton.Job.Read"], false, false),
        ("TokenAdmin", &["Jeton.Admin.Token"], false, false),
        ("TokenCreator", &["Jeton.Token.*"], false, true),
        ("OrganizationAdmin", &["Jeton.Admin.*", "Jeton.Audit.Read", "Jeton.Job.*"], true, false),
        (
            "ProjectAdmin",
            &[
                "Jeton.Admin.Job",
                "Jeton.Admin.Organization",
                "Jeton.Admin.Policy",
                "Jeton.Admin.Role",
                "Jeton.Audit.Read",
                "Jeton.Job.*",
            ],
            true,
            false,
        ),
        ("JobRunner", &["Jeton.Job.*"], false, false),
        ("BuildService", &["vso.build", "vso.project"], false, false),
        ("ApiUser", &[], true, false),
    ];
    assert_eq!(table.len(), BuiltInRole::ALL.len());
    for (role, (name, patterns, grants_apis, globally)) in BuiltInRole::ALL.into_iter().zip(table) {
        assert_eq!((role.name(), role.patterns(), role.grants_apis()), (name, patterns, grants_apis));
        assert_eq!(role.bindable() == Bindable::Globally, globally, "{name}");
        assert!(!role.description().is_empty() && !role.description().ends_with('.'), "{name}");
    }
}

#[test]
fn their_names_are_names_and_their_patterns_are_patterns() {
    let mut names = Vec::new();
    for role in BuiltInRole::ALL {
        names.push(role.name().parse::<ResourceName>().unwrap().fold());
        for pattern in role.patterns() {
            assert_eq!(pattern.parse::<ScopePattern>().unwrap().as_str(), *pattern);
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), BuiltInRole::ALL.len(), "no two differ only in case");
}

/// Who has the one has the other: whoever binds the greater can bind the lesser.
#[test]
fn roles_cover_one_another_as_they_should() {
    let of = |role: BuiltInRole| -> Rights { rights(role.patterns()) };
    for (greater, lesser, covers) in [
        (BuiltInRole::Admin, BuiltInRole::OrganizationAdmin, true),
        (BuiltInRole::Admin, BuiltInRole::TokenCreator, true),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::ProjectAdmin, true),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::TokenAdmin, true),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::Auditor, true),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::JobRunner, true),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::Admin, false),
        (BuiltInRole::OrganizationAdmin, BuiltInRole::TokenCreator, false),
        (BuiltInRole::ProjectAdmin, BuiltInRole::JobRunner, true),
        (BuiltInRole::ProjectAdmin, BuiltInRole::Auditor, true),
        (BuiltInRole::ProjectAdmin, BuiltInRole::TokenAdmin, false),
        (BuiltInRole::ProjectAdmin, BuiltInRole::OrganizationAdmin, false),
        (BuiltInRole::TokenAdmin, BuiltInRole::TokenCreator, false),
        (BuiltInRole::Auditor, BuiltInRole::JobRunner, false),
        (BuiltInRole::TokenCreator, BuiltInRole::TokenAdmin, false),
    ] {
        assert_eq!(of(greater).covers_all(&of(lesser)), covers, "{greater:?} {lesser:?}");
    }
}

#[test]
fn only_an_auditors_rights_are_all_for_looking() {
    let auditor = rights(BuiltInRole::Auditor.patterns());
    for pattern in auditor.patterns() {
        assert!(pattern.as_str().ends_with(".Read"), "{pattern}");
    }
    for role in
        [BuiltInRole::TokenAdmin, BuiltInRole::TokenCreator, BuiltInRole::JobRunner, BuiltInRole::ApiUser]
    {
        assert!(!rights(role.patterns()).covers(&scope("Jeton.Audit.Read")), "{role:?}");
    }
}

#[test]
fn a_role_is_bound_where_it_may_be() {
    let places = [Place::Global, Place::Organization(organization(1)), project(1, 1)];
    assert!(places.into_iter().all(|place| Bindable::Anywhere.allows(place)));
    assert_eq!(places.map(|place| Bindable::Globally.allows(place)), [true, false, false]);
    for bindable in [Bindable::Anywhere, Bindable::Globally] {
        assert_eq!(Bindable::from_word(bindable.word()), Some(bindable));
    }
    for word in ["", "Anywhere", "everywhere", "*"] {
        assert_eq!(Bindable::from_word(word), None);
    }
}
