//! Limits of size: what fits in a head fits on a page. Over the limit, the remedy is a second noun, not a second part.

use crate::tidy::finding::{Finding, Report};
use crate::tidy::rust::{Function, Source};

const FILE_LINES_NOTED: usize = 500;
const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_SHORT: usize = 40;
const FUNCTION_LINES_MAX: usize = 70;

/// Long files and functions are findings; the rest of the picture are notes.
pub(crate) fn check(sources: &[Source<'_>], report: &mut Report) {
    for source in sources {
        check_file(source, report);
        report.add(source.functions.iter().filter_map(|function| too_long(source, function)));
    }
    note_share_of_short(sources, report);
}

fn check_file(source: &Source<'_>, report: &mut Report) {
    let path = &source.file.path;
    let lines = source.file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let message = format!("{lines} lines, at most {FILE_LINES_MAX}");
        report.add([Finding::in_file(path, message, "find the second noun in it and give it a file")]);
    } else if lines > FILE_LINES_NOTED {
        report.note(format!("{path} has {lines} lines, at most {FILE_LINES_NOTED} is the aim"));
    }
}

fn too_long(source: &Source<'_>, function: &Function) -> Option<Finding> {
    let Function { name, line, lines } = function;
    let message = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
    (*lines > FUNCTION_LINES_MAX)
        .then(|| Finding::at(&source.file.path, *line, message, "name its parts as functions"))
}

fn note_share_of_short(sources: &[Source<'_>], report: &mut Report) {
    let functions = || sources.iter().flat_map(|source| &source.functions);
    let all = functions().count();
    let short = functions().filter(|function| function.lines < FUNCTION_LINES_SHORT).count();
    let percent = (short * 100).checked_div(all).unwrap_or(100);
    report.note(format!(
        "{short} of {all} functions ({percent} %) are under {FUNCTION_LINES_SHORT} lines; the aim is 95 %"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files::TextFile;
    use crate::tidy::rust;

    fn findings(text: String) -> usize {
        let files = [TextFile { path: "a.rs".to_owned(), text }];
        let mut report = Report::default();
        let sources = rust::parse(&files, &mut report);
        check(&sources, &mut report);
        report.findings()
    }

    fn function_of(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn functions_end_at_seventy_lines() {
        assert_eq!(findings(function_of(70)), 0);
        assert_eq!(findings(function_of(71)), 1);
    }

    #[test]
    fn files_end_at_seven_hundred_lines() {
        assert_eq!(findings("const _: () = ();\n".repeat(700)), 0);
        assert_eq!(findings("const _: () = ();\n".repeat(701)), 1);
    }
}
