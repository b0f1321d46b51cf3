//! The `stdin` source.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use eventflux_core::connector::{
    ConnectorDoc, DecoderMaker, FormatOption, OptionError, Source, SourceConnector, SourceContext,
    SourceEvent, SourcePlan, SourcePosition, SourceRequest, SourceRows,
};
use eventflux_core::{Error, ErrorKind, Result};

use super::DEFAULT_FORMAT;
use crate::byte_stream::{ByteInput, ByteStream, Pipe, RecordReader, byte_offset, io_failed};
use crate::metadata_column::MetadataColumns;

eventflux_core::options! {
    /// It has none of its own.
    struct StdinOptions of "stdin" {}
}

/// The connector.
pub struct Stdin;

const PARTITION: &str = "stdin";

static DOC: ConnectorDoc = ConnectorDoc {
    name: "stdin",
    summary: "Reads rows from standard input until it ends.",
    details: "\
The format is `json` unless `format` says otherwise. Standard input is one partition and is read by one subtask. A second \
stream that reads it is refused when the run begins. Offsets (in bad rows and positions) are bytes from its beginning.

A restart goes on where it was if standard input is a file (`< events.json`). What came through a pipe before is gone: \
reading goes on with what the pipe delivers now.",
    source_options: Some(StdinOptions::SET.docs),
    sink_options: None,
    metadata: &[],
    format: FormatOption::Default(DEFAULT_FORMAT),
    example: "\
CREATE STREAM events (name STRING, n BIGINT) WITH ('connector' = 'stdin', 'format' = 'json');
SELECT name, n FROM events WHERE n > 10;",
};

impl SourceConnector for Stdin {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let (own, decoder) = request.choose_decoder(StdinOptions::SET, Some(DEFAULT_FORMAT))?;
        StdinOptions::parse(&own)?;
        MetadataColumns::plan(request, &[])?;
        Ok(Box::new(StdinPlan { decoder }))
    }
}

struct StdinPlan {
    decoder: DecoderMaker,
}

impl SourcePlan for StdinPlan {
    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let turn = Turn::take()?;
        let file = regular_file().map_err(|error| io_failed("stdin", PARTITION, error))?;
        let (input, resume_at) = match file {
            Some(file) => (
                ByteInput::AtHand(Box::new(file)),
                byte_offset("stdin", &context.positions, PARTITION)?,
            ),
            None => (piped().map_err(|error| io_failed("stdin", PARTITION, error))?, 0),
        };
        let reader = RecordReader::new((self.decoder)(), resume_at);
        let stream = ByteStream::new("stdin", PARTITION, input, reader);
        Ok(Box::new(StdinSource {
            stream,
            rows_max: context.batch_rows_max,
            has_ended: false,
            _turn: turn,
        }))
    }
}

struct StdinSource {
    stream: ByteStream,
    rows_max: usize,
    has_ended: bool,
    _turn: Turn,
}

/// The right to read standard input, which two streams would tear apart.
struct Turn(());

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

impl Turn {
    fn take() -> Result<Self> {
        match IS_TAKEN.swap(true, Ordering::AcqRel) {
            false => Ok(Self(())),
            true => Err(Error::Connector {
                connector: "stdin",
                object: PARTITION.to_owned(),
                message: "another stream of this process reads it".to_owned(),
                kind: ErrorKind::Input,
                source: None,
            }),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}

#[async_trait]
impl Source for StdinSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        match self.stream.next(self.rows_max).await? {
            Some(decoded) => Ok(SourceEvent::Rows(SourceRows {
                partition: 0,
                rows: decoded.rows,
                bad: decoded.bad,
            })),
            None => {
                self.has_ended = true;
                Ok(SourceEvent::End)
            }
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![(!self.has_ended).then(|| PARTITION.to_owned())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        vec![SourcePosition {
            partition: PARTITION.to_owned(),
            position: self.stream.offset().to_string(),
        }]
    }
}

/// Standard input, if it is a file: it can be read without waiting and resumed.
fn regular_file() -> io::Result<Option<File>> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    let file = File::from(handle);
    Ok(file.metadata()?.is_file().then_some(file))
}

fn piped() -> io::Result<ByteInput> {
    Pipe::start(PARTITION, || Ok(io::stdin())).map(ByteInput::Piped)
}
