//! What texts say: statements, windows in every spelling, and where each part stands.

use eventflux_sql::{
    diagnostic::SourceText,
    statement::{
        ColumnKind, EmitMode, EventSelection, OutputLimit, OutputSelection, Query, RelationKind, ShowKind,
        SqlTypeKind, Statement, StatementKind, Window, WindowForm, WindowKind, parse,
    },
};

fn parse_all(text: &str) -> Vec<Statement> {
    let source = SourceText::new("t", text);
    parse(&source).unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}"))
}

fn parse_one(text: &str) -> StatementKind {
    let mut statements = parse_all(text);
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).kind
}

fn query(text: &str) -> Query {
    match parse_one(text) {
        StatementKind::Query(query) => *query,
        other => panic!("{text} is no query: {other:?}"),
    }
}

/// The only window of a query as text: kind with lengths in milliseconds, input, time column, keys, offset.
fn window(text: &str) -> String {
    let query = query(text);
    assert_eq!(query.windows.len(), 1, "{text}");
    describe(&query.windows[0])
}

fn describe(window: &Window) -> String {
    let ms = |us: i64| us / 1_000;
    let kind = match window.kind {
        WindowKind::Tumble { size } => format!("tumble {}", ms(size.us)),
        WindowKind::Hop { slide, size } => format!("hop {} {}", ms(slide.us), ms(size.us)),
        WindowKind::Cumulate { step, size } => format!("cumulate {} {}", ms(step.us), ms(size.us)),
        WindowKind::Session { gap } => format!("session {}", ms(gap.us)),
    };
    let time = match &window.time_column {
        Some(parts) => parts
            .iter()
            .map(|part| part.value.as_str())
            .collect::<Vec<_>>()
            .join("."),
        None => "-".to_string(),
    };
    let keys: Vec<String> = window.partition_by.iter().map(ToString::to_string).collect();
    let offset = window
        .offset
        .map_or(String::new(), |offset| format!(" offset {}", ms(offset.us)));
    let keys = if keys.is_empty() {
        String::new()
    } else {
        format!(" by {}", keys.join(","))
    };
    format!("{kind} of {} at {time}{keys}{offset}", window.input)
}

#[test]
fn tumble_has_one_meaning_in_all_spellings() {
    for from in [
        "TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND))",
        "TABLE(TUMBLE(DATA => TABLE bids, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '10' SECOND))",
        "TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND)",
        "TUMBLE(bids, ts, INTERVAL '10' SECOND)",
        "TUMBLE(bids, ts, INTERVAL '10 seconds')",
        "TUMBLE(bids, ts, INTERVAL 10 SECOND)",
        "TUMBLE(bids, ts, 10 SECONDS)",
        "tumble(bids, ts, 0.1 minute 4 s)",
        "TUMBLE(SIZE => 10 SECONDS, DATA => bids, TIMECOL => ts)",
        "TUMBLE(bids, ts, SIZE => INTERVAL '10' SECOND)",
    ] {
        assert_eq!(
            window(&format!("SELECT a FROM {from}")),
            "tumble 10000 of bids at ts",
            "{from}"
        );
    }
}

