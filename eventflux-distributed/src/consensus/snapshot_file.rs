//! The newest snapshot on disk.
//!
//! ```text
//! offset  bytes
//! 0       8   "EFRSNAP1"
//! 8       4   CRC-32C of everything from 12 on, little-endian
//! 12      …   protobuf: StoredSnapshot
//! ```

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;

use super::message::from_snapshot;
use super::proto;
use super::type_config::{LogId, SnapshotMeta};
use crate::coordinator::ClusterState;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"EFRSNAP1";

/// Where the newest snapshot is. A put replaces it as a whole.
///
/// One is made while another one is received: the older of them never takes the place of the newer, which the log may not reach back
/// behind any more.
#[derive(Debug, Clone)]
pub(super) struct SnapshotFile {
    directory: PathBuf,
    /// The last entry of what was written.
    written: Arc<Mutex<Option<LogId>>>,
}

impl SnapshotFile {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            written: Arc::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.join("snapshot")
    }

    /// Replaces it, unless it goes further already, and syncs.
    pub(super) fn write(&self, last: Option<LogId>, snapshot: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if last < *written {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        let new = self.directory.join("snapshot.new");
        let mut file = fs::File::create(&new)?;
        file.write_all(MAGIC)?;
        file.write_all(&crc32c::crc32c(snapshot).to_le_bytes())?;
        file.write_all(snapshot)?;
        file.sync_all()?;
        fs::rename(&new, self.path())?;
        fs::File::open(&self.directory)?.sync_all()?;
        *written = last;
        Ok(())
    }

    /// Reads it, if there is one.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>> {
        let path = self.path();
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(&path, error)),
        };
        let damaged = |message: &str| Error::Damaged {
            path: path.display().to_string(),
            message: message.to_owned(),
        };
        let checksum = bytes
            .get(8..12)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_le_bytes);
        if !bytes.starts_with(MAGIC) {
            return Err(damaged("it does not begin as a snapshot"));
        }
        if checksum != Some(crc32c::crc32c(bytes.get(12..).unwrap_or_default())) {
            return Err(damaged("its checksum does not fit"));
        }
        Ok(Some(bytes.split_off(12)))
    }
}

/// What a snapshot says.
pub fn decode(snapshot: &[u8]) -> std::result::Result<(SnapshotMeta, ClusterState), String> {
    let stored = proto::StoredSnapshot::decode(snapshot).map_err(|error| error.to_string())?;
    let meta = from_snapshot(&stored).map_err(str::to_owned)?;
    let state = ClusterState::decode(&stored.state).map_err(|error| error.to_string())?;
    Ok((meta, state))
}
