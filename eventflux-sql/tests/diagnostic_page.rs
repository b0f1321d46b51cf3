//! docs/reference/diagnostics.md is made here: every code with a text that gives it, what is said, and the way out.
//!
//! `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux-sql page` writes the page anew.

use std::fmt::Write;
use std::time::Duration;

use eventflux_sql::diagnostic::render::{Colour, full};
use eventflux_sql::diagnostic::{Code, Diagnostic, SourceText};
use eventflux_sql::{CompileContext, compile};

use crate::support::context;

/// Streams that every example may use.
const STREAMS: &str = "\
CREATE STREAM trades (symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, noticed TIMESTAMP,
  WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM plain (symbol STRING, qty INT NOT NULL);
";

/// What gives a code.
enum Given {
    /// This text.
    Text(&'static str),
    /// A text that is too large for a page, in words.
    Large(&'static str, fn() -> String),
    /// Not SQL, but a configuration.
    Elsewhere,
    /// Nothing that can be written today, and why.
    Nothing(&'static str),
}

/// What gives the code, and the way out.
fn example(code: Code) -> (Given, &'static str) {
    use Given::{Elsewhere, Large, Nothing, Text};
    match code {
        Code::Syntax => (
            Text("SELECT symbol, FROM trades;"),
            "Look at the word before the caret, too; the help names the word that is probably meant.",
        ),
        Code::UnterminatedText => (
            Text("SELECT 'abc FROM trades;"),
            "Close it. A quote within a string is written twice: `'it''s'`.",
        ),
        Code::InvalidCharacter => (
            Text("SELECT ‘ACME’ AS name FROM trades;"),
            "Remove it; texts that were copied from a page often have typographic quotes.",
        ),
        Code::NotSupportedYet => (
            Text("SELECT symbol FROM trades LIMIT 10;"),
            "The help says what comes nearest today.",
        ),
        Code::NotSupported => (
            Text("SELECT TOP 5 symbol FROM trades;"),
            "The help says how the same is written here, if it can be.",
        ),
        Code::ReservedName => (Text("SELECT symbol FROM __window(0);"), "Choose another name."),
        Code::DuplicateColumn => (
            Text("CREATE STREAM s (a INT, A BIGINT);"),
            "Rename one. Names that differ only in case are one name.",
        ),
        Code::DuplicateClause => (
            Text("CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts, WATERMARK FOR ts AS ts);"),
            "Leave one of them out.",
        ),
        Code::DuplicateOption => (
            Text("CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'topic' = 'u');"),
            "Leave one of them out.",
        ),
        Code::TextTooLong => (
            Large("more than a mebibyte of text", || "SELECT 1; ".repeat(150_000)),
            "Split the app into several files.",
        ),
        Code::TooManyTokens => (
            Large("a condition of 10 000 terms", || {
                format!("SELECT a FROM s WHERE {}", ["a = 1"; 10_000].join(" OR "))
            }),
            "Split the app into several files, or the list into rows of a stream.",
        ),
        Code::NestedTooDeep => (
            Large("a value within 101 parentheses", || {
                format!("SELECT {}1{};", "(".repeat(101), ")".repeat(101))
            }),
            "Compute a part of it in a view, or insert it into a stream and read that.",
        ),
        Code::ChainTooLong => (
            Large("a condition of 501 terms", || {
                format!("SELECT qty FROM trades WHERE {};", ["qty = 1"; 501].join(" OR "))
            }),
            "Write `x IN (…)`.",
        ),
        Code::TooManyJoins => (
            Large("a FROM of 66 relations", || {
                format!("SELECT * FROM {};", ["trades"; 66].join(", "))
            }),
            "Split the query, with a stream between its parts.",
        ),
        Code::TooManyUnions => (
            Large("a UNION ALL of 501 queries", || {
                format!("{};", ["SELECT qty FROM trades"; 501].join(" UNION ALL "))
            }),
            "Insert into one stream by several INSERTs.",
        ),
        Code::TooManyColumns => (
            Large("a SELECT of 2 001 columns", || {
                format!("SELECT {} FROM trades;", ["qty"; 2_001].join(", "))
            }),
            "Put the values into an ARRAY, a MAP or a STRUCT.",
        ),
        Code::CteExpansionTooLarge => (
            Large(
                "eleven WITH queries, each of which reads the one before twice",
                || {
                    let mut text = "WITH c0 AS (SELECT qty FROM trades)".to_owned();
                    for level in 1..=11 {
                        let _ = write!(
                            text,
                            ", c{level} AS (SELECT qty FROM c{0} UNION ALL SELECT qty FROM c{0})",
                            level - 1
                        );
                    }
                    text + " SELECT qty FROM c11;"
                },
            ),
            "Insert one of them into a stream, and read that.",
        ),
        Code::ViewExpansionTooLarge => (
            Large("ten views, each of which reads the one before twice", || {
                let mut text = "CREATE VIEW v0 AS SELECT qty FROM trades;".to_owned();
                for level in 1..=10 {
                    let _ = write!(
                        text,
                        " CREATE VIEW v{level} AS SELECT qty FROM v{0} UNION ALL SELECT qty FROM v{0};",
                        level - 1
                    );
                }
                text
            }),
            "Insert one of the views into a stream, and read that.",
        ),
        Code::UnknownType => (
            Text("CREATE STREAM s (a INTT);"),
            "[SQL](sql.md#types) lists the types.",
        ),
        Code::InvalidType => (
            Text("CREATE STREAM s (a DECIMAL(50, 2));"),
            "Stay within the range that the message names.",
        ),
        Code::InvalidDuration => (
            Text("SELECT count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MONTH) GROUP BY window_start;"),
            "Write it in weeks or smaller units.",
        ),
        Code::InvalidOption => (
            Text("CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'error' = 'dead');"),
            "`eventflux connector doc NAME` has the values of each option.",
        ),
        Code::InvalidColumn => (
            Text(
                "CREATE STREAM s (a INT, p INT METADATA FROM 'partitoin') WITH ('connector' = 'kafka', 'topic' = 't');",
            ),
            "`eventflux connector doc NAME` has the metadata of each connector.",
        ),
        Code::InvalidWatermark => (
            Text("CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts + INTERVAL '5' SECOND);"),
            "Write `WATERMARK FOR c AS c - INTERVAL '5' SECOND` for a TIMESTAMP column of the stream.",
        ),
        Code::UnknownWindow => (
            Text("SELECT count(*) AS n FROM trades WINDOW TUMBLNG(1 MINUTE);"),
            "[SQL](sql.md#windows) lists the windows.",
        ),
        Code::InvalidWindow => (
            Text("SELECT count(*) AS n FROM HOP(trades, at, INTERVAL '1' MINUTE) GROUP BY window_start;"),
            "[SQL](sql.md#windows) has the arguments of each window.",
        ),
        Code::InvalidEmit => (
            Text("SELECT symbol, count(*) AS n FROM trades GROUP BY symbol EMIT ON WINDOW CLOSE;"),
            "Leave the clause out, or aggregate over a window.",
        ),
        Code::UnknownRelation => (
            Text("SELECT symbol FROM trade;"),
            "Correct the name, or move the statement behind the declaration.",
        ),
        Code::UnknownColumn => (
            Text("SELECT pric FROM trades;"),
            "Correct the name. Names in double quotes are found only as they are spelled.",
        ),
        Code::AmbiguousColumn => (
            Nothing("A query of this version reads one relation, so that no name is ambiguous."),
            "Put the relation's name before the column's.",
        ),
        Code::UnknownFunction => (
            Text("SELECT uper(symbol) FROM trades;"),
            "`SHOW FUNCTIONS` lists all.",
        ),
        Code::DuplicateRelation => (
            Text("CREATE STREAM Trades (a INT);"),
            "Choose another name, or write CREATE OR REPLACE before anything uses it.",
        ),
        Code::InvalidRelation => (
            Text("CREATE SOURCE s (a INT);"),
            "The help says what the relation needs.",
        ),
        Code::CyclicStreams => (
            Text(
                "CREATE STREAM a (x INT);\nCREATE STREAM b (x INT);\nINSERT INTO b SELECT x FROM a;\nINSERT INTO a SELECT x FROM b;",
            ),
            "Write to another stream.",
        ),
        Code::TypeMismatch => (
            Text("SELECT symbol AND qty > 1 FROM trades;"),
            "CAST one side to the type that is meant.",
        ),
        Code::WrongArguments => (
            Text("SELECT upper(symbol, 2) FROM trades;"),
            "The help shows how the function is called.",
        ),
        Code::ColumnCount => (
            Text("INSERT INTO plain SELECT symbol, qty, price FROM trades;"),
            "Name the columns that are filled: `INSERT INTO plain (symbol, qty) …`.",
        ),
        Code::NotGrouped => (
            Text("SELECT symbol, price, count(*) AS n FROM trades GROUP BY symbol;"),
            "Add the column to GROUP BY, or take one value of the group.",
        ),
        Code::MisplacedAggregate => (
            Text("SELECT symbol FROM trades WHERE count(*) > 1 GROUP BY symbol;"),
            "Write HAVING, or compute the aggregate in a sub-query in FROM.",
        ),
        Code::NotEventTime => (
            Text(
                "SELECT count(*) AS n FROM TUMBLE(trades, noticed, INTERVAL '1' MINUTE) GROUP BY window_start;",
            ),
            "Name the column of the stream's WATERMARK clause, and hand it on unchanged.",
        ),
        Code::NoEventTime => (
            Text("SET state_ttl = '24h';\nSELECT symbol, count(*) AS n FROM plain GROUP BY symbol;"),
            "Declare the event time with the stream, or turn the setting off for this app: `SET state_ttl = 'none'`.",
        ),
        Code::NullInNotNull => (
            Text("INSERT INTO plain VALUES ('a', NULL);"),
            "Give a value, or declare the column without NOT NULL.",
        ),
        Code::UnknownConnector => (
            Text("CREATE STREAM s (a INT) WITH ('connector' = 'kafak', 'topic' = 't');"),
            "`eventflux connector list` lists all.",
        ),
        Code::InvalidConnector => (
            Text("CREATE SOURCE s (a INT) WITH ('connector' = 'blackhole');"),
            "Take a connector that can, or declare the stream as what it is.",
        ),
        Code::UnknownOption => (
            Text("CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topik' = 't');"),
            "`eventflux connector doc NAME` lists all.",
        ),
        Code::MissingOption => (
            Text("CREATE STREAM s (a INT) WITH ('connector' = 'kafka');"),
            "Add the option; `eventflux connector doc NAME` explains it.",
        ),
        Code::ChangelogToAppend => (
            Text(
                "CREATE TABLE t (symbol STRING, n BIGINT, PRIMARY KEY (symbol))\nWITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json');\nINSERT INTO t SELECT symbol, count(*) FROM trades GROUP BY symbol;",
            ),
            "Take a format that knows changes, write the rows after each change into a STREAM, or aggregate over a window.",
        ),
        Code::KeyMismatch => (
            Text(
                "CREATE TABLE t (symbol STRING, n BIGINT, PRIMARY KEY (n))\nWITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'upsert_json');\nINSERT INTO t SELECT symbol, count(*) FROM trades GROUP BY symbol;",
            ),
            "Group by exactly the columns of the PRIMARY KEY.",
        ),
        Code::LateRows => (
            Text(
                "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)\nWITH ('connector' = 'kafka', 'topic' = 't', 'late' = 'plain');\nSELECT count(*) AS n FROM TUMBLE(s, ts, INTERVAL '1' SECOND) GROUP BY window_start;",
            ),
            "Leave the stream for late rows undeclared, and it has the columns that are needed.",
        ),
        Code::UnknownSetting => (
            Text("SET paralelism = 4;"),
            "[SQL](sql.md#settings) lists the settings.",
        ),
        Code::InvalidSetting => (
            Text("SET batch_size = 0;"),
            "Stay within the range that the message names.",
        ),
        Code::UnboundedState => (
            Text("SELECT symbol, count(*) AS n FROM trades GROUP BY symbol;"),
            "Fine if there are few keys; otherwise aggregate over a window, or set a `state_ttl`.",
        ),
        Code::UnusedOption => (
            Text(
                "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)\nWITH ('connector' = 'kafka', 'topic' = 't', 'allowed_lateness' = '10s');\nSELECT a FROM s;",
            ),
            "Leave it out, or put a window over the stream.",
        ),
        Code::NoInput => (
            Text("SELECT symbol FROM plain;"),
            "Give the stream a connector, insert into it, or feed it from your program.",
        ),
        Code::PlanningTooLong => (
            Large("a text that takes longer than ten seconds", || {
                "SELECT symbol FROM trades;".to_owned()
            }),
            "Split the app into several files.",
        ),
        Code::ConfigSyntax => (Elsewhere, "Mend the YAML at the caret, or just before it."),
        Code::UnknownKey => (
            Elsewhere,
            "Mend the name, or move it to where it belongs; `eventflux config show` lists the keys.",
        ),
        Code::DuplicateKey => (Elsewhere, "Remove one of the two."),
        Code::InvalidValue => (Elsewhere, "Give a value that the key can have."),
        Code::MissingKey => (Elsewhere, "Give the other key, too."),
        Code::ConflictingKeys => (Elsewhere, "Remove one of the two."),
        Code::UnresolvedReference => (
            Elsewhere,
            "Set the variable, mount the file, or give a default: `${env:NAME:-default}`.",
        ),
        Code::CompilerBug => (Nothing("No text should give it."), "Please report the text."),
    }
}

fn context_of(code: Code) -> CompileContext {
    match code {
        Code::PlanningTooLong => CompileContext {
            planning_time_max: Duration::ZERO,
            ..context()
        },
        _ => context(),
    }
}

/// What is said about a text behind [`STREAMS`].
fn diagnostics(text: &str, code: Code) -> Vec<Diagnostic> {
    match compile(
        &SourceText::new("app.sql", format!("{STREAMS}{text}")),
        &context_of(code),
    ) {
        Ok(app) => app.warnings,
        Err(diagnostics) => diagnostics,
    }
}

/// The diagnostic of this code as users see it, lines counted from the example's first.
fn said(text: &str, code: Code) -> String {
    let mut found = diagnostics(text, code);
    found.retain(|diagnostic| diagnostic.code == code);
    found.truncate(1);
    for diagnostic in &mut found {
        // What is declared above the example is not shown with it.
        diagnostic
            .labels
            .retain(|label| label.span.start >= STREAMS.len());
        let labels = diagnostic.labels.iter_mut().map(|label| &mut label.span);
        for span in labels.chain([&mut diagnostic.span]) {
            span.start = span.start.saturating_sub(STREAMS.len());
            span.end = span.end.saturating_sub(STREAMS.len());
        }
    }
    full(&SourceText::new("app.sql", text), &found, Colour::Never)
}

fn page() -> String {
    let mut page = format!(
        "# Diagnostics\n\n\
         What `eventflux check` and `eventflux config check` can say. A diagnostic has a code that stays over versions, one sentence, the place in the text, and often a \
         line of help. Errors keep an app from running; warnings are doubts.\n\n\
         This page is made from the compiler's own table. Every example stands behind these two streams:\n\n\
         ```text\n{STREAMS}```\n"
    );
    for code in Code::ALL {
        let (given, way_out) = example(*code);
        let _ = write!(page, "\n## {code}\n\n{}\n\n", code.explanation());
        match given {
            Given::Text(text) => {
                let said = said(text, *code);
                let _ = write!(
                    page,
                    "```text\n{text}\n```\n\n```text\n{}\n```\n\n",
                    said.trim_end()
                );
            }
            Given::Large(words, text) => {
                let message = &diagnostics(&text(), *code)[0].message;
                let _ = write!(page, "For instance {words}: `{message}`.\n\n");
            }
            Given::Elsewhere => {
                let guide = "See [configuration](../guides/configuration.md).";
                let _ = write!(page, "{guide}\n\n");
            }
            Given::Nothing(why) => {
                let _ = write!(page, "{why}\n\n");
            }
        }
        let _ = writeln!(page, "**The way out**: {way_out}");
    }
    page
}

#[test]
fn every_example_of_the_page_gives_its_code() {
    for code in Code::ALL {
        let text = match example(*code).0 {
            Given::Text(text) => text.to_owned(),
            Given::Large(_, text) => text(),
            Given::Nothing(_) | Given::Elsewhere => continue,
        };
        let found = diagnostics(&text, *code);
        assert!(
            found.iter().any(|diagnostic| diagnostic.code == *code),
            "{code}: {text:.200} gives {:?}",
            found.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>()
        );
    }
}

#[test]
fn what_gives_nothing_is_little() {
    let nothing = Code::ALL
        .iter()
        .filter(|code| matches!(example(**code).0, Given::Nothing(_)));
    assert_eq!(
        nothing.collect::<Vec<_>>(),
        [&Code::AmbiguousColumn, &Code::CompilerBug]
    );
}

#[test]
fn the_page_of_diagnostics_is_up_to_date() {
    crate::documentation::check("docs/reference/diagnostics.md", &page());
}
