//! What other crates see of the engine.

#![allow(clippy::unwrap_used, reason = "a test may fail in the shortest way")]

mod json_rows;
mod options;
