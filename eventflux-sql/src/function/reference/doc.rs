//! The entry of one function.

use datafusion_expr::ScalarUDF;

use super::{array, condition, math, nested, text, time};
use crate::function::scalar::Builtin;

/// What there is to say about a scalar function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name.
    pub name: String,
    /// Its other names, in order.
    pub aliases: Vec<String>,
    /// The chapter it stands in.
    pub chapter: Chapter,
    /// How it is called: `lpad(text, length[, fill])`.
    pub call: String,
    /// What it gives, in one or a few sentences.
    pub description: String,
    /// An expression.
    pub example: String,
    /// What the expression gives.
    pub value: String,
}

/// A chapter of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chapter {
    /// Text.
    Text,
    /// Regular expressions.
    Regex,
    /// Numbers.
    Math,
    /// Dates and times.
    Time,
    /// Conditions.
    Condition,
    /// JSON.
    Json,
    /// Arrays.
    Array,
    /// Maps and structs.
    Nested,
    /// Hashes and encodings.
    Encoding,
}

impl Chapter {
    /// All of them, in order.
    pub const ALL: [Chapter; 9] = [
        Chapter::Text,
        Chapter::Regex,
        Chapter::Math,
        Chapter::Time,
        Chapter::Condition,
        Chapter::Json,
        Chapter::Array,
        Chapter::Nested,
        Chapter::Encoding,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Chapter::Text => "Text",
            Chapter::Regex => "Regular expressions",
            Chapter::Math => "Numbers",
            Chapter::Time => "Dates and times",
            Chapter::Condition => "Conditions",
            Chapter::Json => "JSON",
            Chapter::Array => "Arrays",
            Chapter::Nested => "Maps and structs",
            Chapter::Encoding => "Hashes and encodings",
        }
    }
}

/// An entry of a table: name, call, description, example and what it gives.
pub(in crate::function) type Entry = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// The tables.
const TABLES: &[(Chapter, &[Entry])] = &[
    (Chapter::Text, text::ENTRIES),
    (Chapter::Encoding, text::ENCODINGS),
    (Chapter::Math, math::ENTRIES),
    (Chapter::Time, time::ENTRIES),
    (Chapter::Condition, condition::ENTRIES),
    (Chapter::Array, array::ENTRIES),
    (Chapter::Nested, nested::ENTRIES),
];

/// The entry of a function, but for its other names; `None` for one of the application.
pub(in crate::function) fn docs(function: &ScalarUDF) -> Option<FunctionDoc> {
    let (chapter, (_, call, description, example, value)) = match function.inner().downcast_ref::<Builtin>() {
        Some(builtin) => builtin.entry(),
        None => TABLES.iter().find_map(|(chapter, entries)| {
            let entry = entries.iter().find(|entry| entry.0 == function.name())?;
            Some((*chapter, *entry))
        })?,
    };
    Some(FunctionDoc {
        name: function.name().to_owned(),
        aliases: Vec::new(),
        chapter,
        call: call.to_owned(),
        description: description.to_owned(),
        example: example.to_owned(),
        value: value.to_owned(),
    })
}
