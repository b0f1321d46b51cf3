//! The `redis` connector: its page, and its sink from options.

use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, OptionValue, SinkConnector, SinkInput, SinkPlan, SinkRequest,
};

use super::sink::RedisSinkPlan;
use super::sink_options::{RedisSinkOptions, Structure};

/// The connector.
pub struct Redis;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "redis",
    summary: "Writes streams and hashes of Redis.",
    details: "\
**A stream** (`'structure' = 'stream'`) gets an entry per row, with the field `value` and, if the rows have a PRIMARY KEY, the field \
`key`, as the format writes them. The format is `json` unless `format` says otherwise. A row that is gone (`upsert_json`) is an \
entry without `value`. NULL in `raw` or `text` is an empty value.

**A hash** (`'structure' = 'hash'`) holds the current row per PRIMARY KEY: the field is the key as JSON, `{\"symbol\":\"A\"}`, its value \
the row. A row that is gone is removed. The format is `upsert_json`, and no other.

*With checkpoints* every row comes once (exactly-once). The rows of an epoch are kept in its checkpoint, and in memory until then \
(1 GiB at the most); once it is durable a script writes them, up to 1 000 rows or 1 MiB at a time, together with a marker in one \
step. The marker is the field `<app id>/<stream>` of the hash `eventflux:deliveries:{<key>}`, which a cluster keeps on the node of \
the key. After a failure it tells what has arrived. A run that takes over is alone: the one before ends with an error. A server \
that is away, loading, full or a replica is waited for; checkpoints go on. A run whose checkpoint is older than what the key \
holds is refused. A Redis that comes back without what it had acknowledged ends the run; to keep everything it needs \
`appendonly yes` and `maxmemory-policy noeviction`.

*Without checkpoints*, or with `'delivery' = 'at-least-once'`, rows are sent when the input pauses, at the latest when 1 000 or \
1 MiB have come together; a server that is away is waited for (`connect_timeout`). Rows may come again, also within a run: those \
that were under way when the connection was lost.

A cluster is reached at the node that holds the key; redirections are not followed.",
    source_options: None,
    sink_options: Some(RedisSinkOptions::SET.docs),
    metadata: &[],
    format: FormatOption::Default("json"),
    example: "\
CREATE STREAM trades (symbol STRING, price DOUBLE)
WITH ('connector' = 'datagen', 'rows' = '1000', 'fields.symbol.kind' = 'choice', 'fields.symbol.values' = 'A,B,C');
CREATE TABLE highest (symbol STRING, price DOUBLE, PRIMARY KEY (symbol))
WITH ('connector' = 'redis', 'url' = 'redis://localhost:6379', 'key' = 'highest', 'structure' = 'hash');
INSERT INTO highest SELECT symbol, max(price) FROM trades GROUP BY symbol;",
};

impl SinkConnector for Redis {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let structure = structure(request)?;
        let (own, encoder) =
            request.choose_encoder(RedisSinkOptions::SET, Some(structure.default_format()))?;
        let options = RedisSinkOptions::parse(&own)?;
        if structure == Structure::Hash && encoder.input != SinkInput::Upsert {
            let error = OptionError::new(
                "format",
                "a hash holds the current row per key, which this format cannot say",
            );
            return Err(error.with_help("leave `format` out, or write 'format' = 'upsert_json'"));
        }
        let is_resolved = request.options.is_resolved();
        Ok(Box::new(RedisSinkPlan::new(
            request.stream,
            options,
            encoder,
            is_resolved,
        )?))
    }
}

/// The option `structure`, which decides about the format.
fn structure(request: &SinkRequest<'_>) -> Result<Structure, OptionError> {
    let given = request
        .options
        .iter()
        .find(|(name, _)| ["structure", "redis.structure"].contains(name));
    match given {
        None => Ok(Structure::Stream),
        Some((name, None)) => Err(OptionError::new(
            name,
            "has to be written out, since it decides which format there is",
        )),
        Some((name, Some(value))) => {
            Structure::parse(value).map_err(|message| OptionError::new(name, message))
        }
    }
}
