//! The real server while something below it fails: system calls on SQLite's files, the wire to PostgreSQL, the disk.
//! `cargo xtask torture` tries the same with all counts.

// Lets clippy know that everything here is a test.
#![cfg(test)]

mod cold_read;
mod failed_sync;
mod full_disk;
mod short;
mod support;
