//! The types of the syntax tree as types of the language.

use sqlparser::ast::{
    ArrayElemTypeDef, BinaryLength, CharacterLength, DataType, ExactNumberInfo, StructBracketKind,
    StructField as AstField, TimezoneInfo,
};

use super::{SqlType, SqlTypeKind, StructField};
use crate::diagnostic::{Code, Diagnostic, Span, did_you_mean};

/// The names to suggest for a type nobody knows.
const NAMES: &[&str] = &[
    "BOOLEAN",
    "BOOL",
    "TINYINT",
    "SMALLINT",
    "INT",
    "INTEGER",
    "BIGINT",
    "LONG",
    "UINT",
    "UBIGINT",
    "FLOAT",
    "REAL",
    "DOUBLE",
    "DECIMAL",
    "NUMERIC",
    "STRING",
    "VARCHAR",
    "TEXT",
    "CHAR",
    "BINARY",
    "BYTEA",
    "BYTES",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "INTERVAL",
    "ARRAY",
    "MAP",
    "STRUCT",
    "JSON",
    "UUID",
];

/// ARRAY, MAP and STRUCT within each other.
const TYPE_DEPTH_MAX: usize = 16;

const DECIMAL_PRECISION_MAX: u64 = 38;

impl SqlType {
    /// The type of a syntax tree that stands at `span`: of a column, or of a CAST.
    pub fn from_ast(data_type: &DataType, span: Span) -> Result<Self, Diagnostic> {
        Self::at_depth(data_type, span, 0)
    }

    fn at_depth(data_type: &DataType, span: Span, depth: usize) -> Result<Self, Diagnostic> {
        if depth > TYPE_DEPTH_MAX {
            let message = format!("types are nested at most {TYPE_DEPTH_MAX} deep");
            return Err(Diagnostic::error(Code::InvalidType, span, message));
        }
        Ok(Self {
            kind: kind(data_type, span, depth + 1)?,
            span,
        })
    }
}

