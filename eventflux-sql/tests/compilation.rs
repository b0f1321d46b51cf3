//! What can be relied on of a compilation: it is a function of the text, and operators keep their ids.

use std::collections::BTreeSet;
use std::path::Path;

use eventflux_core::checkpoint::manifest::PlanIdentity;
use eventflux_core::plan::{OperatorSpec, PhysicalPlan, render};
use eventflux_sql::TtlSetting;

use crate::support::{compile, context};

const STREAMS: &str = "\
CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, amount DECIMAL(10, 2), at TIMESTAMP, \
WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM quotes (symbol STRING, bid DOUBLE, at TIMESTAMP, WATERMARK FOR at AS at)
WITH ('connector' = 'file', 'path' = 'quotes.json', 'format' = 'json');
";

fn plan(sql: &str) -> PhysicalPlan {
    let app = compile(&format!("{STREAMS}{sql}"), &context());
    app.unwrap_or_else(|diagnostics| panic!("{sql}\n{diagnostics}"))
        .plan
}

fn ids(plan: &PhysicalPlan) -> BTreeSet<&str> {
    plan.nodes.iter().map(|node| node.operator_id.as_str()).collect()
}

/// The SQL files of a folder of the tests.
pub(crate) fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "{} files in {}", paths.len(), folder.display());
    paths
        .into_iter()
        .map(|path| {
            (
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_same_text_gives_the_same_plan_byte_for_byte() {
    for (name, text) in files("tests/plans") {
        let json = || match compile(&text, &context()) {
            Ok(app) => render::json(&app.plan).to_string(),
            Err(diagnostics) => diagnostics,
        };
        assert_eq!(json(), json(), "{name}");
    }
}

const QUERIES: [&str; 4] = [
    "INSERT INTO big SELECT symbol, price FROM trades WHERE price > 100",
    "INSERT INTO per_symbol SELECT symbol, count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) \
     GROUP BY window_start, window_end, symbol",
    "SELECT symbol, max(bid) AS best FROM quotes GROUP BY symbol",
    "SELECT symbol, price FROM trades UNION ALL SELECT symbol, bid FROM quotes",
];

#[test]
fn operators_keep_their_ids_in_another_order_of_statements() {
    let written = plan(&QUERIES.join(";\n"));
    let mut turned = QUERIES;
    for _ in 0..QUERIES.len() {
        turned.rotate_left(1);
        assert_eq!(ids(&written), ids(&plan(&turned.join(";\n"))));
    }
    turned.reverse();
    assert_eq!(ids(&written), ids(&plan(&turned.join(";\n"))));
}

#[test]
fn operators_keep_their_ids_beside_other_queries() {
    for query in QUERIES {
        let alone = plan(query);
        for other in [
            "SELECT id FROM trades",
            "INSERT INTO other SELECT symbol, bid FROM quotes WHERE bid < 1",
            "CREATE VIEW v AS SELECT id FROM trades; SELECT id FROM v",
            "SELECT symbol, count(*) AS n FROM TUMBLE(trades, at, INTERVAL '2' MINUTE) \
             GROUP BY window_start, window_end, symbol",
        ] {
            for text in [format!("{other}; {query}"), format!("{query}; {other}")] {
                let both = plan(&text);
                assert!(
                    ids(&both).is_superset(&ids(&alone)),
                    "{text}: {:?} and {:?}",
                    ids(&alone),
                    ids(&both)
                );
            }
        }
    }
}

#[test]
fn blanks_comments_and_the_case_of_keywords_change_nothing() {
    let written = "SELECT symbol, count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) WHERE price > 1 \
                   GROUP BY symbol, window_start, window_end";
    let spelled = "select\tsymbol , COUNT( * ) as n -- how many\nfrom tumble ( trades,at , interval '1' minute )\n\
                   where /* dear */ PRICE>1 group by Symbol,window_start,\n window_end";
    assert_eq!(plan(written).fingerprint(), plan(spelled).fingerprint());
    assert_eq!(
        render::json(&plan(written)).to_string(),
        render::json(&plan(spelled)).to_string()
    );
}

#[test]
fn queries_that_differ_only_in_their_window_have_ids_of_their_own() {
    let query =
        |window: &str| format!("SELECT count(*) AS n FROM {window} GROUP BY window_start, window_end");
    let windows = [
        "TUMBLE(trades, at, INTERVAL '1' MINUTE)",
        "TUMBLE(trades, at, INTERVAL '2' MINUTE)",
        "TUMBLE(trades, at, INTERVAL '2' MINUTE, INTERVAL '1' MINUTE)",
        "HOP(trades, at, INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)",
        "CUMULATE(trades, at, INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)",
        "SESSION(trades, at, INTERVAL '1' MINUTE)",
        "SESSION(trades PARTITION BY symbol, at, INTERVAL '1' MINUTE)",
        "SESSION(trades PARTITION BY id, at, INTERVAL '1' MINUTE)",
        "TUMBLE(quotes, at, INTERVAL '1' MINUTE)",
    ];
    let mut seen = BTreeSet::new();
    for window in windows {
        let plan = plan(&query(window));
        let output = plan.nodes.last().unwrap().operator_id.clone();
        assert!(
            seen.insert(output.clone()),
            "{window}: {output} is the id of another query"
        );
    }
}

#[test]
fn plans_that_differ_only_in_a_cast_or_a_constants_type_have_other_fingerprints() {
    let exprs = [
        "qty",
        "CAST(qty AS BIGINT)",
        "CAST(qty AS SMALLINT)",
        "CAST(CAST(qty AS SMALLINT) AS INT)",
        "CAST(CAST(qty AS TINYINT) AS INT)",
        "TRY_CAST(CAST(qty AS STRING) AS INT)",
        "CAST(CAST(qty AS STRING) AS INT)",
        "CAST(CAST(qty AS FLOAT) AS INT)",
        "CAST(CAST(qty AS DOUBLE) AS INT)",
        "CAST(CAST(qty AS DECIMAL(10, 1)) AS INT)",
        "CAST(CAST(qty AS DECIMAL(12, 1)) AS INT)",
        "qty + CAST(1 AS INT)",
        "qty + CAST(1 AS BIGINT)",
        "CAST(qty + CAST(1 AS BIGINT) AS INT)",
    ];
    // Within a condition, so that the types of results do not tell them apart.
    let mut seen = std::collections::BTreeMap::new();
    for expr in exprs {
        let text = format!("INSERT INTO out SELECT id FROM trades WHERE upper(CAST({expr} AS STRING)) > 'x'");
        if let Some(other) = seen.insert(plan(&text).fingerprint(), expr) {
            panic!("`{other}` and `{expr}` have one fingerprint");
        }
    }
    let times = [
        "TIMESTAMP(3)",
        "TIMESTAMP",
        "TIMESTAMP(9)",
        "DATE",
        "TIMESTAMP(0)",
    ];
    let mut seen = BTreeSet::new();
    for time in times {
        let text =
            format!("INSERT INTO out SELECT id FROM trades WHERE CAST(CAST(at AS {time}) AS STRING) > 'x'");
        assert!(seen.insert(plan(&text).fingerprint()), "{time}");
    }
}

/// Every edge as `from -> to: append | changelog(key)`.
fn modes(sql: &str) -> Vec<String> {
    let plan = plan(sql);
    plan.edges
        .iter()
        .map(|edge| {
            let (_, mode) = plan.rows_of(edge);
            let (from, to) = (&plan.node(edge.from).name, &plan.node(edge.to).name);
            let mode = match mode {
                eventflux_core::plan::ChangelogMode::Append => "append".to_owned(),
                eventflux_core::plan::ChangelogMode::Changelog { unique_key: None } => "changelog".to_owned(),
                eventflux_core::plan::ChangelogMode::Changelog {
                    unique_key: Some(key),
                } => format!("changelog by {key:?}"),
            };
            format!("{from} -> {to}: {mode}")
        })
        .collect()
}

#[test]
fn every_edge_says_whether_rows_change() {
    let check = |sql: &str, expected: &[&str]| assert_eq!(modes(sql), expected, "{sql}");
    check(
        "SELECT symbol FROM trades WHERE price > 1",
        &[
            "source trades -> filter and project: append",
            "filter and project -> output select: append",
        ],
    );
    check(
        "SELECT symbol, count(*) AS n FROM trades GROUP BY symbol",
        &[
            "source trades -> group aggregate: append",
            "group aggregate -> project: changelog by [0]",
            "project -> output select: changelog by [0]",
        ],
    );
    check(
        "SELECT count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end",
        &[
            "source trades -> window aggregate: append",
            "window aggregate -> project: append",
            "project -> output select: append",
        ],
    );
    // The key is lost where it is not selected, and where inputs of UNION ALL may have the same.
    check(
        "SELECT count(*) AS n FROM trades GROUP BY symbol",
        &[
            "source trades -> group aggregate: append",
            "group aggregate -> project: changelog by [0]",
            "project -> output select: changelog",
        ],
    );
    check(
        "SELECT symbol, count(*) AS n FROM trades GROUP BY symbol UNION ALL SELECT symbol, 1 FROM quotes",
        &[
            "source trades -> group aggregate: append",
            "group aggregate -> project: changelog by [0]",
            "source quotes -> project: append",
            "project -> union: changelog by [0]",
            "project -> union: append",
            "union -> output select: changelog",
        ],
    );
    // A stream carries the rows after each change.
    check(
        "INSERT INTO totals SELECT symbol, count(*) AS n FROM trades GROUP BY symbol; SELECT n FROM totals",
        &[
            "source trades -> group aggregate: append",
            "group aggregate -> project: changelog by [0]",
            "project -> after image: changelog",
            "after image -> output select: append",
        ],
    );
}

#[test]
fn a_union_is_as_wide_as_its_widest_input() {
    use eventflux_core::plan::{Exchange, Parallelism};
    let plan = plan(
        "SELECT symbol, price FROM trades UNION ALL SELECT symbol, bid FROM quotes UNION ALL SELECT 'x', 1",
    );
    let union = plan.nodes.iter().find(|node| node.name == "union").unwrap();
    assert_eq!(union.parallelism, Parallelism::Any);
    // Rows of one subtask stay in order.
    assert!(
        plan.inputs(union.id)
            .all(|edge| edge.exchange == Exchange::Forward)
    );
}

#[test]
fn no_column_goes_twice_into_an_aggregate() {
    use eventflux_core::plan::OperatorSpec;
    for sql in [
        "SELECT a, sum(b) AS s, max(a) AS m FROM (SELECT price AS a, price AS b FROM trades WHERE price > 1) AS t GROUP BY a",
        "SELECT p, sum(a) AS s, sum(b) AS r FROM (SELECT price + 1 AS p, qty AS a, qty AS b FROM trades) AS t GROUP BY p",
        "SELECT symbol, sum(qty) AS s, avg(qty) AS m, sum(qty) FILTER (WHERE qty > 1) AS f, sum(price * 2) AS a, \
         max(price * 2) AS b FROM trades GROUP BY symbol",
        "SELECT count(*) AS n, sum(a) AS s, sum(b) AS r FROM (SELECT at, upper(symbol) AS u, qty AS a, qty AS b FROM trades) AS t \
         WINDOW TUMBLING(1 MINUTE) GROUP BY u",
    ] {
        let plan = plan(sql);
        let feeds_aggregate = |node: &eventflux_core::plan::Node| {
            plan.outputs(node.id).any(|edge| {
                let spec = &plan.node(edge.to).spec;
                matches!(
                    spec,
                    OperatorSpec::GroupAggregate(_) | OperatorSpec::WindowAggregate(_)
                )
            })
        };
        let mut count = 0;
        for node in plan.nodes.iter().filter(|node| feeds_aggregate(node)) {
            let OperatorSpec::Calc(calc) = &node.spec else {
                continue;
            };
            let Some(projection) = &calc.projection else {
                continue;
            };
            let texts: Vec<&str> = projection.iter().map(|named| named.expression.text()).collect();
            let distinct: BTreeSet<&str> = texts.iter().copied().collect();
            assert_eq!(texts.len(), distinct.len(), "{sql}: {texts:?}");
            count += 1;
        }
        assert_eq!(count, 1, "{sql}");
    }
}

#[test]
fn options_are_checked_whether_or_not_anything_uses_the_stream() {
    use eventflux_sql::diagnostic::{Code, SourceText};
    use eventflux_sql::{CompileContext, ConnectorMode};
    for declared in [
        "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json');",
        "CREATE SOURCE s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json');",
        "CREATE SINK s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json');",
        "CREATE SINK s WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json');",
        "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json'); SELECT a FROM s;",
        "CREATE STREAM s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'fromat' = 'json'); INSERT INTO s VALUES (1);",
    ] {
        for connectors in [ConnectorMode::Real, ConnectorMode::InProcess] {
            let context = CompileContext {
                connectors,
                ..context()
            };
            let source = SourceText::new("app.sql", declared);
            let found = eventflux_sql::compile(&source, &context).unwrap_err();
            assert_eq!(found.len(), 1, "{declared}: {found:?}");
            assert_eq!(found[0].code, Code::UnknownOption, "{declared}");
            assert_eq!(source.slice(found[0].span), "'fromat'", "{declared}");
            assert!(
                found[0].help.iter().any(|help| help.contains("format")),
                "{declared}"
            );
        }
    }
}

#[test]
fn what_random_queries_have_found_is_planned() {
    for sql in [
        // Aggregates and keys that differ in nothing but a cast.
        "SELECT sum(qty) AS a, sum(CAST(qty AS DOUBLE)) AS b, sum(CAST(price AS INT)) AS c, sum(price) AS d FROM trades",
        "SELECT qty % 2 AS a, CAST(qty % 2 AS STRING) AS b, count(*) AS n FROM trades GROUP BY qty % 2, CAST(qty % 2 AS STRING)",
        "SELECT grouping(CAST(qty AS STRING)) AS g, CAST(qty AS STRING) AS k FROM trades GROUP BY CUBE (CAST(qty AS STRING), symbol)",
        "SELECT grouping(CAST(qty AS STRING)) AS g, CAST(qty AS STRING) AS k FROM trades GROUP BY CAST(qty AS STRING), symbol",
        // A key of a grouping set that the optimiser simplifies.
        "SELECT coalesce(qty, NULL) AS a, count(*) AS n FROM trades GROUP BY GROUPING SETS ((coalesce(qty, NULL)), (symbol))",
        // A window's bounds within an aggregate or a key.
        "SELECT max(window_start) AS a, count(*) AS n FROM trades WINDOW TUMBLING(1 MINUTE)",
        "SELECT count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) \
         GROUP BY window_start, window_end, date_trunc('hour', window_start)",
        // Rows of a clause window without an aggregate.
        "SELECT symbol, window_start FROM trades WINDOW TUMBLING(1 MINUTE)",
        "SELECT symbol FROM trades WINDOW HOPPING(1 MINUTE, 5 MINUTES)",
    ] {
        plan(sql);
    }
}

#[test]
fn a_stream_of_late_rows_without_a_window_is_empty() {
    let plan = plan(
        "CREATE STREAM s (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts) \
         WITH ('connector' = 'kafka', 'topic' = 't', 'late' = 'too_late'); SELECT a FROM too_late",
    );
    assert_eq!(plan.nodes[0].name, "values");
}

#[test]
fn state_goes_on_at_another_ttl_and_not_at_a_first_one() {
    let fingerprint = |setting: &str| {
        let plan = plan(&format!(
            "{setting} SELECT symbol, count(*) AS n FROM trades GROUP BY symbol;"
        ));
        let identity = PlanIdentity::of(&plan);
        let aggregate = identity
            .operators
            .iter()
            .find(|operator| operator.name == "group aggregate");
        (aggregate.unwrap().state_fingerprint, identity.fingerprint)
    };
    let (day, day_plan) = fingerprint("SET state_ttl = '1d';");
    let (hour, hour_plan) = fingerprint("SET state_ttl = '1h';");
    let (never, never_plan) = fingerprint("SET state_ttl = 'none';");
    assert_eq!(day, hour);
    assert_ne!(day_plan, hour_plan);
    assert_ne!(day, never);
    assert_eq!((never, never_plan), fingerprint(""));
}

#[test]
fn what_the_text_sets_goes_before_defaults_and_after_settings_from_outside() {
    let ttl_of = |setting: &str, outside: Option<i64>| {
        let mut context = context();
        context.defaults.state_ttl = Some(TtlSetting::After(1));
        context.settings.state_ttl = outside.map(TtlSetting::After);
        let text = format!("{STREAMS}{setting}SELECT symbol, count(*) AS n FROM trades GROUP BY symbol;");
        let plan = compile(&text, &context).unwrap().plan;
        let ttl = plan.nodes.iter().find_map(|node| match &node.spec {
            OperatorSpec::GroupAggregate(spec) => Some(spec.state_ttl),
            _ => None,
        });
        ttl.unwrap().map(|ttl| ttl.ttl_us)
    };
    assert_eq!(ttl_of("", None), Some(1));
    assert_eq!(ttl_of("SET state_ttl = '2us';", None), Some(2));
    assert_eq!(ttl_of("SET state_ttl = '2us';", Some(3)), Some(3));
    assert_eq!(ttl_of("SET state_ttl = 'none';", None), None);
}
