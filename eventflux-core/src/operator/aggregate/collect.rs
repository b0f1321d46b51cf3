//! `array_agg`, `string_agg`, `first_value`, `last_value`, `any_value`, `nth_value`: what depends on the order of rows.
//!
//! Rows are kept in the order of the call's ORDER BY, then of arrival. With DISTINCT equal values are kept once, in the
//! order of the ORDER BY or else of the values. A row that is taken back takes the first kept row with the same order and
//! value with it.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, LargeStringArray, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use super::function::Function;
use super::multiset::Multiset;
use super::stored::{Stored, write_delimited};
use super::value::first_argument;
use super::{AggregateRows, Evaluated};
use crate::error::{Error, Result};
use crate::key::{KeyBytes, KeyDecoder, write_sortable};
use crate::plan::SortColumn;

/// A kept row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The ORDER BY's values as bytes that sort; empty without one.
    order: Box<[u8]>,
    /// When it arrived; 0 with DISTINCT.
    arrival: u64,
    /// The value as exact bytes.
    value: Box<[u8]>,
}

/// What becomes of the kept rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All as an array.
    Array,
    /// All as one string, with this between them.
    String(String),
    /// The one at this place, counted from the front.
    FromFront(usize),
    /// The one at this place, counted from the back.
    FromBack(usize),
}

/// How rows are kept.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) order_by: Vec<SortColumn>,
    pub(super) is_distinct: bool,
    pub(super) skips_nulls: bool,
    pub(super) input: DataType,
}

/// The rows of a batch as they are kept.
pub(super) struct RowColumn {
    values: KeyBytes,
    orders: Vec<Box<[u8]>>,
    arrivals: Vec<u64>,
    nulls: Option<NullBuffer>,
}

impl Keeping {
    fn column(&self, rows: &AggregateRows<'_>) -> Result<RowColumn> {
        let argument = first_argument(rows.arguments)?;
        let mut values = KeyBytes::default();
        values.fill_exact(std::slice::from_ref(argument), argument.len())?;
        let nulls = if self.skips_nulls {
            argument.logical_nulls()
        } else {
            None
        };
        let mut orders = Vec::new();
        if !self.order_by.is_empty() || self.is_distinct {
            let by_value = [SortColumn {
                index: 0,
                descending: false,
                nulls_first: false,
            }];
            let (columns, sorts) = match self.order_by.is_empty() {
                true => (std::slice::from_ref(argument), &by_value[..]),
                false => (rows.order_by, self.order_by.as_slice()),
            };
            let mut keys = KeyBytes::default();
            keys.fill_columns(columns, argument.len())?;
            orders = (0..argument.len())
                .map(|row| sortable(keys.row(row), sorts))
                .collect();
        }
        if !self.is_distinct && rows.arrivals.len() != argument.len() {
            return Err(Error::Bug("rows without arrival numbers".into()));
        }
        Ok(RowColumn {
            values,
            orders,
            arrivals: rows.arrivals.to_vec(),
            nulls,
        })
    }
}

fn sortable(mut key: &[u8], sorts: &[SortColumn]) -> Box<[u8]> {
    let mut out = Vec::with_capacity(key.len() + sorts.len());
    for sort in sorts {
        write_sortable(&mut key, sort.descending, sort.nulls_first, &mut out);
    }
    out.into()
}

impl RowColumn {
    fn is_skipped(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    fn order(&self, row: usize) -> &[u8] {
        self.orders.get(row).map_or(&[], AsRef::as_ref)
    }

    fn row(&self, row: usize, is_distinct: bool) -> Row {
        Row {
            order: self.order(row).into(),
            arrival: if is_distinct { 0 } else { self.arrivals[row] },
            value: self.values.row(row).into(),
        }
    }
}

/// Keeps all rows.
pub(super) struct Collect {
    pub(super) keeping: Keeping,
    pub(super) outcome: Outcome,
    pub(super) output: DataType,
}

/// What a group gives: its values, in order; nothing if it has none.
pub(super) type Values = Option<Vec<Box<[u8]>>>;

impl Function for Collect {
    type State = Multiset<Row>;
    type Column<'a> = RowColumn;
    type Value = Values;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<RowColumn> {
        self.keeping.column(rows)
    }

    fn add(&self, state: &mut Self::State, column: &RowColumn, row: usize) {
        if !column.is_skipped(row) {
            state.change(column.row(row, self.keeping.is_distinct), 1);
        }
    }

