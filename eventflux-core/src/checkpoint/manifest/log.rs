//! The manifests of a store, one after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Manifest;
use super::object_name::{MANIFESTS, manifest_name, sequence_of};
use crate::error::{Error, Result};
use crate::state::store::CheckpointStore;

/// The row of manifests of one app: numbered one by one, the newest ones kept.
///
/// **Invariants** Two processes that both go on from manifest n both want to put n + 1, and the store lets one of them. So
/// each manifest was made from the one before it, and a process that was taken over notices at its next commit.
#[derive(Debug, Clone)]
pub struct ManifestLog {
    pub(super) store: Arc<dyn CheckpointStore>,
}

/// A manifest as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestEntry {
    /// Its place in the row.
    pub sequence: u64,
    /// The object's name.
    pub name: String,
    /// The object's size.
    pub size_bytes: u64,
}

impl ManifestLog {
    /// The manifests of this store.
    pub fn new(store: Arc<dyn CheckpointStore>) -> Self {
        Self { store }
    }

    /// The manifests that there are, oldest first.
    pub async fn entries(&self) -> Result<Vec<ManifestEntry>> {
        let listed = self.store.list(MANIFESTS).await?;
        let mut entries: Vec<_> = listed
            .into_iter()
            .filter_map(|object| {
                Some(ManifestEntry {
                    sequence: sequence_of(&object.name)?,
                    name: object.name,
                    size_bytes: object.size_bytes,
                })
            })
            .collect();
        entries.sort();
        Ok(entries)
    }

    /// Reads a manifest of the row.
    pub async fn load(&self, entry: &ManifestEntry) -> Result<Manifest> {
        let Some(bytes) = self.store.get(&entry.name).await? else {
            return Err(Error::damaged(
                &entry.name,
                format!("it is missing in {}", self.store),
            ));
        };
        let manifest = Manifest::decode(&entry.name, &bytes)?;
        if manifest.sequence != entry.sequence {
            let message = format!("it is the manifest {}", manifest.sequence);
            return Err(Error::damaged(&entry.name, message));
        }
        Ok(manifest)
    }

    /// The newest manifest. A damaged one is an error: an older one repeats output, so it is taken only when it is asked for.
    pub async fn newest(&self) -> Result<Option<Manifest>> {
        match self.entries().await?.last() {
            Some(entry) => self.load(entry).await.map(Some),
            None => Ok(None),
        }
    }

    /// The manifest of an epoch.
    pub async fn of_epoch(&self, epoch: u64) -> Result<Manifest> {
        let mut epochs = Vec::new();
        for entry in self.entries().await?.iter().rev() {
            // A damaged manifest that was not asked for is no reason to stop.
            match self.load(entry).await {
                Ok(manifest) if manifest.epoch == epoch => return Ok(manifest),
                Ok(manifest) => epochs.push(manifest.epoch.to_string()),
                Err(Error::Damaged { message, .. }) => {
                    epochs.push(format!("({} is damaged: {message})", entry.name))
                }
                Err(error) => return Err(error),
            }
        }
        epochs.reverse();
        let there_are = match epochs.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", epochs.join(", ")),
        };
        Err(Error::NoCheckpoint {
            store: self.store.to_string(),
            epoch,
            there_are,
        })
    }

    /// Commits: puts a manifest behind the newest one, whose sequence is one less than this one's.
    ///
    /// After an error of the store it is not known whether it is committed: publish the same manifest again. That it was
    /// taken over, and that the store has lost what it acknowledged, is final.
    pub async fn publish(&self, manifest: &Manifest) -> Result<()> {
        let name = manifest_name(manifest.sequence);
        let bytes = manifest.encode()?;
        let before = self.contents().await?;
        match before.newest_sequence() {
            newest if newest > manifest.sequence => return Err(self.overtaken(newest, &name)),
            // Our own, put by a call whose answer was lost; or that of another process, which may have collected what this
            // one names.
            newest if newest == manifest.sequence => {}
            newest if newest + 1 == manifest.sequence => before.check_objects(self, manifest)?,
            // A failover to a replica that was behind: what was built on is gone.
            _ => return Err(self.lost(manifest_name(manifest.sequence - 1))),
        }
        if !self.store.put_if_absent(&name, bytes.clone().into()).await? {
            // It may be our own, put by a call whose answer was lost.
            let stored = self.store.get(&name).await?;
            if stored.is_some_and(|stored| stored != bytes) {
                return Err(self.taken_over(format!("{name} is there already")));
            }
        }
        let after = self.contents().await?;
        match after.newest_sequence() {
            // The place may have been free because a later manifest had it collected.
            newest if newest > manifest.sequence => Err(self.overtaken(newest, &name)),
            newest if newest == manifest.sequence => after.check_objects(self, manifest),
            _ => Err(self.lost(name)),
        }
    }

    async fn contents(&self) -> Result<Contents> {
        let listed = self.store.list("").await?;
        Ok(Contents {
            names: listed.into_iter().map(|object| object.name).collect(),
        })
    }

    fn lost(&self, object: String) -> Error {
        Error::damaged(object, format!("{} acknowledged it and has lost it", self.store))
    }

    fn overtaken(&self, newest: u64, name: &str) -> Error {
        self.taken_over(format!("{} is newer than {name}", manifest_name(newest)))
    }

    pub(super) fn taken_over(&self, message: String) -> Error {
        Error::TakenOver {
            store: self.store.to_string(),
            message,
        }
    }
}

/// What a store has at one moment.
struct Contents {
    names: BTreeSet<String>,
}

impl Contents {
    /// 0 if there is no manifest.
    fn newest_sequence(&self) -> u64 {
        self.names
            .iter()
            .filter_map(|name| sequence_of(name))
            .max()
            .unwrap_or(0)
    }

    /// Everything that a manifest names is there.
    fn check_objects(&self, log: &ManifestLog, manifest: &Manifest) -> Result<()> {
        match manifest.object_names().find(|name| !self.names.contains(*name)) {
            Some(missing) => Err(log.lost(missing.to_owned())),
            None => Ok(()),
        }
    }
}
