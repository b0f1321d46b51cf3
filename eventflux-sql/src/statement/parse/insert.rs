//! INSERT INTO, leading and trailing, and bare queries.

use sqlparser::{
    ast::{Ident, ObjectName},
    tokenizer::Token as Kind,
};

use super::{column, query};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Span, did_you_mean},
    statement::{EventSelection, Insert, StatementKind},
    text::{cursor::Cursor, token::Token},
};

/// `INSERT [CURRENT | EXPIRED | ALL EVENTS] INTO target [(columns)]`.
pub(super) struct Head {
    pub(super) target: ObjectName,
    pub(super) target_span: Span,
    pub(super) columns: Vec<Ident>,
    pub(super) events: EventSelection,
    /// Where INSERT is written.
    pub(super) span: Span,
}

/// `INSERT INTO target [(columns)] query`.
pub(super) fn insert(cursor: &mut Cursor<'_>) -> Result<Insert, Diagnostics> {
    let head = head(cursor).map_err(|diagnostic| vec![diagnostic])?;
    if cursor.is_at_end() {
        let diagnostic = cursor
            .expected("a query or VALUES")
            .with_help("write `INSERT INTO target SELECT … FROM …`");
        return Err(vec![diagnostic]);
    }
    if cursor.is(&Kind::LParen)
        || cursor
            .peek()
            .is_some_and(|token| token.is_any_word(&["SELECT", "WITH", "VALUES"]))
    {
        let (query, trailing) = query::query_with_tail(cursor)?;
        return match trailing {
            None => Ok(join(head, query)),
            Some(second) => Err(vec![two_targets(head.span, second.span)]),
        };
    }
    let found = cursor.peek().and_then(Token::bare_word);
    let help = match found.map(str::to_uppercase).as_deref() {
        Some("DEFAULT") => Some("list the values: `VALUES (…)`".to_string()),
        _ => found.and_then(|found| did_you_mean(found, ["SELECT", "VALUES", "WITH"])),
    };
    Err(vec![cursor.expected("SELECT or VALUES").with_help_opt(help)])
}

/// A bare query, or `query INSERT INTO target`.
pub(super) fn query_or_insert(cursor: &mut Cursor<'_>) -> Result<StatementKind, Diagnostics> {
    let (query, trailing) = query::query_with_tail(cursor)?;
    Ok(match trailing {
        None => StatementKind::Query(Box::new(query)),
        Some(head) => StatementKind::Insert(Box::new(join(head, query))),
    })
}

fn join(head: Head, query: crate::statement::Query) -> Insert {
    let Head {
        target,
        target_span,
        columns,
        events,
        span: _,
    } = head;
    Insert {
        target,
        target_span,
        columns,
        query,
        events,
    }
}

pub(super) fn two_targets(first: Span, second: Span) -> Diagnostic {
    Diagnostic::error(Code::DuplicateClause, second, "the query is inserted twice")
        .with_label(first, "it is inserted here first")
        .with_help("write one INSERT per target; a view shares the query between them")
}

/// Everything of an INSERT but its query.
pub(super) fn head(cursor: &mut Cursor<'_>) -> Result<Head, Diagnostic> {
    let span = cursor.expect_word("INSERT")?;
    let events = if cursor.take_words(&["CURRENT", "EVENTS"]) {
        EventSelection::Current
    } else if cursor.take_words(&["EXPIRED", "EVENTS"]) {
        EventSelection::Expired
    } else if cursor.take_words(&["ALL", "EVENTS"]) {
        EventSelection::All
    } else {
        EventSelection::Current
    };
    if let Some(overwrite) = cursor.peek().filter(|token| token.is_word("OVERWRITE")) {
        let message = "a continuous query cannot overwrite its target";
        return Err(
            Diagnostic::error(Code::NotSupported, overwrite.span, message).with_help("write `INSERT INTO`")
        );
    }
    cursor.expect_word("INTO")?;
    let (target, target_span) = cursor.expect_object_name("the name of a stream or table")?;
    let mut columns = Vec::new();
    let is_query = cursor
        .peek_nth(1)
        .is_some_and(|token| token.is(&Kind::LParen) || token.is_any_word(&["SELECT", "WITH", "VALUES"]));
    if cursor.is(&Kind::LParen) && !is_query {
        let list = cursor.expect_parenthesised("`(`")?;
        for mut part in list.split_commas() {
            columns.push(part.expect_name("the name of a column")?);
            part.expect_part_end()?;
        }
        if columns.is_empty() {
            return Err(list.expected("the name of a column"));
        }
        column::refuse_duplicates(cursor.source(), columns.iter())?;
    }
    Ok(Head {
        target,
        target_span,
        columns,
        events,
        span,
    })
}
