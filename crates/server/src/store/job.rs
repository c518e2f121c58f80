//! Jobs: runs of pipelines, each with a token.
//!
//! The token is the job's life: its end is that of the lease, and to finish the job is to revoke it. What else limits a
//! job is looked up whenever its token is read: its pipeline must still be there, and so must the trust that it came from
//! and mean what it meant; and the wall stands as it does now.

use jeton_token::{
    JobAuthorizationScope, JobCase, JobId, JobRule, JobWall, OrganizationId, PipelineId, PipelineKind, Place,
    PrincipalId, ProjectId, ScopePattern, ScopeSet, Timestamp, TokenId,
};

use super::database::{Held, Row, Transaction, statements, values};
use super::token::{self, NewToken, Pen, TokenRecord, place_text};
use super::write::Event;
use super::{Refusal, Store, StoreError, job_settings};

/// A job as stored.
#[derive(Clone, Debug)]
pub(crate) struct JobRecord {
    pub(crate) id: JobId,
    pub(crate) number: i64,
    pub(crate) token: TokenId,
    pub(crate) organization: OrganizationId,
    pub(crate) organization_name: String,
    pub(crate) project: ProjectId,
    pub(crate) project_name: String,
    pub(crate) pipeline_name: String,
    pub(crate) runner: PrincipalId,
    pub(crate) runner_name: String,
    /// The account that it acts as, by the name that people know.
    pub(crate) account_name: String,
    pub(crate) is_fork: bool,
    pub(crate) scope: JobAuthorizationScope,
    pub(crate) decided_by: JobRule,
    /// What was asked for; `None`: all that the account has.
    pub(crate) permissions: Option<Vec<ScopePattern>>,
    pub(crate) lease_ms: i64,
    pub(crate) lease_ends_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) created_at: Timestamp,
    /// When its token was revoked, or its pipeline or the trust that it came from was no longer there as it had been.
    pub(crate) finished_at: Option<Timestamp>,
}

impl JobRecord {
    /// Where it runs.
    pub(crate) fn place(&self) -> Place {
        Place::Project(self.organization, self.project)
    }
}

/// A job to be started.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub(crate) id: JobId,
    pub(crate) pipeline: PipelineId,
    pub(crate) place: Place,
    pub(crate) runner: PrincipalId,
    pub(crate) is_fork: bool,
    pub(crate) scope: JobAuthorizationScope,
    pub(crate) decided_by: JobRule,
    /// Whether it asked for less than its account has.
    pub(crate) has_permissions: bool,
    pub(crate) lease_ms: i64,
    pub(crate) ends_at: Timestamp,
    pub(crate) token: NewToken,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobFilter {
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) project: Option<ProjectId>,
    pub(crate) pipeline: Option<PipelineId>,
    /// Only numbers below this one: the rest of a list that was begun.
    pub(crate) below: Option<i64>,
    pub(crate) limit: i64,
}

/// What holds for a job's token besides its own rows, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobNow {
    /// Its pipeline or project was removed, or the trust that it came from; or that means somebody else by now.
    pub(crate) is_over: bool,
    /// What leaves it no right outside its project, if something does.
    pub(crate) wall: Option<JobWall>,
}

/// Since when a job is over that nobody ended, and what says so. A job without a trust was started by a runner.
macro_rules! over_at {
    () => {
        "COALESCE((SELECT MIN(trust_end.ended_at) FROM trust_end
                WHERE trust_end.trust_id = trust.id AND trust_end.revision > trust_token.revision),
            trust.removed_at, pipeline.removed_at, project.removed_at)"
    };
}

macro_rules! with_trust {
    ($token:literal) => {
        concat!(
            " LEFT JOIN trust_token ON trust_token.token_id = ",
            $token,
            " LEFT JOIN trust ON trust.id = trust_token.trust_id "
        )
    };
}

