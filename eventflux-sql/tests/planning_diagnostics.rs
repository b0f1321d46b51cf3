//! What users see when a text is well formed and cannot be planned: one snapshot per family of mistakes.

/// Streams that every case may use.
const STREAMS: &str = "\
CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, other TIMESTAMP, ok BOOLEAN, \
tags ARRAY<STRING>, amount DECIMAL(10, 2), WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM plain (k STRING, v INT NOT NULL, t TIMESTAMP);
";

/// The diagnostics of each text behind [`STREAMS`], the streams' lines left out of the count.
fn diagnostics(cases: &[&str]) -> String {
    let mut out = String::new();
    for case in cases {
        let text = format!("{STREAMS}{case}");
        let diagnostics = match crate::support::compile(&text, &crate::support::context()) {
            Ok(_) => format!("accepted: {case}\n"),
            Err(diagnostics) => diagnostics,
        };
        out.push_str(&diagnostics);
        out.push('\n');
    }
    out
}

macro_rules! family {
    ($name:ident: $($case:literal),* $(,)?) => {
        #[test]
        fn $name() {
            insta::with_settings!({ snapshot_path => "planning_diagnostics", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(stringify!($name), diagnostics(&[$($case),*]));
            });
        }
    };
}

family!(unknown_names:
    "SELECT pric FROM trades;",
    "SELECT t.price FROM trades;",
    "SELECT trades.prise FROM trades;",
    "SELECT price FROM trade;",
    "SELECT \"Price\" FROM trades;",
    "SELECT uper(symbol) FROM trades;",
    "SELECT median_of(price) FROM trades;",
    "SELECT cuont(*), sum(*) FROM trades;",
    "SELECT x.* FROM trades;",
    "SELECT * EXCLUDE (prise) FROM trades;",
    "SELECT price AS p FROM trades WHERE p > 1;",
    "SELECT a FROM (SELECT price FROM trades) AS s;",
    "WITH c AS (SELECT price FROM trades) SELECT qty FROM c;",
    "SELECT symbol, prce, qtty FROM trades WHERE ids > 1;",
    "SELECT price;",
    "SELECT *;",
    "SELECT n FROM later; CREATE STREAM later (n INT);",
    "DESCRIBE trads;",
    "SELECT tags.x FROM trades;",
    "DROP STREAM nothing;",
    "SELECT price FROM SHIFT(trades, at, INTERVAL '1' MINUTE);",
);

family!(groups_and_aggregates:
    "SELECT symbol, price, count(*) FROM trades GROUP BY symbol;",
    "SELECT symbol FROM trades HAVING price > 1;",
    "SELECT symbol, count(*) FROM trades;",
    "SELECT symbol FROM trades WHERE count(*) > 1;",
    "SELECT sum(count(*)) FROM trades GROUP BY symbol;",
    "SELECT count(*) AS n FROM trades GROUP BY n;",
    "SELECT symbol FROM trades GROUP BY 2;",
    "SELECT window_start, count(*) FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY symbol;",
    "SELECT *, count(*) FROM trades GROUP BY symbol;",
    "SELECT upper(symbol), count(*) FROM trades GROUP BY lower(symbol);",
    "SELECT grouping(price), count(*) FROM trades GROUP BY ROLLUP (symbol);",
    "SELECT sum(price) OVER (PARTITION BY symbol) FROM trades;",
    "SELECT row_number() FROM trades;",
    "SELECT symbol, count(*) FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY GROUPING SETS ((window_start, window_end, symbol), (window_start, symbol));",
);

