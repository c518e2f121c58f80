//! A task: an image, a command, the worker that was given it, and how far it has come.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::command::Command;
use crate::id::{CommandId, TaskId, WorkerId};
use crate::log::Origin;
use crate::text::{Correlation, Image, Name};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) name: Name,
    pub(crate) image: Image,
    pub(crate) command: Command,
    pub(crate) state: State,
    pub(crate) worker_id: WorkerId,
    pub(crate) command_id: CommandId,
    pub(crate) correlation_id: Correlation,
    #[serde(serialize_with = "rfc3339")]
    pub(crate) created_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    pub(crate) updated_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Queued,
    Running,
    Done,
    Failed,
}

/// What a caller says of a task that shall be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTask {
    pub(crate) name: Name,
    pub(crate) image: Image,
    pub(crate) command: Command,
    pub(crate) correlation_id: Option<Correlation>,
}

/// What a caller wants changed; whatever is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskChange {
    pub(crate) name: Option<Name>,
    pub(crate) state: Option<State>,
}

impl Task {
    /// What each log line about this task carries.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            task_id: self.id,
            correlation_id: self.correlation_id.clone(),
            command_id: self.command_id,
            worker_id: self.worker_id,
            image: self.image.clone(),
        }
    }
}

impl State {
    /// A task runs once: queued, running, then done or failed. It may also fail before it runs.
    pub(crate) fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Queued, Self::Running | Self::Failed) | (Self::Running, Self::Done | Self::Failed)
        )
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl TaskChange {
    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none() && self.state.is_none()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        })
    }
}
