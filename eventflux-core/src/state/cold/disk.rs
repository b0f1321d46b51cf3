//! Cold tiers on the local disk: a log-structured tree each, in one folder for all.
//!
//! Rows go in as sorted runs that become files of their own: there is no log to write first, and nothing waits in memory.

use std::fmt;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fjall::config::{PartitioningPolicy, PinningPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use super::tier::{ColdRow, ColdTier, FoundRow};
use crate::error::{Error, Result};

/// Where the marker stands: before all rows, whose keys begin with other bytes.
const MARKER: [u8; 1] = [0];

/// How often, and after which pause, a folder that is in use is looked at again.
const LOCKED_ATTEMPTS: u32 = 100;
const LOCKED_PAUSE: Duration = Duration::from_millis(50);

/// A folder of cold tiers. One process at a time.
#[derive(Clone)]
pub struct ColdDisk {
    database: Database,
    place: Arc<str>,
}

impl fmt::Debug for ColdDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ColdDisk").field(&self.place).finish()
    }
}

impl ColdDisk {
    /// Opens a folder, which is made if there is none. One that cannot be read is emptied: whatever was in it can be made
    /// again from a checkpoint.
    ///
    /// **Errors** The folder cannot be written.
    pub fn open(folder: &Path, cache_bytes: u64) -> Result<Self> {
        let place: Arc<str> = folder.display().to_string().into();
        let open = || {
            Database::builder(folder)
                .cache_size(cache_bytes)
                .worker_threads(1)
                .open()
        };
        // A run of this process that has just ended lets go of the folder on threads of its own, and tells nobody when.
        let mut attempts = 0..LOCKED_ATTEMPTS;
        let opened = loop {
            match open() {
                Err(fjall::Error::Locked) if attempts.next().is_some() => std::thread::sleep(LOCKED_PAUSE),
                opened => break opened,
            }
        };
        let database = match opened {
            Ok(database) => database,
            Err(fjall::Error::Locked) => return Err(failed(&place, "folder", fjall::Error::Locked)),
            Err(error) => {
                tracing::warn!("{place} cannot be read and is made anew: {error}");
                std::fs::remove_dir_all(folder).map_err(|error| Error::store(&place, "folder", error))?;
                open().map_err(|error| failed(&place, "folder", error))?
            }
        };
        Ok(Self { database, place })
    }

    /// A folder that is removed when the last of its tiers is dropped.
    ///
    /// **Errors** The folder cannot be written.
    pub fn temporary(folder: &Path, cache_bytes: u64) -> Result<Self> {
        let place: Arc<str> = folder.display().to_string().into();
        let builder = Database::builder(folder)
            .cache_size(cache_bytes)
            .worker_threads(1);
        let database = builder.temporary(true).open();
        let database = database.map_err(|error| failed(&place, "folder", error))?;
        Ok(Self { database, place })
    }

    /// The newest tier of this name, if its rows were written with this marker; otherwise an empty one. Says which.
    ///
    /// **Errors** The folder cannot be read or written.
    pub fn tier(&self, name: &str, marker: Option<&[u8]>) -> Result<(Arc<dyn ColdTier>, bool)> {
        let mut newest = 0;
        for found in self.database.list_keyspace_names() {
            let number = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
            let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) else {
                continue;
            };
            newest = newest.max(number);
            let tier = self.named(&found)?;
            if marker.is_some() && tier.marker()?.as_deref() == marker {
                return Ok((Arc::new(tier), true));
            }
            self.remove(tier)?;
        }
        Ok((Arc::new(self.named(&format!("{name}.{}", newest + 1))?), false))
    }

    /// Removes the tiers of other names.
    ///
    /// **Errors** The folder cannot be written.
    pub fn retain(&self, is_kept: impl Fn(&str) -> bool) -> Result<()> {
        for found in self.database.list_keyspace_names() {
            let name = found.rsplit_once('.').map_or(&*found, |(name, _)| name);
            if !is_kept(name) {
                self.remove(self.named(&found)?)?;
            }
        }
        Ok(())
    }

    fn named(&self, name: &str) -> Result<DiskTier> {
        let rows = self.database.keyspace(name, options);
        Ok(DiskTier {
            rows: rows.map_err(|error| failed(&self.place, name, error))?,
            place: Arc::clone(&self.place),
            // It keeps the folder open.
            _disk: self.clone(),
        })
    }

    fn remove(&self, tier: DiskTier) -> Result<()> {
        let name = tier.rows.name().to_string();
        let removed = self.database.delete_keyspace(tier.rows);
        removed.map_err(|error| failed(&self.place, name, error))
    }
}

/// Indexes and filters are read in parts, through the cache, so that memory does not grow with the rows.
fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .filter_block_pinning_policy(PinningPolicy::all(false))
        .index_block_pinning_policy(PinningPolicy::all(false))
        .filter_block_partitioning_policy(PartitioningPolicy::all(true))
        .index_block_partitioning_policy(PartitioningPolicy::all(true))
}

/// A tier in a [`ColdDisk`].
struct DiskTier {
    rows: Keyspace,
    place: Arc<str>,
    _disk: ColdDisk,
}

impl fmt::Debug for DiskTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DiskTier").field(&self.rows.name()).finish()
    }
}

impl DiskTier {
    fn failed(&self, error: fjall::Error) -> Error {
        failed(&self.place, self.rows.name().to_string(), error)
    }
}

impl ColdTier for DiskTier {
    fn get_batch(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let get = |key: &Vec<u8>| match self.rows.get(key) {
            Ok(value) => Ok(value.map(Bytes::from)),
            Err(error) => Err(self.failed(error)),
        };
        keys.iter().map(get).collect()
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, row_count_max: usize) -> Result<Vec<FoundRow>> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut found = Vec::new();
        for row in self
            .rows
            .range::<&[u8], _>((from, Bound::Unbounded))
            .take(row_count_max)
        {
            let (key, value) = row.into_inner().map_err(|error| self.failed(error))?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((Bytes::from(key), Bytes::from(value)));
        }
        Ok(found)
    }

    fn apply(&self, marker: Option<&[u8]>, rows: &mut dyn Iterator<Item = ColdRow>) -> Result<()> {
        let write = || {
            let mut run = self.rows.start_ingestion()?;
            match marker {
                Some(marker) => run.write(MARKER, marker)?,
                None => run.write_tombstone(MARKER)?,
            }
            for (key, value) in rows {
                match value {
                    Some(value) => run.write(key, value)?,
                    None => run.write_tombstone(key)?,
                }
            }
            run.finish()
        };
        write().map_err(|error| self.failed(error))
    }

    fn marker(&self) -> Result<Option<Bytes>> {
        let marker = self.rows.get(MARKER).map_err(|error| self.failed(error))?;
        Ok(marker.map(Bytes::from))
    }

    fn size_bytes(&self) -> u64 {
        self.rows.disk_space()
    }
}

fn failed(place: &Arc<str>, object: impl Into<String>, error: fjall::Error) -> Error {
    Error::store(place, object, error)
}
