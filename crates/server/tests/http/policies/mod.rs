//! `/api/v1/policies`

mod creators;
mod dry_run;
mod ends;
mod lifetime;
mod networks;
mod renewable;
mod sign_in;
mod tightening;
mod unused;

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;

/// The three places around the project `default/apollo`, and itself.
pub(crate) const LEVELS: [&str; 3] = ["*", "default/*", "default/apollo"];

/// Policies and what they do, on a server of one's own.
impl Authority {
    pub(crate) async fn set_policy(&self, place: &str, policy: Value) -> Answer {
        self.put(&self.admin().await, &policy_path(place), policy).await
    }

    pub(crate) async fn remove_policy(&self, place: &str) {
        self.delete(&self.admin().await, &policy_path(place)).await.expect(204);
    }

    /// Makes the projects `default/apollo` and `default/gemini`, and the API `taskurai`.
    pub(crate) async fn projects(&self) {
        self.api().await;
        for project in ["apollo", "gemini"] {
            let path = format!("/api/v1/organizations/default/projects/{project}");
            self.put(&self.admin().await, &path, json!({})).await.expect(201);
        }
    }

    /// What `taskurai` is told about a token that reads tasks at a place.
    pub(crate) async fn verdict_at(&self, token: &str, resource: Option<&str>) -> Value {
        let mut body = json!({"token": token, "scope": "Taskurai.Task.Read"});
        if let Some(resource) = resource {
            body["resource"] = json!(resource);
        }
        self.post(&self.api().await, "/api/v1/verify", body).await.expect(200).body
    }

    /// The reason why it may not, at the project; nothing when it may.
    pub(crate) async fn reason(&self, token: &str) -> Option<String> {
        let verdict = self.verdict_at(token, Some("default/apollo")).await;
        assert_eq!(verdict["allowed"].as_bool(), Some(verdict["reason"].is_null()), "{verdict}");
        verdict["reason"].as_str().map(ToOwned::to_owned)
    }
}

pub(crate) fn policy_path(place: &str) -> String {
    format!("/api/v1/policies/{}", place.replace('/', "%2F").replace('*', "%2A"))
}
