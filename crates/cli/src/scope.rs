//! `jeton scope`: what there is to choose scopes from, and what a pattern means today.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use jeton_api::{Api, ApiRoute, Role};
use jeton_token::{Catalogue, CatalogueScope, Rights, Scope, ScopePattern};
use serde::Serialize;

use crate::access::App;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Show;
use crate::role;
use crate::suggest::nearest;
use crate::table::{Field, list};

/// What there is to choose scopes from
#[derive(Debug, Subcommand)]
pub(crate) enum ScopeVerb {
    /// List the scopes of all APIs, or of one
    List(ListArgs),
    /// What a scope or pattern covers today, what that implies, which requests need it, and which roles grant it
    Explain(ExplainArgs),
}

/// `jeton scope list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only this API's
    #[arg(value_name = "API")]
    api: Option<String>,
}

/// `jeton scope explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// Such as `Taskurai.Task.Read` or `Taskurai.Task.*`
    #[arg(value_name = "SCOPE|PATTERN")]
    pattern: String,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: ScopeVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        ScopeVerb::List(ListArgs { api: Some(name) }) => {
            app.output.show(&Scopes(scopes_of(&client.api(&name).await?)))
        }
        ScopeVerb::List(ListArgs { api: None }) => {
            app.output.show(&Scopes(client.apis().await?.iter().flat_map(scopes_of).collect()))
        }
        ScopeVerb::Explain(args) => {
            let pattern = read(&args.pattern)?;
            app.output.show(&explain(&pattern, &client.apis().await?, &role::all(&client).await?)?)
        }
    }
}

fn read(text: &str) -> Result<ScopePattern> {
    text.parse()
        .map_err(|error| Error::usage(format!("`{}` is no scope and no pattern: {error}", safe(text))))
}

/// What the pattern means, given these APIs and roles.
fn explain(pattern: &ScopePattern, apis: &[Api], roles: &[Role]) -> Result<Explanation> {
    let covered: Vec<_> = apis.iter().flat_map(|api| covered(pattern, api)).collect();
    if covered.is_empty() {
        return Err(nothing(pattern, apis));
    }
    let routes = apis.iter().flat_map(|api| needing(&covered, api)).collect();
    let granted_by = roles.iter().filter_map(|role| granting(role, &covered, apis)).collect();
    Ok(Explanation { pattern: pattern.to_string(), covers: covered, routes, granted_by })
}

/// What the role grants of the covered scopes; nothing if it grants none of them.
fn granting(role: &Role, covered: &[Covered], apis: &[Api]) -> Option<Granting> {
    let patterns: Rights = role.scopes.iter().filter_map(|text| text.parse::<ScopePattern>().ok()).collect();
    let held = |api: &Api| -> Vec<String> {
        if role.api_scopes && api.organization.is_some() {
            return api.scopes.iter().map(|scope| scope.name.clone()).collect();
        }
        let catalogue = catalogue(api);
        catalogue.iter().flat_map(|catalogue| catalogue.held(&patterns)).map(Scope::to_string).collect()
    };
    let held: HashSet<String> = apis.iter().flat_map(held).collect();
    let scopes: Vec<_> = covered.iter().map(|it| it.scope.clone()).filter(|it| held.contains(it)).collect();
    let all = scopes.len() == covered.len();
    (!scopes.is_empty()).then(|| Granting { role: role.name.clone(), all, scopes })
}

/// The scopes of the API that the pattern covers, directly or by implication.
fn covered(pattern: &ScopePattern, api: &Api) -> Vec<Covered> {
    let Some(catalogue) = catalogue(api) else { return vec![] };
    let rights: Rights = [pattern.clone()].into_iter().collect();
    let held = catalogue.held(&rights);
    let declared = catalogue.scopes().iter().filter(|scope| held.contains(&&scope.name));
    declared
        .map(|CatalogueScope { name, description, .. }| Covered {
            scope: name.to_string(),
            api: api.name.clone(),
            description: description.clone(),
            implies: catalogue.implications(name).map(Scope::to_string).collect(),
            implied: !pattern.covers(name),
        })
        .collect()
}

