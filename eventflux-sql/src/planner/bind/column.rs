//! Full names as nodes of the tree.

use sqlparser::ast::{Expr, Ident};
use sqlparser::tokenizer::Span;

/// A name of one or more parts. Every part stands where the written name stands.
pub(super) fn name_of(parts: &[String], span: Span) -> Expr {
    let idents = parts.iter().map(|part| ident(part, span));
    Expr::CompoundIdentifier(idents.collect())
}

/// A part of a name. It is already spelled as declared, so it needs no quotes.
pub(super) fn ident(name: &str, span: Span) -> Ident {
    Ident {
        value: name.to_owned(),
        quote_style: None,
        span,
    }
}
