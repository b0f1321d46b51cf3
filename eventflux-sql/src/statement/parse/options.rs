//! `WITH (key = value, …)`.

use std::collections::HashMap;

use sqlparser::tokenizer::Token as Kind;

use crate::{
    diagnostic::{Code, Diagnostic, Span},
    option::{OptionValue, SqlOption},
    text::{cursor::Cursor, token::Token},
};

/// The options between the parentheses behind WITH.
pub(super) fn options(cursor: &mut Cursor<'_>) -> Result<Vec<SqlOption>, Diagnostic> {
    let list = cursor.expect_parenthesised("`(` behind `WITH`")?;
    let mut options: Vec<SqlOption> = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for mut part in list.split_commas() {
        let (key, key_span) = key(&mut part)?;
        if let Some(first) = seen.insert(key.to_lowercase(), key_span) {
            return Err(Diagnostic::error(
                Code::DuplicateOption,
                key_span,
                format!("the option `{key}` is given twice"),
            )
            .with_label(first, "it is given here first"));
        }
        part.expect_sign(&Kind::Eq)?;
        let value = value(&mut part)?;
        part.expect_part_end()?;
        options.push(SqlOption { key, key_span, value });
    }
    Ok(options)
}

/// A key: a string, or words joined by periods and hyphens without a space.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Result<(String, Span), Diagnostic> {
    if let Some(Kind::SingleQuotedString(text)) = cursor.peek().map(Token::kind) {
        let text = text.clone();
        cursor.advance();
        if text.trim().is_empty() {
            return Err(Diagnostic::error(
                Code::Syntax,
                cursor.last_span(),
                "an option's key is empty",
            ));
        }
        return Ok((text, cursor.last_span()));
    }
    let mut key = match cursor.peek().and_then(Token::word) {
        Some(word) => word.value.clone(),
        None => return Err(cursor.expected("the key of an option")),
    };
    cursor.advance();
    let mut span = cursor.last_span();
    while let (Some(sign), Some(part)) = (cursor.peek(), cursor.peek_nth(1)) {
        let is_joined = sign.span.start == span.end && part.span.start == sign.span.end;
        let separator = match sign.kind() {
            Kind::Period => '.',
            Kind::Minus => '-',
            _ => break,
        };
        let Some(word) = part.word().filter(|_| is_joined) else {
            break;
        };
        key.push(separator);
        key.push_str(&word.value);
        span = span.to(part.span);
        cursor.take(2);
    }
    Ok((key, span))
}

/// A value: a string, a number, TRUE, FALSE or a word.
pub(super) fn value(cursor: &mut Cursor<'_>) -> Result<OptionValue, Diagnostic> {
    let span = cursor.span();
    let sign = match cursor.peek().map(Token::kind) {
        Some(Kind::Minus) => "-",
        _ => "",
    };
    if !sign.is_empty() {
        cursor.advance();
    }
    let text = match cursor.peek().map(Token::kind) {
        Some(Kind::SingleQuotedString(text) | Kind::EscapedStringLiteral(text)) if sign.is_empty() => {
            cursor.advance();
            return OptionValue::parse(text, span);
        }
        Some(Kind::Number(digits, _)) => format!("{sign}{digits}"),
        Some(Kind::Word(word)) if sign.is_empty() && word.quote_style.is_none() => word.value.clone(),
        Some(Kind::Word(_)) => {
            return Err(cursor
                .expected("a value")
                .with_help("values are quoted with single quotes: 'value'"));
        }
        _ => {
            return Err(cursor
                .expected("a value")
                .with_help("a value is a string, a number, TRUE or FALSE"));
        }
    };
    cursor.advance();
    Ok(OptionValue::literal(text, span.to(cursor.last_span())))
}
