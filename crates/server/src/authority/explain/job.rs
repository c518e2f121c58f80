//! What a job is and what keeps it where it is, in words: which rule selected its account, and who put up its wall.

use jeton_token::{JobAuthorizationScope, JobId, JobRule, JobWall, PlaceLimit};

use super::super::{Authority, Error};
use crate::store::{Chain, JobRecord, TokenRecord};

/// The jobs that tokens of a chain are of, each with what is told about it.
pub(super) type JobStories = Vec<(JobId, String)>;

impl Authority {
    /// What is told about the jobs behind a token.
    pub(super) async fn job_stories(&self, chain: &Chain) -> Result<JobStories, Error> {
        let mut stories = Vec::new();
        for token in std::iter::once(&chain.token).chain(&chain.ancestors) {
            let Some(origin) = token.job else { continue };
            if let Some(job) = self.store.job(origin.job).await? {
                stories.push((job.id, story(&job, token)));
            }
        }
        Ok(stories)
    }
}

fn story(job: &JobRecord, token: &TokenRecord) -> String {
    format!(
        "job `{}` of `{}/{}/{}` acts as `{}`: its authorization scope is `{}`, decided by `{}` ({}); {}",
        job.id,
        job.organization_name,
        job.project_name,
        job.pipeline_name,
        job.account_name,
        job.scope.word(),
        job.decided_by.word(),
        reason(job.decided_by),
        whereabouts(job, token)
    )
}

fn reason(rule: JobRule) -> &'static str {
    match rule {
        JobRule::PublicProject => "its project is public",
        JobRule::OrganizationLimit => "the organization limits such jobs to their project",
        JobRule::ProjectLimit => "the project limits such jobs to itself",
        JobRule::OrganizationForkLimit => "the organization limits what forks set off to the project",
        JobRule::ProjectForkLimit => "the project limits what forks set off to itself",
        JobRule::Pipeline => "the pipeline says so",
        JobRule::Runner => "its runner may start jobs of this project only",
        JobRule::Unlimited => "nothing limits it",
    }
}

/// Where the job may act now. A wall that stood at its start stands for as long as it runs.
fn whereabouts(job: &JobRecord, token: &TokenRecord) -> &'static str {
    let began_walled = token.places == PlaceLimit::from_places(vec![job.place()]);
    match token.job_now.and_then(|now| now.wall) {
        Some(JobWall::PublicProject) => "it has no right outside its project, which is public",
        Some(JobWall::Organization) => "the wall of its organization leaves it no right outside its project",
        Some(JobWall::Project) => "the wall of its project leaves it no right outside of that",
        None if began_walled => "the wall that stood when it began leaves it no right outside its project",
        None if job.scope == JobAuthorizationScope::Project => {
            "no wall stands, so it acts in its organization wherever somebody gave its account rights"
        }
        None => "it acts in all of its organization",
    }
}
