//! Integers in fewer bytes: each as what it is above the least of them.
//!
//! **Source** Frame of reference: Goldstein, Ramakrishnan and Shaft, "Compressing relations and indexes", 1998; here in whole bytes, which a
//! processor widens several at a time.

use arrow::buffer::Buffer;
use arrow::datatypes::{ArrowNativeType, DataType, IntervalUnit};

/// Of fewer rows integers go out as they are: there is little to save.
pub(super) const PACKED_ROWS_MIN: usize = 64;

/// Bytes of each integer of a column, if it has integers that can be packed.
pub(super) fn integer_bytes(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Int64
        | DataType::UInt64
        | DataType::Timestamp(..)
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Duration(_) => Some(8),
        DataType::Int32
        | DataType::UInt32
        | DataType::Date32
        | DataType::Time32(_)
        | DataType::Interval(IntervalUnit::YearMonth) => Some(4),
        _ => None,
    }
}

/// What is sent of integers.
#[derive(Debug)]
pub(super) struct Packed {
    /// The least of them.
    pub(super) base: i64,
    /// Bytes that each takes.
    pub(super) width: usize,
    /// What each is above the base.
    pub(super) bytes: Buffer,
}

impl Packed {
    /// Integers of so many bytes each, if fewer are enough.
    pub(super) fn new(values: &Buffer, bytes_each: usize) -> Option<Self> {
        match bytes_each {
            8 => pack(values.typed_data::<i64>()),
            _ => pack(values.typed_data::<i32>()),
        }
    }
}

/// The integers again, of so many bytes each. `width`: those that each has here; fewer, and 1, 2 or 4.
pub(super) fn unpack(bytes: &[u8], width: usize, base: i64, bytes_each: usize) -> Buffer {
    match bytes_each {
        8 => widen(bytes, width, |above| base.wrapping_add(i64::from(above))),
        // Of a base that was 32 bits, and a sum that was: what is above them is none of it.
        _ => widen(bytes, width, |above| (base as i32).wrapping_add(above as i32)),
    }
}

fn pack<T: ArrowNativeType + Ord + Into<i64>>(values: &[T]) -> Option<Packed> {
    let (first, last) = ((*values.first()?).into(), (*values.last()?).into());
    // Most of what cannot be packed is seen by this.
    width_of(first.abs_diff(last), size_of::<T>())?;
    let (least, greatest) = range(values)?;
    let (base, greatest) = (least.into(), greatest.into());
    let width = width_of(greatest.abs_diff(base), size_of::<T>())?;
    let above = |value: &T| (*value).into().wrapping_sub(base);
    let bytes = match width {
        1 => Buffer::from_vec(values.iter().map(|value| above(value) as u8).collect()),
        2 => Buffer::from_vec(values.iter().map(|value| above(value) as u16).collect()),
        _ => Buffer::from_vec(values.iter().map(|value| above(value) as u32).collect()),
    };
    Some(Packed { base, width, bytes })
}

/// The least and the greatest.
fn range<T: Copy + Ord>(values: &[T]) -> Option<(T, T)> {
    /// So many are looked at side by side: none waits for the one before.
    const LANES: usize = 8;
    let first = *values.first()?;
    let (mut least, mut greatest) = ([first; LANES], [first; LANES]);
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            least[lane] = least[lane].min(*value);
            greatest[lane] = greatest[lane].max(*value);
        }
    }
    let least = least.iter().chain(rest).min()?;
    let greatest = greatest.iter().chain(rest).max()?;
    Some((*least, *greatest))
}

/// In how many bytes integers of this range go; `None`: in no fewer than they have.
fn width_of(range: u64, bytes_each: usize) -> Option<usize> {
    let width = match range {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    (width < bytes_each).then_some(width)
}

fn widen<T: ArrowNativeType>(bytes: &[u8], width: usize, integer: impl Fn(u32) -> T) -> Buffer {
    let integers = match width {
        1 => bytes.iter().map(|byte| integer(u32::from(*byte))).collect(),
        2 => {
            let (words, _) = bytes.as_chunks::<2>();
            let above = words.iter().map(|word| u32::from(u16::from_le_bytes(*word)));
            above.map(integer).collect::<Vec<T>>()
        }
        _ => {
            let (words, _) = bytes.as_chunks::<4>();
            words
                .iter()
                .map(|word| integer(u32::from_le_bytes(*word)))
                .collect()
        }
    };
    Buffer::from_vec(integers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The width, if they are packed, and whether they come back.
    fn width(values: &[i64]) -> Option<usize> {
        let packed = Packed::new(&Buffer::from_slice_ref(values), 8)?;
        let unpacked = unpack(&packed.bytes, packed.width, packed.base, 8);
        assert_eq!(unpacked.typed_data::<i64>(), values);
        Some(packed.width)
    }

    fn narrow_width(values: &[i32]) -> Option<usize> {
        let packed = Packed::new(&Buffer::from_slice_ref(values), 4)?;
        let unpacked = unpack(&packed.bytes, packed.width, packed.base, 4);
        assert_eq!(unpacked.typed_data::<i32>(), values);
        Some(packed.width)
    }

    #[test]
    fn integers_take_what_their_range_needs() {
        assert_eq!(width(&[]), None);
        assert_eq!(width(&[i64::MIN]), Some(1));
        assert_eq!(width(&[-128, 127]), Some(1));
        assert_eq!(width(&[i64::MAX, i64::MAX - 256]), Some(2));
        assert_eq!(width(&[1 << 40, (1 << 40) + 0xffff_ffff]), Some(4));
        assert_eq!(width(&[0, 1 << 32]), None);
        assert_eq!(width(&[7, i64::MIN, i64::MAX, 7]), None);
        assert_eq!(narrow_width(&[i32::MIN, i32::MIN + 0xffff]), Some(2));
        assert_eq!(narrow_width(&[0, 1 << 16]), None);
        assert_eq!(narrow_width(&[i32::MIN, i32::MAX]), None);
    }

    proptest! {
        #[test]
        fn integers_come_back(base: i64, range in 0..34_u32, above in prop::collection::vec(any::<u64>(), 0..40)) {
            let values: Vec<i64> = above.iter().map(|above| base.wrapping_add((above >> (63 - range)) as i64)).collect();
            width(&values);
            let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
            narrow_width(&values);
        }
    }
}
