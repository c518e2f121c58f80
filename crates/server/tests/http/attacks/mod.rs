//! Rows of the table of threats that are about no single address.

mod clock;
mod enumeration;
mod guessing;
mod leaks;
mod sizes;
mod text;
mod wire;
