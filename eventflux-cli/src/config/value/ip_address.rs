//! Addresses to listen at.

use std::fmt;
use std::net::IpAddr;

use schemars::{Schema, json_schema};

use super::text_value::unexpected;
use super::{TextValue, text_value};

/// An IP address, without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpAddress(pub IpAddr);

impl TextValue for IpAddress {
    const EXPECTED: &'static str = "an IP address such as `0.0.0.0`";

    fn parse(text: &str) -> Result<Self, String> {
        text.trim_matches(['[', ']'])
            .parse()
            .map(Self)
            .map_err(|_| unexpected::<Self>(text))
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

impl fmt::Display for IpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(IpAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_name_and_no_port() {
        for (text, shown) in [("0.0.0.0", "0.0.0.0"), ("::", "::"), ("[::1]", "::1")] {
            assert_eq!(IpAddress::parse(text).unwrap().to_string(), shown);
        }
        for wrong in ["", "localhost", "0.0.0.0:80", "1.2.3"] {
            assert!(IpAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
