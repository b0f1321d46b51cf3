//! The format as the registry knows it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use eventflux_core::connector::{
    Decode, DecodeFormat, DecodeRequest, DecoderMaker, Encode, EncodeFormat, EncodeRequest, EncoderMaker,
    FormatDoc, OptionError, SinkInput,
};

use super::decoder::JsonDecoder;
use super::encoder::JsonEncoder;
use super::node::{Node, Slot};
use super::options::{JsonDecodeOptions, JsonEncodeOptions, UnknownFields};
use super::path::{PathStep, parse_path};
use super::value::ValueReader;
use crate::format::column::{Column, ColumnRules};
use crate::format::encodable::check_columns;

/// The format `json`.
pub struct Json;

const DOC: FormatDoc = FormatDoc {
    name: "json",
    summary: "One JSON object per line of a byte stream; one, several or an array of them per message.",
    details: include_str!("json.md"),
    decode_options: Some(JsonDecodeOptions::SET.docs),
    encode_options: Some(JsonEncodeOptions::SET.docs),
};

impl DecodeFormat for Json {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
        let options = JsonDecodeOptions::parse(request.options)?;
        let decoder = plan_decoder(request, &options)?;
        Ok(Box::new(move || Box::new(decoder.clone()) as Box<dyn Decode>))
    }
}

impl EncodeFormat for Json {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        JsonEncodeOptions::parse(request.options)?;
        check_columns("json", request)?;
        let encoder = JsonEncoder {
            key: request.key.to_vec(),
        };
        Ok(Box::new(move || Box::new(encoder.clone()) as Box<dyn Encode>))
    }
}

/// A decoder of the requested columns.
fn plan_decoder(
    request: &DecodeRequest<'_>,
    options: &JsonDecodeOptions,
) -> Result<JsonDecoder, OptionError> {
    let rules = ColumnRules {
        timestamp_unit: options.timestamp_unit.0,
    };
    let slots = request.columns.iter().map(|column| {
        let field = &column.field;
        let refuse =
            |message| OptionError::new("format", format!("json: column `{}`: {message}", field.name()));
        let reader = ValueReader::new(field.data_type());
        Ok(Slot {
            column: Column::new(field, rules).map_err(refuse)?,
            reader,
        })
    });
    let slots = slots.collect::<Result<_, OptionError>>()?;

    let is_closed = options.unknown_fields == UnknownFields::Error;
    let paths = paths_of(request, options)?;
    let places: HashMap<&str, usize> = request
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| (column.field.name().as_str(), place))
        .collect();
    let targets = paths
        .iter()
        .map(|(name, path)| (places.get(name).copied(), path.as_slice()));
    let used: Vec<_> = targets
        .filter(|(column, _)| is_closed || column.is_some())
        .collect();
    let schema = Schema::new(
        request
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect::<Vec<_>>(),
    );
    Ok(JsonDecoder::new(
        Arc::new(schema),
        Node::new(&used, is_closed),
        slots,
    ))
}

/// Where each declared column is found.
fn paths_of<'a>(
    request: &DecodeRequest<'a>,
    options: &JsonDecodeOptions,
) -> Result<Vec<(&'a str, Vec<PathStep>)>, OptionError> {
    let fields = request.declared.fields();
    for column in options.path.keys() {
        if !fields.iter().any(|field| field.name() == column) {
            let names: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
            let error = OptionError::new(
                format!("json.path.{column}"),
                format!("there is no column `{column}`"),
            );
            return Err(error.with_help(format!("the columns are {}", names.join(", "))));
        }
    }
    let paths = fields.iter().map(|field| {
        let path = match options.path.get(field.name()) {
            // Not known yet, while a program is only checked.
            Some(path) if path.is_empty() && !request.options.is_resolved() => Vec::new(),
            Some(path) => parse_path(path)
                .map_err(|message| OptionError::new(format!("json.path.{}", field.name()), message))?,
            None => vec![PathStep::Field(field.name().clone())],
        };
        Ok((field.name().as_str(), path))
    });
    paths.collect()
}
