//! One process at a time writes to a directory, or several that have agreed on it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

/// Holds a directory until it is dropped; a process that dies lets go of it, too.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

/// The file that is locked; its content says who holds it.
pub(super) const LOCK_FILE: &str = ".lock";

impl DirectoryLock {
    /// Takes the lock, or says who has it.
    pub(super) fn take(directory: &Path) -> io::Result<Result<Self, String>> {
        let mut file = open(directory)?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                // One that looks who has it lets go of it at once.
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Ok(Err(signature(file))),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        sign(&mut file, &format!("process {}", std::process::id()))?;
        Ok(Ok(Self { _file: file }))
    }

    /// Takes a part of the lock, which all who share it can have, or says who has it for itself. `alone` is called if nobody else has a
    /// part, before anybody gets one.
    pub(super) fn share(
        directory: &Path,
        alone: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Result<Self, String>> {
        let mut file = open(directory)?;
        match file.try_lock() {
            Ok(()) => {
                alone()?;
                sign(&mut file, "a cluster")?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // One that has just taken it all gives it back at once, unless it keeps it.
        for _ in 0..ATTEMPTS {
            match file.try_lock_shared() {
                Ok(()) => return Ok(Ok(Self { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(Err(signature(file)))
    }
}

/// Who has a directory, if anybody; nothing is made in it.
pub(super) fn holder(directory: &Path) -> io::Result<Option<String>> {
    let path = directory.join(LOCK_FILE);
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        // Where one may only read, a lock can be asked for all the same, but for a few file systems.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(&path),
        opened => opened,
    };
    let file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(signature(file))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// So often the lock, or a part of it, is asked for.
const ATTEMPTS: u32 = 20;

/// Between two of these times.
const PAUSE: Duration = Duration::from_millis(10);

fn open(directory: &Path) -> io::Result<File> {
    let path = directory.join(LOCK_FILE);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Writes down who holds it.
fn sign(file: &mut File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{holder}")
}

fn signature(file: File) -> String {
    let mut holder = String::new();
    // Who cannot be named holds it all the same.
    let _ = file.take(64).read_to_string(&mut holder);
    holder.trim().to_owned()
}
