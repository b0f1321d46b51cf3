//! Which files a `path` names.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// A file, a directory or a glob. Which of them is decided when files are listed: a file may bear a name with `*` in it.
#[derive(Debug, Clone)]
pub struct PathPattern {
    path: PathBuf,
    glob: Option<FileGlob>,
}

#[derive(Debug, Clone)]
struct FileGlob {
    /// The directory above the first component with a wildcard.
    base: PathBuf,
    matcher: GlobMatcher,
    /// Directories below the base that may hold matches; `None` for any depth.
    depth_max: Option<usize>,
    /// Whether names that begin with a dot may match.
    has_hidden: bool,
}

/// Directories deeper than this are not searched.
const DEPTH_MAX: usize = 64;

impl PathPattern {
    /// The pattern of this path.
    ///
    /// **Errors** A glob that is not well-formed.
    pub fn new(path: &Path) -> Result<Self, String> {
        let is_wild = |component: &Component<'_>| {
            component
                .as_os_str()
                .to_string_lossy()
                .contains(['*', '?', '[', '{'])
        };
        let base: PathBuf = path
            .components()
            .take_while(|component| !is_wild(component))
            .collect();
        let wild: Vec<_> = path
            .components()
            .skip_while(|component| !is_wild(component))
            .collect();
        if wild.is_empty() {
            return Ok(Self {
                path: path.to_owned(),
                glob: None,
            });
        }
        let text = path.to_str().ok_or("a glob has to be UTF-8")?;
        // `./logs/*` has to match as `logs/*` does.
        let text = text.strip_prefix("./").unwrap_or(text);
        let built = GlobBuilder::new(text).literal_separator(true).build();
        let matcher = built.map_err(|error| error.kind().to_string())?.compile_matcher();
        let names = || {
            wild.iter()
                .map(|component| component.as_os_str().to_string_lossy())
        };
        let glob = FileGlob {
            base,
            matcher,
            depth_max: (!names().any(|name| name.contains("**"))).then_some(wild.len()),
            has_hidden: names().any(|name| name.starts_with('.')),
        };
        Ok(Self {
            path: path.to_owned(),
            glob: Some(glob),
        })
    }

    /// As the user wrote it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that are there now, in the order of their names. None, if there is no such file or directory.
    pub fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        match (found(fs::metadata(&self.path))?, &self.glob) {
            (Some(metadata), _) if metadata.is_dir() => {
                for entry in fs::read_dir(&self.path)? {
                    let path = entry?.path();
                    if !is_hidden(&path) && is_file(&path)? {
                        files.push(path);
                    }
                }
            }
            (Some(_), _) => files.push(self.path.clone()),
            (None, Some(glob)) => glob.search(&glob.base, 1, &mut files)?,
            (None, None) => {}
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Whether there is a directory in which files may appear.
    pub fn has_place(&self) -> bool {
        let base = self
            .glob
            .as_ref()
            .map_or(self.path.parent(), |glob| Some(&glob.base));
        self.path.exists() || base.is_none_or(|base| base.as_os_str().is_empty() || base.is_dir())
    }

    /// Whether the path can only be one file, as far as its name and what is there tell.
    pub fn is_one_file(&self) -> bool {
        let is_directory = self.path.is_dir() || self.path.to_string_lossy().ends_with('/');
        !is_directory && (self.glob.is_none() || self.path.exists())
    }
}

impl FileGlob {
    fn search(&self, directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
        let here = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let Some(entries) = found(fs::read_dir(here))? else {
            return Ok(());
        };
        for entry in entries {
            let entry = entry?;
            let path = directory.join(entry.file_name());
            if !self.has_hidden && is_hidden(&path) {
                continue;
            }
            // Links to directories are not followed: they may lead round in circles.
            if entry.file_type()?.is_dir() {
                if depth < self.depth_max.unwrap_or(DEPTH_MAX) {
                    self.search(&path, depth + 1, files)?;
                }
            } else if self.matcher.is_match(&path) && is_file(&path)? {
                files.push(path);
            }
        }
        Ok(())
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_file(path: &Path) -> io::Result<bool> {
    Ok(found(fs::metadata(path))?.is_some_and(|metadata| metadata.is_file()))
}

/// What is not there (any more) is no error.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "b.json",
            "a.json",
            "c.csv",
            ".hidden.json",
            "sub/d.json",
            "sub/deep/e.json",
            ".git/f.json",
            "[x].txt",
        ] {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let pattern = PathPattern::new(&directory.path().join(pattern)).unwrap();
        let found = pattern.list().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(directory.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{pattern:?}");
    }

    #[test]
    fn a_directory_gives_its_visible_files_in_order() {
        check("", &["[x].txt", "a.json", "b.json", "c.csv"]);
        check("sub/", &["sub/d.json"]);
    }

    #[test]
    fn a_glob_gives_what_matches() {
        check("*.json", &["a.json", "b.json"]);
        check("[ab].json", &["a.json", "b.json"]);
        check("{b,c}.*", &["b.json", "c.csv"]);
        check("*/*.json", &["sub/d.json"]);
        check(
            "**/*.json",
            &["a.json", "b.json", "sub/d.json", "sub/deep/e.json"],
        );
        check(".h*.json", &[".hidden.json"]);
        check("*.parquet", &[]);
        check("none/*.json", &[]);
    }

    #[test]
    fn a_file_with_wildcards_in_its_name_can_be_named() {
        check("[x].txt", &["[x].txt"]);
    }

    #[test]
    fn a_missing_file_is_not_listed() {
        check("nothing.json", &[]);
    }

    #[test]
    fn a_glob_that_is_not_well_formed_is_refused() {
        assert!(PathPattern::new(Path::new("logs/[a.json")).is_err());
    }
}