#[test]
fn windows_take_their_lengths_in_the_documented_order() {
    for (from, expected) in [
        (
            "HOP(bids, ts, 2 SECONDS, 10 SECONDS)",
            "hop 2000 10000 of bids at ts",
        ),
        (
            "HOP(bids, ts, SIZE => 10 SECONDS, SLIDE => 2 SECONDS)",
            "hop 2000 10000 of bids at ts",
        ),
        (
            "HOP(bids, ts, 10 SECONDS, 3 SECONDS)",
            "hop 10000 3000 of bids at ts",
        ),
        (
            "CUMULATE(bids, ts, 1 HOUR, 1 DAY)",
            "cumulate 3600000 86400000 of bids at ts",
        ),
        (
            "TUMBLE(bids, ts, 1 DAY, -1 HOUR)",
            "tumble 86400000 of bids at ts offset -3600000",
        ),
        (
            "HOP(bids, ts, 1 HOUR, 1 DAY, OFFSET => INTERVAL '30' MINUTE)",
            "hop 3600000 86400000 of bids at ts offset 1800000",
        ),
        ("SESSION(bids, ts, 10 SECONDS)", "session 10000 of bids at ts"),
        (
            "TUMBLE(system.bids, b.ts, 1 SECOND)",
            "tumble 1000 of system.bids at b.ts",
        ),
        ("TUMBLE(bids, 1 SECOND)", "tumble 1000 of bids at -"),
        (
            "TUMBLE(\"user\", user, 1 SECOND)",
            "tumble 1000 of \"user\" at user",
        ),
    ] {
        assert_eq!(window(&format!("SELECT a FROM {from}")), expected, "{from}");
    }
}

#[test]
fn sessions_are_kept_per_key_in_all_spellings() {
    for (from, expected) in [
        (
            "SESSION(bids PARTITION BY bidder, ts, 1 MINUTE)",
            "session 60000 of bids at ts by bidder",
        ),
        (
            "SESSION(TABLE bids PARTITION BY (bidder), DESCRIPTOR(ts), 1 MINUTE)",
            "session 60000 of bids at ts by bidder",
        ),
        (
            "SESSION(bids PARTITION BY (a, b), ts, 1 MINUTE)",
            "session 60000 of bids at ts by a,b",
        ),
        (
            "SESSION(bids PARTITION BY a, b, ts, 1 MINUTE)",
            "session 60000 of bids at ts by a,b",
        ),
        (
            "SESSION(DATA => TABLE bids PARTITION BY a, TIMECOL => DESCRIPTOR(ts), GAP => 1 MINUTE)",
            "session 60000 of bids at ts by a",
        ),
        (
            "bids WINDOW SESSION(1 MINUTE, bidder)",
            "session 60000 of bids at - by bidder",
        ),
    ] {
        assert_eq!(window(&format!("SELECT a FROM {from}")), expected, "{from}");
    }
}

#[test]
fn clause_windows_have_one_meaning_in_all_spellings() {
    for from in [
        "s WINDOW TUMBLING(1 MINUTE)",
        "s WINDOW('tumbling', 1 MINUTE)",
        "s WINDOW timeBatch(60 SECONDS)",
        "s WINDOW('time_batch', INTERVAL '1' MINUTE)",
        "s WINDOW Tumble(INTERVAL '1 minute')",
    ] {
        let query = query(&format!("SELECT a FROM {from} WHERE a > 1"));
        assert_eq!(describe(&query.windows[0]), "tumble 60000 of s at -", "{from}");
        assert_eq!(query.windows[0].form, WindowForm::Clause);
        assert_eq!(query.body.to_string(), "SELECT a FROM __window(0) WHERE a > 1");
    }
    assert_eq!(
        window("SELECT a FROM s WINDOW('hopping', 1 MINUTE, 5 MINUTES)"),
        "hop 60000 300000 of s at -"
    );
}

#[test]
fn the_alias_of_a_clause_window_may_stand_on_either_side() {
    for from in [
        "s AS x WINDOW TUMBLING(1 SECOND)",
        "s x WINDOW TUMBLING(1 SECOND)",
        "s WINDOW TUMBLING(1 SECOND) AS x",
    ] {
        let query = query(&format!("SELECT x.a FROM {from} JOIN r ON x.a = r.a"));
        assert_eq!(describe(&query.windows[0]), "tumble 1000 of s at -", "{from}");
        let body = query.body.to_string().replace(" AS x", " x");
        assert_eq!(body, "SELECT x.a FROM __window(0) x JOIN r ON x.a = r.a");
    }
}

