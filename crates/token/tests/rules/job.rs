//! How far jobs reach: the table of all cases, and what a job never has.

use jeton_token::{
    Approval, Facts, Inactive, JOB_MINUTES_USUAL, JobAuthorizationScope, JobCase, JobId, JobOrigin, JobRule,
    JobSettings, JobWall, Link, PipelineKind, Place, PlaceLimit, PlacedPolicy, Policy, PolicyRule, ProjectId,
    TokenKind, Where, covers_within, decide, withheld,
};

use crate::decision::{HERE, NOW, alone, at_home, judge, link};
use crate::sample::{id, organization, project, rights, scope, tasks};

const SCOPES: [Option<JobAuthorizationScope>; 3] =
    [None, Some(JobAuthorizationScope::Project), Some(JobAuthorizationScope::Organization)];

fn switches(bits: u32) -> JobSettings {
    let on = |bit: u32| bits & (1 << bit) != 0;
    JobSettings {
        limit_non_release: on(0),
        limit_release: on(1),
        limit_forks: on(2),
        project_wall: on(3),
        max_lifetime_minutes: None,
    }
}

/// Every combination of every input.
fn all_cases() -> impl Iterator<Item = JobCase> {
    let levels = (0..16).flat_map(|above| (0..16).map(move |below| (switches(above), switches(below))));
    let runs = PipelineKind::ALL.iter().flat_map(|kind| {
        SCOPES.into_iter().flat_map(move |pipeline| (0..8_u32).map(move |bits| (*kind, pipeline, bits)))
    });
    let runs: Vec<_> = runs.collect();
    levels.flat_map(move |(organization, project)| {
        runs.clone().into_iter().map(move |(kind, pipeline, bits)| JobCase {
            organization,
            project,
            kind,
            pipeline,
            is_public: bits & 1 != 0,
            is_fork: bits & 2 != 0,
            runner: if bits & 4 != 0 {
                JobAuthorizationScope::Organization
            } else {
                JobAuthorizationScope::Project
            },
        })
    })
}

/// The rules as people state them, each by itself: whichever says so keeps the job in its project.
fn is_kept_in_project(case: &JobCase) -> bool {
    let either = |switch: fn(&JobSettings) -> bool| switch(&case.organization) || switch(&case.project);
    let is_release = case.kind == PipelineKind::Release;
    let is_classic = case.kind == PipelineKind::ClassicBuild;
    let statements = [
        case.is_public,
        is_release && either(|of| of.limit_release),
        !is_release && either(|of| of.limit_non_release),
        !is_release && case.is_fork && either(|of| of.limit_forks),
        is_classic && case.pipeline == Some(JobAuthorizationScope::Project),
        case.runner == JobAuthorizationScope::Project,
    ];
    statements.contains(&true)
}

#[test]
fn every_combination_of_every_input_gives_what_the_statements_give() {
    let mut counts = [0_u32; 2];
    for case in all_cases() {
        let reach = case.reach();
        let kept = is_kept_in_project(&case);
        assert_eq!(reach.scope == JobAuthorizationScope::Project, kept, "{case:?}");
        let wall = case.is_public || case.organization.project_wall || case.project.project_wall;
        assert_eq!(reach.wall.is_some(), kept && wall, "{case:?}");
        counts[usize::from(kept)] += 1;
    }
    assert_eq!(counts.iter().sum::<u32>(), 16 * 16 * 3 * 3 * 8);
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
}

#[test]
fn whoever_walls_a_job_in_is_named_from_the_one_that_nobody_can_overrule() {
    for case in all_cases().filter(|case| case.reach().scope == JobAuthorizationScope::Project) {
        let expected = if case.is_public {
            Some(JobWall::PublicProject)
        } else if case.organization.project_wall {
            Some(JobWall::Organization)
        } else {
            case.project.project_wall.then_some(JobWall::Project)
        };
        assert_eq!(case.reach().wall, expected, "{case:?}");
    }
}

#[test]
fn what_is_limited_above_is_limited_whatever_is_said_below() {
    for case in all_cases().filter(|case| case.reach().scope == JobAuthorizationScope::Project) {
        let more = JobSettings { project_wall: true, ..JobSettings::OF_ORGANIZATION };
        for tightened in [JobCase { organization: more, ..case }, JobCase { project: more, ..case }] {
            assert_eq!(tightened.reach().scope, JobAuthorizationScope::Project, "{case:?}");
            assert!(tightened.reach().wall.is_some() || case.reach().wall.is_none(), "{case:?}");
        }
    }
}

