//! `api/access.txt` tells the truth: one real call for each action and place, by somebody with each role.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::policies::policy_path;
use crate::support::{Authority, PASSWORD, Pat, fresh, sample};

on_both! {
    alone: each_role_may_do_what_the_table_says_and_nothing_else;
}

const TABLE: &str = include_str!("../../../../api/access.txt");
/// The columns of the table, as places: everywhere, the organization, its project, another organization, its project.
const PLACES: [&str; 5] = ["*", "acme/*", "acme/web", "other/*", "other/shop"];
/// The organizations of these places.
const ORGANIZATIONS: [&str; 5] = ["", "acme", "acme", "other", "other"];

/// The cells of the table by role, place of the binding, and action.
fn table() -> BTreeMap<(String, String, String), Vec<bool>> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1);
    let cell = |line: &str, at: usize, width: usize| {
        line.get(at..line.len().min(at + width)).unwrap_or_default().trim().to_owned()
    };
    let read = |line: &str| {
        let cells = (0..5).map(|column| cell(line, 56 + 14 * column, 14) == "yes").collect();
        ((cell(line, 0, 18), cell(line, 18, 14), cell(line, 32, 24)), cells)
    };
    rows.map(read).collect()
}

/// What is there to act on.
struct Stage {
    authority: Authority,
    admin: String,
    /// A role binding at each place.
    bindings: Vec<String>,
    /// The credentials of the APIs `acme` and `other`.
    apis: [String; 2],
}

/// Somebody with one role.
struct Holder {
    session: String,
    pat: Pat,
}

