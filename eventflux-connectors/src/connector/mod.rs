//! Connectors, one folder or file each, and the list of them all.

mod blackhole;
mod datagen;
mod file;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod list;
mod nexmark;
#[cfg(any(feature = "http", feature = "kafka", feature = "redis"))]
mod output_log;
#[cfg(any(feature = "kafka", feature = "redis"))]
mod promise;
#[cfg(feature = "redis")]
mod redis;
mod stdio;

pub use list::register;
