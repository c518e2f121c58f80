//! The wires of other products, so that their clients work unchanged. They translate, and call the same operations
//! as every other door; none of them holds a rule of its own.

pub(super) mod azure_devops;
pub(super) mod determined;
mod query;
mod whole;

use super::problem::Wire;
use super::{forward_auth, oauth2, scim};

/// In whose form errors at this address are answered.
pub(super) fn wire(path: &str) -> Wire {
    match within(path, determined::BASE) {
        Some(determined::PROBE) => return Wire::DeterminedProbe,
        Some(rest) if rest.strip_suffix('/') == Some(determined::PROBE) => return Wire::DeterminedProbe,
        Some(_) => return Wire::Determined,
        None => {}
    }
    match path {
        _ if within(path, azure_devops::BASE).is_some() => Wire::AzureDevops,
        _ if scim::is_here(path) => Wire::Scim,
        _ if forward_auth::is_here(path) => Wire::Gateway,
        _ if oauth2::is_here(path) => Wire::OAuth,
        _ => Wire::Jeton,
    }
}

/// What stands behind the beginning of a wire.
fn within<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How an address of the route table may be written: some products take it with a slash behind it as well.
pub(super) fn spellings(path: &str) -> Vec<String> {
    let with_slash = matches!(wire(path), Wire::Determined | Wire::DeterminedProbe | Wire::Scim)
        .then(|| format!("{path}/"));
    std::iter::once(path.to_owned()).chain(with_slash).collect()
}
