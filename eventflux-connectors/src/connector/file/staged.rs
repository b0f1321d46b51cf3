//! Files that hold the rows of an epoch until its checkpoint is durable, and the notes that name them.
//!
//! A staged file lies beside what it will become a part of, hidden: `.staged-<…>`. A note is JSON:
//!
//! ```text
//! {"version":1,"append":{"at":1200,"staged":[{"name":".staged-7-out.json","byte_count":300,"hash":81985529216486895}]}}
//! {"version":1,"parts":{"next_number":8,"staged":[{"name":".staged-part-0-00007.json","byte_count":300,"hash":…}]}}
//! ```

use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use eventflux_core::connector::CommitNote;
use eventflux_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::directory;
use super::output_file::{Extent, OutputFile};
use crate::byte_stream::io_failed;

/// What the names of staged files begin with.
const PREFIX: &str = ".staged-";

/// What one subtask pre-committed in one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    version: u32,
    #[serde(flatten)]
    pub content: Content,
}

/// What is to be done with staged files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// They go to the end of the file.
    Append {
        /// Where the file ends before.
        at: u64,
        /// In this order.
        staged: Vec<Staged>,
    },
    /// Each becomes a part file, under its name without the prefix.
    Parts {
        /// The number of the subtask's next part.
        next_number: u64,
        /// By number.
        staged: Vec<Staged>,
    },
}

/// A staged file that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Its name in the directory of what it will become a part of.
    pub name: String,
    /// Its length.
    pub byte_count: u64,
    /// The xxh3 hash of its bytes.
    pub hash: u64,
}

impl Staged {
    /// Completes a file. What is returned with it is to be called where one may wait: it ends when the disk has the file.
    pub fn seal(file: OutputFile) -> io::Result<(Self, impl FnOnce() -> io::Result<()> + Send + 'static)> {
        let name = file
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let directory = directory::of(file.path());
        let (Extent { byte_count, hash }, unsynced) = file.seal()?;
        let staged = Self {
            name,
            byte_count,
            hash,
        };
        let sync = move || {
            unsynced.sync()?;
            directory::sync(&directory)
        };
        Ok((staged, sync))
    }

    /// The name of what it becomes.
    pub fn target_name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }
}

impl Note {
    /// A note of the present version.
    pub fn new(content: Content) -> Self {
        Self { version: 1, content }
    }

    /// As it is stored.
    pub fn encode(&self) -> Result<Bytes> {
        let text = serde_json::to_vec(self);
        text.map(Bytes::from)
            .map_err(|error| Error::Bug(format!("a note cannot be written: {error}")))
    }

    /// Reads a stored note.
    ///
    /// **Errors** It is not one, or of a later version.
    pub fn decode(path: &Path, note: &CommitNote) -> Result<Self> {
        let wrong = |message: String| {
            let epoch = note.epoch;
            unfit(
                path,
                ErrorKind::Input,
                format!("the note of checkpoint {epoch} {message}"),
            )
        };
        let read: Self =
            serde_json::from_slice(&note.note).map_err(|error| wrong(format!("is damaged: {error}")))?;
        match read.version {
            1 => Ok(read),
            version => Err(wrong(format!("has version {version}, and this program knows 1"))),
        }
    }
}

/// The name of a staged file for something of this name.
pub fn name(target: &str) -> String {
    format!("{PREFIX}{target}")
}

/// Removes staged files that `is_own` tells by the rest of their names: nobody will commit them any more.
pub fn remove_leftovers(directory: &Path, is_own: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        if file_name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .is_some_and(&is_own)
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The error for input and output that failed.
pub fn failed(path: &Path, error: io::Error) -> Error {
    io_failed("file", &path.display().to_string(), error)
}

/// The error for what is not as it has to be.
pub fn unfit(path: &Path, kind: ErrorKind, message: String) -> Error {
    Error::Connector {
        connector: "file",
        object: path.display().to_string(),
        message,
        kind,
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Note, String> {
        let note = CommitNote {
            epoch: 7,
            subtask: 0,
            note: Bytes::copy_from_slice(text.as_bytes()),
        };
        Note::decode(Path::new("out"), &note).map_err(|error| error.to_string())
    }

    #[test]
    fn notes_are_read_as_they_were_written_and_others_are_refused() {
        let text = r#"{"version":1,"append":{"at":1200,"staged":[{"name":".staged-7-out","byte_count":300,"hash":18446744073709551615}]}}"#;
        let note = read(text).unwrap();
        assert_eq!(note.encode().unwrap(), text.as_bytes());
        let text = r#"{"version":1,"parts":{"next_number":8,"staged":[]}}"#;
        assert_eq!(read(text).unwrap().encode().unwrap(), text.as_bytes());
        let later = text.replace("1,", "2,");
        assert_eq!(
            read(&later).unwrap_err(),
            "file `out`: the note of checkpoint 7 has version 2, and this program knows 1"
        );
        assert!(
            read(&text[..20])
                .unwrap_err()
                .contains("the note of checkpoint 7 is damaged")
        );
    }
}
