//! Users, groups and service accounts.

use jeton_api::Code::{
    BuiltIn, Busy, ChangedMeanwhile, IdentityTaken, InvalidPassword, LastAdministrator, LimitReached,
    NameTaken, NotHonouredHere, ScopeExceedsGrant, TooManyAttempts, UnknownName,
};
use jeton_api::{
    Group as ApiGroup, Identity, LinkIdentity, PatchGroup, PatchServiceAccount, PatchUser, PutGroup,
    PutServiceAccount, PutTrust, PutUser, ServiceAccount, Trust, User,
};

use super::super::v1::kept::DryRun;
use super::super::v1::page::PageQuery;
use super::super::v1::service_accounts::ListQuery;
use super::operation::{Group, Operation, delete, get, patch, post, put};

/// `/api/v1/users`.
pub(super) fn users() -> Group {
    let operations = vec![
        get("/api/v1/users", "List users").query::<PageQuery>().lists::<User>("Users, newest first."),
        put("/api/v1/users/{name}", "Make a user, or replace what is said about one")
            .header("If-None-Match", "`*`: only make.")
            .takes::<PutUser>()
            .gives::<User>("The user as they are now.")
            .makes::<User>("The user is new.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[NameTaken, LastAdministrator, ChangedMeanwhile])
            .invalid(&[InvalidPassword])
            .limited(&[Busy, TooManyAttempts]),
        get("/api/v1/users/{name}", "Show a user").gives::<User>("The user."),
        patch("/api/v1/users/{name}", "Change a user")
            .takes::<PatchUser>()
            .gives::<User>("The user as they are now.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[LastAdministrator, ChangedMeanwhile])
            .invalid(&[InvalidPassword])
            .limited(&[Busy, TooManyAttempts]),
        delete("/api/v1/users/{name}", "Remove a user")
            .about("For good: their tokens are revoked.")
            .done("They are gone.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[LastAdministrator, ChangedMeanwhile]),
        get("/api/v1/users/{name}/identities", "List a user's accounts at other issuers")
            .lists::<Identity>("The accounts by which they sign in."),
        post("/api/v1/users/{name}/identities", "Link an account at another issuer to a user")
            .takes::<LinkIdentity>()
            .makes::<Identity>("The link.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[IdentityTaken, ChangedMeanwhile]),
        delete("/api/v1/users/{name}/identities/{id}", "End such a link")
            .done("It is gone.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[ChangedMeanwhile]),
    ];
    Group { name: "Users", about: "People.", operations }
}

/// `/api/v1/groups`.
pub(super) fn groups() -> Group {
    let operations = vec![
        get("/api/v1/groups", "List groups").query::<PageQuery>().lists::<ApiGroup>("Groups, by name."),
        put("/api/v1/groups/{name}", "Make a group, or replace what is given")
            .query::<DryRun>()
            .takes::<PutGroup>()
            .gives::<ApiGroup>("The group as it is now.")
            .makes::<ApiGroup>("The group is new.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownName])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[NameTaken, BuiltIn, LastAdministrator, ChangedMeanwhile]),
        get("/api/v1/groups/{name}", "Show a group").gives::<ApiGroup>("The group."),
        patch("/api/v1/groups/{name}", "Change a group")
            .query::<DryRun>()
            .takes::<PatchGroup>()
            .gives::<ApiGroup>("The group as it is now.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownName])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[BuiltIn, LastAdministrator, ChangedMeanwhile]),
        delete("/api/v1/groups/{name}", "Remove a group")
            .about("With it go its bindings.")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[BuiltIn, LastAdministrator, ChangedMeanwhile]),
    ];
    Group { name: "Groups", about: "Users and service accounts under one name.", operations }
}

/// `/api/v1/service-accounts`.
pub(super) fn service_accounts() -> Group {
    let operations = vec![
        get("/api/v1/service-accounts", "List service accounts")
            .query::<ListQuery>()
            .lists::<ServiceAccount>("Those that the caller looks after, newest first.")
            .hides(),
        put("/api/v1/service-accounts/{name}", "Make a service account, or replace what is given")
            .query::<DryRun>()
            .takes::<PutServiceAccount>()
            .gives::<ServiceAccount>("The account as it is now.")
            .makes::<ServiceAccount>("The account is new.")
            .done("With `dry_run`: it would be done.")
            .invalid(&[UnknownName])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[NameTaken, LastAdministrator, ChangedMeanwhile]),
        get("/api/v1/service-accounts/{name}", "Show a service account")
            .gives::<ServiceAccount>("The account."),
        patch("/api/v1/service-accounts/{name}", "Change a service account")
            .query::<DryRun>()
            .takes::<PatchServiceAccount>()
            .gives::<ServiceAccount>("The account as it is now.")
            .done("With `dry_run`: it would be done.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[LastAdministrator, ChangedMeanwhile]),
        delete("/api/v1/service-accounts/{name}", "Remove a service account")
            .about("For good: its tokens are revoked.")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[LastAdministrator, ChangedMeanwhile]),
    ];
    Group { name: "Service accounts", about: "The accounts of programs.", operations }
}

/// `/api/v1/service-accounts/{name}/trusts`, and the same below pipelines.
pub(super) fn trusts() -> Group {
    const OF_ACCOUNT: [&str; 2] =
        ["/api/v1/service-accounts/{name}/trusts", "/api/v1/service-accounts/{name}/trusts/{trust}"];
    const OF_PIPELINE: [&str; 2] = [
        "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts",
        "/api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}/trusts/{trust}",
    ];
    let mut operations = trusts_of("List the trusts of a service account", OF_ACCOUNT);
    operations.extend(trusts_of("List the trusts of a pipeline", OF_PIPELINE));
    let about = "Whose identity tokens stand for a service account, or start jobs of a pipeline.";
    Group { name: "Trusts", about, operations }
}

fn trusts_of(list: &'static str, [all, one]: [&'static str; 2]) -> Vec<Operation> {
    vec![
        get(all, list).lists::<Trust>("All of them, newest first."),
        put(one, "Make a trust, or replace it")
            .query::<DryRun>()
            .takes::<PutTrust>()
            .gives::<Trust>("The trust as it is now.")
            .makes::<Trust>("The trust is new.")
            .done("With `dry_run`: it would be done.")
            .denied(&[ScopeExceedsGrant, NotHonouredHere])
            .conflicts(&[NameTaken, LimitReached, ChangedMeanwhile]),
        get(one, "Show a trust").gives::<Trust>("The trust."),
        delete(one, "Remove a trust")
            .about("The tokens and jobs that came from it end.")
            .query::<DryRun>()
            .done("It is gone; with `dry_run`: it would be.")
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[ChangedMeanwhile]),
    ]
}
