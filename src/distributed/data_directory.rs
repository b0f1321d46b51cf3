//! What a node keeps for itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::DistributedError;

/// A node's data directory, which no other process has open. A process that dies lets go of it.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

/// Where the node listened first, if it was free to choose.
const ADDRESS: &str = "address";

impl DataDirectory {
    /// Makes it if it is not there.
    ///
    /// **Errors** It cannot be written to; another node has it.
    pub(super) fn open(path: &Path) -> Result<Self, DistributedError> {
        let wrong = |what: String| {
            let message = format!("the data directory `{}` {what}", path.display());
            DistributedError::Configuration(message)
        };
        std::fs::create_dir_all(path).map_err(|error| wrong(format!("cannot be made: {error}")))?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(path.join("lock"));
        let lock = lock.map_err(|error| wrong(format!("cannot be written to: {error}")))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(wrong(
                "belongs to another node: set another `node.data_dir`".into(),
            )),
            Err(TryLockError::Error(error)) => Err(wrong(format!("cannot be locked: {error}"))),
        }
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
