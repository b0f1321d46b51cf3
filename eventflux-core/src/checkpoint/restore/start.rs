//! Where a run starts: which checkpoint it goes on from, and what its own are called.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use super::Restored;
use crate::checkpoint::coordinator::GIVEN_UP_MAX;
use crate::checkpoint::manifest::{Manifest, ManifestLog};
use crate::checkpoint::{CheckpointConfig, StartFrom};
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::plan::PhysicalPlan;
use crate::state::store::CheckpointStore;

/// The beginning of a run with checkpoints.
#[derive(Debug)]
pub(crate) struct Start {
    /// What it goes on from.
    pub(crate) restored: Option<Restored>,
    /// The number of its first manifest.
    pub(crate) next_sequence: u64,
    /// One more than that of any run before it.
    pub(crate) generation: u64,
    /// The number of its first checkpoint.
    pub(crate) first_epoch: u64,
    /// The same over all runs of the app.
    pub(crate) app_id: String,
}

impl Start {
    /// Finds where to start, and claims a generation in the store.
    ///
    /// **Errors** The checkpoint is not there, is damaged or does not fit the plan; the store fails.
    pub(crate) async fn find(
        config: &CheckpointConfig,
        plan: &PhysicalPlan,
        tokio: &tokio::runtime::Handle,
    ) -> Result<Self> {
        let log = ManifestLog::new(Arc::clone(&config.store));
        let newest = match &config.from {
            // Whoever names a checkpoint may do so because the newest one is damaged.
            StartFrom::Epoch(_) => log.newest().await.ok().flatten(),
            _ => log.newest().await?,
        };
        let next_sequence = log.entries().await?.last().map_or(1, |last| last.sequence + 1);
        let (store, chosen) = choose(config, &log, newest.as_ref()).await?;
        let restored = match &chosen {
            Some(manifest) => {
                let manifest = manifest.clone();
                Some(Restored::open(&store, manifest, plan, config.is_drop_allowed, tokio).await?)
            }
            None => None,
        };
        fail_point("restore.read", || config.app.clone())?;
        let known_id = chosen.as_ref().map(|manifest| manifest.app_id.clone());
        let claimed = log
            .claim(newest.as_ref(), || known_id.unwrap_or_else(new_app_id))
            .await?;
        fail_point("restore.claimed", || config.app.clone())?;
        if let Some(manifest) = &chosen {
            let (epoch, generation) = (manifest.epoch, claimed.generation);
            tracing::info!(
                epoch,
                generation,
                "the run goes on from checkpoint {epoch} in {store}"
            );
        }
        let last_epoch = chosen
            .map_or(0, |manifest| manifest.epoch)
            .max(claimed.epoch_floor);
        Ok(Self {
            restored,
            next_sequence,
            generation: claimed.generation,
            first_epoch: match last_epoch {
                0 => 1,
                last => last + 1 + GIVEN_UP_MAX,
            },
            app_id: claimed.app_id,
        })
    }
}

async fn choose(
    config: &CheckpointConfig,
    log: &ManifestLog,
    newest: Option<&Manifest>,
) -> Result<(Arc<dyn CheckpointStore>, Option<Manifest>)> {
    let own = Arc::clone(&config.store);
    match &config.from {
        StartFrom::Latest => Ok((own, newest.cloned())),
        StartFrom::Nothing => Ok((own, None)),
        StartFrom::Epoch(epoch) => Ok((own, Some(log.of_epoch(*epoch).await?))),
        StartFrom::Savepoint(savepoint) => match ManifestLog::new(Arc::clone(savepoint)).newest().await? {
            Some(manifest) => Ok((Arc::clone(savepoint), Some(manifest))),
            None => Err(Error::NoSavepoint {
                store: savepoint.to_string(),
            }),
        },
    }
}

/// An id that no other app has: 64 random bits.
fn new_app_id() -> String {
    // The keys of the standard library's hasher are random in each process, and differ from one to the next.
    let random = RandomState::new().build_hasher().finish();
    format!("{random:016x}")
}
