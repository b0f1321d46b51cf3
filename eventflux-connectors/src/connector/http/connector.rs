//! The `http` connector: its page, and its sink from options.

use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, SinkConnector, SinkPlan, SinkRequest,
};

use super::sink::HttpSinkPlan;
use super::sink_options::HttpSinkOptions;

/// The connector.
pub struct Http;

/// The format without a `format` option.
const DEFAULT_FORMAT: &str = "json";

static DOC: ConnectorDoc = ConnectorDoc {
    name: "http",
    summary: "Sends rows to an HTTP endpoint.",
    details: "\
A request holds up to `batch.rows` rows, one behind the other as the format writes them into a file; the format is `json`, a line \
per row, unless `format` says otherwise. `Content-Type` is `application/x-ndjson` for the JSON formats, `text/csv`, `text/plain` or \
`application/octet-stream`.

Every status 2xx is success. When there is no answer, or it is 408, 429 or 5xx, the request is sent again with growing pauses, or \
when `Retry-After` says. Every other answer, redirections too, ends the run and is shown.

*Rows come at least once*: a request whose answer is lost comes again. *With checkpoints* the bodies of an epoch are kept in its \
checkpoint, and in memory until then (1 GiB at the most), and sent once it is durable, in their order. Each has an \
`Idempotency-Key`, `<app id>/<stream>/<epoch>/<subtask>/<number>`, that is the same whenever the same body comes again, also after a \
crash: a receiver that leaves out keys it has seen gets each row once. An endpoint that is away is waited for; checkpoints go on.

*Without checkpoints* rows are sent when `batch.rows` have come together and when the input pauses, without a key; an endpoint that \
is away for `retry.timeout` ends the run.",
    source_options: None,
    sink_options: Some(HttpSinkOptions::SET.docs),
    metadata: &[],
    format: FormatOption::Default(DEFAULT_FORMAT),
    example: "\
CREATE STREAM readings (sensor STRING, celsius DOUBLE)
WITH ('connector' = 'datagen', 'rows' = '1000', 'fields.celsius.min' = '0', 'fields.celsius.max' = '100');
CREATE STREAM alerts (sensor STRING, celsius DOUBLE)
WITH ('connector' = 'http', 'url' = 'https://example.org/alerts', 'auth.token' = '${env:ALERTS_TOKEN}', 'batch.rows' = '50');
INSERT INTO alerts SELECT sensor, celsius FROM readings WHERE celsius > 90;",
};

impl SinkConnector for Http {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let (format, _) = request.options.take_format(DOC.name)?;
        let (own, encoder) = request.choose_encoder(HttpSinkOptions::SET, Some(DEFAULT_FORMAT))?;
        let options = HttpSinkOptions::parse(&own)?;
        let content_type = content_type(format.as_deref().unwrap_or(DEFAULT_FORMAT));
        let is_resolved = request.options.is_resolved();
        Ok(Box::new(HttpSinkPlan::new(
            request.stream,
            options,
            encoder,
            content_type,
            is_resolved,
        )?))
    }
}

fn content_type(format: &str) -> &'static str {
    match format {
        "json" | "debezium_json" | "upsert_json" => "application/x-ndjson",
        "csv" => "text/csv",
        "text" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
