//! Makes segments of what changed and puts them into a store.

use std::sync::Arc;

use super::loop_state::SegmentDraft;
use crate::error::{Error, Result};
use crate::state::segment::{
    BuiltSegment, FoldScope, SegmentBuilder, SegmentHeading, SegmentOptions, SegmentRef, SegmentSet,
    fold_in_pieces,
};
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

    /// Encodes a segment and puts it, a base in several pieces if it is large; one that is there already stays as it is.
    pub(crate) async fn write(&self, draft: &SegmentDraft) -> Result<Vec<SegmentRef>> {
        let heading = SegmentHeading {
            generation: self.generation,
            epoch: draft.epoch,
            subtask: draft.subtask.clone(),
            kind: draft.kind,
            key_groups: self.key_groups,
        };
        if !draft.folded.is_empty() {
            return self.fold(draft, heading).await;
        }
        let mut builder = SegmentBuilder::new(heading, self.options);
        for (operator_id, rows) in draft.operators.iter() {
            builder.add(operator_id, rows)?;
        }
        let built = builder.finish()?;
        self.store
            .put_if_absent(&built.reference.name, built.payload)
            .await?;
        Ok(vec![built.reference])
    }

    async fn fold(&self, draft: &SegmentDraft, heading: SegmentHeading) -> Result<Vec<SegmentRef>> {
        let stored = SegmentSet::open(Arc::clone(&self.store), &draft.folded).await?;
        let newer = Arc::clone(&draft.operators);
        let options = self.options;
        let tokio = tokio::runtime::Handle::current();
        let store = Arc::clone(&self.store);
        let scope = FoldScope {
            operators: None,
            key_groups: None,
        };
        // It waits for the store.
        let folding = tokio::task::spawn_blocking(move || {
            let mut references = Vec::new();
            let put = |built: BuiltSegment| {
                tokio.block_on(store.put_if_absent(&built.reference.name, built.payload))?;
                references.push(built.reference);
                Ok(())
            };
            fold_in_pieces(&stored, &newer, heading, options, &scope, &tokio, put)?;
            Ok(references)
        });
        let failed = |error| Error::Bug(format!("segments cannot be folded: {error}"));
        folding.await.map_err(failed)?
    }
}
