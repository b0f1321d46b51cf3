//! `min` and `max` of rows that are never taken back: the extreme alone is kept.

use std::cmp::Ordering;
use std::marker::PhantomData;

use arrow::datatypes::DataType;

use super::function::Function;
use super::number::cast_each;
use super::stored::Stored;
use super::value::{ValueForm, one_column};
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// Which end is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Smallest,
    Largest,
}

impl End {
    pub(super) fn name(self) -> &'static str {
        match self {
            End::Smallest => "min",
            End::Largest => "max",
        }
    }

    /// Whether a value that compares like this to the kept one replaces it.
    fn is_better(self, order: Ordering) -> bool {
        order
            == if self == End::Smallest {
                Ordering::Less
            } else {
                Ordering::Greater
            }
    }
}

/// The smallest or largest value. NULL if there is none.
pub(super) struct Extreme<V> {
    pub(super) end: End,
    pub(super) input: DataType,
    pub(super) output: DataType,
    pub(super) form: PhantomData<fn() -> V>,
}

impl<V: ValueForm> Function for Extreme<V> {
    type State = Option<V::Value>;
    type Column<'a> = V::Column<'a>;
    type Value = Option<V::Value>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        V::column(rows.arguments)
    }

    #[inline]
    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        let replaces = match state {
            None => true,
            Some(kept) => V::compare(column, row, kept).is_some_and(|order| self.end.is_better(order)),
        };
        if replaces {
            *state = V::read(column, row);
        }
    }

    /// Never called: [`super::build_aggregate`] takes another form where rows are taken back.
    fn subtract(&self, _state: &mut Self::State, _column: &Self::Column<'_>, _row: usize) {
        debug_assert!(false, "a row is taken from an append-only aggregate");
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        let Some(other) = other else { return Ok(()) };
        if state
            .as_ref()
            .is_none_or(|kept| self.end.is_better(other.cmp(kept)))
        {
            *state = Some(other.clone());
        }
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        state.clone()
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        let array = one_column::<V>(&values, &self.input)?;
        if self.input == self.output {
            return Ok(Evaluated::fits(array));
        }
        cast_each(array, &self.output, self.end.name())
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        out.push(u8::from(state.is_some()));
        if let Some(value) = state {
            V::encode(value, out);
        }
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Ok(if input.u8()? == 0 {
            None
        } else {
            Some(V::decode(input)?)
        })
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, V::heap_bytes)
    }
}
