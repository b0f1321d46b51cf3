//! What every source and every sink has to keep, and what tests of connectors share.

#![allow(dead_code, reason = "each test file uses its part")]

#[cfg(feature = "kafka")]
pub mod broker;
pub mod commit_kit;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod line_format;
pub mod program;
#[cfg(feature = "redis")]
pub mod redis;
pub mod rows;
pub mod sink_kit;
pub mod source_kit;
pub mod unique;
