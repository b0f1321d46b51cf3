//! Sizes as flags have them.

use eventflux::connector::{ByteSize, OptionValue};

/// Reads `256MB`, `1GiB`, `1048576`; units are powers of 1024.
pub fn parse(text: &str) -> Result<u64, String> {
    ByteSize::parse(text).map(|size| size.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_is_in_bytes() {
        assert_eq!(parse("256MB"), Ok(256 << 20));
        assert_eq!(parse("1048576"), Ok(1 << 20));
        assert!(parse("much").is_err());
    }
}
