//! What is computed per group: the keys and calls of a query block, resolved against its input.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter;
use arrow::datatypes::{DataType, Schema};

use super::Group;
use crate::batch::RowKind;
use crate::error::{Error, Result};
use crate::operator::aggregate::{AggregateRows, GroupedAggregate, build_aggregate};
use crate::plan::{AggregateCall, AggregateFunction};

/// The keys and aggregate calls of an operator.
#[derive(Debug, Clone)]
pub struct Aggregation {
    /// Indices of the key columns.
    pub keys: Vec<usize>,
    /// The types of the key columns.
    pub key_types: Vec<DataType>,
    /// The calls.
    pub calls: Vec<AggregateCall>,
    /// Whether the input takes rows back.
    pub retracts: bool,
    /// Whether it is kept when each group was last written.
    pub keeps_last_writes: bool,
}

impl Aggregation {
    /// Resolves keys and calls against the input's schema.
    ///
    /// **Errors** A column or an aggregate that does not exist, a type that cannot be a key.
    pub fn new(keys: &[usize], calls: &[AggregateCall], input: &Schema, retracts: bool) -> Result<Self> {
        let column_count = input.fields().len();
        let of_calls = calls.iter().flat_map(|call| {
            let order = call.order_by.iter().map(|column| column.index);
            call.arguments.iter().copied().chain(call.filter).chain(order)
        });
        if let Some(index) = keys
            .iter()
            .copied()
            .chain(of_calls)
            .find(|index| *index >= column_count)
        {
            return Err(Error::Bug(format!(
                "column #{index} of {column_count} is aggregated"
            )));
        }
        let key_types = keys
            .iter()
            .map(|index| input.field(*index).data_type().clone())
            .collect();
        let aggregation = Self {
            keys: keys.to_vec(),
            key_types,
            calls: calls.to_vec(),
            retracts,
            keeps_last_writes: false,
        };
        super::KeyTable::new(&aggregation.key_types)?;
        aggregation.build_aggregates()?;
        Ok(aggregation)
    }

    /// Has it kept when each group was last written, or not.
    #[must_use]
    pub fn with_last_writes(self, keeps_last_writes: bool) -> Self {
        Self {
            keeps_last_writes,
            ..self
        }
    }

    /// Fresh aggregates, one per call; `None` where the number of the group's rows is the result.
    pub(super) fn build_aggregates(&self) -> Result<Vec<Option<Box<dyn GroupedAggregate>>>> {
        let build = |call| match counts_rows(call) {
            true => Ok(None),
            false => build_aggregate(call, self.retracts).map(Some),
        };
        self.calls.iter().map(build).collect()
    }

    /// Whether some call's result depends on the order of arrival.
    pub fn needs_arrivals(&self) -> bool {
        self.calls.iter().any(|call| {
            use AggregateFunction::*;
            matches!(call.function, First | Last | ArrayAgg | StringAgg | DataFusion(_))
        })
    }

    /// The key columns of a batch.
    pub(super) fn key_columns(&self, rows: &RecordBatch) -> Vec<ArrayRef> {
        self.keys
            .iter()
            .map(|index| rows.column(*index).clone())
            .collect()
    }
}

/// Whether a call's result is the number of the group's rows.
pub(super) fn counts_rows(call: &AggregateCall) -> bool {
    call.function == AggregateFunction::Count
        && call.arguments.is_empty()
        && call.filter.is_none()
        && *call.output.data_type() == DataType::Int64
}

/// Rows to aggregate.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The operator's input columns.
    pub columns: &'a RecordBatch,
    /// The rows' kinds; `None` means that all are additions.
    pub kinds: Option<&'a [RowKind]>,
    /// As in [`AggregateRows`].
    pub arrivals: &'a [u64],
}

/// The rows of one call: those that pass its filter, with the group of each.
pub struct CallRows {
    arguments: Vec<ArrayRef>,
    order_by: Vec<ArrayRef>,
    /// What is left of groups, kinds and arrivals, and which rows these are; `None` means all of them.
    filtered: Option<Filtered>,
}

struct Filtered {
    mask: BooleanArray,
    groups: Vec<Group>,
    kinds: Option<Vec<RowKind>>,
    arrivals: Vec<u64>,
}

impl CallRows {
    /// The rows of a call.
    pub fn new(call: &AggregateCall, rows: Rows<'_>, groups: &[Group]) -> Result<Self> {
        let column = |index: usize| rows.columns.column(index).clone();
        let arguments = call
            .arguments
            .iter()
            .map(|index| column(*index))
            .collect::<Vec<_>>();
        let order_by = call
            .order_by
            .iter()
            .map(|order| column(order.index))
            .collect::<Vec<_>>();
        let Some(index) = call.filter else {
            return Ok(Self {
                arguments,
                order_by,
                filtered: None,
            });
        };
        let mask = rows.columns.column(index).as_boolean_opt();
        let mask = mask.ok_or_else(|| Error::Bug(format!("filter column #{index} is not boolean")))?;
        let kept = || (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row));
        let filter_all = |columns: Vec<ArrayRef>| {
            columns
                .iter()
                .map(|column| filter(column, mask))
                .collect::<Result<Vec<_>, _>>()
        };
        let filtered = Filtered {
            mask: mask.clone(),
            groups: kept().map(|row| groups[row]).collect(),
            kinds: rows.kinds.map(|kinds| kept().map(|row| kinds[row]).collect()),
            arrivals: kept().filter_map(|row| rows.arrivals.get(row).copied()).collect(),
        };
        Ok(Self {
            arguments: filter_all(arguments)?,
            order_by: filter_all(order_by)?,
            filtered: Some(filtered),
        })
    }

    /// As the aggregate takes them.
    pub fn rows<'a>(&'a self, all: Rows<'a>) -> AggregateRows<'a> {
        let (kinds, arrivals) = match &self.filtered {
            None => (all.kinds, all.arrivals),
            Some(filtered) => (filtered.kinds.as_deref(), filtered.arrivals.as_slice()),
        };
        AggregateRows {
            arguments: &self.arguments,
            order_by: &self.order_by,
            kinds,
            arrivals,
        }
    }

    /// The group of each.
    pub fn groups<'a>(&'a self, all: &'a [Group]) -> &'a [Group] {
        self.filtered.as_ref().map_or(all, |filtered| &filtered.groups)
    }

    /// Whether each row of the batch passes the call's filter; `None` without a filter.
    pub fn mask(&self) -> Option<impl Iterator<Item = bool> + '_> {
        let mask = &self.filtered.as_ref()?.mask;
        Some((0..mask.len()).map(|row| mask.is_valid(row) && mask.value(row)))
    }
}
