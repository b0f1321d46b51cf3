//! Manifests of a cluster: staged, committed through Raft, then published. `docs/design/cluster-commit.md` says why.

use std::sync::Arc;

use eventflux_core::ErrorKind;
use eventflux_core::checkpoint::manifest::{Manifest, ManifestLog};
use eventflux_core::fail_point::fail_point;
use eventflux_core::state::store::CheckpointStore;

use crate::coordinator::{Committed, ManifestRef, PublishFailure};

/// Objects of manifests that are not committed yet, or were never.
const STAGED: &str = "staged/";

/// The manifests of one pipeline.
///
/// **Invariants** What is staged is no manifest for whoever reads the row. A manifest is put in the row only if Raft says
/// that it is committed, byte by byte as it was staged, whoever does it and however often.
#[derive(Debug, Clone)]
pub struct Publication {
    store: Arc<dyn CheckpointStore>,
    log: ManifestLog,
}

impl Publication {
    /// In a pipeline's store.
    pub fn new(store: Arc<dyn CheckpointStore>) -> Self {
        Self {
            log: ManifestLog::new(Arc::clone(&store)),
            store,
        }
    }

    /// Stores a manifest so that it can be proposed.
    pub async fn stage(&self, manifest: &Manifest) -> eventflux_core::Result<ManifestRef> {
        let bytes = manifest.encode()?;
        let checksum = crc32c::crc32c(&bytes);
        // Two leaders may stage the same epoch; each proposes what it has staged itself.
        let name = format!(
            "{STAGED}{:020}-{:010}-{checksum:08x}.manifest",
            manifest.epoch, manifest.generation
        );
        let reference = ManifestRef {
            staged_name: name.clone(),
            sequence: manifest.sequence,
            size_bytes: bytes.len() as u64,
            crc32c: checksum,
        };
        self.store.put_if_absent(&name, bytes.into()).await?;
        fail_point("cluster.manifest.staged", || name)?;
        Ok(reference)
    }

    /// Puts a committed manifest in its place, unless it is there.
    pub async fn publish(&self, committed: &Committed) -> Result<Option<Box<Manifest>>, PublishFailure> {
        if committed.epoch == 0 {
            return Ok(None);
        }
        let failed = |error: eventflux_core::Error| PublishFailure {
            is_final: !matches!(error.kind(), ErrorKind::Environment)
                || matches!(error, eventflux_core::Error::TakenOver { .. }),
            message: error.to_string(),
        };
        let reference = &committed.manifest;
        fail_point("cluster.epoch.committed", || reference.staged_name.clone()).map_err(failed)?;
        let staged = match reference.staged_name.as_str() {
            "" => None,
            name => self.store.get(name).await.map_err(failed)?,
        };
        let Some(bytes) = staged else {
            // It is in its place already, and what was staged is removed.
            let there = self.log.of_epoch(committed.epoch).await.map_err(failed)?;
            return match there.sequence == reference.sequence && there.generation == committed.generation {
                true => Ok(Some(Box::new(there))),
                false => Err(PublishFailure {
                    message: format!(
                        "the manifest of epoch {} in {} is another one",
                        committed.epoch, self.store
                    ),
                    is_final: true,
                }),
            };
        };
        if bytes.len() as u64 != reference.size_bytes || crc32c::crc32c(&bytes) != reference.crc32c {
            return Err(PublishFailure {
                message: format!(
                    "{} is damaged: it is not what was committed",
                    reference.staged_name
                ),
                is_final: true,
            });
        }
        let manifest = Manifest::decode(&reference.staged_name, &bytes).map_err(failed)?;
        self.log.publish(&manifest).await.map_err(failed)?;
        fail_point("cluster.manifest.published", || reference.staged_name.clone()).map_err(failed)?;
        Ok(Some(Box::new(manifest)))
    }

    /// Removes what was staged up to an epoch that is published, and manifests beyond the newest `retained`.
    pub async fn tidy(&self, published_epoch: u64, retained: usize) -> eventflux_core::Result<()> {
        for object in self.store.list(STAGED).await? {
            let epoch = object
                .name
                .strip_prefix(STAGED)
                .and_then(|name| name.split_once('-'));
            let is_over = epoch
                .and_then(|(epoch, _)| epoch.parse().ok())
                .is_some_and(|epoch: u64| epoch <= published_epoch);
            if is_over {
                self.store.delete(&object.name).await?;
            }
        }
        self.log.collect(retained).await.map(drop)
    }
}
