//! What of a batch travels as columns behind those of its stream.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, Int64Array, RecordBatch, StringViewArray, UInt8Array,
    UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt8Type, UInt64Type};
use eventflux_core::batch::{EventBatch, RowKind};

use crate::transport::frame::{FLAG_HASHES, FLAG_KINDS};

const KINDS: [RowKind; 4] = [
    RowKind::Insert,
    RowKind::UpdateBefore,
    RowKind::UpdateAfter,
    RowKind::Delete,
];

/// The columns of a stream with those behind them that the flags tell of.
pub(super) fn wire_schema(schema: &Schema, flags: u8) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().to_vec();
    fields.push(Arc::new(Field::new("event_time", DataType::Int64, false)));
    if flags & FLAG_KINDS != 0 {
        fields.push(Arc::new(Field::new("kind", DataType::UInt8, false)));
    }
    if flags & FLAG_HASHES != 0 {
        fields.push(Arc::new(Field::new("hash", DataType::UInt64, false)));
    }
    Arc::new(Schema::new(fields))
}

pub(super) fn flags(batch: &EventBatch) -> u8 {
    let kinds = if batch.kinds().is_some() { FLAG_KINDS } else { 0 };
    let hashes = if batch.key_hashes().is_some() {
        FLAG_HASHES
    } else {
        0
    };
    kinds | hashes
}

/// All columns of a batch, for [`wire_schema`].
pub(super) fn wire_columns(batch: &EventBatch) -> Vec<ArrayRef> {
    let mut columns: Vec<ArrayRef> = batch.rows().columns().iter().map(compact).collect();
    columns.push(Arc::new(Int64Array::new(batch.event_time().clone(), None)));
    if let Some(kinds) = batch.kinds() {
        let kinds = kinds.iter().map(|kind| *kind as u8);
        columns.push(Arc::new(UInt8Array::from_iter_values(kinds)));
    }
    if let Some(hashes) = batch.key_hashes() {
        columns.push(Arc::new(UInt64Array::from_iter_values(hashes.iter().copied())));
    }
    columns
}

/// Views share buffers with rows that are not sent; without this all of those would be.
fn compact(column: &ArrayRef) -> ArrayRef {
    let any = column.as_any();
    if let Some(views) = any.downcast_ref::<StringViewArray>() {
        Arc::new(views.gc())
    } else if let Some(views) = any.downcast_ref::<BinaryViewArray>() {
        Arc::new(views.gc())
    } else {
        Arc::clone(column)
    }
}

/// A batch of these columns; otherwise what is wrong with them.
pub(super) fn from_wire(schema: &SchemaRef, flags: u8, rows: &RecordBatch) -> Result<EventBatch, String> {
    let own = schema.fields().len();
    let mut behind = rows.columns().iter().skip(own);
    let mut next = || behind.next().ok_or("rows without all their columns");
    let times = next()?
        .as_primitive_opt::<Int64Type>()
        .filter(|times| times.null_count() == 0)
        .ok_or("rows without event times")?
        .values()
        .clone();
    let columns = rows.columns().iter().take(own).cloned().collect();
    let row_count = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let columns = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &row_count);
    let columns = columns.map_err(|error| error.to_string())?;
    let mut batch = EventBatch::new(columns, times).map_err(|error| error.to_string())?;
    if flags & FLAG_KINDS != 0 {
        let kinds = next()?
            .as_primitive_opt::<UInt8Type>()
            .ok_or("rows without kinds")?;
        let kinds = kinds
            .values()
            .iter()
            .map(|kind| KINDS.get(usize::from(*kind)).copied());
        let kinds = kinds.collect::<Option<_>>().ok_or("rows of an unknown kind")?;
        batch = batch.with_kinds(Some(kinds)).map_err(|error| error.to_string())?;
    }
    if flags & FLAG_HASHES != 0 {
        let hashes = next()?
            .as_primitive_opt::<UInt64Type>()
            .ok_or("rows without hashes")?;
        let hashes = Arc::from(&hashes.values()[..]);
        batch = batch
            .with_key_hashes(Some(hashes))
            .map_err(|error| error.to_string())?;
    }
    Ok(batch)
}
