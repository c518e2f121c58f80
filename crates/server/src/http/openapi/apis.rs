//! Protected APIs.

use jeton_api::Code::{
    BuiltIn, ChangedMeanwhile, NameTaken, NamespaceTaken, NotHonouredHere, ScopeExceedsGrant,
    ScopeTombstoned, UnknownName, UnknownScope,
};
use jeton_api::{Api, ApiRefusal, Issued, PutApi};

use super::super::v1::apis::PutQuery;
use super::super::v1::page::PageQuery;
use super::operation::{Group, delete, get, post, put};

/// `/api/v1/apis`.
pub(super) fn apis() -> Group {
    let operations = vec![
        get("/api/v1/apis", "List APIs").lists::<Api>(
            "The APIs of the organizations that the caller sees, with their catalogues, by name.",
        ),
        put("/api/v1/apis/{name}", "Register an API, or replace what it declares")
            .about("With `dry_run` nothing changes, and the answer is the plan.")
            .query::<PutQuery>()
            .takes::<PutApi>()
            .gives::<PutApiAnswer>("The API as it is now; with `dry_run` what would change.")
            .makes::<Api>("The API is new.")
            .invalid(&[UnknownName, UnknownScope])
            .denied(&[ScopeExceedsGrant])
            .conflicts(&[NameTaken, NamespaceTaken, ScopeTombstoned, BuiltIn, ChangedMeanwhile]),
        get("/api/v1/apis/{name}", "Show an API").gives::<Api>("The API."),
        delete("/api/v1/apis/{name}", "Remove an API")
            .about("Its credentials are revoked.")
            .done("It is gone.")
            .conflicts(&[BuiltIn, ChangedMeanwhile]),
        get("/api/v1/apis/{name}/refusals", "List what the gateways of an API would have refused")
            .about("Since the API was declared last, and while its `forward_auth` is `report_only`.")
            .query::<PageQuery>()
            .lists::<ApiRefusal>("Alike requests are one item, and what was seen first comes last.")
            .denied(&[ScopeExceedsGrant]),
        post("/api/v1/apis/{name}/credential", "Make a credential for an API")
            .makes::<Issued>("The credential and its secret, which is shown once.")
            .denied(&[NotHonouredHere])
            .conflicts(&[BuiltIn, NameTaken, ChangedMeanwhile]),
    ];
    Group { name: "APIs", about: "Protected APIs: their scopes, routes and credentials.", operations }
}

/// What a PUT of an API answers.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema only")]
enum PutApiAnswer {
    /// The API as it is now.
    Api(Api),
    /// What would change.
    Plan(jeton_api::ApiPlan),
}
