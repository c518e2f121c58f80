//! `/info` and `/api/v1/master`: which server this is. The client asks before every command.

use axum::Json;
use axum::body::Body;
use axum::http::Response;
use serde_json::json;

use super::super::super::problem::no_store;

/// The version whose wire this is. The client compares it with its own.
const VERSION: &str = "0.38.1";
const NAME: &str = "jeton";

/// What the client reads first of all.
pub(crate) async fn info() -> Response<Body> {
    no_store(Json(json!({
        "version": VERSION,
        "master_id": NAME,
        "cluster_id": NAME,
        "cluster_name": NAME,
        "telemetry": { "enabled": false },
        "sso_providers": [],
    })))
}

/// The same in other words. Roles are not administered over this wire, and so it says that there are none.
pub(crate) async fn show() -> Response<Body> {
    no_store(Json(json!({
        "version": VERSION,
        "masterId": NAME,
        "clusterId": NAME,
        "clusterName": NAME,
        "branding": "determined",
        "hasCustomLogo": false,
        "strictJobQueueControl": false,
        "telemetryEnabled": false,
        "rbacEnabled": false,
        "ssoProviders": [],
        "featureSwitches": [],
    })))
}
