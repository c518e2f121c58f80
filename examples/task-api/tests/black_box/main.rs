//! The service as its callers see it: requests in, answers out.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod service;
#[cfg(test)]
mod tasks;
