//! What PUT, DELETE and their rehearsals have in common.

use axum::Json;
use axum::body::Body as Answer;
use axum::http::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::problem::{created, done, no_store};
use crate::authority::{Kept, Mode};

/// The query of a call that changes something.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRun {
    /// Change nothing, and say whether it would be done.
    dry_run: Option<bool>,
}

impl DryRun {
    pub(super) fn mode(&self) -> Mode {
        if self.dry_run.unwrap_or(false) { Mode::Rehearse } else { Mode::Commit }
    }
}

/// 201 for what is new, 200 for what was there, 204 for what was only tried and would be done.
pub(super) fn answer<T, J: Serialize>(kept: Kept<T>, show: impl FnOnce(T) -> J) -> Response<Answer> {
    match kept {
        Kept::New(record) => created(show(record)),
        Kept::Changed(record) => no_store(Json(show(record))),
        Kept::Tried => done(),
    }
}
