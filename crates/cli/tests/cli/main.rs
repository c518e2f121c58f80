//! The program as people and scripts see it: arguments in; standard output, standard error and exit code out.
//! Here the server is nobody, or a stub that says what a real one rarely does.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod files;
#[cfg(test)]
mod help;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