#[test]
fn windows_stand_over_queries_and_other_windows() {
    let inner = query("SELECT a FROM TUMBLE((SELECT a, ts FROM s WHERE a > 1), ts, 1 SECOND) AS w");
    assert_eq!(
        describe(&inner.windows[0]),
        "tumble 1000 of (SELECT a, ts FROM s WHERE a > 1) at ts"
    );
    let clause = query("SELECT a FROM (SELECT a FROM s) AS x WINDOW TUMBLING(1 SECOND)");
    assert_eq!(
        describe(&clause.windows[0]),
        "tumble 1000 of (SELECT a FROM s) at -"
    );

    let nested = query("SELECT a FROM HOP(TUMBLE(s, ts, 1 SECOND), window_end, 1 MINUTE, 5 MINUTES)");
    assert_eq!(describe(&nested.windows[0]), "tumble 1000 of s at ts");
    assert_eq!(
        describe(&nested.windows[1]),
        "hop 60000 300000 of __window(0) at window_end"
    );
    assert_eq!(Window::index_of(&nested.windows[1].input), Some(0));
}

#[test]
fn windows_of_all_sub_queries_share_one_table() {
    let query = query(
        "WITH c AS (SELECT * FROM TUMBLE(a, ts, 1 SECOND))
         SELECT * FROM c JOIN (SELECT * FROM b WINDOW TUMBLING(2 SECONDS)) d ON c.x = d.x
         WHERE c.y IN (SELECT y FROM TUMBLE(e, ts, 3 SECONDS)) UNION ALL SELECT * FROM TUMBLE(f, ts, 4 SECONDS)",
    );
    let kinds: Vec<String> = query.windows.iter().map(describe).collect();
    assert_eq!(kinds.len(), 4);
    for (index, window) in query.windows.iter().enumerate() {
        assert!(
            query.body.to_string().contains(&format!("__window({index})")),
            "{}",
            describe(window)
        );
    }
}

#[test]
fn group_functions_become_windows_of_the_relation() {
    for (text, body, expected) in [
        (
            "SELECT a, count(*) FROM s GROUP BY tumble(INTERVAL '1' MINUTE), a",
            "SELECT a, count(*) FROM __window(0) GROUP BY window_start, window_end, a",
            "tumble 60000 of s at -",
        ),
        (
            "SELECT window_start FROM s AS x GROUP BY a, hop(1 SECOND, 1 MINUTE)",
            "SELECT window_start FROM __window(0) AS x GROUP BY a, window_start, window_end",
            "hop 1000 60000 of s at -",
        ),
        (
            "SELECT count(*) FROM (SELECT * FROM s) t GROUP BY session(ts, 1 MINUTE)",
            "SELECT count(*) FROM __window(0) t GROUP BY window_start, window_end",
            "session 60000 of (SELECT * FROM s) at ts",
        ),
    ] {
        let query = query(text);
        assert_eq!(query.body.to_string(), body);
        assert_eq!(describe(&query.windows[0]), expected);
        assert_eq!(query.windows[0].form, WindowForm::Group);
    }
}

#[test]
fn parts_of_a_window_know_their_place() {
    let text = "SELECT a FROM HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '2' SECOND, 10 SECONDS) AS w";
    let source = SourceText::new("t", text);
    let query = query(text);
    let window = &query.windows[0];
    let WindowKind::Hop { slide, size } = window.kind else {
        panic!("no hop")
    };
    assert_eq!(source.slice(window.name_span), "HOP");
    assert_eq!(source.slice(window.input_span), "bids");
    assert_eq!(source.slice(window.time_span), "ts");
    assert_eq!(source.slice(slide.span), "INTERVAL '2' SECOND");
    assert_eq!(source.slice(size.span), "10 SECONDS");
    assert_eq!(
        source.slice(window.span),
        "HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '2' SECOND, 10 SECONDS)"
    );
}

#[test]
fn named_windows_of_over_are_left_alone() {
    let query = query("SELECT sum(a) OVER w FROM s WINDOW w AS (PARTITION BY b ORDER BY ts)");
    assert!(query.windows.is_empty());
    assert!(
        query
            .body
            .to_string()
            .ends_with("WINDOW w AS (PARTITION BY b ORDER BY ts)")
    );
}

