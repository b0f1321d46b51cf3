//! The format as the registry knows it.

use std::sync::Arc;

use arrow::datatypes::Schema;
use eventflux_core::connector::{
    AsciiChar, Decode, DecodeFormat, DecodeRequest, DecoderMaker, Encode, EncodeFormat, EncodeRequest,
    EncoderMaker, FormatDoc, OptionError, SinkInput,
};

use super::decoder::CsvDecoder;
use super::dialect::Dialect;
use super::encoder::{CsvEncoder, Style};
use super::field::Slot;
use super::options::{CsvDecodeOptions, CsvEncodeOptions};
use crate::format::column::{Column, ColumnRules};
use crate::format::encodable::check_columns;
use crate::format::json::ValueReader;

/// The format `csv`.
pub struct Csv;

const DOC: FormatDoc = FormatDoc {
    name: "csv",
    summary: "Records of fields between delimiters, as in RFC 4180.",
    details: include_str!("csv.md"),
    decode_options: Some(CsvDecodeOptions::SET.docs),
    encode_options: Some(CsvEncodeOptions::SET.docs),
};

impl DecodeFormat for Csv {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
        let options = CsvDecodeOptions::parse(request.options)?;
        let dialect = dialect_of(options.delimiter, options.quote, request.options.is_resolved())?;
        let rules = ColumnRules {
            timestamp_unit: options.timestamp_unit.0,
        };
        let slots = request.columns.iter().map(|column| {
            let field = &column.field;
            let refuse =
                |message| OptionError::new("format", format!("csv: column `{}`: {message}", field.name()));
            let reader = ValueReader::new(field.data_type());
            Ok(Slot {
                column: Column::new(field, rules).map_err(refuse)?,
                reader,
            })
        });
        let slots = slots.collect::<Result<_, OptionError>>()?;
        let fields: Vec<_> = request
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect();
        let decoder = CsvDecoder::new(
            Arc::new(Schema::new(fields)),
            Arc::clone(request.declared),
            slots,
            dialect,
            options.header,
            &options.null,
        );
        Ok(Box::new(move || Box::new(decoder.clone()) as Box<dyn Decode>))
    }
}

impl EncodeFormat for Csv {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        let options = CsvEncodeOptions::parse(request.options)?;
        check_columns("csv", request)?;
        let encoder = CsvEncoder {
            schema: Arc::clone(request.schema),
            key: request.key.to_vec(),
            has_header: options.header,
            style: Style {
                dialect: dialect_of(options.delimiter, options.quote, request.options.is_resolved())?,
                null: options.null.into(),
            },
        };
        Ok(Box::new(move || Box::new(encoder.clone()) as Box<dyn Encode>))
    }
}

/// The dialect of the options; while a program is only checked, they may not be known yet.
fn dialect_of(delimiter: AsciiChar, quote: AsciiChar, is_resolved: bool) -> Result<Dialect, OptionError> {
    let is_break = |byte: u8| matches!(byte, b'\n' | b'\r');
    if is_break(delimiter.0) {
        return Err(OptionError::new(
            "csv.delimiter",
            "a line break cannot stand between fields",
        ));
    }
    if is_break(quote.0) || (quote == delimiter && is_resolved) {
        return Err(OptionError::new(
            "csv.quote",
            "the quote has to differ from the delimiter and from line breaks",
        ));
    }
    Ok(Dialect {
        delimiter: delimiter.0,
        quote: quote.0,
    })
}