/// The jobs of a page with all that is shown of them, item by item.
macro_rules! jobs {
    ($page:literal) => {
        concat!(
            "SELECT page.number AS number, page.id AS id, page.token_id AS token_id, page.fork AS fork,
                page.authorization_scope AS authorization_scope, page.decided_by AS decided_by,
                page.has_permissions AS has_permissions, page.lease_ms AS lease_ms, page.ends_at AS ends_at,
                page.created_at AS created_at, page.runner_id AS runner_id, runner.name AS runner_name,
                account.display_name AS account_name, token.expires_at AS expires_at,
                token.revoked_at AS revoked_at, ",
            over_at!(),
            " AS over_at, pipeline.name AS pipeline_name, project.id AS project_id, project.name AS project_name,
                organization.id AS organization_id, organization.name AS organization_name,
                token_item.value AS permission
            FROM (",
            $page,
            ") page JOIN token ON token.id = page.token_id JOIN principal account ON account.id = token.owner_id
                JOIN principal runner ON runner.id = page.runner_id
                JOIN pipeline ON pipeline.id = page.pipeline_id JOIN project ON project.id = pipeline.project_id
                JOIN organization ON organization.id = project.organization_id",
            with_trust!("page.token_id"),
            "LEFT JOIN token_item ON token_item.token_id = page.token_id AND token_item.kind = 'scope'
            ORDER BY page.number DESC, token_item.position"
        )
    };
}

statements! {
    OF_ID = jobs!("SELECT * FROM job WHERE id = $1");
    OF_TOKEN = jobs!("SELECT * FROM job WHERE token_id = $1");
    LIST = jobs!("SELECT job.* FROM job JOIN pipeline p ON p.id = job.pipeline_id
            JOIN project r ON r.id = p.project_id
        WHERE (CAST($1 AS TEXT) IS NULL OR r.organization_id = $1) AND (CAST($2 AS TEXT) IS NULL OR r.id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR p.id = $3) AND (CAST($4 AS BIGINT) IS NULL OR job.number < $4)
        ORDER BY job.number DESC LIMIT $5");
    NOW = concat!("SELECT job.fork AS fork, job.authorization_scope AS authorization_scope, pipeline.kind AS kind,
            pipeline.job_authorization_scope AS pipeline_scope, project.visibility AS visibility,
            project.id AS project_id, project.organization_id AS organization_id, ", over_at!(), " AS over_at
        FROM job JOIN pipeline ON pipeline.id = job.pipeline_id JOIN project ON project.id = pipeline.project_id",
        with_trust!("job.token_id"), "WHERE job.token_id = $1");
    INSERT = "INSERT INTO job (id, token_id, pipeline_id, runner_id, fork, authorization_scope, decided_by,
        has_permissions, lease_ms, ends_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SET_LEASE = "UPDATE job SET lease_ms = $1 WHERE id = $2";
    LEASE = "SELECT lease_ms, ends_at FROM job WHERE id = $1";
}

impl Store {
    /// The job of this id.
    pub(crate) async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let rows = self.read().await?.fetch(OF_ID, values![id.to_string()]).await?;
        Ok(collect(&rows)?.pop())
    }

    /// The job that a token is of.
    pub(crate) async fn job_of_token(&self, token: TokenId) -> Result<Option<JobRecord>, StoreError> {
        let rows = self.read().await?.fetch(OF_TOKEN, values![token.to_string()]).await?;
        Ok(collect(&rows)?.pop())
    }

    /// Jobs, newest first.
    pub(crate) async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        let values = values![
            filter.organization.map(|id| id.to_string()),
            filter.project.map(|id| id.to_string()),
            filter.pipeline.map(|id| id.to_string()),
            filter.below,
            filter.limit,
        ];
        collect(&self.read().await?.fetch(LIST, values).await?)
    }
}

/// What holds for a job's token now; nothing if there is no such job.
pub(super) async fn now_of(
    transaction: &mut Transaction,
    token: TokenId,
) -> Result<Option<JobNow>, StoreError> {
    let Some(row) = transaction.first(NOW, values![token.to_string()]).await? else {
        return Ok(None);
    };
    let settings =
        job_settings::load(transaction, row.parse("organization_id")?, row.parse("project_id")?).await?;
    let case = JobCase {
        organization: settings.organization,
        project: settings.project,
        is_public: row.text("visibility")? == "public",
        kind: word(&row, "kind", PipelineKind::from_word)?,
        pipeline: row.text_or_null("pipeline_scope")?.as_deref().and_then(JobAuthorizationScope::from_word),
        is_fork: row.flag("fork")?,
        // As far as it reached when it was started, and no further.
        runner: word(&row, "authorization_scope", JobAuthorizationScope::from_word)?,
    };
    let is_over = row.int_or_null("over_at")?.is_some();
    Ok(Some(JobNow { is_over, wall: case.reach().wall }))
}

// ---- writing

/// Starts a job: its token, and what it is a run of.
pub(super) async fn start(pen: &mut Pen<'_>, new: &NewJob) -> Result<(TokenRecord, Event), StoreError> {
    let (token, event) = token::create(pen, &new.token).await?;
    let values = values![
        new.id.to_string(),
        token.id.to_string(),
        new.pipeline.to_string(),
        new.runner.to_string(),
        new.is_fork,
        new.scope.word(),
        new.decided_by.word(),
        new.has_permissions,
        new.lease_ms,
        new.ends_at.0,
        new.token.created_at.0,
    ];
    pen.transaction.execute(INSERT, values).await?;
    let chain = token::load(pen.transaction, pen.keys, pen.now, token.id).await?.ok_or(StoreError::Lost)?;
    let detail = format!(
        "started; pipeline {}; scope {} by {}; fork {}; ends {}; token {}; {}",
        new.pipeline,
        new.scope.word(),
        new.decided_by.word(),
        new.is_fork,
        new.ends_at.0,
        token.id,
        event.detail
    );
    Ok((chain.token, of_job(new.id, Some(new.place), detail)))
}

