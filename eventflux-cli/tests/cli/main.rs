//! The real binary, as a user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

#[cfg(feature = "cluster")]
mod admin;
#[cfg(feature = "kafka")]
#[path = "../../../eventflux-connectors/tests/kit/broker.rs"]
mod broker_kit;
mod canary;
mod check;
mod command;
mod config;
mod connector;
mod explain;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
#[expect(dead_code, reason = "the tests of connectors use the rest")]
#[path = "../../../eventflux-connectors/tests/kit/kafka.rs"]
mod kafka_kit;
#[cfg(feature = "cluster")]
mod kept;
#[cfg(feature = "cluster")]
mod kubernetes;
mod ledger;
mod listen;
mod memory;
#[cfg(feature = "cluster")]
mod node;
mod page;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod redis_sink;
mod replay;
mod run;
#[cfg(all(feature = "redis", feature = "s3"))]
mod s3;
mod savepoint;
mod signal;
mod small_disk;
mod state;
mod stdio;
#[cfg(all(feature = "redis", feature = "http"))]
mod tls;
#[cfg(feature = "kafka")]
#[path = "../../../eventflux-connectors/tests/kit/unique.rs"]
mod unique;
