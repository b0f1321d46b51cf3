//! Forms of the streaming world that `sqlparser` does not read, rewritten on tokens into forms it does.
//!
//! | the user's text | what `sqlparser` gets |
//! |---|---|
//! | `s WINDOW TUMBLING(1 MINUTE) AS x` | `s AS x TABLESAMPLE (carrier)`, the clause itself put aside |
//! | `TUMBLE(TABLE s, …)`, `TUMBLE(TABLE (SELECT …), …)` | `TUMBLE(s, …)`, `TUMBLE((SELECT …), …)` |
//! | `SESSION(s PARTITION BY k, …)` | `SESSION(s, __partition_by => k, …)` |
//! | `TUMBLE(s, 10 SECONDS)` | `TUMBLE(s, INTERVAL '10 SECONDS')` |
//!
//! The carrier is a placeholder `__window:3`, which no text can write; it ties the clause to the relation it stands
//! behind, whatever that is. Tokens put in have the place of what they replace, so an error of `sqlparser` at one of
//! them points at the user's text.

mod call;
mod clause;
mod refuse;

use sqlparser::tokenizer::Token as Kind;

pub(crate) use clause::ClauseWindow;

use crate::{
    diagnostic::{Diagnostic, SourceText},
    text::token::Token,
};

/// The name a `PARTITION BY` within a window function's arguments gets.
pub(crate) const PARTITION_ARGUMENT: &str = "__partition_by";

/// The prefix of placeholders that stand for clause windows.
const CARRIER: &str = "__window:";

/// Tokens for `sqlparser`, and the clause windows taken out of them.
pub(crate) struct Spliced {
    pub(crate) tokens: Vec<Token>,
    pub(crate) clauses: Vec<ClauseWindow>,
}

/// Rewrites the tokens of one query.
pub(crate) fn splice(source: &SourceText, tokens: &[Token], end: usize) -> Result<Spliced, Diagnostic> {
    refuse::refuse(tokens)?;
    let (tokens, clauses) = clause::splice(source, tokens, end)?;
    Ok(Spliced {
        tokens: call::splice(source, &tokens),
        clauses,
    })
}

/// The clause window that a placeholder stands for.
pub(crate) fn carried(placeholder: &str) -> Option<usize> {
    placeholder.strip_prefix(CARRIER)?.parse().ok()
}

fn carrier(place: &Token, index: usize) -> [Token; 4] {
    [
        Token::at(place, Kind::make_keyword("TABLESAMPLE")),
        Token::at(place, Kind::LParen),
        Token::at(place, Kind::Placeholder(format!("{CARRIER}{index}"))),
        Token::at(place, Kind::RParen),
    ]
}