family!(types:
    "SELECT at AT TIME ZONE 'Mars/Olympus' FROM trades;",
    "SELECT at AT TIME ZONE symbol FROM trades;",
    "SELECT at AT TIME ZONE '+25:00' FROM trades;",
    "SELECT at AT TIME ZONE 'Europe/Berlin' FROM trades;",
    "SELECT symbol + 1 FROM trades;",
    "SELECT price * at FROM trades;",
    "SELECT -symbol FROM trades;",
    "SELECT NOT price FROM trades;",
    "SELECT upper(1, 2) FROM trades;",
    "SELECT abs('x' || symbol, 1) FROM trades;",
    "SELECT date_trunc(price) FROM trades;",
    "SELECT CAST(tags AS INT) FROM trades;",
    "SELECT CAST(price AS NUMBERS) FROM trades;",
    "SELECT CASE WHEN ok THEN 1 ELSE tags END FROM trades;",
    "SELECT price FROM trades WHERE symbol;",
    "SELECT price FROM trades WHERE price;",
    "SELECT at BETWEEN 1 AND tags FROM trades;",
    "SELECT ok > 3 AND tags = 5 FROM trades;",
    "SELECT extract(fortnight FROM at) FROM trades;",
    "SELECT sum(symbol) FROM trades;",
    "SELECT sum(ok) FROM trades GROUP BY symbol;",
    "SELECT price FROM trades UNION ALL SELECT tags FROM trades;",
    "SELECT price, symbol FROM trades UNION ALL SELECT price FROM trades;",
    "SELECT TIMESTAMP 'yesterday' FROM trades;",
    "SELECT price FROM (SELECT symbol * 2 AS price FROM trades) AS s;",
    "SELECT string_agg(symbol) FROM trades GROUP BY ok;",
    "SELECT symbol LIKE 5 FROM trades;",
    "SELECT tags[1] + 1 FROM trades;",
    "SELECT coalesce(tags, 1) FROM trades;",
    "SELECT price IN ('a', tags) FROM trades;",
    "SELECT count(price, qty) FROM trades;",
);

family!(functions:
    "SELECT to_char(at, 'YYYY-MM-DDTHH24') FROM trades;",
    "SELECT to_char(at, '%Y-%m-%d') FROM trades;",
    "SELECT to_char(price, 'FM999') FROM trades;",
    "SELECT to_timestamp(symbol, 'yyyy x') FROM trades;",
    "SELECT date_part('fortnigt', at) FROM trades;",
    "SELECT date_trunc('hours ago', at) FROM trades;",
    "SELECT date_trunc(at, 'hour') FROM trades;",
    "SELECT date_format(at, 'yyyy') FROM trades;",
    "SELECT json_value(symbol, 'a.b') FROM trades;",
    "SELECT substr(tags) FROM trades;",
    "SELECT substring(tags FROM 1) FROM trades;",
    "SELECT trim(tags) FROM trades;",
    "SELECT position('a' IN tags) FROM trades;",
    "SELECT overlay(symbol PLACING 'x' FROM at) FROM trades;",
    "SELECT ceil(symbol) FROM trades;",
    "SELECT ARRAY[1, tags] FROM trades;",
    "SELECT price[1] FROM trades;",
    "SELECT price IS TRUE FROM trades;",
    "SELECT tags IS DISTINCT FROM 5 FROM trades;",
    "SELECT TRY_CAST(price AS INTERVAL) FROM trades;",
    "SELECT CAST(tags AS INTERVAL) FROM trades;",
    "SELECT price SIMILAR TO 5 FROM trades;",
    "SELECT symbol ~ 5 FROM trades;",
    "SELECT map(tags) FROM trades;",
    "SELECT array_append(price, 1) FROM trades;",
    "SELECT greatest(price, tags) FROM trades;",
    "SELECT nullif(tags, 1) FROM trades;",
    "SELECT md5(price, 1) FROM trades;",
    "SELECT lpad(symbol) FROM trades;",
    "SELECT random() FROM trades;",
);

