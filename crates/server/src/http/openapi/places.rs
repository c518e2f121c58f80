//! Organizations, projects and pipelines.

use jeton_api::Code::{BuiltIn, ChangedMeanwhile, InUse, NameTaken, NotEmpty, ScopeExceedsGrant};
use jeton_api::{
    Organization, PatchOrganization, PatchPipeline, PatchProject, Pipeline, Project, PutOrganization,
    PutPipeline, PutProject,
};

use super::super::v1::kept::DryRun;
use super::super::v1::page::PageQuery;
use super::operation::{Group, Operation, delete, get, patch, put};

/// `/api/v1/organizations`.
pub(super) fn organizations() -> Group {
    const ONE: &str = "/api/v1/organizations/{organization}";
    let operations = vec![
        get("/api/v1/organizations", "List organizations")
            .query::<PageQuery>()
            .lists::<Organization>("Those that the caller has something to do with, newest first."),
        put(ONE, "Make an organization")
            .query::<DryRun>()
            .takes::<PutOrganization>()
            .gives::<Organization>("It is there already.")
            .makes::<Organization>("The organization.")
            .done("With `dry_run`: it would be done.")
            .conflicts(&[NameTaken, ChangedMeanwhile]),
        get(ONE, "Show an organization").gives::<Organization>("The organization."),
        patch(ONE, "Give an organization another name")
            .takes::<PatchOrganization>()
            .gives::<Organization>("The organization as it is now.")
            .conflicts(&[NameTaken, BuiltIn, ChangedMeanwhile]),
        removes(delete(ONE, "Remove an organization with nothing in it")),
    ];
    Group { name: "Organizations", about: "The places that hold all others.", operations }
}

/// `/api/v1/organizations/{organization}/projects`.
pub(super) fn projects() -> Group {
    const ALL: &str = "/api/v1/organizations/{organization}/projects";
    const ONE: &str = "/api/v1/organizations/{organization}/projects/{project}";
    let operations = vec![
        get(ALL, "List projects")
            .query::<PageQuery>()
            .lists::<Project>("Those that the caller sees, newest first."),
        put(ONE, "Make a project, or replace what is said about one")
            .query::<DryRun>()
            .takes::<PutProject>()
            .gives::<Project>("The project as it is now.")
            .makes::<Project>("The project is new.")
            .done("With `dry_run`: it would be done.")
            .conflicts(&[NameTaken, ChangedMeanwhile]),
        get(ONE, "Show a project").gives::<Project>("The project."),
        patch(ONE, "Change a project")
            .takes::<PatchProject>()
            .gives::<Project>("The project as it is now.")
            .conflicts(&[NameTaken, ChangedMeanwhile]),
        removes(delete(ONE, "Remove a project")),
    ];
    Group { name: "Projects", about: "Places within an organization.", operations }
}

/// `/api/v1/organizations/{organization}/projects/{project}/pipelines`.
pub(super) fn pipelines() -> Group {
    const ALL: &str = "/api/v1/organizations/{organization}/projects/{project}/pipelines";
    const ONE: &str = "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}";
    let operations = vec![
        get(ALL, "List pipelines").query::<PageQuery>().lists::<Pipeline>("Pipelines, newest first."),
        put(ONE, "Make a pipeline, or replace what is said about one")
            .query::<DryRun>()
            .takes::<PutPipeline>()
            .gives::<Pipeline>("The pipeline as it is now.")
            .makes::<Pipeline>("The pipeline is new.")
            .done("With `dry_run`: it would be done.")
            .conflicts(&[NameTaken, ChangedMeanwhile]),
        get(ONE, "Show a pipeline").gives::<Pipeline>("The pipeline."),
        patch(ONE, "Change a pipeline")
            .takes::<PatchPipeline>()
            .gives::<Pipeline>("The pipeline as it is now.")
            .conflicts(&[NameTaken, ChangedMeanwhile]),
        removes(delete(ONE, "Remove a pipeline")),
    ];
    Group { name: "Pipelines", about: "What starts jobs in a project.", operations }
}

fn removes(operation: Operation) -> Operation {
    operation
        .query::<DryRun>()
        .done("It is gone; with `dry_run`: it would be.")
        .denied(&[ScopeExceedsGrant])
        .conflicts(&[NotEmpty, InUse, BuiltIn, ChangedMeanwhile])
}
