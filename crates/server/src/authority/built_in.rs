//! What every start makes sure of: the scopes that Jeton brings along stand in the catalogues, and their namespaces are
//! taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jeton_api::ForwardAuth;
use jeton_token::{BuiltInRole, Catalogue, CatalogueScope, PrincipalId, PrincipalName, Rights, Route, Scope};

use super::access::{self, Reason};
use super::{Authority, Error, azure_devops};
use crate::store::{FirstUser, NewApi, PasswordHash, Refusal, RoleRecord, StoreError, Write};

/// The first segment of Jeton's own scopes.
pub(super) const OWN_NAMESPACE: &str = "Jeton";

/// Jeton's own scopes: what they are for, in the words of whoever chooses them.
const JETON: &[(&str, &str)] = &[
    ("Jeton.Token.Read", "see one's own tokens"),
    ("Jeton.Token.Create", "make tokens for oneself"),
    ("Jeton.Token.Update", "rename, narrow and change one's own tokens"),
    ("Jeton.Token.Rotate", "give one's own tokens new secrets"),
    ("Jeton.Token.Revoke", "end one's own tokens"),
    ("Jeton.Job.Mint", "start jobs of a pipeline and get their tokens"),
    ("Jeton.Job.Read", "see jobs"),
    ("Jeton.Audit.Read", "read the audit events of a place"),
    ("Jeton.Admin.Token", "see, narrow and end anybody's tokens"),
    ("Jeton.Admin.User", "make, change and remove users"),
    ("Jeton.Admin.Group", "make, change and remove groups"),
    ("Jeton.Admin.ServiceAccount", "make, change and remove service accounts"),
    ("Jeton.Admin.Role", "make, change and bind roles"),
    ("Jeton.Admin.Policy", "set policies"),
    ("Jeton.Admin.Api", "register APIs and get their credentials"),
    ("Jeton.Admin.Organization", "make, change and remove organizations and projects"),
    ("Jeton.Admin.Job", "see and end anybody's jobs"),
];

/// The built-in API whose namespace somebody may have had before.
const AZURE_DEVOPS: &str = "azure-devops";

/// The first administrator's name.
pub(super) const FIRST_USER: &str = "admin";

impl Authority {
    /// Fills a new database: organization, roles, bindings and the first administrator with this password.
    pub(crate) async fn fill_new(&self, password: &str) -> Result<(), Error> {
        let name: PrincipalName = FIRST_USER.parse().map_err(|_| Error::Unavailable)?;
        let password: PasswordHash = self.passwords.hash(&self.rng, password).await?;
        let id = PrincipalId(self.mint_id());
        let first = FirstUser { id, name, password, prefix: self.prefix.to_string() };
        self.store.write(&access::system(Reason::FirstStart), &Write::Bootstrap(first)).await?;
        Ok(())
    }

    /// Keeps the check values of keys that were added since, so that a later start notices when one was changed.
    pub(crate) async fn keep_new_keys(&self) -> Result<(), Error> {
        for (name, check) in self.keys.checks() {
            if self.store.kept(&name).await?.is_none() {
                self.store.write(&access::system(Reason::KeyAdded), &Write::KeepKey(name, check)).await?;
            }
        }
        Ok(())
    }

    /// Makes the roles that Jeton brings along, or brings them to the present version. None of them grants scopes of an
    /// API of somebody's own, so the built-in APIs are registered before.
    pub(crate) async fn put_built_in_roles(&self) -> Result<(), Error> {
        let foreign = self.built_in().lacking();
        let roles = self.store.roles(None, 1000).await?;
        let is_there = |role| roles.iter().any(|stored| is_present(stored, role, &foreign));
        if BuiltInRole::ALL.into_iter().all(is_there) {
            return Ok(());
        }
        self.store.write(&access::system(Reason::FirstStart), &Write::PutBuiltInRoles(foreign)).await?;
        Ok(())
    }

    /// Registers the APIs that Jeton brings along, or brings them to the present version. Changes nothing where they are
    /// as they should be.
    pub(crate) async fn register_built_in(&self) -> Result<(), Error> {
        let known = catalogues();
        let jeton = known.of(OWN_NAMESPACE).cloned().ok_or(Error::Unavailable)?;
        self.register("jeton", "Jeton itself", jeton, vec![]).await?;
        let azure_devops = known.of(azure_devops::NAMESPACE).cloned().ok_or(Error::Unavailable)?;
        let routes = azure_devops::routes().ok_or(Error::Unavailable)?;
        let title = "Azure DevOps, or what speaks like it";
        match self.register(AZURE_DEVOPS, title, azure_devops, routes).await {
            // Somebody had an API of this name or namespace before Jeton brought its own, and has scopes of it still or
            // removed them. A server starts all the same.
            Err(StoreError::Refused(_)) => keep_what_is_there(AZURE_DEVOPS),
            done => done?,
        }
        self.note_what_is_declared().await
    }

