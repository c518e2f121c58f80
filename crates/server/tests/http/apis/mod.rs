//! `/api/v1/apis`

mod credential;
mod declared;
mod put;
mod removed;
mod rotated;
mod visible;
