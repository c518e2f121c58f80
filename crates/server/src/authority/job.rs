//! Jobs: who starts them, how far they reach, and who ends them.
//!
//! A job is started by the right to start jobs of its pipeline and by no other: it may do what the account that it acts
//! as may do, and whoever gives that account a right must hold it. Its token is dead when it is finished, when its lease
//! ends without a renewal, when its time is over, and when its pipeline, its project or that account goes.

use jeton_api::{Code, JobState};
use jeton_token::{
    Approval, BindingId, Expiry, JobAuthorizationScope, JobCase, JobId, JobOrigin, JobReach, NetworkLimit,
    OrganizationId, PipelineId, PipelineKind, Place, PlaceLimit, PrincipalId, ResourceName, ScopePattern,
    ScopeSet, Timestamp, TokenId, TokenKind, TokenText,
};

use super::access::{self, Action, Caller};
use super::attempt::Attempt;
use super::create::{Grant, IssuedToken, check_known, holders_besides};
use super::page::{self, Page};
use super::place::Within;
use super::token::number;
use super::{Authority, Error, Fault};
use crate::limits::{JOB_LEASE_SECONDS_DEFAULT, JOB_LEASE_SECONDS_MAX, JOB_LEASE_SECONDS_MIN};
use crate::store::{
    ApiRecord, JobFilter, JobRecord, NewBuildAccount, NewJob, Outcome, PipelineRecord, PrincipalRecord,
    ProjectRecord, Write,
};

/// A job to be started, parsed.
#[derive(Clone, Debug)]
pub(crate) struct JobRequest {
    pub(crate) at: Within,
    pub(crate) pipeline: ResourceName,
    /// What it may do at most; `None`: all that its account may.
    pub(crate) permissions: Option<Vec<ScopePattern>>,
    pub(crate) is_fork: bool,
    pub(crate) lease_seconds: Option<i64>,
}

/// Which jobs to list, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobListRequest {
    pub(crate) organization: Option<ResourceName>,
    pub(crate) project: Option<ResourceName>,
    pub(crate) pipeline: Option<ResourceName>,
    pub(crate) state: Option<JobState>,
}

/// A run of a pipeline whose reach is decided.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) project: ProjectRecord,
    pub(super) pipeline: PipelineId,
    pub(super) is_fork: bool,
    pub(super) reach: JobReach,
    /// The longest that it may live.
    pub(super) lifetime_ms: i64,
}

/// Who starts a run, and what is asked for it.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) runner: PrincipalId,
    /// The credential that it is started with, when there is one.
    pub(super) created_by: Option<TokenId>,
    /// Who gets the secret besides the account.
    pub(super) holders: Vec<PrincipalId>,
    pub(super) description: Option<String>,
    pub(super) patterns: ScopeSet,
    /// Whether it asked for less than its account has.
    pub(super) has_permissions: bool,
    pub(super) at: Timestamp,
    pub(super) lease_ms: i64,
    /// No lease goes beyond this moment.
    pub(super) ends_at: Timestamp,
}

/// A job that was started, with the secret of its token.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) job: JobRecord,
    pub(crate) issued: IssuedToken,
}

impl Authority {
    /// Starts a job.
    pub(crate) async fn start_job(&self, caller: &Caller, request: &JobRequest) -> Result<Started, Error> {
        let lease_ms = lease_ms(request.lease_seconds)?.unwrap_or(JOB_LEASE_SECONDS_DEFAULT * 1000);
        self.judged(caller, move |caller: Caller| async move {
            self.start_judged(&caller, request, lease_ms).await
        })
        .await
    }

