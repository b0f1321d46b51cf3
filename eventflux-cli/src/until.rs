//! `--until`: when a run stops by itself.

use std::time::Duration;

use crate::duration;

/// A limit on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Wall time.
    Elapsed(Duration),
    /// Rows that left through sinks and prints.
    Rows(u64),
}

impl Until {
    /// Reads `10s`, `500ms`, `2m`, `1h`, `1000rows`, `1row`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected a duration or a number of rows such as `10s` or `1000rows`, found `{text}`");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = text[..digits].parse().map_err(|_| expected())?;
        let limit = match text[digits..].trim() {
            "row" | "rows" => Until::Rows(number),
            _ if number > 0 => Until::Elapsed(duration::parse(text).map_err(|_| expected())?),
            _ => return Err(expected()),
        };
        if number == 0 {
            return Err("the limit must be more than zero".to_owned());
        }
        Ok(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_durations_or_row_counts() {
        assert_eq!(Until::parse("10s"), Ok(Until::Elapsed(Duration::from_secs(10))));
        assert_eq!(
            Until::parse("250ms"),
            Ok(Until::Elapsed(Duration::from_millis(250)))
        );
        assert_eq!(Until::parse("1000rows"), Ok(Until::Rows(1000)));
        assert_eq!(Until::parse("1 row"), Ok(Until::Rows(1)));
    }

    #[test]
    fn a_limit_without_a_unit_or_of_zero_is_refused() {
        assert!(Until::parse("10").is_err());
        assert!(Until::parse("rows").is_err());
        assert!(Until::parse("0s").is_err());
        assert!(Until::parse("10 parsecs").is_err());
        assert!(Until::parse("99999999999999999999h").is_err());
        assert!(Until::parse("9999999999999999999h").is_err());
    }
}
