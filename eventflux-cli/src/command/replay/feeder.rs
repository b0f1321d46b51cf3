//! From the `data` of events to rows of the streams that an app reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use eventflux::arrow::array::RecordBatch;
use eventflux::arrow::datatypes::SchemaRef;
use eventflux::connector::{Decode, DecodeRequest, Options, Registry};
use eventflux::plan::SourceColumn;
use eventflux::sql::diagnostic::did_you_mean;
use eventflux::sql::{CompiledApp, StreamRole};
use serde_json::value::RawValue;

use super::event::field_names;

/// The streams that events may name.
pub struct Feeder {
    streams: BTreeMap<String, Stream>,
}

struct Stream {
    /// All columns that an event may give.
    columns: Vec<String>,
    /// A decoder of the columns that are read; `None`: no query reads the stream.
    decoder: Option<Box<dyn Decode>>,
}

impl Feeder {
    /// A feeder for the streams that get their rows from outside. `read` gives the columns that an app reads of a stream.
    pub fn new(
        app: &CompiledApp,
        registry: &Registry,
        read: impl Fn(&str) -> Option<SchemaRef>,
    ) -> eventflux::Result<Self> {
        let json = registry
            .decoder("json")
            .ok_or_else(|| eventflux::Error::Bug("the format json is not registered".to_owned()))?;
        let mut streams = BTreeMap::new();
        let fed = app
            .streams
            .iter()
            .filter(|stream| matches!(stream.role, StreamRole::Source | StreamRole::InProcess));
        for stream in fed {
            let decoder = match read(&stream.name) {
                Some(schema) => {
                    let column = |field: &Arc<_>| SourceColumn {
                        field: Arc::clone(field),
                        metadata: None,
                    };
                    let columns: Vec<SourceColumn> = schema.fields().iter().map(column).collect();
                    let options = Options::new(Vec::new());
                    let request = DecodeRequest {
                        columns: &columns,
                        declared: &stream.physical,
                        options: &options,
                    };
                    Some(json.plan(&request)?())
                }
                None => None,
            };
            let columns = stream
                .physical
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            streams.insert(stream.name.clone(), Stream { columns, decoder });
        }
        Ok(Self { streams })
    }

    /// One row of a stream; `None` if no query reads the stream.
    ///
    /// **Errors** There is no such stream or column, or a value does not have its column's type.
    pub fn row(&mut self, stream: &str, data: &RawValue) -> Result<Option<RecordBatch>, String> {
        if !self.streams.contains_key(stream) {
            let names = self.streams.keys().map(String::as_str);
            let help = did_you_mean(stream, names.clone()).unwrap_or_else(|| {
                format!(
                    "the streams that take events are {}",
                    names.collect::<Vec<_>>().join(", ")
                )
            });
            return Err(format!("there is no stream `{stream}` that takes events: {help}"));
        }
        let Some(known) = self.streams.get_mut(stream) else {
            return Ok(None);
        };
        for name in field_names(data)? {
            if !known
                .columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(&name))
            {
                let columns = known.columns.iter().map(String::as_str);
                let help = did_you_mean(&name, columns.clone())
                    .unwrap_or_else(|| format!("its columns are {}", columns.collect::<Vec<_>>().join(", ")));
                return Err(format!("stream `{stream}` has no column `{name}`: {help}"));
            }
        }
        let Some(decoder) = &mut known.decoder else {
            return Ok(None);
        };
        let mut bad = Vec::new();
        decoder
            .decode_message(data.get().as_bytes(), 0, &mut bad)
            .map_err(|error| error.to_string())?;
        let rows = decoder.take().map_err(|error| error.to_string())?;
        match bad.into_iter().next() {
            Some(bad) => Err(bad.reason),
            None => Ok(Some(rows)),
        }
    }
}
