//! The draft as TOML, for people to look through.

use std::fmt::Write as _;

use jeton_api::ApiRoute;
use toml::Value;

use super::document::Document;
use super::draft::{Draft, DraftScope, LeftOut, Line};
use super::{Imported, passing};
use crate::escape::safe;

/// The whole text.
pub(super) fn text(imported: &Imported, document: &Document, draft: &Draft) -> String {
    let mut text = String::new();
    head(&mut text, imported, document);
    section(&mut text, "scopes");
    draft.scopes.iter().for_each(|scope| write_scope(&mut text, scope));
    section(&mut text, "routes");
    draft.lines.iter().for_each(|line| write_line(&mut text, line));
    text
}

fn head(text: &mut String, imported: &Imported, document: &Document) {
    let (title, version) = (safe(&document.title), safe(&document.version));
    comment(text, "", &format!("A draft from \"{title}\" {version} ({}).", safe(&document.format)));
    comment(text, "", "No scope implies another: say so where whoever may do the one may do the other.");
    comment(
        text,
        "",
        "Calls at a project get a `resource`, like \"{organization}/{project}\" from their path.",
    );
    for note in &imported.notes {
        comment(text, "- ", note);
    }
    text.push('\n');
    entry(text, "name", &imported.name);
    entry(text, "title", &imported.title);
    if let Some(organization) = &imported.organization {
        entry(text, "organization", organization);
    }
    entry(text, "namespace", &imported.namespace);
    entry(text, "audience", &imported.audience);
    comment(text, "", "To begin with, gateways could let everything pass and report what they would refuse:");
    comment(text, "", "forward_auth = \"report_only\"");
    text.push('\n');
}

fn section(text: &mut String, name: &str) {
    // Writing into a text does not fail.
    let _ = writeln!(text, "# {} {name}\n", "-".repeat(66));
}

fn write_scope(text: &mut String, draft: &DraftScope) {
    text.push_str("[[scopes]]\n");
    if !draft.from.is_empty() {
        comment(
            text,
            "",
            &format!("from {}", draft.from.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        );
    }
    entry(text, "name", &draft.scope.name);
    entry(text, "description", &draft.scope.description);
    text.push('\n');
}

fn write_line(text: &mut String, line: &Line) {
    match line {
        Line::Route(route, remark) => {
            text.push_str("[[routes]]\n");
            if let Some(remark) = remark {
                comment(text, "", remark);
            }
            text.push_str(&fields(route));
        }
        Line::Open(route) => {
            comment(text, "", "anybody may, says the document");
            write_commented(text, route);
        }
        Line::Shadows(route, remark, calls) => {
            comment(text, "", &format!("commented out: {}", passing(calls)));
            if let Some(remark) = remark {
                comment(text, "", remark);
            }
            write_commented(text, route);
        }
        Line::LeftOut(LeftOut { method, path, why, .. }) => {
            comment(text, "", &format!("left out: {method} {path}: {why}"));
        }
    }
    text.push('\n');
}

fn write_commented(text: &mut String, route: &ApiRoute) {
    comment(text, "", "[[routes]]");
    fields(route).lines().for_each(|line| comment(text, "", line));
}

fn fields(route: &ApiRoute) -> String {
    let mut text = String::new();
    entry(&mut text, "method", &route.method);
    entry(&mut text, "path", &route.path);
    entry(&mut text, "scope", &route.scope);
    text
}

fn entry(text: &mut String, name: &str, value: &str) {
    let value = Value::String(value.to_owned());
    // Writing into a text does not fail.
    let _ = writeln!(text, "{name} = {value}");
}

/// A comment stays one line whatever it says.
fn comment(text: &mut String, mark: &str, said: &str) {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    // Writing into a text does not fail.
    let _ = writeln!(text, "# {mark}{}", safe(&line));
}
