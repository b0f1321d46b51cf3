//! Hostile texts are refused within a second, by a diagnostic, on an ordinary stack.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use eventflux_sql::{diagnostic::SourceText, statement::parse};

/// The code of the first diagnostic, or `ok`.
fn first_code(text: &str) -> &'static str {
    match parse(&SourceText::new("hostile.sql", text)) {
        Ok(_) => "ok",
        Err(diagnostics) => diagnostics[0].code.name(),
    }
}

/// Parses on the stack of a test, within the time.
fn check(text: String, expected: &str) {
    check_any(text, &[expected]);
}

/// As [`check`], where more than one bound or mistake may be met first.
fn check_any(text: String, expected: &[&str]) {
    let begin = busy_time();
    let found = first_code(&text);
    let took = busy_time().saturating_sub(begin);
    let shown: String = text.chars().take(60).collect();
    assert!(expected.contains(&found), "{shown} gives {found}");
    // Also in an unoptimised build.
    let limit = Duration::from_secs(1);
    assert!(took < limit, "{shown} took {took:?}");
}

/// How long this thread has computed, so that a busy machine fails no test; where that is not known, the wall clock.
fn busy_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let computed = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = computed.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn repeat(part: &str, count: usize, between: &str) -> String {
    vec![part; count].join(between)
}

#[test]
fn ten_megabytes_of_text_are_refused_unread() {
    check("SELECT 1; ".repeat(1_000_000), "text-too-long");
    check(format!("SELECT '{}'", "x".repeat(10_000_000)), "text-too-long");
    check("(".repeat(10_000_000), "text-too-long");
}

#[test]
fn a_megabyte_of_anything_is_refused_fast() {
    let size = 1 << 20;
    for part in [
        "a ",
        "(",
        "-- x\n",
        "/* ",
        "'",
        "\"",
        "$a",
        "1e",
        "\u{1F600}",
        "1.",
        "E'",
        "::",
        "a=1 OR ",
        "é",
        ";",
        "--",
    ] {
        let text = part.repeat(size / part.len());
        check_any(
            text,
            &[
                "ok",
                "too-many-tokens",
                "unterminated-text",
                "invalid-character",
                "syntax",
            ],
        );
    }
}

#[test]
fn a_hundred_thousand_ors_are_refused() {
    check(
        format!("SELECT a FROM s WHERE {}", repeat("a=1", 100_000, " OR ")),
        "too-many-tokens",
    );
    check(
        format!("SELECT a FROM s WHERE {}", repeat("a", 9_000, " OR ")),
        "chain-too-long",
    );
}

#[test]
fn five_thousand_columns_are_refused() {
    check(
        format!("SELECT {} FROM s", repeat("a", 5_000, ", ")),
        "too-many-columns",
    );
    let columns: Vec<String> = (0..5_000).map(|n| format!("c{n} INT")).collect();
    check(
        format!("CREATE STREAM s ({})", columns.join(", ")),
        "too-many-columns",
    );
}

#[test]
fn nesting_of_a_hundred_thousand_is_refused() {
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("(SELECT ", ")"),
        ("ARRAY[", "]"),
        ("CASE WHEN ", " THEN 1 END"),
        ("NOT ", ""),
    ] {
        let text = format!("SELECT {}1{}", open.repeat(100_000), close.repeat(100_000));
        let expected = if text.len() > 1 << 20 {
            "text-too-long"
        } else {
            "too-many-tokens"
        };
        check(text, expected);
        check(
            format!("SELECT {}1{}", open.repeat(3_000), close.repeat(3_000)),
            "nested-too-deep",
        );
    }
    check(
        format!("SELECT * FROM {}s", "(SELECT * FROM ".repeat(3_000)),
        "nested-too-deep",
    );
    check(
        format!("CREATE STREAM s (a {}INT)", "ARRAY<".repeat(3_000)),
        "nested-too-deep",
    );
}

#[test]
fn everything_just_below_the_bounds_is_read() {
    check(format!("SELECT {}1{}", "(".repeat(95), ")".repeat(95)), "ok");
    check(format!("SELECT {}1{}", "abs(".repeat(95), ")".repeat(95)), "ok");
    check(format!("SELECT {}1{}", "ARRAY[".repeat(95), "]".repeat(95)), "ok");
    check(
        format!("SELECT {}1{}", "CAST(".repeat(95), " AS INT)".repeat(95)),
        "ok",
    );
    check(
        format!("SELECT {}1{}", "CASE WHEN a THEN ".repeat(95), " END".repeat(95)),
        "ok",
    );
    check(
        format!("SELECT {}1{}", "(SELECT ".repeat(95), ")".repeat(95)),
        "ok",
    );
    check(
        format!(
            "SELECT * FROM {}s{}",
            "(SELECT * FROM ".repeat(95),
            ") t".repeat(95)
        ),
        "ok",
    );
    check(
        format!(
            "SELECT a FROM s WHERE {}1{}",
            "a IN (SELECT a FROM s WHERE ".repeat(95),
            ")".repeat(95)
        ),
        "ok",
    );
    check(
        format!("SELECT a FROM s WHERE {}", repeat("a = 1", 500, " OR ")),
        "ok",
    );
    check(format!("SELECT {} FROM s", repeat("a", 2_000, ", ")), "ok");
    check(repeat("SELECT 1", 500, " UNION ALL "), "ok");
    let chain = |inner: &str| format!("({inner}){}", " + 1".repeat(480));
    check(format!("SELECT {}", chain(&chain(&chain("1")))), "ok");
    check(
        format!("SELECT CAST(1 AS INT{})", "[]".repeat(480)),
        "invalid-type",
    );
    check(format!("SELECT 1{}", "::INT".repeat(480)), "ok");
    check(
        format!(
            "SELECT a FROM {}s{}",
            "TUMBLE(".repeat(90),
            ", 1 SECOND)".repeat(90)
        ),
        "ok",
    );
}

