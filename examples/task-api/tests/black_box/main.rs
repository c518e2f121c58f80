//! The service as its callers see it: requests in, answers out.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod program;
#[cfg(test)]
mod protection;
#[cfg(test)]
mod service;
#[cfg(test)]
mod stopped;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod tokens;
