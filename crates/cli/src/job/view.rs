//! How jobs are shown.

use jeton_api::{Job, JobScope, JobState};

use crate::output::Show;
use crate::table::{details, list, moment, one};

/// A job and where it runs.
pub(super) fn named(job: &Job) -> String {
    format!("job {} of `{}`", job.number, pipeline(job))
}

/// The pipeline's whole name.
fn pipeline(job: &Job) -> String {
    [&*job.organization, &job.project, &job.pipeline].join("/")
}

/// The word for it.
pub(super) fn reach(scope: JobScope) -> &'static str {
    match scope {
        JobScope::Organization => "organization",
        JobScope::Project => "project",
    }
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Finished => "finished",
        JobState::Expired => "expired",
    }
}

/// An empty list allows nothing, which is not the same as no list.
fn permissions(job: &Job) -> Vec<String> {
    match &job.permissions {
        None => one("all that its account has"),
        Some(none) if none.is_empty() => one("none"),
        Some(some) => some.clone(),
    }
}

impl Show for Job {
    fn table(&self) -> String {
        let runs = self.state == JobState::Running;
        let only = |value: String| if runs { one(value) } else { vec![] };
        details([
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("pipeline", one(pipeline(self))),
            ("state", one(state(self.state))),
            ("acts as", one(&self.service_account)),
            ("reaches", one(format!("{} (by {})", reach(self.authorization_scope), self.decided_by))),
            ("permissions", permissions(self)),
            ("fork", if self.fork { one("yes") } else { vec![] }),
            ("runner", one(&self.runner)),
            ("token", one(&self.token_id)),
            ("created", one(moment(self.created_at))),
            ("lease until", only(moment(self.lease_expires_at))),
            ("runs until", only(moment(self.ends_at))),
            ("finished", self.finished_at.map(moment).into_iter().collect()),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.id)
    }
}

impl Show for Vec<Job> {
    fn table(&self) -> String {
        let row = |it: &Job| {
            [
                it.id.as_str().into(),
                it.number.to_string().into(),
                pipeline(it).into(),
                state(it.state).into(),
                reach(it.authorization_scope).into(),
                it.runner.as_str().into(),
                moment(it.created_at).into(),
            ]
        };
        list(["ID", "NUMBER", "PIPELINE", "STATE", "REACHES", "RUNNER", "CREATED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.id.clone()).collect()
    }
}
