//! What no manifest needs any more.

use std::collections::BTreeSet;

use super::ManifestLog;
use super::object_name::{GENERATIONS, OF_EPOCHS, epoch_of, generation_of};
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::state::store::StoredObject;

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Manifests.
    pub manifest_count: usize,
    /// Segments and notes.
    pub object_count: usize,
    /// Their bytes.
    pub size_bytes: u64,
}

impl ManifestLog {
    /// As [`ManifestLog::collect_unless`], of which nothing else is wanted.
    pub async fn collect(&self, retained: usize) -> Result<Collected> {
        self.collect_unless(retained, &BTreeSet::new()).await
    }

    /// Keeps the newest manifests, at least one, and those of the sequences that are wanted, and deletes the other ones; then whatever no
    /// manifest needs.
    ///
    /// **Invariants** (I6) Only what no kept manifest reaches is deleted. Objects of epochs after the newest manifest may
    /// belong to a checkpoint in the making and stay. A crash in between leaves nothing that a manifest misses, and the next
    /// call finishes the work. Nothing is deleted if a manifest that is to be kept cannot be read.
    pub async fn collect_unless(&self, retained: usize, wanted: &BTreeSet<u64>) -> Result<Collected> {
        let mut collected = Collected::default();
        let entries = self.entries().await?;
        let (old, newest) = entries.split_at(entries.len().saturating_sub(retained.max(1)));
        let (wanted, old): (Vec<_>, Vec<_>) = old.iter().partition(|entry| wanted.contains(&entry.sequence));
        let mut reachable = BTreeSet::new();
        let mut newest_epoch = None;
        for entry in wanted.into_iter().chain(newest) {
            let manifest = self.load(entry).await?;
            newest_epoch = newest_epoch.max(Some(manifest.epoch));
            reachable.extend(manifest.object_names().map(str::to_owned));
        }
        let Some(newest_epoch) = newest_epoch else {
            return Ok(collected);
        };
        // Oldest first: at any moment the manifests that are left, but for the wanted ones, are a row without gaps.
        for entry in old {
            self.store.delete(&entry.name).await?;
            fail_point("garbage.manifest.deleted", || entry.name.clone())?;
            collected.manifest_count += 1;
        }
        for prefix in OF_EPOCHS {
            let objects = self.store.list(prefix).await?;
            for object in garbage(&objects, &reachable, newest_epoch) {
                self.store.delete(&object.name).await?;
                fail_point("garbage.object.deleted", || object.name.clone())?;
                collected.object_count += 1;
                collected.size_bytes += object.size_bytes;
            }
        }
        self.collect_generations().await?;
        Ok(collected)
    }

    async fn collect_generations(&self) -> Result<()> {
        let listed = self.store.list(GENERATIONS).await?;
        let mut claims: Vec<_> = listed
            .iter()
            .filter_map(|object| Some((generation_of(&object.name)?, &object.name)))
            .collect();
        claims.sort();
        // The last one stays: it is what the next claim counts from.
        claims.pop();
        for (_, name) in claims {
            self.store.delete(name).await?;
            fail_point("garbage.generation.deleted", || name.clone())?;
        }
        Ok(())
    }
}

/// Those of the objects that no kept manifest reaches and none in the making will.
fn garbage<'a>(
    objects: &'a [StoredObject],
    reachable: &BTreeSet<String>,
    newest_epoch: u64,
) -> impl Iterator<Item = &'a StoredObject> {
    let is_over =
        move |object: &&StoredObject| epoch_of(&object.name).is_some_and(|epoch| epoch <= newest_epoch);
    objects
        .iter()
        .filter(is_over)
        .filter(|object| !reachable.contains(&object.name))
}
