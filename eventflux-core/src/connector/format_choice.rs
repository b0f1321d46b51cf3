//! How a connector that carries bytes finds its format: the `format` option, the registry, and whose option is whose.

use super::option_error::nearest;
use super::{
    DecodeRequest, DecoderMaker, EncodeRequest, EncoderMaker, OptionDoc, OptionError, OptionSet, Options,
    SinkInput, SinkRequest, SourceRequest,
};
use crate::plan::SourceColumn;

/// A sink's format.
pub struct ChosenEncoder {
    /// Makes encoders, one per subtask.
    pub maker: EncoderMaker,
    /// What rows the format can express.
    pub input: SinkInput,
}

impl SourceRequest<'_> {
    /// The connector's own options, and what makes decoders for the payload columns. `default` is the format without a
    /// `format` option.
    ///
    /// **Errors** No such format, or options that neither the connector nor the format has.
    pub fn choose_decoder(
        &self,
        connector: OptionSet,
        default: Option<&str>,
    ) -> Result<(Options, DecoderMaker), OptionError> {
        let (given, options) = self.options.take_format(connector.owner)?;
        let names = || self.registry.decoders().map(|format| format.doc().name);
        let name = given
            .as_deref()
            .or(default)
            .ok_or_else(|| no_format(&options, connector, names()))?;
        let format = self
            .registry
            .decoder(name)
            .ok_or_else(|| unknown_format(name, "read", names().collect()))?;
        let doc = format.doc();
        let (own, rest) = options.split(connector, set(doc.name, doc.decode_options))?;
        let columns: Vec<SourceColumn> = self
            .columns
            .iter()
            .filter(|column| column.metadata.is_none())
            .cloned()
            .collect();
        let request = DecodeRequest {
            columns: &columns,
            declared: self.declared,
            options: &rest,
        };
        Ok((own, format.plan(&request)?))
    }
}

impl SinkRequest<'_> {
    /// The connector's own options, and what makes encoders. `default` is the format without a `format` option.
    ///
    /// **Errors** No such format, or options that neither the connector nor the format has.
    pub fn choose_encoder(
        &self,
        connector: OptionSet,
        default: Option<&str>,
    ) -> Result<(Options, ChosenEncoder), OptionError> {
        let (given, options) = self.options.take_format(connector.owner)?;
        let names = || self.registry.encoders().map(|format| format.doc().name);
        let name = given
            .as_deref()
            .or(default)
            .ok_or_else(|| no_format(&options, connector, names()))?;
        let format = self
            .registry
            .encoder(name)
            .ok_or_else(|| unknown_format(name, "written", names().collect()))?;
        let doc = format.doc();
        let (own, rest) = options.split(connector, set(doc.name, doc.encode_options))?;
        let request = EncodeRequest {
            schema: self.schema,
            key: self.key,
            options: &rest,
        };
        Ok((
            own,
            ChosenEncoder {
                maker: format.plan(&request)?,
                input: format.input(),
            },
        ))
    }
}

fn set(owner: &'static str, docs: Option<&'static [OptionDoc]>) -> OptionSet {
    OptionSet {
        owner,
        docs: docs.unwrap_or_default(),
    }
}

fn no_format<'a>(
    options: &Options,
    connector: OptionSet,
    names: impl Iterator<Item = &'a str>,
) -> OptionError {
    let mut foreign = options
        .iter()
        .map(|(key, _)| key)
        .filter(|key| connector.find(key).is_none());
    if let Some(typo) = foreign.find(|key| nearest(key, ["format"].into_iter()).is_some()) {
        return OptionError::new(typo, format!("there is no such option of `{}`", connector.owner))
            .with_help("did you mean `format`?");
    }
    let names: Vec<_> = names.collect();
    OptionError::new("format", "is required").with_help(format!("the formats are {}", names.join(", ")))
}

fn unknown_format(name: &str, verb: &str, names: Vec<&str>) -> OptionError {
    let error = OptionError::new(
        "format",
        format!("there is no format `{name}` that can be {verb}"),
    );
    match nearest(name, names.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help(format!("the formats are {}", names.join(", "))),
    }
}
