//! The reference page of a connector or format, from what its parser declares.

use std::fmt::Write;

use super::{ConnectorDoc, FormatDoc, FormatOption, OptionDoc, Registry};

impl Registry {
    /// The page of the connector or format of this name, in Markdown.
    pub fn page(&self, name: &str) -> Option<String> {
        let connector = self
            .source(name)
            .map(|source| source.doc())
            .or_else(|| self.sink(name).map(|sink| sink.doc()));
        if let Some(doc) = connector {
            return Some(connector_page(doc));
        }
        let format = self.decoder(name).map(|format| format.doc());
        format
            .or_else(|| self.encoder(name).map(|format| format.doc()))
            .map(format_page)
    }
}

fn connector_page(doc: &ConnectorDoc) -> String {
    let mut page = format!("# Connector `{}`\n\n{}\n", doc.name, doc.summary);
    paragraph(&mut page, doc.details);
    if !doc.example.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n```sql\n{}\n```\n", doc.example.trim());
    }
    options(&mut page, "As a source", doc.source_options, doc.format);
    options(&mut page, "As a sink", doc.sink_options, doc.format);
    if !doc.metadata.is_empty() {
        page.push_str("\n## Metadata columns\n\n| key | type | |\n|---|---|---|\n");
        for (key, sql_type, meaning) in doc.metadata {
            let _ = writeln!(page, "| `{key}` | {sql_type} | {} |", cell(meaning));
        }
    }
    page
}

fn format_page(doc: &FormatDoc) -> String {
    let mut page = format!("# Format `{}`\n\n{}\n", doc.name, doc.summary);
    paragraph(&mut page, doc.details);
    options(&mut page, "Reading", doc.decode_options, FormatOption::Unused);
    options(&mut page, "Writing", doc.encode_options, FormatOption::Unused);
    page
}

fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(page, "\n{}", text.trim());
    }
}

fn options(page: &mut String, title: &str, options: Option<&[OptionDoc]>, format: FormatOption) {
    let Some(options) = options else { return };
    let _ = write!(page, "\n## {title}\n\n");
    if options.is_empty() && format == FormatOption::Unused {
        page.push_str("No options.\n");
        return;
    }
    page.push_str("| option | value | default | |\n|---|---|---|---|\n");
    let default_format = match format {
        FormatOption::Unused => None,
        FormatOption::Required => Some("required".to_owned()),
        FormatOption::Default(format) => Some(format!("`{format}`")),
    };
    if let Some(default) = default_format {
        let _ = writeln!(
            page,
            "| `format` | string | {default} | how bytes become rows and rows bytes |"
        );
    }
    for option in options {
        let default = match (option.is_required, option.default) {
            (true, _) => "required".to_owned(),
            (false, Some(default)) => format!("`{}`", cell(default)),
            (false, None) => String::new(),
        };
        let aliases = if option.aliases.is_empty() {
            String::new()
        } else {
            let names: Vec<String> = option.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            format!(" Also spelt {}.", names.join(", "))
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {}{aliases} |",
            option.name,
            cell(option.kind),
            cell(option.doc.trim())
        );
    }
}

/// Text that stays within its cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
