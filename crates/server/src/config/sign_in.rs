//! `[[sign_in]]`: whose sign-ins are taken here, and who gets in by them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use jeton_api::Secret;
use jeton_token::ResourceName;
use serde::Deserialize;
use toml::Spanned;

use crate::identity::Issuer;

/// An OpenID Connect provider by which people sign in.
#[derive(Clone, Debug)]
pub struct SignInProvider {
    /// How addresses of this server name it.
    pub(crate) name: String,
    /// How its button names it.
    pub(crate) title: String,
    pub(crate) issuer: Issuer,
    /// What this deployment is called there.
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Arc<Secret>>,
    /// Always with `openid`.
    pub(crate) scopes: Vec<String>,
    /// The claim that a new user is named by.
    pub(crate) username_claim: String,
    /// The claim that names somebody's groups there.
    pub(crate) groups_claim: String,
    pub(crate) allow: Allow,
    /// From a group there to a group here. Others mean nothing here.
    pub(crate) groups: BTreeMap<String, ResourceName>,
    /// For whom tokens are made that may be exchanged for a session; without it none is.
    pub(crate) exchange_audience: Option<String>,
}

/// Who gets a user of their own at the first sign-in: whoever fits one of these. By default nobody does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allow {
    /// Whose confirmed mail address is of one of these domains.
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    /// Who is in one of these groups there.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// Everybody whom the provider knows.
    #[serde(default)]
    pub(crate) anybody: bool,
}

/// The entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: Spanned<String>,
    title: Option<String>,
    issuer: Spanned<String>,
    client_id: Spanned<String>,
    client_secret_file: Option<Spanned<PathBuf>>,
    #[serde(default = "usual_scopes")]
    scopes: Spanned<Vec<String>>,
    #[serde(default = "usual_username")]
    username_claim: String,
    #[serde(default = "usual_groups")]
    groups_claim: String,
    #[serde(default)]
    allow: Allow,
    #[serde(default)]
    groups: BTreeMap<String, Spanned<String>>,
    exchange_audience: Option<String>,
}

/// What is wrong, and where.
pub(super) type Wrong = (Range<usize>, String);

fn usual_scopes() -> Spanned<Vec<String>> {
    Spanned::new(0..0, ["openid", "profile", "email"].map(ToOwned::to_owned).to_vec())
}

fn usual_username() -> String {
    "preferred_username".to_owned()
}

fn usual_groups() -> String {
    "groups".to_owned()
}

/// The providers, each with a name and an issuer of its own: accounts are known by the issuer.
pub(super) fn providers(entries: Vec<Entry>) -> Result<Vec<SignInProvider>, Wrong> {
    let mut providers: Vec<SignInProvider> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (name, issuer) = (entry.name.span(), entry.issuer.span());
        let provider = provider(entry)?;
        if providers.iter().any(|other| other.name == provider.name) {
            return Err((name, format!("there is another entry named `{}`", provider.name)));
        }
        if providers.iter().any(|other| other.issuer == provider.issuer) {
            return Err((issuer, "there is another entry with this issuer".to_owned()));
        }
        providers.push(provider);
    }
    Ok(providers)
}

fn provider(entry: Entry) -> Result<SignInProvider, Wrong> {
    let groups = entry.groups.into_iter().map(group).collect::<Result<_, _>>()?;
    let name = checked(&entry.name, is_name, "a name has 1 to 32 characters from a-z, 0-9 and `-`")?;
    let client_id = checked(&entry.client_id, is_visible, "a client id has visible ASCII characters only")?;
    Ok(SignInProvider {
        title: entry.title.unwrap_or_else(|| name.clone()),
        name,
        issuer: issuer(&entry.issuer)?,
        client_id,
        client_secret: entry.client_secret_file.as_ref().map(secret).transpose()?,
        scopes: scopes(entry.scopes)?,
        username_claim: entry.username_claim,
        groups_claim: entry.groups_claim,
        allow: entry.allow,
        groups,
        exchange_audience: entry.exchange_audience,
    })
}

pub(super) fn checked(text: &Spanned<String>, fits: fn(&str) -> bool, why: &str) -> Result<String, Wrong> {
    if fits(text.get_ref()) { Ok(text.get_ref().clone()) } else { Err((text.span(), why.to_owned())) }
}

pub(super) fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(is_part)
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn issuer(text: &Spanned<String>) -> Result<Issuer, Wrong> {
    let wrong = |error: crate::identity::AddressError| (text.span(), error.to_string());
    let issuer = Issuer::parse(text.get_ref()).map_err(wrong)?;
    issuer.url().map_err(wrong)?;
    Ok(issuer)
}

fn secret(file: &Spanned<PathBuf>) -> Result<Arc<Secret>, Wrong> {
    let path = file.get_ref();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| (file.span(), format!("`{}`: {error}", path.display())))?;
    let text = zeroize::Zeroizing::new(text);
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        return Err((file.span(), format!("`{}` is empty", path.display())));
    }
    Ok(Arc::new(Secret::new(secret)))
}

fn scopes(scopes: Spanned<Vec<String>>) -> Result<Vec<String>, Wrong> {
    let span = scopes.span();
    let mut scopes = scopes.into_inner();
    if !scopes.iter().all(|scope| is_visible(scope)) {
        return Err((span, "a scope has visible ASCII characters only".to_owned()));
    }
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    Ok(scopes)
}

/// Everyone is in `everyone` already, and nobody is put there.
fn group((there, here): (String, Spanned<String>)) -> Result<(String, ResourceName), Wrong> {
    let name = here.get_ref().parse::<ResourceName>().map_err(|error| (here.span(), error.to_string()))?;
    if name.fold() == "everyone" {
        return Err((here.span(), "nobody is put into the group `everyone`".to_owned()));
    }
    Ok((there, name))
}
