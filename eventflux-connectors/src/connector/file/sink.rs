//! The file sink.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{EncoderMaker, ExactlyOncePlan, Sink, SinkContext, SinkInput, SinkPlan};
use eventflux_core::time::Clock;

use super::committer::NextNumbers;
use super::output_file::OutputFile;
use super::part::{self, Rotation};
use super::sink_options::{Target, WriteMode};
use super::staged::failed;
use crate::byte_stream::RecordWriter;

/// The file sink with its options parsed.
pub struct FileSinkPlan {
    /// Where rows go.
    pub target: Target,
    /// What becomes of what is there.
    pub write: WriteMode,
    /// When part files end.
    pub rotation: Rotation,
    /// What makes encoders.
    pub encoder: EncoderMaker,
    /// What rows the format takes.
    pub input: SinkInput,
    /// Whether a subtask of this run has opened: what is there now is this run's own.
    pub has_begun: Mutex<bool>,
    /// With checkpoints, what they know of part files.
    pub numbers: Arc<NextNumbers>,
}

impl SinkPlan for FileSinkPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        match &self.target {
            Target::File(_) => Some(1),
            Target::Parts { .. } => None,
        }
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn Sink>> {
        // Held while old parts are removed: another subtask may not begin its own before that is done.
        let mut has_begun = self.has_begun.lock().unwrap_or_else(PoisonError::into_inner);
        let is_append = *has_begun || self.write == WriteMode::Append;
        let mut writer = RecordWriter::new((self.encoder)());
        let state = match &self.target {
            Target::File(path) => {
                let file = OutputFile::open(path, is_append).map_err(|error| failed(path, error))?;
                if !file.has_content() {
                    writer.begin();
                }
                Files::One(file)
            }
            Target::Parts { directory, suffix } => Files::Parts(Parts {
                directory: directory.clone(),
                suffix: suffix.clone(),
                subtask: context.subtask,
                next_number: part::first_number(directory, suffix, context.subtask, is_append)
                    .map_err(|error| failed(directory, error))?,
                rotation: self.rotation,
                clock: Arc::clone(&context.clock),
                current: None,
            }),
        };
        *has_begun = true;
        Ok(Box::new(FileSink { writer, files: state }))
    }

    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        // Of a named pipe or a device nothing can be cut back.
        let is_stream = |path: &PathBuf| {
            path.metadata()
                .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
        };
        match &self.target {
            Target::File(path) if is_stream(path) => None,
            _ => Some(self),
        }
    }
}

/// One subtask of the sink.
struct FileSink {
    writer: RecordWriter,
    files: Files,
}

enum Files {
    One(OutputFile),
    Parts(Parts),
}

/// The part files of one subtask.
struct Parts {
    directory: PathBuf,
    suffix: String,
    subtask: usize,
    next_number: u64,
    rotation: Rotation,
    clock: Arc<dyn Clock>,
    /// The part that is being written, and since when.
    current: Option<(OutputFile, i64)>,
}

impl FileSink {
    /// Begins a part file if there is none.
    fn begin(&mut self) -> Result<()> {
        let Files::Parts(parts) = &mut self.files else {
            return Ok(());
        };
        if parts.current.is_none() {
            let path = part::path(&parts.directory, parts.subtask, parts.next_number, &parts.suffix);
            let file = OutputFile::open(&path, false).map_err(|error| failed(&path, error))?;
            parts.next_number += 1;
            parts.current = Some((file, parts.clock.now_us()));
            self.writer.begin();
        }
        Ok(())
    }

    /// Writes what was gathered; a part file that is full or old is finished.
    fn write_out(&mut self) -> Result<()> {
        if let Some(file) = self.files.current() {
            let written = self.writer.write_out(file);
            written.map_err(|error| failed(file.path(), error))?;
        }
        Ok(())
    }

    fn is_part_due(&mut self) -> bool {
        let Files::Parts(parts) = &self.files else {
            return false;
        };
        let Some((file, begun_us)) = &parts.current else {
            return false;
        };
        let buffered_bytes = if file.is_plain() {
            self.writer.buffered_bytes()
        } else {
            0
        };
        parts.rotation.is_due(
            file.byte_count() + buffered_bytes,
            *begun_us,
            parts.clock.now_us(),
        )
    }

    fn finish_part(&mut self) -> Result<()> {
        self.write_out()?;
        if let Files::Parts(parts) = &mut self.files
            && let Some((mut file, _)) = parts.current.take()
        {
            file.finish().map_err(|error| failed(file.path(), error))?;
        }
        Ok(())
    }
}

impl Files {
    fn current(&mut self) -> Option<&mut OutputFile> {
        match self {
            Files::One(file) => Some(file),
            Files::Parts(parts) => parts.current.as_mut().map(|(file, _)| file),
        }
    }
}

#[async_trait]
impl Sink for FileSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        // Age first: a row that comes after a long pause begins a part of its own.
        if self.is_part_due() {
            self.finish_part()?;
        }
        self.begin()?;
        self.writer.encode(batch)?;
        if self.is_part_due() {
            return self.finish_part();
        }
        if self.writer.is_full() {
            self.write_out()
        } else {
            Ok(())
        }
    }

    async fn flush(&mut self) -> Result<()> {
        self.write_out()?;
        match self.files.current() {
            Some(file) => file.flush().map_err(|error| failed(file.path(), error)),
            None => Ok(()),
        }
    }

    async fn close(&mut self) -> Result<()> {
        self.write_out()?;
        match self.files.current() {
            Some(file) => file.finish().map_err(|error| failed(file.path(), error)),
            None => Ok(()),
        }
    }
}
