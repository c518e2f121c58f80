//! Jobs: who starts them, how far they reach, and who ends them.
//!
//! A job is started by the right to start jobs of its pipeline and by no other: it may do what the account that it acts
//! as may do, and whoever gives that account a right must hold it. Its token is dead when it is finished, when its lease
//! ends without a renewal, when its time is over, and when its pipeline, its project or that account goes.

use jeton_api::{Code, JobState};
use jeton_token::{
    Approval, BindingId, Expiry, JobAuthorizationScope, JobCase, JobId, JobOrigin, JobReach, NetworkLimit,
    PipelineKind, Place, PlaceLimit, PrincipalId, ResourceName, ScopePattern, ScopeSet, TokenKind,
};

use super::access::{self, Action, Caller};
use super::create::{Grant, IssuedToken, check_known, holders_besides};
use super::page::{self, Page};
use super::place::Within;
use super::{Authority, Error, Fault};
use crate::limits::{JOB_LEASE_SECONDS_DEFAULT, JOB_LEASE_SECONDS_MAX, JOB_LEASE_SECONDS_MIN};
use crate::store::{
    JobFilter, JobRecord, JobSettingsOf, NewBuildAccount, NewJob, Outcome, PipelineRecord, PrincipalRecord,
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
        let patterns = self.permitted(request.permissions.as_deref()).await?;
        let settings = self.store.job_settings(project.organization, project.id).await?;
        let reach = case(caller, request, (&project, &pipeline), settings)?.reach();
        let account = self.build_account(caller, &project, reach.scope).await?;
        let (id, at) = (JobId(self.mint_id()), self.now());
        let ends_at = at.plus_ms(settings.effective().lifetime_ms(pipeline.timeout_minutes));
        let origin = JobOrigin { job: id, organization: project.organization, project: project.id };
        let grant = Grant {
            kind: TokenKind::Job,
            name: None,
            description: None,
            owner: account.id,
            parent: None,
            created_by: Some(caller.token()),
            patterns,
            places: places(origin, reach),
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            job: Some(origin),
            holders: holders_besides(caller, account.id),
            expiry: Expiry::At(at.plus_ms(lease_ms).min(ends_at)),
            at,
            proof: None,
        };
        let (text, token) = self.new_token(grant, permit.attempt())?;
        let new = NewJob {
            id,
            pipeline: pipeline.id,
            place: project.place(),
            runner: caller.principal(),
            is_fork: request.is_fork,
            scope: reach.scope,
            decided_by: reach.decided_by,
            has_permissions: request.permissions.is_some(),
            lease_ms,
            ends_at,
            token,
        };
        let outcome = self.store.write(&permit, &Write::StartJob(Box::new(new))).await?;
        let issued = self.issued(outcome, vec![], text)?;
        Ok(Started { job: self.job_there(id).await?, issued })
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

    /// The patterns of a job's token: what it asked for, or all that its account has.
    async fn permitted(&self, permissions: Option<&[ScopePattern]>) -> Result<ScopeSet, Error> {
        let Some(permissions) = permissions else {
            return Ok(ScopeSet::everything());
        };
        if permissions.is_empty() {
            return Ok(ScopeSet::nothing());
        }
        let asked = ScopeSet::new(permissions.iter().cloned());
        let asked =
            asked.map_err(|error| Error::invalid("/permissions", Code::InvalidField, error.to_string()))?;
        check_known(&asked, &self.store.apis().await?).map_err(of_permissions)?;
        Ok(asked)
    }

    /// The account that a job acts as; made when it is needed first.
    async fn build_account(
        &self,
        caller: &Caller,
        project: &ProjectRecord,
        scope: JobAuthorizationScope,
    ) -> Result<PrincipalRecord, Error> {
        let place = match scope {
            JobAuthorizationScope::Project => project.place(),
            JobAuthorizationScope::Organization => Place::Organization(project.organization),
        };
        if let Some(account) = self.store.build_account(place).await? {
            return enabled(account);
        }
        self.make_build_account(caller, project, scope).await?;
        // Rights have moved by that, so what the job is judged by is looked at once more.
        Err(Error::Conflict(Code::ChangedMeanwhile, "the account of the job was made; try again".to_owned()))
    }

    async fn make_build_account(
        &self,
        caller: &Caller,
        project: &ProjectRecord,
        scope: JobAuthorizationScope,
    ) -> Result<(), Error> {
        let name = |text: &str| text.parse::<ResourceName>().map_err(|_| Error::Unavailable);
        let of_project = scope == JobAuthorizationScope::Project;
        let new = NewBuildAccount {
            id: PrincipalId(self.mint_id()),
            binding: BindingId(self.mint_id()),
            organization: project.organization,
            organization_name: name(&project.organization_name)?,
            project: of_project.then(|| Ok::<_, Error>((project.id, name(&project.name)?))).transpose()?,
        };
        // Not as a part of the call: its idempotency key is for the token.
        let permit = access::system(access::Reason::AccountNeeded(caller.principal()));
        self.store.write(&permit, &Write::MakeBuildAccount(new)).await?;
        Ok(())
    }
}

/// All that the job's reach depends on.
fn case(
    caller: &Caller,
    request: &JobRequest,
    (project, pipeline): (&ProjectRecord, &PipelineRecord),
    settings: JobSettingsOf,
) -> Result<JobCase, Error> {
    let organization = Place::Organization(project.organization);
    let reaches_all = access::check_at(caller, organization, Action::JobMint).is_ok();
    let own = pipeline.job_authorization_scope.as_deref().and_then(JobAuthorizationScope::from_word);
    Ok(JobCase {
        organization: settings.organization,
        project: settings.project,
        is_public: project.visibility == "public",
        kind: PipelineKind::from_word(&pipeline.kind).ok_or(Error::Unavailable)?,
        pipeline: own,
        is_fork: request.is_fork,
        runner: if reaches_all {
            JobAuthorizationScope::Organization
        } else {
            JobAuthorizationScope::Project
        },
    })
}

/// Where the job's token may be used: nowhere outside its organization, and behind the wall in its project only.
fn places(origin: JobOrigin, reach: JobReach) -> PlaceLimit {
    let widest = if reach.is_walled { origin.place() } else { Place::Organization(origin.organization) };
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
