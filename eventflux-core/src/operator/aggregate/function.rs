//! What an aggregate function is: a state per group, and what rows do to it.

use super::stored::Stored;
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// An aggregate function over one group's state. [`super::grouped::Grouped`] makes a [`super::GroupedAggregate`] of it.
///
/// **Invariants** `subtract` undoes `add`: when as many values were taken back as were added, the state is its default.
/// `merge` of two states gives the state of all their rows.
pub(super) trait Function: Send + 'static {
    /// One group's state; the default is that of no rows.
    type State: Default + Send;
    /// The arguments of a batch, their type resolved.
    type Column<'a>;
    /// A result before it becomes an element of an array.
    type Value;

    /// Resolves the arguments of a batch.
    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>>;

    /// Adds a row.
    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize);

    /// Takes a row back.
    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize);

    /// Adds the rows of another state.
    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()>;

    /// The result of a state.
    fn result(&self, state: &Self::State) -> Self::Value;

    /// Results as an array of the output type.
    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated>;

    /// Appends a state.
    fn encode(&self, state: &Self::State, out: &mut Vec<u8>);

    /// Reads a state.
    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State>;

    /// Whether states hold memory outside of themselves.
    fn has_heap(&self) -> bool {
        false
    }

    /// Bytes that a state holds outside of itself.
    fn heap_bytes(&self, _state: &Self::State) -> usize {
        0
    }
}
