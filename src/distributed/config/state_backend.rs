//! Where state is saved.

use std::path::PathBuf;
use std::time::Duration;

pub use eventflux_core::state::segment::Compression as CompressionType;
use eventflux_core::time::micros;
use eventflux_sql::{Settings, TtlSetting};

use crate::distributed::DistributedError;

/// Where and how state is saved.
#[derive(Debug, Clone)]
pub struct StateBackendConfig {
    /// Where.
    pub implementation: StateBackendType,
    /// From the beginning of one checkpoint to that of the next. In a cluster, sinks show rows, and input handlers get room, when one is
    /// committed.
    pub checkpoint_interval: Duration,
    /// How it is compressed.
    pub compression: CompressionType,
    /// What was not written for longer, in event time, is forgotten, unless the text says otherwise: as `SET state_ttl` in it. In a
    /// cluster it is that of the program that submits the text.
    pub state_ttl: Option<Duration>,
}

impl Default for StateBackendConfig {
    fn default() -> Self {
        Self {
            implementation: StateBackendType::default(),
            checkpoint_interval: Duration::from_secs(1),
            compression: CompressionType::default(),
            state_ttl: None,
        }
    }
}

/// Where state is saved. All nodes have the same.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum StateBackendType {
    /// Nowhere; a cluster needs another one.
    #[default]
    None,
    /// A directory that all nodes have mounted, with a folder for each pipeline.
    Directory(PathBuf),
    /// Redis, one server or a cluster.
    #[cfg(feature = "redis")]
    Redis(RedisConfig),
}

/// Which Redis.
#[cfg(feature = "redis")]
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// `host:port`, or URLs as of [`persistence::RedisConfig`](crate::persistence::RedisConfig): a server, or nodes of one cluster.
    pub endpoints: Vec<String>,
    /// Connections at the most.
    pub pool_size: usize,
    /// How state is compressed there; wins over that of [`StateBackendConfig`].
    pub compression: CompressionType,
}

#[cfg(feature = "redis")]
impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            endpoints: vec!["127.0.0.1:6379".into()],
            pool_size: 8,
            compression: CompressionType::default(),
        }
    }
}

/// URLs may hold a password.
#[cfg(feature = "redis")]
impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConfig")
            .field("pool_size", &self.pool_size)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl StateBackendConfig {
    /// What texts are compiled with that do not set it themselves.
    pub(crate) fn defaults(&self) -> Result<Settings, DistributedError> {
        if self.state_ttl.is_some_and(|state_ttl| state_ttl.is_zero()) {
            return Err(DistributedError::Configuration(
                "`state_backend.state_ttl` is 0: everything would be forgotten at once; leave it out to keep all state".into(),
            ));
        }
        Ok(Settings {
            state_ttl: self
                .state_ttl
                .map(|state_ttl| TtlSetting::After(micros(state_ttl))),
            ..Settings::default()
        })
    }

    /// How segments are compressed.
    pub(crate) fn compression(&self) -> CompressionType {
        match &self.implementation {
            #[cfg(feature = "redis")]
            StateBackendType::Redis(redis) => redis.compression,
            _ => self.compression,
        }
    }
}
