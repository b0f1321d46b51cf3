//! Files that are read once, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::StringArray;
use async_trait::async_trait;
use eventflux_core::connector::{
    DecoderMaker, Source, SourceContext, SourceEvent, SourcePlan, SourcePosition, SourceRows,
};
use eventflux_core::{Error, ErrorKind, Result};

use super::path_pattern::PathPattern;
use crate::byte_stream::{ByteInput, ByteStream, Compression, Pipe, RecordReader, io_failed};
use crate::metadata_column::MetadataColumns;

/// The file source with its options parsed, `mode` = `once`.
pub struct OncePlan {
    pattern: PathPattern,
    decoder: DecoderMaker,
    columns: MetadataColumns,
    /// The files, listed once for all subtasks, so that each file has exactly one reader.
    files: Mutex<Option<Arc<[PathBuf]>>>,
}

impl OncePlan {
    /// A plan for these files.
    pub fn new(pattern: PathPattern, decoder: DecoderMaker, columns: MetadataColumns) -> Self {
        Self {
            pattern,
            decoder,
            columns,
            files: Mutex::new(None),
        }
    }

    fn files(&self) -> Result<Arc<[PathBuf]>> {
        let mut listed = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = &*listed {
            return Ok(Arc::clone(files));
        }
        let name = self.pattern.path().display().to_string();
        let files = self
            .pattern
            .list()
            .map_err(|error| io_failed("file", &name, error))?;
        if files.is_empty() {
            let message = match self.pattern.is_one_file() {
                true => "no such file or directory",
                false => "there are no files",
            };
            return Err(unusable(name, message.into()));
        }
        Ok(Arc::clone(listed.insert(files.into())))
    }
}

impl SourcePlan for OncePlan {
    fn parallelism_max(&self) -> Option<usize> {
        // What is wrong with the path is said when the source opens.
        Some(self.files().map_or(1, |files| files.len()))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let files = self.files()?;
        let mut positions = BTreeMap::new();
        for position in &context.positions {
            positions.insert(position.partition.clone(), Progress::parse(position)?);
        }
        let mut shares = Vec::new();
        for (index, path) in files.iter().enumerate() {
            let name = path.display().to_string();
            let progress = positions.remove(&name).unwrap_or(Progress::At(0));
            if index % context.parallelism == context.subtask {
                shares.push(Share {
                    path: path.clone(),
                    name,
                    progress,
                });
            }
        }
        for (name, progress) in positions {
            if let Progress::At(offset) = progress {
                return Err(unusable(
                    name,
                    format!("it was read up to byte {offset} and is not there any more"),
                ));
            }
        }
        let unread = shares
            .iter()
            .enumerate()
            .filter(|(_, share)| matches!(share.progress, Progress::At(_)));
        Ok(Box::new(OnceSource {
            unread: unread.map(|(index, _)| index).collect(),
            shares,
            current: None,
            reader: Some(RecordReader::new((self.decoder)(), 0)),
            columns: self.columns.clone(),
            rows_max: context.batch_rows_max,
        }))
    }
}

/// How far a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Up to this byte of the (decompressed) content.
    At(u64),
    /// To its end, which was here.
    Ended(u64),
}

/// Written as `1234` and `1234 end`.
impl Progress {
    fn parse(position: &SourcePosition) -> Result<Self> {
        let text = &position.position;
        let (offset, progress): (_, fn(u64) -> Self) = match text.strip_suffix(" end") {
            Some(offset) => (offset, Progress::Ended),
            None => (text.as_str(), Progress::At),
        };
        let wrong = |_| {
            unusable(
                position.partition.clone(),
                format!("`{text}` is not a position in a file"),
            )
        };
        offset.parse().map(progress).map_err(wrong)
    }

    fn position(self, partition: &str) -> SourcePosition {
        let position = match self {
            Progress::At(offset) => offset.to_string(),
            Progress::Ended(offset) => format!("{offset} end"),
        };
        SourcePosition {
            partition: partition.to_owned(),
            position,
        }
    }
}

/// One file of a subtask's share.
struct Share {
    path: PathBuf,
    name: String,
    progress: Progress,
}

/// One subtask: its files in order, one at a time.
///
/// **Invariants** Every unread file is a partition from the start and holds the watermark back: files may cover the same
/// time, and what is read first must not make late what is read second.
struct OnceSource {
    shares: Vec<Share>,
    /// Files to be opened, by index.
    unread: VecDeque<usize>,
    current: Option<(usize, ByteStream)>,
    /// Present while no file is open.
    reader: Option<RecordReader>,
    columns: MetadataColumns,
    rows_max: usize,
}

impl OnceSource {
    /// Opens the next file; `false` if there is none.
    fn open_next(&mut self) -> Result<bool> {
        let Some(index) = self.unread.pop_front() else {
            return Ok(false);
        };
        let Share { path, name, progress } = &self.shares[index];
        let Progress::At(offset) = *progress else {
            return Ok(true);
        };
        let mut reader = self
            .reader
            .take()
            .ok_or_else(|| Error::Bug("a file is open already".into()))?;
        let (input, is_resumable) = open(path, offset).map_err(|error| io_failed("file", name, error))?;
        reader.restart(if is_resumable { offset } else { 0 });
        self.current = Some((index, ByteStream::new("file", name, input, reader)));
        Ok(true)
    }
}

#[async_trait]
impl Source for OnceSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        loop {
            let Some((index, stream)) = &mut self.current else {
                let was_last = self.unread.len() == 1;
                match self.open_next()? {
                    // Until here the watermark waited for this file. Now it alone matters.
                    true if was_last => return Ok(SourceEvent::Partitions),
                    true => continue,
                    false => return Ok(SourceEvent::End),
                }
            };
            let index = *index;
            let decoded = stream.next(self.rows_max).await?;
            let share = &mut self.shares[index];
            let Some(decoded) = decoded else {
                share.progress = Progress::Ended(stream.offset());
                self.reader = self.current.take().map(|(_, stream)| stream.into_reader());
                continue;
            };
            share.progress = Progress::At(stream.offset());
            let row_count = decoded.rows.num_rows();
            let path = || {
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    &share.name,
                    row_count,
                )))
            };
            let rows = self.columns.assemble(decoded.rows, |_| path())?;
            return Ok(SourceEvent::Rows(SourceRows {
                partition: index,
                rows,
                bad: decoded.bad,
            }));
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        let name = |share: &Share| matches!(share.progress, Progress::At(_)).then(|| share.name.clone());
        self.shares.iter().map(name).collect()
    }

    fn positions(&self) -> Vec<SourcePosition> {
        let begun = self
            .shares
            .iter()
            .filter(|share| share.progress != Progress::At(0));
        begun.map(|share| share.progress.position(&share.name)).collect()
    }
}

/// The content of a file from its beginning, and whether it can be resumed further on: that of a named pipe cannot.
fn open(path: &Path, resume_at: u64) -> io::Result<(ByteInput, bool)> {
    let compression = Compression::of(path);
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() {
        if compression == Compression::None && metadata.len() < resume_at {
            let message = format!(
                "it was read up to byte {resume_at} and has only {} now",
                metadata.len()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        return Ok((ByteInput::AtHand(compression.reader(File::open(path)?)?), true));
    }
    let (name, path) = (path.display().to_string(), path.to_owned());
    let pipe = Pipe::start(&name, move || compression.reader(File::open(path)?))?;
    Ok((ByteInput::Piped(pipe), false))
}

fn unusable(object: String, message: String) -> Error {
    Error::Connector {
        connector: "file",
        object,
        message,
        kind: ErrorKind::Input,
        source: None,
    }
}
