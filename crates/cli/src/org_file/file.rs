//! What a file says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use jeton_api::{
    ApiRoute, ApiScope, Excess, FieldError, ForwardAuth, PrincipalRef, PutApi, PutPipeline, Rule, Visibility,
};
use jeton_token::{Network, PrincipalName, ResourceName, ScopePattern};
use serde::{Deserialize, Serialize};

use crate::apply;
use crate::error::{Error, Result};
use crate::names::{PROJECT, parse_principal, parts, principal_text};
use crate::toml_file::TomlFile;

/// A file. A section that is missing says nothing about its kind; an empty one says that there is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrgFile {
    pub(super) organizations: Option<BTreeMap<String, OrganizationSpec>>,
    pub(super) apis: Option<BTreeMap<String, ApiSpec>>,
    pub(super) service_accounts: Option<BTreeMap<String, ServiceAccountSpec>>,
    pub(super) groups: Option<BTreeMap<String, GroupSpec>>,
    pub(super) roles: Option<BTreeMap<String, RoleSpec>>,
    pub(super) policies: Option<BTreeMap<String, PolicySpec>>,
    pub(super) bindings: Option<Vec<BindingSpec>>,
}

/// An organization.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSpec {
    pub(super) projects: Option<BTreeMap<String, ProjectSpec>>,
}

/// A project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectSpec {
    pub(super) visibility: Option<Visibility>,
    pub(super) pipelines: Option<BTreeMap<String, PutPipeline>>,
}

/// An API: a file of its own, or what would stand in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiSpec {
    file: Option<PathBuf>,
    title: Option<String>,
    organization: Option<String>,
    namespace: Option<String>,
    audience: Option<String>,
    enforces_places: Option<bool>,
    forward_auth: Option<ForwardAuth>,
    scopes: Option<Vec<ApiScope>>,
    routes: Option<Vec<ApiRoute>>,
}

/// A service account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccountSpec {
    pub(super) organization: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) disabled: Option<bool>,
}

/// A group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSpec {
    pub(super) display_name: Option<String>,
    pub(super) members: Option<Vec<String>>,
}

/// A role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleSpec {
    pub(super) description: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// A binding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BindingSpec {
    pub(super) role: String,
    pub(super) subject: String,
    pub(super) place: String,
}

/// A policy.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicySpec {
    lifetime_minutes_max: Option<i64>,
    lifetime_minutes_default: Option<i64>,
    never_expires: Option<Rule>,
    everything: Option<Rule>,
    excess: Option<Excess>,
    creators: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    approval_scopes: Option<Vec<String>>,
    sign_in_within_days: Option<i64>,
    used_within_days: Option<i64>,
    renewable_for_days: Option<i64>,
    job_projects: Option<Vec<String>>,
}

impl OrgFile {
    /// Reads it. What only makes no sense together is found here as well.
    pub(super) fn read(text: &TomlFile) -> Result<Self> {
        let file: Self = text.parse()?;
        let mut faults = Faults(vec![]);
        faults.of_places(file.organizations.as_ref());
        faults.names::<PrincipalName, _>("/service_accounts", file.service_accounts.as_ref());
        faults.names::<ResourceName, _>("/groups", file.groups.as_ref());
        faults.of_members(file.groups.as_ref());
        faults.names::<ResourceName, _>("/roles", file.roles.as_ref());
        for (name, role) in file.roles.iter().flatten() {
            faults.values::<ScopePattern>(&pointer(&["roles", name, "scopes"]), &role.scopes);
        }
        for (place, policy) in file.policies.iter().flatten() {
            let at = pointer(&["policies", place]);
            faults
                .values::<Network>(&format!("{at}/networks"), policy.networks.as_deref().unwrap_or_default());
            let patterns = policy.approval_scopes.as_deref().unwrap_or_default();
            faults.values::<ScopePattern>(&format!("{at}/approval_scopes"), patterns);
        }
        faults.of_bindings(file.bindings.as_deref().unwrap_or_default());
        if faults.0.is_empty() { Ok(file) } else { Err(text.blame(&faults.0)) }
    }
}

struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: &str, detail: Option<String>) {
        let code = "invalid_field".to_owned();
        self.0.extend(detail.map(|detail| FieldError { pointer: pointer.to_owned(), code, detail }));
    }

    /// Names that make no sense, and names that differ only in case and so are one name to the server.
    fn names<N: FromStr<Err: ToString>, T>(&mut self, section: &str, named: Option<&BTreeMap<String, T>>) {
        let mut seen: Vec<String> = vec![];
        for name in named.into_iter().flat_map(BTreeMap::keys) {
            let lower = name.to_lowercase();
            let at = format!("{section}{}", pointer(&[name]));
            self.add(&at, name.parse::<N>().err().map(|error| error.to_string()));
            self.add(&at, seen.contains(&lower).then(|| format!("`{name}` is there twice, in another case")));
            seen.push(lower);
        }
    }

    fn values<V: FromStr<Err: ToString>>(&mut self, at: &str, texts: &[String]) {
        for (index, text) in texts.iter().enumerate() {
            let wrong = text.parse::<V>().err().map(|error| format!("`{text}`: {}", error.to_string()));
            self.add(&format!("{at}/{index}"), wrong);
        }
    }

    fn of_places(&mut self, organizations: Option<&BTreeMap<String, OrganizationSpec>>) {
        self.names::<ResourceName, _>("/organizations", organizations);
        for (organization, spec) in organizations.into_iter().flatten() {
            let projects = pointer(&["organizations", organization, "projects"]);
            self.names::<ResourceName, _>(&projects, spec.projects.as_ref());
            for (project, spec) in spec.projects.iter().flatten() {
                let pipelines = format!("{projects}{}", pointer(&[project, "pipelines"]));
                self.names::<ResourceName, _>(&pipelines, spec.pipelines.as_ref());
            }
        }
    }

    fn of_members(&mut self, groups: Option<&BTreeMap<String, GroupSpec>>) {
        for (name, group) in groups.into_iter().flatten() {
            for (at, member) in group.members.iter().flatten().enumerate() {
                let wrong = match parse_principal(member) {
                    Ok(PrincipalRef { kind, .. }) => {
                        (kind == "group").then(|| "a group has no groups in it".to_owned())
                    }
                    Err(error) => Some(error.to_string()),
                };
                self.add(&pointer(&["groups", name, "members", &at.to_string()]), wrong);
            }
        }
    }

    fn of_bindings(&mut self, bindings: &[BindingSpec]) {
        let mut seen = vec![];
        for (at, binding) in bindings.iter().enumerate() {
            let at = pointer(&["bindings", &at.to_string()]);
            let wrong = parse_principal(&binding.subject).err().map(|error| error.to_string());
            self.add(&format!("{at}/subject"), wrong);
            let is_twin = seen.contains(&binding.key());
            self.add(&at, is_twin.then(|| "the same stands above already".to_owned()));
            seen.push(binding.key());
        }
    }
}

impl BindingSpec {
    /// What makes it the same binding as another one.
    pub(super) fn key(&self) -> (String, String, String) {
        let subject = parse_principal(&self.subject);
        let subject = subject.map_or_else(|_| self.subject.clone(), |it| principal_text(&it));
        (self.role.to_lowercase(), subject.to_lowercase(), self.place.to_lowercase())
    }
}

impl ApiSpec {
    /// What is registered: what stands here, or in the file that is named.
    pub(super) fn put(&self, name: &str, text: &TomlFile) -> Result<(PutApi, Option<TomlFile>)> {
        let here = pointer(&["apis", name]);
        let wrong = |detail: &str| text.blame(&[fault(&here, detail)]);
        if let Some(path) = &self.file {
            if self.says_something() {
                return Err(wrong("either `file`, or what would stand in it"));
            }
            let (file, declared, put) = apply::read_one(&text.beside(path))?;
            if declared != name {
                return Err(wrong(&format!("`{}` declares `{declared}`, not `{name}`", file.name())));
            }
            return Ok((put, Some(file)));
        }
        let Self { title, organization, namespace, audience, enforces_places, forward_auth, .. } = self;
        let Self { scopes, routes, .. } = self;
        let missing = |field: &str| wrong(&format!("missing field `{field}`"));
        let put = PutApi {
            title: title.clone().ok_or_else(|| missing("title"))?,
            organization: organization.clone(),
            namespace: namespace.clone().ok_or_else(|| missing("namespace"))?,
            audience: audience.clone().ok_or_else(|| missing("audience"))?,
            enforces_places: enforces_places.unwrap_or(false),
            forward_auth: forward_auth.unwrap_or_default(),
            scopes: scopes.clone().ok_or_else(|| missing("scopes"))?,
            routes: routes.clone().unwrap_or_default(),
        };
        Ok((put, None))
    }

    fn says_something(&self) -> bool {
        let Self { title, organization, namespace, audience, enforces_places, forward_auth, .. } = self;
        let Self { scopes, routes, .. } = self;
        let texts = [title, organization, namespace, audience];
        texts.iter().any(|text| text.is_some())
            || enforces_places.is_some()
            || forward_auth.is_some()
            || scopes.is_some()
            || routes.is_some()
    }
}

