//! `jeton api apply`: from files to registered APIs, by way of a plan.
//!
//! All files are read, and all plans made by the server, before anything is changed. What takes a scope away or
//! lets a token do more than yesterday is asked about first.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jeton_api::{ApiChange, ApiPlan, ApiRoute, ApiScope, ForwardAuth, PutApi, Widening};
use serde::{Deserialize, Serialize};

use crate::access::App;
use crate::api::ApplyArgs;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Show;
use crate::toml_file::TomlFile;

/// What a file says: the API's name and what is registered under it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiFile {
    name: String,
    title: String,
    organization: Option<String>,
    namespace: String,
    audience: String,
    #[serde(default)]
    enforces_places: bool,
    #[serde(default)]
    forward_auth: ForwardAuth,
    scopes: Vec<ApiScope>,
    #[serde(default)]
    routes: Vec<ApiRoute>,
}

/// One file on its way.
struct Candidate {
    file: TomlFile,
    name: String,
    put: PutApi,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, args: ApplyArgs) -> Result<()> {
    let candidates = read(&args.path)?;
    let client = app.client()?;
    let mut report = plan(&client, &candidates).await?;
    if args.dry_run {
        return app.output.show(&report);
    }
    ask(app, &args, &report)?;
    match carry_out(&client, &candidates, &mut report).await {
        Ok(()) => app.output.show(&report),
        Err(error) => {
            // What was done stays done: the same command goes on from there.
            if report.0.len() > 1 {
                app.output.note(&report.table());
            }
            Err(error)
        }
    }
}

async fn carry_out(client: &Client, candidates: &[Candidate], report: &mut Report) -> Result<()> {
    for (candidate, planned) in candidates.iter().zip(&mut report.0) {
        if planned.plan.change != ApiChange::None {
            let put = client.put_api(&candidate.name, &candidate.put).await;
            put.map_err(|error| explain(error, candidate))?;
            planned.applied = true;
        }
    }
    Ok(())
}

/// Registers what a file or folder declares, without a plan.
pub(crate) async fn register(client: &Client, path: &Path) -> Result<()> {
    for candidate in read(path)? {
        let put = client.put_api(&candidate.name, &candidate.put).await;
        put.map_err(|error| explain(error, &candidate))?;
    }
    Ok(())
}

/// What one file declares: the API's name, and what is registered under it.
pub(crate) fn read_one(path: &Path) -> Result<(TomlFile, String, PutApi)> {
    let Candidate { file, name, put } = candidate(TomlFile::read(path)?)?;
    Ok((file, name, put))
}

/// The same of a text.
pub(crate) fn read_text(file: &TomlFile) -> Result<(String, PutApi)> {
    let ApiFile {
        name,
        title,
        organization,
        namespace,
        audience,
        enforces_places,
        forward_auth,
        scopes,
        routes,
    } = file.parse()?;
    Ok((
        name,
        PutApi { title, organization, namespace, audience, enforces_places, forward_auth, scopes, routes },
    ))
}

fn read(path: &Path) -> Result<Vec<Candidate>> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for file in files(path)? {
        let candidate = candidate(TomlFile::read(&file)?)?;
        if let Some(twin) = candidates.iter().find(|other| other.name == candidate.name) {
            let (name, one, other) = (safe(&candidate.name), twin.file.name(), candidate.file.name());
            return Err(Error::usage(format!("`{one}` and `{other}` both declare `{name}`")));
        }
        candidates.push(candidate);
    }
    Ok(candidates)
}

/// The file itself, or the `.toml` files of the folder by name.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let shown = path.display();
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("`{shown}`"))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.with_context(|| format!("`{shown}`"))?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(Error::usage(format!("`{shown}` has no .toml file"))) } else { Ok(files) }
}

fn candidate(file: TomlFile) -> Result<Candidate> {
    let (name, put) = read_text(&file)?;
    Ok(Candidate { file, name, put })
}

async fn plan(client: &Client, candidates: &[Candidate]) -> Result<Report> {
    let mut plans = Vec::new();
    for candidate in candidates {
        let plan = client.plan_api(&candidate.name, &candidate.put).await;
        let plan = plan.map_err(|error| explain(error, candidate))?;
        plans.push(Planned { name: candidate.name.clone(), applied: false, plan });
    }
    Ok(Report(plans))
}

/// Fields that the server refuses are shown where they stand in the file.
fn explain(error: Error, candidate: &Candidate) -> Error {
    match error.problem().map(|problem| problem.errors.as_slice()) {
        None | Some([]) => error,
        Some(errors) => candidate.file.blame(errors),
    }
}

fn ask(app: &App, args: &ApplyArgs, report: &Report) -> Result<()> {
    if !report.0.iter().any(Planned::takes_or_widens) {
        return Ok(());
    }
    if !args.confirmation.is_given() {
        app.output.note(&report.table());
    }
    args.confirmation
        .obtain("scopes go for ever, tokens come to do more, or gateways refuse nobody any more; apply this?")
}

/// The plans of all files.
#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Planned>);

/// The plan of one file, and whether it was carried out.
#[derive(Serialize)]
struct Planned {
    name: String,
    applied: bool,
    #[serde(flatten)]
    plan: ApiPlan,
}

