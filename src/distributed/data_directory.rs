//! What a node keeps for itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::DistributedError;

/// A node's data directory, which no other process has open. A process that dies lets go of it.
#[derive(Debug)]
pub(super) struct DataDirectory {
    _lock: File,
}

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
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(wrong(
                "belongs to another node: set another `node.data_dir`".into(),
            )),
            Err(TryLockError::Error(error)) => Err(wrong(format!("cannot be locked: {error}"))),
        }
    }
}
