//! How a program takes part in a cluster.

mod cluster;
mod distributed;
mod node;
mod state_backend;
mod transport;

pub use cluster::ClusterConfig;
pub use distributed::{DistributedConfig, RuntimeMode};
pub use node::NodeConfig;
#[cfg(feature = "redis")]
pub use state_backend::RedisConfig;
pub use state_backend::{CompressionType, StateBackendConfig, StateBackendType};
pub use transport::{TlsConfig, TransportConfig, TransportType};
