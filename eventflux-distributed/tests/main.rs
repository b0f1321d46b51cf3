//! What joins nodes, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod fuzz;
mod transport;
