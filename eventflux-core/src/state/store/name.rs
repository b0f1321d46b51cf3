//! The names of stored objects.

use crate::error::{Error, Result};

/// The longest name, so that every kind of store can hold it.
const NAME_BYTES_MAX: usize = 512;
/// The longest part of a name: what file systems allow, less room for the suffix of a file in the making.
const PART_BYTES_MAX: usize = 200;

/// Refuses what is not a name: parts of `A-Z a-z 0-9 . _ -` joined by `/`, none empty, none beginning with a dot.
pub fn check_name(name: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= PART_BYTES_MAX
            && !part.starts_with('.')
            && part.bytes().all(is_plain)
    };
    if name.len() <= NAME_BYTES_MAX && name.split('/').all(is_part) {
        Ok(())
    } else {
        Err(Error::Bug(format!(
            "`{name}` cannot be the name of a stored object"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_parts_joined_by_slashes() {
        for name in ["a", "segments/0001-a_b.segment", "a/b/c"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "x".repeat(PART_BYTES_MAX + 1);
        for name in [
            "", "/a", "a/", "a//b", "..", "a/../b", ".tmp", "a b", "ä", "a\\b", &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
