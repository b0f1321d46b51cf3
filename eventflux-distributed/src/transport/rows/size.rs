//! How large rows are before they are encoded.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use eventflux_core::batch::EventBatch;

use crate::transport::frame::HEADER_BYTES;

/// Bytes that the rows themselves have, without those of their buffers that belong to other rows.
pub(in crate::transport) fn batch_bytes(batch: &EventBatch) -> usize {
    let columns = batch.rows().columns().iter().map(|column| column_bytes(column));
    let kinds = batch.kinds().map_or(0, |kinds| kinds.len());
    columns.sum::<usize>() + batch.num_rows() * 8 + kinds + HEADER_BYTES
}

fn column_bytes(column: &dyn Array) -> usize {
    let span = |first: Option<i32>, last: Option<i32>| {
        let length = last.unwrap_or_default() - first.unwrap_or_default();
        usize::try_from(length).unwrap_or_default()
    };
    let validity = column.nulls().map_or(0, |nulls| nulls.len().div_ceil(8));
    let values = match column.data_type() {
        DataType::Utf8 => {
            let offsets = column.as_string::<i32>().offsets();
            span(offsets.first().copied(), offsets.last().copied()) + offsets.len() * 4
        }
        DataType::Binary => {
            let offsets = column.as_binary::<i32>().offsets();
            span(offsets.first().copied(), offsets.last().copied()) + offsets.len() * 4
        }
        other => match other.primitive_width() {
            Some(width) => column.len() * width,
            None => {
                let slice = column.to_data().get_slice_memory_size();
                return slice.unwrap_or_else(|_| column.get_array_memory_size());
            }
        },
    };
    validity + values
}
