//! The types of the language as types of columns, and back to names that users know.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

use eventflux_core::batch::json::{is_json, mark_json};

use crate::statement::{SqlType, SqlTypeKind};

/// The key of a field's metadata that says which type of the language it has where the column's type does not tell.
pub const TYPE_KEY: &str = "eventflux.type";

/// The zone of TIMESTAMPTZ.
pub(crate) const UTC: &str = "UTC";

/// TIMESTAMP: what window columns and event times are.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// The column type of a type of the language.
pub(crate) fn data_type(sql_type: &SqlType) -> DataType {
    match &sql_type.kind {
        SqlTypeKind::Boolean => DataType::Boolean,
        SqlTypeKind::TinyInt => DataType::Int8,
        SqlTypeKind::SmallInt => DataType::Int16,
        SqlTypeKind::Int => DataType::Int32,
        SqlTypeKind::BigInt => DataType::Int64,
        SqlTypeKind::UTinyInt => DataType::UInt8,
        SqlTypeKind::USmallInt => DataType::UInt16,
        SqlTypeKind::UInt => DataType::UInt32,
        SqlTypeKind::UBigInt => DataType::UInt64,
        SqlTypeKind::Float => DataType::Float32,
        SqlTypeKind::Double => DataType::Float64,
        SqlTypeKind::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
        SqlTypeKind::String | SqlTypeKind::Json | SqlTypeKind::Uuid => DataType::Utf8,
        SqlTypeKind::Binary => DataType::Binary,
        SqlTypeKind::Date => DataType::Date32,
        SqlTypeKind::Time { precision } => match unit(*precision) {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            unit => DataType::Time64(unit),
        },
        SqlTypeKind::Timestamp { precision } => DataType::Timestamp(unit(*precision), None),
        SqlTypeKind::TimestampTz { precision } => DataType::Timestamp(unit(*precision), Some(UTC.into())),
        SqlTypeKind::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        SqlTypeKind::Array(item) => DataType::List(field("item", item, true)),
        SqlTypeKind::Map(key, value) => {
            let entries = Fields::from(vec![field("key", key, false), field("value", value, true)]);
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(entries), false)),
                false,
            )
        }
        SqlTypeKind::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|part| field(&part.name.value, &part.data_type, true))
                .collect(),
        ),
    }
}

/// A column of a type of the language.
pub(crate) fn field(name: &str, sql_type: &SqlType, is_nullable: bool) -> FieldRef {
    let field = Field::new(name, data_type(sql_type), is_nullable);
    Arc::new(match sql_type.kind {
        SqlTypeKind::Json => mark_json(field),
        SqlTypeKind::Uuid => field.with_metadata([(TYPE_KEY.to_owned(), "UUID".to_owned())].into()),
        _ => field,
    })
}

fn unit(precision: u8) -> TimeUnit {
    match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// The name of a field's type in the language.
pub fn type_name_of(field: &Field) -> String {
    match field.metadata().get(TYPE_KEY) {
        Some(marker) => marker.clone(),
        None if is_json(field) => "JSON".to_owned(),
        None => TypeName(field.data_type()).to_string(),
    }
}

/// A column type by the name that it has in the language.
pub struct TypeName<'a>(pub &'a DataType);

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DataType::Null => f.write_str("NULL"),
            DataType::Boolean => f.write_str("BOOLEAN"),
            DataType::Int8 => f.write_str("TINYINT"),
            DataType::Int16 => f.write_str("SMALLINT"),
            DataType::Int32 => f.write_str("INT"),
            DataType::Int64 => f.write_str("BIGINT"),
            DataType::UInt8 => f.write_str("TINYINT UNSIGNED"),
            DataType::UInt16 => f.write_str("SMALLINT UNSIGNED"),
            DataType::UInt32 => f.write_str("INT UNSIGNED"),
            DataType::UInt64 => f.write_str("BIGINT UNSIGNED"),
            DataType::Float16 | DataType::Float32 => f.write_str("FLOAT"),
            DataType::Float64 => f.write_str("DOUBLE"),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => write!(f, "DECIMAL({precision}, {scale})"),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => f.write_str("STRING"),
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => f.write_str("BINARY"),
            DataType::Date32 | DataType::Date64 => f.write_str("DATE"),
            DataType::Time32(_) | DataType::Time64(_) => f.write_str("TIME"),
            DataType::Timestamp(unit, None) => write!(f, "TIMESTAMP{}", digits(unit)),
            DataType::Timestamp(unit, Some(_)) => write!(f, "TIMESTAMPTZ{}", digits(unit)),
            DataType::Interval(_) | DataType::Duration(_) => f.write_str("INTERVAL"),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::FixedSizeList(item, _)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => write!(f, "ARRAY<{}>", type_name_of(item)),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(parts) if parts.len() == 2 => {
                    write!(f, "MAP<{}, {}>", type_name_of(&parts[0]), type_name_of(&parts[1]))
                }
                _ => f.write_str("MAP"),
            },
            DataType::Struct(parts) => {
                f.write_str("STRUCT<")?;
                for (position, part) in parts.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{} {}", part.name(), type_name_of(part))?;
                }
                f.write_str(">")
            }
            DataType::Dictionary(_, value) => TypeName(value).fmt(f),
            DataType::RunEndEncoded(_, value) => TypeName(value.data_type()).fmt(f),
            DataType::Union(..) => f.write_str("UNION"),
        }
    }
}

/// The precision, where it is not the usual one.
fn digits(unit: &TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "(0)",
        TimeUnit::Millisecond => "(3)",
        TimeUnit::Microsecond => "",
        TimeUnit::Nanosecond => "(9)",
    }
}

/// The type in which streams carry values of this type: one physical form for each type of the language.
pub(crate) fn canonical(data_type: &DataType) -> DataType {
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Date64 => DataType::Date32,
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some(UTC.into())),
        DataType::Interval(_) | DataType::Duration(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Dictionary(_, value) => canonical(value),
        DataType::RunEndEncoded(_, value) => canonical(value.data_type()),
        DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::List(item) => DataType::List(canonical_field(item)),
        DataType::Struct(parts) => DataType::Struct(parts.iter().map(canonical_field).collect()),
        DataType::Map(entries, is_sorted) => DataType::Map(canonical_field(entries), *is_sorted),
        other => other.clone(),
    }
}

fn canonical_field(field: &FieldRef) -> FieldRef {
    let data_type = canonical(field.data_type());
    if data_type == *field.data_type() {
        return Arc::clone(field);
    }
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_users_write_them() {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8View, true)));
        let parts = Fields::from(vec![
            Field::new("a", DataType::Int64, true),
            Field::new("b", list, true),
        ]);
        assert_eq!(
            TypeName(&DataType::Struct(parts)).to_string(),
            "STRUCT<a BIGINT, b ARRAY<STRING>>"
        );
        assert_eq!(
            TypeName(&DataType::Timestamp(TimeUnit::Millisecond, None)).to_string(),
            "TIMESTAMP(3)"
        );
        assert_eq!(
            TypeName(&DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))).to_string(),
            "TIMESTAMPTZ"
        );
    }

    #[test]
    fn every_string_form_is_carried_as_one() {
        let view = DataType::List(Arc::new(Field::new("item", DataType::Utf8View, true)));
        let plain = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        assert_eq!(canonical(&view), plain);
        assert_eq!(canonical(&DataType::LargeUtf8), DataType::Utf8);
        assert_eq!(canonical(&DataType::Int32), DataType::Int32);
    }
}
