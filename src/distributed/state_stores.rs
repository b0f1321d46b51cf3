//! The state of pipelines: one place for all, and in it a place for each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use eventflux_core::state::store::{CheckpointStore, DirectoryStore};
use eventflux_core::{Error, Result};
use eventflux_distributed::cluster_node::OpenStore;

use super::StateBackendType;

/// Opens the state of a pipeline by the name that its submission gave it. While somebody has it open, others of this process share it.
pub(super) fn open_store(backend: StateBackendType) -> OpenStore {
    let opened: Mutex<BTreeMap<String, Weak<dyn CheckpointStore>>> = Mutex::default();
    Arc::new(move |pipeline| {
        let name = &pipeline.state_store;
        let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(name).and_then(Weak::upgrade) {
            return Ok(store);
        }
        let store: Arc<dyn CheckpointStore> = Arc::from(open(&backend, name, true)?);
        opened.insert(name.clone(), Arc::downgrade(&store));
        Ok(store)
    })
}

/// Opens the state of one pipeline. `is_shared`: other nodes have it open, too.
///
/// **Errors** The store cannot be reached; the name leads elsewhere.
pub(super) fn open(
    backend: &StateBackendType,
    name: &str,
    is_shared: bool,
) -> Result<Box<dyn CheckpointStore>> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(wrong(format!(
            "`{name}` cannot be the name of a place for state: use letters, digits, `-`, `_` and `.`"
        )));
    }
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
