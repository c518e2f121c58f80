//! Lines of the log, and which of them a reader wants.
//!
//! The platform writes *system* lines about what it does; *console* lines are what images and
//! commands print. Each line carries its whole origin, so that it outlives its task.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::id::{CommandId, TaskId, WorkerId};
use crate::text::{Correlation, Image, Message};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// Counts all lines ever written; a gap between answers shows that lines were forgotten.
    pub(crate) number: u64,
    #[serde(serialize_with = "rfc3339")]
    pub(crate) at: Timestamp,
    #[serde(flatten)]
    pub(crate) entry: Entry,
    #[serde(flatten)]
    pub(crate) origin: Origin,
}

/// What is written, before it has a number and a time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) level: Level,
    pub(crate) stream: Stream,
    pub(crate) source: Source,
    pub(crate) text: String,
}

/// Everything that had a part in the task that a line is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Origin {
    pub(crate) task_id: TaskId,
    pub(crate) correlation_id: Correlation,
    pub(crate) command_id: CommandId,
    pub(crate) worker_id: WorkerId,
    pub(crate) image: Image,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stream {
    Console,
    System,
}

/// Who speaks in a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Task,
    Worker,
    Command,
    ContainerImage,
}

/// A line that a caller adds to the log of a running task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    pub(crate) text: Message,
    #[serde(default = "info")]
    pub(crate) level: Level,
}

/// The thing whose log is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Task(TaskId),
    Correlation(Correlation),
    Command(CommandId),
    Worker(WorkerId),
    Image(Image),
}

/// Which lines are wanted: those that pass every field that is there.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) subject: Option<Subject>,
    pub(crate) stream: Option<Stream>,
    pub(crate) source: Option<Source>,
    /// This level and all above it.
    pub(crate) level_min: Option<Level>,
    /// Case matters.
    pub(crate) text: Option<String>,
}

impl Entry {
    pub(crate) fn console(source: Source, text: String) -> Self {
        Self { level: Level::Info, stream: Stream::Console, source, text }
    }

    pub(crate) fn system(source: Source, text: String) -> Self {
        Self { level: Level::Info, stream: Stream::System, source, text }
    }

    pub(crate) fn at_level(self, level: Level) -> Self {
        Self { level, ..self }
    }
}

impl Subject {
    pub(crate) fn had_a_part_in(&self, origin: &Origin) -> bool {
        match self {
            Self::Task(id) => *id == origin.task_id,
            Self::Correlation(id) => *id == origin.correlation_id,
            Self::Command(id) => *id == origin.command_id,
            Self::Worker(id) => *id == origin.worker_id,
            Self::Image(image) => *image == origin.image,
        }
    }
}

impl Filter {
    pub(crate) fn wants(&self, line: &Line) -> bool {
        let entry = &line.entry;
        self.subject.as_ref().is_none_or(|subject| subject.had_a_part_in(&line.origin))
            && self.stream.is_none_or(|stream| stream == entry.stream)
            && self.source.is_none_or(|source| source == entry.source)
            && self.level_min.is_none_or(|level| level <= entry.level)
            && self.text.as_ref().is_none_or(|text| entry.text.contains(text))
    }
}

fn info() -> Level {
    Level::Info
}
