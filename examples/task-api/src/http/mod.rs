//! The routes, and what their handlers share.

mod logs;
mod tasks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::limits::{BODY_BYTES_MAX, PAGE_DEFAULT, PAGE_MAX};
use crate::platform::Platform;
use crate::problem::Problem;

/// Answers `ok` while the service runs, to everybody.
pub(crate) const HEALTH: &str = "/healthz";

/// The whole service with no tasks in it, open to everybody who reaches it.
pub fn router() -> Router {
    Router::new()
        .route(HEALTH, get(async || "ok"))
        .route("/tasks", get(tasks::list).post(tasks::create))
        .route("/tasks/{id}", get(tasks::read).patch(tasks::update).delete(tasks::delete))
        .route("/tasks/{id}/logs", get(tasks::read_log).post(tasks::write_log))
        .route("/logs/query", get(logs::query))
        .route("/logs/console", get(logs::console))
        .route("/logs/system", get(logs::system))
        .route("/logs/tasks/{id}/console", get(logs::task_console))
        .route("/logs/correlations/{id}/console", get(logs::correlation_console))
        .route("/logs/commands/{id}/console", get(logs::command_console))
        .route("/logs/workers/{id}/console", get(logs::worker_console))
        .route("/logs/workers/{id}/system", get(logs::worker_system))
        .route("/logs/container-images/console", get(logs::image_console))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Shared::default())
}

/// The platform, one request at a time.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Platform>>);

/// A list in an answer is never a bare array, so that it can grow fields.
#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

/// How many items an answer has at most.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
struct Limit(u16);

impl Shared {
    /// INVARIANT: no operation of the platform panics half-way, so a poisoned lock guards whole data.
    fn lock(&self) -> MutexGuard<'_, Platform> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(PAGE_DEFAULT)
    }
}

impl TryFrom<u16> for Limit {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        let known = (1..=PAGE_MAX).contains(&number);
        known.then_some(Self(number)).ok_or("a limit is a number from 1 to 1000")
    }
}

impl From<Limit> for usize {
    fn from(limit: Limit) -> Self {
        limit.0.into()
    }
}