#[test]
fn attack_33_the_switches_of_both_levels_select_the_account_for_releases_and_all_else() {
    // Organization and project, each with its switch for all but releases and for releases: 2⁴ combinations; and the
    // accounts of a job of a build and of a release that nothing else limits.
    for bits in 0..16_u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let level = |non_release, release| JobSettings {
            limit_non_release: non_release,
            limit_release: release,
            ..JobSettings::OF_PROJECT
        };
        let (organization, project) = (level(on(0), on(1)), level(on(2), on(3)));
        let rules = [(PipelineKind::Yaml, on(0), on(2)), (PipelineKind::Release, on(1), on(3))];
        for (kind, above, below) in rules {
            let expected = match (above, below) {
                (true, _) => (JobAuthorizationScope::Project, JobRule::OrganizationLimit),
                (false, true) => (JobAuthorizationScope::Project, JobRule::ProjectLimit),
                (false, false) => (JobAuthorizationScope::Organization, JobRule::Unlimited),
            };
            let reach = JobCase { organization, project, kind, ..unlimited() }.reach();
            assert_eq!((reach.scope, reach.decided_by), expected, "{kind:?} {bits:04b}");
        }
    }
}

#[test]
fn the_rule_that_decided_is_named() {
    use JobAuthorizationScope::{Organization, Project};
    let off = JobSettings::OF_PROJECT;
    let (limited, forks) =
        (JobSettings { limit_non_release: true, ..off }, JobSettings { limit_forks: true, ..off });
    let classic = JobCase { kind: PipelineKind::ClassicBuild, ..unlimited() };
    let table = [
        (unlimited(), Organization, "unlimited"),
        (JobCase { is_public: true, organization: limited, ..unlimited() }, Project, "public_project"),
        (JobCase { organization: limited, project: limited, ..unlimited() }, Project, "organization_limit"),
        (JobCase { project: limited, ..unlimited() }, Project, "project_limit"),
        (JobCase { is_fork: true, organization: forks, ..unlimited() }, Project, "organization_fork_limit"),
        (JobCase { is_fork: true, project: forks, ..unlimited() }, Project, "project_fork_limit"),
        (JobCase { organization: forks, ..unlimited() }, Organization, "unlimited"),
        (JobCase { pipeline: Some(Project), ..classic }, Project, "pipeline"),
        (JobCase { pipeline: Some(Organization), ..classic }, Organization, "pipeline"),
        (JobCase { pipeline: Some(Organization), project: limited, ..classic }, Project, "project_limit"),
        (JobCase { pipeline: Some(Project), ..unlimited() }, Organization, "unlimited"),
        (JobCase { runner: Project, ..unlimited() }, Project, "runner"),
        (JobCase { runner: Project, pipeline: Some(Organization), ..classic }, Project, "runner"),
    ];
    for (case, scope, word) in table {
        let reach = case.reach();
        assert_eq!((reach.scope, reach.decided_by.word()), (scope, word), "{case:?}");
    }
}

#[test]
fn a_release_minds_neither_forks_nor_the_switch_of_builds() {
    let limited = JobSettings { limit_release: false, ..JobSettings::OF_ORGANIZATION };
    let release = JobCase {
        kind: PipelineKind::Release,
        organization: limited,
        project: limited,
        is_fork: true,
        pipeline: Some(JobAuthorizationScope::Project),
        ..unlimited()
    };
    assert_eq!(release.reach().decided_by, JobRule::Unlimited);
}

