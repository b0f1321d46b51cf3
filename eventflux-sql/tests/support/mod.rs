//! What tests share: connectors that only plan, as much of one as the compiler sees, and pieces of texts.

mod words;

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionDoc, OptionError, Registry, Sink, SinkConnector, SinkContext,
    SinkInput, SinkPlan, SinkRequest, Source, SourceConnector, SourceContext, SourcePlan, SourceRequest,
};
use eventflux_core::{Error, Result};
use eventflux_sql::diagnostic::SourceText;
use eventflux_sql::{CompileContext, CompiledApp};

pub use words::words_of;

eventflux_core::options! {
    /// Options of both connectors.
    struct Given of "kafka" {
        /// Where rows are.
        topic: String ["topic"],
        /// The format.
        format: Option<String> ["format"],
        /// Passed through.
        properties: std::collections::BTreeMap<String, String> ["properties.*"],
    }
}

eventflux_core::options! {
    /// Options of files.
    struct GivenFile of "file" {
        /// Where rows are.
        path: String ["path"],
        /// The format.
        format: Option<String> ["format"],
    }
}

static KAFKA: ConnectorDoc = ConnectorDoc {
    name: "kafka",
    summary: "",
    details: "",
    source_options: Some(Given::SET.docs),
    sink_options: Some(Given::SET.docs),
    metadata: &[
        ("partition", "INT", "its number"),
        ("offset", "BIGINT", "its place"),
    ],
    format: FormatOption::Required,
    example: "",
};

static FILE: ConnectorDoc = ConnectorDoc {
    name: "file",
    metadata: &[],
    ..KAFKA_LIKE
};
static BLACKHOLE: ConnectorDoc = ConnectorDoc {
    name: "blackhole",
    source_options: None,
    metadata: &[],
    ..KAFKA_LIKE
};
const NO_OPTIONS: &[OptionDoc] = &[];
const KAFKA_LIKE: ConnectorDoc = ConnectorDoc {
    name: "",
    summary: "",
    details: "",
    source_options: Some(NO_OPTIONS),
    sink_options: Some(NO_OPTIONS),
    metadata: &[],
    format: FormatOption::Unused,
    example: "",
};

struct Planned {
    input: SinkInput,
    parallelism_max: Option<usize>,
}

struct Connector(&'static ConnectorDoc);

fn planned(doc: &ConnectorDoc, options: &eventflux_core::connector::Options) -> Result<Planned, OptionError> {
    let (format, parallelism_max) = match doc.name {
        "kafka" => (Given::parse(options)?.format, None),
        "file" => (GivenFile::parse(options)?.format, Some(1)),
        _ => (None, None),
    };
    let input = match format.as_deref() {
        Some("debezium_json") => SinkInput::Changelog,
        Some("upsert_json") => SinkInput::Upsert,
        None | Some("json" | "csv") => SinkInput::Append,
        Some(other) => {
            return Err(OptionError::new(
                "format",
                format!("there is no format `{other}`"),
            ));
        }
    };
    Ok(Planned {
        input,
        parallelism_max,
    })
}

impl SourceConnector for Connector {
    fn doc(&self) -> &'static ConnectorDoc {
        self.0
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        Ok(Box::new(planned(self.0, request.options)?))
    }
}

impl SinkConnector for Connector {
    fn doc(&self) -> &'static ConnectorDoc {
        self.0
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        Ok(Box::new(planned(self.0, request.options)?))
    }
}

impl SourcePlan for Planned {
    fn parallelism_max(&self) -> Option<usize> {
        self.parallelism_max
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn open(&self, _: &SourceContext) -> Result<Box<dyn Source>> {
        Err(Error::Bug("plans are not run here".into()))
    }
}

impl SinkPlan for Planned {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        self.parallelism_max
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn Sink>> {
        Err(Error::Bug("plans are not run here".into()))
    }
}

/// A context with the connectors `kafka`, `file` and `blackhole`.
pub fn context() -> CompileContext {
    let mut registry = Registry::default();
    for doc in [&KAFKA, &FILE] {
        registry.add_source(Arc::new(Connector(doc)));
        registry.add_sink(Arc::new(Connector(doc)));
    }
    registry.add_sink(Arc::new(Connector(&BLACKHOLE)));
    CompileContext {
        registry,
        // The machine of a test may be busy with others.
        planning_time_max: Duration::from_secs(120),
        ..CompileContext::default()
    }
}

/// The app, or its diagnostics as users see them.
pub fn compile(sql: &str, context: &CompileContext) -> Result<CompiledApp, String> {
    let source = SourceText::new("app.sql", sql);
    eventflux_sql::compile(&source, context).map_err(|diagnostics| {
        use eventflux_sql::diagnostic::render::{Colour, full};
        full(&source, &diagnostics, Colour::Never)
    })
}
