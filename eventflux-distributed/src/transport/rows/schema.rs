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
    let mut budget = Budget(bytes.len());
    budget.take_metadata(schema.custom_metadata().into_iter().flatten())?;
    fields
        .iter()
        .try_for_each(|field| check_field(field, DEPTH_MAX, &mut budget))?;
    Ok(Arc::new(fb_to_schema(schema)))
}

/// What a message's fields and texts may come to: as many bytes as it has. In a flatbuffer several places may refer to the same
/// bytes, of which every one would become a copy.
struct Budget(usize);

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let rest = self.0.checked_sub(bytes);
        self.0 = rest.ok_or("a schema that repeats itself")?;
        Ok(())
    }

    fn take_metadata<'a>(
        &mut self,
        mut pairs: impl Iterator<Item = ipc::KeyValue<'a>>,
    ) -> Result<(), String> {
        pairs.try_for_each(|pair| {
            let length = |text: Option<&str>| text.map_or(0, str::len);
            self.take(length(pair.key()) + length(pair.value()) + 1)
        })
    }
}

/// Whether Arrow turns a field into a type, and rows of that type can be checked.
fn check_field(field: ipc::Field<'_>, depth: usize, budget: &mut Budget) -> Result<(), String> {
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
    let zone = field.type_as_timestamp().and_then(|time| time.timezone());
    budget.take(name.len() + zone.map_or(0, str::len) + 1)?;
    budget.take_metadata(field.custom_metadata().into_iter().flatten())?;
    if is_known != Some(true) {
        return Err(format!("a schema whose column `{name}` is of no known type"));
    }
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| format!("a schema whose column `{name}` is nested too deeply"))?;
    let mut children = field.children().into_iter().flatten();
    children.try_for_each(|child| check_field(child, depth, budget))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_itself_is_refused() {
        let mut budget = Budget(10);
        assert_eq!(budget.take(6), Ok(()));
        assert_eq!(budget.take(5), Err("a schema that repeats itself".to_owned()));
    }

    #[test]
    fn names_metadata_and_zones_come_back() {
        let metadata = |key: &str| [(key.to_owned(), "value ".repeat(50))].into();
        let zone = DataType::Timestamp(
            arrow::datatypes::TimeUnit::Microsecond,
            Some("Europe/Berlin".into()),
        );
        let fields: Vec<arrow::datatypes::Field> = (0..200)
            .map(|column| {
                let field =
                    arrow::datatypes::Field::new(format!("column {column}"), zone.clone(), column % 2 == 0);
                field.with_metadata(metadata("of a field"))
            })
            .collect();
        let schema = Schema::new(fields).with_metadata(metadata("of all"));
        assert_eq!(*decode_schema(&encode_schema(&schema).unwrap()).unwrap(), schema);
        let empty = Schema::empty();
        assert_eq!(*decode_schema(&encode_schema(&empty).unwrap()).unwrap(), empty);
    }

    #[test]
    fn types_within_types_end_somewhere() {
        let deeper = |inner: DataType| DataType::new_list(inner, true);
        let deep = (0..40).fold(DataType::Int64, |inner, _| deeper(inner));
        let schema = Schema::new(vec![arrow::datatypes::Field::new("deep", deep, true)]);
        assert_eq!(
            encode_schema(&schema).expect_err("it is too deep"),
            "column `deep` is nested too deeply"
        );
    }
}
