//! What the user is told about a text that cannot be read, word for word.

use eventflux_sql::{
    diagnostic::{
        SourceText,
        render::{Colour, concise, full, json},
    },
    statement::parse,
};

/// Compares with the snapshot, which does not repeat the texts in its head.
macro_rules! check {
    ($report:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!($report) })
    };
}

/// Every mistake with its full diagnostic.
fn report(mistakes: &[&str]) -> String {
    let mut report = String::new();
    for text in mistakes {
        let source = SourceText::new("app.sql", *text);
        let rendered = match parse(&source) {
            Ok(_) => format!("no mistake is found in: {text}\n"),
            Err(diagnostics) => full(&source, &diagnostics, Colour::Never),
        };
        report.push_str(&rendered);
        report.push('\n');
    }
    report
}

#[test]
fn mistyped_keywords() {
    check!(report(&[
        "SELEC a FROM s",
        "SELECT a FORM s",
        "SELECT a FROM s WERE a > 1",
        "SELECT a FROM s\nGRUOP BY a",
        "SELECT a FROM s GROUP BT a",
        "SELECT a FROM (SELECT b FROM c WHRE x > 1) t",
        "INSRT INTO t SELECT 1",
        "INSERT INOT t SELECT 1",
        "INSERT INTO t SELETC 1",
        "CRATE STREAM s (a INT)",
        "CREATE STREM s (a INT)",
        "CREATE STREAM s (a INT, WATERMRK FOR a AS a)",
        "CREATE STREAM s (a INT) WIHT (format = 'json')",
        "SHOW STREMS",
        "DROP STREEM s",
    ]));
}

#[test]
fn broken_queries() {
    check!(report(&[
        "SELECT",
        "SELECT a, FROM s",
        "SELECT FROM s",
        "SELECT a b c FROM s",
        "SELECT (a > 1 AND b < 2 FROM s",
        "SELECT a) FROM s",
        "SELECT a FROM s WHERE a = = 1",
        "SELECT a FROM s WHERE",
        "SELECT CAST(a AS) FROM s",
        "SELECT CASE WHEN a THEN 1 FROM s",
        "SELECT a FROM s WHERE a IS 5",
        "SELECT a FROM s WHERE a NOT 5",
        "SELECT * FROM s LEFT b ON x",
        "SELECT * FROM s JOIN b ON",
        "SELECT a FROM s ORDER a",
        "SELECT a FROM s UNION",
        "SELECT a FROM s WHERE a IN (SELECT b c d FROM t)",
        "SELECT f(a, ) FROM s",
        "SELECT a AS FROM s",
        "FROM s SELECT a",
        "WITH x AS SELECT 1 SELECT 2",
        "SELECT CAST(a + 1 AS VARCHAR(20)), b::STRNG, TRY_CAST(f(c) AS DECIMAL(99)) FROM s",
        "SELECT ts - INTERVAL '5' SECNDS FROM s",
    ]));
}

#[test]
fn broken_texts() {
    check!(report(&[
        "SELECT 'abc FROM s",
        "SELECT \"abc FROM s",
        "SELECT a /* never closed FROM s",
        "SELECT ‘a’ FROM s",
        "SELECT a \\ b FROM s",
        "SELECT /*+ hint */ a FROM s",
        "SELECT a FROM __window(0)",
        "SELECT 1;\nUPDATE s SET a = 1;\nSELEKT 1;\nSELECT b FROM (s",
    ]));
}

