//! Who may give what to whom.

mod ceiling;
mod children;
mod limits;
mod others;
