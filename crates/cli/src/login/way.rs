//! The ways to come by a credential, in the order in which they are tried.

use serde::{Deserialize, Serialize};

/// How one can be signed in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// A token that was given, mostly as `JETON_TOKEN`.
    Environment,
    /// What an earlier `jeton login` saved.
    SavedSession,
    /// The token of the Azure CLI.
    AzureCli,
    /// The token of Azure PowerShell.
    AzurePowershell,
    /// A file in which a platform keeps the identity of its workload.
    IdentityTokenFile,
    /// A page in a browser on this machine.
    Browser,
    /// A page in a browser anywhere.
    Device,
    /// A password.
    Password,
    /// A token that was handed to `jeton login` or `jeton token login`.
    Token,
}

impl Way {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Environment => "JETON_TOKEN",
            Self::SavedSession => "saved session",
            Self::AzureCli => "Azure CLI",
            Self::AzurePowershell => "Azure PowerShell",
            Self::IdentityTokenFile => "identity token file",
            Self::Browser => "browser",
            Self::Device => "code from another device",
            Self::Password => "password",
            Self::Token => "token",
        }
    }
}

/// A way that did not lead anywhere.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassedOver {
    /// Which one.
    pub(crate) way: Way,
    /// Why not.
    pub(crate) reason: String,
}

impl PassedOver {
    /// For people.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.way.words(), self.reason)
    }
}
