//! Runs of tokens that `sqlparser` reads: queries, expressions and types.

use sqlparser::{
    ast::{DataType, Expr, Query},
    parser::{Parser, ParserError},
    tokenizer::{Token as Kind, TokenWithSpan},
};

use super::{
    cursor::{Cursor, closing},
    dialect::EventFluxDialect,
    syntax_error,
    token::Token,
};
use crate::diagnostic::{Diagnostic, SourceText};

/// Levels of recursion `sqlparser` may use; one level of nesting costs it up to four.
const RECURSION_MAX: usize = 600;

/// A run of tokens, and where it ends in the text.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) tokens: &'a [Token],
    pub(crate) end: usize,
}

impl<'a> From<&Cursor<'a>> for Run<'a> {
    fn from(cursor: &Cursor<'a>) -> Self {
        Run {
            source: cursor.source(),
            tokens: cursor.rest(),
            end: cursor.end(),
        }
    }
}

/// The whole run as a query.
pub(crate) fn parse_query(run: Run<'_>) -> Result<Box<Query>, Diagnostic> {
    parse_whole(run, "the query", |parser| parser.parse_query())
        .map_err(|outer| innermost_error(run).unwrap_or(outer))
}

/// The whole run as an expression.
pub(crate) fn parse_expr(run: Run<'_>) -> Result<Expr, Diagnostic> {
    parse_whole(run, "the expression", |parser| parser.parse_expr())
        .map_err(|outer| innermost_error(run).unwrap_or(outer))
}

/// A type at the beginning of the run, and how many tokens it takes.
pub(crate) fn parse_data_type(run: Run<'_>) -> Result<(DataType, usize), Diagnostic> {
    // ROW<…> is another name of STRUCT<…>.
    let mut tokens = run.tokens.to_vec();
    for index in 1..tokens.len() {
        if tokens[index].is(&Kind::Lt) && tokens[index - 1].is_word("ROW") {
            tokens[index - 1] = Token::at(&tokens[index - 1], Kind::make_keyword("STRUCT"));
        }
    }
    parse(
        Run {
            tokens: &tokens,
            ..run
        },
        |parser| parser.parse_data_type(),
    )
}

fn parse_whole<T>(
    run: Run<'_>,
    what: &str,
    production: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, Diagnostic> {
    let (value, taken) = parse(run, production)?;
    if taken < run.tokens.len() {
        return Err(syntax_error::expected(run, taken, &format!("the end of {what}")));
    }
    Ok(value)
}

fn parse<T>(
    run: Run<'_>,
    production: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<(T, usize), Diagnostic> {
    let dialect = EventFluxDialect::new(run.tokens.len());
    let tokens: Vec<TokenWithSpan> = run.tokens.iter().map(|token| token.inner.clone()).collect();
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_MAX)
        .with_tokens_with_locations(tokens);
    match production(&mut parser) {
        Ok(value) => Ok((value, parser.index().min(run.tokens.len()))),
        Err(error) => Err(syntax_error::from_parser(run, &error, parser.index())),
    }
}

/// The error of the innermost sub-query that has one.
///
/// `sqlparser` tries what follows a parenthesis as a query, drops the error, and reports how it fails as something
/// else. The mistake is where the sub-query fails by itself.
fn innermost_error(run: Run<'_>) -> Option<Diagnostic> {
    // Only spent on text that has an error anyway; the bound keeps deep nesting from costing quadratic time.
    let mut tokens_left: usize = 100_000;
    let mut openings: Vec<usize> = (0..run.tokens.len())
        .filter(|&index| {
            let begins_query = |token: &Token| token.is_any_word(&["SELECT", "WITH", "VALUES"]);
            run.tokens[index].is(&Kind::LParen) && run.tokens.get(index + 1).is_some_and(begins_query)
        })
        .collect();
    // From the left, so that of two mistakes side by side the first is reported, but inner before outer.
    openings.sort_by_key(|&index| closing(&run.tokens[index..]).map_or(usize::MAX, |length| index + length));
    for opening in openings {
        let Some(length) = closing(&run.tokens[opening..]) else {
            continue;
        };
        let close = opening + length;
        let inner = Run {
            tokens: &run.tokens[opening + 1..close],
            end: run.tokens[close].span.start,
            ..run
        };
        tokens_left = tokens_left.checked_sub(inner.tokens.len())?;
        if let Err(diagnostic) = parse_whole(inner, "the query", |parser| parser.parse_query()) {
            return Some(diagnostic);
        }
    }
    None
}
