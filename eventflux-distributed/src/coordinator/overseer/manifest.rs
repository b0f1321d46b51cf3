//! A manifest from the parts of all loops.

use std::collections::BTreeMap;

use eventflux_core::checkpoint::manifest::{Manifest, SinkNote, TimeProgress};
use eventflux_core::element::WATERMARK_MIN;
use eventflux_core::key::KeyGroupMap;
use eventflux_core::state::segment::{SegmentKind, SegmentRef};

use crate::coordinator::{Assignment, NodeId, PartContent, Pipeline};

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
        add_segments(&mut segments, part);
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
        key_group_map: assignment_map(pipeline)?,
        segments,
        sources,
        times: least(times),
        sinks,
    })
}

fn assignment_map(pipeline: &Pipeline) -> Result<Option<String>, String> {
    let map = pipeline.assignment.as_ref().map(Assignment::key_group_map);
    let map = map.transpose().map_err(|error| error.to_string())?;
    Ok(map.as_ref().and_then(KeyGroupMap::fingerprint))
}

/// A base takes the place of everything that its loop had before it, but for the other pieces of the same base.
fn add_segments(segments: &mut Vec<SegmentRef>, part: &PartContent) {
    for segment in &part.segments {
        if segments.iter().any(|known| known.name == segment.name) {
            continue;
        }
        if segment.kind == SegmentKind::Base {
            let is_of_loop = |known: &SegmentRef| {
                let mut operators = known.operators.iter();
                known.subtask == segment.subtask && operators.all(|id| part.operators.contains(id))
            };
            let is_piece =
                |known: &SegmentRef| known.kind == SegmentKind::Base && known.epoch == segment.epoch;
            segments.retain(|known| !is_of_loop(known) || is_piece(known));
        }
        segments.push(segment.clone());
    }
}

/// Of an operator that several loops have, the least watermark; none if one of them has none yet.
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
    let has_begun = |(_, time_us): &(_, i64)| *time_us != WATERMARK_MIN;
    least.into_iter().filter(has_begun).map(progress).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(name: &str, kind: SegmentKind, epoch: u64, operators: &[&str]) -> SegmentRef {
        SegmentRef {
            name: name.into(),
            size_bytes: 1,
            crc32c: 0,
            kind,
            epoch,
            subtask: "count".into(),
            operators: operators.iter().map(|id| (*id).to_owned()).collect(),
            row_count: 1,
        }
    }

    fn part(operators: &[&str], segments: Vec<SegmentRef>) -> PartContent {
        PartContent {
            operators: operators.iter().map(|id| (*id).to_owned()).collect(),
            segments,
            ..PartContent::default()
        }
    }

    #[test]
    fn a_base_in_pieces_takes_the_place_of_what_its_loop_had_and_of_nothing_else() {
        use SegmentKind::{Base, Delta};
        let mut segments = vec![
            segment("old base", Base, 1, &["a"]),
            segment(
                "old delta of an operator that has no rows any more",
                Delta,
                2,
                &["b"],
            ),
            segment("a loop of the same name", Base, 1, &["c"]),
        ];
        let pieces = vec![
            segment("new 1", Base, 3, &["a"]),
            segment("new 2", Base, 3, &["a"]),
            segment("delta", Delta, 4, &["b"]),
        ];
        add_segments(&mut segments, &part(&["a", "b"], pieces));
        let names: Vec<_> = segments.iter().map(|segment| segment.name.as_str()).collect();
        assert_eq!(names, ["a loop of the same name", "new 1", "new 2", "delta"]);
    }

    #[test]
    fn event_time_has_not_begun_before_it_has_in_every_loop() {
        let time = |operator_id: &str, time_us| TimeProgress {
            operator_id: operator_id.into(),
            partition: None,
            time_us,
        };
        let times = vec![time("a", 7), time("a", WATERMARK_MIN), time("b", 9), time("b", 5)];
        assert_eq!(least(times), [time("b", 5)]);
    }
}
