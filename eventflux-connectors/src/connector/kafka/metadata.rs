//! Columns that are filled from what surrounds a message.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Array, Int64Array, MapBuilder, MapFieldNames, StringArray, StringBuilder,
    TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use eventflux_core::{Error, Result};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};

use super::topic::TopicPartition;
use crate::metadata_column::MetadataColumns;

/// Key, SQL type and a sentence each, for the reference page.
pub const DOCS: [(&str, &str, &str); 6] = [
    ("topic", "STRING", "The topic."),
    ("partition", "INT", "The partition's number."),
    ("offset", "BIGINT", "The message's offset."),
    (
        "timestamp",
        "TIMESTAMP(3)",
        "The message's time, NULL if it has none.",
    ),
    (
        "key",
        "BINARY",
        "The message's key, NULL if it has none. May be declared as STRING.",
    ),
    (
        "headers",
        "MAP<STRING, BINARY>",
        "The message's headers. Of several with one name, each is there.",
    ),
];

const TOPIC: usize = 0;
const PARTITION: usize = 1;
const OFFSET: usize = 2;
const TIMESTAMP: usize = 3;
const KEY: usize = 4;
const HEADERS: usize = 5;

/// Keys and the types in which they are made, in the order of [`DOCS`].
pub fn types() -> [(&'static str, DataType); 6] {
    let types = [
        DataType::Utf8,
        DataType::Int32,
        DataType::Int64,
        DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Binary,
        headers_type(),
    ];
    let mut index = 0;
    types.map(|data_type| {
        index += 1;
        (DOCS[index - 1].0, data_type)
    })
}

fn headers_type() -> DataType {
    let fields = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ];
    DataType::Map(
        Arc::new(Field::new(
            "entries",
            DataType::Struct(Fields::from(fields)),
            false,
        )),
        false,
    )
}

/// What surrounds the messages of one batch, as far as it is asked for.
pub struct MessageMetadata {
    /// Which metadata is asked for, and whether it may be NULL.
    used: Vec<(usize, bool)>,
    row_count: usize,
    offsets: Vec<i64>,
    timestamps: Vec<Option<i64>>,
    keys: BinaryBuilder,
    headers: MapBuilder<StringBuilder, BinaryBuilder>,
}

impl MessageMetadata {
    /// Nothing yet.
    pub fn new(columns: &MetadataColumns) -> Self {
        Self {
            used: columns.used().collect(),
            row_count: 0,
            offsets: Vec::new(),
            timestamps: Vec::new(),
            keys: BinaryBuilder::new(),
            headers: headers_builder(),
        }
    }

    /// What a message lacks although its column is NOT NULL.
    pub fn lacks(&self, message: &BorrowedMessage<'_>) -> Option<&'static str> {
        let is_missing = |index| match index {
            TIMESTAMP => message.timestamp().to_millis().is_none(),
            KEY => message.key().is_none(),
            _ => false,
        };
        let missing = self
            .used
            .iter()
            .find(|(index, is_required)| *is_required && is_missing(*index));
        missing.map(|(index, _)| DOCS[*index].0)
    }

    /// A message gave so many rows.
    pub fn push(&mut self, message: &BorrowedMessage<'_>, row_count: usize) -> Result<()> {
        self.row_count += row_count;
        for (index, _) in &self.used {
            for _ in 0..row_count {
                match *index {
                    OFFSET => self.offsets.push(message.offset()),
                    TIMESTAMP => self.timestamps.push(message.timestamp().to_millis()),
                    KEY => self.keys.append_option(message.key()),
                    HEADERS => push_headers(&mut self.headers, message)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The arrays by their index in [`DOCS`]; those that nobody asked for are empty. Begins anew.
    pub fn take(&mut self, partition: &TopicPartition) -> Result<[ArrayRef; 6]> {
        let row_count = std::mem::take(&mut self.row_count);
        let of = |index| {
            if self.used.iter().any(|(used, _)| *used == index) {
                row_count
            } else {
                0
            }
        };
        let topics = StringArray::from_iter_values(std::iter::repeat_n(&partition.topic, of(TOPIC)));
        let partitions = Int32Array::from_value(partition.id, of(PARTITION));
        Ok([
            Arc::new(topics),
            Arc::new(partitions),
            Arc::new(Int64Array::from(std::mem::take(&mut self.offsets))),
            Arc::new(TimestampMillisecondArray::from(std::mem::take(
                &mut self.timestamps,
            ))),
            Arc::new(self.keys.finish()),
            Arc::new(self.headers.finish()),
        ])
    }
}

fn headers_builder() -> MapBuilder<StringBuilder, BinaryBuilder> {
    let names = MapFieldNames {
        entry: "entries".into(),
        key: "key".into(),
        value: "value".into(),
    };
    MapBuilder::new(Some(names), StringBuilder::new(), BinaryBuilder::new())
}

fn push_headers(
    builder: &mut MapBuilder<StringBuilder, BinaryBuilder>,
    message: &BorrowedMessage<'_>,
) -> Result<()> {
    for header in message.headers().iter().flat_map(|headers| headers.iter()) {
        builder.keys().append_value(header.key);
        builder.values().append_option(header.value);
    }
    builder
        .append(true)
        .map_err(|error| Error::Columns(error.to_string()))
}
