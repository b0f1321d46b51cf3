//! One subtask that stages the rows of each epoch.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{PreCommit, StagingSink};
use eventflux_core::fail_point::fail_point;
use eventflux_core::time::Clock;
use eventflux_core::{Error, Result};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::directory;
use super::output_file::OutputFile;
use super::part::{self, Rotation};
use super::staged::{self, Content, Note, Staged, failed};
use crate::byte_stream::RecordWriter;

/// One subtask.
///
/// ```text
/// no file ── rows ──► being written ── pre_commit, rotation ──► sealed, named in the note
///    ▲                                                              │
///    └──────────────────────────────────────────────────────────────┘
/// ```
pub struct FileStagingSink {
    /// Gathers encoded rows.
    pub writer: RecordWriter,
    /// What the staged files become.
    pub target: StagingTarget,
    /// The file that is being written, and since when (microseconds).
    pub current: Option<(OutputFile, i64)>,
    /// Sealed in this epoch, each with what waits for the disk.
    pub sealed: Vec<(Staged, Syncing)>,
}

/// Ends when the disk has a staged file.
pub type Syncing = JoinHandle<Result<()>>;

/// What staged files become.
pub enum StagingTarget {
    /// The end of a file.
    End(EndOfFile),
    /// Part files.
    Parts(NextPart),
}

/// A file that grows by epochs.
pub struct EndOfFile {
    /// The file.
    pub path: PathBuf,
    /// Its length once everything that was pre-committed is there.
    pub length: u64,
    /// For the name of the next staged file.
    pub next_number: u64,
}

/// The parts of one subtask.
pub struct NextPart {
    /// Where they are.
    pub directory: PathBuf,
    /// What their names end in.
    pub suffix: String,
    /// Whose they are.
    pub subtask: usize,
    /// The number of the next one.
    pub next_number: u64,
    /// When one ends before its epoch does.
    pub rotation: Rotation,
    /// For their age.
    pub clock: Arc<dyn Clock>,
}

impl StagingTarget {
    /// The next staged file.
    fn next_path(&mut self) -> PathBuf {
        match self {
            StagingTarget::End(EndOfFile {
                path, next_number, ..
            }) => {
                let target = path.file_name().unwrap_or_default().to_string_lossy();
                let name = staged::name(&format!("{next_number}-{target}"));
                *next_number += 1;
                directory::of(path).join(name)
            }
            StagingTarget::Parts(parts) => {
                let name = part::name(parts.subtask, parts.next_number, &parts.suffix);
                parts.next_number += 1;
                parts.directory.join(staged::name(&name))
            }
        }
    }

    fn now_us(&self) -> i64 {
        match self {
            StagingTarget::End(_) => 0,
            StagingTarget::Parts(parts) => parts.clock.now_us(),
        }
    }

    /// Whether each staged file begins with what stands at a file's head.
    fn has_heads(&self) -> bool {
        matches!(self, StagingTarget::Parts(_))
    }
}

impl FileStagingSink {
    fn is_part_due(&self) -> bool {
        let (StagingTarget::Parts(parts), Some((file, begun_us))) = (&self.target, &self.current) else {
            return false;
        };
        let buffered_bytes = if file.is_plain() {
            self.writer.buffered_bytes()
        } else {
            0
        };
        let byte_count = file.byte_count() + buffered_bytes;
        parts.rotation.is_due(byte_count, *begun_us, parts.clock.now_us())
    }

    /// Begins a staged file if there is none.
    fn begin(&mut self) -> Result<()> {
        if self.current.is_none() {
            let path = self.target.next_path();
            let file = OutputFile::create_hashed(&path).map_err(|error| failed(&path, error))?;
            fail_point("file.stage.begun", || path.display().to_string())?;
            self.current = Some((file, self.target.now_us()));
            if self.target.has_heads() {
                self.writer.begin();
            }
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<()> {
        match &mut self.current {
            Some((file, _)) => {
                let written = self.writer.write_out(file);
                written.map_err(|error| failed(file.path(), error))
            }
            None => Ok(()),
        }
    }

    /// Ends the staged file, if there is one. The stream does not wait for the disk.
    fn seal(&mut self) -> Result<()> {
        self.write_out()?;
        if let Some((file, _)) = self.current.take() {
            let path = file.path().to_owned();
            let (staged, sync) = Staged::seal(file).map_err(|error| failed(&path, error))?;
            let syncing = spawn_blocking(move || {
                sync().map_err(|error| failed(&path, error))?;
                fail_point("file.stage.sealed", || path.display().to_string())
            });
            self.sealed.push((staged, syncing));
        }
        Ok(())
    }
}

/// Ends as the thread does that waits for the disk.
async fn synced(syncing: Syncing) -> Result<()> {
    let lost = |error: JoinError| Error::Bug(format!("a staged file cannot be waited for: {error}"));
    syncing.await.map_err(lost)?
}

#[async_trait]
impl StagingSink for FileStagingSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        // Age first: a row that comes after a long pause begins a part of its own.
        if self.is_part_due() {
            self.seal()?;
        }
        self.begin()?;
        self.writer.encode(batch)?;
        if self.is_part_due() {
            return self.seal();
        }
        if self.writer.is_full() {
            self.write_out()
        } else {
            Ok(())
        }
    }

    async fn pre_commit(&mut self, _epoch: u64) -> Result<PreCommit> {
        // What stands at the head of a file is written without rows, too.
        if self.writer.buffered_bytes() > 0 {
            self.begin()?;
        }
        self.seal()?;
        let (staged, syncing): (Vec<_>, Vec<_>) = std::mem::take(&mut self.sealed).into_iter().unzip();
        let content = match &mut self.target {
            StagingTarget::End(end) => {
                let at = end.length;
                end.length += staged.iter().map(|staged| staged.byte_count).sum::<u64>();
                Content::Append { at, staged }
            }
            StagingTarget::Parts(parts) => Content::Parts {
                next_number: parts.next_number,
                staged,
            },
        };
        let note = Note::new(content).encode()?;
        let syncing = syncing.into_iter().map(|syncing| Box::pin(synced(syncing)) as _);
        Ok(PreCommit::staged(note, syncing))
    }

    async fn close(&mut self) -> Result<()> {
        // What is not named in a note is removed when the next run opens, and with it what this one leaves.
        match self.current.take() {
            Some((file, _)) => {
                let path = file.path().to_owned();
                drop(file);
                std::fs::remove_file(&path).map_err(|error| failed(&path, error))
            }
            None => Ok(()),
        }
    }
}