fn kind(data_type: &DataType, span: Span, depth: usize) -> Result<SqlTypeKind, Diagnostic> {
    use DataType as T;
    use SqlTypeKind as K;
    Ok(match data_type {
        T::Boolean | T::Bool => K::Boolean,
        T::TinyInt(width) => plain(width, K::TinyInt, data_type, span)?,
        T::SmallInt(width) | T::Int2(width) => plain(width, K::SmallInt, data_type, span)?,
        T::Int(width) | T::Integer(width) | T::Int4(width) => plain(width, K::Int, data_type, span)?,
        T::BigInt(width) | T::Int8(width) => plain(width, K::BigInt, data_type, span)?,
        T::Int16 => K::SmallInt,
        T::Int32 => K::Int,
        T::Int64 => K::BigInt,
        T::TinyIntUnsigned(width) => plain(width, K::UTinyInt, data_type, span)?,
        T::SmallIntUnsigned(width) | T::Int2Unsigned(width) => plain(width, K::USmallInt, data_type, span)?,
        T::IntUnsigned(width) | T::IntegerUnsigned(width) | T::Int4Unsigned(width) => {
            plain(width, K::UInt, data_type, span)?
        }
        T::BigIntUnsigned(width) | T::Int8Unsigned(width) => plain(width, K::UBigInt, data_type, span)?,
        T::UTinyInt | T::UInt8 => K::UTinyInt,
        T::USmallInt | T::UInt16 => K::USmallInt,
        T::UInt32 => K::UInt,
        T::UBigInt | T::UInt64 => K::UBigInt,
        T::Float(ExactNumberInfo::None) | T::Real | T::Float4 | T::Float32 => K::Float,
        T::Double(ExactNumberInfo::None) | T::DoublePrecision | T::Float8 | T::Float64 => K::Double,
        T::Decimal(info) | T::Numeric(info) | T::Dec(info) => decimal(*info, span)?,
        T::String(length) | T::Clob(length) => plain(length, K::String, data_type, span)?,
        T::Text => K::String,
        T::Varchar(length)
        | T::Nvarchar(length)
        | T::CharVarying(length)
        | T::CharacterVarying(length)
        | T::Char(length)
        | T::Character(length) => text(length, data_type, span)?,
        T::Binary(length) | T::Bytes(length) | T::Blob(length) => plain(length, K::Binary, data_type, span)?,
        T::Varbinary(None | Some(BinaryLength::Max)) | T::Bytea => K::Binary,
        T::Date | T::Date32 => K::Date,
        T::Time(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => K::Time {
            precision: second_digits(*precision, span)?,
        },
        T::Timestamp(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
        | T::Datetime(precision)
        | T::TimestampNtz(precision) => K::Timestamp {
            precision: second_digits(*precision, span)?,
        },
        T::Timestamp(precision, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => K::TimestampTz {
            precision: second_digits(*precision, span)?,
        },
        T::Interval {
            fields: None,
            precision: None,
        } => K::Interval,
        T::JSON | T::JSONB => K::Json,
        T::Uuid => K::Uuid,
        T::Array(ArrayElemTypeDef::AngleBracket(inner) | ArrayElemTypeDef::SquareBracket(inner, None)) => {
            K::Array(Box::new(SqlType::at_depth(inner, span, depth)?))
        }
        T::Map(key, value) => K::Map(
            Box::new(SqlType::at_depth(key, span, depth)?),
            Box::new(SqlType::at_depth(value, span, depth)?),
        ),
        T::Struct(fields, StructBracketKind::AngleBrackets) => K::Struct(struct_fields(fields, span, depth)?),
        T::Custom(name, modifiers) => custom(&name.to_string(), modifiers, span)?,
        other => return Err(refused(other, span)),
    })
}

/// A type that takes no parameter.
fn plain(
    parameter: &Option<u64>,
    kind: SqlTypeKind,
    data_type: &DataType,
    span: Span,
) -> Result<SqlTypeKind, Diagnostic> {
    match parameter {
        None => Ok(kind),
        Some(_) => Err(unenforced(data_type, span)),
    }
}

fn text(
    length: &Option<CharacterLength>,
    data_type: &DataType,
    span: Span,
) -> Result<SqlTypeKind, Diagnostic> {
    match length {
        None | Some(CharacterLength::Max) => Ok(SqlTypeKind::String),
        Some(CharacterLength::IntegerLength { .. }) => Err(unenforced(data_type, span)),
    }
}

/// A length would be accepted and not enforced.
fn unenforced(data_type: &DataType, span: Span) -> Diagnostic {
    let written = data_type.to_string();
    let name = written.split('(').next().unwrap_or_default();
    Diagnostic::error(
        Code::InvalidType,
        span,
        format!("lengths are not enforced, so `{written}` takes none"),
    )
    .with_help(format!("write `{name}`"))
}

fn decimal(info: ExactNumberInfo, span: Span) -> Result<SqlTypeKind, Diagnostic> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => (DECIMAL_PRECISION_MAX, 10),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let invalid = |message: String| Diagnostic::error(Code::InvalidType, span, message);
    if !(1..=DECIMAL_PRECISION_MAX).contains(&precision) {
        return Err(invalid(format!(
            "DECIMAL has 1 to {DECIMAL_PRECISION_MAX} digits, not {precision}"
        )));
    }
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if scale >= 0 && scale.unsigned_abs() <= precision => {
            Ok(SqlTypeKind::Decimal { precision, scale })
        }
        _ => Err(invalid(format!(
            "a DECIMAL of {precision} digits cannot have {scale} behind the point"
        ))
        .with_help("write DECIMAL(digits in all, digits behind the point)")),
    }
}

/// Digits of a second; microseconds if nothing is said.
fn second_digits(precision: Option<u64>, span: Span) -> Result<u8, Diagnostic> {
    match precision {
        None => Ok(6),
        Some(0) => Ok(0),
        Some(3) => Ok(3),
        Some(6) => Ok(6),
        Some(9) => Ok(9),
        Some(other) => {
            let message = format!("times have 0, 3, 6 or 9 digits of a second, not {other}");
            Err(Diagnostic::error(Code::InvalidType, span, message))
        }
    }
}

fn struct_fields(fields: &[AstField], span: Span, depth: usize) -> Result<Vec<StructField>, Diagnostic> {
    let mut result = Vec::with_capacity(fields.len());
    for AstField {
        field_name,
        field_type,
        options,
    } in fields
    {
        let Some(name) = field_name else {
            return Err(
                Diagnostic::error(Code::InvalidType, span, "a field of a STRUCT has no name")
                    .with_help("write STRUCT<name TYPE, …>"),
            );
        };
        if options.is_some() {
            return Err(Diagnostic::error(
                Code::InvalidType,
                span,
                "fields of a STRUCT have no options",
            ));
        }
        result.push(StructField {
            name: name.clone(),
            data_type: SqlType::at_depth(field_type, span, depth)?,
        });
    }
    Ok(result)
}

/// Names `sqlparser` does not know as types.
fn custom(name: &str, modifiers: &[String], span: Span) -> Result<SqlTypeKind, Diagnostic> {
    let upper = name.to_uppercase();
    let kind = match (upper.as_str(), modifiers) {
        ("INT1" | "BYTE", []) => SqlTypeKind::TinyInt,
        ("SHORT", []) => SqlTypeKind::SmallInt,
        ("UINT" | "UINTEGER", []) => SqlTypeKind::UInt,
        ("ULONG", []) => SqlTypeKind::UBigInt,
        ("TIMESTAMP_LTZ", [] | [_]) => {
            let digits = modifiers.first().map(|digits| digits.parse());
            match digits.transpose() {
                Ok(digits) => SqlTypeKind::TimestampTz {
                    precision: second_digits(digits, span)?,
                },
                Err(_) => return Err(unknown(name, span)),
            }
        }
        _ => return Err(unknown(name, span)),
    };
    Ok(kind)
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownType,
        span,
        format!("no type is named `{}`", name.escape_debug()),
    )
    .with_help_opt(did_you_mean(name, NAMES.iter().copied()))
}

