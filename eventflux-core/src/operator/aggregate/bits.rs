//! `bit_and`, `bit_or`, `bit_xor`.

use arrow::array::{Array, AsArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};

use super::function::Function;
use super::number::integers;
use super::stored::Stored;
use super::value::first_argument;
use super::{AggregateRows, Evaluated};
use crate::error::{Error, Result};

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BitOperation {
    And,
    Or,
    Xor,
}

impl BitOperation {
    fn name(self) -> &'static str {
        match self {
            BitOperation::And => "bit_and",
            BitOperation::Or => "bit_or",
            BitOperation::Xor => "bit_xor",
        }
    }

    fn apply(self, left: u64, right: u64) -> u64 {
        match self {
            BitOperation::And => left & right,
            BitOperation::Or => left | right,
            BitOperation::Xor => left ^ right,
        }
    }
}

/// Folds integers, widened to 64 bits, which changes nothing: a sign is copied into all upper bits.
pub(super) struct BitFold {
    pub(super) operation: BitOperation,
    /// Whether rows may be taken back: then AND and OR count each bit.
    pub(super) retracts: bool,
    pub(super) output: DataType,
}

/// The fold of so many values.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    count: i64,
    fold: u64,
    /// How many values have each bit set.
    set: Option<Box<[i64; 64]>>,
}

impl BitFold {
    fn counts_bits(&self) -> bool {
        self.retracts && self.operation != BitOperation::Xor
    }

    fn change(&self, state: &mut Bits, value: u64, times: i64) {
        let is_first = state.count == 0 && state.set.is_none();
        state.count += times;
        if self.counts_bits() {
            let set = state.set.get_or_insert_with(|| Box::new([0; 64]));
            for (bit, count) in set.iter_mut().enumerate() {
                *count += times * ((value >> bit) & 1) as i64;
            }
            if state.count == 0 && set.iter().all(|count| *count == 0) {
                state.set = None;
            }
        } else if is_first && self.operation != BitOperation::Xor {
            state.fold = value;
        } else {
            state.fold = self.operation.apply(state.fold, value);
        }
    }
}

impl Function for BitFold {
    type State = Bits;
    type Column<'a> = UInt64Array;
    type Value = Option<u64>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<UInt64Array> {
        let array = first_argument(rows.arguments)?;
        if *array.data_type() == DataType::UInt64 {
            return Ok(array.as_primitive().clone());
        }
        if !array.data_type().is_integer() {
            return Err(Error::Bug(format!(
                "values of {} have no bits",
                array.data_type()
            )));
        }
        let signed = cast(array, &DataType::Int64)?;
        Ok(signed
            .as_primitive::<Int64Type>()
            .unary::<_, UInt64Type>(|value| value as u64))
    }

    fn add(&self, state: &mut Bits, column: &UInt64Array, row: usize) {
        if column.is_valid(row) {
            self.change(state, column.value(row), 1);
        }
    }

    fn subtract(&self, state: &mut Bits, column: &UInt64Array, row: usize) {
        if column.is_valid(row) {
            self.change(state, column.value(row), -1);
        }
    }

    fn merge(&self, state: &mut Bits, other: &Bits) -> Result<()> {
        if let Some(other_set) = &other.set {
            let set = state.set.get_or_insert_with(|| Box::new([0; 64]));
            set.iter_mut()
                .zip(other_set.iter())
                .for_each(|(count, other)| *count += other);
            state.count += other.count;
            if state.count == 0 && set.iter().all(|count| *count == 0) {
                state.set = None;
            }
        } else if other.count != 0 || self.operation == BitOperation::Xor {
            let is_first = state.count == 0 && self.operation != BitOperation::Xor;
            state.fold = if is_first {
                other.fold
            } else {
                self.operation.apply(state.fold, other.fold)
            };
            state.count += other.count;
        }
        Ok(())
    }

    fn result(&self, state: &Bits) -> Option<u64> {
        if state.count <= 0 {
            return None;
        }
        let Some(set) = &state.set else {
            return Some(state.fold);
        };
        let wanted = if self.operation == BitOperation::And {
            state.count
        } else {
            1
        };
        let bits = set.iter().enumerate().filter(|(_, count)| **count >= wanted);
        Some(bits.fold(0, |bits, (bit, _)| bits | 1 << bit))
    }

    fn finish(&self, values: Vec<Option<u64>>) -> Result<Evaluated> {
        let is_unsigned = self.output == DataType::UInt64;
        let widen = |value: u64| {
            if is_unsigned {
                i128::from(value)
            } else {
                i128::from(value as i64)
            }
        };
        let values = values
            .into_iter()
            .map(|value| value.map(widen))
            .collect::<Vec<_>>();
        integers(&values, &self.output, self.operation.name())
    }

    fn encode(&self, state: &Bits, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.count.to_be_bytes());
        out.extend_from_slice(&state.fold.to_be_bytes());
        out.push(u8::from(state.set.is_some()));
        for count in state.set.iter().flat_map(|set| set.iter()) {
            out.extend_from_slice(&count.to_be_bytes());
        }
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Bits> {
        let mut state = Bits {
            count: input.i64()?,
            fold: input.u64()?,
            set: None,
        };
        if input.u8()? != 0 {
            let mut set = Box::new([0; 64]);
            for count in set.iter_mut() {
                *count = input.i64()?;
            }
            state.set = Some(set);
        }
        Ok(state)
    }

    fn has_heap(&self) -> bool {
        self.counts_bits()
    }

    fn heap_bytes(&self, state: &Bits) -> usize {
        if state.set.is_some() {
            size_of::<[i64; 64]>()
        } else {
            0
        }
    }
}
