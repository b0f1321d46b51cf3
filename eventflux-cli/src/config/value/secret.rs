//! What must not be seen.

use std::fmt;

use schemars::{Schema, json_schema};

pub use eventflux::connector::secret::without_passwords;
pub(crate) use eventflux::connector::secret::{MASK, hidden_parts};

use super::endpoint::host_and_port;
use super::{TextValue, text_value};

/// Text that is never shown: not by `Debug`, not by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for whoever must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TextValue for Secret {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Schema {
        json_schema!({"type": "string", "writeOnly": true})
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

text_value!(Secret);

/// An address as it may be shown: `***` in place of its password, and of all of it where that cannot be told apart.
pub(crate) fn shown_address(text: &str) -> String {
    let shown = without_passwords(text);
    let bare = shown.replace(&format!("{MASK}@"), "");
    let bare = bare.split('?').next().unwrap_or_default();
    let is_plain = match bare.split_once("://") {
        Some((_, rest)) => {
            let hosts = rest.split('/').next().unwrap_or_default();
            hosts.is_empty() || hosts.split(',').all(|host| host_and_port(host).is_some())
        }
        None => {
            let is_path = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '~' | ' ');
            host_and_port(bare).is_some() || bare.chars().all(is_path)
        }
    };
    if is_plain { shown } else { MASK.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_that_makes_no_sense_nothing_is_shown() {
        for good in [
            "redis:6379",
            "redis://h",
            "s3://bucket/a/b",
            "./state",
            "/var/lib/x",
            "memory://",
        ] {
            assert_eq!(shown_address(good), good);
        }
        assert_eq!(shown_address("redis://:x@a:1,b:2/0"), "redis://***@a:1,b:2/0");
        for wrong in ["redis//:pass!word", "redis://:password", "redis://pass!word"] {
            assert_eq!(shown_address(wrong), MASK, "{wrong}");
        }
    }
}
