//! Which Rust types stand for which types of the language.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::Buffer;
use arrow::datatypes::*;

use super::{FunctionError, Text};

/// A type of the language as a Rust type: what a function may give.
pub trait Value: Sized + Send + Sync + 'static {
    /// The column type.
    const TYPE: DataType;

    /// A column of values.
    fn collect(
        values: impl Iterator<Item = Result<Option<Self>, FunctionError>>,
    ) -> Result<ArrayRef, FunctionError>;
}

/// What a closure may be given: a value, or an `Option` of one. Where a plain value is NULL the closure is not called, and the
/// result is NULL.
pub trait Argument: Sized {
    /// The column type.
    const TYPE: DataType;

    /// The column, ready to be read.
    type Column<'a>;

    /// Makes a column ready to be read; `None` if it is of another type.
    fn column(array: &ArrayRef) -> Option<Self::Column<'_>>;

    /// The value of a row; `None` if the closure is not to be called.
    fn read(column: &Self::Column<'_>, row: usize) -> Option<Self>;
}

/// What a closure may give: a value, an `Option` of one (`None` is NULL), or a `Result` of either.
pub trait Outcome {
    /// The value's type.
    type Value: Value;

    /// The value, NULL or an error.
    fn outcome(self) -> Result<Option<Self::Value>, FunctionError>;
}

impl<A: Argument> Argument for Option<A> {
    const TYPE: DataType = A::TYPE;
    type Column<'a> = A::Column<'a>;

    fn column(array: &ArrayRef) -> Option<A::Column<'_>> {
        A::column(array)
    }

    fn read(column: &A::Column<'_>, row: usize) -> Option<Self> {
        Some(A::read(column, row))
    }
}

impl<V: Value> Outcome for Option<V> {
    type Value = V;

    fn outcome(self) -> Result<Option<V>, FunctionError> {
        Ok(self)
    }
}

impl<O: Outcome, E: Into<FunctionError>> Outcome for Result<O, E> {
    type Value = O::Value;

    fn outcome(self) -> Result<Option<O::Value>, FunctionError> {
        self.map_err(Into::into)?.outcome()
    }
}

macro_rules! value {
    ($rust:ty, $data_type:expr, $array:ty) => {
        impl Value for $rust {
            const TYPE: DataType = $data_type;

            fn collect(
                values: impl Iterator<Item = Result<Option<Self>, FunctionError>>,
            ) -> Result<ArrayRef, FunctionError> {
                Ok(Arc::new(values.collect::<Result<$array, _>>()?))
            }
        }

        impl Outcome for $rust {
            type Value = $rust;

            fn outcome(self) -> Result<Option<$rust>, FunctionError> {
                Ok(Some(self))
            }
        }
    };
}

macro_rules! argument {
    ($rust:ty, $data_type:expr, $array:ty) => {
        impl Argument for $rust {
            const TYPE: DataType = $data_type;
            type Column<'a> = &'a $array;

            fn column(array: &ArrayRef) -> Option<&$array> {
                array.as_any().downcast_ref()
            }

            fn read(column: &&$array, row: usize) -> Option<Self> {
                column.is_valid(row).then(|| column.value(row))
            }
        }
    };
}

macro_rules! values_and_arguments {
    ($($rust:ty, $data_type:expr, $array:ty;)+) => {
        $(value!($rust, $data_type, $array); argument!($rust, $data_type, $array);)+
    };
}

values_and_arguments! {
    bool, DataType::Boolean, BooleanArray;
    i8, DataType::Int8, Int8Array;
    i16, DataType::Int16, Int16Array;
    i32, DataType::Int32, Int32Array;
    i64, DataType::Int64, Int64Array;
    u8, DataType::UInt8, UInt8Array;
    u16, DataType::UInt16, UInt16Array;
    u32, DataType::UInt32, UInt32Array;
    u64, DataType::UInt64, UInt64Array;
    f32, DataType::Float32, Float32Array;
    f64, DataType::Float64, Float64Array;
}
value!(String, DataType::Utf8, StringArray);
value!(Vec<u8>, DataType::Binary, BinaryArray);

impl Argument for Text {
    const TYPE: DataType = DataType::Utf8;
    type Column<'a> = (&'a StringArray, &'a Buffer);

    fn column(array: &ArrayRef) -> Option<Self::Column<'_>> {
        let array: &StringArray = array.as_any().downcast_ref()?;
        Some((array, array.values()))
    }

    fn read((array, values): &Self::Column<'_>, row: usize) -> Option<Self> {
        let start = array.value_offsets()[row] as usize;
        array
            .is_valid(row)
            .then(|| Text::cut(values, start, array.value(row).len()))
    }
}

impl Argument for Vec<u8> {
    const TYPE: DataType = DataType::Binary;
    type Column<'a> = &'a BinaryArray;

    fn column(array: &ArrayRef) -> Option<Self::Column<'_>> {
        array.as_any().downcast_ref()
    }

    fn read(column: &Self::Column<'_>, row: usize) -> Option<Self> {
        column.is_valid(row).then(|| column.value(row).to_vec())
    }
}
