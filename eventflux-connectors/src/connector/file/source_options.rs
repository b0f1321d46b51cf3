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
        /// Where a followed file begins that is there at the first start: at its first record (`earliest`, also spelled
        /// `beginning`), or with what is added from then on (`latest`, also `end`). Files that appear later are read whole.
        pub start: Option<Start> ["start", "start.position"],
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

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first record.
    Earliest,
    /// After the last record.
    Latest,
}

impl OptionValue for Start {
    const KIND: &'static str = "earliest|latest";

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "earliest" | "beginning" => Ok(Self::Earliest),
            "latest" | "end" => Ok(Self::Latest),
            _ => Err(format!("`{text}` is none of earliest, latest")),
        }
    }

    fn unknown() -> Self {
        Self::Earliest
    }
}
