//! What the file source can be told.

use std::path::PathBuf;

use eventflux_core::connector::OptionValue;

eventflux_core::choices! {
    /// What happens at the end of a file.
    pub enum Mode {
        /// It has been read: a bounded input.
        Once = "once",
        /// What is added is read too, as `tail -F` does.
        Follow = "follow",
    }
}

eventflux_core::options! {
    /// Options of the file source.
    pub struct FileSourceOptions of "file" {
        /// A file, a glob (`logs/*.json`, `**` for any depth) or a directory, whose files are read in the order of
        /// their names, hidden ones left out. `.gz` and `.zst` are decompressed.
        pub path: PathOption ["path"],
        /// `once` reads what is there and ends; `follow` goes on with what is added, through rotation and
        /// truncation, and with new files of a glob or directory.
        pub mode: Mode ["mode"] = "once",
    }
}

/// A path, never empty.
#[derive(Debug, Clone)]
pub struct PathOption(pub PathBuf);

impl OptionValue for PathOption {
    const KIND: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("names no file".into()),
            _ => Ok(Self(text.into())),
        }
    }

    fn unknown() -> Self {
        Self(PathBuf::new())
    }
}
