//! The types of columns, from both worlds' names.

use sqlparser::ast::Ident;

use crate::diagnostic::Span;

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlType {
    /// Which type.
    pub kind: SqlTypeKind,
    /// Where it is written.
    pub span: Span,
}

/// The types of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlTypeKind {
    /// BOOLEAN, BOOL.
    Boolean,
    /// TINYINT, BYTE, INT1: 8 bits, signed.
    TinyInt,
    /// SMALLINT, SHORT, INT2: 16 bits, signed.
    SmallInt,
    /// INT, INTEGER, INT4: 32 bits, signed.
    Int,
    /// BIGINT, LONG, INT8: 64 bits, signed.
    BigInt,
    /// TINYINT UNSIGNED, UTINYINT: 8 bits.
    UTinyInt,
    /// SMALLINT UNSIGNED, USMALLINT: 16 bits.
    USmallInt,
    /// INT UNSIGNED, UINT: 32 bits.
    UInt,
    /// BIGINT UNSIGNED, UBIGINT: 64 bits.
    UBigInt,
    /// FLOAT, REAL: 32 bits.
    Float,
    /// DOUBLE, DOUBLE PRECISION: 64 bits.
    Double,
    /// DECIMAL(p, s), NUMERIC(p, s): exact, 1 ≤ p ≤ 38, 0 ≤ s ≤ p. Without parameters (38, 10).
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// STRING, VARCHAR, TEXT, CHAR: text. A length is refused where it would be ignored.
    String,
    /// BINARY, BYTEA, BYTES, VARBINARY: bytes.
    Binary,
    /// DATE.
    Date,
    /// TIME(p): a time of day; `p` digits of a second, 0, 3, 6 (the default) or 9.
    Time {
        /// Digits of a second.
        precision: u8,
    },
    /// TIMESTAMP(p): a point in time in UTC without a zone; `p` digits of a second, 0, 3, 6 (the default) or 9.
    Timestamp {
        /// Digits of a second.
        precision: u8,
    },
    /// TIMESTAMPTZ(p), TIMESTAMP(p) WITH TIME ZONE, TIMESTAMP_LTZ(p).
    TimestampTz {
        /// Digits of a second.
        precision: u8,
    },
    /// INTERVAL.
    Interval,
    /// ARRAY<T>, T[].
    Array(Box<SqlType>),
    /// MAP<K, V>.
    Map(Box<SqlType>, Box<SqlType>),
    /// STRUCT<name type, …>, ROW<…>.
    Struct(Vec<StructField>),
    /// JSON, JSONB: text that is JSON.
    Json,
    /// UUID: as text.
    Uuid,
}

/// A field of a STRUCT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructField {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: SqlType,
}
