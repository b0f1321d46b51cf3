//! Lengths of time as tokens.

use sqlparser::tokenizer::Token as Kind;

use crate::{
    diagnostic::{Code, Diagnostic, Span},
    duration::{Duration, is_unit, parse_interval, parse_text},
    text::{cursor::Cursor, token::Token},
};

/// `INTERVAL '10' SECOND`, `INTERVAL '1 day 2 hours'`, `INTERVAL 10 SECOND`, `1 HOUR 30 MINUTES`, each with an optional
/// sign.
pub(crate) fn duration(cursor: &mut Cursor<'_>) -> Result<Duration, Diagnostic> {
    let start = cursor.span();
    let is_negative = cursor.take_sign(&Kind::Minus);
    let us = if cursor.take_word("INTERVAL") {
        interval(cursor, start)?
    } else {
        numbers(cursor)?
    };
    let us = if is_negative {
        us.checked_neg().unwrap_or(us)
    } else {
        us
    };
    Ok(Duration {
        us,
        span: start.to(cursor.last_span()),
    })
}

/// Makes sure that a length is above zero.
pub(crate) fn positive(duration: Duration, what: &str) -> Result<Duration, Diagnostic> {
    if duration.us > 0 {
        return Ok(duration);
    }
    let message = format!("{what} must be longer than nothing");
    Err(Diagnostic::error(Code::InvalidDuration, duration.span, message))
}

fn interval(cursor: &mut Cursor<'_>, start: Span) -> Result<i64, Diagnostic> {
    let text = match cursor.peek().map(Token::kind) {
        Some(Kind::SingleQuotedString(text)) | Some(Kind::Number(text, _)) => text.clone(),
        _ => return Err(cursor.expected("a length such as '10'")),
    };
    cursor.advance();
    let unit = cursor
        .peek()
        .and_then(Token::bare_word)
        .filter(|word| is_unit(word));
    if unit.is_some() {
        cursor.advance();
    }
    parse_interval(&text, unit).map_err(|error| error.at(start.to(cursor.last_span())))
}

/// Numbers, each with its unit behind it.
fn numbers(cursor: &mut Cursor<'_>) -> Result<i64, Diagnostic> {
    let mut text = String::new();
    let start = cursor.span();
    while let Some(Kind::Number(digits, _)) = cursor.peek().map(Token::kind) {
        cursor.advance();
        let unit = cursor.peek().and_then(Token::bare_word);
        if unit.is_some() {
            cursor.advance();
        }
        text.push_str(digits);
        text.push(' ');
        text.push_str(unit.unwrap_or_default());
        text.push(' ');
    }
    if text.is_empty() {
        return Err(cursor
            .expected("a duration")
            .with_help("write for instance `10 SECONDS`, `1 HOUR 30 MINUTES` or `INTERVAL '10' SECOND`"));
    }
    parse_text(&text).map_err(|error| error.at(start.to(cursor.last_span())))
}
