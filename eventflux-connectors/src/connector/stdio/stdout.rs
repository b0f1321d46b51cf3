//! The `stdout` sink.

use std::io::{self, Write};

use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    ConnectorDoc, EncoderMaker, FormatOption, OptionError, Sink, SinkConnector, SinkContext, SinkInput,
    SinkPlan, SinkRequest,
};

use super::DEFAULT_FORMAT;
use crate::byte_stream::{RecordWriter, io_failed};

eventflux_core::options! {
    /// It has none of its own.
    struct StdoutOptions of "stdout" {}
}

/// The connector.
pub struct Stdout;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "stdout",
    summary: "Writes rows to standard output.",
    details: "\
The format is `json` unless `format` says otherwise. Rows appear when the input pauses, at the latest when 256 KiB have \
come together, always as whole records: several sinks may share standard output. One subtask writes. What was written \
before a failure is not taken back, so a restarted run may print rows again, with checkpoints too (at-least-once).

A reader that goes away (`eventflux run … | head`) ends the run with an error of kind environment.",
    source_options: None,
    sink_options: Some(StdoutOptions::SET.docs),
    metadata: &[],
    format: FormatOption::Default(DEFAULT_FORMAT),
    example: "\
CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows' = '10');
CREATE STREAM printed (n BIGINT) WITH ('connector' = 'stdout', 'format' = 'json');
INSERT INTO printed SELECT n FROM numbers;",
};

impl SinkConnector for Stdout {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let (own, encoder) = request.choose_encoder(StdoutOptions::SET, Some(DEFAULT_FORMAT))?;
        StdoutOptions::parse(&own)?;
        Ok(Box::new(StdoutPlan {
            encoder: encoder.maker,
            input: encoder.input,
        }))
    }
}

struct StdoutPlan {
    encoder: EncoderMaker,
    input: SinkInput,
}

impl SinkPlan for StdoutPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn Sink>> {
        let mut writer = RecordWriter::new((self.encoder)());
        writer.begin();
        Ok(Box::new(StdoutSink { writer }))
    }
}

struct StdoutSink {
    writer: RecordWriter,
}

impl StdoutSink {
    fn write_out(&mut self) -> Result<()> {
        let mut stdout = io::stdout().lock();
        self.writer
            .write_out(&mut stdout)
            .and_then(|()| stdout.flush())
            .map_err(|error| io_failed("stdout", "standard output", error))
    }
}

#[async_trait]
impl Sink for StdoutSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        self.writer.encode(batch)?;
        if self.writer.is_full() {
            self.write_out()
        } else {
            Ok(())
        }
    }

    async fn flush(&mut self) -> Result<()> {
        self.write_out()
    }

    async fn close(&mut self) -> Result<()> {
        self.write_out()
    }
}
