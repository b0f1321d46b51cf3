//! Tests over the whole workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

mod cluster;
mod compose;
mod correctness;
mod exactly_once;
mod examples;
mod facade;
mod house;
mod metrics;
mod persistence;
mod reference;