/// `sqlparser` tries some forms twice; nested, that doubles at every level.
#[test]
fn forms_that_are_tried_twice_do_not_explode() {
    for depth in [20, 45, 90] {
        // Each ends in a mistake, so that every attempt fails at the innermost place.
        for open in [
            "(",
            "f(",
            "CAST(",
            "ARRAY[",
            "CASE WHEN ",
            "EXISTS (SELECT ",
            "(SELECT a FROM s WHERE x IN (",
            "STRUCT(",
            "position(",
            "substring(",
            "trim(",
            "f(x => ",
            "INTERVAL ",
            "NOT (",
            "floor(",
            "extract(day FROM ",
            "overlay(",
            "MAP(",
            "a[",
        ] {
            let levels = open.matches(['(', '[']).count().max(1);
            check_any(
                format!("SELECT {} , ) FROM", open.repeat(depth / levels)),
                &["syntax", "nested-too-deep"],
            );
        }
    }
}

#[test]
fn doubled_parentheses_do_not_explode() {
    for depth in [8, 20, 45] {
        let doubled = if depth > 8 { "nested-too-deep" } else { "syntax" };
        check(
            format!("SELECT * FROM {}", "((SELECT * FROM ".repeat(depth)),
            doubled,
        );
        check(
            format!("SELECT * FROM {}", "((a NATURAL JOIN ".repeat(depth)),
            doubled,
        );
        check_any(
            format!("SELECT {}", "a IN ((SELECT b FROM c WHERE ".repeat(depth)),
            &["syntax", "nested-too-deep"],
        );
    }
}

#[test]
fn thousands_of_mistakes_cost_no_more_than_one() {
    for mistake in [
        "ceil(a TO day)",
        "a COLLATE c",
        "$1",
        "tumble(a)",
        "CAST(a AS VARCHAR(5))",
        "f(SELECT 1)",
    ] {
        let text = format!("SELECT a FROM s WHERE a IN ({})", repeat(mistake, 1_900, ", "));
        check_any(
            text,
            &["not-supported", "invalid-window", "invalid-type", "syntax"],
        );
    }
    check("x;".repeat(10_000), "syntax");
}

#[test]
fn references_between_ctes_are_bounded() {
    let chain = |count: usize, references: usize| {
        let ctes: Vec<String> = (1..count)
            .map(|n| {
                let from: Vec<String> = (0..references).map(|m| format!("c{} AS t{m}", n - 1)).collect();
                format!("c{n} AS (SELECT 1 FROM {})", from.join(", "))
            })
            .collect();
        format!(
            "WITH c0 AS (SELECT 1 FROM s), {} SELECT * FROM c{}",
            ctes.join(", "),
            count - 1
        )
    };
    check(chain(50, 1), "ok");
    check(chain(8, 2), "ok");
    check(chain(30, 2), "cte-expansion-too-large");
    check(chain(15, 4), "cte-expansion-too-large");
}

/// The code of the first diagnostic of a compilation, or `ok`, within the time.
fn check_compiled(text: &str, expected: &[&str]) {
    let begin = Instant::now();
    let result = eventflux_sql::compile(&SourceText::new("hostile.sql", text), &crate::support::context());
    let took = begin.elapsed();
    let found = match &result {
        Ok(_) => "ok",
        Err(diagnostics) => diagnostics[0].code.name(),
    };
    let shown: String = text.chars().take(100).collect();
    assert!(
        expected.contains(&found),
        "{shown} gives {found}: {:?}",
        result.err()
    );
    // By the wall clock, since planning has its own thread, and unoptimised: what grows without bound takes longer.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 5 });
    assert!(took < limit, "{shown} took {took:?}");
}

const STREAM: &str = "CREATE STREAM s (a INT, b STRING, ts TIMESTAMP, WATERMARK FOR ts AS ts);\n";

