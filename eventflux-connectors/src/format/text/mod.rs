//! `text`: a line or message as one STRING column.

use eventflux_core::connector::{
    DecodeFormat, DecodeRequest, DecoderMaker, EncodeFormat, EncodeRequest, EncoderMaker, FormatDoc,
    OptionError, SinkInput,
};

use super::single::{Kind, plan_decoder, plan_encoder};

/// The format `text`.
pub struct Text;

eventflux_core::options! {
    /// Options of `text`: there are none.
    pub struct TextOptions of "text" {}
}

const DOC: FormatDoc = FormatDoc {
    name: "text",
    summary: "A line or message as it is, in one STRING column.",
    details: "The stream has exactly one column, of type STRING. A line is taken without its line break (`\\n` or `\\r\\n`), \
              a message whole. Written, a value is a line or message; NULL is an empty line, or a message without a value. \
              A line \
              of more than 64 MiB, or one that is not UTF-8, is a bad row.",
    decode_options: Some(TextOptions::SET.docs),
    encode_options: Some(TextOptions::SET.docs),
};

impl DecodeFormat for Text {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
        TextOptions::parse(request.options)?;
        plan_decoder(Kind::Text, request)
    }
}

impl EncodeFormat for Text {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        TextOptions::parse(request.options)?;
        plan_encoder(Kind::Text, request)
    }
}
