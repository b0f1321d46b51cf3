//! Where to listen.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// `HOST:PORT`, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// Nowhere.
    Off,
    /// At this address, as it was written.
    At(String),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(ListenAddress::Off);
        }
        let has_both = text
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        match has_both {
            true => Ok(ListenAddress::At(text.to_owned())),
            false => Err(format!(
                "expected `off` or an address with a port such as `127.0.0.1:9464`, found `{text}`"
            )),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ListenAddress::Off => "off",
            ListenAddress::At(address) => address,
        })
    }
}

/// Why an address cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name is not known.
    Unknown(String),
    /// Others could reach it.
    Public(SocketAddr),
}

/// The addresses that a name stands for. Those that other machines can reach need a permission.
pub fn resolve(address: &str, is_public_allowed: bool) -> Result<Vec<SocketAddr>, Refusal> {
    let found: Vec<_> = match address.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => return Err(Refusal::Unknown(error.to_string())),
    };
    if found.is_empty() {
        return Err(Refusal::Unknown("the name has no address".to_owned()));
    }
    match found
        .iter()
        .find(|address| !address.ip().to_canonical().is_loopback())
    {
        Some(public) if !is_public_allowed => Err(Refusal::Public(*public)),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_off_or_has_a_host_and_a_port() {
        assert_eq!("off".parse(), Ok(ListenAddress::Off));
        for good in ["127.0.0.1:9464", "[::1]:0", "localhost:80"] {
            assert_eq!(good.parse(), Ok(ListenAddress::At(good.to_owned())));
        }
        for bad in [
            "",
            "9464",
            ":9464",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:http",
            "127.0.0.1:70000",
        ] {
            let error = bad.parse::<ListenAddress>().unwrap_err();
            assert!(error.contains(&format!("found `{bad}`")), "{error}");
        }
    }

    #[test]
    fn only_loopback_is_listened_to_without_a_permission() {
        for own in ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(resolve(own, false).is_ok(), "{own}");
        }
        for public in ["0.0.0.0:1", "[::]:1", "192.0.2.7:1"] {
            assert_eq!(
                resolve(public, false),
                Err(Refusal::Public(public.parse().unwrap()))
            );
            assert!(resolve(public, true).is_ok(), "{public}");
        }
    }
}
