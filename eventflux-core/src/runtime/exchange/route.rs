//! Which receiver a row goes to.

use std::sync::Arc;

use arrow::array::UInt32Array;

use crate::batch::EventBatch;
use crate::error::Result;
use crate::key::{hash_rows, key_group, subtask_of};

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
    key_groups: u32,
    hashes: Vec<u64>,
    targets: Vec<Vec<u32>>,
}

impl KeyRoute {
    pub(crate) fn new(columns: Vec<usize>, key_groups: u32, receiver_count: usize) -> Self {
        Self {
            columns,
            key_groups,
            hashes: Vec::new(),
            targets: vec![Vec::new(); receiver_count],
        }
    }

    /// Cuts a batch into one per receiver that has rows in it; rows keep their order and take their hash along.
    pub(super) fn split(&mut self, batch: EventBatch) -> Result<Vec<(usize, EventBatch)>> {
        hash_rows(batch.rows(), &self.columns, &mut self.hashes)?;
        let batch = batch.with_key_hashes(Some(Arc::from(self.hashes.as_slice())))?;
        let parallelism = self.targets.len();
        self.targets.iter_mut().for_each(Vec::clear);
        for (row, hash) in self.hashes.iter().enumerate() {
            let receiver = subtask_of(key_group(*hash, self.key_groups), self.key_groups, parallelism);
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
