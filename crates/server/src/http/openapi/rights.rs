//! Roles, their bindings, and policies.

use jeton_api::Code::{
    BuiltIn, ChangedMeanwhile, InUse, LastAdministrator, NameTaken, NotBindableThere, PolicyLoosens,
    ScopeExceedsGrant, UnknownName, UnknownScope,
};
use jeton_api::{
    CreateRoleBinding, PatchRole, PlacePolicy, Policy, PolicyEffect, PutRole, Role, RoleBinding,
    RoleBindingQuery,
};

use super::super::v1::kept::DryRun;
use super::super::v1::page::PageQuery;
use super::operation::{Group, delete, get, patch, post, put};

/// `/api/v1/roles`.
pub(super) fn roles() -> Group {
    let operations = vec![
        get("/api/v1/roles", "List roles").query::<PageQuery>().lists::<Role>("Roles, by name."),
        put("/api/v1/roles/{name}", "Make a role, or replace it")
            .query::<DryRun>()
            .takes::<PutRole>()
            .gives::<Role>("The role as it is now.")
            .makes::<Role>("The role is new.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownScope])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[NameTaken, BuiltIn, LastAdministrator, ChangedMeanwhile]),
        get("/api/v1/roles/{name}", "Show a role").gives::<Role>("The role."),
        patch("/api/v1/roles/{name}", "Change a role")
            .query::<DryRun>()
            .takes::<PatchRole>()
            .gives::<Role>("The role as it is now.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownScope])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[BuiltIn, LastAdministrator, ChangedMeanwhile]),
        delete("/api/v1/roles/{name}", "Remove a role that nobody has")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[BuiltIn, InUse, ChangedMeanwhile]),
    ];
    Group { name: "Roles", about: "Named sets of rights.", operations }
}

/// `/api/v1/role-bindings`.
pub(super) fn role_bindings() -> Group {
    let operations = vec![
        get("/api/v1/role-bindings", "List bindings")
            .query::<RoleBindingQuery>()
            .lists::<RoleBinding>("Those that the caller may see, newest first.")
            .invalid(&[UnknownName]),
        post("/api/v1/role-bindings", "Give somebody a role at a place")
            .query::<DryRun>()
            .takes::<CreateRoleBinding>()
            .gives::<RoleBinding>("It is there already.")
            .makes::<RoleBinding>("The binding.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownName, NotBindableThere])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[ChangedMeanwhile])
            .hides(),
        get("/api/v1/role-bindings/{id}", "Show a binding").gives::<RoleBinding>("The binding."),
        delete("/api/v1/role-bindings/{id}", "Take a role from somebody")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[LastAdministrator, ChangedMeanwhile]),
    ];
    Group { name: "Role bindings", about: "Who has which role where.", operations }
}

/// `/api/v1/policies`.
pub(super) fn policies() -> Group {
    let operations = vec![
        get("/api/v1/policies", "List policies")
            .lists::<PlacePolicy>("Those of all places that the caller has something to do with."),
        put("/api/v1/policies/{place}", "Set the policy of a place")
            .about("The answer says what that does to tokens that exist. With `dry_run` it only says it.")
            .query::<DryRun>()
            .takes::<Policy>()
            .gives::<PolicyEffect>("The policy, and what it does or would do.")
            .invalid(&[UnknownName, PolicyLoosens])
            .conflicts(&[ChangedMeanwhile]),
        get("/api/v1/policies/{place}", "Show the policy of a place")
            .gives::<PlacePolicy>("What was said there, and what holds there."),
        delete("/api/v1/policies/{place}", "Remove the policy of a place")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .conflicts(&[ChangedMeanwhile]),
    ];
    Group { name: "Policies", about: "Limits that places set for the tokens used there.", operations }
}
