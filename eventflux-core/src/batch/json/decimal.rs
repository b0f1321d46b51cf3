//! Decimals as numbers.

use std::io::Write;

/// Appends a decimal given as its digits and its scale.
pub(super) fn write_decimal(value: i128, scale: i8, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs());
    write_digits(value < 0, digits.as_bytes(), scale, out);
}

/// Appends a decimal given as text of its digits, perhaps with a sign.
pub(super) fn write_decimal_text(value: &str, scale: i8, out: &mut Vec<u8>) {
    let digits = value.trim_start_matches('-');
    write_digits(digits.len() < value.len(), digits.as_bytes(), scale, out);
}

fn write_digits(is_negative: bool, digits: &[u8], scale: i8, out: &mut Vec<u8>) {
    if is_negative {
        out.push(b'-');
    }
    let Ok(scale) = usize::try_from(scale) else {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    };
    if scale == 0 {
        out.extend_from_slice(digits);
    } else if digits.len() > scale {
        let (whole, part) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(part);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Appends an integer.
pub(super) fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a 256-bit decimal.
pub(super) fn write_decimal256(value: arrow::datatypes::i256, scale: i8, out: &mut Vec<u8>) {
    let mut text = Vec::with_capacity(80);
    // Writing to a vector does not fail.
    let _ = write!(text, "{value}");
    write_decimal_text(&String::from_utf8_lossy(&text), scale, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_digits_of_the_scale_are_written() {
        let text = |value, scale| {
            let mut out = Vec::new();
            write_decimal(value, scale, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(12_345, 2), "123.45");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(0, 3), "0.000");
        assert_eq!(text(7, 0), "7");
        assert_eq!(text(-7, -2), "-700");
        assert_eq!(text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
    }
}
