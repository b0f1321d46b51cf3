//! Where a node listens, and where others reach it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::config::model::Distributed;
use crate::config::value::{Endpoint, IpAddress};

/// A plane of a node: the control plane or the data plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where others reach it.
    pub endpoint: Endpoint,
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Address {
    /// Where the control plane is.
    ///
    /// **Errors** Its host's name is not known here.
    pub fn of_control(distributed: &Distributed) -> Result<Self, String> {
        Self::new(distributed.control_endpoint(), distributed.node.bind)
    }

    /// Where the data plane is.
    ///
    /// **Errors** Its host's name is not known here.
    pub fn of_data(distributed: &Distributed) -> Result<Self, String> {
        Self::new(distributed.data_endpoint(), distributed.node.bind)
    }

    fn new(endpoint: Endpoint, bind: Option<IpAddress>) -> Result<Self, String> {
        let listen = match bind {
            Some(ip) => SocketAddr::new(ip.0, endpoint.port),
            None => resolve(&endpoint).map_err(|error| format!("cannot listen at {endpoint}: {error}"))?,
        };
        Ok(Self { endpoint, listen })
    }
}

/// What a way out is when an address cannot be listened at.
pub const BIND_HELP: &str =
    "`node.bind` says where to listen when others reach the node at another address: `0.0.0.0`";

fn resolve(endpoint: &Endpoint) -> io::Result<SocketAddr> {
    let mut found = (endpoint.host.as_str(), endpoint.port).to_socket_addrs()?;
    let none = || io::Error::other("the name has no address");
    found.next().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::{List, TextValue};

    #[test]
    fn a_node_listens_where_it_is_reached_or_where_it_is_told_to() {
        let mut distributed = Distributed::default();
        distributed.node.endpoints = List(vec![Endpoint::parse("127.0.0.1:7000").unwrap()]);
        let [control, data] = [Address::of_control(&distributed), Address::of_data(&distributed)];
        assert_eq!(control.unwrap().listen, "127.0.0.1:7000".parse().unwrap());
        assert_eq!(data.unwrap().listen, "127.0.0.1:7001".parse().unwrap());

        distributed.node.endpoints = List(vec![Endpoint::parse("nowhere.invalid:7000").unwrap()]);
        let refused = Address::of_control(&distributed).unwrap_err();
        assert!(
            refused.starts_with("cannot listen at nowhere.invalid:7000: "),
            "{refused}"
        );

        distributed.node.bind = Some(IpAddress::parse("0.0.0.0").unwrap());
        let control = Address::of_control(&distributed).unwrap();
        assert_eq!(control.listen, "0.0.0.0:7000".parse().unwrap());
        assert_eq!(control.endpoint.to_string(), "nowhere.invalid:7000");
    }
}
