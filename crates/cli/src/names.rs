//! How people name things that have more than one part: places, projects, pipelines, principals.

use clap::Args;
use jeton_api::PrincipalRef;

use crate::error::{Error, Result};
use crate::escape::safe;

/// Somebody who can be given a role
#[derive(Args, Clone, Debug)]
#[group(id = "subject", required = true, multiple = false)]
pub(crate) struct Subject {
    /// A user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// A group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,

    /// A service account
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
}

impl Subject {
    /// Who is meant.
    pub(crate) fn principal(self) -> Option<PrincipalRef> {
        let named = [("user", self.user), ("group", self.group), ("service_account", self.service_account)];
        named.into_iter().find_map(|(kind, name)| Some(principal(kind, name?)))
    }
}

/// Users and service accounts, at least one
#[derive(Args, Debug)]
#[group(id = "members", required = true, multiple = true)]
pub(crate) struct Members {
    /// A user; may be repeated
    #[arg(long = "user", value_name = "NAME")]
    users: Vec<String>,

    /// A service account; may be repeated
    #[arg(long = "service-account", value_name = "NAME")]
    service_accounts: Vec<String>,
}

impl Members {
    /// All of them.
    pub(crate) fn principals(self) -> Vec<PrincipalRef> {
        let users = self.users.into_iter().map(|name| principal("user", name));
        let accounts = self.service_accounts.into_iter().map(|name| principal("service_account", name));
        users.chain(accounts).collect()
    }
}

/// Somebody of this kind and name.
pub(crate) fn principal(kind: &str, name: impl Into<String>) -> PrincipalRef {
    PrincipalRef { kind: kind.to_owned(), name: name.into() }
}

/// `user:alice`, `group:Build team` or `service_account:build`, as files and options write somebody.
pub(crate) fn parse_principal(text: &str) -> Result<PrincipalRef> {
    let parts = text.split_once(':').map(|(kind, name)| (kind.replace('-', "_"), name));
    match parts {
        Some((kind, name))
            if matches!(kind.as_str(), "user" | "group" | "service_account") && !name.is_empty() =>
        {
            Ok(principal(&kind, name))
        }
        _ => Err(Error::usage(format!(
            "`{}` names nobody: write user:NAME, group:NAME or service-account:NAME",
            safe(text)
        ))),
    }
}

/// The same way back.
pub(crate) fn principal_text(principal: &PrincipalRef) -> String {
    format!("{}:{}", principal.kind.replace('_', "-"), principal.name)
}

/// The parts of `ORGANIZATION/PROJECT`, `ORGANIZATION/PROJECT/PIPELINE` and so on.
pub(crate) fn parts<'t, const N: usize>(text: &'t str, form: &str) -> Result<[&'t str; N]> {
    <[&str; N]>::try_from(up_to(N, text, form)?).map_err(|_| no(form, text))
}

/// The parts of a text of which only the first must be there.
pub(crate) fn up_to<'t>(count: usize, text: &'t str, form: &str) -> Result<Vec<&'t str>> {
    let parts: Vec<_> = text.split('/').collect();
    let are_names = parts.iter().all(|part| !part.is_empty() && *part != "*");
    if are_names && parts.len() <= count { Ok(parts) } else { Err(no(form, text)) }
}

fn no(form: &str, text: &str) -> Error {
    Error::usage(format!("`{}` is no {form}", safe(text)))
}

/// For the command line: the name of a project.
pub(crate) fn project(text: &str) -> Result<String> {
    parts::<2>(text, PROJECT).map(|_| text.to_owned())
}

/// For the command line: the name of a pipeline.
pub(crate) fn pipeline(text: &str) -> Result<String> {
    parts::<3>(text, PIPELINE).map(|_| text.to_owned())
}

/// The form of a project's name.
pub(crate) const PROJECT: &str = "ORGANIZATION/PROJECT";
/// The form of a pipeline's name.
pub(crate) const PIPELINE: &str = "ORGANIZATION/PROJECT/PIPELINE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_as_many_parts_as_its_form() {
        assert_eq!(parts::<2>("My org/My project", PROJECT).unwrap(), ["My org", "My project"]);
        for text in ["", "a", "a/", "/a", "a/b/c", "a/*", "*"] {
            assert!(matches!(parts::<2>(text, PROJECT), Err(Error::Usage(_))), "{text}");
        }
    }

    #[test]
    fn somebody_is_a_kind_and_a_name() {
        for (text, kind, name) in [
            ("user:alice", "user", "alice"),
            ("group:Build team: night", "group", "Build team: night"),
            ("service-account:build", "service_account", "build"),
            ("service_account:build", "service_account", "build"),
        ] {
            assert_eq!(parse_principal(text).unwrap(), principal(kind, name));
            assert_eq!(
                principal_text(&principal(kind, name)),
                text.replace("service_account", "service-account")
            );
        }
        for text in ["", "alice", "user:", ":alice", "api:tasks"] {
            assert!(matches!(parse_principal(text), Err(Error::Usage(_))), "{text}");
        }
    }
}
