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
