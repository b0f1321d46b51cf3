//! The file sink with checkpoints: rows are staged, and become visible when their checkpoint is durable.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use eventflux_core::Result;
use eventflux_core::connector::{CommitContext, ExactlyOncePlan, SinkCommitter, SinkContext, StagingSink};

use super::committer::{Appender, FileCommitter, PartNamer};
use super::directory;
use super::output_file;
use super::part;
use super::sink::FileSinkPlan;
use super::sink_options::{Target, WriteMode};
use super::staged::{self, failed};
use super::staging_sink::{EndOfFile, FileStagingSink, NextPart, StagingTarget};
use crate::byte_stream::RecordWriter;

impl ExactlyOncePlan for FileSinkPlan {
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>> {
        let is_restored = context.restored_epoch.is_some();
        let is_append = is_restored || self.write == WriteMode::Append;
        Ok(match &self.target {
            Target::File(path) => {
                let ready = match is_restored {
                    // What goes on from a checkpoint is left as it is: the notes tell what belongs there.
                    true => directory::make(&directory::of(path)),
                    false => output_file::open(path, is_append).map(drop),
                };
                ready.map_err(|error| failed(path, error))?;
                Box::new(FileCommitter(Appender { path: path.clone() }))
            }
            Target::Parts { directory, suffix } => {
                part::first_number(directory, suffix, 0, is_append)
                    .map_err(|error| failed(directory, error))?;
                Box::new(FileCommitter(PartNamer {
                    directory: directory.clone(),
                    suffix: suffix.clone(),
                    is_restored,
                    numbers: Arc::clone(&self.numbers),
                }))
            }
        })
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn StagingSink>> {
        let mut writer = RecordWriter::new((self.encoder)());
        let target = match &self.target {
            Target::File(path) => {
                let length = committed_bytes(path)?;
                if length == 0 {
                    writer.begin();
                }
                StagingTarget::End(EndOfFile {
                    path: path.clone(),
                    length,
                    next_number: 0,
                })
            }
            Target::Parts { directory, suffix } => StagingTarget::Parts(NextPart {
                directory: directory.clone(),
                suffix: suffix.clone(),
                subtask: context.subtask,
                next_number: next_part(directory, suffix, context)?.max(self.numbers.of(context.subtask)),
                rotation: self.rotation,
                clock: Arc::clone(&context.clock),
            }),
        };
        Ok(Box::new(FileStagingSink {
            writer,
            target,
            current: None,
            sealed: Vec::new(),
        }))
    }
}

/// Removes what was staged and not committed, and returns the length of the file.
fn committed_bytes(path: &Path) -> Result<u64> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let is_own = |rest: &str| {
        let number_and_name = rest.split_once('-');
        number_and_name.is_some_and(|(number, own)| number.parse::<u64>().is_ok() && own == name)
    };
    let directory = directory::of(path);
    directory::make(&directory).map_err(|error| failed(path, error))?;
    staged::remove_leftovers(&directory, is_own).map_err(|error| failed(&directory, error))?;
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed(path, error)),
    }
}

/// Removes what a subtask has staged and not committed, and returns the number of its next part.
fn next_part(directory: &Path, suffix: &str, context: &SinkContext) -> Result<u64> {
    let is_own = |rest: &str| {
        let parsed = part::parse(rest, suffix);
        // There may have been more subtasks before.
        let is_orphan = |owner: usize| owner >= context.parallelism && context.subtask == 0;
        parsed.is_some_and(|(owner, _)| owner == context.subtask || is_orphan(owner))
    };
    let number = part::first_number(directory, suffix, context.subtask, true);
    number
        .and_then(|number| staged::remove_leftovers(directory, is_own).map(|()| number))
        .map_err(|error| failed(directory, error))
}
