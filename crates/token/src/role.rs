//! Roles: named sets of rights, bound to a principal or group at a place.

use crate::tenant::Place;

/// The roles that Jeton brings along. Nobody changes them; a better one is made under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInRole {
    /// Everything at the place, `Jeton.Admin.*` included.
    Admin,
    /// Sees everything at the place and changes nothing.
    Auditor,
    /// Sees, narrows and ends anybody's tokens.
    TokenAdmin,
    /// A principal's own tokens: makes, sees, changes, rotates and ends them.
    TokenCreator,
    /// Looks after an organization: its projects, service accounts, APIs, policies and who has which role there.
    OrganizationAdmin,
    /// Looks after a project: its pipelines, policies, jobs and who has which role there.
    ProjectAdmin,
    /// Starts jobs.
    JobRunner,
    /// What the account of jobs may do at its place by default.
    BuildService,
    /// Every scope of the APIs that serve the place, and nothing of Jeton's own.
    ApiUser,
}

/// Where a role can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bindable {
    /// At any place.
    Anywhere,
    /// Only everywhere.
    Globally,
}

impl Bindable {
    /// Whether a role like that can be bound at this place.
    pub fn allows(self, place: Place) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Globally => place == Place::Global,
        }
    }

    /// The word in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Globally => "global",
        }
    }

    /// What a word says.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Anywhere, Self::Globally].into_iter().find(|bindable| bindable.word() == word)
    }
}

impl BuiltInRole {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Admin,
        Self::Auditor,
        Self::TokenAdmin,
        Self::TokenCreator,
        Self::OrganizationAdmin,
        Self::ProjectAdmin,
        Self::JobRunner,
        Self::BuildService,
        Self::ApiUser,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Auditor => "Auditor",
            Self::TokenAdmin => "TokenAdmin",
            Self::TokenCreator => "TokenCreator",
            Self::OrganizationAdmin => "OrganizationAdmin",
            Self::ProjectAdmin => "ProjectAdmin",
            Self::JobRunner => "JobRunner",
            Self::BuildService => "BuildService",
            Self::ApiUser => "ApiUser",
        }
    }

    /// What it is for.
    pub fn description(self) -> &'static str {
        match self {
            Self::Admin => "everything at the place",
            Self::Auditor => "sees everything at the place and changes nothing",
            Self::TokenAdmin => "sees, narrows and ends anybody's tokens",
            Self::TokenCreator => "makes, sees, changes, rotates and ends one's own tokens",
            Self::OrganizationAdmin => "looks after an organization and all that belongs to it",
            Self::ProjectAdmin => "looks after a project and all that belongs to it",
            Self::JobRunner => "starts jobs and gets their tokens",
            Self::BuildService => "sees pipelines and projects: what jobs may do unless more is given",
            Self::ApiUser => "every scope of the APIs that serve the place, and nothing of Jeton's own",
        }
    }

    /// The patterns that it grants.
    pub fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Admin => &["*"],
            Self::Auditor => &["Jeton.Audit.Read", "Jeton.Job.Read"],
            Self::TokenAdmin => &["Jeton.Admin.Token"],
            Self::TokenCreator => &["Jeton.Token.*"],
            Self::OrganizationAdmin => &["Jeton.Admin.*", "Jeton.Audit.Read", "Jeton.Job.*"],
            Self::ProjectAdmin => &[
                "Jeton.Admin.Job",
                "Jeton.Admin.Organization",
                "Jeton.Admin.Policy",
                "Jeton.Admin.Role",
                "Jeton.Audit.Read",
                "Jeton.Job.*",
            ],
            Self::JobRunner => &["Jeton.Job.*"],
            Self::BuildService => &["vso.build", "vso.project"],
            Self::ApiUser => &[],
        }
    }

    /// The same without those of some namespaces. What wildcards cover stays: it is whatever there is.
    pub fn patterns_without(self, namespaces: &[&str]) -> impl Iterator<Item = &'static str> {
        let of = |text: &&str| text.split('.').next().is_some_and(|first| namespaces.contains(&first));
        self.patterns().iter().copied().filter(move |text| !of(text))
    }

    /// Whether it grants every scope of the APIs that serve the place of the binding.
    pub fn grants_apis(self) -> bool {
        matches!(self, Self::OrganizationAdmin | Self::ProjectAdmin | Self::ApiUser)
    }

    /// Where it can be bound. One's own tokens lie at no place, so a right to them anywhere else would be none.
    pub fn bindable(self) -> Bindable {
        match self {
            Self::TokenCreator => Bindable::Globally,
            _ => Bindable::Anywhere,
        }
    }
}
