//! A sink of the program's own: it hands rows to a channel.

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use eventflux::batch::EventBatch;
use eventflux::connector::{
    ConnectorDoc, FormatOption, OptionError, Sink, SinkConnector, SinkContext, SinkInput, SinkPlan,
    SinkRequest,
};
use eventflux::{EventFluxAppRuntimeBuilder, Rows, async_trait};

eventflux::connector::options! {
    /// Options of the sink.
    struct ChannelOptions of "channel" {
        /// Put before each row.
        prefix: String ["prefix"] = "",
    }
}

static DOC: ConnectorDoc = ConnectorDoc {
    name: "channel",
    summary: "Hands rows to a channel of this process.",
    details: "The first column, as text.",
    source_options: None,
    sink_options: Some(ChannelOptions::SET.docs),
    metadata: &[],
    format: FormatOption::Unused,
    example: "CREATE STREAM out (name STRING) WITH ('connector' = 'channel', 'prefix' = '> ');",
};

/// The kind of sink: it plans without touching the outside.
struct Channel {
    sender: Mutex<Sender<String>>,
}

impl SinkConnector for Channel {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let options = ChannelOptions::parse(request.options)?;
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Box::new(ChannelPlan {
            prefix: options.prefix,
            sender: Mutex::new(sender),
        }))
    }
}

/// A sink with its options: it opens one subtask's share.
struct ChannelPlan {
    prefix: String,
    sender: Mutex<Sender<String>>,
}

impl SinkPlan for ChannelPlan {
    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn open(&self, _context: &SinkContext) -> eventflux::Result<Box<dyn Sink>> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Box::new(ChannelSink {
            prefix: self.prefix.clone(),
            sender,
            lines: Vec::new(),
        }))
    }
}

/// What takes the rows: it may hold them until it is told to flush.
struct ChannelSink {
    prefix: String,
    sender: Sender<String>,
    lines: Vec<String>,
}

#[async_trait]
impl Sink for ChannelSink {
    async fn write(&mut self, batch: &EventBatch) -> eventflux::Result<()> {
        for row in &Rows::from(batch.clone()) {
            let name: Option<String> = row.at(0).unwrap_or_default();
            self.lines
                .push(format!("{}{}", self.prefix, name.unwrap_or_default()));
        }
        Ok(())
    }

    async fn flush(&mut self) -> eventflux::Result<()> {
        for line in self.lines.drain(..) {
            // Nobody listens any more: nothing is lost.
            let _ = self.sender.send(line);
        }
        Ok(())
    }

    async fn close(&mut self) -> eventflux::Result<()> {
        self.flush().await
    }
}

const APP: &str = "
    CREATE STREAM names (name STRING);
    CREATE STREAM out (name STRING) WITH ('connector' = 'channel', 'prefix' = '> ');
    INSERT INTO out SELECT upper(name) FROM names;";

/// What the sink was given.
pub fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let (sender, lines) = channel();
    let sink = Channel {
        sender: Mutex::new(sender),
    };
    let runtime = EventFluxAppRuntimeBuilder::new(APP)
        .register_sink(Arc::new(sink))
        .build()?;
    runtime.start()?;
    let names = runtime.input_handler("names")?;
    names.send(("ada",))?;
    names.send(("grace",))?;
    runtime.finish()?;
    Ok(lines.try_iter().collect())
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    for line in run()? {
        println!("{line}");
    }
    Ok(())
}
