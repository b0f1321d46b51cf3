//! One column out of a body.

use std::sync::Arc;

use arrow::array::{
    ArrayData, ArrayRef, BooleanArray, GenericByteArray, NullArray, PrimitiveArray, downcast_primitive,
    make_array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryType, ByteArrayType, DataType, LargeBinaryType, LargeUtf8Type, Utf8Type,
};
use arrow::error::ArrowError;

use super::body::{Body, LENGTH_MAX};
use super::packing::integer_bytes;

/// The next column, with this many values; otherwise what is wrong with it.
pub(super) fn column(data_type: &DataType, count: usize, body: &mut Body) -> Result<ArrayRef, String> {
    if *data_type == DataType::Null {
        return match body.number()? == count {
            true => Ok(Arc::new(NullArray::new(count))),
            false => Err("values where there are only NULLs".to_owned()),
        };
    }
    let nulls = body.nulls(count)?;
    macro_rules! primitive {
        ($t:ty) => {
            primitive::<$t>(data_type, count, nulls, body)
        };
    }
    downcast_primitive! {
        data_type => (primitive),
        DataType::Boolean => Ok(Arc::new(BooleanArray::new(body.bits(count)?, nulls))),
        DataType::Utf8 => bytes::<Utf8Type>(count, nulls, body),
        DataType::LargeUtf8 => bytes::<LargeUtf8Type>(count, nulls, body),
        DataType::Binary => bytes::<BinaryType>(count, nulls, body),
        DataType::LargeBinary => bytes::<LargeBinaryType>(count, nulls, body),
        other => nested(other, count, nulls, body),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    data_type: &DataType,
    count: usize,
    nulls: Option<NullBuffer>,
    body: &mut Body,
) -> Result<ArrayRef, String> {
    let values = match integer_bytes(data_type) {
        Some(_) => body.integers::<T::Native>(count)?,
        None => body.values::<T::Native>(count)?,
    };
    let column = PrimitiveArray::<T>::try_new(values, nulls).map_err(words)?;
    // Zone, precision and scale; the type is of this kind, or it would not have come here.
    Ok(Arc::new(column.with_data_type(data_type.clone())))
}

fn bytes<T: ByteArrayType>(
    count: usize,
    nulls: Option<NullBuffer>,
    body: &mut Body,
) -> Result<ArrayRef, String> {
    let (offsets, length) = body.offsets::<T::Offset>(count)?;
    let values = body.buffer(length)?;
    let column = GenericByteArray::<T>::try_new(offsets, values, nulls).map_err(words)?;
    Ok(Arc::new(column))
}

/// What is rare goes the way on which Arrow checks everything.
fn nested(
    data_type: &DataType,
    count: usize,
    nulls: Option<NullBuffer>,
    body: &mut Body,
) -> Result<ArrayRef, String> {
    let data = ArrayData::builder(data_type.clone()).len(count).nulls(nulls);
    let data = match data_type {
        DataType::Utf8View | DataType::BinaryView => {
            let buffer_count = body.number()?;
            // Each has a number of its own, so that there are no more than the body can tell of.
            let lengths = (0..buffer_count).map(|_| body.number());
            let lengths = lengths.collect::<Result<Vec<usize>, _>>()?;
            let views = body.values::<u128>(count)?.into_inner();
            let buffers = lengths.into_iter().map(|length| body.buffer(length));
            data.add_buffer(views)
                .add_buffers(buffers.collect::<Result<Vec<_>, _>>()?)
        }
        DataType::FixedSizeBinary(width) => data.add_buffer(body.buffer(times(count, *width)?)?),
        DataType::List(child) | DataType::Map(child, _) => {
            let (offsets, length) = body.offsets::<i32>(count)?;
            let child = column(child.data_type(), within(length)?, body)?;
            data.add_buffer(offsets.into_inner().into_inner())
                .add_child_data(child.to_data())
        }
        DataType::LargeList(child) => {
            let (offsets, length) = body.offsets::<i64>(count)?;
            let child = column(child.data_type(), within(length)?, body)?;
            data.add_buffer(offsets.into_inner().into_inner())
                .add_child_data(child.to_data())
        }
        DataType::FixedSizeList(child, size) => {
            let child = column(child.data_type(), within(times(count, *size)?)?, body)?;
            data.add_child_data(child.to_data())
        }
        DataType::Struct(parts) => parts.iter().try_fold(data, |data, part| {
            let part = column(part.data_type(), count, body)?;
            Ok::<_, String>(data.add_child_data(part.to_data()))
        })?,
        other => return Err(format!("{other} does not go over a wire")),
    };
    Ok(make_array(data.build().map_err(words)?))
}

fn times(count: usize, size: i32) -> Result<usize, String> {
    let length = usize::try_from(size)
        .ok()
        .and_then(|size| count.checked_mul(size));
    length.ok_or_else(|| format!("{count} values of {size} each"))
}

/// Values of a column within another.
fn within(length: usize) -> Result<usize, String> {
    match length <= LENGTH_MAX {
        true => Ok(length),
        false => Err(format!("{length} values within lists of one frame")),
    }
}

fn words(error: ArrowError) -> String {
    format!("rows: {error}")
}
