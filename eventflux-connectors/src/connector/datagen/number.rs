//! Types whose values are whole numbers of something: integers, decimals, dates, times, timestamps.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::*;
use eventflux_core::Result;
use eventflux_core::time::calendar::days_from_civil;
use eventflux_core::time::iso::units_per_second;

const DAY_SECONDS: i64 = 86_400;

/// The first and the last day of made-up times.
fn first_and_last_day() -> (i64, i64) {
    (days_from_civil(2024, 1, 1), days_from_civil(2024, 12, 31))
}

/// A type whose values are counted in units: ones, hundredths, days, microseconds.
#[derive(Debug, Clone)]
pub struct NumberType {
    data_type: DataType,
    /// The least and the greatest value that the type can hold, as far as 64 bits go.
    bounds: (i64, i64),
}

impl NumberType {
    /// The type, if it is one of these.
    pub fn new(data_type: &DataType) -> Option<Self> {
        let bounds = match data_type {
            DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
            DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
            DataType::Int64 | DataType::Timestamp(..) => (i64::MIN, i64::MAX),
            DataType::UInt8 => (0, u8::MAX.into()),
            DataType::UInt16 => (0, u16::MAX.into()),
            DataType::UInt32 => (0, u32::MAX.into()),
            DataType::UInt64 => (0, i64::MAX),
            // Ten thousand years either way, so that what is made can be printed.
            DataType::Date32 => (days_from_civil(-9999, 1, 1), days_from_civil(9999, 12, 31)),
            DataType::Time32(unit) | DataType::Time64(unit) => (0, DAY_SECONDS * units_per_second(*unit) - 1),
            DataType::Decimal128(precision, _) => {
                let most = 10i64.checked_pow(u32::from(*precision)).unwrap_or(i64::MAX) - 1;
                (-most, most)
            }
            _ => return None,
        };
        Some(Self {
            data_type: data_type.clone(),
            bounds,
        })
    }

    /// The least and the greatest value that the type can hold.
    pub fn bounds(&self) -> (i64, i64) {
        self.bounds
    }

    /// Whether values follow each other by default.
    pub fn is_timestamp(&self) -> bool {
        matches!(self.data_type, DataType::Timestamp(..))
    }

    /// Where random values lie by default; sequences begin with the first of it.
    pub fn usual_range(&self) -> (i64, i64) {
        let (first_day, last_day) = first_and_last_day();
        let range = match &self.data_type {
            DataType::Date32 => (first_day, last_day),
            DataType::Time32(_) | DataType::Time64(_) => self.bounds,
            DataType::Timestamp(unit, _) => {
                let per_day = DAY_SECONDS * units_per_second(*unit);
                (first_day * per_day, (last_day + 1) * per_day - 1)
            }
            DataType::Decimal128(_, scale) => (
                0,
                10i64
                    .saturating_pow((*scale).max(0).unsigned_abs().into())
                    .saturating_mul(1000),
            ),
            _ => (0, 1000),
        };
        (range.0, range.1.min(self.bounds.1))
    }

    /// From one value of a sequence to the next by default; timestamps follow at this rate.
    pub fn usual_step(&self, rows_per_second: Option<f64>) -> i64 {
        match &self.data_type {
            DataType::Time32(unit) | DataType::Time64(unit) => units_per_second(*unit),
            DataType::Timestamp(unit, _) => {
                let per_second = units_per_second(*unit) as f64;
                ((per_second / rows_per_second.unwrap_or(1000.0)) as i64).max(1)
            }
            DataType::Decimal128(_, scale) => 10i64.saturating_pow((*scale).max(0).unsigned_abs().into()),
            _ => 1,
        }
    }

    /// Reads a value.
    pub fn parse(&self, text: &str) -> Result<i64, String> {
        let wrong = || format!("`{text}` is no value of type {}", self.data_type);
        let options = CastOptions {
            safe: false,
            ..Default::default()
        };
        let parsed = cast_with_options(&StringArray::from(vec![text.trim()]), &self.data_type, &options);
        let parsed = parsed.map_err(|_| wrong())?;
        let value = match &self.data_type {
            DataType::Decimal128(..) => i64::try_from(parsed.as_primitive::<Decimal128Type>().value(0)).ok(),
            DataType::Date32 => Some(parsed.as_primitive::<Date32Type>().value(0).into()),
            DataType::Time32(TimeUnit::Second) => {
                Some(parsed.as_primitive::<Time32SecondType>().value(0).into())
            }
            DataType::Time32(_) => Some(parsed.as_primitive::<Time32MillisecondType>().value(0).into()),
            _ => cast(&parsed, &DataType::Int64)
                .ok()
                .filter(|value| value.is_valid(0))
                .map(|value| value.as_primitive::<Int64Type>().value(0)),
        };
        value.ok_or_else(wrong)
    }

    /// Reads a step: a duration for dates, times and timestamps, else a value.
    pub fn parse_step(&self, text: &str) -> Result<i64, String> {
        let per_second = match &self.data_type {
            DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _) => {
                units_per_second(*unit)
            }
            DataType::Date32 => 0,
            _ => return self.parse(text),
        };
        let duration = <Duration as eventflux_core::connector::OptionValue>::parse(text)?;
        let units = match per_second {
            0 => duration.as_secs_f64() / DAY_SECONDS as f64,
            per_second => duration.as_secs_f64() * per_second as f64,
        };
        match units.round() as i64 {
            0 => Err(format!(
                "`{text}` is less than one unit of type {}",
                self.data_type
            )),
            units => Ok(units),
        }
    }

    /// A column of these values.
    pub fn array(&self, values: Vec<i64>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        Ok(match &self.data_type {
            DataType::Int8 => Arc::new(primitive::<Int8Type>(values, nulls, |value| value as _)),
            DataType::Int16 => Arc::new(primitive::<Int16Type>(values, nulls, |value| value as _)),
            DataType::Int32 => Arc::new(primitive::<Int32Type>(values, nulls, |value| value as _)),
            DataType::UInt8 => Arc::new(primitive::<UInt8Type>(values, nulls, |value| value as _)),
            DataType::UInt16 => Arc::new(primitive::<UInt16Type>(values, nulls, |value| value as _)),
            DataType::UInt32 => Arc::new(primitive::<UInt32Type>(values, nulls, |value| value as _)),
            DataType::UInt64 => Arc::new(primitive::<UInt64Type>(values, nulls, |value| value as _)),
            DataType::Date32 => Arc::new(primitive::<Date32Type>(values, nulls, |value| value as _)),
            DataType::Time32(TimeUnit::Second) => {
                Arc::new(primitive::<Time32SecondType>(values, nulls, |value| value as _))
            }
            DataType::Time32(_) => Arc::new(primitive::<Time32MillisecondType>(values, nulls, |value| {
                value as _
            })),
            DataType::Decimal128(precision, scale) => {
                let array = primitive::<Decimal128Type>(values, nulls, i128::from);
                Arc::new(array.with_precision_and_scale(*precision, *scale)?)
            }
            // The others hold 64 bits, whatever they mean.
            _ => cast(&Int64Array::new(values.into(), nulls), &self.data_type)?,
        })
    }
}

type Int64Array = PrimitiveArray<Int64Type>;

fn primitive<T: ArrowPrimitiveType>(
    values: Vec<i64>,
    nulls: Option<NullBuffer>,
    convert: impl Fn(i64) -> T::Native,
) -> PrimitiveArray<T> {
    let values: Vec<T::Native> = values.into_iter().map(convert).collect();
    PrimitiveArray::new(values.into(), nulls)
}
