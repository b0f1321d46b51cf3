//! Where the socket of a run is.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Its name beside the checkpoints; a dot keeps it apart from them.
const NAME: &str = ".control";

/// Longer paths are no addresses of sockets on every system: Linux has room for 107 bytes, others for a little less.
const ADDRESS_BYTES_MAX: usize = 100;

/// The socket of an app, whether it is there or not.
#[derive(Debug, Clone)]
pub struct Socket {
    folder: PathBuf,
}

impl Socket {
    /// That of the app which has its checkpoints in a directory.
    pub fn of_directory(directory: &Path) -> Self {
        Self {
            folder: directory.to_owned(),
        }
    }

    /// Makes it, for its owner only. What a process that died has left there goes. Only who holds the directory may call this.
    pub fn listen(&self) -> io::Result<UnixListener> {
        let path = self.path();
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&path)?,
            Ok(_) => {
                let message = "there is something else of that name";
                return Err(io::Error::new(ErrorKind::AlreadyExists, message));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = self.at_address(|address| UnixListener::bind(address))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Connects to whoever listens there.
    pub fn connect(&self) -> io::Result<UnixStream> {
        self.at_address(|address| UnixStream::connect(address))
    }

    /// Whether it is there, with somebody who listens or without.
    pub fn is_there(&self) -> bool {
        fs::symlink_metadata(self.path()).is_ok()
    }

    /// Takes it away. Only who made it may call this.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(self.path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Does something with a path that is short enough to be an address.
    fn at_address<T>(&self, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
        let path = self.path();
        if path.as_os_str().len() <= ADDRESS_BYTES_MAX {
            return work(&path);
        }
        if !cfg!(target_os = "linux") {
            let message = format!("its path has more than {ADDRESS_BYTES_MAX} bytes");
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        // The open folder has a short name, too.
        let folder = File::open(&self.folder)?;
        work(
            &Path::new("/proc/self/fd")
                .join(folder.as_raw_fd().to_string())
                .join(NAME),
        )
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_its_owners_takes_the_place_of_a_stale_one_and_may_have_a_long_path() {
        let place = tempfile::TempDir::new().unwrap();
        for depth in [0, 12] {
            let folder = place
                .path()
                .join(format!("state{}", "/deep-in-folders".repeat(depth)));
            fs::create_dir_all(&folder).unwrap();
            let socket = Socket::of_directory(&folder);
            assert_eq!(socket.connect().unwrap_err().kind(), ErrorKind::NotFound);
            assert!(!socket.is_there());
            drop(socket.listen().unwrap());
            assert_eq!(socket.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
            assert!(socket.is_there());
            let _listener = socket.listen().unwrap();
            socket.connect().unwrap();
            let mode = fs::metadata(folder.join(NAME)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            socket.remove().unwrap();
            socket.remove().unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let place = tempfile::TempDir::new().unwrap();
        fs::write(place.path().join(NAME), "mine").unwrap();
        let socket = Socket::of_directory(place.path());
        assert_eq!(socket.listen().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(place.path().join(NAME)).unwrap(), "mine");
    }
}
