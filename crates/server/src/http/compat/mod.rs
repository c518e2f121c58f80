//! The wires of other products, so that their clients work unchanged. They translate, and call the same operations
//! as every other door; none of them holds a rule of its own.

pub(super) mod determined;

use super::problem::Wire;
use super::{forward_auth, scim};

/// In whose form errors at this address are answered.
pub(super) fn wire(path: &str) -> Wire {
    let within = path.strip_prefix(determined::BASE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match within {
        Some(determined::PROBE) => Wire::DeterminedProbe,
        Some(rest) if rest.strip_suffix('/') == Some(determined::PROBE) => Wire::DeterminedProbe,
        Some(_) => Wire::Determined,
        None if scim::is_here(path) => Wire::Scim,
        None if forward_auth::is_here(path) => Wire::Gateway,
        None => Wire::Jeton,
    }
}

/// How an address of the route table may be written: some products take it with a slash behind it as well.
pub(super) fn spellings(path: &str) -> Vec<String> {
    let with_slash =
        matches!(wire(path), Wire::Determined | Wire::DeterminedProbe).then(|| format!("{path}/"));
    std::iter::once(path.to_owned()).chain(with_slash).collect()
}
