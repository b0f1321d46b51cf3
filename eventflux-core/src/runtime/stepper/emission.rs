//! What a step emitted, in an order that does not depend on parallelism.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::EventBatch;
use crate::error::Result;
use crate::plan::{ChangelogMode, NodeId};
use crate::runtime::order::{Ordered, order};

/// Rows that were inserted into one stream, one after the other.
#[derive(Debug, Clone)]
pub struct Emission {
    /// The stream's name.
    pub stream: Arc<str>,
    /// The rows.
    pub batch: EventBatch,
}

/// A sink of the plan, by its stream.
#[derive(Debug, Clone)]
pub(super) struct Collected {
    pub(super) stream: Arc<str>,
    pub(super) node: NodeId,
    pub(super) mode: ChangelogMode,
    pub(super) batch: EventBatch,
}

/// What the sinks of a stepped run have taken since the last step ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Basket(Arc<Mutex<Vec<Collected>>>);

impl Basket {
    pub(super) fn put(&self, collected: Collected) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(collected);
    }

    /// The rows of the step, ordered by time, then by stream, then as [`order`] says.
    pub(super) fn take(&self) -> Result<Vec<Emission>> {
        let collected = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut groups: BTreeMap<(Arc<str>, Option<NodeId>), Vec<Collected>> = BTreeMap::new();
        let appended = |stream: &str| {
            let mut sinks = collected.iter().filter(|one| *one.stream == *stream);
            sinks.all(|sink| sink.mode == ChangelogMode::Append)
        };
        // Rows that several queries append to one stream are ordered as one; changes have no order between queries.
        for one in &collected {
            let sink = if appended(&one.stream) {
                None
            } else {
                Some(one.node)
            };
            groups
                .entry((Arc::clone(&one.stream), sink))
                .or_default()
                .push(one.clone());
        }
        let mut ordered = Vec::with_capacity(groups.len());
        for ((stream, _), rows) in groups {
            let mode = rows[0].mode.clone();
            let batches: Vec<_> = rows.into_iter().map(|one| one.batch).collect();
            ordered.push((stream, order(EventBatch::concat(&batches)?, &mode)?));
        }
        Ok(interleave(ordered))
    }
}

/// Merges streams by time; at one time, stream by stream.
fn interleave(ordered: Vec<(Arc<str>, Ordered)>) -> Vec<Emission> {
    let mut next = vec![0; ordered.len()];
    let mut emissions = Vec::new();
    loop {
        let heads = ordered.iter().enumerate().zip(&next);
        let heads =
            heads.filter_map(|((group, (_, rows)), row)| rows.times.get(*row).map(|time| (*time, group)));
        let Some((time, group)) = heads.min() else {
            return emissions;
        };
        let (stream, rows) = &ordered[group];
        let start = next[group];
        let length = rows.times[start..]
            .iter()
            .take_while(|other| **other == time)
            .count();
        next[group] += length;
        emissions.push(Emission {
            stream: Arc::clone(stream),
            batch: rows.batch.slice(start, length),
        });
    }
}
