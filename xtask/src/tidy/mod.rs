//! The rules of the house that no compiler and no lint knows: what ARCHITECTURE.md and CONTRIBUTING.md say in words is
//! checked here, on every run of the tests.
//!
//! One file for each group of rules; each returns its findings, and a finding says what to do. This folder names what it
//! forbids, so the rules about words leave it out ([`files::TextFile::is_tidy`]).

mod arrows;
mod files;
mod finding;
mod licences;
mod links;
mod manifests;
mod migrations;
mod packages;
mod paths;
mod rooms;
mod rust;
mod size;
mod words;

use std::process::ExitCode;

use anyhow::Result;

use crate::tidy::finding::Report;
use crate::workspace::Workspace;

/// The task `tidy`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let report = check(workspace)?;
    println!("{report}");
    Ok(if report.findings() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Applies every rule.
pub(crate) fn check(workspace: &Workspace) -> Result<Report> {
    let mut report = Report::default();
    check_texts(workspace, &mut report)?;
    check_packages(workspace, &mut report)?;
    Ok(report)
}

fn check_texts(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let files = files::of_the_repository(workspace)?;
    let sources = rust::parse(&files, report);
    report.add(rooms::check(&sources));
    report.add(words::check(&files));
    report.add(paths::check(&files));
    report.add(links::check(workspace.root(), &files));
    report.add(manifests::check(&files));
    report.add(migrations::check(&files));
    size::check(&sources, report);
    Ok(())
}

fn check_packages(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let metadata = packages::metadata(workspace)?;
    report.add(arrows::check(&arrows::of_the_workspace(&metadata)));
    report.add(licences::check(&metadata));
    report.add(packages::check_sources(&metadata));
    report.add(packages::check_bans(&packages::tree(workspace)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let report = check(&Workspace::find().unwrap()).unwrap();
        assert_eq!(report.findings(), 0, "\n{report}");
    }
}
