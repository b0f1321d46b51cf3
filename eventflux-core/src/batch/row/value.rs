//! One value of a row.

use std::time::{SystemTime, UNIX_EPOCH};

/// A value of any of the language's types.
///
/// ```
/// use eventflux_core::batch::Value;
/// let row: Vec<Value> = vec!["IBM".into(), 12.5.into(), 3.into(), None::<i64>.into()];
/// assert_eq!(row[3], Value::Null);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// TINYINT to BIGINT.
    Int(i64),
    /// Unsigned integers.
    UInt(u64),
    /// FLOAT and DOUBLE.
    Float(f64),
    /// DECIMAL: the number times ten to the power of `scale`.
    Decimal {
        /// All digits.
        unscaled: i128,
        /// How many of them come after the point.
        scale: i8,
    },
    /// STRING, and the text of JSON and UUID.
    String(String),
    /// BINARY.
    Binary(Vec<u8>),
    /// DATE: days since the epoch.
    Date(i32),
    /// TIME: microseconds since midnight.
    Time(i64),
    /// TIMESTAMP: microseconds since the epoch, UTC. Nanoseconds are rounded down.
    Timestamp(i64),
    /// INTERVAL.
    Interval {
        /// Months.
        months: i32,
        /// Days.
        days: i32,
        /// Nanoseconds.
        nanoseconds: i64,
    },
    /// ARRAY.
    List(Vec<Value>),
    /// STRUCT: one value per field, in their order.
    Struct(Vec<Value>),
    /// MAP.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// What a person calls this kind of value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Int(_) | Value::UInt(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Decimal { .. } => "a decimal",
            Value::String(_) => "a string",
            Value::Binary(_) => "binary",
            Value::Date(_) => "a date",
            Value::Time(_) => "a time",
            Value::Timestamp(_) => "a timestamp",
            Value::Interval { .. } => "an interval",
            Value::List(_) => "a list",
            Value::Struct(_) => "a struct",
            Value::Map(_) => "a map",
        }
    }
}

macro_rules! value_from {
    ($($source:ty => $make:expr),* $(,)?) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                let make: fn($source) -> Value = $make;
                make(value)
            }
        }
    )*};
}

value_from! {
    bool => Value::Boolean,
    i8 => |value| Value::Int(value.into()),
    i16 => |value| Value::Int(value.into()),
    i32 => |value| Value::Int(value.into()),
    i64 => Value::Int,
    u8 => |value| Value::UInt(value.into()),
    u16 => |value| Value::UInt(value.into()),
    u32 => |value| Value::UInt(value.into()),
    u64 => Value::UInt,
    f32 => |value| Value::Float(value.into()),
    f64 => Value::Float,
    String => Value::String,
    &str => |value| Value::String(value.to_owned()),
    Vec<u8> => Value::Binary,
    &[u8] => |value| Value::Binary(value.to_vec()),
    Vec<Value> => Value::List,
}

impl From<SystemTime> for Value {
    fn from(time: SystemTime) -> Self {
        let us = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
        };
        Value::Timestamp(us)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
