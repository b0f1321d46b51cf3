//! Directories that files are written in.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::byte_stream::io_message;

/// Where a file lies.
pub fn of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes a directory that is not there, and those above it; the disk has their names then.
///
/// **Errors** One of them is a file, or may not be made: says which, and why.
pub fn make(directory: &Path) -> io::Result<()> {
    // From below: the directory itself first.
    let missing: Vec<&Path> = directory
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.is_dir())
        .collect();
    for made in missing.into_iter().rev() {
        let is_made = match fs::create_dir(made) {
            // Another subtask was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && made.is_dir() => Ok(()),
            is_made => is_made,
        };
        is_made.map_err(|error| not_made(made, &error))?;
        sync(&of(made))?;
    }
    Ok(())
}

fn not_made(directory: &Path, error: &io::Error) -> io::Error {
    let name = directory.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("`{name}` is not a directory");
            io::Error::new(io::ErrorKind::NotADirectory, message)
        }
        kind => {
            let reason = io_message(error);
            // What is missing is never the file that is to be written.
            let kind = match kind {
                io::ErrorKind::NotFound => io::ErrorKind::Other,
                kind => kind,
            };
            io::Error::new(kind, format!("the directory `{name}` cannot be made: {reason}"))
        }
    }
}

/// Waits until the disk has the names in a directory.
pub fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_with_those_above_and_stay() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a/b/c", "a/b/c/", "a/./d", "a/d/../e"] {
            let directory = place.path().join(name);
            make(&directory).unwrap();
            assert!(directory.is_dir(), "{name}");
        }
        make(Path::new(".")).unwrap();
        assert_eq!(of(Path::new("out.json")), Path::new("."));
        assert_eq!(of(Path::new("/out.json")), Path::new("/"));
    }

    #[test]
    fn a_file_in_the_place_of_a_directory_is_named() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        for name in ["file", "file/", "file/below/it"] {
            let error = make(&place.path().join(name)).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&format!("`{}", file.display())), "{text}");
            assert!(text.ends_with("is not a directory"), "{text}");
            assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{name}");
        }
    }
}
