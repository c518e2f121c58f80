//! The client and the layer as their users see them. Only the far end of the wire is played.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod api;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod lease;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod verdicts;
