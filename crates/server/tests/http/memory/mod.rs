//! What the server remembers of tokens: every change is seen by the next verify, whatever was warm.

mod narrowing;
mod races;
mod warm;
