//! A checkpoint as what a run goes on from.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Fit, StateFit};
use crate::checkpoint::SourceTimes;
use crate::checkpoint::manifest::{Manifest, OperatorIdentity, PlanIdentity};
use crate::connector::{CommitNote, SourcePosition};
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::key::OwnedKeyGroups;
use crate::operator::Operator;
use crate::plan::PhysicalPlan;
use crate::runtime::LoopShape;
use crate::state::segment::{
    BuiltSegment, FoldScope, SegmentHeading, SegmentKind, SegmentOptions, SegmentReader, SegmentRef,
    SegmentSet, fold_in_pieces,
};
use crate::state::store::CheckpointStore;

/// What a run goes on from.
#[derive(Debug)]
pub(crate) struct Restored {
    manifest: Manifest,
    /// The operators that do what they did.
    kept: BTreeSet<String>,
    segments: SegmentSet,
    /// Whether later snapshots are read after these segments.
    is_continued: bool,
    store: Arc<dyn CheckpointStore>,
    tokio: tokio::runtime::Handle,
}

impl Restored {
    /// Opens a checkpoint for a plan.
    ///
    /// **Errors** It does not fit the plan; it is damaged; the store fails.
    pub(crate) async fn open(
        store: &Arc<dyn CheckpointStore>,
        manifest: Manifest,
        plan: &PhysicalPlan,
        is_drop_allowed: bool,
        tokio: &tokio::runtime::Handle,
    ) -> Result<Self> {
        let identity = PlanIdentity::of(plan);
        let fit = Fit {
            manifest: &manifest,
            plan,
            identity: &identity,
        };
        let fit = check(store.as_ref(), &fit, is_drop_allowed)?;
        if fit.drops_state() {
            tracing::warn!("state is dropped\n{fit}");
        }
        let is_same = |stored: &&OperatorIdentity| {
            let now = identity.operator(&stored.operator_id);
            now.is_some_and(|now| now.state_fingerprint == stored.state_fingerprint)
        };
        let kept = manifest.plan.operators.iter().filter(is_same);
        let kept: BTreeSet<String> = kept.map(|operator| operator.operator_id.clone()).collect();
        let segments = SegmentSet::open(Arc::clone(store), &manifest.segments).await?;
        Ok(Self {
            manifest,
            kept,
            segments,
            is_continued: false,
            store: Arc::clone(store),
            tokio: tokio.clone(),
        })
    }

    /// Has the state stay where it is stored, if each segment is that of one of these loops and all of it is in use: then
    /// what the loops write is what changes, and these are the segments that each of them goes on from. Otherwise `None`:
    /// each loop begins with a base of its own.
    pub(crate) fn go_on(&mut self, loops: &[LoopShape]) -> Option<Vec<Vec<SegmentRef>>> {
        let mut by_loop = vec![Vec::new(); loops.len()];
        for segment in &self.manifest.segments {
            let is_own = |shape: &LoopShape| {
                let mut operators = segment.operators.iter();
                shape.name == segment.subtask
                    && operators.all(|id| shape.operators.contains(id) && self.kept.contains(id))
            };
            by_loop[loops.iter().position(is_own)?].push(segment.clone());
        }
        self.is_continued = true;
        Some(by_loop)
    }

    /// Writes what each of these loops goes on from as a base of its own, in pieces: nothing else of the state is needed then, and
    /// what the loops write is what changes. It blocks on the stores.
    pub(crate) fn write_anew(
        &mut self,
        loops: &[LoopShape],
        owned_by: impl Fn(&LoopShape) -> OwnedKeyGroups,
        generation: u64,
        store: &Arc<dyn CheckpointStore>,
        options: SegmentOptions,
        tokio: &tokio::runtime::Handle,
    ) -> Result<Vec<Vec<SegmentRef>>> {
        let mut by_loop = Vec::with_capacity(loops.len());
        for shape in loops {
            let heading = SegmentHeading {
                generation,
                epoch: self.manifest.epoch,
                subtask: shape.name.clone(),
                kind: SegmentKind::Base,
                key_groups: self.manifest.plan.key_groups,
            };
            let scope = FoldScope {
                operators: Some(shape.operators.intersection(&self.kept).cloned().collect()),
                key_groups: Some(owned_by(shape)),
            };
            let mut written = Vec::new();
            let put = |built: BuiltSegment| {
                if built.reference.row_count > 0 {
                    tokio.block_on(store.put_if_absent(&built.reference.name, built.payload))?;
                    written.push(built.reference);
                }
                Ok(())
            };
            fold_in_pieces(&self.segments, &[], heading, options, &scope, tokio, put)?;
            by_loop.push(written);
        }
        self.is_continued = true;
        Ok(by_loop)
    }