#[test]
fn broken_declarations() {
    check!(report(&[
        "CREATE STREAM (a INT)",
        "CREATE STREAM s (a INTT, b, c DECIMAL(50, 2))",
        "CREATE STREAM s (a INT b INT)",
        "CREATE STREAM s (a INT,, b INT)",
        "CREATE STREAM s (a INT, A BIGINT)",
        "CREATE STREAM s (a VARCHAR(20), b INT(11), c TIMESTAMP(4), d FLOAT(24))",
        "CREATE STREAM s (a INT DEFAULT 5, b INT NULL, c INT CHECK (c > 1), d INT NOT NUL)",
        "CREATE STREAM s (a AS, b AS a +)",
        "CREATE STREAM s (a AS (SELECT max(b) FROM t))",
        "CREATE STREAM s (a INT PRIMARY KEY, PRIMARY KEY (a))",
        "CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts, WATERMARK FOR ts AS ts)",
        "CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts)\nPARTITIONED BY (ts)",
        "CREATE STREAM s (a INT METADATA FROM offset)",
        "CREATE STREAM s (a STRUCT<INT>, b MAP<INT>, c ARRAY)",
        "CREATE STREAM s (a INT, UNIQUE (a))",
        "CREATE STREAM s AS SELECT 1",
        "CREATE STREAM s (a INT",
        "CREATE VIEW v SELECT 1",
        "CREATE VIEW v (a INT) AS SELECT 1",
        "CREATE VIEW v AS SELECT 1 INSERT INTO t",
        "CREATE TEMPORARY TABLE t (a INT)",
    ]));
}

#[test]
fn broken_options() {
    check!(report(&[
        "CREATE STREAM s (a INT) WITH (format 'json')",
        "CREATE STREAM s (a INT) WITH ('format' = json, 'Format' = 'csv')",
        "CREATE STREAM s (a INT) WITH (format = \"json\")",
        "CREATE STREAM s (a INT) WITH (format = )",
        "CREATE STREAM s (a INT) WITH ('path' = '${env:HOME')",
        "CREATE STREAM s (a INT) WITH ('path' = '${evn:HOME}')",
        "CREATE STREAM s (a INT) WITH ('path' = '${env:MY HOME}')",
        "CREATE STREAM s (a INT) WITH (format = 'json') WITH (path = 'x')",
        "SET = 5",
        "SET a 5",
        "SET a = 5 HOURZ",
    ]));
}

#[test]
fn broken_windows() {
    check!(report(&[
        "SELECT a FROM TUMBEL(s, ts, INTERVAL '1' MINUTE)",
        "SELECT a FROM TUMBLE()",
        "SELECT a FROM TUMBLE(s, ts)",
        "SELECT a FROM TUMBLE(s, ts, INTERVAL '1' MONTH)",
        "SELECT a FROM TUMBLE(s, ts, INTERVAL '0' SECOND)",
        "SELECT a FROM TUMBLE(s, ts, INTERVAL '1.00000001' SECOND)",
        "SELECT a FROM TUMBLE(s, ts, 10 SECNDS)",
        "SELECT a FROM TUMBLE(s, ts, '10 seconds')",
        "SELECT a FROM TUMBLE(s, a + 1, INTERVAL '1' SECOND)",
        "SELECT a FROM TUMBLE(s, ts, 1 SECOND, 1 SECOND, 1 SECOND)",
        "SELECT a FROM TUMBLE(s PARTITION BY k, ts, 1 SECOND)",
        "SELECT a FROM HOP(s, ts, INTERVAL '1' MINUTE)",
        "SELECT a FROM HOP(s, ts, SIZ => 1 MINUTE)",
        "SELECT a FROM HOP(s, ts, SIZE => 1 MINUTE, SIZE => 1 MINUTE)",
        "SELECT a FROM CUMULATE(s, ts, 1 DAY, 1 HOUR)",
        "SELECT a FROM SESSION(DATA => s, GAP => 1 MINUTE, ts)",
        "SELECT a FROM TUMBLE(5, ts, 1 MINUTE)",
        "SELECT a FROM s WINDOW TUMBLNG(1 MINUTE)",
        "SELECT a FROM s WINDOW TUMBLING()",
        "SELECT a FROM s WINDOW TUMBLING(1 MINUTE, 5 MINUTES)",
        "SELECT a FROM s WINDOW HOPPING(5 MINUTES, 1 MINUTE)",
        "SELECT a FROM s WINDOW('tumbling', five minutes)",
        "SELECT a FROM s GROUP BY a WINDOW TUMBLING(1 MINUTE)",
        "SELECT a FROM s WINDOW TUMBLING(1 MINUTE) OFFSET 5",
        "SELECT a FROM s, t GROUP BY tumble(INTERVAL '1' MINUTE)",
        "SELECT a FROM s GROUP BY tumble(1 MINUTE), hop(1 SECOND, 1 MINUTE)",
        "SELECT tumble(1 MINUTE) FROM s",
        "SELECT a FROM s EMIT SOMETIMES",
        "SELECT a FROM s EMIT WITH DELAY",
        "SELECT a FROM (SELECT b FROM t EMIT CHANGES) s",
        "SELECT a FROM s EMIT CHANGES EMIT FINAL",
        "SELECT a FROM s OUTPUT EVERY 0 EVENTS",
        "SELECT a FROM s OUTPUT EVERY 5 EVETNS",
        "INSERT INTO t SELECT a FROM s INSERT INTO u",
    ]));
}

