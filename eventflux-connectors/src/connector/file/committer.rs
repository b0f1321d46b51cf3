//! Makes staged rows visible: behind the end of a file, or as part files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use eventflux_core::connector::{CommitNote, SinkCommitter};
use eventflux_core::fail_point::fail_point;
use eventflux_core::{Error, ErrorKind, Result};
use xxhash_rust::xxh3::Xxh3Default;

use super::directory;
use super::part;
use super::staged::{Content, Note, Staged, failed, unfit};

/// Bytes copied at once.
const COPY_BYTES: usize = 256 << 10;

/// What commits notes of a sink, without waiting for anything but the disk.
pub trait Commit: Clone + Send + 'static {
    /// Makes the notes visible; those that are so already change nothing.
    fn commit(&mut self, notes: &[(u64, usize, Content)]) -> Result<()>;

    /// What errors are about.
    fn path(&self) -> &Path;
}

/// Commits on a thread that may block.
pub struct FileCommitter<C>(pub C);

#[async_trait]
impl<C: Commit + Sync> SinkCommitter for FileCommitter<C> {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        let mut commit = self.0.clone();
        let read = |note: &CommitNote| {
            let read = Note::decode(commit.path(), note)?;
            Ok((note.epoch, note.subtask, read.content))
        };
        let notes = notes.iter().map(read).collect::<Result<Vec<_>>>()?;
        let done = tokio::task::spawn_blocking(move || commit.commit(&notes).map(|()| commit));
        self.0 = done
            .await
            .map_err(|error| Error::Bug(format!("a commit did not end: {error}")))??;
        Ok(())
    }
}

/// Commits to the end of one file.
///
/// **Invariants** The file holds whole epochs, in order, but while one is being appended. A note says where its epoch begins,
/// so what a killed run has half appended is known, cut back and appended again.
#[derive(Debug, Clone)]
pub struct Appender {
    /// The file.
    pub path: PathBuf,
}

impl Commit for Appender {
    fn commit(&mut self, notes: &[(u64, usize, Content)]) -> Result<()> {
        let mut pieces = Vec::new();
        for (epoch, _, content) in notes {
            let Content::Append { at, staged } = content else {
                return Err(self.changed("part files"));
            };
            let mut at = *at;
            pieces.push((*epoch, at, None));
            for staged in staged {
                pieces.push((*epoch, at, Some(staged)));
                at += staged.byte_count;
            }
        }
        let Some(end) = pieces
            .last()
            .map(|(_, at, staged)| at + staged.map_or(0, |staged| staged.byte_count))
        else {
            return Ok(());
        };
        let mut file = self.open(pieces[0].1)?;
        let length = file.metadata().map_err(|error| failed(&self.path, error))?.len();
        if length > end {
            return Err(self.unfit(format!(
                "it has {length} bytes, and the checkpoint knows of {end}: the checkpoint is older than the file, or something \
                 else writes to it"
            )));
        }
        for (epoch, at, staged) in pieces {
            self.append(&mut file, epoch, at, staged)?;
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Appender {
    /// The file, which is there already if something was committed to it.
    fn open(&self, committed_bytes: u64) -> Result<File> {
        let opened = File::options()
            .read(true)
            .write(true)
            .create(committed_bytes == 0)
            .truncate(false)
            .open(&self.path);
        opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if committed_bytes > 0 => self.unfit(format!(
                "it is gone, and {committed_bytes} bytes had been committed to it"
            )),
            _ => failed(&self.path, error),
        })
    }

    /// Appends one staged file, if it is not there already.
    fn append(&self, file: &mut File, epoch: u64, at: u64, staged: Option<&Staged>) -> Result<()> {
        let length = file.metadata().map_err(|error| failed(&self.path, error))?.len();
        if length < at {
            return Err(self.unfit(format!(
                "it has {length} bytes, and {at} had been committed to it: it was cut, or is another file"
            )));
        }
        let Some(staged) = staged else { return Ok(()) };
        let source_path = directory::of(&self.path).join(&staged.name);
        if length < at + staged.byte_count {
            let damaged = |what| {
                let message = format!("rows of checkpoint {epoch} are {what}");
                unfit(&source_path, ErrorKind::Runtime, message)
            };
            let source = match File::open(&source_path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged("gone")),
                source => source.map_err(|error| failed(&source_path, error))?,
            };
            let copied = copy(source, file, at).map_err(|error| failed(&self.path, error))?;
            fail_point("file.append.synced", || self.path.display().to_string())?;
            if copied != (staged.byte_count, staged.hash) {
                file.set_len(at).map_err(|error| failed(&self.path, error))?;
                return Err(damaged("damaged"));
            }
        }
        match fs::remove_file(&source_path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&source_path, error)),
            _ => fail_point("file.append.tidied", || source_path.display().to_string()),
        }
    }

    fn unfit(&self, message: String) -> Error {
        unfit(&self.path, ErrorKind::Input, message)
    }

    fn changed(&self, what: &str) -> Error {
        self.unfit(format!(
            "the checkpoint was made when the path was that of {what}"
        ))
    }
}