/// Gives a running job a new lease from now, never beyond its end. What is over stays over.
pub(super) async fn renew(
    pen: &mut Pen<'_>,
    (id, token): (JobId, TokenId),
    lease_ms: Option<i64>,
) -> Result<(TokenRecord, Event), StoreError> {
    pen.transaction.hold(Held::TokenToChange(&token.to_string())).await?;
    let row = pen.transaction.first(LEASE, values![id.to_string()]).await?.ok_or(Refusal::Gone)?;
    let lease_ms = lease_ms.map_or_else(|| row.int("lease_ms"), Ok)?;
    let end = pen.now.plus_ms(lease_ms).min(Timestamp(row.int("ends_at")?));
    pen.transaction.execute(SET_LEASE, values![lease_ms, id.to_string()]).await?;
    let token = token::renew(pen, token, end).await?;
    Ok((token, of_job(id, None, format!("renewed; lease until {}", end.0))))
}

/// Ends a job for good. One that is over stays as it is, and nothing is written.
pub(super) async fn finish(
    pen: &mut Pen<'_>,
    (id, token): (JobId, TokenId),
    by: Option<PrincipalId>,
) -> Result<(TokenRecord, Option<Event>), StoreError> {
    pen.transaction.hold(Held::TokenToChange(&token.to_string())).await?;
    let (token, event) = token::revoke(pen, token, by).await?;
    Ok((token, event.map(|_| of_job(id, None, "finished".to_owned()))))
}

fn of_job(id: JobId, place: Option<Place>, detail: String) -> Event {
    Event {
        target_kind: "job",
        target: id.to_string(),
        place: place.map(place_text).unwrap_or_default(),
        detail,
        personal: String::new(),
        touched: vec![],
    }
}

// ---- reading rows

/// Rows come job by job, one for each pattern of its token.
fn collect(rows: &[Row]) -> Result<Vec<JobRecord>, StoreError> {
    let mut jobs = Vec::new();
    for rows in rows.chunk_by(|a, b| matches!((a.text("id"), b.text("id")), (Ok(a), Ok(b)) if a == b)) {
        if let Some(first) = rows.first() {
            jobs.push(record(first, permissions(rows)?)?);
        }
    }
    Ok(jobs)
}

fn permissions(rows: &[Row]) -> Result<Vec<ScopePattern>, StoreError> {
    let given = rows.iter().filter_map(|row| row.parse_or_null("permission").transpose());
    let nothing = ScopeSet::nothing();
    let is_something = |given: &Result<ScopePattern, _>| {
        !given.as_ref().is_ok_and(|pattern| nothing.patterns().contains(pattern))
    };
    given.filter(is_something).collect()
}

fn record(row: &Row, permissions: Vec<ScopePattern>) -> Result<JobRecord, StoreError> {
    Ok(JobRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        token: row.parse("token_id")?,
        organization: row.parse("organization_id")?,
        organization_name: row.text("organization_name")?,
        project: row.parse("project_id")?,
        project_name: row.text("project_name")?,
        pipeline_name: row.text("pipeline_name")?,
        runner: row.parse("runner_id")?,
        runner_name: row.text("runner_name")?,
        account_name: row.text("account_name")?,
        is_fork: row.flag("fork")?,
        scope: word(row, "authorization_scope", JobAuthorizationScope::from_word)?,
        decided_by: word(row, "decided_by", JobRule::from_word)?,
        permissions: row.flag("has_permissions")?.then_some(permissions),
        lease_ms: row.int("lease_ms")?,
        lease_ends_at: Timestamp(row.int("expires_at")?),
        ends_at: Timestamp(row.int("ends_at")?),
        created_at: Timestamp(row.int("created_at")?),
        finished_at: finished_at(row)?,
    })
}

/// Whichever came first: what is over can still be finished.
fn finished_at(row: &Row) -> Result<Option<Timestamp>, StoreError> {
    let ends = [row.int_or_null("revoked_at")?, row.int_or_null("over_at")?];
    Ok(ends.into_iter().flatten().min().map(Timestamp))
}

fn word<T>(row: &Row, column: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
    read(&row.text(column)?).ok_or_else(|| StoreError::unreadable(column))
}
