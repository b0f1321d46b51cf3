//! One layer: what one file, the environment, or the command line says.

use eventflux::sql::diagnostic::{Diagnostics, SourceText, Span};
use figment::value::{Dict, Map};
use figment::{Metadata, Profile, Provider};

use super::check;
use super::mask;
use super::short_form;
use super::tree::{Entry, Node};
use super::yaml;

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerKind {
    File,
    Environment,
    Flags,
}

/// What one file, the environment, or the command line says.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) kind: LayerKind,
    /// The text with its secrets hidden: for diagnostics.
    pub(crate) source: Box<SourceText>,
    pub(crate) tree: Node,
}

/// What is wrong with a text, and the text with its secrets hidden.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The text.
    pub source: Box<SourceText>,
    /// What is wrong, at least one.
    pub diagnostics: Diagnostics,
}

impl Layer {
    /// The documents of a file; each is a layer. Nothing is looked up: references stay as they are.
    ///
    /// **Errors** All that can be seen to be wrong in the file itself.
    pub(crate) fn of_file(name: &str, text: &str) -> Result<Vec<Self>, Refused> {
        let trees = yaml::read(text).map_err(|diagnostic| Refused {
            source: Box::new(SourceText::new(name, mask::unread(text))),
            diagnostics: vec![diagnostic],
        })?;
        let trees = trees
            .into_iter()
            .map(|tree| Self::new(LayerKind::File, name, text, tree));
        trees.collect()
    }

    /// Keys that are given one by one, each by its path, what it is called there, and its text.
    ///
    /// **Errors** As for a file.
    pub(crate) fn of_entries(
        kind: LayerKind,
        name: &str,
        entries: impl IntoIterator<Item = (Vec<String>, String, String)>,
    ) -> Result<Self, Refused> {
        let mut text = String::new();
        let mut tree = Node::empty();
        for (path, label, value) in entries {
            let label_span = Span::new(text.len(), text.len() + label.len());
            text.push_str(&label);
            text.push('=');
            let span = Span::new(text.len(), text.len() + value.len());
            text.push_str(&value);
            text.push('\n');
            tree.put(&path, label_span, Node::text(value, span));
        }
        Self::new(kind, name, &text, tree)
    }

    fn new(kind: LayerKind, name: &str, text: &str, mut tree: Node) -> Result<Self, Refused> {
        let mut diagnostics = short_form::expand(&mut tree);
        let shown = mask::read(text, &tree);
        diagnostics.extend(check::layer(&tree));
        let source = Box::new(SourceText::new(name, shown));
        match diagnostics.is_empty() {
            true => Ok(Self { kind, source, tree }),
            false => Err(Refused { source, diagnostics }),
        }
    }

    /// Where an entry is, for people: a variable, a flag, or a place in a file.
    pub(crate) fn place(&self, entry: &Entry) -> String {
        match self.kind {
            LayerKind::File => {
                let place = self.source.line_column(entry.key_span.start);
                format!("{}:{}:{}", self.source.name(), place.line, place.column)
            }
            LayerKind::Environment | LayerKind::Flags => self.source.slice(entry.key_span).to_owned(),
        }
    }
}

/// A layer as figment has it: it is known by its number.
pub(crate) struct Numbered<'a>(pub(crate) usize, pub(crate) &'a Layer);

impl Provider for Numbered<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0.to_string())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.1.tree.to_dict()))
    }
}
