//! The state of all calls, by group number.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::Group;
use super::aggregation::{Aggregation, CallRows, Rows};
use crate::batch::RowKind;
use crate::error::Result;
use crate::operator::aggregate::{Evaluated, GroupedAggregate, Stored};

/// The number of rows of each group, and the state of each call for it.
///
/// **Invariants** All vectors have the same length. A row count below zero means that rows were taken back that never
/// came.
pub struct CallStates {
    row_counts: Vec<i64>,
    aggregates: Vec<Option<Box<dyn GroupedAggregate>>>,
}

/// The results of groups, one column per call.
#[derive(Debug, Clone)]
pub struct Results {
    /// One column per call.
    pub columns: Vec<ArrayRef>,
    /// Results that do not fit their type: (row, why), by row.
    pub failures: Vec<(usize, String)>,
}

impl CallStates {
    /// No groups yet.
    pub fn new(aggregation: &Aggregation) -> Result<Self> {
        Ok(Self {
            row_counts: Vec::new(),
            aggregates: aggregation.build_aggregates()?,
        })
    }

    /// Makes room for groups below this number.
    pub fn resize(&mut self, slot_count: usize) {
        if self.row_counts.len() < slot_count {
            self.row_counts.resize(slot_count, 0);
            for aggregate in self.aggregates.iter_mut().flatten() {
                aggregate.resize(slot_count);
            }
        }
    }

    /// How many rows a group has.
    pub fn row_count(&self, group: Group) -> i64 {
        self.row_counts[group as usize]
    }

    /// Sets how many rows these groups have.
    pub fn set_row_counts(&mut self, groups: &[Group], counts: &[i64]) {
        for (group, count) in groups.iter().zip(counts) {
            self.row_counts[*group as usize] = *count;
        }
    }

    /// The calls' aggregates, for an operator that goes row by row; `None` where the row count is the result.
    pub fn aggregates(&mut self) -> &mut [Option<Box<dyn GroupedAggregate>>] {
        &mut self.aggregates
    }

    /// Adds rows to their groups, or takes them back.
    pub fn update(&mut self, aggregation: &Aggregation, rows: Rows<'_>, groups: &[Group]) -> Result<()> {
        count_rows(&mut self.row_counts, groups, rows.kinds);
        for (call, aggregate) in aggregation.calls.iter().zip(&mut self.aggregates) {
            if let Some(aggregate) = aggregate {
                let call_rows = CallRows::new(call, rows, groups)?;
                aggregate.update(call_rows.rows(rows), call_rows.groups(groups))?;
            }
        }
        Ok(())
    }

    /// Adds groups of other states of the same aggregation to groups here.
    pub fn merge(&mut self, other: &Self, from: &[Group], into: &[Group]) -> Result<()> {
        for (from, into) in from.iter().zip(into) {
            self.row_counts[*into as usize] += other.row_counts[*from as usize];
        }
        for (aggregate, other) in self.aggregates.iter_mut().zip(&other.aggregates) {
            if let (Some(aggregate), Some(other)) = (aggregate, other) {
                aggregate.merge(other.as_ref(), from, into)?;
            }
        }
        Ok(())
    }

    /// Adds one group to another one and forgets it.
    pub fn absorb(&mut self, from: Group, into: Group) -> Result<()> {
        let mut state = Vec::new();
        for aggregate in self.aggregates.iter_mut().flatten() {
            state.clear();
            aggregate.encode(from, &mut state)?;
            aggregate.decode(into, &mut Stored::new(&state))?;
        }
        self.row_counts[into as usize] += self.row_counts[from as usize];
        self.remove(&[from]);
        Ok(())
    }

    /// The results of these groups.
    pub fn evaluate(&self, groups: &[Group]) -> Result<Results> {
        let counts = || {
            groups
                .iter()
                .map(|group| self.row_counts[*group as usize])
                .collect::<Vec<_>>()
        };
        let mut columns = Vec::with_capacity(self.aggregates.len());
        let mut failures = Vec::new();
        for aggregate in &self.aggregates {
            let evaluated = match aggregate {
                Some(aggregate) => aggregate.evaluate(groups)?,
                None => Evaluated::fits(Arc::new(Int64Array::from(counts()))),
            };
            columns.push(evaluated.array);
            failures.extend(evaluated.failures);
        }
        failures.sort_by_key(|(row, _)| *row);
        failures.dedup_by_key(|(row, _)| *row);
        Ok(Results { columns, failures })
    }

    /// Forgets these groups.
    pub fn remove(&mut self, groups: &[Group]) {
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.remove(groups);
        }
        groups
            .iter()
            .for_each(|group| self.row_counts[*group as usize] = 0);
    }

    /// Appends the state of one group.
    pub fn encode(&self, group: Group, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.row_counts[group as usize].to_be_bytes());
        for aggregate in self.aggregates.iter().flatten() {
            aggregate.encode(group, out)?;
        }
        Ok(())
    }

    /// Adds encoded state to a group and moves past it.
    pub fn decode(&mut self, group: Group, input: &mut Stored<'_>) -> Result<()> {
        self.row_counts[group as usize] += input.i64()?;
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.decode(group, input)?;
        }
        Ok(())
    }

    /// Bytes that the states take, without what each holds outside of itself.
    pub fn fixed_bytes(&self) -> usize {
        let aggregates = self.aggregates.iter().flatten();
        self.row_counts.capacity() * size_of::<i64>()
            + aggregates.map(|aggregate| aggregate.fixed_bytes()).sum::<usize>()
    }

    /// Bytes that the states take.
    pub fn state_bytes(&self) -> usize {
        let aggregates = self
            .aggregates
            .iter()
            .flatten()
            .map(|aggregate| aggregate.state_bytes());
        self.row_counts.capacity() * size_of::<i64>() + aggregates.sum::<usize>()
    }
}

/// Adds the rows to the counts of their groups.
fn count_rows(counts: &mut [i64], groups: &[Group], kinds: Option<&[RowKind]>) {
    match kinds {
        None => groups.iter().for_each(|group| counts[*group as usize] += 1),
        Some(kinds) => {
            for (group, kind) in groups.iter().zip(kinds) {
                counts[*group as usize] += if kind.is_addition() { 1 } else { -1 };
            }
        }
    }
}
