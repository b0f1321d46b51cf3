//! Event times from a column.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};

use crate::error::{Error, Result};

/// The event time of each row of a TIMESTAMP column, microseconds since the epoch, and which rows have one. Finer units are
/// rounded down; a time that microseconds cannot hold is the nearest that they can.
///
/// **Errors** The column is no timestamp: the compiler does not let that through.
pub fn event_times(column: &ArrayRef) -> Result<(ScalarBuffer<i64>, Option<NullBuffer>)> {
    let times = match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            column.as_primitive::<TimestampMicrosecondType>().values().clone()
        }
        DataType::Timestamp(TimeUnit::Second, _) => {
            scaled(column.as_primitive::<TimestampSecondType>().values(), |s| {
                s.saturating_mul(1_000_000)
            })
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            scaled(column.as_primitive::<TimestampMillisecondType>().values(), |ms| {
                ms.saturating_mul(1_000)
            })
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            scaled(column.as_primitive::<TimestampNanosecondType>().values(), |ns| {
                ns.div_euclid(1_000)
            })
        }
        other => return Err(Error::Bug(format!("an event time column has type {other}"))),
    };
    Ok((
        times,
        column.nulls().filter(|nulls| nulls.null_count() > 0).cloned(),
    ))
}

fn scaled(values: &[i64], to_us: impl Fn(i64) -> i64) -> ScalarBuffer<i64> {
    values.iter().map(|value| to_us(*value)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, TimestampMillisecondArray, TimestampNanosecondArray};

    use super::*;

    #[test]
    fn every_unit_becomes_microseconds_rounded_down() {
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_999, -1]));
        assert_eq!(event_times(&nanos).unwrap().0.as_ref(), [1, -1]);
        let millis: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![
            Some(-7),
            None,
            Some(i64::MAX),
        ]));
        let (times, nulls) = event_times(&millis).unwrap();
        assert_eq!((times[0], times[2]), (-7_000, i64::MAX));
        assert!(nulls.unwrap().is_null(1));
    }

    #[test]
    fn a_column_of_another_type_is_refused() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(event_times(&numbers).unwrap_err().to_string().contains("Int64"));
    }
}