#[test]
fn what_comes_later() {
    check!(report(&[
        "CREATE TRIGGER g AT START",
        "CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1",
        "CREATE WINDOW w (a INT) WINDOW('length', 5)",
        "CREATE AGGREGATION a AS SELECT 1",
        "CREATE FUNCTION f(a INT) RETURNS INT AS 'a'",
        "PARTITION WITH (k OF s) BEGIN SELECT a FROM s; SELECT b FROM s; END; SELECT 1",
        "UPSERT INTO t SELECT 1",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "SELECT a FROM PATTERN (EVERY e1 = a -> e2 = b)",
        "SELECT a FROM SEQUENCE (e1 = a)",
        "SELECT * FROM s MATCH_RECOGNIZE (PATTERN (A B))",
        "SELECT * FROM s JOIN r FOR SYSTEM_TIME AS OF s.ts ON s.a = r.a",
        "SELECT * FROM s UNIDIRECTIONAL JOIN r ON s.a = r.a",
        "SELECT a FROM s WINDOW LENGTH(5)",
        "SELECT a FROM s WINDOW('externalTime', ts, 5 SECONDS)",
        "SELECT * FROM s, LATERAL (SELECT 1) t",
    ]));
}

#[test]
fn clauses_of_other_databases() {
    check!(report(&[
        "SELECT TOP 5 a FROM s",
        "SELECT a INTO t FROM s",
        "SELECT a FROM s QUALIFY x = 1",
        "SELECT a FROM s PREWHERE x = 1",
        "SELECT a FROM s CLUSTER BY a",
        "SELECT a FROM s SORT BY a",
        "SELECT a FROM s FETCH FIRST 5 ROWS ONLY",
        "SELECT a FROM s FOR UPDATE",
        "SELECT a FROM s LIMIT 1, 2",
        "SELECT a FROM s TABLESAMPLE BERNOULLI (10)",
        "SELECT a FROM s WITH (NOLOCK)",
        "SELECT a FROM s LATERAL VIEW explode(a) t AS x",
        "SELECT a FROM s SETTINGS x = 1",
        "SELECT a FROM s FORMAT JSON",
        "SELECT a FROM s PIVOT (sum(a) FOR b IN (1, 2))",
        "SELECT a FROM s MINUS SELECT 1",
        "WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x",
        "WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x",
        "SELECT a FROM s UNION TABLE t",
        "SELECT a FROM s AS t (a INT)",
        "SELECT * FROM s ASOF JOIN r MATCH_CONDITION (s.a > r.a) ON s.b = r.b",
        "SELECT * FROM s CROSS APPLY f(s.a)",
        "SELECT a COLLATE \"C\" FROM s",
        "SELECT a RLIKE 'x', b LIKE ANY ('y'), CONVERT(c, INT) FROM s",
        "SELECT $1, ? FROM s",
        "SELECT array_agg(a LIMIT 5), ARRAY(SELECT 1) FROM s",
        "SELECT INTERVAL '1' DAY TO SECOND FROM s",
        "SELECT ceil(a TO day) FROM s",
        "SELECT STRUCT<a INT>(5) FROM s",
        "EXPLAIN ANALYZE SELECT 1",
        "INSERT OVERWRITE t SELECT 1",
    ]));
}

#[test]
fn concise_and_json_say_the_same() {
    let text = "SELECT é, FROM s;\nSELECT a FORM s";
    let source = SourceText::new("dir/app.sql", text);
    let diagnostics = parse(&source).unwrap_err();
    check!(format!(
        "{}{}",
        concise(&source, &diagnostics),
        json(&source, &diagnostics)
    ));
}
