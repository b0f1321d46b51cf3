//! DISTINCT: a function over the values that are there, however often.

use std::marker::PhantomData;

use arrow::datatypes::DataType;

use super::function::Function;
use super::multiset::Multiset;
use super::stored::Stored;
use super::value::ValueForm;
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// Hands a value to the inner function when it comes for the first time, and takes it back when it goes for the last.
pub(super) struct Distinct<V, F> {
    pub(super) inner: F,
    pub(super) input: Vec<DataType>,
    pub(super) form: PhantomData<fn() -> V>,
}

pub(super) struct DistinctState<T, S> {
    values: Multiset<T>,
    inner: S,
}

impl<T, S: Default> Default for DistinctState<T, S> {
    fn default() -> Self {
        Self {
            values: Multiset::default(),
            inner: S::default(),
        }
    }
}

impl<V: ValueForm, F: Function> Distinct<V, F> {
    fn change(
        &self,
        state: &mut DistinctState<V::Value, F::State>,
        column: &(V::Column<'_>, F::Column<'_>),
        row: usize,
        times: i64,
    ) {
        let Some(value) = V::read(&column.0, row) else {
            return;
        };
        let (before, after) = state.values.change(value, times);
        match (before > 0, after > 0) {
            (false, true) => self.inner.add(&mut state.inner, &column.1, row),
            (true, false) => self.inner.subtract(&mut state.inner, &column.1, row),
            _ => {}
        }
    }

    /// Adds values to the inner state that were read from no batch.
    fn refill(
        &self,
        inner: &mut F::State,
        added: &[Option<V::Value>],
        removed: &[Option<V::Value>],
    ) -> Result<()> {
        for (values, is_addition) in [(added, true), (removed, false)] {
            if values.is_empty() {
                continue;
            }
            let arguments = V::columns(values, &self.input)?;
            let rows = AggregateRows {
                arguments: &arguments,
                order_by: &[],
                kinds: None,
                arrivals: &[],
            };
            let column = self.inner.column(&rows)?;
            for row in 0..values.len() {
                match is_addition {
                    true => self.inner.add(inner, &column, row),
                    false => self.inner.subtract(inner, &column, row),
                }
            }
        }
        Ok(())
    }
}

impl<V: ValueForm, F: Function> Function for Distinct<V, F> {
    type State = DistinctState<V::Value, F::State>;
    type Column<'a> = (V::Column<'a>, F::Column<'a>);
    type Value = F::Value;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        Ok((V::column(rows.arguments)?, self.inner.column(rows)?))
    }

    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        self.change(state, column, row, 1);
    }

    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        self.change(state, column, row, -1);
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (value, count) in other.values.raw() {
            let (before, after) = state.values.change(value.clone(), *count);
            match (before > 0, after > 0) {
                (false, true) => added.push(Some(value.clone())),
                (true, false) => removed.push(Some(value.clone())),
                _ => {}
            }
        }
        self.refill(&mut state.inner, &added, &removed)
    }

    fn result(&self, state: &Self::State) -> F::Value {
        self.inner.result(&state.inner)
    }

    fn finish(&self, values: Vec<F::Value>) -> Result<Evaluated> {
        self.inner.finish(values)
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.values.encode(out, V::encode);
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        let values = Multiset::decode(input, V::decode)?;
        let mut inner = F::State::default();
        let present = values
            .iter()
            .map(|(value, _)| Some(value.clone()))
            .collect::<Vec<_>>();
        self.refill(&mut inner, &present, &[])?;
        Ok(DistinctState { values, inner })
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.values.heap_bytes(V::heap_bytes) + self.inner.heap_bytes(&state.inner)
    }
}