#[test]
fn what_follows_a_query_is_cut_off() {
    let changes = query("SELECT a FROM s EMIT CHANGES");
    assert_eq!(changes.body.to_string(), "SELECT a FROM s");
    assert_eq!(changes.emit.map(|emit| emit.mode), Some(EmitMode::Changes));
    for text in [
        "SELECT a FROM s EMIT ON WINDOW CLOSE",
        "SELECT a FROM s EMIT FINAL",
    ] {
        assert_eq!(
            query(text).emit.map(|emit| emit.mode),
            Some(EmitMode::OnWindowClose)
        );
    }
    let Some(EmitMode::Every(period)) = query("SELECT a FROM s EMIT EVERY INTERVAL '1' SECOND")
        .emit
        .map(|it| it.mode)
    else {
        panic!("no period");
    };
    assert_eq!(period.us, 1_000_000);
    for (text, selection) in [
        ("SELECT a FROM s OUTPUT EVERY 5 EVENTS", OutputSelection::All),
        (
            "SELECT a FROM s OUTPUT LAST EVERY 5 EVENTS",
            OutputSelection::Last,
        ),
        (
            "SELECT a FROM s OUTPUT FIRST EVERY 5 EVENTS",
            OutputSelection::First,
        ),
        (
            "SELECT a FROM s OUTPUT SNAPSHOT EVERY 5 EVENTS",
            OutputSelection::Snapshot,
        ),
    ] {
        let output = query(text).output.unwrap();
        assert_eq!(
            (output.selection, output.every),
            (selection, OutputLimit::Events(5)),
            "{text}"
        );
    }
    let Some(OutputLimit::Time(period)) = query("SELECT a FROM s OUTPUT EVERY 2 SECONDS")
        .output
        .map(|it| it.every)
    else {
        panic!("no period");
    };
    assert_eq!(period.us, 2_000_000);
}

#[test]
fn columns_may_be_called_emit_and_output() {
    assert_eq!(
        query("SELECT emit, output FROM s").body.to_string(),
        "SELECT emit, output FROM s"
    );
    assert_eq!(query("SELECT a AS emit FROM s ORDER BY emit").emit, None);
    assert_eq!(query("SELECT a FROM s emit WHERE emit.a > 1").emit, None);
}

#[test]
fn words_of_types_and_forms_are_names_where_they_can_be() {
    let list = "timestamp, date, time, user, interval, position, floor, array, struct, map, json, window, session, text";
    assert_eq!(
        query(&format!("SELECT {list} FROM s")).body.to_string(),
        format!("SELECT {list} FROM s")
    );
    let columns: Vec<String> = list.split(", ").map(|name| format!("{name} STRING")).collect();
    let StatementKind::CreateRelation(relation) =
        parse_one(&format!("CREATE STREAM s ({})", columns.join(", ")))
    else {
        panic!("no relation");
    };
    assert_eq!(relation.columns.len(), columns.len());
}

