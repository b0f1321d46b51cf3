//! What of a batch travels: numbers and buffers, in their order.

use arrow::array::{
    Array, AsArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray, GenericByteArray,
    GenericByteViewArray, GenericListArray, MapArray, OffsetSizeTrait, StructArray, downcast_primitive_array,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ByteArrayType, ByteViewType, DataType};
use bytes::{BufMut, Bytes, BytesMut};
use eventflux_core::batch::EventBatch;

use super::packing::{PACKED_ROWS_MIN, Packed, integer_bytes};

/// Buffers begin at multiples of this: what 128-bit numbers need to be read in place.
pub(super) const ALIGNMENT_BYTES: usize = 16;

/// Rows and length.
pub(super) const FRONT_BYTES: usize = 8;

/// Buffers that are as long go out as they are; copying shorter ones costs less than handing them on.
const SHARED_BYTES_MIN: usize = 4 << 10;

/// Finds the numbers and buffers of batches. Kept from batch to batch, so that nothing is allocated for what a column has.
#[derive(Debug, Default)]
pub(super) struct Layout {
    numbers: Vec<u32>,
    buffers: Vec<Buffer>,
    is_packed: bool,
    /// Bytes that packing has saved.
    saved_bytes: usize,
}

impl Layout {
    /// Takes in a batch, all of it.
    ///
    /// **Errors** A column is of a type that is not sent.
    pub(super) fn read(&mut self, batch: &EventBatch) -> Result<(), String> {
        self.clear();
        self.is_packed = batch.num_rows() >= PACKED_ROWS_MIN;
        self.number(batch.num_rows());
        self.number(0);
        for column in batch.rows().columns() {
            self.column(column)?;
        }
        self.integers(batch.event_time().inner(), size_of::<i64>());
        if let Some(kinds) = batch.kinds() {
            let kinds: Vec<u8> = kinds.iter().map(|kind| *kind as u8).collect();
            self.buffers.push(Buffer::from_vec(kinds));
        }
        self.numbers[1] = u32::try_from(self.front_bytes()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Lets go of the batch.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.buffers.clear();
        self.saved_bytes = 0;
    }

    /// Whether integers may be packed.
    pub(super) fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Bytes that the body would have if nothing were packed.
    pub(super) fn unpacked_bytes(&self) -> usize {
        self.body_bytes() + self.saved_bytes
    }

    /// Bytes of the body.
    pub(super) fn body_bytes(&self) -> usize {
        let buffers = self.buffers.iter().map(|buffer| padded(buffer.len()));
        self.front_bytes() + buffers.sum::<usize>()
    }

    /// The body in one piece, behind what `bytes` has.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(self.body_bytes());
        self.numbers.iter().for_each(|number| bytes.put_u32_le(*number));
        bytes.put_bytes(0, padding(self.numbers.len() * 4));
        for buffer in &self.buffers {
            bytes.extend_from_slice(buffer);
            bytes.put_bytes(0, padding(buffer.len()));
        }
    }

    /// The body in pieces, of which the large ones are the columns' own buffers.
    pub(super) fn pieces(&self) -> Vec<Bytes> {
        let is_shared = |buffer: &&Buffer| buffer.len() >= SHARED_BYTES_MIN;
        let shared: usize = self
            .buffers
            .iter()
            .filter(is_shared)
            .map(|buffer| buffer.len())
            .sum();
        let mut copied = BytesMut::with_capacity(self.body_bytes() - shared);
        let mut pieces = Vec::with_capacity(self.buffers.len() + 1);
        self.numbers.iter().for_each(|number| copied.put_u32_le(*number));
        copied.put_bytes(0, padding(self.numbers.len() * 4));
        for buffer in &self.buffers {
            if is_shared(&buffer) {
                if !copied.is_empty() {
                    pieces.push(copied.split().freeze());
                }
                pieces.push(Bytes::from_owner(Owned(buffer.clone())));
            } else {
                copied.extend_from_slice(buffer);
            }
            copied.put_bytes(0, padding(buffer.len()));
        }
        if !copied.is_empty() {
            pieces.push(copied.freeze());
        }
        pieces
    }

    fn front_bytes(&self) -> usize {
        padded(self.numbers.len() * 4)
    }

    fn number(&mut self, number: usize) {
        // More than that is more than a frame may have, which is checked for the whole.
        self.numbers.push(u32::try_from(number).unwrap_or(u32::MAX));
    }

