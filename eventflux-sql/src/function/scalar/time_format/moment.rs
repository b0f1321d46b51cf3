//! A time as its fields.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion_common::{Result, exec_err};
use eventflux_core::time::calendar::{civil_from_days, days_from_civil};

const DAY_US: i64 = 86_400_000_000;

/// A point of the proleptic Gregorian calendar, or a time of day, or an interval that reads like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: u32,
    /// From 1.
    pub(super) day: u32,
    /// Days since 1970-01-01.
    pub(super) days: i64,
    /// Not below 0 and below a day, but for intervals.
    pub(super) us_of_day: i64,
    /// Whether it is an instant, and so has a zone, which is UTC.
    pub(super) has_zone: bool,
}

impl Moment {
    /// The moment at so many microseconds since the epoch.
    pub(super) fn at(us: i64, has_zone: bool) -> Self {
        let days = us.div_euclid(DAY_US);
        let (year, month, day) = civil_from_days(days);
        Self {
            year,
            month,
            day,
            days,
            us_of_day: us.rem_euclid(DAY_US),
            has_zone,
        }
    }

    pub(super) fn hour(self) -> i64 {
        self.us_of_day / 3_600_000_000
    }

    pub(super) fn minute(self) -> i64 {
        self.us_of_day / 60_000_000 % 60
    }

    pub(super) fn second(self) -> i64 {
        self.us_of_day / 1_000_000 % 60
    }

    pub(super) fn us_of_second(self) -> i64 {
        self.us_of_day % 1_000_000
    }

    /// From 1.
    pub(super) fn day_of_year(self) -> i64 {
        self.days - days_from_civil(self.year, 1, 1) + 1
    }

    /// Monday is 1.
    pub(super) fn iso_day_of_week(self) -> i64 {
        (self.days + 3).rem_euclid(7) + 1
    }

    /// The year that the ISO week belongs to: that of its Thursday.
    pub(super) fn iso_year(self) -> i64 {
        civil_from_days(self.days + 4 - self.iso_day_of_week()).0
    }

    /// The first day of the first ISO week of the ISO year.
    fn iso_year_start(self) -> i64 {
        let fourth = days_from_civil(self.iso_year(), 1, 4);
        fourth - (fourth + 3).rem_euclid(7)
    }

    /// From 1.
    pub(super) fn iso_week(self) -> i64 {
        (self.days - self.iso_year_start()) / 7 + 1
    }

    /// From 1.
    pub(super) fn iso_day_of_year(self) -> i64 {
        self.days - self.iso_year_start() + 1
    }
}

/// The times of a column.
pub(super) enum Moments {
    /// Microseconds since the epoch.
    Timestamps { us: ArrayRef, has_zone: bool },
    /// Microseconds since midnight.
    Times(ArrayRef),
}

impl Moments {
    /// The times of a column of DATE, TIME, TIMESTAMP or TIMESTAMPTZ.
    pub(super) fn new(values: &ArrayRef) -> Result<Self> {
        let us = |zone: Option<&std::sync::Arc<str>>| -> Result<ArrayRef> {
            let in_us = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.cloned()))?;
            Ok(cast(&in_us, &DataType::Int64)?)
        };
        match values.data_type() {
            DataType::Timestamp(_, zone) => Ok(Moments::Timestamps {
                us: us(zone.as_ref())?,
                has_zone: zone.is_some(),
            }),
            DataType::Date32 => Ok(Moments::Timestamps {
                us: us(None)?,
                has_zone: false,
            }),
            DataType::Time32(_) | DataType::Time64(_) => {
                let times = cast(values, &DataType::Time64(TimeUnit::Microsecond))?;
                Ok(Moments::Times(cast(&times, &DataType::Int64)?))
            }
            other => exec_err!("{other} is no time"),
        }
    }

    /// The time of a row; `None` for NULL.
    pub(super) fn get(&self, row: usize) -> Option<Moment> {
        let (counts, has_zone) = match self {
            Moments::Timestamps { us, has_zone } => (us, *has_zone),
            Moments::Times(us) => (us, false),
        };
        counts
            .is_valid(row)
            .then(|| Moment::at(counts.as_primitive::<Int64Type>().value(row), has_zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        let check = |year, month, day, expected: (i64, i64, i64)| {
            let moment = Moment::at(days_from_civil(year, month, day) * DAY_US, false);
            assert_eq!(
                (moment.iso_year(), moment.iso_week(), moment.iso_day_of_week()),
                expected
            );
        };
        check(2024, 12, 30, (2025, 1, 1));
        check(2023, 1, 1, (2022, 52, 7));
        check(2020, 12, 31, (2020, 53, 4));
        check(2024, 1, 1, (2024, 1, 1));
    }
}