impl Planned {
    fn takes_or_widens(&self) -> bool {
        let opens = self.plan.forward_auth == Some(ForwardAuth::ReportOnly);
        opens || !self.plan.scopes_removed.is_empty() || !self.plan.widenings.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        let ApiPlan { change, scopes_added, scopes_removed, widenings, routes, .. } = &self.plan;
        let head = match (change, self.applied) {
            (ApiChange::None, _) => "unchanged",
            (ApiChange::Create, false) => "to create",
            (ApiChange::Create, true) => "created",
            (ApiChange::Update, false) => "to update",
            (ApiChange::Update, true) => "updated",
        };
        let mut lines = vec![format!("{}: {head}; routes: {routes}", safe(&self.name))];
        lines.extend(scopes_added.iter().map(|scope| format!("  + {}", safe(scope))));
        lines.extend(scopes_removed.iter().map(|scope| format!("  - {} for ever", safe(scope))));
        lines.extend(widenings.iter().map(|it| format!("  {}", widening(it))));
        lines.extend(routes_of(&self.plan).iter().map(|line| format!("  {line}")));
        lines.extend(self.plan.forward_auth.map(|mode| format!("  {}", gateways(mode))));
        lines
    }
}

/// Which routes come and go. Of a new API all of them come, and their number says enough.
pub(crate) fn routes_of(plan: &ApiPlan) -> Vec<String> {
    let line = |sign: &str, route: &ApiRoute| {
        let ApiRoute { method, path, scope, resource } = route;
        let at = resource.as_ref().map(|resource| format!(" at {}", safe(resource))).unwrap_or_default();
        format!("{sign} {} {} needs {}{at}", safe(method), safe(path), safe(scope))
    };
    let shown = plan.change == ApiChange::Update;
    let added = plan.routes_added.iter().map(|route| line("+", route));
    let removed = plan.routes_removed.iter().map(|route| line("-", route));
    added.chain(removed).filter(|_| shown).collect()
}

/// What becomes of gateways, in words.
pub(crate) fn gateways(mode: ForwardAuth) -> String {
    match mode {
        ForwardAuth::Enforce => "gateways refuse again what is to be refused".to_owned(),
        ForwardAuth::ReportOnly => "! gateways refuse nobody, and report what they would refuse".to_owned(),
    }
}

/// A widening in words.
pub(crate) fn widening(Widening { scope, adds, live_tokens }: &Widening) -> String {
    let adds = adds.iter().map(|scope| safe(scope)).collect::<Vec<_>>().join(", ");
    format!("! {} comes to imply {adds}: live tokens that widen: {live_tokens}", safe(scope))
}

impl Show for Report {
    fn table(&self) -> String {
        self.0.iter().flat_map(Planned::lines).collect::<Vec<_>>().join("\n")
    }

    fn values(&self) -> Vec<String> {
        self.0.iter().map(|planned| planned.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Candidate> {
        candidate(TomlFile::new("a.toml".to_owned(), text.to_owned()))
    }

    const HEAD: &str = "name = \"a\"\ntitle = \"A\"\nnamespace = \"A\"\naudience = \"https://a.example\"\n";

    #[test]
    fn a_file_is_a_name_and_what_is_put() {
        let text = format!("{HEAD}[[scopes]]\nname = \"A.Read\"\ndescription = \"read\"\n");
        let candidate = read_text(&text).unwrap();
        assert_eq!(candidate.name, "a");
        assert_eq!(candidate.put.scopes.len(), 1);
        assert!(candidate.put.routes.is_empty() && candidate.put.organization.is_none());
    }

    #[test]
    fn mistakes_name_the_place_and_what_is_allowed() {
        let table = [
            (format!("{HEAD}title2 = 1\n"), "a.toml:5:1: unknown field `title2`, expected one of `name`, "),
            (
                format!("{HEAD}[[scopes]]\nname = \"A.Read\"\nimplied = []\n"),
                "a.toml:7:1: unknown field `implied`, expected one of `name`, `description`, `implies`",
            ),
            (format!("{HEAD}scopes = 1\n"), "a.toml:5:10: invalid type: integer `1`, expected a sequence"),
            ("name = \n".to_owned(), "a.toml:1:8: "),
        ];
        for (text, start) in table {
            let error = read_text(&text).err().unwrap().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    fn route(path: &str, scope: &str, resource: Option<&str>) -> ApiRoute {
        let (method, path, scope) = ("GET".to_owned(), path.to_owned(), scope.to_owned());
        ApiRoute { method, path, scope, resource: resource.map(str::to_owned) }
    }

    #[test]
    fn a_plan_shows_what_comes_what_goes_and_what_widens() {
        let plan = ApiPlan {
            change: ApiChange::Update,
            scopes_added: vec!["A.New".to_owned()],
            scopes_removed: vec!["A.Old".to_owned()],
            widenings: vec![Widening { scope: "A.X".into(), adds: vec!["A.New".into()], live_tokens: 3 }],
            routes: 2,
            routes_added: vec![route("/a/{x}", "A.New", Some("acme/web"))],
            routes_removed: vec![route("/a", "A.Old", None)],
            forward_auth: Some(ForwardAuth::ReportOnly),
        };
        let mut planned = Planned { name: "a".to_owned(), applied: false, plan };
        insta::assert_snapshot!(planned.lines().join("\n"), @r"
        a: to update; routes: 2
          + A.New
          - A.Old for ever
          ! A.X comes to imply A.New: live tokens that widen: 3
          + GET /a/{x} needs A.New at acme/web
          - GET /a needs A.Old
          ! gateways refuse nobody, and report what they would refuse
        ");
        planned.applied = true;
        assert_eq!(planned.lines().first().map(String::as_str), Some("a: updated; routes: 2"));
        assert!(planned.takes_or_widens());
    }
}
