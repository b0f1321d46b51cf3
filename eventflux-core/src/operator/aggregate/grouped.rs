//! The trait of aggregates, and its one implementation over the functions.

use std::any::Any;

use super::function::Function;
use super::stored::Stored;
use super::{AggregateRows, Evaluated};
use crate::error::{Error, Result};
use crate::operator::group::Group;

/// One aggregate call over many groups.
///
/// **Invariants** The state of a group never touched, of a group removed, and of a group all of whose rows were taken
/// back are the same. Adding rows, merging and decoding commute with each other as far as the function itself does.
pub trait GroupedAggregate: Send {
    /// Adds rows, or takes them back, as their kinds say. `groups` has the group of each row, below the slot count.
    fn update(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<()>;

    /// As [`GroupedAggregate::update`], and gives the result of each row's group right after that row.
    fn update_each(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<Evaluated>;

    /// Adds the state of groups of another aggregate of the same call to groups of this one.
    fn merge(&mut self, other: &dyn GroupedAggregate, from: &[Group], into: &[Group]) -> Result<()>;

    /// The results of these groups.
    fn evaluate(&self, groups: &[Group]) -> Result<Evaluated>;

    /// Appends the state of one group. [`GroupedAggregate::decode`] knows where it ends.
    fn encode(&self, group: Group, out: &mut Vec<u8>) -> Result<()>;

    /// Adds encoded state to a group and moves past it.
    fn decode(&mut self, group: Group, input: &mut Stored<'_>) -> Result<()>;

    /// Makes room for groups below this number.
    fn resize(&mut self, slot_count: usize);

    /// Forgets these groups.
    fn remove(&mut self, groups: &[Group]);

    /// Bytes that the state takes.
    fn state_bytes(&self) -> usize;

    /// The part of these bytes that is known at once: without what each group's state holds outside of itself.
    fn fixed_bytes(&self) -> usize;

    /// For [`GroupedAggregate::merge`].
    fn as_any(&self) -> &dyn Any;
}

/// A function with the state of each group.
pub(super) struct Grouped<F: Function> {
    function: F,
    states: Vec<F::State>,
}

impl<F: Function> Grouped<F> {
    pub(super) fn new(function: F) -> Self {
        Self {
            function,
            states: Vec::new(),
        }
    }
}

impl<F: Function> GroupedAggregate for Grouped<F> {
    fn update(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<()> {
        let column = self.function.column(&rows)?;
        let states = self.states.as_mut_slice();
        match rows.kinds {
            None => {
                for (row, group) in groups.iter().enumerate() {
                    self.function.add(&mut states[*group as usize], &column, row);
                }
            }
            Some(kinds) => {
                for (row, (group, kind)) in groups.iter().zip(kinds).enumerate() {
                    let state = &mut states[*group as usize];
                    if kind.is_addition() {
                        self.function.add(state, &column, row);
                    } else {
                        self.function.subtract(state, &column, row);
                    }
                }
            }
        }
        Ok(())
    }

    fn update_each(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<Evaluated> {
        let column = self.function.column(&rows)?;
        let mut results = Vec::with_capacity(groups.len());
        for (row, group) in groups.iter().enumerate() {
            let state = &mut self.states[*group as usize];
            match rows.kinds {
                Some(kinds) if !kinds[row].is_addition() => self.function.subtract(state, &column, row),
                _ => self.function.add(state, &column, row),
            }
            results.push(self.function.result(state));
        }
        self.function.finish(results)
    }

    fn merge(&mut self, other: &dyn GroupedAggregate, from: &[Group], into: &[Group]) -> Result<()> {
        let Some(other) = other.as_any().downcast_ref::<Self>() else {
            return Err(Error::Bug(
                "aggregates of different calls cannot be merged".into(),
            ));
        };
        for (from, into) in from.iter().zip(into) {
            self.function
                .merge(&mut self.states[*into as usize], &other.states[*from as usize])?;
        }
        Ok(())
    }

    fn evaluate(&self, groups: &[Group]) -> Result<Evaluated> {
        let results = groups
            .iter()
            .map(|group| self.function.result(&self.states[*group as usize]));
        self.function.finish(results.collect())
    }

    fn encode(&self, group: Group, out: &mut Vec<u8>) -> Result<()> {
        self.function.encode(&self.states[group as usize], out);
        Ok(())
    }

    fn decode(&mut self, group: Group, input: &mut Stored<'_>) -> Result<()> {
        let state = self.function.decode(input)?;
        self.function.merge(&mut self.states[group as usize], &state)
    }

    fn resize(&mut self, slot_count: usize) {
        if self.states.len() < slot_count {
            self.states.resize_with(slot_count, F::State::default);
        }
    }

    fn remove(&mut self, groups: &[Group]) {
        for group in groups {
            self.states[*group as usize] = F::State::default();
        }
    }

    fn state_bytes(&self) -> usize {
        let heap = match self.function.has_heap() {
            true => self
                .states
                .iter()
                .map(|state| self.function.heap_bytes(state))
                .sum(),
            false => 0,
        };
        self.fixed_bytes() + heap
    }

    fn fixed_bytes(&self) -> usize {
        self.states.capacity() * size_of::<F::State>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
