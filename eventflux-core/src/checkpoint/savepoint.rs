//! Savepoints: copies of checkpoints that need nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Revision;
use super::manifest::{Manifest, ManifestLog};
use crate::error::{Error, Result};
use crate::state::StateReader;
use crate::state::segment::SegmentSet;
use crate::state::store::CheckpointStore;

/// How often a copy is begun again when the app that owns the checkpoints removes one meanwhile.
const ATTEMPTS_MAX: usize = 5;

/// Copies a checkpoint, the newest one or that of an epoch, into a store that has none. The app that owns it may be running.
///
/// **Errors** There is no such checkpoint; a store fails; something is damaged.
pub async fn create_savepoint(
    from: Arc<dyn CheckpointStore>,
    epoch: Option<u64>,
    to: &dyn CheckpointStore,
) -> Result<Revision> {
    let log = ManifestLog::new(Arc::clone(&from));
    let mut attempt = 1;
    loop {
        let manifest = find(&from, epoch).await?;
        match log.copy(&manifest, to).await {
            Ok(copied) => return Ok(Revision::from(&copied)),
            Err(error) => {
                let is_old = find(&from, epoch)
                    .await
                    .is_ok_and(|now| now.epoch != manifest.epoch);
                if !is_old || attempt == ATTEMPTS_MAX {
                    return Err(error);
                }
                attempt += 1;
            }
        }
    }
}

/// What a checkpoint consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The checkpoint.
    pub revision: Revision,
    /// The operators with state, in the order of the plan.
    pub operators: Vec<OperatorState>,
    /// How far the sources had come: the operator, the partition and the position of each.
    pub positions: Vec<(String, String, String)>,
    /// Per sink, the epochs whose rows it had still to make visible.
    pub undelivered: BTreeMap<String, Vec<u64>>,
}

/// What is stored of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorState {
    /// Its stable id.
    pub operator_id: String,
    /// What a person calls it.
    pub name: String,
    /// Rows of state, those of deltas counted too.
    pub row_count: u64,
    /// Bytes before compression.
    pub plain_bytes: u64,
    /// The least watermark that it had been given.
    pub watermark_us: Option<i64>,
}

/// Looks into a checkpoint, the newest one or that of an epoch. All of it is read, so that what is damaged is noticed.
///
/// **Errors** There is no such checkpoint; the store fails; something is damaged.
pub async fn inspect(store: Arc<dyn CheckpointStore>, epoch: Option<u64>) -> Result<Inspection> {
    let manifest = find(&store, epoch).await?;
    let set = SegmentSet::open(Arc::clone(&store), &manifest.segments).await?;
    let mut undelivered: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for sink in &manifest.sinks {
        sink.load(store.as_ref()).await?;
        undelivered
            .entry(sink.operator_id.clone())
            .or_default()
            .push(sink.epoch);
    }
    let tokio = tokio::runtime::Handle::current();
    let (set, plan, times) = (set, manifest.plan.clone(), manifest.times.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut operators = Vec::new();
        for operator in plan.operators {
            let blocks = set.footers().flat_map(|(_, footer)| &footer.operators);
            let blocks = blocks.filter(|stored| stored.operator_id == operator.operator_id);
            let plain_bytes = blocks
                .flat_map(|stored| &stored.blocks)
                .map(|block| block.plain_bytes)
                .sum();
            let mut reader = set.reader(&operator.operator_id, |_| true, &tokio);
            let mut row_count = 0;
            while reader.next_row()?.is_some() {
                row_count += 1;
            }
            let is_own = |time: &&super::manifest::TimeProgress| {
                time.operator_id == operator.operator_id && time.partition.is_none()
            };
            let watermark_us = times.iter().find(is_own).map(|time| time.time_us);
            operators.push(OperatorState {
                operator_id: operator.operator_id,
                name: operator.name,
                row_count,
                plain_bytes,
                watermark_us,
            });
        }
        Ok::<_, Error>(operators)
    });
    let operators = read
        .await
        .map_err(|error| Error::Bug(format!("a checkpoint cannot be read: {error}")))??;
    let positions = manifest.sources.iter().map(|source| {
        let source = source.clone();
        (source.operator_id, source.partition, source.position)
    });
    Ok(Inspection {
        revision: Revision::from(&manifest),
        operators: operators
            .into_iter()
            .filter(|operator| operator.row_count > 0)
            .collect(),
        positions: positions.collect(),
        undelivered,
    })
}

async fn find(store: &Arc<dyn CheckpointStore>, epoch: Option<u64>) -> Result<Manifest> {
    let log = ManifestLog::new(Arc::clone(store));
    match epoch {
        Some(epoch) => log.of_epoch(epoch).await,
        None => log.newest().await?.ok_or_else(|| Error::NoSavepoint {
            store: store.to_string(),
        }),
    }
}
