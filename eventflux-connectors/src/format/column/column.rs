//! One column under construction.

use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use eventflux_core::batch::json::is_json;

use super::nulls::Nulls;
use super::values::Values;
use super::{Misfit, sql_name};
use crate::format::scalar::UnitFactor;

/// How text and numbers become values, where there is a choice.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRules {
    /// The unit of numbers that stand for timestamps and times of day.
    pub timestamp_unit: TimeUnit,
}

/// A column under construction.
///
/// **Invariants** Between two rows, `values` and `nulls` hold as many as there are rows.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name, type and nullability.
    pub field: FieldRef,
    /// How values are read.
    pub rules: ColumnRules,
    /// From numbers that stand for time to the column's unit.
    pub number_factor: UnitFactor,
    /// The values; any value where it is NULL.
    pub values: Values,
    pub(super) nulls: Nulls,
}

impl Column {
    /// An empty column.
    ///
    /// **Errors** Its type cannot be decoded.
    pub fn new(field: &FieldRef, rules: ColumnRules) -> Result<Self, String> {
        let values = Values::new(field.data_type(), is_json(field), rules)?;
        Ok(Self::of(field, rules, values))
    }

    /// A column of these values, of the field's type, of which there are none yet.
    pub fn of(field: &FieldRef, rules: ColumnRules, values: Values) -> Self {
        let unit = match field.data_type() {
            DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => *unit,
            _ => rules.timestamp_unit,
        };
        let number_factor = UnitFactor::between(rules.timestamp_unit, unit);
        Self {
            field: FieldRef::clone(field),
            rules,
            number_factor,
            values,
            nulls: Nulls::default(),
        }
    }

    /// Counts the value that was appended to `values` as one that is not NULL.
    #[inline]
    pub fn end_value(&mut self) {
        self.nulls.push_valid();
    }

    /// Appends a NULL.
    ///
    /// **Errors** The column is NOT NULL.
    pub fn push_null(&mut self) -> Result<(), Misfit> {
        if !self.field.is_nullable() {
            return Err(Misfit::null());
        }
        self.push_blank();
        self.nulls.push_null();
        Ok(())
    }

    /// Appends the value that stands where there is NULL; children of a missing struct may break NOT NULL by it.
    fn push_blank(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(false),
            Values::Int8(values) => values.push(0),
            Values::Int16(values) => values.push(0),
            Values::Int32(values) | Values::Date(values) => values.push(0),
            Values::Int64(values) | Values::Time(values, _) | Values::Timestamp(values, _) => values.push(0),
            Values::UInt8(values) => values.push(0),
            Values::UInt16(values) => values.push(0),
            Values::UInt32(values) => values.push(0),
            Values::UInt64(values) => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal(values, ..) => values.push(0),
            Values::String(text) | Values::Json(text) | Values::Binary(text) => {
                text.offsets.extend_from_within(text.len()..)
            }
            Values::List(ends, _) | Values::Map(ends, _, _) => ends.extend_from_within(ends.len() - 1..),
            Values::Struct(count, columns) => {
                *count += 1;
                for column in columns {
                    column.push_blank();
                    match column.field.is_nullable() {
                        true => column.nulls.push_null(),
                        false => column.nulls.push_valid(),
                    }
                }
            }
        }
    }

    /// Takes off all but the first values, an unfinished one included.
    pub fn truncate(&mut self, length: usize) {
        self.nulls.truncate(length);
        match &mut self.values {
            Values::Boolean(values) => values.truncate(length),
            Values::Int8(values) => values.truncate(length),
            Values::Int16(values) => values.truncate(length),
            Values::Int32(values) | Values::Date(values) => values.truncate(length),
            Values::Int64(values) | Values::Time(values, _) | Values::Timestamp(values, _) => {
                values.truncate(length)
            }
            Values::UInt8(values) => values.truncate(length),
            Values::UInt16(values) => values.truncate(length),
            Values::UInt32(values) => values.truncate(length),
            Values::UInt64(values) => values.truncate(length),
            Values::Float32(values) => values.truncate(length),
            Values::Float64(values) => values.truncate(length),
            Values::Decimal(values, ..) => values.truncate(length),
            Values::String(text) | Values::Json(text) | Values::Binary(text) => text.truncate(length),
            Values::List(ends, item) => {
                ends.truncate(length + 1);
                item.truncate(last_end(ends));
            }
            Values::Map(ends, keys, values) => {
                ends.truncate(length + 1);
                keys.truncate(last_end(ends));
                values.truncate(last_end(ends));
            }
            Values::Struct(count, columns) => {
                *count = (*count).min(length);
                columns.iter_mut().for_each(|column| column.truncate(length));
            }
        }
    }

    /// Values so far, one that is not counted yet included.
    pub fn len(&self) -> usize {
        self.nulls.len()
    }

    /// The reason for a value that is none of the column's type.
    #[cold]
    pub fn misfit(&self, text: &[u8]) -> Misfit {
        match &self.values {
            Values::Json(_) => Misfit::not_a(text, "JSON"),
            Values::Binary(_) => Misfit::not_a(text, "BINARY (base64)"),
            _ => Misfit::not_a(text, &sql_name(self.field.data_type())),
        }
    }
}

fn last_end(ends: &[i32]) -> usize {
    ends.last().map_or(0, |end| *end as usize)
}
