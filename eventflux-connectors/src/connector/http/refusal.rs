//! What an answer means: success, a refusal for now, or one for good.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The rows are there.
    Taken,
    /// Later it may be taken.
    NotNow,
    /// It will not be taken.
    Never,
}

/// Judges a status.
pub fn judge(status: StatusCode) -> Verdict {
    match status.as_u16() {
        200..=299 => Verdict::Taken,
        408 | 429 | 500..=599 => Verdict::NotNow,
        _ => Verdict::Never,
    }
}

/// How long `Retry-After` asks to wait, in seconds or until a date.
pub fn retry_after(headers: &HeaderMap, now_us: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let wait_us = date.timestamp().as_microsecond().saturating_sub(now_us);
    Some(Duration::from_micros(u64::try_from(wait_us).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        for (status, verdict) in [
            (200, Verdict::Taken),
            (204, Verdict::Taken),
            (301, Verdict::Never),
            (400, Verdict::Never),
            (401, Verdict::Never),
            (408, Verdict::NotNow),
            (413, Verdict::Never),
            (429, Verdict::NotNow),
            (500, Verdict::NotNow),
            (503, Verdict::NotNow),
        ] {
            assert_eq!(judge(StatusCode::from_u16(status).unwrap()), verdict, "{status}");
        }
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            // Nov 6 1994, 08:49:00.
            retry_after(&headers, 784_111_740_000_000)
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(37))
        );
        assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), 0), None);
    }
}
