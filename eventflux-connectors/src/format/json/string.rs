//! Strings with escapes.

/// Appends what a string with escapes stands for. If there is something wrong, part of it may have been appended.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    walk(raw, |part| out.extend_from_slice(part))
}

/// Checks the escapes of a string that is not read.
pub fn check_escapes(raw: &[u8]) -> Result<(), String> {
    walk(raw, |_| {})
}

/// Hands on the string's pieces.
fn walk(raw: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), String> {
    let mut rest = raw;
    while let Some(clean) = memchr::memchr(b'\\', rest) {
        take(&rest[..clean]);
        rest = &rest[clean + 1..];
        let Some((kind, after)) = rest.split_first() else {
            return Err("a string ends within an escape".into());
        };
        rest = after;
        match kind {
            b'"' | b'\\' | b'/' => take(&[*kind]),
            b'b' => take(b"\x08"),
            b'f' => take(b"\x0c"),
            b'n' => take(b"\n"),
            b'r' => take(b"\r"),
            b't' => take(b"\t"),
            b'u' => take(take_char(&mut rest)?.encode_utf8(&mut [0; 4]).as_bytes()),
            other => {
                return Err(format!(
                    "`\\{}` is no escape",
                    char::from(*other).escape_default()
                ));
            }
        }
    }
    take(rest);
    Ok(())
}

/// The character of `\uXXXX`, or of two of them that are a surrogate pair; the first `\u` has been taken.
fn take_char(rest: &mut &[u8]) -> Result<char, String> {
    let first = take_unit(rest)?;
    let lone = || format!("\\u{first:04x} is half of a surrogate pair");
    let code = match first {
        0xd800..=0xdbff => {
            *rest = rest.strip_prefix(b"\\u").ok_or_else(lone)?;
            let second = take_unit(rest)?;
            if !(0xdc00..=0xdfff).contains(&second) {
                return Err(lone());
            }
            0x10000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(second) - 0xdc00)
        }
        unit => u32::from(unit),
    };
    char::from_u32(code).ok_or_else(lone)
}

fn take_unit(rest: &mut &[u8]) -> Result<u16, String> {
    let Some((digits, after)) = rest.split_first_chunk::<4>() else {
        return Err("\\u needs four hexadecimal digits".into());
    };
    let mut unit = 0;
    for digit in digits {
        let value = char::from(*digit)
            .to_digit(16)
            .ok_or("\\u needs four hexadecimal digits")?;
        unit = unit * 16 + value as u16;
    }
    *rest = after;
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> Result<String, String> {
        let mut out = Vec::new();
        unescape(raw.as_bytes(), &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(text(r#"a\"\\\/\b\f\n\r\tz"#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(text(r"\u00e9\u20AC\ud83d\ude00").unwrap(), "é€😀");
        assert_eq!(text(r"\u0000").unwrap(), "\0");
    }

    #[test]
    fn half_pairs_and_other_rubbish_are_refused() {
        for wrong in [
            r"\ud800",
            r"\ud800x",
            r"\ud800\u0041",
            r"\udc00",
            r"\ud83d\ud83d",
            r"\u12",
            r"\u12g4",
            r"\x",
            r"\",
            r"\u",
        ] {
            assert!(text(wrong).is_err(), "{wrong}");
        }
    }
}
