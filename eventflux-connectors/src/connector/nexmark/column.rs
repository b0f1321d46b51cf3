//! Columns and what makes them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};

use super::event::Events;
use super::options::Kind;
use super::{auction, bid, person};
use crate::generator::{Draws, RowRun};

/// One column of a stream.
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The type in which it is made.
    pub data_type: DataType,
    /// Makes it for the events of some rows.
    pub make: fn(&Events, RowRun) -> ArrayRef,
}

/// A timestamp, microseconds.
pub const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

impl Column {
    /// A column of this name and type.
    pub const fn new(name: &'static str, data_type: DataType, make: fn(&Events, RowRun) -> ArrayRef) -> Self {
        Self {
            name,
            data_type,
            make,
        }
    }
}

/// The columns of a stream.
pub fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Person => &person::COLUMNS,
        Kind::Auction => &auction::COLUMNS,
        Kind::Bid => &bid::COLUMNS,
    }
}

/// A column of integers.
pub fn integers(events: &Events, run: RowRun, column: &str, make: impl Fn(u64, Draws) -> i64) -> ArrayRef {
    let draws = events.draws(column);
    Arc::new(Int64Array::from_iter_values(
        events.ids(run).map(|id| make(id, draws.at(id))),
    ))
}

/// A column of timestamps.
pub fn times(events: &Events, run: RowRun, column: &str, make: impl Fn(u64, Draws) -> i64) -> ArrayRef {
    let draws = events.draws(column);
    Arc::new(TimestampMicrosecondArray::from_iter_values(
        events.ids(run).map(|id| make(id, draws.at(id))),
    ))
}

/// When the events happen.
pub fn date_time(events: &Events, run: RowRun) -> ArrayRef {
    times(events, run, "", |id, _| events.time_us(id))
}

/// A price in cents: 1.00 to 1 000 000.00, each order of magnitude as often as the others.
pub fn price(mut draws: Draws) -> i64 {
    (10f64.powf(draws.unit() * 6.0) * 100.0).round() as i64
}