async fn each_role_may_do_what_the_table_says_and_nothing_else(authority: Authority) {
    let stage = stage(authority).await;
    let table = table();
    let mut compared = 0;
    let held: std::collections::BTreeSet<_> =
        table.keys().map(|(role, bound, _)| (role.clone(), bound.clone())).collect();
    for (role, bound) in held.iter().filter(|(_, bound)| bound != "project") {
        let holder = stage.holder(role, if bound == "everywhere" { "*" } else { "acme/*" }).await;
        for ((_, _, action), cells) in table.iter().filter(|((r, b, _), _)| (r, b) == (role, bound)) {
            for (at, expected) in cells.iter().enumerate() {
                if let Some(may) = stage.may(&holder, action, at).await {
                    assert_eq!(may, *expected, "{role} at {bound}: {action} at {}", PLACES[at]);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 15 * 40, "{compared} cells were compared");
}

async fn stage(authority: Authority) -> Stage {
    let admin = authority.admin().await;
    let bound = authority.get(&admin, "/api/v1/role-bindings?subject_type=group&subject=everyone").await;
    for binding in bound.expect(200).body["items"].as_array().unwrap() {
        let path = format!("/api/v1/role-bindings/{}", binding["id"].as_str().unwrap());
        authority.delete(&admin, &path).await.expect(204);
    }
    let mut apis = Vec::new();
    for (organization, project) in [("acme", "web"), ("other", "shop")] {
        let path = format!("/api/v1/organizations/{organization}");
        authority.put(&admin, &path, json!({})).await.expect(201);
        let path = format!("{path}/projects/{project}");
        authority.put(&admin, &path, json!({})).await.expect(201);
        let pipeline = format!("{path}/pipelines/nightly");
        authority.put(&admin, &pipeline, json!({"kind": "yaml"})).await.expect(201);
        let mut body = sample::api(organization, &format!("Api-{organization}"));
        body["organization"] = json!(organization);
        authority.put(&admin, &format!("/api/v1/apis/{organization}"), body).await.expect(201);
        apis.push(authority.credential(organization).await);
        let body = json!({"organization": organization});
        authority
            .put(&admin, &format!("/api/v1/service-accounts/bot-{organization}"), body)
            .await
            .expect(201);
    }
    authority.put(&admin, "/api/v1/users/victim", json!({"password": PASSWORD})).await.expect(201);
    let mut bindings = Vec::new();
    for place in PLACES {
        let subject = json!({"type": "user", "name": "victim"});
        let body = json!({"role": "JobRunner", "subject": subject, "place": place});
        let made = authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
        bindings.push(made.body["id"].as_str().unwrap().to_owned());
    }
    Stage { admin, bindings, apis: apis.try_into().unwrap(), authority }
}

impl Stage {
    async fn holder(&self, role: &str, place: &str) -> Holder {
        let name = fresh("holder");
        let path = format!("/api/v1/users/{name}");
        self.authority.put(&self.admin, &path, json!({"password": PASSWORD})).await.expect(201);
        let subject = json!({"type": "user", "name": name});
        let body = json!({"role": role, "subject": subject, "place": place});
        self.authority.post(&self.admin, "/api/v1/role-bindings", body).await.expect(201);
        let session = self.authority.session(&name, PASSWORD).await;
        let body = json!({"owner": name, "scopes": ["*"]});
        Holder { session, pat: self.authority.token(&self.admin, body).await.pat() }
    }

    /// Whether the holder may do this there; nothing where no address does that.
    async fn may(&self, holder: &Holder, action: &str, at: usize) -> Option<bool> {
        if action == "api.use" {
            return self.uses(holder, at).await;
        }
        let (method, path, body) = match action.strip_suffix(" own") {
            Some(action) if at == 0 => self.on_own_token(holder, action).await,
            Some(_) => return None,
            None if action.ends_with(" api") => self.on_credential(action, at).await?,
            None if action.starts_with("token.") => self.on_anothers_token(action, at).await?,
            None if action.starts_with("job.") => self.on_job(action, at).await?,
            None => self.administering(action, at)?,
        };
        let answer = self.authority.call(&holder.session, method.clone(), &path, body).await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        match (answer.status, code) {
            (200 | 201 | 204, _) | (403, "scope_exceeds_grant") | (409, "token_not_live") => Some(true),
            // What somebody has nothing to do with does not exist for them.
            (403, "insufficient_scope") | (404, "not_found") | (422, "unknown_name") => Some(false),
            _ => panic!("{method} {path}: {}", answer.text),
        }
    }

    async fn on_own_token(&self, holder: &Holder, action: &str) -> (Method, String, Value) {
        let path = format!("/api/v1/tokens/{}", sample::id_of(&holder.session));
        let body = json!({"scopes": ["*"]});
        match action {
            "token.create" => (Method::POST, "/api/v1/tokens".to_owned(), body),
            "token.read" => (Method::GET, path, Value::Null),
            "token.update" => (Method::PATCH, path, json!({"description": "x"})),
            "token.rotate" => (Method::POST, format!("{path}/rotate"), json!({"overlap_minutes": 0})),
            "token.revoke" => {
                (Method::DELETE, format!("/api/v1/tokens/{}", self.own(holder).await), Value::Null)
            }
            _ => panic!("`{action}` on one's own token"),
        }
    }

    /// Another token of the holder's, to be ended.
    async fn own(&self, holder: &Holder) -> String {
        let record = self.authority.record(&self.admin, &holder.pat.id).await;
        let body = json!({"owner": record["owner"]["name"], "scopes": ["*"]});
        self.authority.token(&self.admin, body).await.pat().id
    }

    /// People are looked after everywhere, service accounts by their organization, and nobody by a project.
    async fn on_anothers_token(&self, action: &str, at: usize) -> Option<(Method, String, Value)> {
        let body = match ORGANIZATIONS[at] {
            "" => json!({"owner": "victim", "scopes": ["*"]}),
            organization if PLACES[at].ends_with('*') => {
                json!({"kind": "service", "owner": format!("bot-{organization}"), "scopes": ["*"]})
            }
            _ => return None,
        };
        if action == "token.create" {
            return Some((Method::POST, "/api/v1/tokens".to_owned(), body));
        }
        let id = self.authority.token(&self.admin, body).await.pat().id;
        let path = format!("/api/v1/tokens/{id}");
        Some(match action {
            "token.read" => (Method::GET, path, Value::Null),
            "token.update" => (Method::PATCH, path, json!({"description": "x"})),
            "token.rotate" => (Method::POST, format!("{path}/rotate"), json!({"overlap_minutes": 0})),
            "token.revoke" => (Method::DELETE, path, Value::Null),
            "token.approve" => (Method::POST, format!("{path}/approve"), Value::Null),
            _ => panic!("`{action}` on another's token"),
        })
    }

    /// Of an API of the organization, by which it is looked after.
    async fn on_credential(&self, action: &str, at: usize) -> Option<(Method, String, Value)> {
        let name = PLACES[at].strip_suffix("/*")?;
        let secret = self.authority.credential(name).await;
        let path = format!("/api/v1/tokens/{}", sample::id_of(&secret));
        Some(match action {
            "token.read api" => (Method::GET, path, Value::Null),
            "token.update api" => (Method::PATCH, path, json!({"description": "x"})),
            "token.rotate api" => (Method::POST, format!("{path}/rotate"), json!({"overlap_minutes": 0})),
            "token.revoke api" => (Method::DELETE, path, Value::Null),
            _ => panic!("`{action}` to a credential"),
        })
    }

    /// Of a pipeline of the project, started by somebody else.
    async fn on_job(&self, action: &str, at: usize) -> Option<(Method, String, Value)> {
        let (organization, project) = PLACES[at].split_once('/').filter(|(_, project)| *project != "*")?;
        let body = json!({"organization": organization, "project": project, "pipeline": "nightly"});
        if action == "job.mint" {
            return Some((Method::POST, "/api/v1/jobs".to_owned(), body));
        }
        let made = self.authority.post(&self.admin, "/api/v1/jobs", body).await.expect(201);
        let path = format!("/api/v1/jobs/{}", made.body["job"]["id"].as_str().unwrap());
        Some(match action {
            "job.read" => (Method::GET, path, Value::Null),
            "job.renew" => (Method::POST, format!("{path}/renew"), json!({})),
            "job.finish" => (Method::POST, format!("{path}/finish"), Value::Null),
            _ => panic!("`{action}` on a job"),
        })
    }

    fn administering(&self, action: &str, at: usize) -> Option<(Method, String, Value)> {
        let (organization, name) = (ORGANIZATIONS[at], fresh("new"));
        let (everywhere, whole) = (at == 0, at == 1 || at == 3);
        let of = format!("/api/v1/organizations/{organization}");
        let project = PLACES[at].split_once('/').map_or("", |(_, project)| project);
        let rehearsed = |path: String, body: Value| Some((Method::PUT, format!("{path}?dry_run=true"), body));
        let get = |path: &str| Some((Method::GET, path.to_owned(), Value::Null));
        match action {
            "user.read" if everywhere => get("/api/v1/users"),
            "user.write" if everywhere => {
                Some((Method::PUT, format!("/api/v1/users/{name}"), json!({"password": PASSWORD})))
            }
            "group.read" if everywhere => get("/api/v1/groups"),
            "group.write" if everywhere => rehearsed(format!("/api/v1/groups/{name}"), json!({})),
            "service_account.read" if whole => get(&format!("/api/v1/service-accounts/bot-{organization}")),
            "service_account.write" if whole => {
                rehearsed(format!("/api/v1/service-accounts/{name}"), json!({"organization": organization}))
            }
            "trust.write" if whole => {
                let path = format!("/api/v1/service-accounts/bot-{organization}/trusts/{name}");
                let claims = json!([{"claim": "sub", "pattern": "x"}]);
                rehearsed(path, json!({"issuer": "https://issuer.example", "claims": claims}))
            }
            "role.write" if everywhere => {
                rehearsed(format!("/api/v1/roles/{name}"), json!({"scopes": ["Jeton.Job.Read"]}))
            }
            "role_binding.read" => get(&format!("/api/v1/role-bindings/{}", self.bindings[at])),
            "role_binding.write" => {
                let path = format!("/api/v1/role-bindings/{}?dry_run=true", self.bindings[at]);
                Some((Method::DELETE, path, Value::Null))
            }
            "policy.write" => rehearsed(policy_path(PLACES[at]), json!({})),
            "organization.write" if everywhere => {
                rehearsed(format!("/api/v1/organizations/{name}"), json!({}))
            }
            "organization.write" if whole => Some((Method::PATCH, of, json!({}))),
            "project.write" if whole => rehearsed(format!("{of}/projects/{name}"), json!({})),
            "project.write" if !everywhere => {
                Some((Method::PATCH, format!("{of}/projects/{project}"), json!({})))
            }
            "pipeline.write" if !everywhere && !whole => {
                let path = format!("{of}/projects/{project}/pipelines/{name}");
                rehearsed(path, json!({"kind": "yaml"}))
            }
            "api.report" if whole => get(&format!("/api/v1/apis/{organization}/refusals")),
            "api.write" if whole => {
                let mut body = sample::api(&name, &fresh("Space"));
                body["organization"] = json!(organization);
                rehearsed(format!("/api/v1/apis/{name}"), body)
            }
            "api.credential" if whole => {
                Some((Method::POST, format!("/api/v1/apis/{organization}/credential"), Value::Null))
            }
            _ => Self::about_jobs(action, at),
        }
    }

    /// What is said about jobs, and what clients of Azure DevOps read.
    fn about_jobs(action: &str, at: usize) -> Option<(Method, String, Value)> {
        let (organization, name) = (ORGANIZATIONS[at], fresh("new"));
        let (everywhere, whole) = (at == 0, at == 1 || at == 3);
        let of = format!("/api/v1/organizations/{organization}");
        let project = PLACES[at].split_once('/').map_or("", |(_, project)| project);
        let get = |path: &str| Some((Method::GET, path.to_owned(), Value::Null));
        match action {
            "pipeline_trust.read" if !everywhere && !whole => {
                get(&format!("{of}/projects/{project}/pipelines/nightly/trusts"))
            }
            "pipeline_trust.write" if !everywhere && !whole => {
                let path = format!("{of}/projects/{project}/pipelines/nightly/trusts/{name}");
                let claims = json!([{"claim": "sub", "pattern": "x"}]);
                let body = json!({"issuer": "https://issuer.example", "claims": claims});
                Some((Method::PUT, format!("{path}?dry_run=true"), body))
            }
            "job_settings.write" if whole => {
                Some((Method::PATCH, format!("{of}/job-settings"), json!({"limit_forks": true})))
            }
            "job_settings.write" if !everywhere => {
                let path = format!("{of}/projects/{project}/job-settings");
                Some((Method::PATCH, path, json!({"limit_forks": true})))
            }
            "project.read" if whole => {
                get(&format!("/compat/azure-devops/{organization}/_apis/build/GeneralSettings"))
            }
            "project.read" if !everywhere => {
                get(&format!("/compat/azure-devops/{organization}/_apis/projects/{project}"))
            }
            "build.read" if !everywhere && !whole => {
                get(&format!("/compat/azure-devops/{organization}/{project}/_apis/pipelines"))
            }
            _ => None,
        }
    }

    /// Whether a token of the holder's is honoured by the API of the organization there.
    async fn uses(&self, holder: &Holder, at: usize) -> Option<bool> {
        let api = match ORGANIZATIONS[at] {
            "" => return None,
            "acme" => &self.apis[0],
            _ => &self.apis[1],
        };
        let scope = format!("Api-{}.Task.Read", ORGANIZATIONS[at]);
        let body = json!({"token": holder.pat.secret, "scope": scope, "resource": PLACES[at]});
        let told = self.authority.post(api, "/api/v1/verify", body).await.expect(200).body;
        Some(told["allowed"].as_bool().unwrap())
    }
}
