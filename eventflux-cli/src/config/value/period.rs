//! Durations.

use std::fmt;
use std::time::Duration;

use schemars::{Schema, json_schema};

use super::{TextValue, text_value};

/// A duration of more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// So many milliseconds.
    pub const fn milliseconds(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl TextValue for Period {
    const EXPECTED: &'static str = "a duration such as `10s` or `500ms`";

    fn parse(text: &str) -> Result<Self, String> {
        crate::duration::parse(text).map(Self)
    }

    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": r"^[0-9]+ *(ms|s|m|min|h)$"})
    }
}

/// In the largest unit that leaves nothing over.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let (unit, name) = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")]
            .into_iter()
            .find(|(unit, _)| ms.is_multiple_of(*unit))
            .unwrap_or((1, "ms"));
        write!(f, "{}{name}", ms / unit)
    }
}

text_value!(Period);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reads_back_what_it_prints() {
        for (text, printed) in [
            ("90s", "90s"),
            ("60 s", "1m"),
            ("1500ms", "1500ms"),
            ("24h", "24h"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!(period.to_string(), printed);
            assert_eq!(Period::parse(printed), Ok(period));
        }
    }
}
