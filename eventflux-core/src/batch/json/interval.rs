//! Intervals as ISO 8601 durations: `P1Y2M3DT4H5M6.5S`, `PT0S`.

/// Appends an interval. Each part bears its own sign.
pub(super) fn write_interval(months: i64, days: i64, nanos: i128, out: &mut Vec<u8>) {
    out.push(b'P');
    let start = out.len();
    write_part(i128::from(months / 12), b'Y', out);
    write_part(i128::from(months % 12), b'M', out);
    write_part(i128::from(days), b'D', out);
    if nanos == 0 {
        if out.len() == start {
            out.extend_from_slice(b"T0S");
        }
        return;
    }
    const SECOND: i128 = 1_000_000_000;
    out.push(b'T');
    write_part(nanos / (3_600 * SECOND), b'H', out);
    write_part(nanos / (60 * SECOND) % 60, b'M', out);
    let rest = nanos % (60 * SECOND);
    if rest != 0 {
        if rest < 0 {
            out.push(b'-');
        }
        super::decimal::write_integer((rest / SECOND).unsigned_abs(), out);
        let part = (rest % SECOND).unsigned_abs();
        if part != 0 {
            let digits = format!(".{part:09}");
            out.extend_from_slice(digits.trim_end_matches('0').as_bytes());
        }
        out.push(b'S');
    }
}

fn write_part(value: i128, unit: u8, out: &mut Vec<u8>) {
    if value != 0 {
        super::decimal::write_integer(value, out);
        out.push(unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_written() {
        let text = |months, days, nanos| {
            let mut out = Vec::new();
            write_interval(months, days, nanos, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(14, 3, 14_706_500_000_000), "P1Y2M3DT4H5M6.5S");
        assert_eq!(text(0, 0, 0), "PT0S");
        assert_eq!(text(-1, 0, 0), "P-1M");
        assert_eq!(text(0, 1, -1_500_000_000), "P1DT-1.5S");
        assert_eq!(text(0, 0, 60_000_000_000), "PT1M");
    }
}
