//! Which receiver a row goes to.

use arrow::array::UInt32Array;

use crate::batch::EventBatch;
use crate::error::Result;
use crate::key::{KeyGroupMap, hash_rows, key_group};

/// How rows find their receiver.
#[derive(Debug)]
pub(crate) enum Route {
    /// There is one receiver.
    Only,
    /// By the key group of these columns.
    Key(KeyRoute),
    /// Batch by batch, in turn.
    RoundRobin(usize),
    /// All rows to all.
    Broadcast,
}

/// Routes rows by key. Buffers are kept from batch to batch.
#[derive(Debug)]
pub(crate) struct KeyRoute {
    columns: Vec<usize>,
    /// Where they are in partial aggregates: in front.
    partial_columns: Vec<usize>,
    owners: KeyGroupMap,
    hashes: Vec<u64>,
    targets: Vec<Vec<u32>>,
}

impl KeyRoute {
    /// To one receiver per subtask of a map.
    pub(crate) fn new(columns: Vec<usize>, owners: KeyGroupMap) -> Self {
        Self {
            partial_columns: (0..columns.len()).collect(),
            columns,
            hashes: Vec::new(),
            targets: vec![Vec::new(); owners.parallelism()],
            owners,
        }
    }

    /// Cuts a batch into one per receiver that has rows in it; rows keep their order.
    pub(super) fn split(&mut self, batch: EventBatch) -> Result<Vec<(usize, EventBatch)>> {
        let columns = match batch.is_partial() {
            true => &self.partial_columns,
            false => &self.columns,
        };
        hash_rows(batch.rows(), columns, &mut self.hashes)?;
        self.targets.iter_mut().for_each(Vec::clear);
        for (row, hash) in self.hashes.iter().enumerate() {
            let receiver = self.owners.owner(key_group(*hash, self.owners.key_groups()));
            self.targets[receiver].push(row as u32);
        }
        if let Some(only) = self
            .targets
            .iter()
            .position(|rows| rows.len() == batch.num_rows())
        {
            return Ok(vec![(only, batch)]);
        }
        let receivers = self
            .targets
            .iter()
            .enumerate()
            .filter(|(_, rows)| !rows.is_empty());
        receivers
            .map(|(receiver, rows)| Ok((receiver, batch.take(&UInt32Array::from(rows.clone()))?)))
            .collect()
    }
}
