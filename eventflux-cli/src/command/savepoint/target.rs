//! Where a savepoint is made.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use eventflux::persistence::DirectoryStore;

use super::create::Failure;

/// What a copy that was broken off leaves; a whole one has manifests, too.
const LEFT: [&str; 5] = [".lock", ".tmp", "manifests", "notes", "segments"];

/// A directory for a savepoint, which nobody else uses.
pub struct Target {
    path: PathBuf,
    store: DirectoryStore,
    /// The folders that were made for it, the innermost one first.
    made: Vec<PathBuf>,
}

impl Target {
    /// Makes or takes a directory. One with something in it is refused, but for what a copy has left that was broken off: that goes.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let made = missing(path);
        let failed = |error: io::Error| {
            Failure::environment(format!("{} cannot be looked into: {error}", path.display()))
        };
        let mut left = Vec::new();
        if made.is_empty() {
            if !path.is_dir() {
                return Err(Failure::usage(format!("{} is not a directory", path.display()))
                    .help("give a directory that is new or empty"));
            }
            for entry in fs::read_dir(path).map_err(failed)? {
                left.push(entry.map_err(failed)?.file_name());
            }
            let is_left = left.iter().all(|name| LEFT.iter().any(|known| name == known));
            let manifests = fs::read_dir(path.join("manifests"));
            let has_manifest = manifests.is_ok_and(|mut manifests| manifests.next().is_some());
            if has_manifest {
                return Err(
                    Failure::usage(format!("{} has checkpoints already", path.display()))
                        .help("give a directory that is new or empty"),
                );
            }
            if !is_left {
                return Err(Failure::usage(format!("{} is not empty", path.display()))
                    .help("give a directory that is new or empty"));
            }
        }
        let store = DirectoryStore::open(path).map_err(|error| Failure::of(&error))?;
        for name in ["notes", "segments"] {
            match fs::remove_dir_all(path.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(Self {
            path: path.to_owned(),
            store,
            made,
        })
    }

    /// What is to be written to.
    pub fn store(&self) -> &DirectoryStore {
        &self.store
    }

    /// Leaves it as it was before.
    pub fn give_up(self) {
        // What is not removed now is in nobody's way later.
        for name in LEFT {
            let path = self.path.join(name);
            let _ = match path.is_dir() {
                true => fs::remove_dir_all(path),
                false => fs::remove_file(path),
            };
        }
        drop(self.store);
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A path and those above it that are not there, the path first.
fn missing(path: &Path) -> Vec<PathBuf> {
    let is_missing = |path: &&Path| {
        !path.as_os_str().is_empty()
            && fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    path.ancestors()
        .take_while(is_missing)
        .map(Path::to_owned)
        .collect()
}
