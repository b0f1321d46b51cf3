//! A store in an object store: S3, Google Cloud Storage, Azure, or whatever else `object_store` speaks to.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error as ObjectError, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};

use super::{CheckpointStore, Payload, StoredObject, check_name};
use crate::error::{Error, Result};

/// Objects under a prefix of an object store.
///
/// **Invariants** It must know conditional puts, as S3, Google Cloud Storage and Azure do. `object_store`'s own local file
/// system does, but does not sync what it writes: checkpoints in directories are [`DirectoryStore`](super::DirectoryStore)'s.
#[derive(Debug, Clone)]
pub struct ObjectCheckpointStore {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    place: String,
}

impl ObjectCheckpointStore {
    /// Objects of this store under a prefix. `place` is how messages call it.
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: Path, place: impl Into<String>) -> Self {
        Self {
            objects,
            prefix,
            place: place.into(),
        }
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.parts().chain(Path::from(name).parts()).collect()
    }

    async fn size(&self, name: &str, path: &Path) -> Result<Option<u64>> {
        match self.objects.head(path).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(ObjectError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    fn failed(&self, name: &str, error: ObjectError) -> Error {
        Error::store(self, name, error)
    }
}

impl fmt::Display for ObjectCheckpointStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

#[async_trait]
impl CheckpointStore for ObjectCheckpointStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        check_name(name)?;
        let options = PutOptions::from(PutMode::Create);
        let bytes: PutPayload = payload.pieces().iter().cloned().collect();
        match self.objects.put_opts(&self.path(name), bytes, options).await {
            Ok(_) => Ok(true),
            Err(ObjectError::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        check_name(name)?;
        let path = self.path(name);
        let options = match range {
            Range {
                start: 0,
                end: u64::MAX,
            } => GetOptions::default(),
            Range { start, end } if start < end => {
                GetOptions::default().with_range(Some(GetRange::Bounded(start..end)))
            }
            _ => return Ok(self.size(name, &path).await?.map(|_| Bytes::new())),
        };
        match self.objects.get_opts(&path, options).await {
            Ok(result) => {
                let bytes = result.bytes().await;
                bytes.map(Some).map_err(|error| self.failed(name, error))
            }
            Err(ObjectError::NotFound { .. }) => Ok(None),
            // A range that begins behind the end is an error there.
            Err(error) => match self.size(name, &path).await? {
                Some(size) if range.start >= size => Ok(Some(Bytes::new())),
                _ => Err(self.failed(name, error)),
            },
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        // The service lists whole parts only.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let of_folder = self.path(folder);
        let listed = self.objects.list(Some(&of_folder)).try_collect::<Vec<_>>().await;
        let mut found: Vec<_> = listed
            .map_err(|error| self.failed(prefix, error))?
            .into_iter()
            .filter_map(|meta| {
                let parts = meta.location.prefix_match(&self.prefix)?;
                let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
                let name = parts.join("/");
                (name.starts_with(prefix) && check_name(&name).is_ok()).then_some(StoredObject {
                    name,
                    size_bytes: meta.size,
                })
            })
            .collect();
        found.sort();
        Ok(found)
    }

    async fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        match self.objects.delete(&self.path(name)).await {
            Ok(()) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(name, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;
    use crate::testing::{check_reopening, check_store};

    #[tokio::test(flavor = "multi_thread")]
    async fn it_keeps_what_every_store_keeps() {
        let objects = Arc::new(InMemory::new());
        let open = || -> Arc<dyn CheckpointStore> {
            let objects = Arc::clone(&objects) as Arc<dyn ObjectStore>;
            Arc::new(ObjectCheckpointStore::new(
                objects,
                Path::from("apps/one"),
                "memory",
            ))
        };
        check_store(open()).await;
        check_reopening(|| async { open() }).await;
    }

    #[tokio::test]
    async fn it_sees_its_own_prefix_only() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let store =
            |prefix: &str| ObjectCheckpointStore::new(Arc::clone(&objects), Path::from(prefix), "memory");
        let (one, eleven) = (store("apps/1"), store("apps/11"));
        assert!(one.put_if_absent("a", Payload::default()).await.unwrap());
        assert!(eleven.put_if_absent("a", Payload::default()).await.unwrap());
        one.delete("a").await.unwrap();
        assert_eq!(one.list("").await.unwrap(), []);
        assert_eq!(eleven.list("").await.unwrap().len(), 1);
    }
}
