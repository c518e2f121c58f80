//! Rights are what they are now: whatever is taken away is gone at the very next question.

mod limits;
mod removed;
