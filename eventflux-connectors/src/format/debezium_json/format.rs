//! The format as the registry knows it.

use eventflux_core::connector::{
    Encode, EncodeFormat, EncodeRequest, EncoderMaker, FormatDoc, OptionError, SinkInput,
};

use super::encoder::DebeziumEncoder;
use crate::format::encodable::check_columns;

/// The format `debezium_json`.
pub struct DebeziumJson;

eventflux_core::options! {
    /// Options of `debezium_json` when it is written: there are none.
    pub struct DebeziumEncodeOptions of "debezium_json" {}
}

const DOC: FormatDoc = FormatDoc {
    name: "debezium_json",
    summary: "Every change as an object of the row before and after it, as Debezium writes them without a schema.",
    details: include_str!("debezium_json.md"),
    decode_options: None,
    encode_options: Some(DebeziumEncodeOptions::SET.docs),
};

impl EncodeFormat for DebeziumJson {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Changelog
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        DebeziumEncodeOptions::parse(request.options)?;
        check_columns(DOC.name, request)?;
        let encoder = DebeziumEncoder {
            key: request.key.to_vec(),
        };
        Ok(Box::new(move || Box::new(encoder.clone()) as Box<dyn Encode>))
    }
}
