//! The file source, `mode` = `follow`: which files it begins with, and where.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventflux_core::connector::{DecoderMaker, Source, SourceContext, SourcePlan};
use eventflux_core::{Error, ErrorKind, Result};

use super::bookmark::{Bookmark, Candidate, HEAD_BYTES, find};
use super::identity::{Identity, read_at};
use super::source::{BEGUN, FollowSource};
use super::tail::end_of_records;
use crate::byte_stream::{Compression, io_failed};
use crate::connector::file::path_pattern::PathPattern;
use crate::connector::file::source_options::Start;
use crate::metadata_column::MetadataColumns;

/// The file source with its options parsed.
pub struct FollowPlan {
    /// Which files.
    pub pattern: PathPattern,
    /// Where files begin that are there at the first start.
    pub start: Start,
    /// What makes decoders.
    pub decoder: Arc<DecoderMaker>,
    /// The columns.
    pub columns: MetadataColumns,
}

impl SourcePlan for FollowPlan {
    fn parallelism_max(&self) -> Option<usize> {
        self.pattern.is_one_file().then_some(1)
    }

    fn is_bounded(&self) -> bool {
        false
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let failed = |error| io_failed("file", &self.pattern.path().display().to_string(), error);
        let mut source = FollowSource::new(self, context);
        if !self.pattern.has_place() {
            return Err(failed(io::ErrorKind::NotFound.into()));
        }
        let is_first_start = context.positions.is_empty();
        let bookmarks = bookmarks(context)?;
        let mut candidates = Vec::new();
        for path in self.pattern.list().map_err(failed)? {
            candidates.extend(candidate(&path).map_err(failed)?);
        }
        let listed_count = candidates.len();
        add_renamed(&bookmarks, &mut candidates);
        let mut is_known = vec![false; candidates.len()];
        for bookmark in &bookmarks {
            let Some(index) = find(bookmark, &candidates).filter(|index| !is_known[*index]) else {
                tracing::warn!(
                    file = %bookmark.path.display(),
                    offset = bookmark.offset,
                    "the file is not there any more or holds something else: what was added to it in between is not read"
                );
                continue;
            };
            is_known[index] = true;
            source.begin(
                &candidates[index].path,
                candidates[index].identity,
                bookmark.offset,
            )?;
        }
        for (candidate, is_known) in candidates[..listed_count].iter().zip(is_known) {
            if !is_known {
                let from_end = is_first_start && self.start == Start::Latest;
                let offset = if from_end {
                    File::open(&candidate.path).and_then(|file| end_of_records(&file))
                } else {
                    Ok(0)
                };
                source.begin(&candidate.path, candidate.identity, offset.map_err(failed)?)?;
            }
        }
        if listed_count == 0 {
            tracing::warn!(path = %self.pattern.path().display(), "there is no such file yet; waiting for it");
        }
        Ok(Box::new(source))
    }
}

fn bookmarks(context: &SourceContext) -> Result<Vec<Bookmark>> {
    let positions = context
        .positions
        .iter()
        .filter(|position| position.position != BEGUN);
    let bookmark = |position| {
        Bookmark::from_position(position).ok_or_else(|| Error::Connector {
            connector: "file",
            object: position.partition.clone(),
            message: format!("`{}` is not a position in a followed file", position.position),
            kind: ErrorKind::Input,
            source: None,
        })
    };
    positions.map(bookmark).collect()
}

/// A file as a candidate; `None` if it cannot be followed or is gone.
fn candidate(path: &Path) -> io::Result<Option<Candidate>> {
    if is_compressed(path) {
        return Ok(None);
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "only a regular file can be followed",
        ));
    }
    let mut head = vec![0; HEAD_BYTES];
    let byte_count = read_at(&file, &mut head, 0)?;
    head.truncate(byte_count);
    Ok(Some(Candidate {
        path: path.to_owned(),
        identity: Identity::of(&metadata),
        byte_count: metadata.len(),
        head,
    }))
}

/// Compressed files hold what was followed before: they are passed over.
pub fn is_compressed(path: &Path) -> bool {
    Compression::of(path) != Compression::None
}

/// Adds files that were read under another name, which the pattern does not match any more: `log` has become `log.1`.
fn add_renamed(bookmarks: &[Bookmark], candidates: &mut Vec<Candidate>) {
    for bookmark in bookmarks {
        if candidates
            .iter()
            .any(|candidate| candidate.identity == bookmark.identity)
        {
            continue;
        }
        let directory = bookmark
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // What cannot be read here is not one of ours.
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let is_it =
            |path: &PathBuf| fs::metadata(path).is_ok_and(|found| Identity::of(&found) == bookmark.identity);
        let found = entries.map(|entry| entry.path()).find(is_it);
        candidates.extend(found.and_then(|path| candidate(&path).ok().flatten()));
    }
}
