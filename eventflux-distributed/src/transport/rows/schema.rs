//! The columns of a channel as a message, checked before Arrow reads it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow::ipc::{self, root_as_message};

/// Types within types go this deep at the most.
const DEPTH_MAX: usize = 32;

/// The message that describes columns; otherwise why they cannot be sent.
pub(super) fn encode_schema(schema: &Schema) -> Result<Vec<u8>, String> {
    for field in schema.fields() {
        check_type(field.name(), field.data_type(), DEPTH_MAX)?;
    }
    let mut tracker = DictionaryTracker::new(true);
    let options = IpcWriteOptions::default();
    let encoded =
        IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(schema, &mut tracker, &options);
    Ok(encoded.ipc_message)
}

fn check_type(column: &str, data_type: &DataType, depth: usize) -> Result<(), String> {
    let children = match data_type {
        DataType::Dictionary(..)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => {
            return Err(format!("column `{column}`: {data_type} does not go over a wire"));
        }
        DataType::FixedSizeBinary(size) | DataType::FixedSizeList(_, size) if *size <= 0 => {
            return Err(format!("column `{column}`: {data_type} does not go over a wire"));
        }
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => std::slice::from_ref(child),
        DataType::Struct(children) => children,
        _ => &[],
    };
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| format!("column `{column}` is nested too deeply"))?;
    children
        .iter()
        .try_for_each(|child| check_type(column, child.data_type(), depth))
}

/// The columns of a message; otherwise what is wrong with it.
pub(super) fn decode_schema(bytes: &[u8]) -> Result<SchemaRef, String> {
    let message = root_as_message(bytes).map_err(|error| format!("a schema: {error}"))?;
    let schema = message.header_as_schema().ok_or("a schema that is none")?;
    let fields = schema.fields().ok_or("a schema without columns")?;
    if schema.endianness() != ipc::Endianness::Little {
        return Err("a schema of big-endian columns".to_owned());
    }
    fields
        .iter()
        .try_for_each(|field| check_field(field, DEPTH_MAX))?;
    Ok(Arc::new(fb_to_schema(schema)))
}

/// Whether Arrow turns a field into a type, and rows of that type can be checked.
fn check_field(field: ipc::Field<'_>, depth: usize) -> Result<(), String> {
    let is_known = (|| {
        let children = field.children().map_or(0, |children| children.len());
        let children_expected = match field.type_type() {
            ipc::Type::List | ipc::Type::LargeList | ipc::Type::FixedSizeList | ipc::Type::Map => Some(1),
            ipc::Type::Struct_ => None,
            _ => Some(0),
        };
        let is_known = match field.type_type() {
            ipc::Type::Int => matches!(field.type_as_int()?.bitWidth(), 8 | 16 | 32 | 64),
            ipc::Type::FloatingPoint => matches!(field.type_as_floating_point()?.precision().0, 0..=2),
            ipc::Type::Decimal => is_decimal(field.type_as_decimal()?),
            ipc::Type::Date => matches!(field.type_as_date()?.unit().0, 0..=1),
            ipc::Type::Time => {
                let time = field.type_as_time()?;
                matches!((time.bitWidth(), time.unit().0), (32, 0 | 1) | (64, 2 | 3))
            }
            ipc::Type::Timestamp => matches!(field.type_as_timestamp()?.unit().0, 0..=3),
            ipc::Type::Duration => matches!(field.type_as_duration()?.unit().0, 0..=3),
            ipc::Type::Interval => matches!(field.type_as_interval()?.unit().0, 0..=2),
            ipc::Type::FixedSizeBinary => field.type_as_fixed_size_binary()?.byteWidth() > 0,
            ipc::Type::FixedSizeList => field.type_as_fixed_size_list()?.listSize() > 0,
            ipc::Type::Map => is_map(field)?,
            ipc::Type::Null
            | ipc::Type::Bool
            | ipc::Type::Binary
            | ipc::Type::Utf8
            | ipc::Type::LargeBinary
            | ipc::Type::LargeUtf8
            | ipc::Type::BinaryView
            | ipc::Type::Utf8View
            | ipc::Type::List
            | ipc::Type::LargeList
            | ipc::Type::Struct_ => true,
            _ => false,
        };
        let is_plain =
            field.dictionary().is_none() && children_expected.is_none_or(|count| count == children);
        Some(is_known && is_plain)
    })();
    let name = field.name().unwrap_or_default();
    if is_known != Some(true) {
        return Err(format!("a schema whose column `{name}` is of no known type"));
    }
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| format!("a schema whose column `{name}` is nested too deeply"))?;
    let mut children = field.children().into_iter().flatten();
    children.try_for_each(|child| check_field(child, depth))
}

fn is_decimal(decimal: ipc::Decimal<'_>) -> bool {
    let digits_max = match decimal.bitWidth() {
        32 => 9,
        64 => 18,
        128 => 38,
        256 => 76,
        _ => return false,
    };
    (1..=digits_max).contains(&decimal.precision())
        && decimal.scale().unsigned_abs() <= decimal.precision().unsigned_abs()
}

/// A map's entries are a struct of a key and a value.
fn is_map(field: ipc::Field<'_>) -> Option<bool> {
    field.type_as_map()?;
    let entries = field.children()?.iter().next()?;
    let parts = entries.children()?.len();
    Some(entries.type_type() == ipc::Type::Struct_ && parts == 2)
}
