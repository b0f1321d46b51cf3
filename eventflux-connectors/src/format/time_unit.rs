//! The option that names the unit of numbers that stand for time.

use arrow::datatypes::TimeUnit;
use eventflux_core::connector::OptionValue;

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
