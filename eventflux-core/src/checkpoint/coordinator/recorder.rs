//! Puts epochs into a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::book::{Book, Draft};
use super::segment_writer::SegmentWriter;
use crate::checkpoint::manifest::{Manifest, ManifestLog, PlanIdentity, SinkNote};
use crate::connector::CommitNote;
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::state::segment::SegmentOptions;
use crate::state::store::CheckpointStore;
use crate::time::Clock;

/// What every manifest of a run says alike.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) app: String,
    pub(crate) app_id: String,
    pub(crate) generation: u64,
    pub(crate) plan: PlanIdentity,
    pub(crate) parallelism: usize,
    /// The fingerprint of the run's map, if it has one.
    pub(crate) key_group_map: Option<String>,
}

/// Stores drafts and publishes manifests.
///
/// **Invariants** A manifest is put after everything that it names. Every step may be repeated: what is stored already stays
/// as it is.
#[derive(Debug)]
pub(crate) struct Recorder {
    store: Arc<dyn CheckpointStore>,
    log: ManifestLog,
    next_sequence: u64,
    heading: Heading,
    segments: SegmentWriter,
    clock: Arc<dyn Clock>,
    /// What sinks have not delivered yet, oldest first, as manifests and as sinks have it.
    undelivered: Vec<(SinkNote, CommitNote)>,
}

/// What recording an epoch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Bytes that were added to the store, without the manifest.
    pub(crate) new_bytes: u64,
    /// Bytes of all that the manifest needs.
    pub(crate) total_bytes: u64,
}

impl Recorder {
    pub(crate) fn new(
        store: Arc<dyn CheckpointStore>,
        next_sequence: u64,
        heading: Heading,
        options: SegmentOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            log: ManifestLog::new(Arc::clone(&store)),
            segments: SegmentWriter::new(
                Arc::clone(&store),
                heading.generation,
                heading.plan.key_groups,
                options,
            ),
            store,
            next_sequence,
            heading,
            clock,
            undelivered: Vec::new(),
        }
    }

    /// The app's name.
    pub(crate) fn app(&self) -> &str {
        &self.heading.app
    }

    /// Stores what a draft still has. What is done is taken out of it, so that it can be called again after an error.
    pub(crate) async fn record(&mut self, draft: &mut Draft, book: &mut Book) -> Result<Recorded> {
        let mut recorded = Recorded::default();
        while let Some(segment) = draft.segments.first() {
            let stored = self.segments.write(segment).await?;
            fail_point("recorder.segment.stored", || self.heading.app.clone())?;
            recorded.new_bytes += stored.iter().map(|segment| segment.size_bytes).sum::<u64>();
            book.stored(segment.loop_id, stored);
            draft.segments.remove(0);
        }
        while let Some((operator_id, note)) = draft.notes.first() {
            let generation = self.heading.generation;
            let stored = SinkNote::store(self.store.as_ref(), generation, operator_id, note).await?;
            recorded.new_bytes += note.note.len() as u64;
            self.undelivered.push((stored, note.clone()));
            fail_point("recorder.note.stored", || self.heading.app.clone())?;
            draft.notes.remove(0);
        }
        // After an error it is not known whether the manifest is there: it has to stay the same.
        let manifest = match draft.manifest.take() {
            Some(manifest) => manifest,
            None => self.manifest(draft, book),
        };
        recorded.total_bytes = manifest.segments.iter().map(|segment| segment.size_bytes).sum();
        let manifest = draft.manifest.insert(manifest);
        fail_point("recorder.manifest.made", || self.heading.app.clone())?;
        self.log.publish(manifest).await?;
        fail_point("recorder.manifest.published", || self.heading.app.clone())?;
        self.next_sequence = manifest.sequence + 1;
        Ok(recorded)
    }

    /// What is to be delivered of an epoch that is committed now, by sink.
    pub(crate) fn notes_of(&self, operator_id: &str, after: Option<u64>, up_to: u64) -> Vec<CommitNote> {
        let of_sink = self
            .undelivered
            .iter()
            .filter(|(note, _)| note.operator_id == operator_id);
        let new =
            of_sink.filter(|(note, _)| after.is_none_or(|after| note.epoch > after) && note.epoch <= up_to);
        new.map(|(_, note)| note.clone()).collect()
    }

    /// Notes of a sink up to an epoch are visible: later manifests need not have them.
    pub(crate) fn delivered(&mut self, operator_id: &str, epoch: u64) {
        self.undelivered
            .retain(|(note, _)| note.operator_id != operator_id || note.epoch > epoch);
    }

    /// How many commits sinks have not delivered.
    pub(crate) fn undelivered_count(&self) -> usize {
        self.undelivered.len()
    }

    /// The place of the newest manifest that was put.
    pub(crate) fn newest_sequence(&self) -> u64 {
        self.next_sequence.saturating_sub(1)
    }

    /// Removes what neither a retained manifest needs nor one of the wanted sequences.
    pub(crate) async fn tidy(&mut self, retained: usize, wanted: &BTreeSet<u64>) -> Result<()> {
        self.log.collect_unless(retained, wanted).await.map(drop)
    }

    fn manifest(&self, draft: &Draft, book: &Book) -> Manifest {
        let heading = &self.heading;
        Manifest {
            sequence: self.next_sequence,
            generation: heading.generation,
            epoch: draft.epoch,
            created_at_us: self.clock.now_us(),
            app: heading.app.clone(),
            app_id: heading.app_id.clone(),
            plan: heading.plan.clone(),
            parallelism: u32::try_from(heading.parallelism).unwrap_or(u32::MAX),
            key_group_map: heading.key_group_map.clone(),
            segments: book.segments().cloned().collect(),
            sources: draft.sources.clone(),
            times: draft.times.clone(),
            sinks: self.undelivered.iter().map(|(note, _)| note.clone()).collect(),
        }
    }
}
