//! Who may give what to whom.

mod ceiling;
mod children;
mod others;
