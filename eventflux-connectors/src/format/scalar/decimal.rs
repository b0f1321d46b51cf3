//! Exact decimals: the text's value times a power of ten, as an integer.

/// What becomes of digits beyond the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// There must be none but zeros.
    Exact,
    /// To the nearest, halves away from zero, as PostgreSQL's NUMERIC does.
    HalfAway,
    /// Down, towards minus infinity.
    Floor,
}

/// Reads `text × 10^scale`. Digits, a sign, a point and an exponent are read; `None` if it is no number, does not fit
/// 128 bits or is not exact where it has to be.
pub fn parse_scaled(text: &[u8], scale: i32, rounding: Rounding) -> Option<i128> {
    let (is_negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (whole, rest) = split_digits(rest);
    let (part, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest),
        rest => (&[][..], rest),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let exponent = parse_exponent(rest)?;

    // Digits in front of the point of the result; the rest is rounded.
    let kept = i64::try_from(whole.len()).ok()? + exponent + i64::from(scale);
    let mut magnitude = 0i128;
    let (mut first_dropped, mut is_exact) = (0, true);
    let mut digit_count = 0i64;
    for byte in whole.iter().chain(part) {
        let digit = byte - b'0';
        if digit_count < kept {
            magnitude = magnitude.checked_mul(10)?.checked_add(i128::from(digit))?;
        } else {
            if digit_count == kept {
                first_dropped = digit;
            }
            is_exact &= digit == 0;
        }
        digit_count += 1;
    }
    if magnitude != 0 {
        for _ in digit_count..kept {
            magnitude = magnitude.checked_mul(10)?;
        }
    }
    match rounding {
        Rounding::Exact if !is_exact => return None,
        Rounding::HalfAway if first_dropped >= 5 => magnitude = magnitude.checked_add(1)?,
        Rounding::Floor if is_negative && !is_exact => magnitude = magnitude.checked_add(1)?,
        _ => {}
    }
    Some(if is_negative { -magnitude } else { magnitude })
}

fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at(count)
}

/// The exponent; one too large for any type is cut to one that still is.
fn parse_exponent(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = match bytes {
        [] => return Some(0),
        [b'e' | b'E', b'-', digits @ ..] => (-1, digits),
        [b'e' | b'E', b'+', digits @ ..] | [b'e' | b'E', digits @ ..] => (1, digits),
        _ => return None,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let limit = 1 << 40;
    let value = digits.iter().fold(0i64, |value, digit| {
        (value * 10 + i64::from(digit - b'0')).min(limit)
    });
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_exact_or_rounded_as_asked() {
        use Rounding::{Exact, Floor, HalfAway};
        let parse = |text: &str, scale, rounding| parse_scaled(text.as_bytes(), scale, rounding);
        assert_eq!(parse("123.45", 2, Exact), Some(12_345));
        assert_eq!(parse("123.450", 2, Exact), Some(12_345));
        assert_eq!(parse("123.456", 2, Exact), None);
        assert_eq!(parse("123.455", 2, HalfAway), Some(12_346));
        assert_eq!(parse("-123.455", 2, HalfAway), Some(-12_346));
        assert_eq!(
            parse("123.4549999999999999999999999999999999999999999", 2, HalfAway),
            Some(12_345)
        );
        assert_eq!(parse("-1.5", 0, Floor), Some(-2));
        assert_eq!(parse("1.9", 0, Floor), Some(1));
        assert_eq!(parse("-0.1", 0, Floor), Some(-1));
        assert_eq!(parse("1999", -3, Floor), Some(1));
        assert_eq!(parse("-1999", -3, Floor), Some(-2));
        assert_eq!(parse("0.5", 0, HalfAway), Some(1));
        assert_eq!(parse("0.05", 0, HalfAway), Some(0));
        assert_eq!(parse("1.5e2", 1, Exact), Some(1_500));
        assert_eq!(parse("15e-1", 1, Exact), Some(15));
        assert_eq!(parse("0e999999999999", 5, Exact), Some(0));
        assert_eq!(parse("1e-999999999999", 5, HalfAway), Some(0));
        assert_eq!(parse("+.5", 1, Exact), Some(5));
        for wrong in [
            "", ".", "-", "e5", "1e", "1e+", "1.2.3", "1e99", "NaN", "1 ", "--1",
        ] {
            assert_eq!(parse(wrong, 0, HalfAway), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn digits_are_kept(value in any::<i64>(), scale in 0u8..20) {
            let mut text = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
            text.insert(text.len() - usize::from(scale), '.');
            let text = format!("{}{text}", if value < 0 { "-" } else { "" });
            prop_assert_eq!(parse_scaled(text.as_bytes(), i32::from(scale), Rounding::Exact), Some(i128::from(value)));
        }

        #[test]
        fn hostile_text_never_panics(text in "[-+0-9.eE]{0,60}", scale in -40i32..40) {
            let _ = parse_scaled(text.as_bytes(), scale, Rounding::HalfAway);
        }
    }
}
