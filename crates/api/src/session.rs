//! Sign-in by password.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// `POST /api/v1/sessions`.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}
