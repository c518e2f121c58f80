//! Scopes of Azure DevOps that, at Jeton's own doors, are other names for rights of Jeton's own.
//!
//! Whoever writes a policy about a right writes down Jeton's name for it. So what a policy says about that name it says
//! about the other name, too: else the other name would be the way around it. Not so the other way round: those scopes
//! are also used at servers that speak like that product, and a policy about them there is none about Jeton.

use crate::scope::{Scope, ScopePattern};

/// Another name, and what it is as good as, or a part of.
const ALIASES: [(&str, &[&str]); 4] = [
    ("vso.pats", &["Jeton.Token.Read"]),
    ("vso.pats_manage", &["Jeton.Token.Create", "Jeton.Token.Update", "Jeton.Token.Revoke"]),
    ("vso.tokenadministration", &["Jeton.Admin.Token"]),
    ("vso.project_write", &["Jeton.Admin.Job"]),
];

/// The scopes of Jeton's own that this one is another name for; none for most.
pub fn meant_by(scope: &str) -> &'static [&'static str] {
    ALIASES.iter().find(|(alias, _)| *alias == scope).map(|(_, meant)| *meant).unwrap_or_default()
}

/// The same for every scope of a pattern.
pub(crate) fn meant_by_pattern(pattern: &ScopePattern) -> impl Iterator<Item = ScopePattern> {
    let covered = |(alias, meant): &(&str, &'static [&'static str])| {
        let is_covered = alias.parse::<Scope>().is_ok_and(|alias| pattern.covers(&alias));
        is_covered.then_some(*meant)
    };
    ALIASES.iter().filter_map(covered).flatten().filter_map(|scope| scope.parse().ok())
}
