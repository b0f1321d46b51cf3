//! `raw`: a line or message as one BINARY column.

use eventflux_core::connector::{
    DecodeFormat, DecodeRequest, DecoderMaker, EncodeFormat, EncodeRequest, EncoderMaker, FormatDoc,
    OptionError, SinkInput,
};

use super::single::{Kind, plan_decoder, plan_encoder};

/// The format `raw`.
pub struct Raw;

eventflux_core::options! {
    /// Options of `raw`: there are none.
    pub struct RawOptions of "raw" {}
}

const DOC: FormatDoc = FormatDoc {
    name: "raw",
    summary: "A line or message as it is, in one BINARY column.",
    details: "The stream has exactly one column, of type BINARY. A line is taken without its line break (`\\n` or `\\r\\n`), \
              a message whole. Written, a value is a line or message; NULL is an empty line, or a message without a value. \
              A line of more than 64 MiB is a bad row.",
    decode_options: Some(RawOptions::SET.docs),
    encode_options: Some(RawOptions::SET.docs),
};

impl DecodeFormat for Raw {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
        RawOptions::parse(request.options)?;
        plan_decoder(Kind::Raw, request)
    }
}

impl EncodeFormat for Raw {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        RawOptions::parse(request.options)?;
        plan_encoder(Kind::Raw, request)
    }
}
