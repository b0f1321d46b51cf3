//! What the node of a program keeps for itself.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use eventflux_distributed::node::DataDirectory;

use super::DistributedError;

/// A data directory that also knows where its node listens.
#[derive(Debug)]
pub(super) struct OwnDirectory {
    path: PathBuf,
    _held: DataDirectory,
}

/// Where the node listened first, if it was free to choose.
const ADDRESS: &str = "address";

impl OwnDirectory {
    /// Makes it if it is not there.
    ///
    /// **Errors** It cannot be written to; another node has it.
    pub(super) fn open(path: &Path) -> Result<Self, DistributedError> {
        let held = DataDirectory::open(path).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::WouldBlock => {
                    "belongs to another node: set another `node.data_dir`".to_owned()
                }
                _ => format!("cannot be opened: {error}"),
            };
            let message = format!("the data directory `{}` {what}", path.display());
            DistributedError::Configuration(message)
        })?;
        Ok(Self {
            path: path.to_owned(),
            _held: held,
        })
    }

    /// Where a node that may choose its port has to listen: others know it by the one that it chose first.
    pub(super) fn listen(&self, configured: SocketAddr) -> SocketAddr {
        let known = std::fs::read_to_string(self.path.join(ADDRESS));
        let known: Option<SocketAddr> = known.ok().and_then(|known| known.trim().parse().ok());
        match known {
            Some(known) if configured.port() == 0 => SocketAddr::new(configured.ip(), known.port()),
            _ => configured,
        }
    }

    /// Keeps where the node listens.
    ///
    /// **Errors** It cannot be written.
    pub(super) fn remember(&self, address: &str) -> Result<(), DistributedError> {
        let path = self.path.join(ADDRESS);
        std::fs::write(&path, address).map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", path.display());
            DistributedError::Configuration(message)
        })
    }
}
