//! Options of the format.

use std::collections::BTreeMap;

use arrow::datatypes::TimeUnit;
use eventflux_core::connector::OptionValue;

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

/// The unit of numbers that stand for time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberUnit(pub TimeUnit);

impl OptionValue for NumberUnit {
    const KIND: &'static str = "s|ms|us|ns";

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "s" => Ok(Self(TimeUnit::Second)),
            "ms" => Ok(Self(TimeUnit::Millisecond)),
            "us" => Ok(Self(TimeUnit::Microsecond)),
            "ns" => Ok(Self(TimeUnit::Nanosecond)),
            _ => Err(format!("`{text}` is none of s, ms, us, ns")),
        }
    }

    fn unknown() -> Self {
        Self(TimeUnit::Millisecond)
    }
}
