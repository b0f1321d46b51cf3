//! The `kafka` connector: its page, and its source and sink from options.

use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, SinkConnector, SinkPlan, SinkRequest, SourceConnector,
    SourcePlan, SourceRequest,
};

use super::metadata;
use super::sink::KafkaSinkPlan;
use super::sink_options::KafkaSinkOptions;
use super::source_options::KafkaSourceOptions;
use super::source_plan::KafkaSourcePlan;
use crate::metadata_column::MetadataColumns;

/// The connector.
pub struct Kafka;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "kafka",
    summary: "Reads and writes topics of Apache Kafka.",
    details: "\
**Source.** The subtasks share the partitions among themselves, and keep the offsets themselves: a restart from positions \
goes on exactly, at any parallelism. In bad rows and positions a partition is `topic/number`, the offset that of the \
message. Watermarks are kept per partition. A message may hold several records. One without a value (a tombstone) deletes \
a key; it gives no row.

A broker that does not answer when the run begins ends it (`connect_timeout`); one that is lost later is waited for, with \
a warning. Offsets whose messages have been deleted, and partitions that are gone, end the run: nothing is left out in \
silence.

Offsets are committed for the group only when everything that came of their messages is outside, so `start` = `committed` \
never leaves a message out. With checkpoints these are the positions of the last one; a restart does not need them, it goes \
on from the checkpoint itself. Without checkpoints nothing is committed while a run goes on, since windows and groups may still hold \
rows, but once, when it has come to the end of its inputs (`'end' = 'latest'`). A run that was stopped or killed has \
committed nothing: the next one reads its messages again.

**Sink.** Every row is a message. Its key is made of the columns of `key` or of the PRIMARY KEY and decides the \
partition, as in Kafka's own clients; the format writes key and value. All replicas acknowledge, retries neither double \
nor reorder, and 64 MiB are on their way at the most.

*With checkpoints* every row comes once (exactly-once) for readers with `isolation.level` = `read_committed`, as the source \
is one. The messages of an epoch are kept in its checkpoint, and in memory until then (1 GiB at the most); once it is durable \
they are written in one transaction, together with a marker in `control_topic`. After a failure the marker tells what has \
arrived. The transactional id is `eventflux/<app id>/<stream>`: a run that takes over fences the one before. A broker that \
is away is waited for; checkpoints go on. A run whose checkpoint is older than what the topic holds is refused.

*Without checkpoints*, or with `'delivery' = 'at-least-once'`, messages are sent as they come, and a flush waits for all \
acknowledgements; after a failure rows may come again.

Built without TLS: `security.protocol` is `plaintext` or, with mechanism `PLAIN`, `sasl_plaintext`.",
    source_options: Some(KafkaSourceOptions::SET.docs),
    sink_options: Some(KafkaSinkOptions::SET.docs),
    metadata: &metadata::DOCS,
    format: FormatOption::Required,
    example: "\
CREATE STREAM trades (symbol STRING, price DOUBLE, at TIMESTAMP(3) METADATA FROM 'timestamp', WATERMARK FOR at AS at)
WITH ('connector' = 'kafka', 'brokers' = 'localhost:9092', 'topic' = 'trades', 'group_id' = 'prices', 'format' = 'json');
CREATE TABLE last_prices (symbol STRING, price DOUBLE, PRIMARY KEY (symbol))
WITH ('connector' = 'kafka', 'brokers' = 'localhost:9092', 'topic' = 'last_prices', 'format' = 'upsert_json');
INSERT INTO last_prices SELECT symbol, max(price) FROM trades GROUP BY symbol;",
};

impl SourceConnector for Kafka {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let (own, decoder) = request.choose_decoder(KafkaSourceOptions::SET, None)?;
        let options = KafkaSourceOptions::parse(&own)?;
        let columns = MetadataColumns::plan(request, &metadata::types())?;
        Ok(Box::new(KafkaSourcePlan::new(
            options,
            decoder,
            columns,
            request.options.is_resolved(),
        )?))
    }
}

impl SinkConnector for Kafka {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        let key = key_columns(request)?;
        let request = SinkRequest {
            key: key.as_deref().unwrap_or(request.key),
            ..*request
        };
        let (own, encoder) = request.choose_encoder(KafkaSinkOptions::SET, None)?;
        let options = KafkaSinkOptions::parse(&own)?;
        let is_resolved = request.options.is_resolved();
        Ok(Box::new(KafkaSinkPlan::new(
            request.stream,
            options,
            encoder.maker,
            encoder.input,
            is_resolved,
        )?))
    }
}

/// The columns that `key` names. The format has to know them before the other options are told from its own.
fn key_columns(request: &SinkRequest<'_>) -> Result<Option<Vec<usize>>, OptionError> {
    const SPELLINGS: [&str; 4] = ["key", "kafka.key", "key.fields", "kafka.key.fields"];
    let given = request.options.iter().find(|(name, _)| SPELLINGS.contains(name));
    let Some((option, Some(value))) = given else {
        return Ok(None);
    };
    let index = |name: &str| {
        request.schema.index_of(name).map_err(|_| {
            let names: Vec<_> = request
                .schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            OptionError::new(option, format!("there is no column `{name}`"))
                .with_help(format!("the columns are {}", names.join(", ")))
        })
    };
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let columns = names.map(index).collect::<Result<Vec<_>, _>>()?;
    match columns.is_empty() {
        true => Err(OptionError::new(option, "names no column")),
        false => Ok(Some(columns)),
    }
}
