//! A store in memory: for tests, and for checkpoints that need not outlive the process.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{CheckpointStore, Payload, StoredObject, check_name};
use crate::error::Result;

/// Objects in a map. They are gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl MemoryStore {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        // No call leaves the map half changed.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

#[async_trait]
impl CheckpointStore for MemoryStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        check_name(name)?;
        let mut objects = self.objects();
        if objects.contains_key(name) {
            return Ok(false);
        }
        objects.insert(name.to_owned(), payload.into_bytes());
        Ok(true)
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        Ok(self.objects().get(name).map(|object| {
            let place =
                |offset: u64| usize::try_from(offset).map_or(object.len(), |offset| offset.min(object.len()));
            let start = place(range.start);
            object.slice(start..place(range.end).max(start))
        }))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        let objects = self.objects();
        let found = objects
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix));
        Ok(found
            .map(|(name, object)| StoredObject {
                name: name.clone(),
                size_bytes: object.len() as u64,
            })
            .collect())
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.objects().remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_keeps_what_every_store_keeps() {
        crate::testing::check_store(Arc::new(MemoryStore::default())).await;
    }
}
