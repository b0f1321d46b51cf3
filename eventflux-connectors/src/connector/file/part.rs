//! Part files: their names, and when one ends and the next begins.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directory;

/// When a part file is finished.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rotation {
    /// Once it has this many bytes.
    pub byte_count: Option<u64>,
    /// Once it is this old.
    pub age: Option<Duration>,
}

impl Rotation {
    /// Whether a part file of this size, begun and seen at these times (microseconds), is finished.
    pub fn is_due(&self, byte_count: u64, begun_us: i64, now_us: i64) -> bool {
        let age_us = u128::try_from(now_us.saturating_sub(begun_us)).unwrap_or(0);
        self.byte_count.is_some_and(|most| byte_count >= most)
            || self.age.is_some_and(|most| age_us >= most.as_micros())
    }
}

/// The name of a part file: `part-<subtask>-<number><suffix>`.
pub fn name(subtask: usize, number: u64, suffix: &str) -> String {
    format!("part-{subtask}-{number:05}{suffix}")
}

/// Its path.
pub fn path(directory: &Path, subtask: usize, number: u64, suffix: &str) -> PathBuf {
    directory.join(name(subtask, number, suffix))
}

/// Makes the directory, removes parts of earlier runs if they are not to stay, and returns the first free number of a subtask.
pub fn first_number(directory: &Path, suffix: &str, subtask: usize, is_append: bool) -> io::Result<u64> {
    directory::make(directory)?;
    let mut first = 0;
    for (path, owner, number) in list(directory, suffix)? {
        if !is_append {
            fs::remove_file(path)?;
        } else if owner == subtask {
            first = first.max(number + 1);
        }
    }
    Ok(first)
}

/// The part files that are in a directory: paths, subtasks and numbers.
pub fn list(directory: &Path, suffix: &str) -> io::Result<Vec<(PathBuf, usize, u64)>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Some((subtask, number)) = entry.file_name().to_str().and_then(|name| parse(name, suffix)) {
            parts.push((entry.path(), subtask, number));
        }
    }
    Ok(parts)
}

/// The subtask and the number in a part file's name.
pub fn parse(name: &str, suffix: &str) -> Option<(usize, u64)> {
    let (subtask, number) = name
        .strip_suffix(suffix)?
        .strip_prefix("part-")?
        .split_once('-')?;
    Some((subtask.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_part_files_are_taken_for_such() {
        assert_eq!(parse("part-3-00017.json", ".json"), Some((3, 17)));
        for other in [
            "part-3-00017.csv",
            "part-3.json",
            "part-x-1.json",
            "my-part-3-1.json",
            "data.json",
        ] {
            assert_eq!(parse(other, ".json"), None, "{other}");
        }
        assert_eq!(
            path(Path::new("out/"), 3, 17, ".json").to_str(),
            Some("out/part-3-00017.json")
        );
    }

    #[test]
    fn a_part_is_finished_by_size_or_age() {
        let rotation = Rotation {
            byte_count: Some(100),
            age: Some(Duration::from_secs(1)),
        };
        assert!(!rotation.is_due(99, 0, 999_999));
        assert!(rotation.is_due(100, 0, 0));
        assert!(rotation.is_due(0, 0, 1_000_000));
        // A clock that was set back finishes nothing.
        assert!(!rotation.is_due(0, 2_000_000, 0));
        assert!(!Rotation::default().is_due(u64::MAX, 0, i64::MAX));
    }
}
