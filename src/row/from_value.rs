//! What a value can be read as.

use eventflux_core::batch::Value;

/// A Rust type that values of a column can be read as. An `Option` reads NULL as `None`.
pub trait FromValue: Sized {
    /// The value, if it is of this type and fits it; otherwise it comes back.
    fn from_value(value: Value) -> Result<Self, Value>;
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Value> {
        Ok(value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Value::Boolean(value) = value {
            Ok(value)
        } else {
            Err(value)
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Value::String(text) = value {
            Ok(text)
        } else {
            Err(value)
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Value::Binary(bytes) = value {
            Ok(bytes)
        } else {
            Err(value)
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Float(number) => Ok(number),
            // Integers up to this size are exact as floats.
            Value::Int(number) if number.unsigned_abs() <= 1 << 53 => Ok(number as f64),
            Value::UInt(number) if number <= 1 << 53 => Ok(number as f64),
            other => Err(other),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::List(values) => values
                .iter()
                .cloned()
                .map(T::from_value)
                .collect::<Result<_, _>>()
                .map_err(|_| Value::List(values)),
            other => Err(other),
        }
    }
}

macro_rules! integers {
    ($($name:ty)+) => {$(
        impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, Value> {
                let fitting = match value {
                    Value::Int(number) => <$name>::try_from(number).ok(),
                    Value::UInt(number) => <$name>::try_from(number).ok(),
                    _ => None,
                };
                fitting.ok_or(value)
            }
        }
    )+};
}

integers! { i8 i16 i32 i64 i128 u16 u32 u64 usize }
