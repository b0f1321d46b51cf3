//! Aggregates without a form of their own: an accumulator of DataFusion per group, for rows that are never taken back.
//!
//! Slow, and only for functions that `foreign_is_right` of the tests lists: sketches, which cannot be taken back anyway.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType;

use super::stored::{Stored, write_delimited};
use super::{AggregateRows, Evaluated, GroupedAggregate};
use crate::error::{Error, Result};
use crate::expr::{Accumulator, AccumulatorFactory};
use crate::key::{KeyBytes, KeyDecoder};
use crate::operator::group::Group;
use crate::plan::AggregateCall;

/// The functions that are right here: state taken twice, restored and continued, merged.
pub(super) const FOREIGN: &[&str] = &[
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
];

/// An accumulator per group that has rows.
pub(super) struct Foreign {
    factory: AccumulatorFactory,
    output: DataType,
    /// Accumulators change when they are asked, so asking needs a borrow of its own.
    groups: RefCell<Vec<Option<Accumulator>>>,
}

impl Foreign {
    pub(super) fn new(call: &AggregateCall) -> Result<Self> {
        let factory = AccumulatorFactory::new(call)?;
        Ok(Self {
            factory,
            output: call.output.data_type().clone(),
            groups: RefCell::new(Vec::new()),
        })
    }

    /// The state of a group; the accumulator is made anew from it, since some are drained by being asked.
    fn state(&self, group: Group) -> Result<Option<Vec<ArrayRef>>> {
        let mut groups = self.groups.borrow_mut();
        let Some(accumulator) = &mut groups[group as usize] else {
            return Ok(None);
        };
        let state = accumulator.state()?;
        let mut fresh = self.factory.build()?;
        fresh.merge(&state)?;
        *accumulator = fresh;
        Ok(Some(state))
    }

    fn merge_state(&mut self, group: Group, state: &[ArrayRef]) -> Result<()> {
        let slot = &mut self.groups.get_mut()[group as usize];
        let accumulator = match slot {
            Some(accumulator) => accumulator,
            None => slot.insert(self.factory.build()?),
        };
        accumulator.merge(state)
    }

    fn update_rows(&mut self, arguments: &[ArrayRef], rows: &UInt32Array, group: Group) -> Result<()> {
        let taken = arguments
            .iter()
            .map(|argument| take(argument, rows, None))
            .collect::<Result<Vec<_>, _>>()?;
        let slot = &mut self.groups.get_mut()[group as usize];
        let accumulator = match slot {
            Some(accumulator) => accumulator,
            None => slot.insert(self.factory.build()?),
        };
        accumulator.update(&taken)
    }

    fn check_kinds(&self, rows: &AggregateRows<'_>) -> Result<()> {
        match rows.kinds {
            Some(kinds) if kinds.iter().any(|kind| !kind.is_addition()) => {
                Err(Error::Bug("a row is taken from an append-only aggregate".into()))
            }
            _ => Ok(()),
        }
    }
}

impl GroupedAggregate for Foreign {
    fn update(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<()> {
        self.check_kinds(&rows)?;
        let arguments = self.factory.with_parameters(rows.arguments)?;
        let mut by_group = BTreeMap::<Group, Vec<u32>>::new();
        for (row, group) in groups.iter().enumerate() {
            by_group.entry(*group).or_default().push(row as u32);
        }
        for (group, rows) in by_group {
            self.update_rows(&arguments, &UInt32Array::from(rows), group)?;
        }
        Ok(())
    }

    fn update_each(&mut self, rows: AggregateRows<'_>, groups: &[Group]) -> Result<Evaluated> {
        self.check_kinds(&rows)?;
        let arguments = self.factory.with_parameters(rows.arguments)?;
        let mut results = Vec::with_capacity(groups.len());
        for (row, group) in groups.iter().enumerate() {
            self.update_rows(&arguments, &UInt32Array::from(vec![row as u32]), *group)?;
            results.push(self.evaluate(&[*group])?.array);
        }
        concatenated(&results, &self.output)
    }

    fn merge(&mut self, other: &dyn GroupedAggregate, from: &[Group], into: &[Group]) -> Result<()> {
        let Some(other) = other.as_any().downcast_ref::<Self>() else {
            return Err(Error::Bug(
                "aggregates of different calls cannot be merged".into(),
            ));
        };
        for (from, into) in from.iter().zip(into) {
            if let Some(state) = other.state(*from)? {
                self.merge_state(*into, &state)?;
            }
        }
        Ok(())
    }

    fn evaluate(&self, groups: &[Group]) -> Result<Evaluated> {
        let mut results = Vec::with_capacity(groups.len());
        for group in groups {
            // A group without rows has the result of a fresh accumulator: a count of 0, or NULL.
            if let Some(accumulator) = &mut self.groups.borrow_mut()[*group as usize] {
                results.push(accumulator.evaluate()?);
            } else {
                results.push(self.factory.build()?.evaluate()?);
            }
            self.state(*group)?;
        }
        concatenated(&results, &self.output)
    }

    fn encode(&self, group: Group, out: &mut Vec<u8>) -> Result<()> {
        let Some(state) = self.state(group)? else {
            out.push(0);
            return Ok(());
        };
        let mut bytes = KeyBytes::default();
        bytes.fill_exact(&state, 1)?;
        out.push(1);
        write_delimited(bytes.row(0), out);
        Ok(())
    }

    fn decode(&mut self, group: Group, input: &mut Stored<'_>) -> Result<()> {
        if input.u8()? == 0 {
            return Ok(());
        }
        let mut decoder = KeyDecoder::new(self.factory.state_types())?;
        decoder.push(input.delimited()?)?;
        let state = decoder.finish()?;
        self.merge_state(group, &state)
    }

    fn resize(&mut self, slot_count: usize) {
        let groups = self.groups.get_mut();
        if groups.len() < slot_count {
            groups.resize_with(slot_count, || None);
        }
    }

    fn remove(&mut self, groups: &[Group]) {
        for group in groups {
            self.groups.get_mut()[*group as usize] = None;
        }
    }

    fn state_bytes(&self) -> usize {
        let groups = self.groups.borrow();
        let states = groups
            .iter()
            .flatten()
            .map(Accumulator::state_bytes)
            .sum::<usize>();
        groups.capacity() * size_of::<Option<Accumulator>>() + states
    }

    fn fixed_bytes(&self) -> usize {
        self.groups.borrow().capacity() * size_of::<Option<Accumulator>>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn concatenated(results: &[ArrayRef], output: &DataType) -> Result<Evaluated> {
    if results.is_empty() {
        return Ok(Evaluated::fits(new_empty_array(output)));
    }
    let results = results
        .iter()
        .map(|result| result.as_ref() as &dyn Array)
        .collect::<Vec<_>>();
    Ok(Evaluated::fits(concat(&results)?))
}