family!(not_yet:
    "SELECT price FROM trades ORDER BY price;",
    "SELECT price FROM trades LIMIT 10;",
    "SELECT t.price FROM trades t JOIN plain p ON t.symbol = p.k;",
    "SELECT 1 FROM trades, plain;",
    "SELECT price FROM trades WHERE symbol IN (SELECT k FROM plain);",
    "SELECT price FROM trades WHERE EXISTS (SELECT k FROM plain);",
    "SELECT (SELECT max(v) FROM plain) FROM trades;",
    "SELECT price FROM trades INTERSECT SELECT price FROM trades;",
    "SELECT DISTINCT ON (symbol) symbol, price FROM trades;",
    "SELECT x FROM UNNEST([1, 2]) AS u(x);",
    "SELECT unnest(tags) FROM trades;",
    "CREATE TABLE t (k INT, PRIMARY KEY (k));",
    "CREATE TABLE t (k INT, PRIMARY KEY (k)) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json'); SELECT k FROM t;",
    "INSERT EXPIRED EVENTS INTO out SELECT price FROM trades WINDOW TUMBLING(1 MINUTE);",
    "INSERT INTO out SELECT symbol, count(*) AS n FROM trades GROUP BY symbol EMIT EVERY INTERVAL '1' SECOND;",
    "SELECT price FROM trades WINDOW LENGTH(5);",
    "SELECT price FROM trades WINDOW TUMBLING(1 MINUTE);",
    "SELECT price FROM trades OUTPUT LAST EVERY 5 EVENTS;",
);

family!(windows_and_time:
    "SELECT count(*) FROM TUMBLE(trades, other, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;",
    "SELECT count(*) FROM TUMBLE(plain, t, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;",
    "SELECT count(*) FROM TUMBLE(trades, symbol, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;",
    "SELECT count(*) FROM TUMBLE(trades, wen, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;",
    "WITH c AS (SELECT at + INTERVAL '1' SECOND AS at FROM trades) SELECT count(*) FROM TUMBLE(c, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;",
    "SELECT count(*) FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end EMIT CHANGES;",
    "SELECT symbol, count(*) AS n FROM trades GROUP BY symbol EMIT ON WINDOW CLOSE;",
    "CREATE STREAM s (a INT, ts STRING, WATERMARK FOR ts AS ts);",
    "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR tz AS tz);",
    "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts + INTERVAL '5' SECOND);",
    "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' MONTH);",
    "WITH w AS (SELECT * FROM TUMBLE(trades, at, INTERVAL '1' MINUTE)) SELECT count(*) FROM TUMBLE(w, at, INTERVAL '1' HOUR) GROUP BY window_start, window_end;",
);

family!(state_ttl:
    "SET state_ttl = '1h'; SELECT k, count(*) AS n FROM plain GROUP BY k;",
    "SET state_ttl = '1h'; SELECT DISTINCT symbol FROM (SELECT symbol FROM trades UNION ALL SELECT k FROM plain);",
    "SET state_ttl = '1h'; SELECT DISTINCT x FROM (SELECT symbol AS x FROM trades UNION ALL SELECT column1 FROM (VALUES ('a')));",
    "SET state_ttl = '1h'; SELECT reason, count(*) AS n FROM system.errors GROUP BY reason;",
    "SET state_ttl = '1h'; SELECT n, count(*) AS symbols FROM (SELECT symbol, count(*) AS n FROM trades GROUP BY symbol) GROUP BY n;",
    "SET state_ttl = '1h'; SELECT DISTINCT n FROM (SELECT count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol);",
    "SET state_ttl = '0s';",
    "SET state_ttl = 'soon';",
    "SET state_ttl = '1 month';",
    "SET state_ttl = 'none'; SELECT k, count(*) AS n FROM plain GROUP BY k;",
    "SET state_ttl = INTERVAL '1' HOUR; SELECT DISTINCT column1 FROM (VALUES (1), (1));",
);