    async fn start_judged(
        &self,
        caller: &Caller,
        request: &JobRequest,
        lease_ms: i64,
    ) -> Result<Started, Error> {
        let (project, pipeline) = self.visible_pipeline(caller, &request.at, &request.pipeline).await?;
        let permit = access::at(caller, project.place(), Action::JobMint)?;
        let patterns = self.permitted(request.permissions.as_deref(), project.organization).await?;
        let runner = reach_of_runner(caller, project.organization);
        let run = self.run((project, pipeline), request.is_fork, runner).await?;
        let account = self.build_account(Some(caller.principal()), &run).await?;
        let at = self.now();
        let start = Start {
            runner: caller.principal(),
            created_by: Some(caller.token()),
            holders: holders_besides(caller, account.id),
            description: None,
            patterns,
            has_permissions: request.permissions.is_some(),
            at,
            lease_ms,
            ends_at: at.plus_ms(run.lifetime_ms),
        };
        let (text, new) = self.new_job(&run, &account, start, permit.attempt())?;
        let id = new.id;
        let outcome = self.store.write(&permit, &Write::StartJob(Box::new(new))).await?;
        let issued = self.issued(outcome, vec![], text)?;
        Ok(Started { job: self.job_there(id).await?, issued })
    }

    /// How far a run of a pipeline reaches, and for how long, by what is said at this moment.
    pub(super) async fn run(
        &self,
        (project, pipeline): (ProjectRecord, PipelineRecord),
        is_fork: bool,
        runner: JobAuthorizationScope,
    ) -> Result<Run, Error> {
        let settings = self.store.job_settings(project.organization, project.id).await?;
        let own = pipeline.job_authorization_scope.as_deref().and_then(JobAuthorizationScope::from_word);
        let case = JobCase {
            organization: settings.organization,
            project: settings.project,
            is_public: project.visibility == "public",
            kind: PipelineKind::from_word(&pipeline.kind).ok_or(Error::Unavailable)?,
            pipeline: own,
            is_fork,
            runner,
        };
        let lifetime_ms = settings.effective().lifetime_ms(pipeline.timeout_minutes);
        Ok(Run { project, pipeline: pipeline.id, is_fork, reach: case.reach(), lifetime_ms })
    }

    /// The job of a run that is decided, with a fresh token: the one place where jobs are made.
    pub(super) fn new_job(
        &self,
        run: &Run,
        account: &PrincipalRecord,
        start: Start,
        attempt: Option<&Attempt>,
    ) -> Result<(TokenText, NewJob), Error> {
        let id = JobId(self.mint_id());
        let origin = JobOrigin { job: id, organization: run.project.organization, project: run.project.id };
        let grant = Grant {
            kind: TokenKind::Job,
            name: None,
            description: start.description,
            owner: account.id,
            parent: None,
            created_by: start.created_by,
            patterns: start.patterns,
            places: places(origin, run.reach),
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            job: Some(origin),
            holders: start.holders,
            expiry: Expiry::At(start.at.plus_ms(start.lease_ms).min(start.ends_at)),
            at: start.at,
            proof: None,
        };
        let (text, token) = self.new_token(grant, attempt)?;
        let new = NewJob {
            id,
            pipeline: run.pipeline,
            place: run.project.place(),
            runner: start.runner,
            is_fork: run.is_fork,
            scope: run.reach.scope,
            decided_by: run.reach.decided_by,
            has_permissions: start.has_permissions,
            lease_ms: start.lease_ms,
            ends_at: start.ends_at,
            token,
        };
        Ok((text, new))
    }

    /// A job whose start was answered before, with its secret once more.
    pub(crate) async fn started_again(&self, issued: IssuedToken) -> Result<Started, Error> {
        let job = self.store.job_of_token(issued.token.id).await?.ok_or(Error::Unavailable)?;
        Ok(Started { job, issued })
    }

    /// Gives a running job another lease. What is over stays over.
    pub(crate) async fn renew_job(
        &self,
        caller: &Caller,
        id: JobId,
        lease_seconds: Option<i64>,
    ) -> Result<JobRecord, Error> {
        let lease_ms = lease_ms(lease_seconds)?;
        self.judged(caller, move |caller: Caller| async move {
            let job = self.visible_job(&caller, id).await?;
            let permit = access::on_job(&caller, &job, Action::JobRenew)?;
            if self.job_state(&job) != JobState::Running {
                return Err(over());
            }
            match self.store.write(&permit, &Write::RenewJob(id, job.token, lease_ms)).await {
                Err(crate::store::StoreError::Refused(crate::store::Refusal::NotLive)) => Err(over()),
                done => done.map(drop).map_err(Error::from),
            }?;
            self.job_there(id).await
        })
        .await
    }

