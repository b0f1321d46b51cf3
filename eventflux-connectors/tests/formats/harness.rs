//! Text in, text out: a decoder's rows as JSON lines, its bad rows as `offset: reason`.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use eventflux_core::batch::EventBatch;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::connector::{
    Decode, DecodeRequest, Encode, EncodeRequest, Messages, OptionError, Options, Registry,
};
use eventflux_core::operator::BadRow;
use eventflux_core::plan::SourceColumn;

/// All built-in formats.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    eventflux_connectors::register(&mut registry);
    registry
}

/// Options as a user writes them.
pub fn options(given: &[(&str, &str)]) -> Options {
    Options::new(
        given
            .iter()
            .map(|(key, value)| (key.to_string(), Some(value.to_string())))
            .collect(),
    )
}

/// A column; `!` behind the name makes it NOT NULL.
pub fn column(name: &str, data_type: DataType) -> FieldRef {
    let bare = name.trim_end_matches('!');
    Arc::new(Field::new(bare, data_type, bare.len() == name.len()))
}

/// `TIMESTAMP(3)`.
pub fn timestamp_ms() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, None)
}

/// What a decoder made of its input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// Good rows as JSON.
    pub rows: Vec<String>,
    /// Bad rows as `offset: reason`.
    pub bad: Vec<String>,
    /// Their raw bytes.
    pub raw: Vec<Vec<u8>>,
}

impl Decoded {
    fn add(&mut self, batch: &RecordBatch, bad: Vec<BadRow>) {
        let rows = JsonRows::new(batch).unwrap();
        self.rows.extend((0..batch.num_rows()).map(|row| {
            let mut out = Vec::new();
            rows.write(row, &mut out);
            String::from_utf8(out).unwrap()
        }));
        for row in bad {
            self.bad.push(format!("{}: {}", row.offset.unwrap(), row.reason));
            self.raw.push(row.raw.to_vec());
        }
    }
}

/// A stream's columns, format and options.
pub struct Case {
    format: String,
    columns: Vec<FieldRef>,
    declared: SchemaRef,
    options: Options,
}

impl Case {
    /// All columns are used.
    pub fn new(format: &str, columns: Vec<FieldRef>, given: &[(&str, &str)]) -> Self {
        let declared = Arc::new(Schema::new(columns.clone()));
        Self {
            format: format.to_owned(),
            columns,
            declared,
            options: options(given),
        }
    }

    /// Only these columns are used.
    pub fn using(mut self, names: &[&str]) -> Self {
        self.columns = names
            .iter()
            .map(|name| Arc::new(self.declared.field_with_name(name).unwrap().clone()))
            .collect();
        self
    }

    pub fn plan(&self) -> Result<Box<dyn Decode>, OptionError> {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|field| SourceColumn {
                field: field.clone(),
                metadata: None,
            })
            .collect();
        let request = DecodeRequest {
            columns: &columns,
            declared: &self.declared,
            options: &self.options,
        };
        registry()
            .decoder(&self.format)
            .unwrap()
            .plan(&request)
            .map(|maker| maker())
    }

    /// The whole stream at once.
    pub fn stream(&self, bytes: impl AsRef<[u8]>) -> Decoded {
        self.try_stream(bytes.as_ref(), &[], usize::MAX).unwrap()
    }

    /// The stream in pieces that end at `cuts`, with batches of `rows_max`.
    pub fn try_stream(
        &self,
        bytes: &[u8],
        cuts: &[usize],
        rows_max: usize,
    ) -> eventflux_core::Result<Decoded> {
        let mut decoder = self.plan().unwrap();
        let mut decoded = Decoded::default();
        let mut cuts = cuts.iter().copied().chain([bytes.len()]);
        let (mut start, mut end) = (None, cuts.next().unwrap_or(0));
        loop {
            let is_end = end == bytes.len();
            let taken = match start {
                None => {
                    start = decoder.begin(&bytes[..end], is_end)?;
                    usize::from(start.is_some())
                }
                Some(from) if from == bytes.len() => return Ok(decoded),
                Some(from) => {
                    let mut bad = Vec::new();
                    let taken =
                        decoder.decode_stream(&bytes[from..end], from as u64, is_end, rows_max, &mut bad)?;
                    assert!(decoder.row_count() + bad.len() <= rows_max);
                    decoded.add(&decoder.take()?, bad);
                    start = Some(from + taken);
                    taken
                }
            };
            if taken == 0 || start == Some(end) {
                assert!(
                    !is_end || start == Some(end),
                    "the decoder leaves bytes at the end"
                );
                end = cuts.find(|cut| *cut > end).unwrap_or(bytes.len());
            }
        }
    }

    /// Each message by itself, at offsets from 0.
    pub fn messages(&self, messages: &[&[u8]]) -> Decoded {
        let mut decoder = self.plan().unwrap();
        let (mut row_count, mut bad) = (0, Vec::new());
        for (offset, message) in messages.iter().enumerate() {
            row_count += decoder.decode_message(message, offset as i64, &mut bad).unwrap();
            assert_eq!(decoder.row_count(), row_count);
        }
        let mut decoded = Decoded::default();
        decoded.add(&decoder.take().unwrap(), bad);
        decoded
    }
}

/// What an encoder makes of a batch: the byte stream with its header, and the messages as `key -> value`.
pub struct Encoded {
    pub stream: String,
    pub messages: Vec<String>,
}

/// Plans an encoder; `key` are indices of columns.
pub fn plan_encoder(
    format: &str,
    schema: &SchemaRef,
    key: &[usize],
    given: &[(&str, &str)],
) -> Result<Box<dyn Encode>, OptionError> {
    let options = options(given);
    let request = EncodeRequest {
        schema,
        key,
        options: &options,
    };
    registry()
        .encoder(format)
        .unwrap()
        .plan(&request)
        .map(|maker| maker())
}

/// Encodes a batch both ways.
pub fn encode(format: &str, batch: &EventBatch, key: &[usize], given: &[(&str, &str)]) -> Encoded {
    let mut encoder = plan_encoder(format, &batch.schema(), key, given).unwrap();
    let mut stream = encoder.header();
    encoder.encode_stream(batch, &mut stream).unwrap();
    let mut messages = Messages::default();
    encoder.encode_messages(batch, &mut messages).unwrap();
    let text = |bytes: Option<&[u8]>| {
        bytes.map_or("none".to_owned(), |bytes| {
            String::from_utf8(bytes.to_vec()).unwrap()
        })
    };
    let messages = messages
        .iter()
        .map(|message| format!("{} -> {}", text(message.key), text(message.value)));
    Encoded {
        stream: String::from_utf8(stream).unwrap(),
        messages: messages.collect(),
    }
}
