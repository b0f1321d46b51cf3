//! What the reference pages, `connector doc` and the JSON schema are generated from.

/// One option of a connector or format, as its parser declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionDoc {
    /// The spelling that we document. `*` in it stands for any text.
    pub name: &'static str,
    /// Older spellings.
    pub aliases: &'static [&'static str],
    /// What values look like: `string`, `integer`, `number`, `boolean`, `duration`, `size`, `list`,
    /// `character`, or the choices joined by `|`.
    pub kind: &'static str,
    /// The value without the option; `None`: there is none.
    pub default: Option<&'static str>,
    /// Whether the option must be given.
    pub is_required: bool,
    /// What it does, one or two sentences.
    pub doc: &'static str,
}

/// A connector's page.
#[derive(Debug, Clone, Copy)]
pub struct ConnectorDoc {
    /// Its name in `'connector' = '…'`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What a user has to know: guarantees, offsets in bad rows, limits. Markdown.
    pub details: &'static str,
    /// Options as a source; `None`: it cannot be one.
    pub source_options: Option<&'static [OptionDoc]>,
    /// Options as a sink; `None`: it cannot be one.
    pub sink_options: Option<&'static [OptionDoc]>,
    /// Metadata keys of the source, with their SQL types and a sentence each.
    pub metadata: &'static [(&'static str, &'static str, &'static str)],
    /// The option `format`.
    pub format: FormatOption,
    /// A complete example in SQL.
    pub example: &'static str,
}

/// Whether a connector carries bytes, which rows become by a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatOption {
    /// It has rows of its own.
    Unused,
    /// The user has to name one.
    Required,
    /// This one, unless the user names another.
    Default(&'static str),
}

/// A format's page.
#[derive(Debug, Clone, Copy)]
pub struct FormatDoc {
    /// Its name in `'format' = '…'`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// How types map, what makes a bad row. Markdown.
    pub details: &'static str,
    /// Options when decoding; `None`: it cannot decode.
    pub decode_options: Option<&'static [OptionDoc]>,
    /// Options when encoding; `None`: it cannot encode.
    pub encode_options: Option<&'static [OptionDoc]>,
}
