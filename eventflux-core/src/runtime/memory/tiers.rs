//! Where the cold rows of a run are.

#[cfg(feature = "spill")]
use std::collections::BTreeSet;
#[cfg(feature = "spill")]
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cold_states::{ColdEntry, Place};
use super::limit::MemoryLimit;
use crate::error::{Error, Result};
#[cfg(feature = "spill")]
use crate::state::cold::ColdDisk;
use crate::state::cold::ColdTier;

/// Where the tiers of a run are.
#[cfg(feature = "spill")]
pub(super) struct Tiers(ColdDisk);

#[cfg(feature = "spill")]
impl Tiers {
    pub(super) fn open(limit: &MemoryLimit, has_checkpoints: bool) -> Result<Self> {
        let cache_bytes = limit.bytes / 16;
        if has_checkpoints && limit.is_kept {
            return ColdDisk::open(&limit.folder, cache_bytes).map(Self);
        }
        ColdDisk::temporary(&temporary(&limit.folder)?, cache_bytes).map(Self)
    }

    pub(super) fn tier(&self, place: &Place, marker: Option<&[u8]>) -> Result<(Arc<dyn ColdTier>, bool)> {
        self.0.tier(&place.name(), marker)
    }

    /// Removes the tiers of earlier runs that have no place in this one.
    pub(super) fn retain(&self, entries: &[ColdEntry]) -> Result<()> {
        let names = entries
            .iter()
            .map(|entry| entry.place.name())
            .collect::<BTreeSet<_>>();
        self.0.retain(|name| names.contains(name))
    }
}

/// A new folder in a folder.
#[cfg(feature = "spill")]
fn temporary(folder: &Path) -> Result<PathBuf> {
    let failed = |path: &Path, error| Error::store(&path.display(), "folder", error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let process = std::process::id();
    for number in 0_u64.. {
        let path = folder.join(format!("eventflux-cold-{process}-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
    Err(Error::Bug("there is no number left".into()))
}

/// Without the feature there are none; [`MemoryLimit::check`] has refused the limit.
#[cfg(not(feature = "spill"))]
pub(super) struct Tiers;

#[cfg(not(feature = "spill"))]
impl Tiers {
    pub(super) fn open(_: &MemoryLimit, _: bool) -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn tier(&self, _: &Place, _: Option<&[u8]>) -> Result<(Arc<dyn ColdTier>, bool)> {
        Err(Error::Bug("there is no cold tier".into()))
    }

    pub(super) fn retain(&self, _: &[ColdEntry]) -> Result<()> {
        Ok(())
    }
}