#[test]
fn views_that_double_each_other_are_refused() {
    let mut text = format!("{STREAM}CREATE VIEW v0 AS SELECT a FROM s;\n");
    for level in 1..=40 {
        let before = level - 1;
        let view = format!(
            "CREATE VIEW v{level} AS SELECT a FROM v{before} UNION ALL SELECT a + 1 FROM v{before};\n"
        );
        text.push_str(&view);
    }
    check_compiled(
        &format!("{text}SELECT a FROM v40;"),
        &["view-expansion-too-large"],
    );
    // What follows from a refused view is not repeated.
    let source = SourceText::new("hostile.sql", text.as_str());
    let refused = eventflux_sql::compile(&source, &crate::support::context()).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[test]
fn views_and_with_queries_multiply_within_the_same_bound() {
    let mut text = format!("{STREAM}CREATE VIEW v0 AS SELECT a FROM s;\n");
    for level in 1..=6 {
        let before = level - 1;
        text.push_str(&format!(
            "CREATE VIEW v{level} AS WITH c AS (SELECT a FROM v{before}) SELECT a FROM c UNION ALL SELECT a FROM c \
             UNION ALL SELECT a FROM c UNION ALL SELECT a FROM c;\n"
        ));
    }
    check_compiled(&text, &["view-expansion-too-large"]);
}

#[test]
fn views_of_views_are_fine() {
    let mut text = format!("{STREAM}CREATE VIEW v0 AS SELECT a, b FROM s;\n");
    for level in 1..=40 {
        let before = level - 1;
        text.push_str(&format!(
            "CREATE VIEW v{level} AS SELECT a, b FROM v{before} WHERE a > {level};\n"
        ));
    }
    check_compiled(&format!("{text}SELECT a FROM v40;"), &["ok"]);
}

#[test]
fn expressions_that_double_in_sub_queries_do_not_grow_without_bound() {
    for (item, condition) in [("a + a", "a > 1"), ("b || b", "length(b) > 1")] {
        let column = &item[..1];
        let mut query = format!("SELECT {item} AS {column} FROM s");
        for _ in 0..40 {
            query = format!("SELECT {item} AS {column} FROM ({query}) AS t");
        }
        check_compiled(
            &format!("{STREAM}SELECT {column} FROM ({query}) AS t WHERE {condition};"),
            &["nested-too-deep"],
        );
        // Without a condition, every step is computed by itself.
        check_compiled(&format!("{STREAM}{query};"), &["ok"]);
    }
}

#[test]
fn large_texts_are_planned_or_refused_in_time() {
    let columns = (0..400)
        .map(|index| format!("c{index} INT"))
        .collect::<Vec<_>>()
        .join(", ");
    check_compiled(
        &format!("CREATE STREAM w ({columns}); SELECT * FROM (SELECT * FROM (SELECT * FROM w) AS x) AS y;"),
        &["ok"],
    );
    let too_many = (0..5_000)
        .map(|index| format!("c{index} INT"))
        .collect::<Vec<_>>()
        .join(", ");
    check_compiled(
        &format!("CREATE STREAM w ({too_many});"),
        &["too-many-columns", "too-many-tokens"],
    );
    check_compiled(
        &format!("{STREAM}SELECT a FROM s WHERE {}", repeat("a=1", 100_000, " OR ")),
        &["text-too-long", "too-many-tokens"],
    );
    check_compiled(
        &format!("{STREAM}SELECT a FROM s WHERE {}", repeat("a = 1", 499, " OR ")),
        &["ok"],
    );
    check_compiled(&"SELECT 1; ".repeat(1_000_000), &["text-too-long"]);
    let deep = format!(
        "{}SELECT a FROM s{}",
        "SELECT a FROM (".repeat(49),
        ") AS t".repeat(49)
    );
    check_compiled(&format!("{STREAM}{deep};"), &["ok"]);
    check_compiled(
        &format!("{STREAM}SELECT {}a{} FROM s;", "(".repeat(99), ")".repeat(99)),
        &["ok"],
    );
    let cases = format!(
        "{}a{}",
        "CASE WHEN a > 1 THEN ".repeat(60),
        " ELSE 0 END".repeat(60)
    );
    check_compiled(&format!("{STREAM}SELECT {cases} AS x FROM s;"), &["ok"]);
    check_compiled(
        &format!("{STREAM}{};", repeat("SELECT a, b FROM s", 499, " UNION ALL ")),
        &["ok"],
    );
    let keys = (0..12)
        .map(|index| format!("a + {index}"))
        .collect::<Vec<_>>()
        .join(", ");
    check_compiled(
        &format!("{STREAM}SELECT count(*) AS n FROM s GROUP BY CUBE ({keys});"),
        &["ok"],
    );
    let keys = (0..30)
        .map(|index| format!("a + {index}"))
        .collect::<Vec<_>>()
        .join(", ");
    check_compiled(
        &format!("{STREAM}SELECT count(*) AS n FROM s GROUP BY CUBE ({keys});"),
        &["not-supported"],
    );
}
