//! What is kept of users and groups, said in the language of SCIM (RFC 7643, section 7).

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of a JSON value reads as null and is written as new"
)]

use serde_json::{Value, json};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// What this server can do; `base` is where.
pub(super) fn service_provider_config(base: &str, results_max: u32) -> Value {
    json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": results_max },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": false },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Token",
            "description": "A token of Jeton with Jeton.Admin.User and Jeton.Admin.Group, as a Bearer token",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// The kinds of resources.
pub(super) fn resource_types(base: &str) -> Vec<Value> {
    let one = |name: &str, endpoint: &str, schema: &str, description: &str| {
        json!({
            "schemas": [RESOURCE_TYPE],
            "id": name,
            "name": name,
            "description": description,
            "endpoint": endpoint,
            "schema": schema,
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
        })
    };
    vec![one("User", "/Users", USER, "People"), one("Group", "/Groups", GROUP, "Groups of people")]
}

/// What each kind has. `externalId`, `id` and `meta` are common to all resources and not listed (RFC 7643, section 3.1).
pub(super) fn schemas(base: &str) -> Vec<Value> {
    let one = |id: &str, name: &str, attributes: Vec<Value>| {
        json!({
            "schemas": [SCHEMA],
            "id": id,
            "name": name,
            "description": name,
            "attributes": attributes,
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") },
        })
    };
    vec![one(USER, "User", user()), one(GROUP, "Group", group())]
}

fn user() -> Vec<Value> {
    let mut name = attribute(
        "userName",
        "string",
        "What the directory calls the user, in any alphabet. The name to sign in with follows from it",
    );
    name["required"] = json!(true);
    name["uniqueness"] = json!("server");
    // It always has a value, so it cannot be removed. A new user for whom it is not said is active.
    let mut active = attribute("active", "boolean", "Whether the user's tokens count");
    active["required"] = json!(true);
    let mut kind = attribute("type", "string", "What the address is for");
    kind["canonicalValues"] = json!(["work", "home", "other"]);
    let mut emails =
        attribute("emails", "complex", "The address of the user. One is kept: the primary one, or the first");
    emails["multiValued"] = json!(true);
    emails["subAttributes"] = json!([
        attribute("value", "string", "The address"),
        kind,
        attribute("primary", "boolean", "Whether this is the preferred address"),
    ]);
    let mut parts = attribute("name", "complex", "The user's own name");
    parts["subAttributes"] = json!([
        attribute("formatted", "string", "The whole name"),
        attribute("givenName", "string", "The first name"),
        attribute("familyName", "string", "The last name"),
    ]);
    vec![name, parts, attribute("displayName", "string", "The name to show"), active, emails]
}

fn group() -> Vec<Value> {
    let mut name = attribute(
        "displayName",
        "string",
        "What the directory calls the group, in any alphabet. The group's name here follows from it",
    );
    name["required"] = json!(true);
    name["uniqueness"] = json!("server");
    let fixed = |mut attribute: Value| {
        attribute["mutability"] = json!("immutable");
        attribute["caseExact"] = json!(true);
        attribute
    };
    let mut reference = attribute("$ref", "reference", "Where the user is");
    reference["referenceTypes"] = json!(["User"]);
    let mut kind = attribute("type", "string", "What the member is: a user");
    kind["canonicalValues"] = json!(["User"]);
    let mut members = attribute("members", "complex", "The users in the group");
    members["multiValued"] = json!(true);
    members["subAttributes"] =
        json!([fixed(attribute("value", "string", "The id of the user")), fixed(reference), fixed(kind),]);
    vec![name, members]
}

fn attribute(name: &str, kind: &str, description: &str) -> Value {
    json!({
        "name": name,
        "type": kind,
        "multiValued": false,
        "description": description,
        "required": false,
        "caseExact": false,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    })
}
