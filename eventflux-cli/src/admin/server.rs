//! The API on its listener.

use std::net::SocketAddr;
use std::sync::Arc;

use eventflux_distributed::node::Node;

use super::access::Tokens;
use super::metrics;
use super::router::router;
use super::service::Service;
use crate::exit::Exit;
use crate::listen::{Exposure, ListenAddress, Server};

/// Where nodes listen unless somebody says otherwise.
pub const NODE_ADDRESS: &str = "127.0.0.1:9464";

const EXPOSURE: Exposure = Exposure {
    risk: "command this node's cluster",
    help: "configure `eventflux.distributed.admin.tokens`, or allow everybody with `--listen-public`",
};

/// Where a node listens, and whom it obeys.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// Where.
    pub listen: ListenAddress,
    /// Other machines may ask even where there are no tokens.
    pub is_public_allowed: bool,
    /// Does not say where it listens.
    pub is_quiet: bool,
    /// Who may do what.
    pub tokens: Tokens,
}

/// The API of a node, until it is dropped: after that nothing of it holds the node.
pub struct AdminServer(Server);

impl AdminServer {
    /// Listens, if there is an address, and tells the user where. Also has the node tell others what it measures.
    ///
    /// **Errors** A port that is taken; an address that others could reach without a token and without permission. The user has been
    /// told.
    pub fn start(config: AdminConfig, node: Arc<Node>) -> Result<Option<Self>, Exit> {
        metrics::serve(&node);
        let is_public_allowed = config.is_public_allowed || !config.tokens.is_empty();
        let router = router(Service::new(node), config.tokens, config.is_public_allowed);
        let server = Server::start(
            &config.listen,
            is_public_allowed,
            EXPOSURE,
            config.is_quiet,
            router,
        )?;
        Ok(server.map(Self))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}
