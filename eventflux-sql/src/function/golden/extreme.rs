//! Values at the edges of their types, chosen by chance that is the same each time.

use arrow::array::types::{IntervalMonthDayNano, IntervalMonthDayNanoType};
use arrow::datatypes::{DataType, IntervalUnit};
use datafusion_common::ScalarValue;

const INTEGERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    3,
    -2,
    7,
    64,
    255,
    1_000,
    65_536,
    1_000_000_000,
    i32::MAX as i64,
    i32::MIN as i64,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    1_700_000_000_000_000,
];

const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    2.5,
    1e-300,
    5e-324,
    1e18,
    9.3e18,
    -1e19,
    1e308,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "abc",
    "foobar",
    "é😀b",
    "\u{0}",
    "(",
    "[a-z]+",
    "(a*)*b",
    "((a{30}){30}){30}",
    r"\1",
    r"\",
    "%",
    "a%_",
    "a,b,,c",
    "{a,0}",
    "$.a[0]",
    r#"{"a": [1, null]}"#,
    "[1]",
    "null",
    "hex",
    "base64",
    "md5",
    "g",
    "i",
    "DESC",
    "NULLS LAST",
    "YYYY-MM-DD",
    "HH24:MI\"x",
    "FMMonth",
    "%Y-%m-%d",
    "2024-02-29",
    "2024-02-29 23:59:59.999999",
    "9999999-01-01",
    "25:00",
    "day",
    "epoch",
    "millennium",
    "NaN",
    "-1",
    "1e400",
    "99999999999999999999",
    "true",
    "UTC",
    "Europe/Paris",
];

/// Chance from a seed.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// A value of a type, now and then NULL; the value given if there are no others of its type.
    pub(super) fn value(&mut self, given: &ScalarValue) -> ScalarValue {
        let data_type = given.data_type();
        if self.below(8) == 0 {
            return ScalarValue::try_from(&data_type).unwrap();
        }
        let integer = ScalarValue::Int64(Some(self.of(INTEGERS)));
        let value = match &data_type {
            DataType::Utf8 => return ScalarValue::from(self.text()),
            DataType::Binary => return ScalarValue::Binary(Some(self.text().into_bytes())),
            DataType::Boolean => return ScalarValue::from(self.below(2) == 0),
            DataType::Float32 | DataType::Float64 => {
                ScalarValue::Float64(Some(self.of(FLOATS))).cast_to(&data_type)
            }
            DataType::Decimal128(precision, scale) => {
                let largest = 10i128.pow(u32::from(*precision)) - 1;
                let units = self.of(&[0, 1, -1, largest, -largest, largest / 3]);
                return ScalarValue::Decimal128(Some(units), *precision, *scale);
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => return self.interval(),
            DataType::Time64(_) => {
                ScalarValue::Int64(Some(self.of(&[0, 1, 86_399_999_999, 43_200_000_000]))).cast_to(&data_type)
            }
            DataType::Date32 => ScalarValue::Int64(Some(self.of(INTEGERS)))
                .cast_to(&DataType::Int32)
                .and_then(|days| days.cast_to(&data_type)),
            data_type if data_type.is_integer() || data_type.is_temporal() => integer.cast_to(data_type),
            _ => return given.clone(),
        };
        value.unwrap_or_else(|_| given.clone())
    }

    fn text(&mut self) -> String {
        match self.below(16) {
            0 => "x".repeat(3_000),
            1 => "é,".repeat(1_000),
            _ => self.of(TEXTS).to_owned(),
        }
    }

    fn interval(&mut self) -> ScalarValue {
        let month_count = self.of(&[0, 0, 1, -1, i32::MAX, i32::MIN]);
        let day_count = self.of(&[0, 0, 1, -31, i32::MAX, i32::MIN]);
        let nanoseconds = self.of(&[0, 1, -1, 3_600_000_000_000, i64::MAX, i64::MIN]);
        let interval: IntervalMonthDayNano =
            IntervalMonthDayNanoType::make_value(month_count, day_count, nanoseconds);
        ScalarValue::IntervalMonthDayNano(Some(interval))
    }
}