#[test]
fn a_job_lives_for_the_least_of_what_is_said() {
    let level = |max_lifetime_minutes| JobSettings { max_lifetime_minutes, ..JobSettings::OF_PROJECT };
    for (above, below, pipeline, minutes) in [
        (None, None, None, JOB_MINUTES_USUAL),
        (Some(90), None, None, 90),
        (Some(90), Some(30), None, 30),
        (Some(30), Some(90), Some(60), 30),
        (Some(90), Some(60), Some(10), 10),
        (None, None, Some(5), 5),
    ] {
        let effective = level(above).tightened_by(level(below));
        assert_eq!(effective.lifetime_ms(pipeline), minutes * 60_000, "{above:?} {below:?} {pipeline:?}");
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in PipelineKind::ALL {
        assert_eq!(PipelineKind::from_word(kind.word()), Some(*kind));
    }
    for rule in JobRule::ALL {
        assert_eq!(JobRule::from_word(rule.word()), Some(*rule));
    }
    for scope in JobAuthorizationScope::ALL {
        assert_eq!(JobAuthorizationScope::from_word(scope.word()), Some(*scope));
    }
    assert_eq!(JobRule::from_word("Unlimited"), None);
}

#[test]
fn attack_33_a_job_never_holds_a_way_to_tokens_or_jobs_that_outlive_it() {
    let facts = alone(job(Place::Organization(organization(1))));
    let pats = ["vso.pats", "vso.pats_manage"];
    let own = ["Jeton.Token.Create", "Jeton.Token.Read", "Jeton.Token.Revoke", "Jeton.Job.Mint"];
    for never in own.into_iter().chain(pats) {
        let wanted = scope(never);
        let demand = jeton_token::Demand {
            scope: Some(&wanted),
            place: Where::At(Place::Organization(organization(1))),
            ..at_home()
        };
        assert_eq!(judge(&facts, &demand).unwrap_err(), Inactive::MissingScope(wanted.clone()), "{never}");
        assert!(withheld(&facts, Place::Organization(organization(1)), &wanted), "{never}");
        let gives = covers_within(&facts, Place::Organization(organization(1)), &rights(&[never]), &[], HERE);
        assert!(!gives, "{never}");
    }
    for wide in ["*", "Jeton.*", "Jeton.Token.*", "Jeton.Job.*"] {
        let place = Place::Organization(organization(1));
        assert!(!covers_within(&facts, place, &rights(&[wide]), &[], HERE), "{wide} would give it away");
    }
    let read = scope("Jeton.Job.Read");
    let demand = jeton_token::Demand {
        scope: Some(&read),
        place: Where::At(Place::Organization(organization(1))),
        ..at_home()
    };
    assert!(judge(&facts, &demand).is_ok(), "anything else is its account's");
    assert!(judge(&facts, &at_home()).is_ok(), "it may look at itself");
}

#[test]
fn what_a_jobs_token_made_has_no_more_than_the_job() {
    let facts = Facts { ancestors: vec![job(Place::Organization(organization(1)))], ..alone(link()) };
    let wanted = scope("Jeton.Token.Create");
    assert!(withheld(&facts, Place::Organization(organization(1)), &wanted));
}

#[test]
fn a_project_takes_jobs_of_its_own_and_of_those_that_it_names() {
    let catalogue = tasks();
    let read = scope("Tasks.Read");
    let asked = |place| jeton_token::Demand {
        scope: Some(&read),
        place: Where::At(place),
        ..crate::decision::asked(&catalogue)
    };
    let table: [(Option<Vec<Place>>, bool); 6] = [
        (None, true),
        (Some(vec![]), false),
        (Some(vec![project(1, 3)]), false),
        (Some(vec![project(1, 3), project(1, 1)]), true),
        (Some(vec![Place::Organization(organization(1))]), true),
        (Some(vec![Place::Organization(organization(2))]), false),
    ];
    for (job_projects, taken) in table {
        let policy = Policy { job_projects: job_projects.clone(), ..Policy::default() };
        let policies = vec![PlacedPolicy { place: project(1, 2), policy }];
        let facts = Facts { policies: policies.into(), ..alone(job(Place::Organization(organization(1)))) };
        let elsewhere = judge(&facts, &asked(project(1, 2)));
        let expected = if taken { None } else { Some(Inactive::Policy(PolicyRule::JobProjects)) };
        assert_eq!(elsewhere.err(), expected, "{job_projects:?}");
        assert!(judge(&facts, &asked(project(1, 1))).is_ok(), "a job's own project asks nobody");
        let everywhere = judge(&facts, &asked(Place::Organization(organization(1))));
        assert_eq!(everywhere.is_ok(), taken, "what acts everywhere acts there, too: {job_projects:?}");
        assert!(judge(&facts, &at_home()).is_ok(), "at home it may look at itself");
        let kept = Facts { token: link(), ..facts };
        assert!(judge(&kept, &asked(project(1, 2))).is_ok(), "the list is about jobs");
    }
}

#[test]
fn a_list_of_an_organization_is_about_jobs_that_leave_their_project() {
    let catalogue = tasks();
    let read = scope("Tasks.Read");
    let policy = Policy { job_projects: Some(vec![]), ..Policy::default() };
    let policies = vec![PlacedPolicy { place: Place::Organization(organization(1)), policy }];
    let facts = Facts { policies: policies.into(), ..alone(job(Place::Organization(organization(1)))) };
    for (place, taken) in [(project(1, 1), true), (project(1, 2), false)] {
        let demand = jeton_token::Demand {
            scope: Some(&read),
            place: Where::At(place),
            ..crate::decision::asked(&catalogue)
        };
        let active = matches!(decide(&facts, &demand, NOW), jeton_token::Verdict::Active(_));
        assert_eq!(active, taken);
    }
}

/// Nothing limits it.
fn unlimited() -> JobCase {
    JobCase {
        organization: JobSettings::OF_PROJECT,
        project: JobSettings::OF_PROJECT,
        is_public: false,
        kind: PipelineKind::Yaml,
        pipeline: None,
        is_fork: false,
        runner: JobAuthorizationScope::Organization,
    }
}

/// The token of a job of project 1 in organization 1, of an account that may do everything.
fn job(within: Place) -> Link {
    Link {
        kind: TokenKind::Job,
        approval: Approval::None,
        job: Some(JobOrigin {
            job: JobId(id(7)),
            organization: organization(1),
            project: ProjectId(id(101)),
        }),
        places: PlaceLimit::Within(vec![within]),
        ..link()
    }
}
