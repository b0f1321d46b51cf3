//! Types by the names that users write.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};

/// A type by its name in the language.
pub(super) struct TypeName<'a>(pub(super) &'a DataType);

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            DataType::Boolean => "BOOLEAN",
            DataType::Int8 => "TINYINT",
            DataType::Int16 => "SMALLINT",
            DataType::Int32 => "INT",
            DataType::Int64 => "BIGINT",
            DataType::Float32 => "FLOAT",
            DataType::Float64 => "DOUBLE",
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "STRING",
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "BINARY",
            DataType::Date32 | DataType::Date64 => "DATE",
            DataType::Timestamp(TimeUnit::Microsecond, None) => "TIMESTAMP",
            DataType::Interval(_) => "INTERVAL",
            other => return write!(f, "{other}"),
        })
    }
}
