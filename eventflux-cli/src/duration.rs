//! Durations as flags have them.

use std::time::Duration;

/// Reads `500ms`, `10s`, `2m`, `1h`.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a duration such as `10s` or `500ms`, found `{text}`");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| expected())?;
    let seconds = |unit: u64| number.checked_mul(unit).map(Duration::from_secs);
    let duration = match text[digits..].trim() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" | "min" => seconds(60),
        "h" => seconds(3600),
        _ => None,
    };
    match duration.ok_or_else(expected)? {
        Duration::ZERO => Err("it must be more than zero".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_and_is_more_than_zero() {
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("250 ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        for wrong in [
            "",
            "10",
            "s",
            "0s",
            "1d",
            "-1s",
            "99999999999999999999h",
            "9999999999999999999h",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
