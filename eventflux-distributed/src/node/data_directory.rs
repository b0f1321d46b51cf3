//! What a node keeps for itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// A node's data directory, which no other process has open. A process that dies lets go of it.
#[derive(Debug)]
pub struct DataDirectory {
    _lock: File,
}

impl DataDirectory {
    /// Makes it if it is not there.
    ///
    /// **Errors** It cannot be written to; `WouldBlock`: another process has it.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_one_node_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        let first = DataDirectory::open(&path).unwrap();
        assert_eq!(
            DataDirectory::open(&path).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(first);
        DataDirectory::open(&path).unwrap();
    }
}
