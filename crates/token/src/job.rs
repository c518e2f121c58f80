//! Jobs: how far one run of a pipeline reaches, who it is there, and until when.
//!
//! A job acts as a *build service account*, that of its project or that of the whole organization; its *authorization
//! scope* selects which. Organization and project can each limit jobs to their project, separately for releases and
//! for everything else, and for runs that a fork set off. A limit that is on stays on below: nothing here widens what
//! a level above has narrowed. With the *wall*, a job whose scope is its project has no right outside of it, whatever
//! somebody granted its account there.
//!
//! Example: organization and project limit nothing, and a classic build says `organization`: the job is the
//! organization's account. Somebody turns on the organization's limit: the next job is the project's account, and this
//! one, where there is a wall, cannot leave the project any more.

use crate::alias::{meant_by, meant_by_pattern};
use crate::id::{JobId, OrganizationId, ProjectId};
use crate::scope::{Scope, ScopePattern};
use crate::tenant::Place;

/// The longest that a job may live when neither organization nor project says: a day, in minutes.
pub const JOB_MINUTES_USUAL: i64 = 24 * 60;

/// Where a job's rights are those of, and so which account it acts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobAuthorizationScope {
    /// Its own project.
    Project,
    /// All projects of the organization.
    Organization,
}

/// What kind of pipeline started a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PipelineKind {
    /// Described by a file in the repository.
    Yaml,
    /// A build that was put together by hand.
    ClassicBuild,
    /// A release.
    Release,
}

/// What an organization or a project says about the jobs there.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that somebody sets by itself")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobSettings {
    /// Jobs that belong to no release are limited to their project.
    pub limit_non_release: bool,
    /// Jobs of releases are limited to their project.
    pub limit_release: bool,
    /// Jobs that a fork set off are limited to their project.
    pub limit_forks: bool,
    /// A job that is limited to its project has no right outside of it.
    pub project_wall: bool,
    /// The longest that a job may live, in minutes.
    pub max_lifetime_minutes: Option<i64>,
}

impl JobSettings {
    /// Those of an organization that has said nothing: everything is limited.
    pub const OF_ORGANIZATION: Self = Self {
        limit_non_release: true,
        limit_release: true,
        limit_forks: true,
        project_wall: true,
        max_lifetime_minutes: Some(JOB_MINUTES_USUAL),
    };

    /// Those of a project that has said nothing: what the organization says holds.
    pub const OF_PROJECT: Self = Self {
        limit_non_release: false,
        limit_release: false,
        limit_forks: false,
        project_wall: false,
        max_lifetime_minutes: None,
    };

    /// Both together: what either limits is limited.
    #[must_use]
    pub fn tightened_by(self, other: Self) -> Self {
        let lifetimes = self.max_lifetime_minutes.into_iter().chain(other.max_lifetime_minutes);
        Self {
            limit_non_release: self.limit_non_release || other.limit_non_release,
            limit_release: self.limit_release || other.limit_release,
            limit_forks: self.limit_forks || other.limit_forks,
            project_wall: self.project_wall || other.project_wall,
            max_lifetime_minutes: lifetimes.min(),
        }
    }

    /// How long a job may live, in milliseconds: the least of what holds there and what its pipeline says.
    pub fn lifetime_ms(self, pipeline_minutes: Option<i64>) -> i64 {
        let said = self.max_lifetime_minutes.into_iter().chain(pipeline_minutes).min();
        said.unwrap_or(JOB_MINUTES_USUAL).saturating_mul(60_000)
    }
}

/// Everything that a job's reach depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobCase {
    /// What the organization says.
    pub organization: JobSettings,
    /// What the project says.
    pub project: JobSettings,
    /// Whether everybody in the organization sees the project.
    pub is_public: bool,
    /// The kind of the pipeline.
    pub kind: PipelineKind,
    /// What the pipeline itself says; only a classic build is asked.
    pub pipeline: Option<JobAuthorizationScope>,
    /// Whether a fork set the run off.
    pub is_fork: bool,
    /// How far whoever starts the job may start jobs.
    pub runner: JobAuthorizationScope,
}

/// Which rule decided a job's authorization scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobRule {
    /// The project is public.
    PublicProject,
    /// The organization limits such jobs.
    OrganizationLimit,
    /// The project limits such jobs.
    ProjectLimit,
    /// The organization limits jobs that forks set off.
    OrganizationForkLimit,
    /// The project limits jobs that forks set off.
    ProjectForkLimit,
    /// The pipeline says so itself.
    Pipeline,
    /// Whoever starts the job may start jobs of this project only.
    Runner,
    /// Nothing limits it.
    Unlimited,
}

/// How far a job reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobReach {
    /// Which account it is.
    pub scope: JobAuthorizationScope,
    /// Which rule decided that.
    pub decided_by: JobRule,
    /// What leaves it no right outside its project, if something does.
    pub wall: Option<JobWall>,
}

