//! EXPLAIN, DESCRIBE, SHOW, SET and DROP.

use sqlparser::tokenizer::Token as Kind;

use super::text::statement;
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean},
    option::OptionValue,
    statement::{Describe, DropObject, Explain, ObjectKind, Set, Show, ShowKind, StatementKind},
    text::{cursor::Cursor, token::Token},
};

use super::options::{key, value};

/// `EXPLAIN statement`.
pub(super) fn explain(cursor: &mut Cursor<'_>) -> Result<StatementKind, Diagnostics> {
    let keyword = cursor
        .expect_word("EXPLAIN")
        .map_err(|diagnostic| vec![diagnostic])?;
    let is_option = |token: &Token| {
        token.is_any_word(&[
            "ANALYZE", "VERBOSE", "LOGICAL", "PHYSICAL", "PLAN", "EXTENDED", "FORMAT",
        ])
    };
    if let Some(option) = cursor.peek().filter(|token| is_option(token)) {
        return Err(vec![
            Diagnostic::error(
                Code::NotSupported,
                option.span,
                format!("EXPLAIN has no option {}", cursor.found()),
            )
            .with_help("stages and formats are options of the command: `eventflux explain --stage physical`"),
        ]);
    }
    let explained = statement(cursor.clone())?;
    match explained.kind {
        StatementKind::Query(_) | StatementKind::Insert(_) => Ok(StatementKind::Explain(Explain {
            statement: Box::new(explained),
        })),
        _ => Err(vec![
            Diagnostic::error(
                Code::Syntax,
                explained.span,
                "only queries and inserts have a plan to explain",
            )
            .with_label(keyword, "this wants a query"),
        ]),
    }
}

const OBJECTS: &[(&str, ObjectKind)] = &[
    ("STREAM", ObjectKind::Stream),
    ("SOURCE", ObjectKind::Source),
    ("SINK", ObjectKind::Sink),
    ("TABLE", ObjectKind::Table),
    ("VIEW", ObjectKind::View),
];

fn take_object_kind(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    // `DESCRIBE stream` describes a relation of that name.
    cursor.peek_nth(1)?;
    let kind = OBJECTS
        .iter()
        .find(|(word, _)| cursor.is_word(word))
        .map(|(_, kind)| *kind)?;
    cursor.advance();
    Some(kind)
}

/// `DESCRIBE [STREAM | TABLE | …] name`.
pub(super) fn describe(cursor: &mut Cursor<'_>) -> Result<Describe, Diagnostic> {
    cursor.advance();
    let kind = take_object_kind(cursor);
    let (name, _) = cursor.expect_object_name("the name of a stream, table or view")?;
    cursor.expect_end("the statement")?;
    Ok(Describe { kind, name })
}

const SHOWN: &[(&str, ShowKind)] = &[
    ("STREAMS", ShowKind::Streams),
    ("TABLES", ShowKind::Tables),
    ("VIEWS", ShowKind::Views),
    ("QUERIES", ShowKind::Queries),
    ("SOURCES", ShowKind::Sources),
    ("SINKS", ShowKind::Sinks),
    ("FUNCTIONS", ShowKind::Functions),
];

/// `SHOW STREAMS | TABLES | …`.
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<Show, Diagnostic> {
    cursor.expect_word("SHOW")?;
    match SHOWN.iter().find(|(word, _)| cursor.is_word(word)) {
        Some((_, kind)) => {
            cursor.advance();
            cursor.expect_end("the statement")?;
            Ok(Show { kind: *kind })
        }
        None => {
            let words = || SHOWN.iter().map(|(word, _)| *word);
            let found = cursor.peek().and_then(Token::bare_word);
            let help = found.and_then(|found| did_you_mean(found, words()));
            let all: Vec<_> = words().collect();
            Err(cursor
                .expected(&format!("one of {}", all.join(", ")))
                .with_help_opt(help))
        }
    }
}

/// `SET key = value`, `SET key TO value`.
pub(super) fn set(cursor: &mut Cursor<'_>) -> Result<Set, Diagnostic> {
    cursor.expect_word("SET")?;
    let (key, key_span) = key(cursor)?;
    if !cursor.take_sign(&Kind::Eq) && !cursor.take_word("TO") {
        return Err(cursor.expected("`=`"));
    }
    let value = duration_or_value(cursor)?;
    cursor.expect_end("the statement")?;
    Ok(Set { key, key_span, value })
}

/// `INTERVAL '1' HOUR` and `1 HOUR` are kept as text; anything else is as in `WITH (…)`.
fn duration_or_value(cursor: &mut Cursor<'_>) -> Result<OptionValue, Diagnostic> {
    let is_number = cursor
        .peek()
        .is_some_and(|token| matches!(token.kind(), Kind::Number(..)));
    let is_duration = cursor.is_word("INTERVAL") || is_number && cursor.peek_nth(1).is_some();
    if !is_duration {
        return value(cursor);
    }
    let duration = super::duration(cursor)?;
    Ok(OptionValue::literal(format!("{}us", duration.us), duration.span))
}

/// `DROP STREAM | TABLE | … [IF EXISTS] name`.
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<DropObject, Diagnostic> {
    cursor.expect_word("DROP")?;
    let Some((_, kind)) = OBJECTS.iter().find(|(word, _)| cursor.is_word(word)) else {
        let found = cursor.peek().and_then(Token::bare_word);
        let help = found.and_then(|found| did_you_mean(found, OBJECTS.iter().map(|(word, _)| *word)));
        return Err(cursor
            .expected("STREAM, SOURCE, SINK, TABLE or VIEW")
            .with_help_opt(help));
    };
    cursor.advance();
    let is_if_exists = cursor.take_words(&["IF", "EXISTS"]);
    let (name, _) = cursor.expect_object_name("a name")?;
    cursor.expect_end("the statement")?;
    Ok(DropObject {
        kind: *kind,
        is_if_exists,
        name,
    })
}
