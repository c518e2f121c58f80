//! Pages for people.

mod authorize;
mod cookies;
mod device;
mod forms;
mod sign_in;
