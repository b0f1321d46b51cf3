//! Options of the format.

use std::collections::BTreeMap;

use crate::format::time_unit::NumberUnit;

eventflux_core::choices! {
    /// What a key that no column takes does to its record.
    pub enum UnknownFields {
        /// Its value is skipped.
        Skip = "skip",
        /// The record is a bad row.
        Error = "error",
    }
}

eventflux_core::options! {
    /// Options of `json` when it is read.
    pub struct JsonDecodeOptions of "json" {
        /// The unit of numbers in TIMESTAMP columns (since the epoch) and TIME columns (since midnight).
        pub timestamp_unit: NumberUnit ["timestamp_unit", "timestamp-unit"] = "ms",
        /// Where the column named by `*` is found in the record, such as `a.b[0].c` or `a['b c']`. Without it, a column is
        /// found by its own name.
        pub path: BTreeMap<String, String> ["json.path.*"],
        /// What a key that is no declared column does: `skip` its value, or be an `error` of the record.
        pub unknown_fields: UnknownFields ["unknown_fields"] = "skip",
    }
}

eventflux_core::options! {
    /// Options of `json` when it is written: there are none.
    pub struct JsonEncodeOptions of "json" {}
}
