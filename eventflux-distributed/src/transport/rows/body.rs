//! The body of a frame of rows, as it is read.

use arrow::array::OffsetSizeTrait;
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ArrowNativeType;

use super::layout::{ALIGNMENT_BYTES, FRONT_BYTES, padded};
use super::packing::unpack;

/// Values of a column at the most, also within lists: those that have no bytes could otherwise be as many as anybody likes.
pub(super) const LENGTH_MAX: usize = 64 << 20;

/// Numbers and buffers, taken one after the other.
///
/// **Invariants** What is handed out lies within the body. A number or buffer is handed out once.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Buffer,
    row_count: usize,
    /// Where the next number is, and where numbers end.
    number_at: usize,
    front: usize,
    /// Where the next buffer is.
    at: usize,
    /// Integers may be packed; what is unpacked may take so many bytes more than it has here.
    packed: Option<usize>,
}

impl Body {
    /// Reads the front; otherwise what is wrong with it. `packed`: integers may be packed, and all is to be of so many bytes when they are
    /// not.
    pub(super) fn open(bytes: Buffer, packed: Option<usize>) -> Result<Self, String> {
        // Compressed or not, bodies are read into memory of their own, which is aligned; what is not is moved.
        let bytes = match bytes.as_ptr().align_offset(ALIGNMENT_BYTES) {
            0 => bytes,
            _ => Buffer::from(bytes.as_slice()),
        };
        let mut body = Self {
            front: FRONT_BYTES,
            row_count: 0,
            number_at: 0,
            at: 0,
            packed: None,
            bytes,
        };
        if let Some(raw_bytes) = packed {
            let room = raw_bytes.checked_sub(body.bytes.len());
            body.packed = Some(room.ok_or_else(too_large)?);
        }
        body.row_count = body.count()?;
        let front = body.number()?;
        if front < FRONT_BYTES || !front.is_multiple_of(ALIGNMENT_BYTES) || front > body.bytes.len() {
            return Err(format!("rows whose buffers begin at byte {front}"));
        }
        (body.front, body.at) = (front, front);
        Ok(body)
    }

    /// How many rows it has.
    pub(super) fn row_count(&self) -> usize {
        self.row_count
    }

    /// The next number.
    pub(super) fn number(&mut self) -> Result<usize, String> {
        let end = self.number_at + 4;
        let bytes = self.bytes.get(self.number_at..end.min(self.front));
        let bytes = bytes
            .and_then(|bytes| bytes.first_chunk::<4>())
            .ok_or_else(too_short)?;
        self.number_at = end;
        Ok(u32::from_le_bytes(*bytes) as usize)
    }

    /// The next number, as a count of values.
    fn count(&mut self) -> Result<usize, String> {
        let count = self.number()?;
        match count <= LENGTH_MAX {
            true => Ok(count),
            false => Err(format!("{count} rows in a frame")),
        }
    }

    /// The next buffer.
    pub(super) fn buffer(&mut self, length: usize) -> Result<Buffer, String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(too_short)?;
        let buffer = self.bytes.slice_with_length(self.at, length);
        self.at = padded(end);
        Ok(buffer)
    }

    /// The next buffer, as this many values.
    pub(super) fn values<T: ArrowNativeType>(&mut self, count: usize) -> Result<ScalarBuffer<T>, String> {
        let length = count.checked_mul(size_of::<T>()).ok_or_else(too_short)?;
        // Invariant: it begins at a multiple of 16, and has these values.
        Ok(ScalarBuffer::new(self.buffer(length)?, 0, count))
    }

    /// The next buffer, as this many integers.
    pub(super) fn integers<T: ArrowNativeType>(&mut self, count: usize) -> Result<ScalarBuffer<T>, String> {
        let Some(room) = self.packed else {
            return self.values(count);
        };
        let width = self.number()?;
        if width == size_of::<T>() {
            return self.values(count);
        }
        if !matches!(width, 1 | 2 | 4) || width > size_of::<T>() {
            return Err(format!("integers of {width} bytes"));
        }
        let (low, high) = (self.number()?, self.number()?);
        let base = (low as u64 | (high as u64) << 32) as i64;
        let bytes = self.buffer(count.checked_mul(width).ok_or_else(too_short)?)?;
        let length = count.checked_mul(size_of::<T>()).ok_or_else(too_short)?;
        let more = padded(length) - padded(bytes.len());
        self.packed = Some(room.checked_sub(more).ok_or_else(too_large)?);
        let integers = unpack(&bytes, width, base, size_of::<T>());
        Ok(ScalarBuffer::new(integers, 0, count))
    }

    /// The next buffer, as this many bits.
    pub(super) fn bits(&mut self, count: usize) -> Result<BooleanBuffer, String> {
        Ok(BooleanBuffer::new(self.buffer(count.div_ceil(8))?, 0, count))
    }

    /// Which of this many values are NULL.
    pub(super) fn nulls(&mut self, count: usize) -> Result<Option<NullBuffer>, String> {
        let null_count = self.number()?;
        if null_count == 0 {
            return Ok(None);
        }
        let nulls = NullBuffer::new(self.bits(count)?);
        match nulls.null_count() == null_count {
            true => Ok(Some(nulls)),
            false => Err(format!("{null_count} NULLs that are {}", nulls.null_count())),
        }
    }

    /// The offsets of this many values, and how much they refer to.
    pub(super) fn offsets<O: OffsetSizeTrait>(
        &mut self,
        count: usize,
    ) -> Result<(OffsetBuffer<O>, usize), String> {
        let offsets = self.integers::<O>(count + 1)?;
        let is_ascending = offsets
            .windows(2)
            .fold(true, |so_far, pair| so_far & (pair[0] <= pair[1]));
        let last = offsets.last().copied().unwrap_or_default();
        if !is_ascending || offsets.first() != Some(&O::zero()) || last.as_usize() > i32::MAX as usize {
            return Err("offsets that are out of order".to_owned());
        }
        Ok((OffsetBuffer::new(offsets), last.as_usize()))
    }

    /// Nothing is left over.
    pub(super) fn end(&self) -> Result<(), String> {
        let numbers_end = padded(self.number_at);
        match numbers_end == self.front && self.at == self.bytes.len() {
            true if self.packed.unwrap_or_default() > 0 => {
                Err("rows that are shorter than was said".to_owned())
            }
            true => Ok(()),
            false => Err("rows with more than their columns".to_owned()),
        }
    }
}

pub(super) fn too_large() -> String {
    "rows that are longer than was said".to_owned()
}

pub(super) fn too_short() -> String {
    "rows that end too early".to_owned()
}
