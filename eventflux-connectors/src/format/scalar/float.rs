//! Floating-point numbers, correctly rounded.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads a JSON number without an exponent at the front, and says how many bytes it took; the byte behind it is not looked
/// at. `None`: not a number, or not one that is exact in this way (then [`ParsedFloat::parse`] is to be asked).
///
/// **Source** Clinger's fast path: a mantissa and a power of ten that are exact give a quotient that is rounded once.
#[inline]
pub fn scan_float(bytes: &[u8]) -> Option<(f64, usize)> {
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut at = start;
    let mut mantissa = 0u64;
    let digit_at = |at: usize| {
        bytes
            .get(at)
            .map(|byte| byte.wrapping_sub(b'0'))
            .filter(|digit| *digit < 10)
    };
    while let Some(digit) = digit_at(at) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let whole_len = at - start;
    if whole_len == 0 || (whole_len > 1 && bytes[start] == b'0') {
        return None;
    }
    let mut part_len = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        while let Some(digit) = digit_at(at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
            part_len += 1;
        }
        if part_len == 0 {
            return None;
        }
    }
    // Up to nineteen digits fit 64 bits.
    if whole_len + part_len > 19 || mantissa > 1 << 53 {
        return None;
    }
    let value = mantissa as f64 / POWERS[part_len];
    Some((if is_negative { -value } else { value }, at))
}

/// The two widths of floating-point numbers.
pub trait ParsedFloat: Sized {
    /// Reads a number; also `NaN`, `Infinity`, `-Infinity` and `inf`. A number too large for the type is none.
    fn parse(text: &[u8]) -> Option<Self>;
}

macro_rules! parsed_float {
    ($type:ty) => {
        impl ParsedFloat for $type {
            fn parse(text: &[u8]) -> Option<Self> {
                let (is_negative, word) = match text {
                    [b'-', word @ ..] => (true, word),
                    [b'+', word @ ..] | word => (false, word),
                };
                match word.first()? {
                    b'0'..=b'9' | b'.' => lexical_core::parse::<$type>(text)
                        .ok()
                        .filter(|value| value.is_finite()),
                    _ if word.eq_ignore_ascii_case(b"infinity") || word.eq_ignore_ascii_case(b"inf") => {
                        Some(if is_negative {
                            <$type>::NEG_INFINITY
                        } else {
                            <$type>::INFINITY
                        })
                    }
                    _ if word.eq_ignore_ascii_case(b"nan") => Some(<$type>::NAN),
                    _ => None,
                }
            }
        }
    };
}

parsed_float!(f32);
parsed_float!(f64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_the_three_that_are_none() {
        assert_eq!(f64::parse(b"123.45"), Some(123.45));
        assert_eq!(f64::parse(b"-1e-7"), Some(-1e-7));
        assert_eq!(f64::parse(b"10.357019999999999"), Some(10.357019999999999));
        assert_eq!(f64::parse(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert!(f64::parse(b"nan").is_some_and(f64::is_nan));
        assert_eq!(f32::parse(b"0.1"), Some(0.1f32));
        for wrong in [&b""[..], b"-", b"1e400", b"abc", b"1x", b"0x1p3", b"1_0", b"."] {
            assert_eq!(f64::parse(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
        assert_eq!(f32::parse(b"1e39"), None);
    }

    proptest! {
        #[test]
        fn the_fast_path_rounds_as_the_standard_library_does(text in "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,20})?") {
            let expected: f64 = text.parse().unwrap();
            if let Some((value, length)) = scan_float(text.as_bytes()) {
                prop_assert_eq!(value.to_bits(), expected.to_bits());
                prop_assert_eq!(length, text.len());
            }
            prop_assert_eq!(f64::parse(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()));
        }

        #[test]
        fn shortest_text_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let text = zmij::Buffer::new().format_finite(value).to_owned();
                prop_assert_eq!(f64::parse(text.as_bytes()).map(f64::to_bits), Some(bits));
            }
        }
    }
}