/// The API's catalogue; nothing when a newer server has one that makes no sense here.
fn catalogue(api: &Api) -> Option<Catalogue> {
    let parse = |scope: &jeton_api::ApiScope| {
        let implies = scope.implies.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        let description = scope.description.clone();
        Ok::<_, jeton_token::ScopeError>(CatalogueScope { name: scope.name.parse()?, description, implies })
    };
    let scopes = api.scopes.iter().map(parse).collect::<Result<_, _>>().ok()?;
    Catalogue::new(&api.namespace, scopes).ok()
}

fn needing(covered: &[Covered], api: &Api) -> Vec<Route> {
    let needed = |route: &&ApiRoute| covered.iter().any(|scope| scope.scope == route.scope);
    let routes = api.routes.iter().filter(needed);
    routes.map(|route| Route { api: api.name.clone(), route: route.clone() }).collect()
}

fn nothing(pattern: &ScopePattern, apis: &[Api]) -> Error {
    let names = apis.iter().flat_map(|api| &api.scopes).map(|scope| scope.name.as_str());
    let wildcards: Vec<String> = apis.iter().flat_map(wildcards).collect();
    let near = nearest(pattern.as_str(), names.chain(wildcards.iter().map(String::as_str)));
    let next = match near.as_slice() {
        [] => "list them with: jeton scope list".to_owned(),
        near => {
            let near = near.iter().map(|name| format!("`{}`", safe(name))).collect::<Vec<_>>();
            format!("did you mean {}?", near.join(" or "))
        }
    };
    Error::NotFound(format!("no API declares a scope that `{pattern}` matches\n{next}"))
}

/// Every wildcard that covers something of the API.
fn wildcards(api: &Api) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for scope in &api.scopes {
        let mut stem = scope.name.as_str();
        while let Some((shorter, _)) = stem.rsplit_once('.') {
            patterns.push(format!("{shorter}.*"));
            stem = shorter;
        }
    }
    patterns.sort();
    patterns.dedup();
    patterns
}

fn scopes_of(api: &Api) -> Vec<Listed> {
    let listed = |scope: &jeton_api::ApiScope| Listed {
        scope: scope.name.clone(),
        api: api.name.clone(),
        description: scope.description.clone(),
        implies: scope.implies.clone(),
    };
    api.scopes.iter().map(listed).collect()
}

/// What `jeton scope list` answers.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Scopes(Vec<Listed>);

/// A declared scope.
#[derive(Debug, Serialize)]
struct Listed {
    scope: String,
    api: String,
    description: String,
    implies: Vec<String>,
}

