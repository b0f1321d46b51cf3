//! Segments to rows.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::block::Block;
use super::footer::StoredBlock;
use super::set::{Run, read};
use crate::error::{Error, Result};
use crate::state::checksum::{is_ignored, is_intact};
use crate::state::store::CheckpointStore;
use crate::state::{KeyGroup, StateReader, StateRow};

/// Runs that wait to be decoded while the next one is read.
const RUNS_AHEAD: usize = 1;

/// Blocks that wait to be taken while the next one is decoded.
const BLOCKS_AHEAD: usize = 8;

/// Gives an operator its rows. Every block is checked before its first row is given.
///
/// ```text
/// task: reads runs of blocks ──► thread that may wait: checks and decodes blocks ──► whoever takes rows
/// ```
///
/// It waits for the store, so it is used on a thread that may wait: a subtask's, not a task of tokio.
pub struct SegmentReader {
    takes: Box<dyn Fn(KeyGroup, u8) -> bool + Send>,
    is_continued: bool,
    blocks: mpsc::Receiver<Result<Block>>,
    block: Option<Block>,
    next: usize,
}

impl SegmentReader {
    pub(super) fn start(
        store: Arc<dyn CheckpointStore>,
        runs: Vec<Run>,
        takes: Box<dyn Fn(KeyGroup, u8) -> bool + Send>,
        tokio: &tokio::runtime::Handle,
    ) -> Self {
        let (sender, mut stored) = mpsc::channel(RUNS_AHEAD);
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
        let (sender, blocks) = mpsc::channel(BLOCKS_AHEAD);
        let is_checked = !is_ignored();
        tokio.spawn_blocking(move || {
            while let Some(stored) = stored.blocking_recv() {
                let give = |block| sender.blocking_send(block).is_ok();
                if decode_run(stored, is_checked, give).is_break() {
                    return;
                }
            }
        });
        Self {
            takes,
            is_continued: false,
            blocks,
            block: None,
            next: 0,
        }
    }

    /// The same rows, for an operator whose next snapshot is read after them.
    pub(crate) fn continued(self, is_continued: bool) -> Self {
        Self { is_continued, ..self }
    }

    fn takes(&self, row: &StateRow<'_>) -> bool {
        (self.takes)(row.key_group, row.table)
    }

    /// Goes to the next row that is wanted; whether there is one.
    fn advance(&mut self) -> Result<bool> {
        loop {
            if let Some(block) = &self.block {
                let rest = self.next..block.row_count();
                let mut wanted = rest.skip_while(|index| !self.takes(&block.row(*index)));
                if let Some(index) = wanted.next() {
                    self.next = index;
                    return Ok(true);
                }
            }
            self.block = self.blocks.blocking_recv().transpose()?;
            self.next = 0;
            if self.block.is_none() {
                return Ok(false);
            }
        }
    }
}

impl StateReader for SegmentReader {
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>> {
        if !self.advance()? {
            return Ok(None);
        }
        let index = self.next;
        self.next += 1;
        Ok(self.block.as_ref().map(|block| block.row(index)))
    }

    fn next_rows(&mut self) -> Result<Vec<StateRow<'_>>> {
        if !self.advance()? {
            return Ok(Vec::new());
        }
        let Some(block) = &self.block else {
            return Ok(Vec::new());
        };
        let rest = self.next..block.row_count();
        self.next = block.row_count();
        let rows = rest.map(|index| block.row(index));
        Ok(rows.filter(|row| self.takes(row)).collect())
    }

    fn is_continued(&self) -> bool {
        self.is_continued
    }
}

impl fmt::Debug for SegmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentReader").finish_non_exhaustive()
    }
}

/// Decodes the blocks of a run one by one, up to the first that is damaged or not wanted any more.
fn decode_run(
    stored: Result<(Run, Bytes)>,
    is_checked: bool,
    mut give: impl FnMut(Result<Block>) -> bool,
) -> ControlFlow<()> {
    let (run, bytes) = match stored {
        Ok(read) => read,
        Err(error) => {
            give(Err(error));
            return ControlFlow::Break(());
        }
    };
    let (start, _) = run.range();
    for block in &run.blocks {
        let offset = (block.offset - start) as usize;
        let stored = &bytes[offset..offset + block.stored_bytes as usize];
        let decoded = match !is_checked || is_intact(stored, block.crc32c) {
            true => decode(&run, block, stored),
            false => Err(damaged(&run, block, "its checksum does not fit")),
        };
        let is_last = decoded.is_err();
        if !give(decoded) || is_last {
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

/// A block whose size, rows and key groups are those of the index.
fn decode(run: &Run, block: &StoredBlock, stored: &[u8]) -> Result<Block> {
    let damaged = |message: &str| damaged(run, block, message);
    let size = usize::try_from(block.plain_bytes).map_err(|_| damaged("it is too large"))?;
    let plain = run
        .compression
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

fn damaged(run: &Run, block: &StoredBlock, message: &str) -> Error {
    Error::damaged(&*run.name, format!("the block at {}: {message}", block.offset))
}
