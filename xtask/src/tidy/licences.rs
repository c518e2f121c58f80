//! Every package may be used under a licence of the list: permissive ones, which ask for a notice and for no more.

use cargo_metadata::{Metadata, Package};
use spdx::{Expression, LicenseReq, ParseMode};

use crate::tidy::finding::Finding;

const ALLOWED: [&str; 10] = [
    "Apache-2.0",
    "MIT",
    // MIT without its one condition: quoted_printable, which lettre needs.
    "0BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
];

/// An exception adds rights to its licence, so it needs none of its own; any other one is looked at first.
const ALLOWED_ADDITION: &str = "LLVM-exception";

/// Packages with no licence of the list.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    metadata.packages.iter().filter_map(check_package).collect()
}

fn check_package(package: &Package) -> Option<Finding> {
    let licence = package.license.as_deref().unwrap_or("none");
    let message = format!("{} {} has the licence `{licence}`", package.name, package.version);
    let remedy = "do without it, or add the licence to xtask/src/tidy/licences.rs with good reason";
    (!is_allowed(licence)).then(|| Finding::in_file("Cargo.lock", message, remedy))
}

/// Whether the allowed licences satisfy the expression. An expression that makes no sense is not allowed.
fn is_allowed(expression: &str) -> bool {
    Expression::parse_mode(expression, ParseMode::LAX)
        .is_ok_and(|expression| expression.evaluate(is_allowed_licence))
}

fn is_allowed_licence(licence: &LicenseReq) -> bool {
    let written = licence.to_string();
    let (name, addition) = written.split_once(" WITH ").unwrap_or((&written, ALLOWED_ADDITION));
    ALLOWED.contains(&name) && addition == ALLOWED_ADDITION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_choice_is_enough() {
        assert!(is_allowed("MIT"));
        assert!(is_allowed("GPL-3.0-only OR MIT"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(is_allowed("ISC AND (Apache-2.0 OR OpenSSL)"));
    }

    #[test]
    fn all_that_is_demanded_must_be_allowed() {
        assert!(!is_allowed("GPL-3.0-only"));
        assert!(!is_allowed("MIT AND OpenSSL"));
        assert!(!is_allowed("Apache-2.0 WITH Classpath-exception-2.0"));
        assert!(!is_allowed("none"));
        assert!(!is_allowed(""));
    }
}
