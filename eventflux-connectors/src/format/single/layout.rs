//! The one column that there may be.

use arrow::datatypes::{DataType, FieldRef, Schema};
use eventflux_core::connector::{
    Decode, DecodeRequest, DecoderMaker, Encode, EncodeRequest, EncoderMaker, OptionError,
};

use super::{SingleDecoder, SingleEncoder};
use crate::format::column::sql_name;

/// Which of the two formats it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `raw`: bytes as they are.
    Raw,
    /// `text`: UTF-8.
    Text,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Raw => "raw",
            Kind::Text => "text",
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Kind::Raw => DataType::Binary,
            Kind::Text => DataType::Utf8,
        }
    }

    /// The only declared column.
    fn check(self, schema: &Schema) -> Result<&FieldRef, OptionError> {
        let wanted = sql_name(&self.data_type());
        let error = |found: String| {
            OptionError::new(
                "format",
                format!(
                    "{} needs exactly one column of type {wanted}, {found}",
                    self.name()
                ),
            )
        };
        match schema.fields().as_ref() {
            [field] if *field.data_type() == self.data_type() => Ok(field),
            [field] => Err(error(format!(
                "but `{}` is {}",
                field.name(),
                sql_name(field.data_type())
            ))),
            fields => Err(error(format!("and there are {} columns", fields.len()))),
        }
    }
}

/// Plans a decoder.
pub fn plan_decoder(kind: Kind, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
    let field = kind.check(request.declared)?;
    let decoder = SingleDecoder::new(kind, field, !request.columns.is_empty());
    Ok(Box::new(move || Box::new(decoder.clone()) as Box<dyn Decode>))
}

/// Plans an encoder.
pub fn plan_encoder(kind: Kind, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
    kind.check(request.schema)?;
    Ok(Box::new(|| Box::new(SingleEncoder) as Box<dyn Encode>))
}
