//! What `sqlparser` says when it cannot go on, in our words and at the user's place.

use sqlparser::{
    keywords::Keyword,
    parser::ParserError,
    tokenizer::{Location, Token as Kind},
};

use super::{
    cursor::{found_behind, quoted},
    delegate::Run,
    token::Token,
};
use crate::diagnostic::{Code, Diagnostic, Span, closest};

/// The diagnostic for an error of `sqlparser`, which stopped before the token at `index`.
pub(crate) fn from_parser(run: Run<'_>, error: &ParserError, index: usize) -> Diagnostic {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
        ParserError::RecursionLimitExceeded => {
            let span = place(run, index);
            return Diagnostic::error(
                Code::NestedTooDeep,
                span,
                "the query is nested too deep to be read",
            )
            .with_help("name parts of it with `WITH part AS (…)` or with a view");
        }
    };
    let (text, location) = split_location(message);
    let index = location.map_or(index, |location| index_at(run, location).unwrap_or(index));
    if let Some(found) = text.strip_prefix("Expected an expression, found: ") {
        // It is noticed behind the word, and placed there.
        let is_found = |before: &usize| run.tokens.get(*before).is_some_and(|token| token.is_word(found));
        return expected(
            run,
            index.checked_sub(1).filter(is_found).unwrap_or(index),
            "an expression",
        );
    }
    match text
        .strip_prefix("Expected: ")
        .and_then(|text| text.rsplit_once(", found: "))
    {
        Some((what, "EOF")) if location.is_none() => expected(run, run.tokens.len(), &phrase(what)),
        Some((what, _)) => expected(run, index, &phrase(what)),
        None => Diagnostic::error(Code::Syntax, place(run, index), sentence(text)),
    }
}

/// `expected …, found …` at the token at `index`, with what may be meant.
pub(crate) fn expected(run: Run<'_>, index: usize, what: &str) -> Diagnostic {
    let found = match run.tokens.get(index) {
        Some(token) => quoted(run.source.slice(token.span)),
        None => found_behind(run.source, run.end),
    };
    if let Some(diagnostic) = run.tokens.get(index).and_then(foreign_clause) {
        return diagnostic;
    }
    let diagnostic = Diagnostic::error(
        Code::Syntax,
        place(run, index),
        format!("expected {what}, found {found}"),
    );
    with_hint(diagnostic, run, index)
}

fn place(run: Run<'_>, index: usize) -> Span {
    run.tokens
        .get(index)
        .map_or(Span::at(run.end), |token| token.span)
}

/// Adds what the user probably meant: a mistyped keyword, a comma too many, a word that must be quoted.
fn with_hint(diagnostic: Diagnostic, run: Run<'_>, index: usize) -> Diagnostic {
    // A mistyped keyword is read as a name or an alias, so the mistake shows up to two tokens later.
    let mut looked_at = (index.saturating_sub(2)..=index).rev();
    if let Some((token, keyword)) = looked_at.find_map(|index| mistyped_keyword(run.tokens, index)) {
        let help = format!("did you mean `{keyword}`?");
        return match token.span == diagnostic.span {
            true => diagnostic.with_help(help),
            false => diagnostic
                .with_label(token.span, "this is read as a name")
                .with_help(help),
        };
    }
    let previous = index.checked_sub(1).and_then(|index| run.tokens.get(index));
    let token = run.tokens.get(index);
    if let Some(before) = previous.filter(|token| token.keyword() != Keyword::NoKeyword)
        && index
            .checked_sub(2)
            .and_then(|index| run.tokens.get(index))
            .is_some_and(|token| token.is_word("AS"))
    {
        return diagnostic
            .with_label(before.span, "this is read as the name behind AS")
            .with_help("write a name behind AS; a keyword as a name is quoted: \"name\"");
    }
    if let Some(token) = token.filter(|token| matches!(token.keyword(), Keyword::GROUP | Keyword::ORDER)) {
        return diagnostic.with_help(format!(
            "write `{} BY`",
            run.source.slice(token.span).to_uppercase()
        ));
    }
    let ends_list = token.is_none_or(|token| {
        token.is(&Kind::RParen) || matches!(token.keyword(), Keyword::FROM | Keyword::WHERE | Keyword::GROUP)
    });
    if let Some(comma) = previous.filter(|previous| previous.is(&Kind::Comma) && ends_list) {
        return diagnostic
            .with_label(comma.span, "nothing follows this comma")
            .with_help("remove the comma");
    }
    if token.is_some_and(|token| token.is(&Kind::Eq))
        && previous.is_some_and(|previous| previous.is(&Kind::Eq))
    {
        return diagnostic.with_help("equality is written with one `=`");
    }
    diagnostic
}

