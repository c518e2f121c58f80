//! `jeton api report`: what gateways in front of an API would have refused, and which routes are missing.
//!
//! What no route names comes with lines for the API's file. Their scope is a guess from method and path: somebody who
//! knows the API decides, and `jeton api apply` asks before anything becomes true.

use std::fmt::Write as _;

use jeton_api::{Api, ApiRefusal, ApiRoute, ForwardAuth};
use serde::Serialize;

use crate::access::App;
use crate::api::NameArgs;
use crate::error::Result;
use crate::escape::safe;
use crate::import::scope_of_path;
use crate::output::Show;
use crate::table::{list, moment};

/// How many nouns of a path go into a proposed scope.
const DEPTH: usize = 6;

/// What would have been refused, most often first, and what is proposed.
#[derive(Serialize)]
struct Report {
    api: String,
    forward_auth: ForwardAuth,
    refusals: Vec<ApiRefusal>,
    proposed_routes: Vec<ApiRoute>,
    /// Scopes of those that the API does not have yet.
    proposed_scopes: Vec<String>,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, NameArgs { name }: NameArgs) -> Result<()> {
    let client = app.client()?;
    let api = client.api(&name).await?;
    let mut refusals = client.refusals(&name).await?;
    refusals.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.path.cmp(&other.path)));
    if api.forward_auth == ForwardAuth::Enforce {
        app.output.note(&format!(
            "gateways refuse what `{}` does not allow; with forward_auth = \"report_only\" they would only report it",
            safe(&api.name)
        ));
    }
    app.output.show(&Report::new(&api, refusals))
}

impl Report {
    fn new(api: &Api, refusals: Vec<ApiRefusal>) -> Self {
        let unrouted =
            refusals.iter().filter(|refusal| refusal.reason == "no_route" && refusal.method != "OTHER");
        let propose = |refusal: &ApiRefusal| {
            let guessed = scope_of_path(&api.namespace, &refusal.method, &refusal.path, DEPTH);
            let known = api.scopes.iter().find(|scope| scope.name.eq_ignore_ascii_case(&guessed));
            let scope = known.map_or(guessed, |scope| scope.name.clone());
            ApiRoute { method: refusal.method.clone(), path: refusal.path.clone(), scope, resource: None }
        };
        let proposed_routes: Vec<_> = unrouted.map(propose).collect();
        let is_new = |name: &&String| api.scopes.iter().all(|scope| scope.name != **name);
        let names = proposed_routes.iter().map(|route| &route.scope);
        let mut proposed_scopes: Vec<_> = names.filter(is_new).cloned().collect();
        proposed_scopes.sort();
        proposed_scopes.dedup();
        let (api, forward_auth) = (api.name.clone(), api.forward_auth);
        Self { api, forward_auth, refusals, proposed_routes, proposed_scopes }
    }

    /// Lines for the API's file.
    fn proposal(&self) -> String {
        let mut text = String::new();
        let quoted = |text: &str| toml::Value::String(text.to_owned());
        // Writing into a text does not fail.
        for name in &self.proposed_scopes {
            let _ = write!(text, "\n[[scopes]]\nname = {}\ndescription = \"\"\n", quoted(name));
        }
        for ApiRoute { method, path, scope, .. } in &self.proposed_routes {
            let (method, path, scope) = (quoted(method), quoted(path), quoted(scope));
            let _ = write!(text, "\n[[routes]]\nmethod = {method}\npath = {path}\nscope = {scope}\n");
        }
        text
    }
}

impl Show for Report {
    fn table(&self) -> String {
        let row = |refusal: &ApiRefusal| {
            let reason = match &refusal.missing_scope {
                Some(scope) => format!("{} {scope}", refusal.reason),
                None => refusal.reason.clone(),
            };
            let (count, last) = (refusal.count.to_string(), moment(refusal.last_seen_at));
            let call = format!("{} {}", refusal.method, refusal.path).trim().to_owned();
            [call.into(), reason.into(), count.into(), last.into()]
        };
        let table = list(["CALL", "WOULD BE REFUSED FOR", "TIMES", "LAST"], self.refusals.iter().map(row));
        if self.proposed_routes.is_empty() {
            return table;
        }
        let head = "# lines for the API's file; the scopes are guesses";
        format!("{table}\n\n{head}\n{}", safe_lines_of(&self.proposal()))
    }

    fn values(&self) -> Vec<String> {
        self.refusals.iter().map(|refusal| format!("{} {}", refusal.method, refusal.path)).collect()
    }
}

fn safe_lines_of(text: &str) -> String {
    text.trim_end().lines().map(safe).collect::<Vec<_>>().join("\n")
}