family!(inserts:
    "INSERT INTO plain SELECT symbol, qty FROM trades;",
    "INSERT INTO plain SELECT symbol, price, at, id FROM trades;",
    "INSERT INTO plain SELECT symbol, symbol, at FROM trades;",
    "INSERT INTO plain (k, w) SELECT symbol, qty FROM trades;",
    "INSERT INTO plain (k) SELECT symbol FROM trades;",
    "INSERT INTO plain VALUES ('a', NULL, NULL);",
    "INSERT INTO plain VALUES ('a', 1, 'noon');",
    "INSERT INTO plain VALUES ('a', 1, NULL), ('b', 2);",
    "INSERT INTO plain VALUES ('a', now(), NULL);",
    "INSERT INTO out SELECT price AS x, qty AS x FROM trades;",
    "INSERT INTO plain SELECT tags, qty, at FROM trades;",
    "INSERT INTO system.errors SELECT symbol FROM trades;",
    "CREATE VIEW v AS SELECT symbol FROM trades; INSERT INTO v SELECT symbol FROM trades;",
    "CREATE VIEW v (a, b) AS SELECT symbol FROM trades;",
    "INSERT INTO trades SELECT * FROM trades;",
    "CREATE STREAM a (x INT); CREATE STREAM b (x INT); INSERT INTO b SELECT x FROM a; INSERT INTO a SELECT x FROM b;",
);

family!(sinks:
    "CREATE TABLE t (k STRING, n BIGINT, PRIMARY KEY (k)) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json'); INSERT INTO t SELECT symbol, count(*) FROM trades GROUP BY symbol;",
    "CREATE TABLE t (k STRING, n BIGINT, PRIMARY KEY (n)) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'upsert_json'); INSERT INTO t SELECT symbol, count(*) FROM trades GROUP BY symbol;",
    "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'upsert_json'); INSERT INTO t SELECT symbol, count(*) FROM trades GROUP BY symbol;",
    "CREATE SINK s (k STRING) WITH ('connector' = 'kafka', 'topic' = 't'); SELECT k FROM s;",
    "CREATE SOURCE s (k STRING) WITH ('connector' = 'kafka', 'topic' = 't'); INSERT INTO s SELECT symbol FROM trades;",
    "CREATE STREAM s (k STRING) WITH ('connector' = 'blackhole'); SELECT k FROM s;",
    "CREATE STREAM s (k STRING) WITH ('connector' = 'kafka', 'topic' = 't'); INSERT INTO s SELECT symbol FROM trades; SELECT k FROM s;",
    "CREATE SOURCE s (k STRING) WITH ('connector' = 'blackhole');",
);

family!(options:
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafak', 'topic' = 't');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topik' = 't');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka');",
    "CREATE STREAM s (a INT) WITH ('topic' = 't');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'error' = 'dead');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'idle_timeout' = '0s');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'error' = 'drop', 'dead_letter' = 'x');",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'allowed_lateness' = 'soon');",
    "CREATE STREAM s (a INT) WITH ('connector' = '${env:WHICH}', 'topic' = 't');",
    "CREATE STREAM s (a INT, p INT METADATA FROM 'partitoin') WITH ('connector' = 'kafka', 'topic' = 't');",
    "CREATE STREAM s (a INT, p STRING METADATA FROM 'partition') WITH ('connector' = 'kafka', 'topic' = 't');",
    "CREATE STREAM s (a INT, b AS a + c) WITH ('connector' = 'kafka', 'topic' = 't');",
    "CREATE STREAM s (a INT, b AS upper(a, a)) WITH ('connector' = 'kafka', 'topic' = 't');",
    "CREATE STREAM s (a INT, PRIMARY KEY (b)) WITH ('connector' = 'kafka', 'topic' = 't');",
    "CREATE SOURCE s (a INT);",
    "CREATE STREAM Trades (a INT);",
    "CREATE OR REPLACE STREAM plain (a INT); SELECT k FROM plain;",
    "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 't', 'late' = 'plain'); SELECT count(*) FROM TUMBLE(s, ts, INTERVAL '1' SECOND) GROUP BY window_start, window_end;",
    "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 't', 'late' = 'l'); SELECT count(*) FROM (SELECT a, ts FROM s UNION ALL SELECT a, ts FROM s) AS u WINDOW TUMBLING(1 SECOND);",
    "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'dead_letter' = 'plain'); SELECT a FROM s;",
    "SET paralelism = 4;",
    "SET batch_size = 0;",
);
