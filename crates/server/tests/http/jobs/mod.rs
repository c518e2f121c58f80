//! `/api/v1/jobs`: from the start of a job to each way in which it ends.

mod attacks;
mod ends;
mod explained;
mod names;
mod reach;
mod replay;
mod runner;
mod settings;
mod start;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::{Firm, subject};
use crate::support::{Authority, Pat, fresh};

/// A project with a pipeline, and somebody who starts its jobs.
pub(crate) struct Works {
    pub(crate) firm: Firm,
    pub(crate) project: String,
    pub(crate) pipeline: String,
    /// The account that starts jobs; it may so in the project.
    pub(crate) runner: String,
    /// A token of that account.
    pub(crate) token: Pat,
}

/// A job with its secret.
pub(crate) struct Started {
    pub(crate) id: String,
    pub(crate) job: Value,
    pub(crate) secret: String,
}

impl Works {
    /// What starts a job of the pipeline.
    pub(crate) fn body(&self) -> Value {
        json!({"organization": self.firm.name, "project": self.project, "pipeline": self.pipeline})
    }

    /// The same with further members.
    pub(crate) fn with(&self, more: Value) -> Value {
        let Value::Object(more) = more else { panic!("members of an object") };
        let mut body = self.body();
        body.as_object_mut().unwrap().extend(more);
        body
    }

    /// The address of the project, or of something in it.
    pub(crate) fn path(&self, rest: &str) -> String {
        self.firm.path(&format!("/projects/{}{rest}", self.project))
    }

    /// The project as a place.
    pub(crate) fn place(&self) -> String {
        self.firm.at(&self.project)
    }

    /// What the account of the project's jobs is called.
    pub(crate) fn account(&self) -> String {
        format!("{} Build Service ({})", self.project, self.firm.name)
    }

    /// What the account of jobs of the whole organization is called.
    pub(crate) fn account_of_all(&self) -> String {
        format!("Project Collection Build Service ({})", self.firm.name)
    }
}

impl Authority {
    /// A project with a pipeline of this kind, in an organization of its own.
    pub(crate) async fn works(&self, pipeline: Value) -> Works {
        let firm = self.firm().await;
        let project = self.project(&firm, "web", "private").await;
        let name = fresh("nightly");
        let path = firm.path(&format!("/projects/{project}/pipelines/{name}"));
        self.put(&self.admin().await, &path, pipeline).await.expect(201);
        let runner = self.account("runner", &firm.name).await;
        self.bind("JobRunner", subject("service_account", &runner), &firm.at(&project)).await;
        let token = self.service_token(&runner, &["Jeton.Job.*"]).await;
        Works { firm, project, pipeline: name, runner, token }
    }

    /// Tries to start a job.
    pub(crate) async fn start_job_as(&self, secret: &str, body: Value) -> Answer {
        self.post(secret, "/api/v1/jobs", body).await
    }

    /// Starts a job as the runner does, with further members.
    pub(crate) async fn job(&self, works: &Works, more: Value) -> Started {
        let answer = self.start_job_as(&works.token.secret, works.with(more)).await.expect(201);
        let job = answer.body["job"].clone();
        Started { id: job["id"].as_str().unwrap().to_owned(), job, secret: answer.secret() }
    }

    /// Changes what the organization of the works says about jobs.
    pub(crate) async fn say(&self, works: &Works, settings: Value) {
        self.patch(&self.admin().await, &works.firm.path("/job-settings"), settings).await.expect(200);
    }

    /// Lets the runner start jobs of the whole organization.
    pub(crate) async fn let_run_everywhere(&self, works: &Works) {
        self.bind("JobRunner", subject("service_account", &works.runner), &works.firm.all()).await;
    }

    /// Gives an account of jobs every scope of the firm's API at a place.
    pub(crate) async fn give(&self, works: &Works, account: &str, place: &str) {
        let role = self.role("api", &[&works.firm.scopes()]).await;
        self.bind(&role, subject("service_account", account), place).await;
    }

    /// Whether the job's token is alive: it may look at itself.
    pub(crate) async fn lives(&self, secret: &str) -> bool {
        let answer = self.get(secret, "/api/v1/tokens/self").await;
        assert!([200, 401].contains(&answer.status), "{}", answer.body);
        answer.status == 200
    }

    /// Whether the firm's API honours the job's token at a place, for reading.
    pub(crate) async fn reads(&self, works: &Works, secret: &str, place: &str) -> Value {
        let more = json!({"scope": works.firm.scope("Task.Read"), "resource": place});
        self.ask(&works.firm.api, secret, more).await
    }
}

/// `POST /api/v1/jobs/{id}/…`
fn path(id: &str, verb: &str) -> String {
    format!("/api/v1/jobs/{id}/{verb}")
}