    /// Remembers whether the built-in API has the namespace that it brings along. This never changes: a namespace belongs
    /// to one API for ever, nobody else can register that one, and what is built in cannot be removed.
    async fn note_what_is_declared(&self) -> Result<(), Error> {
        let name: PrincipalName = AZURE_DEVOPS.parse().map_err(|_| Error::Unavailable)?;
        let found = self.store.api(&name).await?.filter(|api| api.built_in);
        let is_ours = found.is_some_and(|api| api.catalogue.namespace() == azure_devops::NAMESPACE);
        let _ = self.declared.set(if is_ours { catalogues() } else { of_jeton_alone() });
        Ok(())
    }

    /// The catalogues of Jeton's own that this deployment has; until it is known, those that it has in any case.
    pub(super) fn built_in(&self) -> &'static BuiltIn {
        self.declared.get().copied().unwrap_or_else(of_jeton_alone)
    }

    async fn register(
        &self,
        name: &str,
        title: &str,
        catalogue: Catalogue,
        routes: Vec<Route>,
    ) -> Result<(), StoreError> {
        let parsed: PrincipalName = name.parse().map_err(|_| Refusal::Gone)?;
        let existing = self.store.api(&parsed).await?;
        if existing.as_ref().is_some_and(|api| !api.built_in) {
            return Err(Refusal::NameTaken.into());
        }
        if existing
            .is_some_and(|api| declares(&api.catalogue) == declares(&catalogue) && api.routes == routes)
        {
            return Ok(());
        }
        let new = NewApi {
            id: self.mint_id(),
            name: parsed,
            title: title.to_owned(),
            organization: None,
            audience: name.to_owned(),
            enforces_places: false,
            forward_auth: ForwardAuth::Enforce,
            built_in: true,
            catalogue,
            routes,
        };
        self.store.write(&access::system(Reason::FirstStart), &Write::PutApi(new)).await?;
        Ok(())
    }
}

/// What a catalogue says, in whatever order it says it: a store may have another one.
fn declares(catalogue: &Catalogue) -> BTreeMap<&Scope, (&str, BTreeSet<&Scope>)> {
    let scopes = catalogue.scopes().iter();
    scopes.map(|scope| (&scope.name, (scope.description.as_str(), scope.implies.iter().collect()))).collect()
}

/// What somebody registered under a name or namespace that a later version takes for itself stays theirs.
fn keep_what_is_there(name: &str) {
    tracing::warn!(
        name,
        "an API of yours has the name or the namespace of one that Jeton brings along; yours is kept"
    );
}

/// Catalogues that Jeton brings along, made once. A scope of another namespace means nothing at Jeton's own doors.
#[derive(Debug)]
pub(crate) struct BuiltIn(Vec<Catalogue>);

impl BuiltIn {
    /// Those in which one scope brings others along.
    pub(super) fn implying(&self) -> Vec<&Catalogue> {
        self.of(azure_devops::NAMESPACE).into_iter().collect()
    }

    /// The one of this namespace.
    pub(super) fn of(&self, namespace: &str) -> Option<&Catalogue> {
        self.0.iter().find(|catalogue| catalogue.namespace() == namespace)
    }

    /// Whether one of them declares this scope.
    pub(super) fn knows(&self, scope: &str) -> bool {
        let declares = |catalogue: &Catalogue| scope.parse().is_ok_and(|scope| catalogue.has(&scope));
        self.0.iter().any(declares)
    }

    /// The namespaces of all others: somebody else's, if anybody's.
    pub(super) fn lacking(&self) -> Vec<&'static str> {
        let all = [OWN_NAMESPACE, azure_devops::NAMESPACE];
        all.into_iter().filter(|namespace| self.of(namespace).is_none()).collect()
    }
}

/// All of them. What Jeton's own doors ask for is one of these scopes, so what implies it is known without asking the
/// store.
pub(super) fn catalogues() -> &'static BuiltIn {
    static KNOWN: LazyLock<BuiltIn> = LazyLock::new(|| {
        BuiltIn([jeton_catalogue(), azure_devops::catalogue()].into_iter().flatten().collect())
    });
    &KNOWN
}

/// Those of a server where somebody has the namespace of the other one.
fn of_jeton_alone() -> &'static BuiltIn {
    static KNOWN: LazyLock<BuiltIn> = LazyLock::new(|| BuiltIn(jeton_catalogue().into_iter().collect()));
    &KNOWN
}

/// Whether a namespace is kept for what Jeton brings along: nobody who does not have it already can register it.
pub(super) fn is_reserved(namespace: &str) -> bool {
    [OWN_NAMESPACE, azure_devops::NAMESPACE].iter().any(|kept| kept.eq_ignore_ascii_case(namespace))
}

fn is_present(stored: &RoleRecord, role: BuiltInRole, foreign: &[&str]) -> bool {
    let patterns: Rights = role.patterns_without(foreign).filter_map(|text| text.parse().ok()).collect();
    stored.name == role.name()
        && stored.built_in
        && stored.patterns == patterns
        && stored.bindable == role.bindable()
        && stored.grants_apis == role.grants_apis()
        && stored.description.as_deref() == Some(role.description())
}

fn jeton_catalogue() -> Option<Catalogue> {
    let declared = |(name, description): &(&str, &str)| {
        Some(CatalogueScope {
            name: name.parse().ok()?,
            description: (*description).to_owned(),
            implies: vec![],
        })
    };
    Catalogue::new(OWN_NAMESPACE, JETON.iter().map(declared).collect::<Option<Vec<_>>>()?).ok()
}
