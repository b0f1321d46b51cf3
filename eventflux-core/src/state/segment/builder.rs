//! Rows to a segment.

use std::fmt;

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3;

use super::block::encode_block;
use super::footer::{SegmentFooter, StoredBlock, StoredOperator, header};
use super::rows::RowPlace;
use super::{Compression, FoldLimits, SegmentKind, SegmentRef, SnapshotRows};
use crate::error::{Error, Result};
use crate::state::store::Payload;

/// What the names of segments begin with; their epoch in 20 digits comes next.
pub const SEGMENTS: &str = "segments/";

/// How segments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentOptions {
    /// How blocks are compressed.
    pub compression: Compression,
    /// Bytes of keys and values per block: what a reader of one key group reads at least.
    pub block_bytes: usize,
    /// How much of a base that is made of others is in memory at a time.
    pub fold: FoldLimits,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            block_bytes: 256 << 10,
            fold: FoldLimits::default(),
        }
    }
}

/// Whose rows a segment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeading {
    /// The run.
    pub generation: u64,
    /// The checkpoint.
    pub epoch: u64,
    /// The subtask, by its name in the run.
    pub subtask: String,
    /// Everything, or what changed.
    pub kind: SegmentKind,
    /// How many key groups the app has.
    pub key_groups: u32,
}

/// Encodes the rows of one subtask's operators. Takes time in proportion to them: it runs beside the loops.
pub struct SegmentBuilder {
    heading: SegmentHeading,
    options: SegmentOptions,
    payload: Payload,
    hash: Box<Xxh3>,
    operators: Vec<StoredOperator>,
    row_count: u64,
}

impl fmt::Debug for SegmentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentBuilder")
            .field("heading", &self.heading)
            .field("operators", &self.operators)
            .finish_non_exhaustive()
    }
}

/// A segment ready to be stored.
#[derive(Debug, Clone)]
pub struct BuiltSegment {
    /// What a manifest says of it once it is stored.
    pub reference: SegmentRef,
    /// Its bytes.
    pub payload: Payload,
}

impl SegmentBuilder {
    /// Nothing yet.
    pub fn new(heading: SegmentHeading, options: SegmentOptions) -> Self {
        let mut builder = Self {
            heading,
            options,
            payload: Payload::default(),
            hash: Box::default(),
            operators: Vec::new(),
            row_count: 0,
        };
        builder.push(header().into());
        builder
    }

    /// Adds an operator's rows. An operator without rows leaves no trace.
    pub fn add(&mut self, operator_id: &str, rows: &SnapshotRows) -> Result<()> {
        self.add_places(operator_id, rows, &rows.places())
    }

    /// Adds those rows of an operator that are at these places, which are in order. Its rows of later key groups may follow
    /// in the next call.
    pub(super) fn add_places(
        &mut self,
        operator_id: &str,
        rows: &SnapshotRows,
        places: &[RowPlace],
    ) -> Result<()> {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return Ok(());
        };
        let key_groups = self.heading.key_groups;
        if u32::from(last.key_group) >= key_groups {
            return Err(Error::Bug(format!(
                "{operator_id} wrote to key group {} of {key_groups}",
                last.key_group
            )));
        }
        let known = self
            .operators
            .iter()
            .position(|operator| operator.operator_id == operator_id);
        let index = known.unwrap_or(self.operators.len());
        if let Some(last) = known.and_then(|index| self.operators[index].blocks.last())
            && (index + 1 != self.operators.len() || last.last_key_group >= first.key_group)
        {
            return Err(Error::Bug(format!("{operator_id} is in a segment twice")));
        }
        let mut blocks = Vec::new();
        for places in cut(rows, places, self.options.block_bytes) {
            blocks.push(self.add_block(rows, places)?);
        }
        match self.operators.get_mut(index) {
            Some(operator) => operator.blocks.append(&mut blocks),
            None => self.operators.push(StoredOperator {
                operator_id: operator_id.to_owned(),
                blocks,
            }),
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.payload.size_bytes()
    }

    /// Whether there are no rows; such a segment need not be stored.
    pub fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// The segment.
    pub fn finish(mut self) -> Result<BuiltSegment> {
        let footer = SegmentFooter {
            generation: self.heading.generation,
            epoch: self.heading.epoch,
            kind: self.heading.kind,
            compression: self.options.compression,
            key_groups: self.heading.key_groups,
            operators: std::mem::take(&mut self.operators),
        };
        let (bytes, crc32c) = footer.encode()?;
        self.push(bytes.into());
        let reference = SegmentRef {
            name: self.heading.object_name(self.hash.digest128()),
            size_bytes: self.payload.size_bytes(),
            crc32c,
            kind: self.heading.kind,
            epoch: self.heading.epoch,
            subtask: self.heading.subtask,
            operators: footer
                .operators
                .into_iter()
                .map(|operator| operator.operator_id)
                .collect(),
            row_count: self.row_count,
        };
        Ok(BuiltSegment {
            reference,
            payload: self.payload,
        })
    }

    fn push(&mut self, bytes: Bytes) {
        self.hash.update(&bytes);
        self.payload.push(bytes);
    }

    fn add_block(&mut self, rows: &SnapshotRows, places: &[RowPlace]) -> Result<StoredBlock> {
        let plain = encode_block(rows, places)?;
        let plain_bytes = plain.len() as u64;
        let stored = self.options.compression.compress(plain)?;
        let row_count =
            u32::try_from(places.len()).map_err(|_| Error::Bug("a block has too many rows".into()))?;
        let block = StoredBlock {
            offset: self.payload.size_bytes(),
            stored_bytes: stored.len() as u64,
            plain_bytes,
            row_count,
            first_key_group: places.first().map_or(0, |place| place.key_group),
            last_key_group: places.last().map_or(0, |place| place.key_group),
            crc32c: crc32c::crc32c(&stored),
        };
        self.row_count += u64::from(row_count);
        self.push(stored.into());
        Ok(block)
    }
}

impl SegmentHeading {
    /// No two segments have the same name: it tells the epoch, the generation, the subtask and the content apart.
    fn object_name(&self, hash: u128) -> String {
        let (epoch, generation) = (self.epoch, self.generation);
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        };
        let subtask: String = self.subtask.chars().take(64).map(plain).collect();
        format!("{SEGMENTS}{epoch:020}-{generation:010}-{subtask}-{hash:032x}.segment")
    }
}

/// Cuts rows into blocks of about so many bytes, each of at least one row.
fn cut<'a>(
    rows: &'a SnapshotRows,
    mut places: &'a [RowPlace],
    block_bytes: usize,
) -> impl Iterator<Item = &'a [RowPlace]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |place: &&RowPlace| {
            let fits = bytes == 0 || bytes + rows.row_bytes(**place) <= block_bytes;
            bytes += rows.row_bytes(**place).max(1);
            fits
        };
        let length = places.iter().take_while(fits).count();
        let (block, rest) = places.split_at(length);
        places = rest;
        (!block.is_empty()).then_some(block)
    })
}
