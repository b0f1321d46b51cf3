//! What the generator can be told.

use std::collections::BTreeMap;

eventflux_core::choices! {
    /// The rule of a column.
    pub enum Kind {
        /// One value after the other.
        Sequence = "sequence",
        /// Any value, each as often as the others.
        Random = "random",
        /// One of some values.
        Choice = "choice",
        /// Few values often, many seldom.
        Zipf = "zipf",
    }
}

eventflux_core::options! {
    /// Options of the datagen source.
    pub struct DatagenOptions of "datagen" {
        /// How many rows there are; without it, they never end.
        pub rows: Option<u64> ["rows", "number_of_rows", "number-of-rows"],
        /// How many rows come per second, all subtasks together; without it, as many as are taken.
        pub rows_per_second: Option<f64> ["rows_per_second", "rows-per-second"],
        /// Another seed gives other rows.
        pub seed: u64 ["seed"] = "0",
        /// The rule of a column. `sequence`: `min`, `min` + `step`, … and after `max` from the beginning; `random`: from
        /// `min` to `max`; `choice`: one of `values`; `zipf`: from `min` to `max` (or one of `values`), the first most
        /// often. Without it: `choice` if there are `values`, `sequence` for timestamps, else `random`.
        pub kind: BTreeMap<String, Kind> ["fields.*.kind"],
        /// The least value of a number, date, time or timestamp; of a string or binary, the least length.
        pub min: BTreeMap<String, String> ["fields.*.min", "fields.*.start"],
        /// The greatest value, itself included; of a string or binary, the greatest length.
        pub max: BTreeMap<String, String> ["fields.*.max", "fields.*.end"],
        /// From one value of a sequence to the next: a number; for dates, times and timestamps a duration. Without it 1,
        /// a day, a second; for timestamps the time between rows by `rows_per_second`, a millisecond without that.
        pub step: BTreeMap<String, String> ["fields.*.step"],
        /// The values to choose from, separated by commas.
        pub values: BTreeMap<String, Vec<String>> ["fields.*.values"],
        /// How much more often a zipf's first values come: the k-th in proportion to 1 / k^exponent. 1 without it.
        pub exponent: BTreeMap<String, f64> ["fields.*.exponent"],
        /// The share of rows that are NULL in this column, from 0 to 1.
        pub null_rate: BTreeMap<String, f64> ["fields.*.null_rate", "fields.*.null-rate"],
    }
}
