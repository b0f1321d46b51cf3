//! The segments of a manifest, opened.

use std::sync::Arc;

use bytes::Bytes;

use super::footer::{HEADER_BYTES, SegmentFooter, StoredBlock, TRAILER_BYTES, Trailer, check_header};
use super::{SegmentReader, SegmentRef};
use crate::error::{Error, Result};
use crate::state::checksum;
use crate::state::store::CheckpointStore;
use crate::state::{KeyGroup, SHARED_TABLE};

/// The footers of a manifest's segments, in the manifest's order: each subtask's oldest first.
#[derive(Debug)]
pub struct SegmentSet {
    store: Arc<dyn CheckpointStore>,
    segments: Vec<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    name: Arc<str>,
    footer: SegmentFooter,
}

/// Blocks of one segment that are read together.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) name: Arc<str>,
    pub(super) compression: super::Compression,
    pub(super) blocks: Vec<StoredBlock>,
}

/// The last bytes are read in one go; most footers fit.
const END_BYTES: u64 = 64 << 10;
/// Blocks that lie side by side are read together up to this size.
const RUN_BYTES: u64 = 4 << 20;

impl SegmentSet {
    /// Opens segments: reads and checks their footers. What they hold is checked when it is read.
    pub async fn open(store: Arc<dyn CheckpointStore>, references: &[SegmentRef]) -> Result<Self> {
        let mut segments = Vec::with_capacity(references.len());
        for reference in references {
            segments.push(OpenSegment {
                name: reference.name.as_str().into(),
                footer: open(store.as_ref(), reference).await?,
            });
        }
        Ok(Self { store, segments })
    }

    /// The footers by the names of their segments.
    pub fn footers(&self) -> impl Iterator<Item = (&str, &SegmentFooter)> {
        self.segments
            .iter()
            .map(|segment| (&*segment.name, &segment.footer))
    }

    /// The rows of an operator in the key groups that `owns` accepts, read ahead on `tokio` while they are taken.
    pub fn reader(
        &self,
        operator_id: &str,
        owns: impl Fn(KeyGroup) -> bool + Send + 'static,
        tokio: &tokio::runtime::Handle,
    ) -> SegmentReader {
        self.reader_of_tables(operator_id, move |key_group, _| owns(key_group), tokio)
    }

    /// The rows of an operator in the key groups and tables that `takes` accepts. Where it does not accept the table of what all
    /// subtasks read, it accepts none in that key group.
    pub(crate) fn reader_of_tables(
        &self,
        operator_id: &str,
        takes: impl Fn(KeyGroup, u8) -> bool + Send + 'static,
        tokio: &tokio::runtime::Handle,
    ) -> SegmentReader {
        let runs = self.runs(operator_id, &|key_group| takes(key_group, SHARED_TABLE));
        SegmentReader::start(Arc::clone(&self.store), runs, Box::new(takes), tokio)
    }

    fn runs(&self, operator_id: &str, owns: &dyn Fn(KeyGroup) -> bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for segment in &self.segments {
            let of_operator = segment
                .footer
                .operators
                .iter()
                .find(|operator| operator.operator_id == operator_id);
            let mut run: Option<Run> = None;
            for block in of_operator.iter().flat_map(|operator| &operator.blocks) {
                if !(block.first_key_group..=block.last_key_group).any(owns) {
                    continue;
                }
                match &mut run {
                    Some(run) if run.takes(block) => run.blocks.push(*block),
                    _ => runs.extend(run.replace(Run {
                        name: Arc::clone(&segment.name),
                        compression: segment.footer.compression,
                        blocks: vec![*block],
                    })),
                }
            }
            runs.extend(run);
        }
        runs
    }
}

impl Run {
    fn takes(&self, block: &StoredBlock) -> bool {
        let (start, end) = self.range();
        end == block.offset && end + block.stored_bytes - start <= RUN_BYTES
    }

    /// The first byte and the one after the last.
    pub(super) fn range(&self) -> (u64, u64) {
        let start = self.blocks.first().map_or(0, |block| block.offset);
        let end = self
            .blocks
            .last()
            .map_or(0, |block| block.offset + block.stored_bytes);
        (start, end)
    }
}

async fn open(store: &dyn CheckpointStore, reference: &SegmentRef) -> Result<SegmentFooter> {
    let name = &reference.name;
    let size_bytes = reference.size_bytes;
    if size_bytes < HEADER_BYTES + TRAILER_BYTES {
        return Err(Error::damaged(name, format!("it has only {size_bytes} bytes")));
    }
    let header = read(store, name, 0, HEADER_BYTES).await?;
    check_header(name, &header)?;
    // One byte more than there should be, to notice an object that goes on.
    let from = size_bytes.saturating_sub(END_BYTES);
    let mut end = store
        .get_range(name, from..size_bytes + 1)
        .await?
        .unwrap_or_default();
    if end.len() as u64 != size_bytes - from {
        return Err(Error::damaged(
            name,
            format!("it does not have the {size_bytes} bytes it was written with"),
        ));
    }
    let trailer = Trailer::decode(name, size_bytes, &end)?;
    if trailer.crc32c != reference.crc32c && !checksum::is_ignored() {
        return Err(Error::damaged(
            name,
            "it is not the segment that the manifest means",
        ));
    }
    let end_bytes = trailer.end_bytes();
    if end_bytes > end.len() as u64 {
        end = read(store, name, size_bytes - end_bytes, size_bytes).await?;
    }
    let footer = trailer.footer(name, size_bytes, &end[end.len() - end_bytes as usize..])?;
    Ok(footer)
}

/// Bytes of an object that must be there.
pub(super) async fn read(store: &dyn CheckpointStore, name: &str, start: u64, end: u64) -> Result<Bytes> {
    match store.get_range(name, start..end).await? {
        Some(bytes) if bytes.len() as u64 == end - start => Ok(bytes),
        Some(bytes) => Err(Error::damaged(
            name,
            format!(
                "it ends at {} in place of {end} or later",
                start + bytes.len() as u64
            ),
        )),
        None => Err(Error::damaged(name, format!("it is missing in {store}"))),
    }
}
