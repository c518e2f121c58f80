//! What every start makes sure of: Jeton's own scopes stand in the catalogues, and their namespace is taken.

use jeton_api::ForwardAuth;
use jeton_token::{BuiltInRole, Catalogue, CatalogueScope, PrincipalId, PrincipalName, Rights};

use super::access::{self, Reason};
use super::{Authority, Error};
use crate::store::{FirstUser, NewApi, PasswordHash, RoleRecord, Write};

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

    /// Makes the roles that Jeton brings along, or brings them to the present version.
    pub(crate) async fn put_built_in_roles(&self) -> Result<(), Error> {
        let roles = self.store.roles(None, 1000).await?;
        if BuiltInRole::ALL.into_iter().all(|role| roles.iter().any(|stored| is_present(stored, role))) {
            return Ok(());
        }
        self.store.write(&access::system(Reason::FirstStart), &Write::PutBuiltInRoles).await?;
        Ok(())
    }

    /// Registers Jeton's own API, or brings it to the present version. Changes nothing when it is as it should be.
    pub(crate) async fn register_built_in(&self) -> Result<(), Error> {
        let name: PrincipalName = "jeton".parse().map_err(|_| Error::Unavailable)?;
        let catalogue = jeton_catalogue().ok_or(Error::Unavailable)?;
        if self.store.api(&name).await?.is_some_and(|api| api.catalogue == catalogue) {
            return Ok(());
        }
        let new = NewApi {
            id: self.mint_id(),
            name,
            title: "Jeton itself".to_owned(),
            organization: None,
            audience: "jeton".to_owned(),
            enforces_places: false,
            forward_auth: ForwardAuth::Enforce,
            built_in: true,
            catalogue,
            routes: vec![],
        };
        self.store.write(&access::system(Reason::FirstStart), &Write::PutApi(new)).await?;
        Ok(())
    }
}

fn is_present(stored: &RoleRecord, role: BuiltInRole) -> bool {
    let patterns: Rights = role.patterns().iter().filter_map(|text| text.parse().ok()).collect();
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
