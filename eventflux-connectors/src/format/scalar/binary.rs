//! Bytes as base64.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends the bytes that base64 stands for, padded or not. If it is none, what was appended is taken off again.
pub fn parse_base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let decoded = ENGINE.decode_vec(text, out);
    if decoded.is_err() {
        out.truncate(start);
    }
    decoded.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_may_be_missing_and_rubbish_leaves_nothing() {
        let mut out = b"x".to_vec();
        assert!(parse_base64(b"AP8=", &mut out).is_some());
        assert!(parse_base64(b"AP8", &mut out).is_some());
        assert!(parse_base64(b"A?", &mut out).is_none());
        assert_eq!(out, b"x\x00\xff\x00\xff");
    }
}
