//! How far sources and event time had come at a barrier, as manifests have it.

use std::collections::BTreeMap;

use crate::checkpoint::manifest::{SourceProgress, TimeProgress};
use crate::checkpoint::{Participant, SourceCut};
use crate::element::{WATERMARK_MIN, Watermark};

/// Where a restart goes on reading.
pub(crate) fn sources<'a>(
    cuts: impl IntoIterator<Item = &'a (Participant, SourceCut)>,
) -> Vec<SourceProgress> {
    let of_source = |(source, cut): &'a (Participant, SourceCut)| {
        cut.positions.iter().map(|position| SourceProgress {
            operator_id: source.operator_id.clone(),
            partition: position.partition.clone(),
            position: position.position.clone(),
        })
    };
    cuts.into_iter().flat_map(of_source).collect()
}

/// The times of an epoch: per operator the least watermark of these subtasks, also if one of them has none yet; per partition of a
/// source its largest event time.
pub(crate) fn times(
    cuts: &[(Participant, SourceCut)],
    watermarks: &[(Participant, Watermark)],
) -> Vec<TimeProgress> {
    let mut least: BTreeMap<&str, Watermark> = BTreeMap::new();
    let of_sources = cuts
        .iter()
        .map(|(source, cut)| (source, cut.times.watermark.unwrap_or(WATERMARK_MIN)));
    let of_operators = watermarks
        .iter()
        .map(|(operator, watermark)| (operator, *watermark));
    for (participant, watermark) in of_sources.chain(of_operators) {
        let least = least.entry(&participant.operator_id).or_insert(watermark);
        *least = watermark.min(*least);
    }
    let of_operator = |(operator_id, time_us): (&str, Watermark)| TimeProgress {
        operator_id: operator_id.to_owned(),
        partition: None,
        time_us,
    };
    let of_source = |(source, cut): &(Participant, SourceCut)| {
        let operator_id = source.operator_id.clone();
        let partitions = cut.times.partitions.clone().into_iter();
        partitions.map(move |(partition, time_us)| TimeProgress {
            operator_id: operator_id.clone(),
            partition: Some(partition),
            time_us,
        })
    };
    let times = least.into_iter().map(of_operator);
    times.chain(cuts.iter().flat_map(of_source)).collect()
}
