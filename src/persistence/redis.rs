//! Redis as a store that a program can use with no async runtime of its own.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use eventflux_core::checkpoint::block_on_store;
use eventflux_core::state::store::{CheckpointStore, Payload, RedisConfig, RedisStore, StoredObject};
use eventflux_core::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};

/// The app whose keys are used when none is named.
const APP: &str = "app";

/// Saves state in Redis. Its connections live on a thread of its own, so that it can be opened before there is any run.
///
/// A Redis that may evict keys is refused; one without an append-only file is used with a warning.
pub struct RedisPersistenceStore {
    store: Arc<RedisStore>,
    /// `None` once it is dropped.
    tokio: Option<Runtime>,
}

impl RedisPersistenceStore {
    /// Connects, with the keys of an app called `app`: one app for each Redis.
    ///
    /// **Errors** Redis cannot be reached, or must not be used.
    pub fn new(config: RedisConfig) -> Result<Self> {
        Self::for_app(config, APP)
    }

    /// Connects, with the keys of an app of this name: several apps may share a Redis.
    ///
    /// **Errors** As [`RedisPersistenceStore::new`]; the name cannot be a part of keys.
    pub fn for_app(config: RedisConfig, app: &str) -> Result<Self> {
        let tokio = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("eventflux-redis")
            .enable_all()
            .build()
            .map_err(|error| Error::connector("thread", "eventflux-redis", ErrorKind::Environment, error))?;
        let app = app.to_owned();
        let opening = tokio.spawn(async move { RedisStore::open(&config, &app).await });
        let store = block_on_store(async { opening.await.map_err(gone)? })?;
        Ok(Self {
            store: Arc::new(store),
            tokio: Some(tokio),
        })
    }

    /// Does work on the store's own thread, and waits for it on the caller's.
    async fn on_own_thread<T: Send + 'static, F: Future<Output = Result<T>> + Send>(
        &self,
        work: impl FnOnce(Arc<RedisStore>) -> F + Send + 'static,
    ) -> Result<T> {
        let Some(tokio) = &self.tokio else {
            return Err(Error::Bug("a store was used after its end".into()));
        };
        let store = Arc::clone(&self.store);
        tokio
            .spawn(async move { work(store).await })
            .await
            .map_err(gone)?
    }
}

fn gone(error: tokio::task::JoinError) -> Error {
    Error::Bug(format!("work on Redis ended early: {error}"))
}

impl Drop for RedisPersistenceStore {
    fn drop(&mut self) {
        // The last owner may be an async task, in which a runtime must not wait for its threads.
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_background();
        }
    }
}

impl fmt::Debug for RedisPersistenceStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RedisPersistenceStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.store, f)
    }
}

#[async_trait]
impl CheckpointStore for RedisPersistenceStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        let name = name.to_owned();
        self.on_own_thread(|store| async move { store.put_if_absent(&name, payload).await })
            .await
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        let name = name.to_owned();
        self.on_own_thread(|store| async move { store.get_range(&name, range).await })
            .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        let prefix = prefix.to_owned();
        self.on_own_thread(|store| async move { store.list(&prefix).await })
            .await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        self.on_own_thread(|store| async move { store.delete(&name).await })
            .await
    }
}
