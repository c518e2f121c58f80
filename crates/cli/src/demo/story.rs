//! The story: each step makes a request, says what was answered, and fails if that is not what it should be.

use anyhow::{Context as _, anyhow};
use jeton_api::{CreateToken, Issued, Secret};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::error::Result;
use crate::output;

/// The token's name in the story.
const TOKEN: &str = "mytoken";

/// What happened so far.
pub(super) struct Story<'a> {
    stage: &'a Stage,
    program: String,
    token: Option<Issued>,
    steps: usize,
}

impl<'a> Story<'a> {
    pub(super) fn new(stage: &'a Stage) -> Self {
        Self { stage, program: Stage::program(), token: None, steps: 0 }
    }

    /// Alice makes a token for her tasks.
    pub(super) async fn create_token(&mut self) -> Result<()> {
        let request = CreateToken {
            name: Some(TOKEN.to_owned()),
            scopes: vec!["Taskurai.Task.*".to_owned()],
            expires_in_minutes: Some(43_200),
            ..CreateToken::default()
        };
        let issued = self.stage.alice()?.create_token(&request).await?;
        self.stage.keep(TOKEN, &issued.secret)?;
        let line = format!(
            "{} pat create --name {TOKEN} --valid-minutes 43200 --scopes \"Taskurai.Task.*\" -o value > {}",
            self.program,
            self.stage.file(TOKEN)
        );
        let answered = format!("201: {}, scopes {}", issued.token.hint, issued.token.scopes.join(" "));
        self.token = Some(issued);
        self.say("alice makes a token for her tasks, and keeps it in a file", &line, &answered)
    }

    /// The token does what it is for.
    pub(super) async fn use_token(&mut self) -> Result<()> {
        let body =
            json!({ "name": "nightly report", "command": ["report", "--all"], "image": "registry/report:1" });
        let made = self.step("it creates a task", Method::POST, "/tasks", Some(body), 201).await?;
        let id = made.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), ToOwned::to_owned));
        let task = format!("/tasks/{}", id.context("the task platform answered a task without an id")?);
        self.step("reads it", Method::GET, &task, None, 200).await?;
        self.step("lists all tasks", Method::GET, "/tasks", None, 200).await?;
        let change = json!({ "name": "nightly report, with totals" });
        self.step("updates the task", Method::PATCH, &task, Some(change), 200).await?;
        let covered = "reads its logs: `Taskurai.Task.*` covers `Taskurai.Task.Logs.Read`";
        self.step(covered, Method::GET, &format!("{task}/logs"), None, 200).await?;
        Ok(())
    }

    /// And nothing else.
    pub(super) async fn meet_limits(&mut self) -> Result<()> {
        const NEEDED: &str = "Taskurai.Log.Query.Read";
        let what = "it may not query the logs of everything";
        let refused = self.step(what, Method::GET, "/logs/query?text=report", None, 403).await?;
        if refused.get("missing_scope").and_then(Value::as_str) != Some(NEEDED) {
            return Err(anyhow!("the refusal should name `{NEEDED}`, but says: {refused}").into());
        }
        Ok(())
    }

    /// Revoked is dead, on the very next call.
    pub(super) async fn revoke_token(&mut self) -> Result<()> {
        let token = self.token.as_ref().context("there is no token yet")?;
        self.stage.alice()?.revoke_token(&token.token.id).await?;
        let line = format!("{} pat delete --name {TOKEN} --yes", self.program);
        self.say("alice revokes the token", &line, "204: revoked")?;
        self.step("it is refused on the very next call", Method::GET, "/tasks", None, 401).await?;
        Ok(())
    }

    /// What was shown.
    pub(super) fn end(&self) -> Result<()> {
        output::print(&format!("\nAll {} steps behaved, and so did the revocation under load.", self.steps))
    }

    /// One request to the task platform with the token.
    async fn step(
        &mut self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value> {
        let line = self.curl(&method, path, body.as_ref());
        let (status, answer) = self.request(method, path, body.as_ref()).await?;
        let value: Value = serde_json::from_str(&answer).unwrap_or_default();
        self.say(what, &line, &format!("{status}: {}", told(&value, &answer)))?;
        if status != expected {
            let step = self.steps;
            return Err(anyhow!("step {step} should have been answered {expected}, not {status}").into());
        }
        Ok(value)
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, String)> {
        let token = self.token.as_ref().map_or("", |issued| Secret::expose(&issued.secret));
        let mut request =
            self.stage.http.request(method, format!("{}{path}", self.stage.tasks())).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response: Response = request.send().await.context("the task platform does not answer")?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.context("the task platform's answer broke off")?))
    }

    fn curl(&self, method: &Method, path: &str, body: Option<&Value>) -> String {
        let header = format!("-H \"Authorization: Bearer $(cat {})\"", self.stage.file(TOKEN));
        let body =
            body.map(|body| format!(" -H 'Content-Type: application/json' -d '{body}'")).unwrap_or_default();
        let method = if *method == Method::GET { String::new() } else { format!(" -X {method}") };
        let url = format!("'{}{path}'", self.stage.tasks());
        format!("curl -s -w ' (%{{http_code}})\\n'{method} {header}{body} {url}")
    }

    fn say(&mut self, what: &str, line: &str, answered: &str) -> Result<()> {
        self.steps += 1;
        output::print(&format!("\n{:>2}. {what}\n  $ {line}\n  {answered}", self.steps))
    }
}

/// What a refusal says, or the beginning of any other answer.
fn told(value: &Value, answer: &str) -> String {
    let text = |member: &str| value.get(member).and_then(Value::as_str);
    match (text("missing_scope"), text("detail")) {
        (Some(scope), _) => format!("the scope `{scope}` is missing"),
        (None, Some(detail)) => detail.to_owned(),
        (None, None) => shorten(answer),
    }
}

/// The beginning of an answer, on one line.
fn shorten(answer: &str) -> String {
    const CHARS: usize = 160;
    let line: String = answer.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}
