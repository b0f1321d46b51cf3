//! The format as the registry knows it.

use eventflux_core::connector::{
    Encode, EncodeFormat, EncodeRequest, EncoderMaker, FormatDoc, OptionError, SinkInput,
};

use super::encoder::UpsertEncoder;
use crate::format::encodable::{check_columns, check_key};

/// The format `upsert_json`.
pub struct UpsertJson;

eventflux_core::options! {
    /// Options of `upsert_json` when it is written: there are none.
    pub struct UpsertEncodeOptions of "upsert_json" {}
}

const DOC: FormatDoc = FormatDoc {
    name: "upsert_json",
    summary: "The current row per PRIMARY KEY: key and value, and a tombstone where the row is gone.",
    details: include_str!("upsert_json.md"),
    decode_options: None,
    encode_options: Some(UpsertEncodeOptions::SET.docs),
};

impl EncodeFormat for UpsertJson {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Upsert
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        UpsertEncodeOptions::parse(request.options)?;
        check_columns(DOC.name, request)?;
        check_key(DOC.name, request)?;
        let encoder = UpsertEncoder {
            key: request.key.to_vec(),
        };
        Ok(Box::new(move || Box::new(encoder.clone()) as Box<dyn Encode>))
    }
}
