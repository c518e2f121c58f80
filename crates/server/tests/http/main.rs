//! Black box: a real server on a free port, spoken to over HTTP. The files mirror the URL tree.

mod first_light;
mod support;
