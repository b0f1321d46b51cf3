//! Makes segments of what changed and puts them into a store.

use std::sync::Arc;

use super::loop_state::SegmentDraft;
use crate::error::{Error, Result};
use crate::state::segment::{SegmentBuilder, SegmentHeading, SegmentOptions, SegmentRef, SegmentSet, fold};
use crate::state::store::CheckpointStore;

/// Writes the segments of one generation.
#[derive(Debug, Clone)]
pub(crate) struct SegmentWriter {
    store: Arc<dyn CheckpointStore>,
    generation: u64,
    key_groups: u32,
    options: SegmentOptions,
}

impl SegmentWriter {
    pub(crate) fn new(
        store: Arc<dyn CheckpointStore>,
        generation: u64,
        key_groups: u32,
        options: SegmentOptions,
    ) -> Self {
        Self {
            store,
            generation,
            key_groups,
            options,
        }
    }

    /// Encodes a segment and puts it; one that is there already stays as it is.
    pub(crate) async fn write(&self, draft: &SegmentDraft) -> Result<SegmentRef> {
        let heading = SegmentHeading {
            generation: self.generation,
            epoch: draft.epoch,
            subtask: draft.subtask.clone(),
            kind: draft.kind,
            key_groups: self.key_groups,
        };
        let built = if draft.folded.is_empty() {
            let mut builder = SegmentBuilder::new(heading, self.options);
            for (operator_id, rows) in draft.operators.iter() {
                builder.add(operator_id, rows)?;
            }
            builder.finish()?
        } else {
            let stored = SegmentSet::open(Arc::clone(&self.store), &draft.folded).await?;
            let newer = Arc::clone(&draft.operators);
            let options = self.options;
            let tokio = tokio::runtime::Handle::current();
            // It waits for the store.
            let folding =
                tokio::task::spawn_blocking(move || fold(&stored, &newer, heading, options, &tokio));
            let failed = |error| Error::Bug(format!("segments cannot be folded: {error}"));
            folding.await.map_err(failed)??
        };
        self.store
            .put_if_absent(&built.reference.name, built.payload)
            .await?;
        Ok(built.reference)
    }
}
