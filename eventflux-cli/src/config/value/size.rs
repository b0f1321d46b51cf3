//! Numbers of bytes.

use std::fmt;

use schemars::{Schema, json_schema};

use super::{TextValue, text_value};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl TextValue for Size {
    const EXPECTED: &'static str = "a size such as `256MB` or `2GiB`";

    fn parse(text: &str) -> Result<Self, String> {
        crate::size::parse(text).map(Self)
    }

    fn schema() -> Schema {
        json_schema!({"type": ["string", "integer"], "pattern": r"^[0-9.]+ *([kKmMgGtT]?([iI]?[bB])?)$"})
    }
}

/// In the largest unit that leaves nothing over.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (power, name) = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
            .into_iter()
            .find(|(power, _)| self.0 > 0 && self.0.is_multiple_of(1 << power))
            .unwrap_or((0, "B"));
        write!(f, "{}{name}", self.0 >> power)
    }
}

text_value!(Size);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_back_what_it_prints() {
        for (text, printed) in [
            ("256MB", "256MiB"),
            ("2 GiB", "2GiB"),
            ("1000", "1000B"),
            ("0", "0B"),
        ] {
            let size = Size::parse(text).unwrap();
            assert_eq!(size.to_string(), printed);
            assert_eq!(Size::parse(printed), Ok(size));
        }
    }
}
