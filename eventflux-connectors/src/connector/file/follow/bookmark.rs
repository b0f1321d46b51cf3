//! Where a file was left, and which file that is after a restart.

use std::path::{Path, PathBuf};

use eventflux_core::connector::SourcePosition;
use xxhash_rust::xxh3::xxh3_64;

use super::identity::Identity;

/// Bytes at a file's beginning that tell it from others.
pub const HEAD_BYTES: usize = 1024;

/// Where a file was left.
///
/// As a position: partition `PATH@DEVICE:NUMBER`, position `OFFSET HASH`, where the hash is that of the first bytes: those
/// before the offset, [`HEAD_BYTES`] at the most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Its name then.
    pub path: PathBuf,
    /// Which file it was.
    pub identity: Identity,
    /// Up to which byte it was read.
    pub offset: u64,
    /// Of its first bytes.
    pub head_hash: u64,
}

impl Bookmark {
    /// How many of the first bytes the hash is of.
    pub fn head_bytes(offset: u64) -> usize {
        usize::try_from(offset).unwrap_or(usize::MAX).min(HEAD_BYTES)
    }

    /// The hash of a file's first bytes.
    pub fn hash(head: &[u8], offset: u64) -> u64 {
        xxh3_64(&head[..Self::head_bytes(offset).min(head.len())])
    }

    /// As a position.
    pub fn to_position(&self) -> SourcePosition {
        SourcePosition {
            partition: format!("{}@{}", self.path.display(), self.identity),
            position: format!("{} {:016x}", self.offset, self.head_hash),
        }
    }

    /// From a position.
    pub fn from_position(position: &SourcePosition) -> Option<Self> {
        let (path, identity) = position.partition.rsplit_once('@')?;
        let (offset, head_hash) = position.position.split_once(' ')?;
        Some(Self {
            path: path.into(),
            identity: identity.parse().ok()?,
            offset: offset.parse().ok()?,
            head_hash: u64::from_str_radix(head_hash, 16).ok()?,
        })
    }
}

/// A file that is there after a restart.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name now.
    pub path: PathBuf,
    /// Which file it is.
    pub identity: Identity,
    /// Its length.
    pub byte_count: u64,
    /// Its first bytes, [`HEAD_BYTES`] at the most.
    pub head: Vec<u8>,
}

impl Candidate {
    /// Whether it begins as the file of the bookmark did.
    fn goes_on(&self, bookmark: &Bookmark) -> bool {
        self.byte_count >= bookmark.offset
            && Bookmark::hash(&self.head, bookmark.offset) == bookmark.head_hash
    }
}

/// Which candidate is the file of a bookmark, by index: the one of this identity, or else the one of this name (a copy that
/// took its place). Both have to begin as the file did: the system gives the numbers of deleted files to new ones.
pub fn find(bookmark: &Bookmark, candidates: &[Candidate]) -> Option<usize> {
    let by = |is_it: &dyn Fn(&Candidate) -> bool| {
        candidates
            .iter()
            .position(|candidate| is_it(candidate) && candidate.goes_on(bookmark))
    };
    let is_same_name = |path: &Path| path == bookmark.path;
    by(&|candidate| candidate.identity == bookmark.identity)
        .or_else(|| by(&|candidate| is_same_name(&candidate.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(path: &str, identity: &str, content: &str) -> Candidate {
        Candidate {
            path: path.into(),
            identity: identity.parse().unwrap(),
            byte_count: content.len() as u64,
            head: content.as_bytes().to_vec(),
        }
    }

    fn bookmark(path: &str, identity: &str, read: &str) -> Bookmark {
        let offset = read.len() as u64;
        Bookmark {
            path: path.into(),
            identity: identity.parse().unwrap(),
            offset,
            head_hash: Bookmark::hash(read.as_bytes(), offset),
        }
    }

    #[test]
    fn bookmarks_survive_as_positions() {
        let bookmark = bookmark("a@b:c/log@2", "5:77", "some lines");
        assert_eq!(Bookmark::from_position(&bookmark.to_position()), Some(bookmark));
        let other = SourcePosition {
            partition: "log".into(),
            position: "17".into(),
        };
        assert_eq!(Bookmark::from_position(&other), None);
    }

    #[test]
    fn a_renamed_file_is_found_by_its_number() {
        let candidates = [
            candidate("log", "1:8", "new"),
            candidate("log.1", "1:7", "old, and more"),
        ];
        assert_eq!(find(&bookmark("log", "1:7", "old"), &candidates), Some(1));
    }

    #[test]
    fn a_number_that_was_given_to_another_file_is_no_proof() {
        let candidates = [candidate("log", "1:7", "new and long")];
        assert_eq!(find(&bookmark("log", "1:7", "old"), &candidates), None);
    }

    #[test]
    fn a_truncated_file_is_another_one() {
        assert_eq!(
            find(&bookmark("log", "1:7", "old"), &[candidate("log", "1:7", "ol")]),
            None
        );
    }

    #[test]
    fn a_copy_in_the_same_place_is_read_on() {
        let candidates = [
            candidate("other", "1:9", "old, and more"),
            candidate("log", "1:8", "old, and more"),
        ];
        assert_eq!(find(&bookmark("log", "1:7", "old"), &candidates), Some(1));
    }

    #[test]
    fn of_long_files_the_beginning_decides() {
        let read = "x".repeat(5000);
        let candidates = [candidate("log", "1:7", &(read.clone() + "more"))];
        assert_eq!(find(&bookmark("log", "1:7", &read), &candidates), Some(0));
    }
}
