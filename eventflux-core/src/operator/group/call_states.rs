//! The state of all calls, by group number.
//!
//! **Layout** of a stored group:
//!
//! ```text
//! value := row count (i64-be), last write (i64-be, where it is kept), state of each call
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::Group;
use super::aggregation::{Aggregation, CallRows, Rows};
use crate::batch::RowKind;
use crate::error::{Error, Result};
use crate::operator::aggregate::{Evaluated, GroupedAggregate, Stored};

/// The number of rows of each group, and the state of each call for it.
///
/// **Invariants** All vectors have the same length. A row count below zero means that rows were taken back that never
/// came.
pub struct CallStates {
    row_counts: Vec<i64>,
    /// The event time of the latest row of each group, where that is kept.
    last_writes: Option<Vec<i64>>,
    aggregates: Vec<Option<Box<dyn GroupedAggregate>>>,
}

/// The last write of a group that has no state.
pub const NEVER: i64 = i64::MIN;

/// Where the last write stands in a stored group.
const LAST_WRITE_AT: std::ops::Range<usize> = 8..16;

/// When a stored group was last written, where that is kept.
pub fn stored_last_write(value: &[u8]) -> Result<i64> {
    let bytes = value.get(LAST_WRITE_AT).and_then(<[u8]>::first_chunk::<8>);
    let bytes = bytes.ok_or_else(|| Error::damaged("state of a group", "it is cut short"))?;
    Ok(i64::from_be_bytes(*bytes))
}

/// How many rows a stored group has.
pub fn stored_row_count(value: &[u8]) -> Result<i64> {
    Stored::new(value).i64()
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
            last_writes: aggregation.keeps_last_writes.then(Vec::new),
            aggregates: aggregation.build_aggregates()?,
        })
    }

    /// Makes room for groups below this number.
    pub fn resize(&mut self, slot_count: usize) {
        if self.row_counts.len() < slot_count {
            self.row_counts.resize(slot_count, 0);
            if let Some(last_writes) = &mut self.last_writes {
                last_writes.resize(slot_count, NEVER);
            }
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

    /// When a group was last written; [`NEVER`] where it has no state, or this is not kept.
    pub fn last_write(&self, group: Group) -> i64 {
        let last_writes = self.last_writes.as_ref();
        last_writes.map_or(NEVER, |last_writes| last_writes[group as usize])
    }

    /// Notes that a group was written at this time, where that is kept. Only later times count.
    pub fn write_at(&mut self, group: Group, time: i64) {
        if let Some(last_writes) = &mut self.last_writes {
            let last_write = &mut last_writes[group as usize];
            *last_write = time.max(*last_write);
        }
    }

    /// Notes that a group was never written, where that is kept.
    pub fn write_never(&mut self, group: Group) {
        if let Some(last_writes) = &mut self.last_writes {
            last_writes[group as usize] = NEVER;
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
            self.write_at(*into, other.last_write(*from));
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
        if let Some(last_writes) = &mut self.last_writes {
            groups
                .iter()
                .for_each(|group| last_writes[*group as usize] = NEVER);
        }
    }

    /// Appends the state of one group.
    pub fn encode(&self, group: Group, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.row_counts[group as usize].to_be_bytes());
        if let Some(last_writes) = &self.last_writes {
            out.extend_from_slice(&last_writes[group as usize].to_be_bytes());
        }
        for aggregate in self.aggregates.iter().flatten() {
            aggregate.encode(group, out)?;
        }
        Ok(())
    }

    /// Adds encoded state to a group and moves past it.
    pub fn decode(&mut self, group: Group, input: &mut Stored<'_>) -> Result<()> {
        self.row_counts[group as usize] += input.i64()?;
        if self.last_writes.is_some() {
            let last_write = input.i64()?;
            self.write_at(group, last_write);
        }
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.decode(group, input)?;
        }
        Ok(())
    }

    /// Bytes that the states take, without what each holds outside of itself.
    pub fn fixed_bytes(&self) -> usize {
        let aggregates = self.aggregates.iter().flatten();
        self.numbers_bytes() + aggregates.map(|aggregate| aggregate.fixed_bytes()).sum::<usize>()
    }

    /// Bytes that the states take.
    pub fn state_bytes(&self) -> usize {
        let aggregates = self
            .aggregates
            .iter()
            .flatten()
            .map(|aggregate| aggregate.state_bytes());
        self.numbers_bytes() + aggregates.sum::<usize>()
    }

    fn numbers_bytes(&self) -> usize {
        let last_writes = self.last_writes.as_ref().map_or(0, Vec::capacity);
        (self.row_counts.capacity() + last_writes) * size_of::<i64>()
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
