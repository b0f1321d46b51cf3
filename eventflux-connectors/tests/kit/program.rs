//! Sources and sinks planned from options, as a program does it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use eventflux_core::connector::{
    OptionError, Options, Registry, SinkContext, SinkPlan, SinkRequest, SourceContext, SourcePlan,
    SourcePosition, SourceRequest,
};
use eventflux_core::plan::SourceColumn;
use eventflux_core::time::SystemClock;

use super::line_format::LineFormat;

/// The built-in connectors and formats, and lines.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    eventflux_connectors::register(&mut registry);
    registry.add_decoder(Arc::new(LineFormat));
    registry.add_encoder(Arc::new(LineFormat));
    registry
}

/// Options as written.
pub fn options(given: &[(&str, &str)]) -> Options {
    Options::new(
        given
            .iter()
            .map(|(key, value)| (key.to_string(), Some(value.to_string())))
            .collect(),
    )
}

/// A nullable payload column.
pub fn column(name: &str, data_type: DataType) -> SourceColumn {
    SourceColumn {
        field: Arc::new(Field::new(name, data_type, true)),
        metadata: None,
    }
}

/// A nullable metadata column whose key is its name.
pub fn metadata(name: &str, data_type: DataType) -> SourceColumn {
    SourceColumn {
        metadata: Some(name.to_owned()),
        ..column(name, data_type)
    }
}

/// A column of lines.
pub fn line() -> SourceColumn {
    column("line", DataType::Utf8)
}

/// A source with these columns, all of them used.
pub fn source(
    connector: &str,
    columns: &[SourceColumn],
    given: &[(&str, &str)],
) -> Result<Box<dyn SourcePlan>, OptionError> {
    let registry = registry();
    let payload = columns.iter().filter(|column| column.metadata.is_none());
    let declared = Arc::new(Schema::new(
        payload
            .map(|column| Arc::clone(&column.field))
            .collect::<Vec<_>>(),
    ));
    let options = options(given);
    let request = SourceRequest {
        stream: "events",
        columns,
        declared: &declared,
        options: &options,
        registry: &registry,
    };
    registry.source(connector).unwrap().plan(&request)
}

/// A sink of lines.
pub fn line_sink(
    connector: &str,
    key: &[usize],
    given: &[(&str, &str)],
) -> Result<Box<dyn SinkPlan>, OptionError> {
    plan_line_sink(connector, key, &options(given))
}

/// A sink of lines of which some options are references.
pub fn unresolved_line_sink(
    connector: &str,
    given: &[(&str, Option<&str>)],
) -> Result<Box<dyn SinkPlan>, OptionError> {
    let given = given
        .iter()
        .map(|(key, value)| (key.to_string(), value.map(str::to_owned)));
    plan_line_sink(connector, &[], &Options::new(given.collect()))
}

fn plan_line_sink(
    connector: &str,
    key: &[usize],
    options: &Options,
) -> Result<Box<dyn SinkPlan>, OptionError> {
    let registry = registry();
    let schema = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, false)]));
    let request = SinkRequest {
        stream: "results",
        schema: &schema,
        key,
        options,
        registry: &registry,
    };
    registry.sink(connector).unwrap().plan(&request)
}

/// What a source subtask opens with; call it inside of a runtime.
pub fn source_context(subtask: usize, parallelism: usize, positions: &[SourcePosition]) -> SourceContext {
    SourceContext {
        subtask,
        parallelism,
        batch_rows_max: 4,
        positions: positions.to_vec(),
        clock: Arc::new(SystemClock),
        tokio: tokio::runtime::Handle::current(),
        trouble: Default::default(),
    }
}

/// What a sink subtask opens with; call it inside of a runtime.
pub fn sink_context(subtask: usize, parallelism: usize) -> SinkContext {
    SinkContext {
        subtask,
        parallelism,
        is_restored: false,
        clock: Arc::new(SystemClock),
        tokio: tokio::runtime::Handle::current(),
        trouble: Default::default(),
    }
}