/// Clauses that other databases have at a place where nothing of ours can stand, and clauses of later versions.
fn foreign_clause(token: &Token) -> Option<Diagnostic> {
    let word = token.bare_word()?.to_uppercase();
    let (code, name, help) = match word.as_str() {
        "PREWHERE" => (Code::NotSupported, "PREWHERE", "write WHERE"),
        "SETTINGS" => (Code::NotSupported, "SETTINGS", "write `SET key = value`"),
        "FORMAT" => (
            Code::NotSupported,
            "FORMAT",
            "the format is an option of the sink, or of the command",
        ),
        "RETURNING" => (
            Code::NotSupported,
            "RETURNING",
            "read the target with a query of its own",
        ),
        "CONNECT" => (Code::NotSupported, "CONNECT BY", "walk the hierarchy outside"),
        "AGGREGATE" => (
            Code::NotSupportedYet,
            "AGGREGATE BY",
            "aggregate over `TUMBLE(…)`",
        ),
        "WITHIN" => (
            Code::NotSupportedYet,
            "WITHIN",
            "filter on the event time with WHERE",
        ),
        _ => return None,
    };
    let not_yet = if code == Code::NotSupportedYet { " yet" } else { "" };
    let message = format!("{name} is not supported{not_yet}");
    Some(Diagnostic::error(code, token.span, message).with_help(help))
}

/// The keywords of queries that people mistype.
const KEYWORDS: &[&str] = &[
    "SELECT",
    "DISTINCT",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "OUTER",
    "CROSS",
    "WINDOW",
    "EMIT",
    "OUTPUT",
    "INSERT",
    "INTO",
    "VALUES",
    "BETWEEN",
    "LIKE",
    "INTERVAL",
    "PARTITION",
    "WHEN",
    "THEN",
    "ELSE",
    "WITH",
];

fn mistyped_keyword(tokens: &[Token], index: usize) -> Option<(&Token, &'static str)> {
    let token = tokens.get(index)?;
    let word = token.bare_word().filter(|word| word.chars().count() >= 3)?;
    let is_qualified = |neighbour: Option<&Token>| neighbour.is_some_and(|token| token.is(&Kind::Period));
    let previous = index.checked_sub(1).and_then(|index| tokens.get(index));
    let is_keyword = token.keyword() != Keyword::NoKeyword || token.is_any_word(KEYWORDS);
    if is_keyword || is_qualified(previous) || is_qualified(tokens.get(index + 1)) {
        return None;
    }
    closest(word, KEYWORDS.iter().copied()).map(|keyword| (token, keyword))
}

/// Splits ` at Line: 3, Column: 7` from the end of a message.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((text, place)) = message.rsplit_once(" at Line: ") else {
        return (message, None);
    };
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location::new(
            line.trim().parse().ok()?,
            column.trim().parse().ok()?,
        ))
    });
    match location {
        Some(location) => (text, Some(location)),
        None => (message, None),
    }
}

fn index_at(run: Run<'_>, location: Location) -> Option<usize> {
    run.tokens
        .iter()
        .position(|token| token.inner.span.start == location)
}

/// What was expected, in our words.
fn phrase(expected: &str) -> String {
    let expected = expected.trim().trim_end_matches(':');
    let ours = match expected {
        "identifier" => "a name",
        "an identifier after AS" => "a name after `AS`",
        "an expression" => "an expression",
        "literal string" => "a string",
        "literal int" | "literal number" | "a number" => "a number",
        "a data type name" => "a type",
        "joined table" => "a join within the parentheses",
        "date/time field" => "a unit of time such as `SECOND`",
        "SELECT, VALUES, or a subquery in the query body" => "`SELECT`, `VALUES` or a query in parentheses",
        "ON, or USING after JOIN" => "`ON` or `USING` behind the join",
        "JOIN or APPLY after CROSS" => "`JOIN` behind `CROSS`",
        "[NOT] NULL | TRUE | FALSE | DISTINCT | [form] NORMALIZED FROM after IS" => {
            "`NULL`, `TRUE`, `FALSE`, `UNKNOWN` or `DISTINCT FROM` behind `IS`"
        }
        "IN or BETWEEN after NOT" => "`IN`, `BETWEEN` or `LIKE` behind `NOT`",
        _ => "",
    };
    if !ours.is_empty() {
        return ours.to_string();
    }
    // A keyword or a sign is quoted; anything else is a phrase already.
    let is_literal = !expected.chars().any(|c| c.is_lowercase());
    if is_literal {
        format!("`{expected}`")
    } else {
        lower_first(expected)
    }
}

/// A message without the form `Expected: …, found: …`, as a lower-case sentence without full stop.
fn sentence(text: &str) -> String {
    lower_first(
        text.trim()
            .trim_end_matches(['.', '!'])
            .trim_start_matches("sql parser error: "),
    )
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let is_word = text.chars().nth(1).is_some_and(char::is_lowercase);
    match chars.next() {
        Some(first) if is_word => first.to_lowercase().chain(chars).collect(),
        _ => text.to_string(),
    }
}
