//! Rust sources, parsed as far as the rules need: where functions begin and end, and which lines are only for tests.

use std::ops::RangeInclusive;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemMod, Meta, Signature, TraitItemFn};

use crate::tidy::files::TextFile;
use crate::tidy::finding::{Finding, Report};

/// A source file and what was found in it.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a TextFile,
    /// Every function with a body, but those of `#[cfg(test)]` modules.
    pub(crate) functions: Vec<Function>,
    test_modules: Vec<RangeInclusive<usize>>,
}

/// A function, measured from its `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

impl Source<'_> {
    /// Lines of code that count for the program: neither comments nor `#[cfg(test)]` modules.
    pub(crate) fn program_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.file
            .numbered()
            .filter(|(number, line)| !line.trim_start().starts_with("//") && !self.is_test(*number))
    }

    fn is_test(&self, line: usize) -> bool {
        self.test_modules.iter().any(|lines| lines.contains(&line))
    }
}

/// Parses every Rust source; one that does not parse is a finding.
pub(crate) fn parse<'a>(files: &'a [TextFile], report: &mut Report) -> Vec<Source<'a>> {
    let (sources, errors): (Vec<_>, Vec<_>) =
        files.iter().filter(|file| file.is("rs")).map(parse_file).partition(Result::is_ok);
    report.add(errors.into_iter().filter_map(Result::err));
    sources.into_iter().flatten().collect()
}

fn parse_file(file: &TextFile) -> Result<Source<'_>, Finding> {
    let syntax = syn::parse_file(&file.text).map_err(|error| does_not_parse(file, &error))?;
    let mut measure = Measure::default();
    measure.visit_file(&syntax);
    let Measure { functions, test_modules } = measure;
    Ok(Source { file, functions, test_modules })
}

fn does_not_parse(file: &TextFile, error: &syn::Error) -> Finding {
    let line = error.span().start().line;
    Finding::at(&file.path, line, format!("does not parse: {error}"), "make it compile")
}

#[derive(Default)]
struct Measure {
    functions: Vec<Function>,
    test_modules: Vec<RangeInclusive<usize>>,
}

impl Measure {
    fn function(&mut self, signature: &Signature, body: &Block) {
        let lines = lines(signature.span(), body.span());
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line: *lines.start(),
            lines: lines.count(),
        });
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.attrs.iter().any(is_for_tests) {
            self.test_modules.push(lines(module.span(), module.span()));
        } else {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

fn lines(first: Span, last: Span) -> RangeInclusive<usize> {
    first.start().line..=last.end().line
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! A module.

/// Documentation does not count.
#[must_use]
fn one() -> u8 { 1 }

impl Thing {
    pub async fn four(
        &self,
    ) -> u8 {
        4 }
}

trait Other {
    fn none(&self);
    fn two(&self) {
    }
}

#[cfg(test)]
mod tests {
    fn hidden() {}
}

// sqlx in a comment
fn last() {}
";

    fn file(text: &str) -> TextFile {
        TextFile { path: "a.rs".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn functions_are_measured_without_tests_and_documentation() {
        let file = file(TEXT);
        let functions = parse_file(&file).unwrap().functions;
        let measured: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(measured, [("one", 5, 1), ("four", 8, 4), ("two", 16, 2), ("last", 26, 1)]);
    }

    #[test]
    fn program_lines_leave_out_comments_and_test_modules() {
        let file = file(TEXT);
        let source = parse_file(&file).unwrap();
        let text: Vec<_> = source.program_lines().map(|(_, line)| line).collect();
        assert!(!text.iter().any(|line| line.contains("hidden") || line.contains("sqlx")), "{text:?}");
        assert!(text.contains(&"fn last() {}"));
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_finding() {
        let mut report = Report::default();
        assert!(parse(&[file("fn {")], &mut report).is_empty());
        assert_eq!(report.findings(), 1);
    }
}
