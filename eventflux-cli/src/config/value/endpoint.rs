//! Addresses of nodes.

use std::fmt;

use schemars::{Schema, json_schema};

use super::text_value::unexpected;
use super::{TextValue, text_value};

/// `host:port`; an IPv6 address stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Splits `host:port`, `[::1]:port`, or either without a port.
pub(super) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_host) {
        return None;
    }
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)?),
    };
    Some((host, port))
}

impl TextValue for Endpoint {
    const EXPECTED: &'static str = "an address such as `host:8080`";

    fn parse(text: &str) -> Result<Self, String> {
        match host_and_port(text) {
            Some((host, Some(port))) => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            _ => Err(unexpected::<Self>(text)),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

text_value!(Endpoint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_host_and_a_port() {
        for text in ["h:1", "node-0.eventflux.svc:8080", "10.0.0.1:80", "[::1]:8080"] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), text);
        }
        for wrong in [
            "", "h", ":1", "h:", "h:0", "h:65536", "h:x", "::1", "[h]:1", "a b:1", "h:1/x",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
