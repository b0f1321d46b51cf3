//! The `file` connector: its page, and which source or sink the options ask for.

use std::sync::Arc;

use arrow::datatypes::DataType;
use eventflux_core::connector::{
    ByteSize, ConnectorDoc, FormatOption, OptionError, SinkConnector, SinkPlan, SinkRequest, SourceConnector,
    SourcePlan, SourceRequest,
};

use super::follow::FollowPlan;
use super::once::OncePlan;
use super::part::Rotation;
use super::path_pattern::PathPattern;
use super::sink::FileSinkPlan;
use super::sink_options::{FileSinkOptions, Target};
use super::source_options::{FileSourceOptions, Mode, Start};
use crate::byte_stream::Compression;
use crate::metadata_column::MetadataColumns;

/// The connector.
pub struct FileConnector;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "file",
    summary: "Reads files once or as they grow, and writes files.",
    details: "\
**Source.** Each file is a partition: it is read by one subtask, from its beginning to its end. In bad rows and positions, \
the partition is the path and the offset is the byte at which the record begins, in the decompressed content if the file \
is compressed. A restart goes on exactly where reading was.

With `mode` = `once` the input is bounded. The files are listed when the run begins and dealt out to the subtasks; a \
subtask reads one after the other. No file is late because another one was read first: until the last file has been \
begun, the watermark waits. A file that is missing, a glob that matches nothing and an empty directory are errors. A named \
pipe can be read too, but not resumed.

With `mode` = `follow` the input never ends. Files are looked at again and again: for more bytes, for the truncation of a \
file, and for new files under the name or in the glob or directory. A file is known by its number on the device and \
its first kilobyte, not by its name: renamed, it is read on, after a restart too. A file that was renamed out of the \
pattern is let go when it has not grown for 30 seconds. A record is read when its end has come. Compressed files are \
passed over. A file that is not there yet is waited for.

**Sink.** Into one file writes one subtask. Into a directory (`'path' = 'out/'`) every subtask writes part files \
of its own, `part-<subtask>-<number><suffix>`. Directories that are not there are made when a run begins. What a format puts at the head, such as a CSV header, comes \
once per file. Appending to a compressed file adds a member (gzip) or frame (zstd).

*With checkpoints* every row comes once (exactly-once). The rows of an epoch are staged in hidden files beside (`.staged-…`) \
and become visible when their checkpoint is durable: a file holds committed rows only, whole epochs in order; a directory gets \
at least one part per subtask and epoch that has rows, each complete when it appears. A restart goes on with the file, whatever \
`write` says. It refuses a file that was cut, replaced or written by somebody else since, and parts that the checkpoint does \
not know. Parts may be taken away; their names are not used again.

*Without checkpoints* rows are written as they come: they are visible when the input pauses, at the latest when 256 KiB have \
come together, and compressed files can be read up to there. Rows that were written before a failure are not taken back \
(at-least-once). So it is always with a `path` that is a named pipe or a device.",
    source_options: Some(FileSourceOptions::SET.docs),
    sink_options: Some(FileSinkOptions::SET.docs),
    metadata: &[("path", "STRING", "The file that the row was read from.")],
    format: FormatOption::Required,
    example: "\
CREATE STREAM trades (at TIMESTAMP, symbol STRING, price DOUBLE, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'file', 'path' = 'trades/*.csv.gz', 'format' = 'csv');
CREATE STREAM dear (at TIMESTAMP, symbol STRING, price DOUBLE)
WITH ('connector' = 'file', 'path' = 'dear.json', 'format' = 'json');
INSERT INTO dear SELECT at, symbol, price FROM trades WHERE price > 100;",
};

/// Metadata that the source has.
const METADATA: [(&str, DataType); 1] = [("path", DataType::Utf8)];

impl SourceConnector for FileConnector {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let (own, decoder) = request.choose_decoder(FileSourceOptions::SET, None)?;
        let options = FileSourceOptions::parse(&own)?;
        let pattern =
            PathPattern::new(&options.path.0).map_err(|message| OptionError::new("path", message))?;
        let columns = MetadataColumns::plan(request, &METADATA)?;
        Ok(match options.mode {
            Mode::Once if options.start.is_some() => {
                return Err(OptionError::new(
                    "start",
                    "is for mode `follow`: once, a file is read from its beginning",
                ));
            }
            Mode::Once => Box::new(OncePlan::new(pattern, decoder, columns)),
            Mode::Follow if Compression::of(pattern.path()) != Compression::None => {
                return Err(OptionError::new(
                    "mode",
                    "`follow` cannot read a compressed file, which does not grow",
                ));
            }
            Mode::Follow => Box::new(FollowPlan {
                pattern,
                start: options.start.unwrap_or(Start::Earliest),
                decoder: Arc::new(decoder),
                columns,
            }),
        })
    }
}

impl SinkConnector for FileConnector {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let (own, encoder) = request.choose_encoder(FileSinkOptions::SET, None)?;
        let options = FileSinkOptions::parse(&own)?;
        let (format, _) = request.options.take_format(FileSinkOptions::SET.owner)?;
        let target = match request.options.is_resolved() {
            true => options.target(format.as_deref().unwrap_or_default())?,
            false => Target::File(options.path.0),
        };
        Ok(Box::new(FileSinkPlan {
            target,
            write: options.write,
            rotation: Rotation {
                byte_count: options.rotate_size.map(|ByteSize(byte_count)| byte_count),
                age: options.rotate_interval,
            },
            encoder: encoder.maker,
            input: encoder.input,
            has_begun: Default::default(),
            numbers: Default::default(),
        }))
    }
}
