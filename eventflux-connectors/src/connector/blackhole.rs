//! A sink that counts rows and lets them go: what a query costs without its output.

use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, Sink, SinkConnector, SinkContext, SinkInput, SinkPlan,
    SinkRequest,
};

eventflux_core::options! {
    /// It has none.
    struct BlackholeOptions of "blackhole" {}
}

/// The connector.
pub struct Blackhole;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "blackhole",
    summary: "Counts rows and drops them.",
    details: "\
Takes rows of every kind, retractions included, at any parallelism. Nothing is encoded, so there is no `format`. What it \
has dropped is logged at level `info` when it closes; the run's own counters show it while it runs. A restarted run counts \
anew, and rows that are made again count again.",
    source_options: None,
    sink_options: Some(BlackholeOptions::SET.docs),
    metadata: &[],
    format: FormatOption::Unused,
    example: "\
CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows' = '1000000');
CREATE STREAM nowhere (n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT n FROM numbers WHERE n % 2 = 0;",
};

impl SinkConnector for Blackhole {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        BlackholeOptions::parse(request.options)?;
        Ok(Box::new(BlackholePlan {
            stream: request.stream.to_owned(),
        }))
    }
}

struct BlackholePlan {
    stream: String,
}

impl SinkPlan for BlackholePlan {
    fn input(&self) -> SinkInput {
        SinkInput::Changelog
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn Sink>> {
        Ok(Box::new(BlackholeSink {
            stream: self.stream.clone(),
            subtask: context.subtask,
            row_count: 0,
        }))
    }
}

struct BlackholeSink {
    stream: String,
    subtask: usize,
    row_count: u64,
}

#[async_trait]
impl Sink for BlackholeSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        self.row_count += batch.num_rows() as u64;
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        let Self {
            stream,
            subtask,
            row_count,
        } = self;
        tracing::info!(stream, subtask, row_count, "rows dropped");
        Ok(())
    }
}