    /// The checkpoint.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What a sink has to commit again; oldest first.
    pub(crate) async fn notes_of(&self, operator_id: &str) -> Result<Vec<CommitNote>> {
        let mut notes = Vec::new();
        let sinks = self.manifest.sinks.iter();
        for sink in sinks.filter(|sink| sink.operator_id == operator_id && self.is_kept(operator_id)) {
            notes.push(sink.load(self.store.as_ref()).await?);
        }
        Ok(notes)
    }

    /// Whether an operator is what it was, so that it goes on from its state if it has any.
    pub(crate) fn is_kept(&self, operator_id: &str) -> bool {
        self.kept.contains(operator_id)
    }

    /// Where a source goes on reading: the positions of all its subtasks.
    pub(crate) fn positions(&self, operator_id: &str) -> Vec<SourcePosition> {
        let of_source = self
            .manifest
            .sources
            .iter()
            .filter(|source| source.operator_id == operator_id && self.is_kept(operator_id));
        of_source
            .map(|source| SourcePosition {
                partition: source.partition.clone(),
                position: source.position.clone(),
            })
            .collect()
    }

    /// The watermark that an operator had been given, at least.
    pub(crate) fn watermark(&self, operator_id: &str) -> Option<Watermark> {
        let times = self.manifest.times.iter();
        let mut of_operator =
            times.filter(|time| time.operator_id == operator_id && self.is_kept(operator_id));
        of_operator
            .find(|time| time.partition.is_none())
            .map(|time| time.time_us)
    }

    /// How far event time had come at a source.
    pub(crate) fn source_times(&self, operator_id: &str) -> SourceTimes {
        let of_source = self
            .manifest
            .times
            .iter()
            .filter(|time| time.operator_id == operator_id);
        let partitions = of_source.filter_map(|time| Some((time.partition.clone()?, time.time_us)));
        match self.is_kept(operator_id) {
            true => SourceTimes {
                watermark: self.watermark(operator_id),
                partitions: partitions.collect(),
            },
            false => SourceTimes::default(),
        }
    }

    /// Gives an operator the state of its key groups. It blocks on the store.
    pub(crate) fn operator(
        &self,
        operator_id: &str,
        owned: &OwnedKeyGroups,
        operator: &mut dyn Operator,
    ) -> Result<()> {
        let Some(mut reader) = self.rows(operator_id, owned) else {
            return Ok(());
        };
        operator.restore(&mut reader).map_err(|error| match error {
            Error::Columns(message) => Error::State {
                operator: operator_id.to_owned(),
                message,
            },
            other => other,
        })?;
        fail_point("restore.operator", || operator_id.to_owned())
    }

    /// The rows of an operator that the owner of these key groups reads, if it has any and goes on from them. Reading blocks on the store.
    pub(crate) fn rows(&self, operator_id: &str, owned: &OwnedKeyGroups) -> Option<SegmentReader> {
        let mut footers = self.segments.footers().map(|(_, footer)| footer);
        let has_rows = footers.any(|footer| {
            let mut operators = footer.operators.iter();
            operators.any(|stored| stored.operator_id == operator_id)
        });
        if !has_rows || !self.is_kept(operator_id) {
            return None;
        }
        let owned = owned.clone();
        let takes = move |key_group, table| owned.takes(key_group, table);
        let reader = self.segments.reader_of_tables(operator_id, takes, &self.tokio);
        Some(reader.continued(self.is_continued))
    }
}

/// Refuses a checkpoint of another app, and one whose state would be lost unless that is allowed.
fn check(store: &dyn CheckpointStore, fit: &Fit<'_>, is_drop_allowed: bool) -> Result<StateFit> {
    let manifest = fit.manifest;
    let refused = |message: String| Error::StateMismatch {
        store: store.to_string(),
        epoch: manifest.epoch,
        message,
    };
    if manifest.plan.key_groups != fit.plan.key_groups {
        let (stored, now) = (manifest.plan.key_groups, fit.plan.key_groups);
        return Err(refused(format!("it has {stored} key groups, the query {now}")));
    }
    let fit = fit.state_fit();
    match fit.drops_state() && !is_drop_allowed {
        true if fit.is_another_app() => Err(refused(format!("it is the state of another query\n{fit}"))),
        true => Err(refused(format!("state would be lost\n{fit}"))),
        false => Ok(fit),
    }
}