    fn column(&mut self, column: &dyn Array) -> Result<(), String> {
        if *column.data_type() == DataType::Null {
            self.number(column.len());
            return Ok(());
        }
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        self.number(nulls.map_or(0, |nulls| nulls.null_count()));
        if let Some(nulls) = nulls {
            self.buffers.push(nulls.inner().sliced());
        }
        downcast_primitive_array! {
            column => self.values(column.data_type(), column.values().inner()),
            DataType::Boolean => self.booleans(column.as_boolean()),
            DataType::Utf8 => self.bytes(column.as_string::<i32>()),
            DataType::LargeUtf8 => self.bytes(column.as_string::<i64>()),
            DataType::Binary => self.bytes(column.as_binary::<i32>()),
            DataType::LargeBinary => self.bytes(column.as_binary::<i64>()),
            DataType::Utf8View => self.views(column.as_string_view()),
            DataType::BinaryView => self.views(column.as_binary_view()),
            DataType::FixedSizeBinary(_) => self.fixed_bytes(column.as_fixed_size_binary()),
            DataType::List(_) => return self.list(column.as_list::<i32>()),
            DataType::LargeList(_) => return self.list(column.as_list::<i64>()),
            DataType::Map(..) => return self.map(column.as_map()),
            DataType::FixedSizeList(..) => return self.fixed_list(column.as_fixed_size_list()),
            DataType::Struct(_) => return self.parts(column.as_struct()),
            other => return Err(format!("{other} does not go over a wire")),
        }
        Ok(())
    }

    fn values(&mut self, data_type: &DataType, values: &Buffer) {
        match integer_bytes(data_type) {
            Some(bytes_each) => self.integers(values, bytes_each),
            None => self.buffers.push(values.clone()),
        }
    }

    fn integers(&mut self, values: &Buffer, bytes_each: usize) {
        if !self.is_packed {
            return self.buffers.push(values.clone());
        }
        let Some(packed) = Packed::new(values, bytes_each) else {
            self.number(bytes_each);
            return self.buffers.push(values.clone());
        };
        self.number(packed.width);
        let base = packed.base as u64;
        self.numbers.extend([base as u32, (base >> 32) as u32]);
        self.saved_bytes += padded(values.len()) - padded(packed.bytes.len());
        self.buffers.push(packed.bytes);
    }

    fn booleans(&mut self, column: &BooleanArray) {
        self.buffers.push(column.values().sliced());
    }

    fn bytes<T: ByteArrayType>(&mut self, column: &GenericByteArray<T>) {
        let (first, last) = self.offsets(column.offsets());
        self.buffers
            .push(column.values().slice_with_length(first, last - first));
    }

    fn fixed_bytes(&mut self, column: &FixedSizeBinaryArray) {
        let width = usize::try_from(column.value_length()).unwrap_or_default();
        self.buffers
            .push(column.values().slice_with_length(0, column.len() * width));
    }

    fn views<T: ByteViewType + ?Sized>(&mut self, column: &GenericByteViewArray<T>) {
        // Views share buffers with rows that are not sent; without this all of those would be.
        let held: usize = column.data_buffers().iter().map(|buffer| buffer.len()).sum();
        let compact = (held > 2 * column.total_buffer_bytes_used()).then(|| column.gc());
        let column = compact.as_ref().unwrap_or(column);
        self.number(column.data_buffers().len());
        column
            .data_buffers()
            .iter()
            .for_each(|buffer| self.number(buffer.len()));
        self.buffers.push(column.views().inner().clone());
        self.buffers.extend(column.data_buffers().iter().cloned());
    }

    fn list<O: OffsetSizeTrait>(&mut self, column: &GenericListArray<O>) -> Result<(), String> {
        let (first, last) = self.offsets(column.offsets());
        self.column(&column.values().slice(first, last - first))
    }

    fn map(&mut self, column: &MapArray) -> Result<(), String> {
        let (first, last) = self.offsets(column.offsets());
        self.column(&column.entries().slice(first, last - first))
    }

    fn fixed_list(&mut self, column: &FixedSizeListArray) -> Result<(), String> {
        self.column(column.values())
    }

    fn parts(&mut self, column: &StructArray) -> Result<(), String> {
        column.columns().iter().try_for_each(|part| self.column(part))
    }

    /// Offsets that begin with 0, and what they were: the first and the last.
    fn offsets<O: OffsetSizeTrait>(&mut self, offsets: &OffsetBuffer<O>) -> (usize, usize) {
        let first = offsets.first().copied().unwrap_or_default();
        let last = offsets.last().copied().unwrap_or_default();
        let from_zero = match first == O::zero() {
            true => offsets.inner().inner().clone(),
            false => {
                let from_zero = offsets.iter().map(|offset| *offset - first);
                from_zero.collect::<ScalarBuffer<O>>().into_inner()
            }
        };
        self.integers(&from_zero, size_of::<O>());
        (first.as_usize(), last.as_usize())
    }
}

pub(super) fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT_BYTES)
}

fn padding(length: usize) -> usize {
    padded(length) - length
}

/// A buffer as the owner of a piece.
struct Owned(Buffer);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