#[test]
fn expressions_of_postgres_are_read() {
    for expr in [
        "a -> 'b' ->> 'c'",
        "a::BIGINT + CAST(b AS DECIMAL(10, 2))",
        "TRY_CAST(a AS DOUBLE)",
        "a BETWEEN 1 AND 2 AND b NOT IN (1, 2)",
        "a ILIKE '%x' OR a SIMILAR TO 'y' OR a ~* 'z'",
        "EXTRACT(HOUR FROM ts)",
        "CASE WHEN a THEN b ELSE c END",
        "(regexp_match(a, 'x'))[1]",
        "ARRAY[1, 2][1]",
        "sum(DISTINCT a) FILTER (WHERE b > 1)",
        "array_agg(a ORDER BY b DESC NULLS LAST)",
        "row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "INTERVAL '1' MONTH",
        "ts AT TIME ZONE 'UTC'",
        "a IS NOT DISTINCT FROM b",
        "trim(BOTH 'x' FROM a)",
        "substring(a FROM 1 FOR 2)",
        "overlay(a PLACING 'x' FROM 1 FOR 2)",
        "position('x' IN a)",
        "DATE '2024-01-01'",
        "x < -1",
        "E'a\\n'",
        "1_000",
    ] {
        query(&format!("SELECT {expr} FROM s"));
    }
    for rest in [
        "GROUP BY GROUPING SETS ((a), (b), ())",
        "GROUP BY ROLLUP (a, b)",
        "GROUP BY CUBE (a, b) HAVING count(*) > 1",
        "ORDER BY a DESC NULLS LAST LIMIT 5 OFFSET 2",
        "CROSS JOIN UNNEST(a) AS t (b)",
        "UNION ALL SELECT 1 INTERSECT SELECT 2 EXCEPT SELECT 3",
    ] {
        query(&format!("SELECT a FROM s {rest}"));
    }
    query("SELECT * EXCLUDE (a), t.* EXCEPT (b) FROM s AS t");
    query("SELECT DISTINCT ON (a) a, b FROM s");
    query("VALUES (1, 'a'), (2, 'b')");
}

#[test]
fn inserts_lead_trail_and_stand_in_the_middle() {
    for text in [
        "INSERT INTO t (a, b) SELECT a, b FROM s",
        "SELECT a, b FROM s INSERT INTO t (a, b)",
        "INSERT INTO t (a, b) (SELECT a, b FROM s)",
        "INSERT INTO t (a, b) VALUES (1, 2)",
        "WITH c AS (SELECT 1) INSERT INTO t (a, b) SELECT a, b FROM c",
        "INSERT INTO t (a, b) WITH c AS (SELECT 1) SELECT a, b FROM c",
        "WITH c AS (SELECT 1) SELECT a, b FROM c EMIT CHANGES INSERT INTO t (a, b)",
    ] {
        let StatementKind::Insert(insert) = parse_one(text) else {
            panic!("{text} is no insert")
        };
        assert_eq!(insert.target.to_string(), "t", "{text}");
        assert_eq!(insert.columns.len(), 2, "{text}");
        assert!(!insert.query.body.to_string().contains("INSERT"), "{text}");
    }
    for (text, events) in [
        ("INSERT ALL EVENTS INTO t SELECT a FROM s", EventSelection::All),
        (
            "SELECT a FROM s INSERT EXPIRED EVENTS INTO t",
            EventSelection::Expired,
        ),
        (
            "SELECT a FROM s INSERT CURRENT EVENTS INTO t",
            EventSelection::Current,
        ),
    ] {
        let StatementKind::Insert(insert) = parse_one(text) else {
            panic!("{text} is no insert")
        };
        assert_eq!(insert.events, events, "{text}");
    }
}

