//! The task platform itself: tasks, the workers that share them, and the log that each step writes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::id::{CommandId, TaskId, WorkerId};
use crate::journal::Journal;
use crate::limits::{TASKS_MAX, WORKERS};
use crate::log::{Entry, Filter, Level, Line, Output, Source, Subject};
use crate::task::{NewTask, State, Task, TaskChange};
use crate::text::{Correlation, Name};

#[derive(Debug, Default)]
pub(crate) struct Platform {
    tasks: BTreeMap<TaskId, Task>,
    created: u64,
    journal: Journal,
}

/// Why the platform did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Refusal {
    NoSuchTask(TaskId),
    NothingKnownOf(Subject),
    TooManyTasks,
    NothingToChange,
    NoSuchStep { from: State, to: State },
    NotRunning(State),
}

impl Platform {
    /// Gives the task to a worker, which pulls its image and starts its command.
    pub(crate) fn create(&mut self, new: NewTask, now: Timestamp) -> Result<Task, Refusal> {
        if self.tasks.len() >= TASKS_MAX {
            return Err(Refusal::TooManyTasks);
        }
        self.created += 1;
        let task = assigned(self.created, self.least_busy_worker(), new, now);
        self.write(&task, now, Entry::system(Source::Task, format!("task `{}` created", task.name)));
        self.write(&task, now, Entry::system(Source::Worker, format!("{} assigned", task.id)));
        self.write(
            &task,
            now,
            Entry::console(Source::ContainerImage, format!("pulling image `{}`", task.image)),
        );
        self.write(&task, now, Entry::console(Source::Command, format!("starting `{}`", task.command)));
        self.tasks.insert(task.id, task.clone());
        Ok(task)
    }

    pub(crate) fn task(&self, id: TaskId) -> Result<&Task, Refusal> {
        self.tasks.get(&id).ok_or(Refusal::NoSuchTask(id))
    }

    /// The newest tasks first; of one state, if one is named.
    pub(crate) fn newest_tasks(&self, state: Option<State>, limit: usize) -> Vec<Task> {
        let wanted = |task: &&Task| state.is_none_or(|state| state == task.state);
        self.tasks.values().rev().filter(wanted).take(limit).cloned().collect()
    }

    /// Changes all that the change names, or nothing.
    pub(crate) fn change(&mut self, id: TaskId, change: TaskChange, now: Timestamp) -> Result<Task, Refusal> {
        let mut task = self.task(id)?.clone();
        if change.is_empty() {
            return Err(Refusal::NothingToChange);
        }
        if let Some(to) = change.state.filter(|to| !task.state.may_become(*to)) {
            return Err(Refusal::NoSuchStep { from: task.state, to });
        }
        if let Some(name) = change.name {
            self.rename(&mut task, name, now);
        }
        if let Some(state) = change.state {
            self.step(&mut task, state, now);
        }
        task.updated_at = now;
        self.tasks.insert(id, task.clone());
        Ok(task)
    }

    /// Only a running command has output.
    pub(crate) fn write_output(
        &mut self,
        id: TaskId,
        output: Output,
        now: Timestamp,
    ) -> Result<Line, Refusal> {
        let task = self.task(id)?.clone();
        if task.state != State::Running {
            return Err(Refusal::NotRunning(task.state));
        }
        let entry = Entry::console(Source::Command, output.text.into()).at_level(output.level);
        Ok(self.write(&task, now, entry))
    }

    /// The task goes, what it logged stays.
    pub(crate) fn delete(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refusal> {
        let task = self.tasks.remove(&id).ok_or(Refusal::NoSuchTask(id))?;
        self.write(&task, now, Entry::system(Source::Task, format!("task `{}` deleted", task.name)));
        Ok(())
    }

    pub(crate) fn lines(&self, filter: &Filter, limit: usize) -> Vec<Line> {
        self.journal.newest(filter, limit)
    }

    /// The same, but an error when the filter's subject was never heard of, or is forgotten.
    pub(crate) fn lines_of(&self, filter: &Filter, limit: usize) -> Result<Vec<Line>, Refusal> {
        match &filter.subject {
            Some(subject) if !self.knows(subject) => Err(Refusal::NothingKnownOf(subject.clone())),
            _ => Ok(self.lines(filter, limit)),
        }
    }

    fn knows(&self, subject: &Subject) -> bool {
        let idle_worker = matches!(subject, Subject::Worker(id) if workers().any(|worker| worker == *id));
        idle_worker
            || self.tasks.values().any(|task| subject.had_a_part_in(&task.origin()))
            || self.journal.any(|origin| subject.had_a_part_in(origin))
    }

    fn rename(&mut self, task: &mut Task, name: Name, now: Timestamp) {
        let text = format!("task `{}` renamed to `{name}`", task.name);
        task.name = name;
        self.write(task, now, Entry::system(Source::Task, text));
    }

    fn step(&mut self, task: &mut Task, to: State, now: Timestamp) {
        let text = format!("task went from {} to {to}", task.state);
        task.state = to;
        self.write(task, now, Entry::system(Source::Task, text).at_level(level_of(to)));
        if let Some(text) = last_words(to) {
            self.write(task, now, Entry::console(Source::Command, text.into()).at_level(level_of(to)));
        }
        if to.is_final() {
            self.write(task, now, Entry::system(Source::Worker, format!("{} handed back", task.id)));
        }
    }

    fn least_busy_worker(&self) -> WorkerId {
        let unfinished = |worker: &WorkerId| {
            self.tasks.values().filter(|task| task.worker_id == *worker && !task.state.is_final()).count()
        };
        workers().min_by_key(unfinished).unwrap_or(WorkerId::numbered(1))
    }

    fn write(&mut self, task: &Task, now: Timestamp, entry: Entry) -> Line {
        self.journal.append(now, task.origin(), entry)
    }
}

fn workers() -> impl Iterator<Item = WorkerId> {
    (1..=WORKERS).map(WorkerId::numbered)
}

fn assigned(number: u64, worker_id: WorkerId, new: NewTask, now: Timestamp) -> Task {
    Task {
        id: TaskId::numbered(number),
        name: new.name,
        image: new.image,
        command: new.command,
        state: State::Queued,
        worker_id,
        command_id: CommandId::numbered(number),
        correlation_id: new.correlation_id.unwrap_or_else(|| Correlation::numbered(number)),
        created_at: now,
        updated_at: now,
    }
}

fn level_of(state: State) -> Level {
    if state == State::Failed { Level::Error } else { Level::Info }
}

fn last_words(state: State) -> Option<&'static str> {
    match state {
        State::Queued | State::Running => None,
        State::Done => Some("command exited with code 0"),
        State::Failed => Some("command exited with code 1"),
    }
}
