//! The store.

use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::file::{create, create_folders, read_range, sync_parent};
use super::lock::{DirectoryLock, holder};
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::state::store::{CheckpointStore, Payload, StoredObject, check_name};

/// Objects as files, their names as paths. Files and folders whose names begin with a dot are the store's own.
///
/// **Invariants** A file appears whole, with its bytes and its name on disk. One process at a time may write, or the processes of one
/// cluster.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// `None`: for reading only.
    lock: Option<DirectoryLock>,
    /// Where files are made.
    temporary: PathBuf,
    next_temporary: AtomicU64,
}

/// Files in the making.
const TEMPORARY: &str = ".tmp";

impl DirectoryStore {
    /// Opens a directory for reading and writing, and makes it if it is not there. No other process may have it open like
    /// this.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let failed = |error: io::Error| Error::store(&Place(&path), "opening it", error);
        create_folders(&path).map_err(failed)?;
        let lock = DirectoryLock::take(&path)
            .map_err(failed)?
            .map_err(|holder| Error::Store {
                store: Place(&path).to_string(),
                object: "opening it".into(),
                message: format!("it is in use by {holder}"),
                source: None,
            })?;
        // Nobody else is writing: what is there was left by a process that died.
        let temporary = path.join(TEMPORARY);
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir(&temporary).map_err(failed)?,
        }
        Ok(Self::with(path, Some(lock), temporary))
    }

    /// Opens a directory that other nodes of a cluster write to, too, from this machine or another one that has it mounted, and makes it
    /// if it is not there. Nobody has it for itself meanwhile.
    pub fn open_shared(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let failed = |error: io::Error| Error::store(&Place(&path), "opening it", error);
        create_folders(&path).map_err(failed)?;
        let all = path.join(TEMPORARY);
        // What others are making is left alone, as long as there are others.
        let tidy = || match fs::remove_dir_all(&all) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let lock = DirectoryLock::share(&path, tidy)
            .map_err(failed)?
            .map_err(|holder| Error::Store {
                store: Place(&path).to_string(),
                object: "opening it".into(),
                message: format!("it is in use by {holder}, which does not share it"),
                source: None,
            })?;
        let own = RandomState::new().build_hasher().finish();
        let temporary = all.join(format!("{own:016x}"));
        create_folders(&temporary).map_err(failed)?;
        Ok(Self::with(path, Some(lock), temporary))
    }

    /// Opens a directory for reading, whoever else has it open.
    pub fn open_read_only(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self::with(path, None, PathBuf::new())),
            Ok(_) => Err(Error::Store {
                store: Place(&path).to_string(),
                object: "opening it".into(),
                message: "it is not a directory".into(),
                source: None,
            }),
            Err(error) => Err(Error::store(&Place(&path), "opening it", error)),
        }
    }

    /// Who has a directory open for writing at this moment, if anybody: `process 4711`, `a cluster`. Nothing is made in it.
    pub fn holder(path: impl AsRef<Path>) -> Result<Option<String>> {
        let path = path.as_ref();
        holder(path).map_err(|error| Error::store(&Place(path), "looking who uses it", error))
    }

    fn with(path: PathBuf, lock: Option<DirectoryLock>, temporary: PathBuf) -> Self {
        Self {
            shared: Arc::new(Shared {
                path,
                lock,
                temporary,
                next_temporary: AtomicU64::new(0),
            }),
        }
    }

    /// Does the work on a thread that may wait.
    async fn on_disk<T: Send + 'static>(
        &self,
        object: &str,
        work: impl FnOnce(&Shared) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || work(&shared))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| Error::store(self, object, error))
    }

    fn check_writable(&self, object: &str) -> Result<()> {
        match self.shared.lock {
            Some(_) => Ok(()),
            None => Err(Error::Bug(format!("{self} is open for reading only: {object}"))),
        }
    }
}

struct Place<'a>(&'a Path);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directory `{}`", self.0.display())
    }
}

impl fmt::Display for DirectoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Place(&self.shared.path).fmt(f)
    }
}

#[async_trait]
impl CheckpointStore for DirectoryStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        check_name(name)?;
        self.check_writable(name)?;
        let object = name.to_owned();
        self.on_disk(name, move |shared| shared.put(&object, &payload))
            .await
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        check_name(name)?;
        let object = name.to_owned();
        let read = self.on_disk(name, move |shared| read_range(&shared.path.join(object), range));
        Ok(read.await?.map(Bytes::from))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        let wanted = prefix.to_owned();
        self.on_disk(prefix, move |shared| shared.list(&wanted)).await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.check_writable(name)?;
        let object = name.to_owned();
        self.on_disk(name, move |shared| shared.delete(&object)).await
    }
}

impl Shared {
    fn put(&self, name: &str, payload: &Payload) -> io::Result<bool> {
        let path = self.path.join(name);
        if let Some(folder) = path.parent() {
            create_folders(folder)?;
        }
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.temporary.join(number.to_string());
        let step = |step| fail_point(step, || path.display().to_string()).map_err(io::Error::other);
        create(&temporary, &path, payload, &step)
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<StoredObject>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.path.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let Ok(part) = entry.file_name().into_string() else {
                    continue;
                };
                let name = match folder.as_str() {
                    "" => part,
                    _ => format!("{folder}/{part}"),
                };
                if check_name(&name).is_err() {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push(name),
                    Ok(metadata) if name.starts_with(prefix) => found.push(StoredObject {
                        name,
                        size_bytes: metadata.len(),
                    }),
                    Ok(_) => {}
                    // Deleted since.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Ok(()) => sync_parent(&path),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