#[test]
fn relations_are_declared_with_all_their_clauses() {
    let text = "CREATE OR REPLACE STREAM IF NOT EXISTS app.clicks (
            user_id LONG NOT NULL,
            part INT METADATA FROM 'partition',
            offset BIGINT METADATA,
            at TIMESTAMP(3),
            tags MAP<STRING, ARRAY<STRING>>,
            cents AS CAST(price * 100 AS BIGINT),
            price DOUBLE,
            WATERMARK FOR at AS at - INTERVAL '5' SECOND,
            PRIMARY KEY (user_id, at) NOT ENFORCED
        ) WITH (connector = 'kafka', 'topic' = '${env:TOPIC:-clicks}', properties.a-b.c = 1, header = FALSE, n = -2.5)";
    let source = SourceText::new("t", text);
    let StatementKind::CreateRelation(relation) = parse_one(text) else {
        panic!("no relation")
    };
    assert!(relation.is_or_replace && relation.is_if_not_exists);
    assert_eq!(
        (relation.kind, relation.name.to_string()),
        (RelationKind::Stream, "app.clicks".to_string())
    );
    assert_eq!(source.slice(relation.name_span), "app.clicks");
    let columns: Vec<&str> = relation
        .columns
        .iter()
        .map(|column| source.slice(column.span))
        .collect();
    assert_eq!(columns[0], "user_id LONG NOT NULL");
    assert!(relation.columns[0].is_not_null);
    let ColumnKind::Metadata { data_type, key, .. } = &relation.columns[1].kind else {
        panic!("no metadata")
    };
    assert_eq!(
        (&data_type.kind, key.as_deref()),
        (&SqlTypeKind::Int, Some("partition"))
    );
    assert!(matches!(
        &relation.columns[2].kind,
        ColumnKind::Metadata { key: None, .. }
    ));
    let ColumnKind::Computed { expr, expr_span } = &relation.columns[5].kind else {
        panic!("not computed")
    };
    assert_eq!(expr.to_string(), "CAST(price * 100 AS BIGINT)");
    assert_eq!(source.slice(*expr_span), "CAST(price * 100 AS BIGINT)");
    let watermark = relation.watermark.unwrap();
    assert_eq!(watermark.column.value, "at");
    assert_eq!(
        source.slice(watermark.span),
        "WATERMARK FOR at AS at - INTERVAL '5' SECOND"
    );
    let key = relation.primary_key.unwrap();
    assert!(key.is_not_enforced);
    assert_eq!(key.columns.len(), 2);
    let options: Vec<String> = relation
        .options
        .unwrap()
        .iter()
        .map(|option| format!("{}={}", option.key, option.value))
        .collect();
    assert_eq!(
        options,
        [
            "connector=kafka",
            "topic=${env:TOPIC:-…}",
            "properties.a-b.c=1",
            "header=FALSE",
            "n=-2.5"
        ]
    );
}

#[test]
fn small_forms_of_relations() {
    for (text, kind) in [
        ("CREATE SINK k WITH (connector = 'blackhole')", RelationKind::Sink),
        ("CREATE SOURCE c (a INT)", RelationKind::Source),
        (
            "CREATE TABLE t (k INT PRIMARY KEY, v STRING)",
            RelationKind::Table,
        ),
        (
            "create stream s (ts timestamp, watermark for ts)",
            RelationKind::Stream,
        ),
    ] {
        let StatementKind::CreateRelation(relation) = parse_one(text) else {
            panic!("{text} is no relation")
        };
        assert_eq!(relation.kind, kind, "{text}");
    }
    let StatementKind::CreateView(view) = parse_one("CREATE VIEW v (a, b) AS SELECT 1, 2 EMIT CHANGES")
    else {
        panic!("no view");
    };
    assert_eq!(view.columns.len(), 2);
    assert!(view.query.emit.is_some());
}

#[test]
fn commands_are_read() {
    let statements = parse_all(
        ";; SET state_ttl = '24h'; SET 'a.b' = true; SET x = INTERVAL '1' HOUR; SHOW queries; DESCRIBE TABLE t;
         DESC s; DROP VIEW IF EXISTS a.v; EXPLAIN INSERT INTO t SELECT 1; -- the end
         ",
    );
    assert_eq!(statements.len(), 8);
    let values: Vec<String> = statements
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Set(set) => Some(format!("{}={}", set.key, set.value)),
            _ => None,
        })
        .collect();
    assert_eq!(values, ["state_ttl=24h", "a.b=true", "x=3600000000us"]);
    assert!(matches!(&statements[3].kind, StatementKind::Show(show) if show.kind == ShowKind::Queries));
    assert!(matches!(&statements[7].kind, StatementKind::Explain(_)));
}

#[test]
fn statements_know_their_place() {
    let text = "SELECT 1 ;\n  SELECT a\nFROM s;";
    let source = SourceText::new("t", text);
    let spans: Vec<&str> = parse(&source)
        .unwrap()
        .iter()
        .map(|statement| source.slice(statement.span))
        .collect();
    assert_eq!(spans, ["SELECT 1", "SELECT a\nFROM s"]);
}
