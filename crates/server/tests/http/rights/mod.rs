//! Who may give what to whom.

mod ceiling;
mod children;
mod given;
mod limits;
mod others;
mod raced;