    fn subtract(&self, state: &mut Self::State, column: &RowColumn, row: usize) {
        if column.is_skipped(row) {
            return;
        }
        if self.keeping.is_distinct {
            state.change(column.row(row, true), -1);
            return;
        }
        let from = Row {
            order: column.order(row).into(),
            arrival: 0,
            value: Box::default(),
        };
        let value = column.values.row(row);
        let same_order = state
            .raw()
            .range(from..)
            .take_while(|(kept, _)| *kept.order == *column.order(row));
        let kept = same_order
            .map(|(kept, _)| kept)
            .find(|kept| *kept.value == *value)
            .cloned();
        if let Some(kept) = kept {
            state.change(kept, -1);
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        state.merge(other);
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Values {
        let mut rows = state.iter().map(|(row, _)| &row.value);
        match self.outcome {
            Outcome::Array | Outcome::String(_) => {
                let values = rows.cloned().collect::<Vec<_>>();
                if values.is_empty() { None } else { Some(values) }
            }
            Outcome::FromFront(place) => rows.nth(place).map(|value| vec![value.clone()]),
            Outcome::FromBack(place) => rows.nth_back(place).map(|value| vec![value.clone()]),
        }
    }

    fn finish(&self, values: Vec<Values>) -> Result<Evaluated> {
        let array = match &self.outcome {
            Outcome::Array => self.arrays(values)?,
            Outcome::String(separator) => strings(&values, separator)?,
            Outcome::FromFront(_) | Outcome::FromBack(_) => {
                let single = values
                    .into_iter()
                    .map(|values| values.and_then(|mut values| values.pop()));
                one_each(single, &self.keeping.input)?
            }
        };
        if *array.data_type() == self.output {
            return Ok(Evaluated::fits(array));
        }
        Ok(Evaluated::fits(cast(&array, &self.output)?))
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.encode(out, encode_row);
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Multiset::decode(input, decode_row)
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.heap_bytes(|row| row.order.len() + row.value.len())
    }
}

impl Collect {
    fn arrays(&self, values: Vec<Values>) -> Result<ArrayRef> {
        let mut decoder = KeyDecoder::new([&self.keeping.input])?;
        let lengths = values
            .iter()
            .map(|values| values.as_ref().map_or(0, Vec::len))
            .collect::<Vec<_>>();
        if i32::try_from(lengths.iter().sum::<usize>()).is_err() {
            return Err(Error::Columns(
                "arrays of more than 2^31 elements in a batch".into(),
            ));
        }
        for value in values.iter().flatten().flatten() {
            decoder.push(value)?;
        }
        let elements = decoder.finish()?.remove(0);
        let field = match &self.output {
            DataType::List(field) => field.clone(),
            _ => Arc::new(Field::new_list_field(self.keeping.input.clone(), true)),
        };
        let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            field,
            offsets,
            elements,
            Some(nulls).filter(|nulls| nulls.null_count() > 0),
        )?))
    }
}

fn one_each(values: impl Iterator<Item = Option<Box<[u8]>>>, data_type: &DataType) -> Result<ArrayRef> {
    let mut decoder = KeyDecoder::new([data_type])?;
    for value in values {
        match value {
            Some(value) => decoder.push(&value)?,
            None => decoder.push_null(),
        }
    }
    Ok(decoder.finish()?.remove(0))
}

fn strings(values: &[Values], separator: &str) -> Result<ArrayRef> {
    let joined = values.iter().map(|values| -> Result<Option<String>> {
        let Some(values) = values else { return Ok(None) };
        let mut joined = String::new();
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                joined.push_str(separator);
            }
            let mut input = Stored::new(&value[1..]);
            let text = std::str::from_utf8(input.delimited()?);
            joined.push_str(text.map_err(|_| Error::Bug("a stored string is not UTF-8".into()))?);
        }
        Ok(Some(joined))
    });
    Ok(Arc::new(joined.collect::<Result<LargeStringArray>>()?))
}

fn encode_row(row: &Row, out: &mut Vec<u8>) {
    write_delimited(&row.order, out);
    out.extend_from_slice(&row.arrival.to_be_bytes());
    write_delimited(&row.value, out);
}

fn decode_row(input: &mut Stored<'_>) -> Result<Row> {
    Ok(Row {
        order: input.delimited()?.into(),
        arrival: input.u64()?,
        value: input.delimited()?.into(),
    })
}

/// `first_value`, `last_value` and `any_value` of rows that are never taken back: one row is kept.
pub(super) struct Pick {
    pub(super) keeping: Keeping,
    pub(super) is_last: bool,
    pub(super) output: DataType,
}

impl Pick {
    /// Whether a row at this order and arrival takes the place of the kept one.
    fn replaces(&self, order: &[u8], arrival: u64, kept: &Row) -> bool {
        let ordering = (order, arrival).cmp(&(&kept.order, kept.arrival));
        ordering
            == if self.is_last {
                Ordering::Greater
            } else {
                Ordering::Less
            }
    }
}

impl Function for Pick {
    type State = Option<Row>;
    type Column<'a> = RowColumn;
    type Value = Option<Box<[u8]>>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<RowColumn> {
        self.keeping.column(rows)
    }

    fn add(&self, state: &mut Self::State, column: &RowColumn, row: usize) {
        if column.is_skipped(row) {
            return;
        }
        let arrival = column.arrivals[row];
        if state
            .as_ref()
            .is_none_or(|kept| self.replaces(column.order(row), arrival, kept))
        {
            *state = Some(column.row(row, false));
        }
    }

    /// Never called: [`super::build_aggregate`] takes another form where rows are taken back.
    fn subtract(&self, _state: &mut Self::State, _column: &RowColumn, _row: usize) {
        debug_assert!(false, "a row is taken from an append-only aggregate");
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        if let Some(other) = other
            && state
                .as_ref()
                .is_none_or(|kept| self.replaces(&other.order, other.arrival, kept))
        {
            *state = Some(other.clone());
        }
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        state.as_ref().map(|row| row.value.clone())
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        let array = one_each(values.into_iter(), &self.keeping.input)?;
        if *array.data_type() == self.output {
            return Ok(Evaluated::fits(array));
        }
        Ok(Evaluated::fits(cast(&array, &self.output)?))
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        out.push(u8::from(state.is_some()));
        if let Some(row) = state {
            encode_row(row, out);
        }
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Ok(if input.u8()? == 0 {
            None
        } else {
            Some(decode_row(input)?)
        })
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, |row| row.order.len() + row.value.len())
    }
}