impl PolicySpec {
    /// The same as the server takes it.
    pub(super) fn policy(&self, place: &str, text: &TomlFile) -> Result<jeton_api::Policy> {
        let creator = |(at, creator): (usize, &String)| {
            let here = pointer(&["policies", place, "creators", &at.to_string()]);
            parse_principal(creator).map_err(|error| text.blame(&[fault(&here, &error.to_string())]))
        };
        let creators = self.creators.as_ref().map(|them| them.iter().enumerate().map(creator).collect());
        Ok(jeton_api::Policy {
            lifetime_minutes_max: self.lifetime_minutes_max,
            lifetime_minutes_default: self.lifetime_minutes_default,
            never_expires: self.never_expires,
            everything: self.everything,
            excess: self.excess,
            creators: creators.transpose()?,
            networks: self.networks.clone(),
            approval_scopes: self.approval_scopes.clone(),
            sign_in_within_days: self.sign_in_within_days,
            used_within_days: self.used_within_days,
            renewable_for_days: self.renewable_for_days,
            job_projects: self.job_projects.clone(),
        })
    }
}

/// A JSON pointer to something in the file.
pub(super) fn pointer(steps: &[&str]) -> String {
    steps.iter().flat_map(|step| ["/".to_owned(), escaped(step)]).collect()
}

fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

fn fault(pointer: &str, detail: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code: "invalid_field".to_owned(), detail: detail.to_owned() }
}

/// The organization and the project of a place; neither for everywhere.
pub(super) fn place_parts(place: &str) -> (Option<&str>, Option<(&str, &str)>) {
    match (parts::<2>(place, PROJECT), place.strip_suffix("/*")) {
        (Ok([organization, project]), _) => (Some(organization), Some((organization, project))),
        (Err(Error::Usage(_)), Some(organization)) => (Some(organization), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<OrgFile> {
        OrgFile::read(&TomlFile::new("org.toml".to_owned(), text.to_owned()))
    }

    #[test]
    fn mistakes_name_the_place() {
        let table = [
            ("[group.a]\n", "org.toml:1:2: unknown field `group`, expected one of `organizations`, "),
            (
                "[groups.a]\nmember = []\n",
                "org.toml:2:1: unknown field `member`, expected `display_name` or `members`",
            ),
            ("[groups.a]\nmembers = [\"user:a\", \"bob\"]\n", "org.toml:2:22: `bob` names nobody"),
            ("[groups.a]\nmembers = [\"group:b\"]\n", "org.toml:2:12: a group has no groups in it"),
            ("[groups.a]\n[groups.A]\n", "org.toml:1:1: `a` is there twice, in another case"),
            ("[groups.\"a/b\"]\n", "org.toml:1:1: a name has 1 to 64 characters"),
            ("[roles.a]\nscopes = [\"A..B\"]\n", "org.toml:2:11: `A..B`: "),
            ("[policies.\"*\"]\nnetworks = [\"10.1.2.3/8\"]\n", "org.toml:2:13: `10.1.2.3/8`: "),
            ("[policies.\"*\"]\neverything = \"maybe\"\n", "org.toml:2:14: unknown variant `maybe`"),
            ("[organizations.a.projects.b]\nvisible = 1\n", "org.toml:2:1: unknown field `visible`"),
            ("[[bindings]]\nrole = \"R\"\nsubject = \"user:a\"\n", "org.toml:1:1: missing field `place`"),
            (
                "[[bindings]]\nrole = \"R\"\nsubject = \"service-account:a\"\nplace = \"*\"\n\
                 [[bindings]]\nrole = \"r\"\nsubject = \"service_account:a\"\nplace = \"*\"\n",
                "org.toml:5:1: the same stands above already",
            ),
        ];
        for (text, start) in table {
            let error = read(text).err().unwrap_or_else(|| panic!("{text}")).to_string();
            assert!(error.starts_with(start), "{text}\n{error}");
        }
    }

    #[test]
    fn a_missing_section_is_not_an_empty_one() {
        let file = read("[groups]\n").unwrap();
        assert!(file.groups.is_some_and(|groups| groups.is_empty()) && file.roles.is_none());
    }

    #[test]
    fn a_place_has_an_organization_and_maybe_a_project() {
        assert_eq!(place_parts("*"), (None, None));
        assert_eq!(place_parts("a/*"), (Some("a"), None));
        assert_eq!(place_parts("a/b"), (Some("a"), Some(("a", "b"))));
    }
}
