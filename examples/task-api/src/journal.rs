//! The log of the whole platform: a ring that forgets its oldest line when it is full.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::limits::LINES_MAX;
use crate::log::{Entry, Filter, Line, Origin};

#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: VecDeque<Line>,
    written: u64,
}

impl Journal {
    pub(crate) fn append(&mut self, at: Timestamp, origin: Origin, entry: Entry) -> Line {
        self.written += 1;
        let line = Line { number: self.written, at, entry, origin };
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.clone());
        line
    }

    /// The newest lines that the filter wants, in the order in which they were written.
    pub(crate) fn newest(&self, filter: &Filter, limit: usize) -> Vec<Line> {
        let mut lines: Vec<Line> =
            self.lines.iter().rev().filter(|line| filter.wants(line)).take(limit).cloned().collect();
        lines.reverse();
        lines
    }

    pub(crate) fn any(&self, wanted: impl Fn(&Origin) -> bool) -> bool {
        self.lines.iter().any(|line| wanted(&line.origin))
    }
}