/// Writes from a place in the target on, where it is cut before, and waits until the disk has it. Returns length and hash.
fn copy(mut source: File, target: &mut File, at: u64) -> io::Result<(u64, u64)> {
    let reached = |name| fail_point(name, String::new).map_err(io::Error::other);
    target.set_len(at)?;
    reached("file.append.cut")?;
    target.seek(SeekFrom::Start(at))?;
    let (mut byte_count, mut hash) = (0, Xxh3Default::new());
    let mut space = vec![0; COPY_BYTES];
    loop {
        let read = source.read(&mut space)?;
        if read == 0 {
            break;
        }
        hash.update(&space[..read]);
        target.write_all(&space[..read])?;
        byte_count += read as u64;
    }
    reached("file.append.written")?;
    target.sync_data()?;
    Ok((byte_count, hash.digest()))
}

/// Commits part files of all subtasks.
#[derive(Debug, Clone)]
pub struct PartNamer {
    /// Where they are.
    pub directory: PathBuf,
    /// What their names end in.
    pub suffix: String,
    /// Whether the first notes are those of a checkpoint that the run goes on from.
    pub is_restored: bool,
    /// What notes say.
    pub numbers: Arc<NextNumbers>,
}

/// The number of each subtask's next part, where a note says so: a reader may have taken the parts before it away.
#[derive(Debug, Default)]
pub struct NextNumbers(Mutex<BTreeMap<usize, u64>>);

impl NextNumbers {
    /// The number of a subtask's next part; 0 if no note says.
    pub fn of(&self, subtask: usize) -> u64 {
        let numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.get(&subtask).copied().unwrap_or_default()
    }

    fn raise(&self, subtask: usize, number: u64) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = numbers.entry(subtask).or_default();
        *known = number.max(*known);
    }
}

impl Commit for PartNamer {
    fn commit(&mut self, notes: &[(u64, usize, Content)]) -> Result<()> {
        if self.is_restored {
            self.check_age(notes)?;
        }
        let mut has_names = false;
        for (_, subtask, content) in notes {
            let Content::Parts { next_number, staged } = content else {
                let message = "the checkpoint was made when the path was that of a file".to_owned();
                return Err(unfit(&self.directory, ErrorKind::Input, message));
            };
            self.numbers.raise(*subtask, *next_number);
            for staged in staged {
                has_names |= self.name(staged)?;
            }
        }
        if has_names {
            directory::sync(&self.directory).map_err(|error| failed(&self.directory, error))?;
            fail_point("file.parts.synced", || self.directory.display().to_string())?;
        }
        self.is_restored = false;
        Ok(())
    }

    fn path(&self) -> &Path {
        &self.directory
    }
}

impl PartNamer {
    /// Renames one file; `false`: it was done before. Whoever reads parts may have taken it away since.
    fn name(&self, staged: &Staged) -> Result<bool> {
        let from = self.directory.join(&staged.name);
        let length = match fs::metadata(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            metadata => metadata.map_err(|error| failed(&from, error))?.len(),
        };
        if length != staged.byte_count {
            let message = format!("it is damaged: it has {length} bytes of {}", staged.byte_count);
            return Err(unfit(&from, ErrorKind::Runtime, message));
        }
        let to = self.directory.join(staged.target_name());
        fs::rename(&from, &to).map_err(|error| failed(&to, error))?;
        fail_point("file.part.renamed", || to.display().to_string())?;
        Ok(true)
    }

    /// No part may be there that the checkpoint does not know of.
    fn check_age(&self, notes: &[(u64, usize, Content)]) -> Result<()> {
        let next_number = |subtask: usize| {
            let own = notes.iter().filter(|(_, owner, _)| *owner == subtask);
            let numbers = own.filter_map(|(_, _, content)| match content {
                Content::Parts { next_number, .. } => Some(*next_number),
                Content::Append { .. } => None,
            });
            numbers.max()
        };
        let parts =
            part::list(&self.directory, &self.suffix).map_err(|error| failed(&self.directory, error))?;
        for (path, subtask, number) in parts {
            if next_number(subtask).is_some_and(|next_number| number >= next_number) {
                let message = "the checkpoint does not know of this part: it is older than the parts, or something else writes \
                               them";
                return Err(unfit(&path, ErrorKind::Input, message.to_owned()));
            }
        }
        Ok(())
    }
}
