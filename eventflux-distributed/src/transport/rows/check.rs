//! Whether a record batch message describes its body: Arrow's reader panics on places outside of it.

use arrow::datatypes::{DataType, Field};
use arrow::ipc::{Buffer, FieldNode, RecordBatch};
use std::sync::Arc;

/// Rows of one batch at the most, also within lists.
const LENGTH_MAX: usize = 64 << 20;

/// Refuses a batch that has not a node per column and buffers that lie within the body and hold as much as the rows need.
pub(super) fn check_batch(
    fields: &[Arc<Field>],
    batch: RecordBatch<'_>,
    body_bytes: usize,
) -> Result<(), String> {
    if batch.compression().is_some() {
        return Err("rows that are compressed within".to_owned());
    }
    let row_count = length(batch.length()).ok_or("rows without a count")?;
    let mut walk = Walk {
        nodes: batch.nodes().ok_or("rows without nodes")?.iter(),
        buffers: batch.buffers().ok_or("rows without buffers")?.iter(),
        variadic: batch.variadicBufferCounts().into_iter().flatten(),
        body_bytes,
    };
    for field in fields {
        let rows = walk.column(field.data_type());
        let rows = rows.ok_or_else(|| format!("rows whose column `{}` is not in order", field.name()))?;
        if rows != row_count {
            return Err(format!(
                "{rows} values of column `{}` in {row_count} rows",
                field.name()
            ));
        }
    }
    if walk.nodes.next().is_some() || walk.buffers.next().is_some() || walk.variadic.next().is_some() {
        return Err("rows with more than their columns".to_owned());
    }
    Ok(())
}

fn length(length: i64) -> Option<usize> {
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= LENGTH_MAX)
}

struct Walk<N, B, V> {
    nodes: N,
    buffers: B,
    variadic: V,
    body_bytes: usize,
}

impl<'a, N, B, V> Walk<N, B, V>
where
    N: Iterator<Item = &'a FieldNode>,
    B: Iterator<Item = &'a Buffer>,
    V: Iterator<Item = i64>,
{
    /// How many values a column has; `None` if it is not in order.
    fn column(&mut self, data_type: &DataType) -> Option<usize> {
        let node = self.nodes.next()?;
        let count = length(node.length())?;
        let null_count = length(node.null_count()).filter(|nulls| *nulls <= count)?;
        if *data_type == DataType::Null {
            return (null_count == count).then_some(count);
        }
        let validity_bytes = if null_count > 0 { count.div_ceil(8) } else { 0 };
        self.buffer(validity_bytes, 1)?;
        match data_type {
            DataType::Boolean => self.buffer(count.div_ceil(8), 1)?,
            DataType::Utf8 | DataType::Binary => {
                self.offsets(count, 4)?;
                self.buffer(0, 1)?;
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                self.offsets(count, 8)?;
                self.buffer(0, 1)?;
            }
            DataType::Utf8View | DataType::BinaryView => {
                self.buffer(count * 16, 16)?;
                let buffers = usize::try_from(self.variadic.next()?).ok()?;
                for _ in 0..buffers {
                    self.buffer(0, 1)?;
                }
            }
            DataType::FixedSizeBinary(width) => {
                self.buffer(count.checked_mul(usize::try_from(*width).ok()?)?, 1)?;
            }
            DataType::List(child) | DataType::Map(child, _) => {
                self.offsets(count, 4)?;
                self.column(child.data_type())?;
            }
            DataType::LargeList(child) => {
                self.offsets(count, 8)?;
                self.column(child.data_type())?;
            }
            DataType::FixedSizeList(child, size) => {
                let needed = count.checked_mul(usize::try_from(*size).ok()?)?;
                if self.column(child.data_type())? < needed {
                    return None;
                }
            }
            DataType::Struct(children) => {
                for child in children {
                    if self.column(child.data_type())? != count {
                        return None;
                    }
                }
            }
            other => {
                let width = other.primitive_width()?;
                self.buffer(count.checked_mul(width)?, width)?;
            }
        }
        Some(count)
    }

    /// Arrow allows that a column without values has no offsets.
    fn offsets(&mut self, count: usize, width: usize) -> Option<()> {
        self.buffer(if count == 0 { 0 } else { (count + 1) * width }, width)
    }

    /// A buffer of at least this many bytes, of whole values of a width, within the body.
    fn buffer(&mut self, bytes_min: usize, width: usize) -> Option<()> {
        let buffer = self.buffers.next()?;
        let offset = usize::try_from(buffer.offset()).ok()?;
        let length = usize::try_from(buffer.length()).ok()?;
        let end = offset.checked_add(length)?;
        let is_whole = length.is_multiple_of(width);
        (is_whole && length >= bytes_min && end <= self.body_bytes).then_some(())
    }
}
