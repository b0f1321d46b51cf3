//! A block: rows as an Arrow IPC stream.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, BinaryBuilder, RecordBatch, UInt8Array, UInt16Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::MetadataVersion;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use super::ipc_stream::{ALIGNMENT_BYTES, check_stream};
use super::rows::{RowPlace, SnapshotRows};
use crate::error::Result;
use crate::state::StateRow;

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("key_group", DataType::UInt16, false),
        Field::new("table", DataType::UInt8, false),
        Field::new("key", DataType::Binary, false),
        Field::new("value", DataType::Binary, true),
    ])
}

/// The rows at these places as one IPC stream.
pub(super) fn encode_block(rows: &SnapshotRows, places: &[RowPlace]) -> Result<Vec<u8>> {
    let key_groups: UInt16Array = places.iter().map(|place| Some(place.key_group)).collect();
    let tables: UInt8Array = places.iter().map(|place| Some(rows.row(*place).table)).collect();
    let mut keys = BinaryBuilder::new();
    let mut values = BinaryBuilder::new();
    for place in places {
        let row = rows.row(*place);
        keys.append_value(row.key);
        values.append_option(row.value);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(key_groups),
        Arc::new(tables),
        Arc::new(keys.finish()),
        Arc::new(values.finish()),
    ];
    let schema = schema();
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), columns)?;
    let options = IpcWriteOptions::try_new(ALIGNMENT_BYTES, false, MetadataVersion::V5)?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options)?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

/// The rows of a block.
#[derive(Debug)]
pub(super) struct Block {
    key_groups: UInt16Array,
    tables: UInt8Array,
    keys: BinaryArray,
    values: BinaryArray,
}

impl Block {
    /// Reads an IPC stream of one batch; otherwise what is wrong with it.
    pub(super) fn decode(bytes: Vec<u8>) -> Result<Self, String> {
        check_stream(&bytes)?;
        let mut decoder = StreamDecoder::new();
        let mut buffer = Buffer::from_vec(bytes);
        let batch = decoder
            .decode(&mut buffer)
            .map_err(|error| error.to_string())?
            .ok_or("a block has no rows")?;
        if *batch.schema() != schema() {
            return Err(format!("a block has other columns: {}", batch.schema()));
        }
        let column = |index: usize| Arc::clone(batch.column(index));
        let block = || {
            Some(Self {
                key_groups: column(0).as_any().downcast_ref::<UInt16Array>()?.clone(),
                tables: column(1).as_any().downcast_ref::<UInt8Array>()?.clone(),
                keys: column(2).as_any().downcast_ref::<BinaryArray>()?.clone(),
                values: column(3).as_any().downcast_ref::<BinaryArray>()?.clone(),
            })
        };
        let block = block().ok_or("a block has columns of other types")?;
        match decoder.decode(&mut buffer) {
            Ok(None) if buffer.is_empty() => {}
            _ => return Err("a block has something after its rows".to_owned()),
        }
        decoder.finish().map_err(|error| error.to_string())?;
        Ok(block)
    }

    pub(super) fn row_count(&self) -> usize {
        self.key_groups.len()
    }

    /// The first and the last key group; `None` if there are no rows or they are out of order.
    pub(super) fn key_groups(&self) -> Option<(u16, u16)> {
        let key_groups = self.key_groups.values();
        key_groups
            .is_sorted()
            .then(|| Some((*key_groups.first()?, *key_groups.last()?)))
            .flatten()
    }

    pub(super) fn row(&self, index: usize) -> StateRow<'_> {
        StateRow {
            table: self.tables.value(index),
            key_group: self.key_groups.value(index),
            key: self.keys.value(index),
            value: self.values.is_valid(index).then(|| self.values.value(index)),
        }
    }
}
