//! One column, ready to write its cells.

use arrow::array::cast::AsArray;
use arrow::array::types::*;
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::decimal::{write_decimal, write_decimal256, write_integer};
use super::float::write_float;
use super::interval::write_interval;
use super::nested::{ObjectFields, object_fields, write_list, write_map, write_object};
use super::rows::is_json;
use super::text::{one_line, write_string};
use crate::error::{Error, Result};
use crate::time::iso::{units_per_second, write_date, write_time, write_timestamp};

/// A column whose cells can be written, each by its row.
pub struct Cell<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

/// The column by its type.
enum Values<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    UInt8(&'a UInt8Array),
    UInt16(&'a UInt16Array),
    UInt32(&'a UInt32Array),
    UInt64(&'a UInt64Array),
    Float16(&'a Float16Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal32(&'a Decimal32Array, i8),
    Decimal64(&'a Decimal64Array, i8),
    Decimal128(&'a Decimal128Array, i8),
    Decimal256(&'a Decimal256Array, i8),
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    Json(Box<Cell<'a>>),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    FixedSizeBinary(&'a FixedSizeBinaryArray),
    Date32(&'a Date32Array),
    Date64(&'a Date64Array),
    Time32(&'a [i32], TimeUnit),
    Time64(&'a [i64], TimeUnit),
    Timestamp(&'a [i64], TimeUnit),
    Duration(&'a [i64], TimeUnit),
    YearMonth(&'a IntervalYearMonthArray),
    DayTime(&'a IntervalDayTimeArray),
    MonthDayNano(&'a IntervalMonthDayNanoArray),
    List(&'a [i32], Box<Cell<'a>>),
    LargeList(&'a [i64], Box<Cell<'a>>),
    FixedSizeList(usize, Box<Cell<'a>>),
    Map(&'a [i32], Box<Cell<'a>>, Box<Cell<'a>>),
    Struct(ObjectFields<'a>),
    Dictionary(Vec<usize>, Box<Cell<'a>>),
}

impl<'a> Cell<'a> {
    /// The cells of a column.
    ///
    /// **Errors** The column's type is none of the language's.
    pub fn new(array: &'a dyn Array, field: &Field) -> Result<Self> {
        let values = Values::new(array, field)?;
        let values = if is_json(field) {
            Values::Json(Box::new(Cell { nulls: None, values }))
        } else {
            values
        };
        Ok(Self {
            nulls: array.nulls().filter(|nulls| nulls.null_count() > 0),
            values,
        })
    }

    /// Whether the cell is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        match &self.values {
            Values::Null => true,
            Values::Dictionary(keys, values) => self.is_masked(row) || values.is_null(keys[row]),
            _ => self.is_masked(row),
        }
    }

    fn is_masked(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the cell as JSON.
    pub fn write_json(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"null");
        }
        match &self.values {
            Values::Utf8(array) => write_string(array.value(row), out),
            Values::LargeUtf8(array) => write_string(array.value(row), out),
            Values::Utf8View(array) => write_string(array.value(row), out),
            Values::Dictionary(keys, values) => values.write_json(keys[row], out),
            Values::Float16(array) => write_float(array.value(row).to_f32(), true, out),
            Values::Float32(array) => write_float(array.value(row), true, out),
            Values::Float64(array) => write_float(array.value(row), true, out),
            values if values.is_quoted() => {
                out.push(b'"');
                values.write(row, out);
                out.push(b'"');
            }
            values => values.write(row, out),
        }
    }

    /// Appends the cell as bare text: without quotes and escapes, lists and structs as JSON. NULL is nothing.
    pub fn write_text(&self, row: usize, out: &mut Vec<u8>) {
        if !self.is_null(row) {
            self.values.write(row, out);
        }
    }
}

impl<'a> Values<'a> {
    fn new(array: &'a dyn Array, field: &Field) -> Result<Self> {
        let child = |array: &'a dyn Array, field: &Field| Cell::new(array, field).map(Box::new);
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float16 => Self::Float16(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Decimal32(_, scale) => Self::Decimal32(array.as_primitive(), *scale),
            DataType::Decimal64(_, scale) => Self::Decimal64(array.as_primitive(), *scale),
            DataType::Decimal128(_, scale) => Self::Decimal128(array.as_primitive(), *scale),
            DataType::Decimal256(_, scale) => Self::Decimal256(array.as_primitive(), *scale),
            DataType::Utf8 => Self::Utf8(array.as_string()),
            DataType::LargeUtf8 => Self::LargeUtf8(array.as_string()),
            DataType::Utf8View => Self::Utf8View(array.as_string_view()),
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Self::FixedSizeBinary(array.as_fixed_size_binary()),
            DataType::Date32 => Self::Date32(array.as_primitive()),
            DataType::Date64 => Self::Date64(array.as_primitive()),
            DataType::Time32(unit @ TimeUnit::Second) => {
                Self::Time32(array.as_primitive::<Time32SecondType>().values(), *unit)
            }
            DataType::Time32(unit) => {
                Self::Time32(array.as_primitive::<Time32MillisecondType>().values(), *unit)
            }
            DataType::Time64(unit @ TimeUnit::Microsecond) => {
                Self::Time64(array.as_primitive::<Time64MicrosecondType>().values(), *unit)
            }
            DataType::Time64(unit) => {
                Self::Time64(array.as_primitive::<Time64NanosecondType>().values(), *unit)
            }
            DataType::Timestamp(unit, _) => {
                let values = match unit {
                    TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
                    TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
                    TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
                    TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
                };
                Self::Timestamp(values, *unit)
            }
            DataType::Duration(unit) => {
                let values = match unit {
                    TimeUnit::Second => array.as_primitive::<DurationSecondType>().values(),
                    TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().values(),
                    TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().values(),
                    TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().values(),
                };
                Self::Duration(values, *unit)
            }
            DataType::Interval(IntervalUnit::YearMonth) => Self::YearMonth(array.as_primitive()),
            DataType::Interval(IntervalUnit::DayTime) => Self::DayTime(array.as_primitive()),
            DataType::Interval(IntervalUnit::MonthDayNano) => Self::MonthDayNano(array.as_primitive()),
            DataType::List(item) => {
                let list = array.as_list::<i32>();
                Self::List(list.value_offsets(), child(list.values(), item)?)
            }
            DataType::LargeList(item) => {
                let list = array.as_list::<i64>();
                Self::LargeList(list.value_offsets(), child(list.values(), item)?)
            }
            DataType::FixedSizeList(item, size) => {
                let list = array.as_fixed_size_list();
                Self::FixedSizeList(usize::try_from(*size).unwrap_or(0), child(list.values(), item)?)
            }
            DataType::Map(entries, _) => {
                let map = array.as_map();
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(unsupported(field));
                };
                let [key, value] = &fields[..] else {
                    return Err(unsupported(field));
                };
                Self::Map(
                    map.value_offsets(),
                    child(map.keys(), key)?,
                    child(map.values(), value)?,
                )
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns().iter();
                Self::Struct(object_fields(columns.zip(fields.iter().map(|field| &**field)))?)
            }
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                if dictionary.values().is_empty() {
                    return Ok(Self::Null);
                }
                let values = dictionary.values();
                let item = Field::new(field.name(), values.data_type().clone(), true);
                Self::Dictionary(dictionary.normalized_keys(), child(values, &item)?)
            }
            _ => return Err(unsupported(field)),
        })
    }

    /// Whether JSON puts the text between quotes; it needs no escapes then.
    fn is_quoted(&self) -> bool {
        self.is_bytes() || self.is_moment() || self.is_length_of_time()
    }

    fn is_bytes(&self) -> bool {
        matches!(
            self,
            Self::Binary(_) | Self::LargeBinary(_) | Self::BinaryView(_) | Self::FixedSizeBinary(_)
        )
    }

    fn is_moment(&self) -> bool {
        matches!(
            self,
            Self::Date32(_) | Self::Date64(_) | Self::Time32(..) | Self::Time64(..) | Self::Timestamp(..)
        )
    }

    fn is_length_of_time(&self) -> bool {
        matches!(
            self,
            Self::Duration(..) | Self::YearMonth(_) | Self::DayTime(_) | Self::MonthDayNano(_)
        )
    }

    /// Appends a cell that is not NULL, without quotes.
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Boolean(array) => out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }),
            Self::Int8(array) => write_integer(array.value(row), out),
            Self::Int16(array) => write_integer(array.value(row), out),
            Self::Int32(array) => write_integer(array.value(row), out),
            Self::Int64(array) => write_integer(array.value(row), out),
            Self::UInt8(array) => write_integer(array.value(row), out),
            Self::UInt16(array) => write_integer(array.value(row), out),
            Self::UInt32(array) => write_integer(array.value(row), out),
            Self::UInt64(array) => write_integer(array.value(row), out),
            Self::Float16(array) => write_float(array.value(row).to_f32(), false, out),
            Self::Float32(array) => write_float(array.value(row), false, out),
            Self::Float64(array) => write_float(array.value(row), false, out),
            Self::Decimal32(array, scale) => write_decimal(array.value(row).into(), *scale, out),
            Self::Decimal64(array, scale) => write_decimal(array.value(row).into(), *scale, out),
            Self::Decimal128(array, scale) => write_decimal(array.value(row), *scale, out),
            Self::Decimal256(array, scale) => write_decimal256(array.value(row), *scale, out),
            Self::Utf8(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::LargeUtf8(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::Utf8View(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::Json(text) => {
                let start = out.len();
                text.values.write(row, out);
                one_line(&mut out[start..]);
            }
            Self::Binary(array) => write_base64(array.value(row), out),
            Self::LargeBinary(array) => write_base64(array.value(row), out),
            Self::BinaryView(array) => write_base64(array.value(row), out),
            Self::FixedSizeBinary(array) => write_base64(array.value(row), out),
            Self::Date32(array) => write_date(i64::from(array.value(row)), out),
            Self::Date64(array) => write_date(array.value(row).div_euclid(86_400_000), out),
            Self::Time32(values, unit) => write_time(i64::from(values[row]), *unit, out),
            Self::Time64(values, unit) => write_time(values[row], *unit, out),
            Self::Timestamp(values, unit) => write_timestamp(values[row], *unit, out),
            Self::Duration(values, unit) => {
                let nanos_per_unit = 1_000_000_000 / units_per_second(*unit);
                write_interval(0, 0, i128::from(values[row]) * i128::from(nanos_per_unit), out);
            }
            Self::YearMonth(array) => write_interval(i64::from(array.value(row)), 0, 0, out),
            Self::DayTime(array) => {
                let value = array.value(row);
                write_interval(
                    0,
                    i64::from(value.days),
                    i128::from(value.milliseconds) * 1_000_000,
                    out,
                );
            }
            Self::MonthDayNano(array) => {
                let value = array.value(row);
                write_interval(
                    i64::from(value.months),
                    i64::from(value.days),
                    i128::from(value.nanoseconds),
                    out,
                );
            }
            Self::List(offsets, item) => {
                write_list(offsets[row] as usize..offsets[row + 1] as usize, item, out)
            }
            Self::LargeList(offsets, item) => {
                write_list(offsets[row] as usize..offsets[row + 1] as usize, item, out)
            }
            Self::FixedSizeList(size, item) => write_list(row * size..(row + 1) * size, item, out),
            Self::Map(offsets, keys, values) => {
                write_map(
                    offsets[row] as usize..offsets[row + 1] as usize,
                    keys,
                    values,
                    out,
                );
            }
            Self::Struct(cells) => write_object(cells, row, out),
            Self::Dictionary(keys, values) => values.write_text(keys[row], out),
        }
    }
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The space is exactly what padded base64 takes.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

fn unsupported(field: &Field) -> Error {
    Error::Columns(format!(
        "column `{}`: {} cannot be written as text",
        field.name(),
        field.data_type()
    ))
}
