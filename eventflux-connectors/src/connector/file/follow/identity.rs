//! Which file a file is, whatever its name.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::str::FromStr;

/// A file's number on its device. Used again after the file is gone; what a file begins with tells then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    /// Whose metadata it is.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
        }
    }

    /// Whose metadata it is: there is no stable way to a file's number, and the time of its creation stays with it.
    #[cfg(windows)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::windows::fs::MetadataExt;
        Self {
            device: 0,
            number: metadata.creation_time(),
        }
    }

    /// Which of so many subtasks reads it: the same one under any name.
    pub fn owner(self, parallelism: usize) -> usize {
        (self.number % parallelism.max(1) as u64) as usize
    }
}

/// Written as `device:number`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.number)
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (device, number) = text.split_once(':').ok_or(())?;
        Ok(Self {
            device: device.parse().map_err(drop)?,
            number: number.parse().map_err(drop)?,
        })
    }
}

/// Reads bytes from an offset on.
#[cfg(unix)]
pub fn read_at(file: &File, space: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, space, offset)
}

/// Reads bytes from an offset on.
#[cfg(windows)]
pub fn read_at(file: &File, space: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, space, offset)
}
