//! About the server itself.

use utoipa::ToSchema;

use super::operation::{Group, get};

const TEXT: &str = "text/plain";

/// What stands at the root.
pub(super) fn server() -> Group {
    let operations = vec![
        get("/healthz", "Whether the process answers").says(TEXT, "It does."),
        get("/readyz", "Whether the store answers too").says(TEXT, "It does."),
        get("/metrics", "Numbers for Prometheus")
            .about("Keep it from public networks: it tells how much this server is used.")
            .says(TEXT, "Metrics in the text format."),
        get("/openapi.json", "This description").gives::<Description>("OpenAPI 3.1.").may_be_known(),
        get("/docs", "This description, as a page").says("text/html", "A page.").may_be_known(),
    ];
    Group { name: "Server", about: "About the server itself.", operations }
}

/// A document in the form of OpenAPI 3.1.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct Description {
    /// The version of that form.
    openapi: String,
}