    /// Ends a job; its token is dead when this has answered. Ending it again changes nothing.
    pub(crate) async fn finish_job(&self, caller: &Caller, id: JobId) -> Result<JobRecord, Error> {
        let job = self.visible_job(caller, id).await?;
        let permit = access::on_job(caller, &job, Action::JobFinish)?;
        match self.store.write(&permit, &Write::FinishJob(id, job.token)).await? {
            Outcome::Token(_) => self.job_there(id).await,
            _ => Err(Error::Unavailable),
        }
    }

    /// The job that a caller names: by its id, or by its number.
    pub(crate) async fn job_named(&self, text: &str) -> Result<JobId, Error> {
        let Some(number) = number(text) else { return text.parse().map_err(|_| Error::Hidden) };
        let filter = JobFilter { below: number.checked_add(1), limit: 1, ..JobFilter::default() };
        let newest = self.store.jobs(&filter).await?.into_iter().next();
        newest.filter(|job| job.number == number).map(|job| job.id).ok_or(Error::Hidden)
    }

    /// A job that the caller may know of.
    pub(crate) async fn visible_job(&self, caller: &Caller, id: JobId) -> Result<JobRecord, Error> {
        let found = self.store.job(id).await?;
        found.filter(|job| access::sees_job(caller, job)).ok_or(Error::Hidden)
    }

