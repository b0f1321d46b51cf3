//! Who a node is.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::Path;

use crate::coordinator::NodeId;
use crate::error::{Error, Result};

/// A node's id, in its data directory.
///
/// The file holds 16 hexadecimal digits and the CRC-32C of them. It is made once; whoever loses it is another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeIdentity(NodeId);

impl NodeIdentity {
    /// Reads a directory's identity; a directory without one gets a new one.
    pub fn open(directory: &Path) -> Result<Self> {
        let path = directory.join("identity");
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).ok_or_else(|| Error::Damaged {
                path: path.display().to_string(),
                message: "it does not hold an id".to_owned(),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let identity = Self(new_id());
                identity
                    .write(directory)
                    .map_err(|error| Error::file(&path, error))?;
                Ok(identity)
            }
            Err(error) => Err(Error::file(&path, error)),
        }
    }

    /// The id.
    pub fn id(self) -> NodeId {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, checksum) = text.trim_end().split_once(' ')?;
        let is_intact = u32::from_str_radix(checksum, 16).ok()? == crc32c::crc32c(id.as_bytes());
        let id = u64::from_str_radix(id, 16).ok().filter(|id| *id != 0)?;
        is_intact.then_some(Self(id))
    }

    fn write(self, directory: &Path) -> std::io::Result<()> {
        fs::create_dir_all(directory)?;
        let id = format!("{:016x}", self.0);
        let new = directory.join("identity.new");
        let mut file = fs::File::create(&new)?;
        writeln!(file, "{id} {:08x}", crc32c::crc32c(id.as_bytes()))?;
        file.sync_all()?;
        fs::rename(&new, directory.join("identity"))?;
        fs::File::open(directory)?.sync_all()
    }
}

/// 64 random bits, not 0.
pub(crate) fn new_id() -> u64 {
    // The keys of the standard library's hasher are random in each process, and differ from one to the next.
    RandomState::new().build_hasher().finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_stays_and_a_damaged_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let identity = NodeIdentity::open(directory.path()).unwrap();
        assert_eq!(NodeIdentity::open(directory.path()).unwrap(), identity);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(NodeIdentity::open(other.path()).unwrap(), identity);

        let path = directory.path().join("identity");
        let mut text = fs::read(&path).unwrap();
        text[3] ^= 1;
        fs::write(&path, text).unwrap();
        let error = NodeIdentity::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("is damaged: it does not hold an id"), "{error}");
    }
}