/// Who keeps a job in its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobWall {
    /// The project is public, so what runs there may be anybody's.
    PublicProject,
    /// The organization put up the wall.
    Organization,
    /// The project did.
    Project,
}

impl JobCase {
    /// How far the job reaches. The first rule that limits it decides, from the one that nobody can turn off to the
    /// one nearest to the job.
    pub fn reach(self) -> JobReach {
        let decided_by = self.rule();
        let scope = self.scope(decided_by);
        let wall = self.wall().filter(|_| scope == JobAuthorizationScope::Project);
        JobReach { scope, decided_by, wall }
    }

    fn wall(self) -> Option<JobWall> {
        match [self.organization, self.project].map(|settings| settings.project_wall) {
            _ if self.is_public => Some(JobWall::PublicProject),
            [true, _] => Some(JobWall::Organization),
            [_, true] => Some(JobWall::Project),
            [false, false] => None,
        }
    }

    fn rule(self) -> JobRule {
        let at_levels = [self.organization, self.project].map(|settings| self.is_limited_by(settings));
        match at_levels {
            _ if self.is_public => JobRule::PublicProject,
            [true, _] => JobRule::OrganizationLimit,
            [_, true] => JobRule::ProjectLimit,
            _ if self.is_from_fork() && self.organization.limit_forks => JobRule::OrganizationForkLimit,
            _ if self.is_from_fork() && self.project.limit_forks => JobRule::ProjectForkLimit,
            _ if self.own() == Some(JobAuthorizationScope::Project) => JobRule::Pipeline,
            _ if self.runner == JobAuthorizationScope::Project => JobRule::Runner,
            _ if self.own().is_some() => JobRule::Pipeline,
            _ => JobRule::Unlimited,
        }
    }

    fn scope(self, decided_by: JobRule) -> JobAuthorizationScope {
        match decided_by {
            JobRule::Unlimited => JobAuthorizationScope::Organization,
            JobRule::Pipeline => self.own().unwrap_or(JobAuthorizationScope::Project),
            JobRule::PublicProject
            | JobRule::OrganizationLimit
            | JobRule::ProjectLimit
            | JobRule::OrganizationForkLimit
            | JobRule::ProjectForkLimit
            | JobRule::Runner => JobAuthorizationScope::Project,
        }
    }

    fn is_limited_by(self, settings: JobSettings) -> bool {
        match self.kind {
            PipelineKind::Release => settings.limit_release,
            PipelineKind::Yaml | PipelineKind::ClassicBuild => settings.limit_non_release,
        }
    }

    /// Forks set off builds; a release starts from what was built.
    fn is_from_fork(self) -> bool {
        self.is_fork && self.kind != PipelineKind::Release
    }

    fn own(self) -> Option<JobAuthorizationScope> {
        self.pipeline.filter(|_| self.kind == PipelineKind::ClassicBuild)
    }
}

/// Which job a token is of, and where that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobOrigin {
    /// The job.
    pub job: JobId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its project.
    pub project: ProjectId,
}

impl JobOrigin {
    /// The project of the job.
    pub fn place(self) -> Place {
        Place::Project(self.organization, self.project)
    }
}

/// What a job never has, whatever its account may do, and by no other name: a way to tokens or jobs that outlive it.
const NEVER: [&str; 2] = ["Jeton.Token.*", "Jeton.Job.Mint"];

/// Whether the scope is one that no job has.
pub(crate) fn is_never_a_jobs(scope: &Scope) -> bool {
    let meant = meant_by(scope.as_str()).iter().filter_map(|text| text.parse::<Scope>().ok());
    let named = [scope.clone()].into_iter().chain(meant);
    named.into_iter().any(|scope| never().any(|pattern| pattern.covers(&scope)))
}

/// Whether some scope of the pattern is one that no job has.
pub(crate) fn has_what_is_never_a_jobs(pattern: &ScopePattern) -> bool {
    let named = [pattern.clone()].into_iter().chain(meant_by_pattern(pattern));
    named.into_iter().any(|pattern| never().any(|never| never.meet(&pattern).is_some()))
}

fn never() -> impl Iterator<Item = ScopePattern> {
    NEVER.iter().filter_map(|text| text.parse().ok())
}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in JSON and in the store.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one that a word names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}

words! {
    JobAuthorizationScope { Project = "project", Organization = "organization" }
    PipelineKind { Yaml = "yaml", ClassicBuild = "classic_build", Release = "release" }
    JobWall { PublicProject = "public_project", Organization = "organization", Project = "project" }
    JobRule {
        PublicProject = "public_project",
        OrganizationLimit = "organization_limit",
        ProjectLimit = "project_limit",
        OrganizationForkLimit = "organization_fork_limit",
        ProjectForkLimit = "project_fork_limit",
        Pipeline = "pipeline",
        Runner = "runner",
        Unlimited = "unlimited",
    }
}
