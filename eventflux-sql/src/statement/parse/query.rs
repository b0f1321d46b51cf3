//! Queries: what stands around them is cut off, what stands within them is spliced, the rest is `sqlparser`'s.

use sqlparser::{ast::Expr, keywords::Keyword, tokenizer::Token as Kind};

use super::{
    emission::{begins_emit, begins_output, emit, output},
    insert::{Head, head, two_targets},
};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Span},
    statement::{
        Emit, OutputRate, Query,
        lower::{lower_expression, lower_query},
        splice::splice,
    },
    text::{
        cursor::Cursor,
        delegate::{self, Run},
        token::{Token, span_of},
    },
};

/// What may stand behind a query.
#[derive(Default)]
struct Tail {
    emit: Option<Emit>,
    output: Option<OutputRate>,
    insert: Option<Head>,
}

/// All that is left, as a query that cannot be inserted.
pub(super) fn query(cursor: &mut Cursor<'_>) -> Result<Query, Diagnostics> {
    let (query, insert) = query_with_tail(cursor)?;
    match insert {
        None => Ok(query),
        Some(head) => {
            let message = "a view cannot insert into a stream";
            Err(vec![
                Diagnostic::error(Code::Syntax, head.span, message)
                    .with_help("write `INSERT INTO target SELECT * FROM view`"),
            ])
        }
    }
}

/// All that is left, as a query and where it is inserted.
pub(super) fn query_with_tail(cursor: &mut Cursor<'_>) -> Result<(Query, Option<Head>), Diagnostics> {
    let source = cursor.source();
    let all = cursor.rest();
    let Some(whole) = span_of(all) else {
        return Err(vec![cursor.expected("a query")]);
    };
    let body_length = tail_start(all).unwrap_or(all.len());
    let mut behind = cursor.clone();
    let body = behind.take(body_length);
    let mut tokens = body.to_vec();
    let mut tail = Tail::default();
    // `WITH part AS (…) INSERT INTO target SELECT …`: the INSERT is in the middle.
    if behind.is_word("INSERT")
        && body.first().is_some_and(|token| token.is_word("WITH"))
        && !has_select(body)
    {
        tail.insert = Some(head(&mut behind).map_err(one)?);
        let length = tail_start(behind.rest()).unwrap_or(behind.rest().len());
        tokens.extend_from_slice(behind.take(length));
    }
    read_tail(&mut behind, &mut tail).map_err(one)?;
    let end = tokens.last().map_or(whole.end, |token| token.span.end);
    let spliced = splice(source, &tokens, end).map_err(one)?;
    let run = Run {
        source,
        tokens: &spliced.tokens,
        end,
    };
    let mut ast = delegate::parse_query(run).map_err(one)?;
    let windows = lower_query(run, spliced.clauses, &mut ast)?;
    let span = span_of(&tokens).unwrap_or(Span::at(whole.start));
    let query = Query {
        body: ast,
        windows,
        emit: tail.emit,
        output: tail.output,
        span,
    };
    Ok((query, tail.insert))
}

/// A whole run as an expression of a column or a watermark.
pub(super) fn expression(run: Run<'_>) -> Result<Expr, Diagnostic> {
    let mut expr = delegate::parse_expr(run)?;
    lower_expression(run, &mut expr)?;
    Ok(expr)
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    vec![diagnostic]
}

/// Whether a SELECT stands outside of every bracket.
fn has_select(tokens: &[Token]) -> bool {
    outside_brackets(tokens).any(|index| tokens[index].is_any_word(&["SELECT", "VALUES"]))
}

/// Where EMIT, OUTPUT or a trailing INSERT begins.
fn tail_start(tokens: &[Token]) -> Option<usize> {
    let mut is_behind_from = false;
    outside_brackets(tokens)
        .filter(|index| *index > 0)
        .find(|&index| {
            is_behind_from |= tokens[index].is_word("FROM");
            begins_insert(tokens, index)
                || begins_emit(tokens, index)
                || begins_output(tokens, index)
                || is_behind_from && begins_unknown_emit(tokens, index)
        })
}

/// EMIT with a word behind it that is no keyword of any clause: it is not an alias, but a mistake.
fn begins_unknown_emit(tokens: &[Token], index: usize) -> bool {
    let is_plain = |token: &Token| token.word().is_some() && token.keyword() == Keyword::NoKeyword;
    let previous = &tokens[index - 1];
    tokens[index].is_word("EMIT")
        && (is_plain(previous) || previous.is(&Kind::RParen))
        && tokens.get(index + 1).is_some_and(is_plain)
}

fn begins_insert(tokens: &[Token], index: usize) -> bool {
    tokens[index].is_word("INSERT")
        && tokens
            .get(index + 1)
            .is_some_and(|next| next.is_any_word(&["INTO", "OVERWRITE", "CURRENT", "EXPIRED", "ALL"]))
}

fn outside_brackets(tokens: &[Token]) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter_map(move |(index, token)| {
        match token.kind() {
            Kind::LParen | Kind::LBracket => depth += 1,
            Kind::RParen | Kind::RBracket => depth = depth.saturating_sub(1),
            _ if depth == 0 => return Some(index),
            _ => {}
        }
        None
    })
}

/// Reads everything behind the query, in any order.
fn read_tail(cursor: &mut Cursor<'_>, tail: &mut Tail) -> Result<(), Diagnostic> {
    while !cursor.is_at_end() {
        let twice = |clause: &str, span: Span, first: Span| {
            Diagnostic::error(Code::DuplicateClause, span, format!("{clause} is given twice"))
                .with_label(first, "it is given here first")
        };
        if cursor.is_word("EMIT") {
            let emit = emit(cursor)?;
            if let Some(first) = tail.emit.replace(emit) {
                return Err(twice("EMIT", emit.span, first.span));
            }
        } else if cursor.is_word("OUTPUT") {
            let output = output(cursor)?;
            if let Some(first) = tail.output.replace(output) {
                return Err(twice("OUTPUT", output.span, first.span));
            }
        } else if cursor.is_word("INSERT") {
            let insert = head(cursor)?;
            let span = insert.span;
            if let Some(first) = tail.insert.replace(insert) {
                return Err(two_targets(first.span, span));
            }
        } else {
            return Err(cursor.expected("the end of the statement"));
        }
    }
    Ok(())
}
