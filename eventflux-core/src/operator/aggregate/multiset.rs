//! All values of a group in order, with how often each is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::marker::PhantomData;

use arrow::datatypes::DataType;

use super::extreme::End;
use super::function::Function;
use super::number::cast_each;
use super::stored::Stored;
use super::value::{ValueForm, one_column};
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// Values and their counts. A count may be negative for a while if a row is taken back before it is added; it is never
/// zero.
#[derive(Debug, Clone)]
pub(super) struct Multiset<T> {
    counts: BTreeMap<T, i64>,
}

impl<T> Default for Multiset<T> {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
        }
    }
}

impl<T: Ord> Multiset<T> {
    /// Adds a value so many times; gives its count before and after.
    pub(super) fn change(&mut self, value: T, times: i64) -> (i64, i64) {
        match self.counts.entry(value) {
            Entry::Vacant(entry) => {
                if times != 0 {
                    entry.insert(times);
                }
                (0, times)
            }
            Entry::Occupied(mut entry) => {
                let before = *entry.get();
                let after = before + times;
                if after == 0 {
                    entry.remove();
                } else {
                    *entry.get_mut() = after;
                }
                (before, after)
            }
        }
    }

    /// The values that are there, smallest first, with their counts.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&T, i64)> {
        self.counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(value, count)| (value, *count))
    }

    /// The smallest or largest value.
    pub(super) fn extreme(&self, end: End) -> Option<&T> {
        match end {
            End::Smallest => self.iter().next(),
            End::Largest => self.iter().next_back(),
        }
        .map(|(value, _)| value)
    }

    pub(super) fn merge(&mut self, other: &Self)
    where
        T: Clone,
    {
        for (value, count) in &other.counts {
            self.change(value.clone(), *count);
        }
    }

    /// Every value ever changed, also those with negative counts.
    pub(super) fn raw(&self) -> &BTreeMap<T, i64> {
        &self.counts
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>, encode: impl Fn(&T, &mut Vec<u8>)) {
        out.extend_from_slice(&(self.counts.len() as u32).to_be_bytes());
        for (value, count) in &self.counts {
            encode(value, out);
            out.extend_from_slice(&count.to_be_bytes());
        }
    }

    pub(super) fn decode<'a>(
        input: &mut Stored<'a>,
        decode: impl Fn(&mut Stored<'a>) -> Result<T>,
    ) -> Result<Self> {
        let mut counts = BTreeMap::new();
        for _ in 0..input.count()? {
            let value = decode(input)?;
            counts.insert(value, input.i64()?);
        }
        Ok(Self { counts })
    }

    pub(super) fn heap_bytes(&self, of_value: impl Fn(&T) -> usize) -> usize {
        // A tree's node has room for 11 entries and is two thirds full on average.
        let entry = (size_of::<T>() + size_of::<i64>()) * 3 / 2;
        self.counts.keys().map(|value| entry + of_value(value)).sum()
    }
}

/// `min` and `max` of rows that may be taken back.
pub(super) struct RetractableExtreme<V> {
    pub(super) end: End,
    pub(super) input: DataType,
    pub(super) output: DataType,
    pub(super) form: PhantomData<fn() -> V>,
}

impl<V: ValueForm> Function for RetractableExtreme<V> {
    type State = Multiset<V::Value>;
    type Column<'a> = V::Column<'a>;
    type Value = Option<V::Value>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        V::column(rows.arguments)
    }

    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = V::read(column, row) {
            state.change(value, 1);
        }
    }

    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = V::read(column, row) {
            state.change(value, -1);
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        state.merge(other);
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        state.extreme(self.end).cloned()
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        let array = one_column::<V>(&values, &self.input)?;
        if self.input == self.output {
            return Ok(Evaluated::fits(array));
        }
        cast_each(array, &self.output, self.end.name())
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.encode(out, V::encode);
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Multiset::decode(input, V::decode)
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.heap_bytes(V::heap_bytes)
    }
}