impl Show for Scopes {
    fn table(&self) -> String {
        let row = |it: &Listed| {
            [
                it.scope.as_str().into(),
                it.api.as_str().into(),
                it.implies.as_slice().into(),
                it.description.as_str().into(),
            ]
        };
        list(["SCOPE", "API", "IMPLIES", "DESCRIPTION"], self.0.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.0.iter().map(|listed| listed.scope.clone()).collect()
    }
}

/// What `jeton scope explain` answers.
#[derive(Debug, Serialize)]
struct Explanation {
    pattern: String,
    covers: Vec<Covered>,
    routes: Vec<Route>,
    granted_by: Vec<Granting>,
}

/// A role that grants some of them, where it is bound.
#[derive(Debug, Serialize)]
struct Granting {
    role: String,
    /// Whether it grants all of them.
    all: bool,
    scopes: Vec<String>,
}

/// A scope that a pattern covers today.
#[derive(Debug, Serialize)]
struct Covered {
    scope: String,
    api: String,
    description: String,
    /// Everything that it brings along, directly or not.
    implies: Vec<String>,
    /// Whether the pattern covers it only because another scope implies it.
    implied: bool,
}

/// A request that needs one of them.
#[derive(Debug, Serialize)]
struct Route {
    api: String,
    #[serde(flatten)]
    route: ApiRoute,
}

impl Show for Explanation {
    fn table(&self) -> String {
        let covers = list(["COVERS", "API", "BY", "IMPLIES", "DESCRIPTION"], self.covers.iter().map(cells));
        let route = |it: &Route| {
            let ApiRoute { method, path, scope, .. } = &it.route;
            [method.as_str().into(), path.as_str().into(), scope.as_str().into(), it.api.as_str().into()]
        };
        let routes = list(["METHOD", "PATH", "NEEDS", "API"], self.routes.iter().map(route));
        let scopes = |it: &Granting| if it.all { vec!["all of them".to_owned()] } else { it.scopes.clone() };
        let granted = |it: &Granting| [it.role.as_str().into(), scopes(it).as_slice().into()];
        let roles = list(["ROLE", "GRANTS"], self.granted_by.iter().map(granted));
        [covers, routes, roles].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    fn values(&self) -> Vec<String> {
        self.covers.iter().map(|covered| covered.scope.clone()).collect()
    }
}

fn cells(it: &Covered) -> [Field; 5] {
    let by = if it.implied { "implication" } else { "name" };
    [
        it.scope.as_str().into(),
        it.api.as_str().into(),
        by.into(),
        it.implies.as_slice().into(),
        it.description.as_str().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apis() -> Vec<Api> {
        let scope = |name: &str, implies: &[&str]| serde_json::json!({"name": name, "description": name, "implies": implies});
        let route =
            |path: &str, scope: &str| serde_json::json!({"method": "GET", "path": path, "scope": scope});
        let api = serde_json::json!({
            "id": "1", "name": "tasks", "title": "Tasks", "organization": "default", "namespace": "T",
            "audience": "https://t.example", "enforces_places": false, "created_at": "2026-11-22T00:00:00Z",
            "scopes": [
                scope("T.Task.Read", &[]), scope("T.Task.Write", &["T.Log.Read"]), scope("T.Log.Read", &[]),
                scope("T.TaskX.Read", &[]),
            ],
            "routes": [route("/tasks", "T.Task.Read"), route("/logs", "T.Log.Read"), route("/x", "T.TaskX.Read")],
        });
        vec![serde_json::from_value(api).unwrap()]
    }

    fn explained(pattern: &str) -> Result<Explanation> {
        explain(&read(pattern)?, &apis(), &roles())
    }

    fn roles() -> Vec<Role> {
        let role = |name: &str, scopes: &[&str], api_scopes: bool| {
            serde_json::from_value(serde_json::json!({
                "id": "1", "name": name, "description": null, "built_in": false, "bindable": "anywhere",
                "scopes": scopes, "api_scopes": api_scopes, "created_at": "2026-11-22T00:00:00Z",
            }))
            .unwrap()
        };
        vec![
            role("Admin", &["*"], false),
            role("Reader", &["T.Task.Read"], false),
            role("ApiUser", &[], true),
            role("Other", &["Jeton.Token.*"], false),
        ]
    }

    #[test]
    fn the_roles_that_grant_it_are_named() {
        let granted = |pattern: &str| {
            let it = explained(pattern).unwrap();
            it.granted_by.into_iter().map(|it| (it.role, it.all)).collect::<Vec<_>>()
        };
        let named = |roles: &[(&str, bool)]| -> Vec<(String, bool)> {
            roles.iter().map(|(role, all)| ((*role).to_owned(), *all)).collect()
        };
        assert_eq!(granted("T.Task.Read"), named(&[("Admin", true), ("Reader", true), ("ApiUser", true)]));
        assert_eq!(granted("T.Task.*"), named(&[("Admin", true), ("Reader", false), ("ApiUser", true)]));
    }

    #[test]
    fn a_pattern_covers_whole_segments_and_what_is_implied() {
        let it = explained("T.Task.*").unwrap();
        assert_eq!(it.values(), ["T.Task.Read", "T.Task.Write", "T.Log.Read"]);
        let implied: Vec<_> = it.covers.iter().filter(|covered| covered.implied).map(|c| &c.scope).collect();
        assert_eq!(implied, ["T.Log.Read"]);
        let paths: Vec<_> = it.routes.iter().map(|route| &route.route.path).collect();
        assert_eq!(paths, ["/tasks", "/logs"]);
    }

    #[test]
    fn a_typo_is_answered_with_what_is_near() {
        for (typo, meant) in [("T.Tsak.Read", "`T.Task.Read`"), ("T.Taks.*", "`T.Task.*`")] {
            let error = explained(typo).unwrap_err();
            assert_eq!(error.exit(), crate::error::Exit::NotFound);
            assert!(error.to_string().contains(meant), "{error}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_a_usage_error() {
        for text in ["", "T", "T*", "*.Read", "T..Read"] {
            assert!(matches!(explained(text), Err(Error::Usage(_))), "{text}");
        }
    }

    #[test]
    fn a_star_covers_everything() {
        assert_eq!(explained("*").unwrap().covers.len(), 4);
    }
}
