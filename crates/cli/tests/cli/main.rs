//! The program as people and scripts see it: arguments in; standard output, standard error and exit code out.
//! In `transcripts` the server is a real one; elsewhere it is nobody, or a stub that says what a real one rarely
//! does.

// Lets clippy know that everything here is a test.
#![cfg(test)]

mod answers;
mod apply;
mod authority;
mod book;
mod credentials;
mod demo;
mod derive;
mod doctor;
mod exec;
mod files;
mod formats;
mod help;
mod import;
mod import_wild;
mod inside;
mod job;
mod job_clients;
mod job_lease;
mod job_output;
mod killed;
mod minted;
mod org_file;
mod person;
mod published;
mod refusals;
mod report;
mod runner;
mod runner_page;
mod scan;
mod scan_files;
mod scan_git;
mod scanners;
mod serve;
mod served;
mod sign_in;
mod sign_in_pages;
mod storing;
mod stub;
mod support;
mod terminal;
mod token_text;
mod tokens;
mod transcripts;
mod who_may;
mod workload;
mod your_api;
