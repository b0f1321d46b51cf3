//! No text makes the front of the compiler panic, whatever it is: mutations of valid statements, and soups of tokens.

use eventflux_sql::{
    diagnostic::{
        Diagnostic, SourceText, Span,
        render::{Colour, concise, full, json},
    },
    statement::{Statement, StatementKind, Window, parse},
};
use proptest::prelude::*;

use crate::support::words_of;

/// Statements of every kind, to be mutated.
const STATEMENTS: &[&str] = &[
    "CREATE STREAM s (a INT NOT NULL, b LONG METADATA FROM 'offset', c AS a + 1, ts TIMESTAMP(3), \
     WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (a) NOT ENFORCED) \
     WITH (connector = 'kafka', 'topic' = '${env:TOPIC:-x}', rows = 10)",
    "SELECT window_start, count(*) FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY 1",
    "SELECT a FROM SESSION(s PARTITION BY k, ts, 10 SECONDS) AS w EMIT ON WINDOW CLOSE",
    "SELECT a FROM s WINDOW('hopping', 1 MINUTE, 5 MINUTES) x WHERE a > 1 OUTPUT LAST EVERY 5 EVENTS INSERT INTO t",
    "WITH c AS (SELECT a, sum(b) FROM s GROUP BY ROLLUP (a)) INSERT INTO t (a, b) SELECT * FROM c \
     WHERE a IN (SELECT a FROM r) UNION ALL SELECT 1, CASE WHEN x THEN y END",
    "SELECT CAST(a AS ARRAY<STRUCT<x INT>>)[1], a -> 'b', count(*) FILTER (WHERE a IS NULL) OVER (ORDER BY ts) FROM s",
    "SELECT count(*) FROM s GROUP BY tumble(INTERVAL '1' MINUTE), a HAVING count(*) > 1 ORDER BY 1 LIMIT 5",
    "CREATE VIEW v AS SELECT DISTINCT a FROM s JOIN r ON s.a = r.a; SHOW STREAMS; SET k = '1h'; EXPLAIN SELECT 1",
];

/// Pieces of text that mean something somewhere.
const PIECES: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "WINDOW",
    "TUMBLING",
    "TUMBLE",
    "HOP",
    "SESSION",
    "CUMULATE",
    "TABLE",
    "DESCRIPTOR",
    "PARTITION",
    "INTERVAL",
    "EMIT",
    "CHANGES",
    "ON",
    "CLOSE",
    "OUTPUT",
    "EVERY",
    "EVENTS",
    "INSERT",
    "INTO",
    "VALUES",
    "CREATE",
    "STREAM",
    "VIEW",
    "AS",
    "WITH",
    "WATERMARK",
    "FOR",
    "PRIMARY",
    "KEY",
    "NOT",
    "NULL",
    "METADATA",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "UNION",
    "ALL",
    "IN",
    "BETWEEN",
    "AND",
    "OR",
    "CAST",
    "ARRAY",
    "MAP",
    "STRUCT",
    "EXISTS",
    "JOIN",
    "LATERAL",
    "UNNEST",
    "TABLESAMPLE",
    "LIMIT",
    "OFFSET",
    "EXPLAIN",
    "SET",
    "SHOW",
    "DROP",
    "IF",
    "a",
    "s",
    "ts",
    "\"q\"",
    "`q`",
    "'x'",
    "'10'",
    "10",
    "1.5",
    "SECOND",
    "MINUTES",
    "MONTH",
    "*",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ">>",
    ",",
    ";",
    ".",
    "::",
    "->",
    "->>",
    "=>",
    "=",
    "-",
    "+",
    "||",
    "${env:A}",
    "$1",
    "?",
    "'",
    "\"",
    "/*",
    "*/",
    "--",
    "\n",
    "é",
    "\u{0}",
    "\u{feff}",
    "E'",
    "$$",
    "#",
    "@",
];

