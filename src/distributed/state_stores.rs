//! The state of pipelines: one place for all, and in it a place for each.

use std::sync::Arc;

use eventflux_core::state::store::{CheckpointStore, DirectoryStore};
use eventflux_core::{Error, Result};
use eventflux_distributed::cluster_node::{OpenStore, check_store_name, shared_stores};

use super::StateBackendType;

/// Opens the state of pipelines that other nodes have open, too.
pub(super) fn open_store(backend: StateBackendType) -> OpenStore {
    shared_stores(move |name| Ok(Arc::from(open(&backend, name, true)?)))
}

/// Opens the state of one pipeline. `is_shared`: other nodes have it open, too.
///
/// **Errors** The store cannot be reached; the name leads elsewhere.
pub(super) fn open(
    backend: &StateBackendType,
    name: &str,
    is_shared: bool,
) -> Result<Box<dyn CheckpointStore>> {
    check_store_name(name)?;
    match backend {
        StateBackendType::None => Err(wrong(format!("there is no place for the state of `{name}`"))),
        StateBackendType::Directory(path) if is_shared => {
            Ok(Box::new(DirectoryStore::open_shared(path.join(name))?))
        }
        StateBackendType::Directory(path) => Ok(Box::new(DirectoryStore::open(path.join(name))?)),
        #[cfg(feature = "redis")]
        StateBackendType::Redis(redis) => {
            let store = crate::persistence::RedisPersistenceStore::for_app(redis_of(redis)?, name)?;
            Ok(Box::new(store))
        }
    }
}

#[cfg(feature = "redis")]
fn redis_of(redis: &super::RedisConfig) -> Result<crate::persistence::RedisConfig> {
    let url = |endpoint: &String| match endpoint.contains("://") {
        true => endpoint.clone(),
        false => format!("redis://{endpoint}"),
    };
    let mut urls = redis.endpoints.iter().map(url);
    let first = urls.next();
    Ok(crate::persistence::RedisConfig {
        url: first.ok_or_else(|| wrong("`endpoints` of the Redis is empty".into()))?,
        endpoints: urls.collect(),
        pool_size: redis.pool_size,
        ..crate::persistence::RedisConfig::default()
    })
}

fn wrong(message: String) -> Error {
    Error::Option {
        key: "state_backend".into(),
        message,
    }
}
