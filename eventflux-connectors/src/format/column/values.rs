//! The values of a column under construction, by type.

use arrow::datatypes::{DataType, TimeUnit};

use super::{Column, ColumnRules, sql_name};

/// The values of a column, NULLs included (as any value).
#[derive(Debug, Clone)]
pub enum Values {
    /// BOOLEAN.
    Boolean(Vec<bool>),
    /// TINYINT.
    Int8(Vec<i8>),
    /// SMALLINT.
    Int16(Vec<i16>),
    /// INT.
    Int32(Vec<i32>),
    /// BIGINT.
    Int64(Vec<i64>),
    /// TINYINT UNSIGNED.
    UInt8(Vec<u8>),
    /// SMALLINT UNSIGNED.
    UInt16(Vec<u16>),
    /// INT UNSIGNED.
    UInt32(Vec<u32>),
    /// BIGINT UNSIGNED.
    UInt64(Vec<u64>),
    /// FLOAT.
    Float32(Vec<f32>),
    /// DOUBLE.
    Float64(Vec<f64>),
    /// DECIMAL with its precision and scale.
    Decimal(Vec<i128>, u8, i8),
    /// STRING.
    String(Text),
    /// JSON: a string that is written and compared as it came.
    Json(Text),
    /// BINARY.
    Binary(Text),
    /// DATE.
    Date(Vec<i32>),
    /// TIME.
    Time(Vec<i64>, TimeUnit),
    /// TIMESTAMP, TIMESTAMPTZ.
    Timestamp(Vec<i64>, TimeUnit),
    /// ARRAY: ends of the lists, and all items.
    List(Vec<i32>, Box<Column>),
    /// MAP: ends of the maps, all keys, all values.
    Map(Vec<i32>, Box<Column>, Box<Column>),
    /// STRUCT: how many there are, and the fields.
    Struct(usize, Vec<Column>),
}

/// Texts or byte strings, one behind the other.
#[derive(Debug, Clone)]
pub struct Text {
    /// Where each begins, and where the last ends.
    pub offsets: Vec<i32>,
    /// All bytes.
    pub data: Vec<u8>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            data: Vec::new(),
        }
    }
}

impl Text {
    /// Ends a text whose bytes were appended to `data`; `None`: a column cannot hold so many bytes.
    #[inline]
    pub fn end(&mut self) -> Option<()> {
        self.offsets.push(i32::try_from(self.data.len()).ok()?);
        Some(())
    }

    /// Appends a text.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.data.extend_from_slice(bytes);
        self.end()
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Takes off all but the first texts, an unfinished one included.
    pub fn truncate(&mut self, length: usize) {
        self.offsets.truncate(length + 1);
        self.data
            .truncate(self.offsets.last().map_or(0, |end| *end as usize));
    }
}

impl Values {
    /// Room for values of this type.
    ///
    /// **Errors** The type cannot be decoded.
    pub fn new(data_type: &DataType, is_json: bool, rules: ColumnRules) -> Result<Self, String> {
        let column = |field| Column::new(field, rules).map(Box::new);
        Ok(match data_type {
            DataType::Boolean => Self::Boolean(Vec::new()),
            DataType::Int8 => Self::Int8(Vec::new()),
            DataType::Int16 => Self::Int16(Vec::new()),
            DataType::Int32 => Self::Int32(Vec::new()),
            DataType::Int64 => Self::Int64(Vec::new()),
            DataType::UInt8 => Self::UInt8(Vec::new()),
            DataType::UInt16 => Self::UInt16(Vec::new()),
            DataType::UInt32 => Self::UInt32(Vec::new()),
            DataType::UInt64 => Self::UInt64(Vec::new()),
            DataType::Float32 => Self::Float32(Vec::new()),
            DataType::Float64 => Self::Float64(Vec::new()),
            DataType::Decimal128(precision, scale) => Self::Decimal(Vec::new(), *precision, *scale),
            DataType::Utf8 if is_json => Self::Json(Text::default()),
            DataType::Utf8 => Self::String(Text::default()),
            DataType::Binary => Self::Binary(Text::default()),
            DataType::Date32 => Self::Date(Vec::new()),
            DataType::Time32(unit) | DataType::Time64(unit) => Self::Time(Vec::new(), *unit),
            DataType::Timestamp(unit, _) => Self::Timestamp(Vec::new(), *unit),
            DataType::List(item) => Self::List(vec![0], column(item)?),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Self::Map(vec![0], column(&fields[0])?, column(&fields[1])?)
                }
                _ => return Err(format!("{} cannot be decoded", sql_name(data_type))),
            },
            DataType::Struct(fields) => {
                let columns = fields.iter().map(|field| Column::new(field, rules));
                Self::Struct(0, columns.collect::<Result<_, _>>()?)
            }
            other => return Err(format!("{} cannot be decoded", sql_name(other))),
        })
    }
}