/// Everything that a text can lead to: parsing, spans within the text, every renderer.
fn digest(text: &str) {
    let source = SourceText::new("soup.sql", text);
    match parse(&source) {
        Ok(statements) => statements
            .iter()
            .for_each(|statement| check_statement(&source, statement)),
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            diagnostics
                .iter()
                .for_each(|diagnostic| check_diagnostic(&source, diagnostic));
            let rendered = full(&source, &diagnostics, Colour::Always);
            assert!(rendered.contains(diagnostics[0].code.name()));
            assert_eq!(concise(&source, &diagnostics).lines().count(), diagnostics.len());
            assert_eq!(json(&source, &diagnostics).lines().count(), diagnostics.len());
        }
    }
}

fn check_span(source: &SourceText, span: Span) {
    assert!(
        span.start <= span.end && span.end <= source.text().len(),
        "{span:?}"
    );
    assert!(
        source.text().is_char_boundary(span.start) && source.text().is_char_boundary(span.end),
        "{span:?}"
    );
}

fn check_diagnostic(source: &SourceText, diagnostic: &Diagnostic) {
    check_span(source, diagnostic.span);
    diagnostic
        .labels
        .iter()
        .for_each(|label| check_span(source, label.span));
    assert!(
        !diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'),
        "{}",
        diagnostic.message
    );
}

fn check_statement(source: &SourceText, statement: &Statement) {
    check_span(source, statement.span);
    let query = match &statement.kind {
        StatementKind::Query(query) => query,
        StatementKind::Insert(insert) => &insert.query,
        _ => return,
    };
    let body = query.body.to_string();
    assert!(
        !body.contains("__window:") && !body.contains("__partition_by"),
        "{body}"
    );
    for window in &query.windows {
        [window.span, window.name_span, window.input_span, window.time_span]
            .into_iter()
            .for_each(|span| check_span(source, span));
        assert!(Window::index_of(&window.input).is_none_or(|index| index < query.windows.len()));
    }
}

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.join(" "))
}

/// A statement with some of its words removed, doubled, exchanged, or replaced by a piece.
fn mutations() -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0..4_u8,
        prop::sample::select(PIECES),
    );
    (
        prop::sample::select(STATEMENTS),
        prop::collection::vec(change, 1..6),
    )
        .prop_map(|(statement, changes)| {
            let mut words = words_of(statement);
            words.retain(|word| !word.trim().is_empty());
            for (index, kind, piece) in changes {
                let at = index.index(words.len());
                match kind {
                    0 if words.len() > 1 => drop(words.remove(at)),
                    1 => words.insert(at, words[at]),
                    2 => words.insert(at, piece),
                    _ => words[at] = piece,
                }
            }
            words.join(" ")
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_statements_are_digested(text in mutations()) {
        digest(&text);
    }

    #[test]
    fn soups_of_tokens_are_digested(text in pieces()) {
        digest(&text);
    }

    #[test]
    fn any_text_is_digested(text in any::<String>()) {
        digest(&text);
    }

    #[test]
    fn truncated_statements_are_digested(statement in prop::sample::select(STATEMENTS), at in any::<prop::sample::Index>()) {
        let end = at.index(statement.len() + 1);
        digest(&statement[..end]);
    }

    /// Parse, print, parse: what is printed of a query is what was read.
    #[test]
    fn queries_without_windows_are_read_as_they_are_printed(text in mutations()) {
        let read = |text: &str| match parse(&SourceText::new("t", text)) {
            Ok(statements) => match statements.as_slice() {
                [Statement { kind: StatementKind::Query(query), .. }] if query.windows.is_empty() => {
                    Some(query.body.to_string())
                }
                _ => None,
            },
            Err(_) => None,
        };
        // Two signs of a number in a row are printed as the beginning of a comment.
        if let Some(printed) = read(&text).filter(|printed| !printed.contains("--")) {
            prop_assert_eq!(read(&printed), Some(printed.clone()), "{}", text);
        }
    }
}

#[test]
fn every_statement_to_mutate_is_valid() {
    for statement in STATEMENTS {
        let source = SourceText::new("t", *statement);
        let parsed = parse(&source);
        assert!(
            parsed.is_ok(),
            "{}",
            full(&source, &parsed.unwrap_err(), Colour::Never)
        );
    }
}
