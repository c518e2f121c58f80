//! The JSON on the wire: what requests refuse, what answers look like, and the table of codes.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod code;
#[cfg(test)]
mod problem;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod secret;
#[cfg(test)]
mod times;
