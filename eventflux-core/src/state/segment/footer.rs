//! A segment's first and last bytes: what it is, and where its blocks are.
//!
//! ```text
//! header   "EFXSEG" and the format's version as u16
//! blocks   one after the other, without gaps
//! footer   see [`SegmentFooter::encode`]
//! trailer  footer length u32, footer crc32c u32, version u16, "EFXEND"
//! ```
//! Numbers are little-endian.

use super::{Compression, SegmentKind};
use crate::error::{Error, Result};
use crate::state::KeyGroup;
use crate::state::checksum::is_intact;

/// The version that this program writes; it reads this one only.
pub const SEGMENT_VERSION: u16 = 1;

const HEADER_MAGIC: &[u8; 6] = b"EFXSEG";
const TRAILER_MAGIC: &[u8; 6] = b"EFXEND";
/// Bytes before the first block.
pub(super) const HEADER_BYTES: u64 = 8;
/// Bytes after the footer.
pub(super) const TRAILER_BYTES: u64 = 16;

/// What a segment holds, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFooter {
    /// The run that wrote it.
    pub generation: u64,
    /// The checkpoint that it was written for.
    pub epoch: u64,
    /// Everything, or what changed.
    pub kind: SegmentKind,
    /// How its blocks are compressed.
    pub compression: Compression,
    /// How many key groups the app has.
    pub key_groups: u32,
    /// The operators that have rows in it, ordered by id.
    pub operators: Vec<StoredOperator>,
}

/// One operator's part of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperator {
    /// Its stable id.
    pub operator_id: String,
    /// Its blocks, ordered by key group; the order of one key group's rows is that in which they were written.
    pub blocks: Vec<StoredBlock>,
}

/// The place of a block and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlock {
    /// Its first byte in the object.
    pub offset: u64,
    /// Its bytes in the object.
    pub stored_bytes: u64,
    /// Its bytes before compression.
    pub plain_bytes: u64,
    /// Its rows.
    pub row_count: u32,
    /// The first key group with rows in it.
    pub first_key_group: KeyGroup,
    /// The last one.
    pub last_key_group: KeyGroup,
    /// The checksum of the stored bytes.
    pub crc32c: u32,
}

/// The bytes before the first block.
pub(super) fn header() -> Vec<u8> {
    let mut bytes = HEADER_MAGIC.to_vec();
    bytes.extend_from_slice(&SEGMENT_VERSION.to_le_bytes());
    bytes
}

/// Refuses an object that does not begin as a segment.
pub(super) fn check_header(object: &str, bytes: &[u8]) -> Result<()> {
    match bytes.split_at_checked(HEADER_MAGIC.len()) {
        Some((magic, version)) if magic == HEADER_MAGIC => check_version(object, version),
        _ => Err(Error::damaged(object, "it does not begin as a segment")),
    }
}

fn check_version(object: &str, bytes: &[u8]) -> Result<()> {
    let version = bytes.try_into().map(u16::from_le_bytes);
    match version {
        Ok(SEGMENT_VERSION) => Ok(()),
        Ok(version) => Err(Error::UnknownFormat {
            object: object.to_owned(),
            version: version.into(),
            newest: SEGMENT_VERSION.into(),
        }),
        Err(_) => Err(Error::damaged(object, "its header is cut off")),
    }
}

