//! What is done in organizations is allowed by exactly the scopes that it is said to need: a token with one of them may,
//! and one with every other scope there is may not.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        each_action_is_allowed_by_one_of_its_scopes_and_by_nothing_else,
        what_is_done_to_ones_own_tokens_is_allowed_by_one_of_its_scopes_and_by_nothing_else;
}

/// Method, path and body.
type Call = (&'static str, &'static str, &'static str);
/// An action, the scopes of which one suffices, and calls that do it. Behind a scope stands what its calls need besides.
type Row = (&'static str, &'static [&'static str], &'static [Call]);

/// A scope that no action asks for. With it a token has something to do with the organization.
const FILLER: &str = "vso.code";
/// Actions that are done in an organization `{o}`. In a call `{n}` is the native
/// address of it, `{c}` that for clients of Azure DevOps, `{j}` a job that somebody else started, `{s}` somebody else.
const ACTIONS: [Row; 10] = [
    (
        "project.read",
        &["vso.project"],
        &[
            ("GET", "{c}/_apis/projects", ""),
            ("GET", "{c}/_apis/projects/web", ""),
            ("GET", "{c}/_apis/build/GeneralSettings", ""),
            ("GET", "{c}/web/_apis/build/GeneralSettings", ""),
        ],
    ),
    (
        "build.read",
        &["vso.build"],
        &[("GET", "{c}/web/_apis/pipelines", ""), ("GET", "{c}/web/_apis/build/Definitions", "")],
    ),
    (
        "job_settings.write",
        &["Jeton.Admin.Job", "vso.project_write"],
        &[
            ("PATCH", "{n}/job-settings", r#"{"limit_forks": true}"#),
            ("PATCH", "{n}/projects/web/job-settings", r#"{"limit_forks": true}"#),
            ("PATCH", "{c}/_apis/build/GeneralSettings", r#"{"enforceJobAuthScopeForForks": true}"#),
            ("PATCH", "{c}/web/_apis/build/GeneralSettings", r#"{"enforceJobAuthScopeForForks": true}"#),
        ],
    ),
    (
        "token.read",
        &["Jeton.Admin.Token", "Jeton.Audit.Read", "vso.tokenadministration"],
        &[("GET", "{c}/_apis/tokenadmin/personalaccesstokens/{s}", "")],
    ),
    (
        "token.revoke",
        &["Jeton.Admin.Token", "vso.tokenadministration"],
        &[
            ("POST", "{c}/_apis/tokenadmin/revocations", "[]"),
            (
                "POST",
                "{c}/_apis/tokenadmin/revocationrules",
                r#"{"scopes": "vso.wiki", "createdBefore": "2000-01-01T00:00:00Z"}"#,
            ),
        ],
    ),
    (
        "pipeline_trust.read",
        &["Jeton.Admin.Job", "Jeton.Audit.Read"],
        &[("GET", "{n}/projects/web/pipelines/ci/trusts", "")],
    ),
    (
        "pipeline_trust.write",
        &["Jeton.Admin.Job Jeton.Job.Mint"],
        &[(
            "PUT",
            "{n}/projects/web/pipelines/ci/trusts/new?dry_run=true",
            r#"{"issuer": "https://issuer.example", "claims": [{"claim": "sub", "pattern": "x"}]}"#,
        )],
    ),
    (
        "job.mint",
        &["Jeton.Job.Mint"],
        &[("POST", "/api/v1/jobs", r#"{"organization": "{o}", "project": "web", "pipeline": "ci"}"#)],
    ),
    (
        "job.read",
        &["Jeton.Job.Read", "Jeton.Admin.Job", "Jeton.Audit.Read"],
        &[("GET", "/api/v1/jobs/{j}", "")],
    ),
    (
        "job.renew and job.finish",
        &["Jeton.Admin.Job"],
        &[("POST", "/api/v1/jobs/{j}/renew", "{}"), ("POST", "/api/v1/jobs/{j}/finish", "{}")],
    ),
];

/// The same for what is one's own, at no place.
const OWN: [Row; 4] = [
    (
        "token.create",
        &["Jeton.Token.Create", "vso.pats_manage"],
        &[("POST", "/api/v1/tokens", r#"{"scopes": ["vso.code"]}"#)],
    ),
    (
        "token.read",
        &["Jeton.Token.Read", "vso.pats", "vso.pats_manage"],
        &[("GET", "/api/v1/tokens", ""), ("GET", "{c}/_apis/tokens/pats", "")],
    ),
    (
        "token.update",
        &["Jeton.Token.Update", "vso.pats_manage"],
        &[("PATCH", "/api/v1/tokens/{t}", r#"{"description": "x"}"#)],
    ),
    ("token.revoke", &["Jeton.Token.Revoke", "vso.pats_manage"], &[("DELETE", "/api/v1/tokens/{t}", "")]),
];

/// Every scope of the two APIs that Jeton brings along, with those that it brings along.
async fn scopes(authority: &Authority, admin: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut scopes = Vec::new();
    for name in ["jeton", "azure-devops"] {
        let api = authority.get(admin, &format!("/api/v1/apis/{name}")).await.expect(200).body;
        for scope in api["scopes"].as_array().unwrap() {
            let implied = scope["implies"].as_array().cloned().unwrap_or_default();
            let implied = implied.iter().map(|one| one.as_str().unwrap().to_owned()).collect();
            scopes.push((scope["name"].as_str().unwrap().to_owned(), implied));
        }
    }
    scopes
}

/// All but these, and but those that bring one of these along.
fn others(all: &[(String, BTreeSet<String>)], allowed: &[&str]) -> Vec<String> {
    let mut without: BTreeSet<String> = allowed.iter().map(|scope| (*scope).to_owned()).collect();
    loop {
        let before = without.len();
        for (scope, implied) in all {
            if implied.iter().any(|one| without.contains(one)) {
                without.insert(scope.clone());
            }
        }
        if without.len() == before {
            return all.iter().map(|(scope, _)| scope.clone()).filter(|one| !without.contains(one)).collect();
        }
    }
}

struct Stage {
    authority: Authority,
    admin: String,
    organization: String,
    /// Somebody else, who starts jobs; and what clients of Azure DevOps call them.
    runner: String,
    descriptor: String,
}

async fn stage(authority: Authority) -> Stage {
    let admin = authority.admin().await;
    let organization = authority.organization("Acme").await;
    let path = format!("/api/v1/organizations/{organization}/projects/web");
    authority.put(&admin, &path, json!({})).await.expect(201);
    authority.put(&admin, &format!("{path}/pipelines/ci"), json!({"kind": "yaml"})).await.expect(201);
    let runner = authority.person("runner").await;
    authority.bind("JobRunner", user(&runner.name), &format!("{organization}/web")).await;
    let told = format!("/compat/azure-devops/{organization}/_apis/connectionData");
    let told = authority.get(&runner.session, &told).await.expect(200).body;
    let descriptor = told["authenticatedUser"]["subjectDescriptor"].as_str().unwrap().to_owned();
    Stage { authority, admin, organization, runner: runner.session, descriptor }
}

impl Stage {
    /// A job that somebody else started.
    async fn job(&self) -> String {
        let body = json!({"organization": self.organization, "project": "web", "pipeline": "ci"});
        let made = self.authority.post(&self.runner, "/api/v1/jobs", body).await.expect(201);
        made.body["job"]["id"].as_str().unwrap().to_owned()
    }

    async fn call(&self, token: &str, (method, path, body): Call) -> Answer {
        let job = if path.contains("{j}") { self.job().await } else { String::new() };
        let native = format!("/api/v1/organizations/{}", self.organization);
        let wire = format!("/compat/azure-devops/{}", self.organization);
        let path = path.replace("{n}", &native).replace("{c}", &wire).replace("{j}", &job);
        let path = path.replace("{s}", &self.descriptor).replace("{t}", &self.own(&path, token).await);
        let body = body.replace("{o}", &self.organization);
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
        self.authority.call(token, Method::from_bytes(method.as_bytes()).unwrap(), &path, body).await
    }

    /// Another token of the same owner, if it is about one.
    async fn own(&self, path: &str, token: &str) -> String {
        if !path.contains("{t}") {
            return String::new();
        }
        let owner = self.authority.record(&self.admin, sample::id_of(token)).await["owner"]["name"].clone();
        let body = json!({"name": fresh("other"), "owner": owner, "scopes": [FILLER]});
        self.authority.token(&self.admin, body).await.pat().id
    }

    async fn check(&self, action: &str, allowed: &[&str], calls: &[Call]) {
        let all = scopes(&self.authority, &self.admin).await;
        let own: Vec<_> = allowed.iter().filter_map(|scopes| scopes.split(' ').next()).collect();
        let others = others(&all, &own);
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        assert!(others.len() > 60 && others.contains(&FILLER), "{action}: {others:?}");
        let without = self.authority.pat(&self.admin, &others).await.secret;
        for call in calls {
            for scope in allowed {
                let scopes: Vec<_> = scope.split(' ').chain([FILLER]).collect();
                let with = self.authority.pat(&self.admin, &scopes).await.secret;
                let answer = self.call(&with, *call).await;
                let past = answer.body["code"] == "scope_exceeds_grant";
                assert!((200..300).contains(&answer.status) || past, "{action} by {scope}: {}", answer.text);
            }
            let answer = self.call(&without, *call).await;
            let is_refused =
                [403, 404].contains(&answer.status) && answer.body["code"] != "scope_exceeds_grant";
            assert!(is_refused, "{action} without, {call:?}: {} {}", answer.status, answer.text);
        }
    }
}

async fn each_action_is_allowed_by_one_of_its_scopes_and_by_nothing_else(authority: Authority) {
    let stage = stage(authority).await;
    for (action, allowed, calls) in ACTIONS {
        stage.check(action, allowed, calls).await;
    }
}

async fn what_is_done_to_ones_own_tokens_is_allowed_by_one_of_its_scopes_and_by_nothing_else(
    authority: Authority,
) {
    let stage = stage(authority).await;
    for (action, own, calls) in OWN {
        // Whoever may do so to anybody's may to one's own.
        let anybodys: &[&str] = match action {
            "token.read" => &["Jeton.Admin.Token", "Jeton.Audit.Read", "vso.tokenadministration"],
            "token.revoke" => &["Jeton.Admin.Token", "vso.tokenadministration"],
            _ => &["Jeton.Admin.Token"],
        };
        stage.check(action, &[own, anybodys].concat(), calls).await;
    }
}
