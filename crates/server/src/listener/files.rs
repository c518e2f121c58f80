//! How many connections the process has files for.

use std::fs;

use crate::limits::{CONNECTIONS_MIN, FILES_KEPT};

/// As many connections as are wanted, or fewer where the process may not open so many files.
pub(super) fn connections(wanted: usize) -> usize {
    let Some(files) = fs::read_to_string(LIMITS).ok().as_deref().and_then(open_files_max) else {
        return wanted;
    };
    let places = files.saturating_sub(FILES_KEPT).max(CONNECTIONS_MIN).min(wanted);
    if places < wanted {
        tracing::warn!(
            files,
            connections = places,
            "this process may open few files; raise that limit for more connections"
        );
    }
    places
}

/// Where Linux says what a process may do. Elsewhere nothing is known, and nothing is assumed.
const LIMITS: &str = "/proc/self/limits";

/// The limit that counts, out of the table of all.
fn open_files_max(table: &str) -> Option<usize> {
    let line = table.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::open_files_max;

    #[test]
    fn the_soft_limit_of_open_files_is_found() {
        let table = "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max processes             7000                 7000                 processes\n\
                     Max open files            1024                 524288               files\n";
        assert_eq!(open_files_max(table), Some(1024));
        assert_eq!(open_files_max("Max open files            unlimited            unlimited  files"), None);
    }
}
