//! Segments to rows.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::block::Block;
use super::footer::StoredBlock;
use super::set::{Run, read};
use crate::error::{Error, Result};
use crate::state::checksum::is_intact;
use crate::state::store::CheckpointStore;
use crate::state::{KeyGroup, StateReader, StateRow};

/// Runs that wait to be taken while the next one is read.
const RUNS_AHEAD: usize = 2;

/// Gives an operator its rows. Every block is checked before its first row is given.
///
/// It waits for the store, so it is used on a thread that may wait: a subtask's, not a task of tokio.
pub struct SegmentReader {
    owns: Box<dyn Fn(KeyGroup) -> bool + Send>,
    runs: mpsc::Receiver<Result<(Run, Bytes)>>,
    /// Blocks of the present run that are still to come.
    blocks: VecDeque<(Arc<str>, super::Compression, StoredBlock, Bytes)>,
    block: Option<Block>,
    next: usize,
}

impl SegmentReader {
    pub(super) fn start(
        store: Arc<dyn CheckpointStore>,
        runs: Vec<Run>,
        owns: Box<dyn Fn(KeyGroup) -> bool + Send>,
        tokio: &tokio::runtime::Handle,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(RUNS_AHEAD);
        tokio.spawn(async move {
            for run in runs {
                let (start, end) = run.range();
                let bytes = read(store.as_ref(), &run.name, start, end).await;
                let is_last = bytes.is_err();
                // Nobody listens any more when the reader is dropped.
                if sender.send(bytes.map(|bytes| (run, bytes))).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self {
            owns,
            runs: receiver,
            blocks: VecDeque::new(),
            block: None,
            next: 0,
        }
    }

    /// Goes to the next block; whether there is one.
    fn next_block(&mut self) -> Result<bool> {
        while self.blocks.is_empty() {
            let Some(run) = self.runs.blocking_recv() else {
                return Ok(false);
            };
            let (run, bytes) = run?;
            let (start, _) = run.range();
            self.blocks = run
                .blocks
                .iter()
                .map(|block| {
                    let offset = (block.offset - start) as usize;
                    let stored = bytes.slice(offset..offset + block.stored_bytes as usize);
                    (Arc::clone(&run.name), run.compression, *block, stored)
                })
                .collect();
        }
        if let Some((name, compression, block, stored)) = self.blocks.pop_front() {
            self.block = Some(decode(&name, compression, &block, &stored)?);
            self.next = 0;
        }
        Ok(true)
    }
}

impl StateReader for SegmentReader {
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>> {
        loop {
            let length = self.block.as_ref().map_or(0, Block::row_count);
            while self.next < length {
                let index = self.next;
                self.next += 1;
                let is_owned = self
                    .block
                    .as_ref()
                    .is_some_and(|block| (self.owns)(block.row(index).key_group));
                if is_owned {
                    return Ok(self.block.as_ref().map(|block| block.row(index)));
                }
            }
            if !self.next_block()? {
                return Ok(None);
            }
        }
    }
}

impl fmt::Debug for SegmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentReader").finish_non_exhaustive()
    }
}

/// A block whose checksum, size, rows and key groups are those of the index.
fn decode(name: &str, compression: super::Compression, block: &StoredBlock, stored: &[u8]) -> Result<Block> {
    let damaged = |message: &str| Error::damaged(name, format!("the block at {}: {message}", block.offset));
    if !is_intact(stored, block.crc32c) {
        return Err(damaged("its checksum does not fit"));
    }
    let size = usize::try_from(block.plain_bytes).map_err(|_| damaged("it is too large"))?;
    let plain = compression
        .decompress(stored, size)
        .map_err(|message| damaged(&message))?;
    let decoded = Block::decode(plain).map_err(|message| damaged(&message))?;
    if decoded.row_count() != block.row_count as usize
        || decoded.key_groups() != Some((block.first_key_group, block.last_key_group))
    {
        return Err(damaged("its rows are not those of the index"));
    }
    Ok(decoded)
}
