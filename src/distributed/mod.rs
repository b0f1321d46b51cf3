//! Pipelines on a cluster of nodes.
//!
//! A program joins a cluster as a node of it, and has a text run there with the same handlers and callbacks as on one node:
//!
//! ```
//! use eventflux::distributed::*;
//!
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("eventflux-doc-cluster-{}", std::process::id()));
//! let config = DistributedConfig {
//!     mode: RuntimeMode::Distributed,
//!     node: NodeConfig { data_dir: Some(folder.join("node")), ..NodeConfig::default() },
//!     state_backend: StateBackendConfig {
//!         implementation: StateBackendType::Directory(folder.join("state")),
//!         ..StateBackendConfig::default()
//!     },
//!     ..DistributedConfig::default()
//! };
//! let runtime = DistributedRuntimeBuilder::new("
//!     CREATE STREAM Purchases (card STRING, amount BIGINT);
//!     INSERT INTO Large SELECT card FROM Purchases WHERE amount > 100;",
//! )
//! .with_config(config)
//! .build()?;
//! let mut large = runtime.output_stream("Large")?;
//! runtime.start()?;
//! runtime.input_handler("Purchases")?.send(("A", 250_i64))?;
//! let rows = large.next_blocking().ok_or("no rows")?;
//! assert_eq!(rows.iter().next().ok_or("no row")?.get::<String>("card")?, "A");
//! runtime.finish()?;
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! `node`, `transport`, `coordinator` and `cluster_node` are what nodes are made of.

mod builder;
mod config;
mod data_directory;
mod distributed_runtime;
mod embedded;
mod error;
mod home_programs;
mod node_settings;
mod pipeline;
mod sql_programs;
mod state_stores;
mod threads;

pub use builder::DistributedRuntimeBuilder;
#[cfg(feature = "redis")]
pub use config::RedisConfig;
pub use config::{
    ClusterConfig, CompressionType, DistributedConfig, NodeConfig, RuntimeMode, StateBackendConfig,
    StateBackendType, TlsConfig, TransportConfig, TransportType,
};
pub use distributed_runtime::DistributedRuntime;
pub use error::DistributedError;
pub use eventflux_distributed::{Error, cluster_node, coordinator, node, transport};
pub use sql_programs::SqlPrograms;
