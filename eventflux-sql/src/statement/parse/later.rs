//! Statements of the language that this version does not run: recognised, and refused by name.

use sqlparser::tokenizer::Token as Kind;

use crate::{
    diagnostic::{Code, Diagnostic},
    text::{cursor::Cursor, token::Token},
};

/// A statement's first words, what it is called, and what does something similar today.
type Later = (&'static [&'static str], &'static str, &'static str);

const LATER: &[Later] = &[
    (&["CREATE", "TRIGGER"], "CREATE TRIGGER", ""),
    (
        &["CREATE", "WINDOW"],
        "CREATE WINDOW",
        "put the window behind the stream: `FROM s WINDOW TUMBLING(1 MINUTE)`",
    ),
    (
        &["CREATE", "AGGREGATION"],
        "CREATE AGGREGATION",
        "aggregate over `TUMBLE(…)`, one query per granularity",
    ),
    (
        &["CREATE", "FUNCTION"],
        "CREATE FUNCTION",
        "register the function from Rust",
    ),
    (
        &["CREATE", "MATERIALIZED", "VIEW"],
        "CREATE MATERIALIZED VIEW",
        "`CREATE VIEW` is inlined where it is used",
    ),
    (
        &["PARTITION", "WITH"],
        "PARTITION WITH",
        "group by the key, or use `SESSION(s PARTITION BY key, …)`",
    ),
    (
        &["UPSERT", "INTO"],
        "UPSERT INTO",
        "`INSERT INTO` a sink whose format takes keys, such as `upsert_json`",
    ),
    (&["UPDATE"], "UPDATE", ""),
    (&["DELETE"], "DELETE", ""),
    (&["MERGE"], "MERGE", ""),
];

/// Refuses a statement of a later version.
pub(super) fn refuse(cursor: &Cursor<'_>) -> Result<(), Diagnostic> {
    let mut words = cursor.clone();
    // `OR REPLACE` may stand between CREATE and what is created.
    if words.are_words(&["CREATE", "OR", "REPLACE"]) {
        words.take(2);
    }
    let is_or_replace = words.is_word("REPLACE");
    for (first_words, name, instead) in LATER {
        let rest_matches = match first_words {
            ["CREATE", behind @ ..] if is_or_replace => {
                let mut behind_replace = words.clone();
                behind_replace.take(1);
                behind_replace.are_words(behind)
            }
            all => words.are_words(all),
        };
        if rest_matches {
            let all = cursor.rest();
            let count = first_words.len() + if is_or_replace { 2 } else { 0 };
            let last = all[..count.min(all.len())].last();
            let span = all[0].span.to(last.map_or(all[0].span, |token| token.span));
            let diagnostic = Diagnostic::error(
                Code::NotSupportedYet,
                span,
                format!("`{name}` is not supported yet"),
            );
            let help = (!instead.is_empty()).then(|| format!("today: {instead}"));
            return Err(diagnostic.with_help_opt(help));
        }
    }
    Ok(())
}

/// The length of a block that has semicolons within: `PARTITION WITH (…) BEGIN q; q; END`.
pub(super) fn block_length(tokens: &[Token]) -> Option<usize> {
    let is_block = tokens.first()?.is_word("PARTITION") && tokens.get(1)?.is_word("WITH");
    let is_end = |index: usize| {
        tokens[index].is_word("END") && tokens.get(index + 1).is_none_or(|next| next.is(&Kind::SemiColon))
    };
    let begin = tokens
        .iter()
        .position(|token| token.is_word("BEGIN"))
        .filter(|_| is_block)?;
    (begin..tokens.len())
        .find(|&index| is_end(index))
        .map(|end| end + 1)
}