    /// The jobs that the caller may know of, newest first.
    pub(crate) async fn list_jobs(
        &self,
        caller: &Caller,
        request: &JobListRequest,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Page<JobRecord>, Error> {
        let filter = &self.job_filter(caller, request).await?;
        let read = |below| {
            let page = JobFilter { below, limit: page::READ, ..filter.clone() };
            async move { self.store.jobs(&page).await }
        };
        let is_wanted = |job: &JobRecord| request.state.is_none_or(|state| state == self.job_state(job));
        let sees = |job: &JobRecord| is_wanted(job) && access::sees_job(caller, job);
        page::seen(read, sees, |job| job.number, below, limit).await
    }

    async fn job_filter(&self, caller: &Caller, request: &JobListRequest) -> Result<JobFilter, Error> {
        let mut filter = JobFilter::default();
        let Some(organization) = &request.organization else {
            let named = request.project.as_ref().or(request.pipeline.as_ref());
            return if named.is_none() { Ok(filter) } else { Err(unplaced("organization")) };
        };
        filter.organization = Some(self.visible_organization(caller, organization).await?.id);
        let Some(project) = &request.project else {
            return if request.pipeline.is_none() { Ok(filter) } else { Err(unplaced("project")) };
        };
        let at = Within { organization: organization.clone(), project: project.clone() };
        filter.project = Some(self.visible_project(caller, &at).await?.id);
        if let Some(pipeline) = &request.pipeline {
            filter.pipeline = Some(self.visible_pipeline(caller, &at, pipeline).await?.1.id);
        }
        Ok(filter)
    }

    /// Whether a job runs at this moment.
    pub(crate) fn job_state(&self, job: &JobRecord) -> JobState {
        if job.finished_at.is_some() {
            JobState::Finished
        } else if Expiry::At(job.lease_ends_at).is_over(self.now()) {
            JobState::Expired
        } else {
            JobState::Running
        }
    }

    async fn job_there(&self, id: JobId) -> Result<JobRecord, Error> {
        self.store.job(id).await?.ok_or(Error::Unavailable)
    }

    /// The patterns of a job's token: what it asked for, or all that its account has. Only APIs that serve the job's
    /// organization count.
    pub(super) async fn permitted(
        &self,
        permissions: Option<&[ScopePattern]>,
        organization: OrganizationId,
    ) -> Result<ScopeSet, Error> {
        let Some(permissions) = permissions else {
            return Ok(ScopeSet::everything());
        };
        if permissions.is_empty() {
            return Ok(ScopeSet::nothing());
        }
        let asked = ScopeSet::new(permissions.iter().cloned());
        let asked =
            asked.map_err(|error| Error::invalid("/permissions", Code::InvalidField, error.to_string()))?;
        let apis = self.store.apis().await?;
        let serves = |api: &&ApiRecord| api.organization.as_ref().is_none_or(|(id, _)| *id == organization);
        check_known(&asked, &apis.iter().filter(serves).collect::<Vec<_>>()).map_err(of_permissions)?;
        Ok(asked)
    }

    /// The account that a job acts as; made when it is needed first.
    pub(super) async fn build_account(
        &self,
        runner: Option<PrincipalId>,
        run: &Run,
    ) -> Result<PrincipalRecord, Error> {
        let place = match run.reach.scope {
            JobAuthorizationScope::Project => run.project.place(),
            JobAuthorizationScope::Organization => Place::Organization(run.project.organization),
        };
        if let Some(account) = self.store.build_account(place).await? {
            return enabled(account);
        }
        self.make_build_account(runner, run).await?;
        // Rights have moved by that, so what the job is judged by is looked at once more.
        Err(Error::Conflict(Code::ChangedMeanwhile, "the account of the job was made; try again".to_owned()))
    }

    async fn make_build_account(&self, runner: Option<PrincipalId>, run: &Run) -> Result<(), Error> {
        let project = &run.project;
        let of_project = run.reach.scope == JobAuthorizationScope::Project;
        let new = NewBuildAccount {
            id: PrincipalId(self.mint_id()),
            binding: BindingId(self.mint_id()),
            organization: project.organization,
            project: of_project.then_some(project.id),
        };
        // Not as a part of the call: its idempotency key is for the token.
        let permit = access::system(access::Reason::AccountNeeded(runner));
        self.store.write(&permit, &Write::MakeBuildAccount(new)).await?;
        Ok(())
    }
}

/// How far a caller may start jobs, who may start them in a project of the organization.
fn reach_of_runner(caller: &Caller, organization: OrganizationId) -> JobAuthorizationScope {
    match access::check_at(caller, Place::Organization(organization), Action::JobMint) {
        Ok(()) => JobAuthorizationScope::Organization,
        Err(_) => JobAuthorizationScope::Project,
    }
}

/// Where the job's token may be used: nowhere outside its organization, and behind the wall in its project only.
fn places(origin: JobOrigin, reach: JobReach) -> PlaceLimit {
    let widest = if reach.wall.is_some() { origin.place() } else { Place::Organization(origin.organization) };
    PlaceLimit::from_places(vec![widest])
}

fn enabled(account: PrincipalRecord) -> Result<PrincipalRecord, Error> {
    if account.disabled_at.is_some() {
        let detail = format!("`{}` is disabled, so no job acts as it; enable it first", account.name);
        return Err(Error::Conflict(Code::UserDisabled, detail));
    }
    Ok(account)
}

fn lease_ms(seconds: Option<i64>) -> Result<Option<i64>, Error> {
    if seconds.is_some_and(|seconds| !(JOB_LEASE_SECONDS_MIN..=JOB_LEASE_SECONDS_MAX).contains(&seconds)) {
        let detail = format!("between {JOB_LEASE_SECONDS_MIN} and {JOB_LEASE_SECONDS_MAX} seconds");
        return Err(Error::invalid("/lease_seconds", Code::InvalidField, detail));
    }
    Ok(seconds.map(|seconds| seconds * 1000))
}

/// The same faults, at the field that a job has for its scopes.
fn of_permissions(error: Error) -> Error {
    let moved =
        |fault: Fault| Fault { pointer: fault.pointer.replacen("/scopes", "/permissions", 1), ..fault };
    match error {
        Error::Invalid(faults) => Error::Invalid(faults.into_iter().map(moved).collect()),
        other => other,
    }
}

fn unplaced(field: &str) -> Error {
    Error::invalid(field, Code::InvalidField, format!("say the {field}, too"))
}

fn over() -> Error {
    let detail = "the job is over, and a lease does not bring it back; start another one";
    Error::Conflict(Code::TokenNotLive, detail.to_owned())
}
