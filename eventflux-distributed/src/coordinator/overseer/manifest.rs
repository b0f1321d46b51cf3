//! A manifest from the parts of all loops.

use std::collections::BTreeMap;

use eventflux_core::checkpoint::manifest::{Manifest, SinkNote, TimeProgress};
use eventflux_core::state::segment::{SegmentKind, SegmentRef};

use crate::coordinator::{NodeId, PartContent, Pipeline};

/// By node and loop, what they have stored for an epoch.
pub(super) type Parts = BTreeMap<(NodeId, u32), PartContent>;

/// The manifest of an epoch whose parts are all there.
///
/// `before` is the newest manifest of the same generation: its segments are built on. The first manifest of a generation
/// needs nothing older, since every loop begins with a base, and sinks have repeated all commits before it.
pub(super) fn compose(
    pipeline: &Pipeline,
    epoch: u64,
    before: Option<&Manifest>,
    parts: &Parts,
    created_at_us: i64,
) -> Result<Manifest, String> {
    let plan = pipeline.spec.decode_plan_identity()?;
    let mut segments = before.map(|before| before.segments.clone()).unwrap_or_default();
    let mut sinks: Vec<SinkNote> = before.map(|before| before.sinks.clone()).unwrap_or_default();
    sinks.retain(|note| {
        let delivered = pipeline
            .delivered
            .get(&note.operator_id)
            .copied()
            .unwrap_or_default();
        note.epoch > delivered
    });
    let mut sources = Vec::new();
    let mut times = Vec::new();
    for part in parts.values() {
        for segment in &part.segments {
            add_segment(&mut segments, segment);
        }
        sinks.extend(part.notes.iter().cloned());
        sources.extend(part.sources.iter().cloned());
        times.extend(part.times.iter().cloned());
    }
    sinks.sort_by(|left, right| {
        let key = |note: &SinkNote| (note.epoch, note.operator_id.clone(), note.subtask);
        key(left).cmp(&key(right))
    });
    sinks.dedup();
    Ok(Manifest {
        sequence: pipeline.committed.manifest.sequence + 1,
        generation: pipeline.generation,
        epoch,
        created_at_us,
        app: pipeline.spec.name.clone(),
        app_id: pipeline.spec.app_id.clone(),
        plan,
        parallelism: pipeline.spec.parallelism,
        key_group_map: None,
        segments,
        sources,
        times: least(times),
        sinks,
    })
}

/// A base replaces everything that its subtask had.
fn add_segment(segments: &mut Vec<SegmentRef>, segment: &SegmentRef) {
    if segments.iter().any(|known| known.name == segment.name) {
        return;
    }
    if segment.kind == SegmentKind::Base {
        segments.retain(|known| known.subtask != segment.subtask);
    }
    segments.push(segment.clone());
}

/// Of an operator that several nodes run, the least watermark.
fn least(times: Vec<TimeProgress>) -> Vec<TimeProgress> {
    let mut least: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
    for time in times {
        let known = least
            .entry((time.operator_id, time.partition))
            .or_insert(time.time_us);
        *known = time.time_us.min(*known);
    }
    let progress = |((operator_id, partition), time_us)| TimeProgress {
        operator_id,
        partition,
        time_us,
    };
    least.into_iter().map(progress).collect()
}