/// A type that `sqlparser` knows and the language does not have.
fn refused(data_type: &DataType, span: Span) -> Diagnostic {
    let written = data_type.to_string();
    let diagnostic = Diagnostic::error(Code::UnknownType, span, format!("there is no type `{written}`"));
    match data_type {
        DataType::Float(_) | DataType::Double(_) | DataType::Varbinary(_) => unenforced(data_type, span),
        DataType::Time(..) => diagnostic.with_help("a time of day has no zone: write `TIME`"),
        DataType::Array(_) => diagnostic.with_help("write `ARRAY<TYPE>`"),
        DataType::Enum(..) | DataType::Set(_) => diagnostic.with_help("write `STRING`"),
        DataType::Interval { .. } => diagnostic.with_help("write `INTERVAL`"),
        _ => diagnostic.with_help_opt(did_you_mean(&written, NAMES.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::SourceText,
        text::{
            delegate::{Run, parse_data_type},
            token::tokenise,
        },
    };

    fn check(text: &str) -> Result<SqlTypeKind, String> {
        let source = SourceText::new("t", text);
        let tokens = tokenise(&source).unwrap();
        let run = Run {
            source: &source,
            tokens: &tokens,
            end: text.len(),
        };
        let (data_type, taken) = parse_data_type(run).map_err(|diagnostic| diagnostic.message)?;
        assert_eq!(taken, tokens.len(), "{text}");
        let sql_type = SqlType::from_ast(&data_type, Span::default());
        sql_type
            .map(|sql_type| sql_type.kind)
            .map_err(|diagnostic| diagnostic.message)
    }

    #[test]
    fn names_of_both_worlds_are_known() {
        use SqlTypeKind as K;
        for (text, expected) in [
            ("LONG", K::BigInt),
            ("long", K::BigInt),
            ("BOOL", K::Boolean),
            ("STRING", K::String),
            ("VARCHAR", K::String),
            ("CHARACTER VARYING", K::String),
            ("INT UNSIGNED", K::UInt),
            ("UINT", K::UInt),
            ("UBIGINT", K::UBigInt),
            ("FLOAT", K::Float),
            ("DOUBLE PRECISION", K::Double),
            (
                "DECIMAL(12, 2)",
                K::Decimal {
                    precision: 12,
                    scale: 2,
                },
            ),
            (
                "NUMERIC(5)",
                K::Decimal {
                    precision: 5,
                    scale: 0,
                },
            ),
            ("BYTEA", K::Binary),
            ("BYTES", K::Binary),
            ("TIMESTAMP", K::Timestamp { precision: 6 }),
            ("TIMESTAMP(3)", K::Timestamp { precision: 3 }),
            ("TIMESTAMPTZ", K::TimestampTz { precision: 6 }),
            ("TIMESTAMP(3) WITH TIME ZONE", K::TimestampTz { precision: 3 }),
            ("TIMESTAMP_LTZ(3)", K::TimestampTz { precision: 3 }),
            ("JSONB", K::Json),
            ("INTERVAL", K::Interval),
        ] {
            assert_eq!(check(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn types_nest() {
        let Ok(SqlTypeKind::Map(_, value)) = check("MAP<STRING, ARRAY<STRUCT<a INT, b ROW<c DOUBLE[]>>>>")
        else {
            panic!("not a map");
        };
        let SqlTypeKind::Array(element) = value.kind else {
            panic!("not an array")
        };
        let SqlTypeKind::Struct(fields) = element.kind else {
            panic!("not a struct")
        };
        assert_eq!(fields[1].name.value, "b");
        assert!(matches!(fields[1].data_type.kind, SqlTypeKind::Struct(_)));
    }

    #[test]
    fn parameters_that_would_be_ignored_are_refused() {
        for text in [
            "VARCHAR(20)",
            "INT(11)",
            "FLOAT(24)",
            "BINARY(16)",
            "TIME WITH TIME ZONE",
            "INT[3]",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        assert!(check(&format!("INT{}", "[]".repeat(16))).is_ok());
        assert!(check(&format!("INT{}", "[]".repeat(17))).is_err());
        for text in [
            "DECIMAL(39)",
            "DECIMAL(0)",
            "DECIMAL(4, 5)",
            "TIMESTAMP(4)",
            "STRUCT<INT>",
            "STRNG",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
