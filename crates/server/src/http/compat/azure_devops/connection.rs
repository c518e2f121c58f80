//! `{organization}/_apis/connectionData`: who the credential stands for, and which server this is.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::{guid, place};
use crate::authority::Caller;
use crate::store::PrincipalRecord;

/// Says both.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
) -> Result<Response<Body>, Problem> {
    let organization = place::organization(&doors, &caller, &organization).await?;
    let who = identity(&doors.authority.show_owner(&caller).await?);
    let instance = guid::of(organization.id.0);
    Ok(no_store(Json(json!({
        "authenticatedUser": who,
        "authorizedUser": who,
        "instanceId": instance,
        "deploymentId": instance,
        "deploymentType": "onPremises",
        "locationServiceData": {
            "serviceOwner": instance,
            "defaultAccessMappingMoniker": "PublicAccessMapping",
            "lastChangeId": 1,
            "lastChangeId64": 1,
        },
    }))))
}

/// What stands before an id in the name that this wire has for somebody.
const DESCRIPTOR: &str = "jeton.";

/// The name that this wire has for somebody.
pub(super) fn descriptor(id: jeton_token::PrincipalId) -> String {
    format!("{DESCRIPTOR}{id}")
}

/// Who has that name.
pub(super) fn described(descriptor: &str) -> Option<jeton_token::PrincipalId> {
    descriptor.strip_prefix(DESCRIPTOR)?.parse().ok()
}

fn identity(record: &PrincipalRecord) -> Value {
    let descriptor = descriptor(record.id);
    let account = record.email.as_deref().unwrap_or(&record.name);
    json!({
        "id": guid::of(record.id.0),
        "descriptor": descriptor,
        "subjectDescriptor": descriptor,
        "providerDisplayName": record.display_name.as_deref().unwrap_or(&record.name),
        "isActive": true,
        "properties": { "Account": { "$type": "System.String", "$value": account } },
        "resourceVersion": 2,
        "metaTypeId": 0,
    })
}
