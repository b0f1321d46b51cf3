//! Times as text and back by patterns, as PostgreSQL's `to_char`, `to_date` and `to_timestamp`.
//!
//! **Source** PostgreSQL's manual, "Data Type Formatting Functions". `to_date` and `to_timestamp` also take the patterns of
//! `strftime`: those with a `%`.
//!
//! **Errors** Letters that are no field and stand in no quotes: PostgreSQL copies them, which is hardly ever meant. A pattern
//! that stands in the query is looked at when the query is planned.
//!
//! Absent on purpose: numbers and intervals by patterns, names in other languages (`TM`).

mod moment;
mod pattern_argument;
mod read_time;
mod roman;
mod time_pattern;
mod to_char;
mod to_time;
mod write_time;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [to_char::functions(), to_time::functions()].concat()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Monday.
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
