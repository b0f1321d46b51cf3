//! What the file sink can be told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use eventflux_core::connector::{ByteSize, OptionError};

use super::source_options::PathOption;

eventflux_core::choices! {
    /// What becomes of what is there when a run begins.
    pub enum WriteMode {
        /// It is replaced.
        Truncate = "truncate",
        /// It is kept.
        Append = "append",
    }
}

eventflux_core::options! {
    /// Options of the file sink.
    pub struct FileSinkOptions of "file" {
        /// A file, or a directory if it ends in `/`: then every subtask writes part files in it. Directories that are not there
        /// are made. `.gz` and `.zst` are compressed.
        pub path: PathOption ["path"],
        /// `truncate` replaces what an earlier run wrote (of a directory: its part files); `append` goes on after it. A run
        /// that goes on from a checkpoint always does.
        pub write: WriteMode ["write"] = "truncate",
        /// A part file that has reached this size is finished, and the next one begun. Only for a directory.
        pub rotate_size: Option<ByteSize> ["rotate.size"],
        /// A part file begun this long ago is finished, and the next row begins another one. Only for a directory.
        pub rotate_interval: Option<Duration> ["rotate.interval"],
        /// What the names of part files end in, `.json.gz` for example; without it, a dot and the format's name.
        pub suffix: Option<String> ["suffix"],
    }
}

/// Where rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into this file.
    File(PathBuf),
    /// Into part files of this directory, whose names end in this.
    Parts {
        /// The directory.
        directory: PathBuf,
        /// The end of the names.
        suffix: String,
    },
}

impl FileSinkOptions {
    /// Where rows go.
    ///
    /// **Errors** Options that do not fit the path.
    pub fn target(&self, format: &str) -> Result<Target, OptionError> {
        let path = &self.path.0;
        let text = path.to_string_lossy();
        if text.contains(['*', '?']) {
            let help = "a sink writes one file, or part files in a directory whose path ends in `/`";
            return Err(OptionError::new("path", "is a glob").with_help(help));
        }
        if text.ends_with('/') {
            let suffix = self.suffix.clone().unwrap_or_else(|| format!(".{format}"));
            if suffix.contains(['/', '\\']) {
                return Err(OptionError::new(
                    "suffix",
                    "is a part of a file's name and cannot hold a slash",
                ));
            }
            return Ok(Target::Parts {
                directory: path.clone(),
                suffix,
            });
        }
        let parts_only = [
            ("rotate.size", self.rotate_size.is_some()),
            ("rotate.interval", self.rotate_interval.is_some()),
            ("suffix", self.suffix.is_some()),
        ];
        match parts_only.iter().find(|(_, is_given)| *is_given) {
            Some((key, _)) => Err(
                OptionError::new(*key, "is for part files, and `path` names one file")
                    .with_help(format!("end the path in `/`: 'path' = '{}/'", stem(path))),
            ),
            None => Ok(Target::File(path.clone())),
        }
    }
}

fn stem(path: &Path) -> String {
    path.with_extension("").display().to_string()
}
