//! Nothing in the repository may depend on one machine: no absolute path of a developer's folder, and no registry host,
//! for which each machine has its own mirror. Cargo, pip, npm and apt are configured there, not here.

use crate::tidy::files::TextFile;
use crate::tidy::finding::Finding;

/// Put together from parts, so that this file does not contain them.
const FOLDERS: [&str; 4] =
    [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/"), concat!("/", "Users/")];

const HOSTS: [&str; 10] = [
    concat!("//crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("yarnpkg", ".com"),
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Every absolute path and every registry host.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    file.numbered().flat_map(|(number, line)| check_line(&file.path, number, line)).collect()
}

fn check_line(path: &str, number: usize, line: &str) -> Vec<Finding> {
    let folders = FOLDERS.iter().filter(|folder| names_folder(line, folder) && !is_address(path, folder));
    let folders = folders.map(|folder| {
        let message = format!("absolute path below `{folder}`");
        Finding::at(
            path,
            number,
            message,
            "name it from the repository's top folder, or take it from the environment",
        )
    });
    let hosts = HOSTS.iter().filter(|host| line.contains(**host)).map(|host| {
        let message = format!("registry host `{host}`");
        Finding::at(path, number, message, "name the package only: the machine knows its registries")
    });
    folders.chain(hosts).collect()
}

/// SCIM's collection of users has the name of a folder that some machines have.
fn is_address(path: &str, folder: &str) -> bool {
    path.contains("/scim/") && folder.ends_with("Users/")
}

/// Whether the path begins here and is not the middle of a relative path or of an address.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric() && !"_-.~/}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_found() {
        for folder in FOLDERS {
            assert_eq!(check_line("a", 1, &format!("cd {folder}main")).len(), 1, "{folder}");
        }
    }

    #[test]
    fn relative_paths_and_addresses_are_fine() {
        for folder in FOLDERS {
            for before in ["docs", "https://example.com", "${TOP}", "..", "~"] {
                assert_eq!(check_line("a", 1, &format!("{before}{folder}x")), [], "{before}");
            }
        }
    }

    #[test]
    fn registry_hosts_are_found() {
        for host in HOSTS {
            assert_eq!(check_line("a", 1, &format!("https:{host}/x")).len(), 1, "{host}");
        }
    }
}
