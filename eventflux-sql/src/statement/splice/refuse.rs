//! Forms that no version of `sqlparser` need see: reserved names, and constructs of later versions.

use sqlparser::{keywords::Keyword, tokenizer::Token as Kind};

use super::PARTITION_ARGUMENT;
use crate::{
    diagnostic::{Code, Diagnostic},
    statement::{
        WINDOW_FUNCTION,
        parse::{begins_emit, begins_output},
    },
    text::token::Token,
};

/// Refuses the first such form.
pub(super) fn refuse(tokens: &[Token]) -> Result<(), Diagnostic> {
    for (index, token) in tokens.iter().enumerate() {
        let previous = index.checked_sub(1).map(|previous| &tokens[previous]);
        reserved_name(token)?;
        later(previous, token, tokens.get(index + 1))?;
        if begins_emit(tokens, index) && stands_behind_query(previous) {
            return Err(misplaced(token, "EMIT"));
        }
        if begins_output(tokens, index) && stands_behind_query(previous) {
            return Err(misplaced(token, "OUTPUT"));
        }
    }
    Ok(())
}

fn reserved_name(token: &Token) -> Result<(), Diagnostic> {
    match token.word().map(|word| word.value.as_str()) {
        Some(name) if name == WINDOW_FUNCTION || name == PARTITION_ARGUMENT => {
            let message = format!("the name `{name}` is used by the compiler itself");
            Err(Diagnostic::error(Code::ReservedName, token.span, message).with_help("choose another name"))
        }
        _ => Ok(()),
    }
}

/// Not a column called `emit` in a list.
fn stands_behind_query(previous: Option<&Token>) -> bool {
    previous.is_some_and(|previous| match previous.kind() {
        Kind::Comma | Kind::Period | Kind::LParen => false,
        Kind::Word(_) => !matches!(
            previous.keyword(),
            Keyword::SELECT | Keyword::BY | Keyword::DISTINCT
        ),
        _ => true,
    })
}

fn misplaced(token: &Token, clause: &str) -> Diagnostic {
    let message = format!("{clause} stands within a sub-query");
    Diagnostic::error(Code::InvalidEmit, token.span, message)
        .with_help(format!("{clause} belongs to the end of the whole statement"))
}

fn later(previous: Option<&Token>, token: &Token, next: Option<&Token>) -> Result<(), Diagnostic> {
    let opens = next.is_some_and(|next| next.is(&Kind::LParen));
    let is_relation = previous.is_some_and(|previous| {
        previous.is(&Kind::Comma) || matches!(previous.keyword(), Keyword::FROM | Keyword::JOIN)
    });
    let word = token.bare_word().map(str::to_uppercase);
    let what = match word.as_deref() {
        Some("PATTERN") if opens && is_relation => "PATTERN",
        Some("SEQUENCE") if opens && is_relation => "SEQUENCE",
        Some("MATCH_RECOGNIZE") if opens => "MATCH_RECOGNIZE",
        Some("FOR") if next.is_some_and(|next| next.is_word("SYSTEM_TIME")) => "FOR SYSTEM_TIME AS OF",
        Some("UNIDIRECTIONAL") if next.is_some_and(|next| next.is_any_word(JOINS)) => "UNIDIRECTIONAL",
        _ => return Ok(()),
    };
    let message = format!("`{what}` is not supported yet");
    Err(Diagnostic::error(Code::NotSupportedYet, token.span, message))
}

const JOINS: &[&str] = &["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "ON"];
