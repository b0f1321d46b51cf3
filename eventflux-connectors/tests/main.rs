//! Connectors and formats from the outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may say so in the shortest way"
)]

mod connectors;
mod formats;
mod kit;
