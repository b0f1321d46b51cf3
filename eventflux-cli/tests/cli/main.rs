//! The real binary, as a user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

mod canary;
mod check;
mod command;
mod config;
mod connector;
mod explain;
#[cfg(feature = "kafka")]
mod kafka;
mod ledger;
mod listen;
mod memory;
mod page;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod redis_sink;
mod replay;
mod run;
#[cfg(all(feature = "redis", feature = "s3"))]
mod s3;
mod signal;
mod state;
mod stdio;
