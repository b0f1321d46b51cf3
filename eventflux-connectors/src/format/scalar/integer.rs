//! Integers.

use super::{Rounding, parse_scaled};

/// Reads an integer at the front, up to eighteen digits, and says how many bytes it took. The byte behind it is not
/// looked at. `None`: there is none, it has more digits, or it begins with a needless zero.
#[inline]
pub fn scan_integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut at = start;
    let mut value = 0i64;
    while let Some(digit) = bytes
        .get(at)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        if at - start == 18 {
            return None;
        }
        value = value * 10 + i64::from(digit);
        at += 1;
    }
    let has_needless_zero = at - start > 1 && bytes[start] == b'0';
    if at == start || has_needless_zero {
        return None;
    }
    Some((if is_negative { -value } else { value }, at))
}

/// Reads an integer; fractions and exponents are fine if the value is whole: `1e3`, `10.0`.
pub fn parse_integer<T: TryFrom<i128>>(text: &[u8]) -> Option<T> {
    if let Some((value, length)) = scan_integer(text)
        && length == text.len()
    {
        return T::try_from(i128::from(value)).ok();
    }
    T::try_from(parse_scaled(text, 0, Rounding::Exact)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_whole_numbers_in_range() {
        assert_eq!(parse_integer::<i8>(b"-128"), Some(-128));
        assert_eq!(parse_integer::<i8>(b"128"), None);
        assert_eq!(parse_integer::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_integer::<u64>(b"-1"), None);
        assert_eq!(parse_integer::<i64>(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_integer::<i32>(b"1e3"), Some(1_000));
        assert_eq!(parse_integer::<i32>(b"10.0"), Some(10));
        assert_eq!(parse_integer::<i32>(b"0012"), Some(12));
        for wrong in [
            &b""[..],
            b"-",
            b"10.5",
            b"1e-1",
            b"1 2",
            b"0x10",
            b"1e99999999999",
            b"1_000",
        ] {
            assert_eq!(
                parse_integer::<i64>(wrong),
                None,
                "{}",
                String::from_utf8_lossy(wrong)
            );
        }
    }
}