impl SegmentFooter {
    /// The footer and the trailer, and the footer's checksum.
    ///
    /// ```text
    /// generation u64, epoch u64, kind u8 (0 base, 1 delta), compression u8, key groups u32,
    /// operators u32, and for each: length of id u16, id, blocks u32, and for each:
    ///   offset u64, stored bytes u64, plain bytes u64, rows u32, first u16, last u16, crc32c u32
    /// ```
    pub(super) fn encode(&self) -> Result<(Vec<u8>, u32)> {
        let too_many = |what: &str| Error::Bug(format!("a segment has too many {what}"));
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.push(match self.kind {
            SegmentKind::Base => 0,
            SegmentKind::Delta => 1,
        });
        bytes.push(self.compression.code());
        bytes.extend_from_slice(&self.key_groups.to_le_bytes());
        let operators = u32::try_from(self.operators.len()).map_err(|_| too_many("operators"))?;
        bytes.extend_from_slice(&operators.to_le_bytes());
        for operator in &self.operators {
            let id = operator.operator_id.as_bytes();
            let length = u16::try_from(id.len()).map_err(|_| too_many("bytes in an operator's id"))?;
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(id);
            let blocks = u32::try_from(operator.blocks.len()).map_err(|_| too_many("blocks"))?;
            bytes.extend_from_slice(&blocks.to_le_bytes());
            operator.blocks.iter().for_each(|block| block.encode(&mut bytes));
        }
        let checksum = crc32c::crc32c(&bytes);
        let length = u32::try_from(bytes.len()).map_err(|_| too_many("blocks"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes.extend_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes.extend_from_slice(TRAILER_MAGIC);
        Ok((bytes, checksum))
    }

    /// Reads the footer of an object of `size_bytes` whose last bytes are `content`, without the trailer.
    fn decode(object: &str, size_bytes: u64, content: &[u8]) -> Result<Self> {
        let footer = Fields { bytes: content }
            .footer()
            .ok_or_else(|| Error::damaged(object, "its footer does not hold what it should"))?;
        footer.check(object, size_bytes - TRAILER_BYTES - content.len() as u64)?;
        Ok(footer)
    }

    /// Every byte before the footer belongs to the header or to one block, so every byte is under a checksum.
    fn check(&self, object: &str, footer_offset: u64) -> Result<()> {
        let damaged = |message: String| Err(Error::damaged(object, message));
        let mut offset = HEADER_BYTES;
        for operator in &self.operators {
            let mut key_group = 0;
            for block in &operator.blocks {
                let is_in_order = key_group <= block.first_key_group
                    && block.first_key_group <= block.last_key_group
                    && u32::from(block.last_key_group) < self.key_groups;
                if !is_in_order || block.offset != offset {
                    return damaged(format!("the index of {} is out of order", operator.operator_id));
                }
                key_group = block.last_key_group;
                offset = match offset.checked_add(block.stored_bytes) {
                    Some(offset) => offset,
                    None => return damaged(format!("the index of {} is too large", operator.operator_id)),
                };
            }
        }
        if offset == footer_offset {
            Ok(())
        } else {
            damaged(format!("its blocks end at {offset} in place of {footer_offset}"))
        }
    }
}

impl StoredBlock {
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&self.stored_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.plain_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.row_count.to_le_bytes());
        bytes.extend_from_slice(&self.first_key_group.to_le_bytes());
        bytes.extend_from_slice(&self.last_key_group.to_le_bytes());
        bytes.extend_from_slice(&self.crc32c.to_le_bytes());
    }
}

/// The trailer of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trailer {
    footer_bytes: u64,
    pub(super) crc32c: u32,
}

impl Trailer {
    /// Reads an object's last bytes.
    pub(super) fn decode(object: &str, size_bytes: u64, end: &[u8]) -> Result<Self> {
        let cut_off = || Error::damaged(object, "it does not end as a segment");
        let start = end
            .len()
            .checked_sub(TRAILER_BYTES as usize)
            .ok_or_else(cut_off)?;
        let mut fields = Fields { bytes: &end[start..] };
        let mut read = || Some((fields.u32()?, fields.u32()?, fields.take(2)?, fields.take(6)?));
        let (footer_bytes, crc32c, version, magic) = read().ok_or_else(cut_off)?;
        if magic != TRAILER_MAGIC {
            return Err(cut_off());
        }
        check_version(object, version)?;
        let footer_bytes = u64::from(footer_bytes);
        if footer_bytes + HEADER_BYTES + TRAILER_BYTES > size_bytes {
            return Err(Error::damaged(object, "its footer does not fit into it"));
        }
        Ok(Self { footer_bytes, crc32c })
    }

    /// Bytes of the footer and the trailer.
    pub(super) fn end_bytes(&self) -> u64 {
        self.footer_bytes + TRAILER_BYTES
    }

    /// Reads the footer out of an object's last bytes, [`Trailer::end_bytes`] of them.
    pub(super) fn footer(&self, object: &str, size_bytes: u64, end: &[u8]) -> Result<SegmentFooter> {
        let content = &end[..end.len() - TRAILER_BYTES as usize];
        if !is_intact(content, self.crc32c) {
            return Err(Error::damaged(object, "the checksum of its footer does not fit"));
        }
        SegmentFooter::decode(object, size_bytes, content)
    }
}

/// Reads numbers off the front.
struct Fields<'a> {
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn footer(mut self) -> Option<SegmentFooter> {
        let generation = self.u64()?;
        let epoch = self.u64()?;
        let kind = match self.u8()? {
            0 => SegmentKind::Base,
            1 => SegmentKind::Delta,
            _ => return None,
        };
        let compression = Compression::from_code(self.u8()?)?;
        let key_groups = self.u32()?;
        let operator_count = self.u32()?;
        let operators = (0..operator_count)
            .map(|_| self.operator())
            .collect::<Option<_>>()?;
        self.bytes.is_empty().then_some(SegmentFooter {
            generation,
            epoch,
            kind,
            compression,
            key_groups,
            operators,
        })
    }

    fn operator(&mut self) -> Option<StoredOperator> {
        let length = self.u16()?;
        let operator_id = String::from_utf8(self.take(length.into())?.to_vec()).ok()?;
        let block_count = self.u32()?;
        let blocks = (0..block_count).map(|_| self.block()).collect::<Option<_>>()?;
        Some(StoredOperator { operator_id, blocks })
    }

    fn block(&mut self) -> Option<StoredBlock> {
        Some(StoredBlock {
            offset: self.u64()?,
            stored_bytes: self.u64()?,
            plain_bytes: self.u64()?,
            row_count: self.u32()?,
            first_key_group: self.u16()?,
            last_key_group: self.u16()?,
            crc32c: self.u32()?,
        })
    }
}
