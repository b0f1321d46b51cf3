//! The datagen source.

use std::sync::Arc;

use crate::kit::program::{column, source, source_context};
use crate::kit::source_kit::{self, Subtasks};
use arrow::datatypes::{DataType, Field, TimeUnit};
use eventflux_core::connector::{SourceContext, SourceEvent, SourcePlan};
use eventflux_core::plan::SourceColumn;
use eventflux_core::time::VirtualClock;

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn plan(columns: &[SourceColumn], options: &[(&str, &str)]) -> Box<dyn SourcePlan> {
    source("datagen", columns, options).unwrap()
}

async fn rows(columns: &[SourceColumn], options: &[(&str, &str)]) -> Vec<String> {
    let mut subtasks = Subtasks::open(&*plan(columns, options), 1, &[]);
    subtasks.read(usize::MAX).await;
    subtasks.read.rows
}

/// The values of one column `x`; options without their prefix `fields.x`.
async fn values(data_type: DataType, options: &[(&str, &str)]) -> Vec<String> {
    let names: Vec<_> = options
        .iter()
        .map(|(name, _)| format!("fields.x.{name}"))
        .collect();
    let options = names
        .iter()
        .map(String::as_str)
        .zip(options.iter().map(|(_, value)| *value));
    rows(
        &[column("x", data_type)],
        &[("rows", "6")].into_iter().chain(options).collect::<Vec<_>>(),
    )
    .await
}

#[tokio::test]
async fn sequences_go_on_by_a_step_and_begin_again() {
    let sequence = ("kind", "sequence");
    assert_eq!(
        values(DataType::Int32, &[sequence]).await,
        ["0", "1", "2", "3", "4", "5"]
    );
    let options = [sequence, ("min", "-5"), ("max", "5"), ("step", "5")];
    assert_eq!(
        values(DataType::Int8, &options).await,
        ["-5", "0", "5", "-5", "0", "5"]
    );
    assert_eq!(
        values(DataType::UInt8, &[sequence, ("min", "254")]).await,
        ["254", "255", "254", "255", "254", "255"]
    );
    assert_eq!(
        values(DataType::Utf8, &[sequence, ("min", "7")]).await[..2],
        ["7", "8"]
    );
    assert_eq!(
        values(DataType::Float64, &[sequence, ("min", "1"), ("step", "0.5")]).await[..3],
        ["1.0", "1.5", "2.0"]
    );
    let decimal = DataType::Decimal128(10, 2);
    assert_eq!(
        values(decimal, &[sequence, ("min", "1.50"), ("step", "0.25")]).await[..3],
        ["1.50", "1.75", "2.00"]
    );
}

#[tokio::test]
async fn timestamps_follow_each_other() {
    let first = |options: &'static [(&'static str, &'static str)]| async move {
        values(TIME, options).await[..2].to_vec()
    };
    assert_eq!(
        first(&[]).await,
        ["2024-01-01T00:00:00", "2024-01-01T00:00:00.001"]
    );
    let options = &[("min", "2020-02-28T23:00:00Z"), ("step", "1 hour")];
    assert_eq!(
        first(options).await,
        ["2020-02-28T23:00:00", "2020-02-29T00:00:00"]
    );
    assert_eq!(
        values(
            DataType::Date32,
            &[("kind", "sequence"), ("step", "1d"), ("min", "2023-12-31")]
        )
        .await[..2],
        ["2023-12-31", "2024-01-01"]
    );
    let zone = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    assert_eq!(values(zone, &[("step", "10s")]).await[1], "2024-01-01T00:00:10Z");
    let clock = DataType::Time64(TimeUnit::Microsecond);
    assert_eq!(
        values(clock, &[("kind", "sequence"), ("min", "23:59:58")]).await[..2],
        ["23:59:58", "23:59:59"]
    );
}

#[tokio::test]
async fn timestamps_follow_the_rate() {
    let times = rows(
        &[column("at", TIME)],
        &[("rows", "2"), ("rows_per_second", "500")],
    )
    .await;
    assert_eq!(times, ["2024-01-01T00:00:00", "2024-01-01T00:00:00.002"]);
}

#[tokio::test]
async fn random_values_stay_in_their_range() {
    let within = |values: Vec<String>, least: f64, most: f64| {
        assert!(
            values
                .iter()
                .all(|value| (least..=most).contains(&value.parse().unwrap())),
            "{values:?}"
        );
        assert!(values.iter().any(|value| *value != values[0]), "{values:?}");
    };
    within(values(DataType::Int64, &[]).await, 0.0, 1000.0);
    within(values(DataType::Int8, &[]).await, 0.0, 127.0);
    within(
        values(DataType::Int64, &[("min", "-3"), ("max", "3")]).await,
        -3.0,
        3.0,
    );
    within(values(DataType::Float32, &[]).await, 0.0, 1.0);
    within(
        values(DataType::Float64, &[("min", "10"), ("max", "20")]).await,
        10.0,
        20.0,
    );
    within(values(DataType::Decimal128(5, 2), &[]).await, 0.0, 999.99);
    let texts = values(DataType::Utf8, &[("min", "3"), ("max", "30")]).await;
    assert!(
        texts.iter().all(|text| (3..=30).contains(&text.len())),
        "{texts:?}"
    );
    assert_eq!(
        values(DataType::Binary, &[]).await[0].len(),
        16,
        "eight bytes in hexadecimal"
    );
    let days = values(DataType::Date32, &[]).await;
    assert!(days.iter().all(|day| day.starts_with("2024-")), "{days:?}");
    let booleans = rows(&[column("x", DataType::Boolean)], &[("rows", "50")]).await;
    assert!(booleans.contains(&"true".into()) && booleans.contains(&"false".into()));
}

#[tokio::test]
async fn values_are_chosen_from_a_list_of_any_type() {
    let chosen = values(DataType::Utf8, &[("values", "a, b")]).await;
    assert!(
        chosen.contains(&"a".into()) && chosen.contains(&"b".into()),
        "{chosen:?}"
    );
    let chosen = values(TIME, &[("kind", "choice"), ("values", "2024-02-29T12:00:00Z")]).await;
    assert_eq!(chosen[0], "2024-02-29T12:00:00");
    let chosen = values(DataType::Decimal128(4, 1), &[("values", "1.5")]).await;
    assert_eq!(chosen[0], "1.5");
}

#[tokio::test]
async fn of_a_zipf_the_first_values_are_the_most_frequent() {
    let count = async |columns: &[SourceColumn], options: &[(&str, &str)], value: &str| {
        let rows = rows(
            columns,
            &[&[("rows", "2000"), ("fields.x.kind", "zipf")], options].concat(),
        )
        .await;
        rows.iter().filter(|row| *row == value).count()
    };
    let numbers = [column("x", DataType::Int64)];
    let options = [("fields.x.min", "10"), ("fields.x.max", "19")];
    let (first, second) = (
        count(&numbers, &options, "10").await,
        count(&numbers, &options, "11").await,
    );
    // 1 / H(10) and half of it.
    assert!(
        first.abs_diff(683) < 70 && second.abs_diff(341) < 60,
        "{first} {second}"
    );
    let words = [column("x", DataType::Utf8)];
    let options = [("fields.x.values", "a,b,c"), ("fields.x.exponent", "3")];
    let first = count(&words, &options, "a").await;
    assert!(first.abs_diff(1721) < 70, "{first}");
}

#[tokio::test]
async fn nulls_come_at_their_rate() {
    let x = [column("x", DataType::Int64)];
    let rows = rows(&x, &[("rows", "2000"), ("fields.x.null_rate", "0.25")]).await;
    let nulls = rows.iter().filter(|row| *row == "NULL").count();
    assert!(nulls.abs_diff(500) < 80, "{nulls}");
}

#[tokio::test]
async fn values_never_change() {
    let columns = [
        column("n", DataType::Int64),
        column("s", DataType::Utf8),
        column("f", DataType::Float64),
    ];
    let rows = rows(&columns, &[("rows", "2"), ("seed", "42")]).await;
    assert_eq!(
        rows,
        [
            "382|xbkjftcb|0.7175730080550456",
            "736|coveqcbt|0.49146619431891936"
        ]
    );
}

#[tokio::test]
async fn a_column_depends_on_its_name_and_the_seed_only() {
    let (a, b) = (column("a", DataType::Int64), column("b", DataType::Utf8));
    let both = rows(&[a.clone(), b.clone()], &[("rows", "9")]).await;
    let alone = rows(&[b], &[("rows", "9")]).await;
    assert_eq!(
        both.iter()
            .map(|row| row.split_once('|').unwrap().1)
            .collect::<Vec<_>>(),
        alone
    );
    assert_ne!(
        rows(std::slice::from_ref(&a), &[("rows", "9"), ("seed", "1")]).await,
        rows(&[a], &[("rows", "9")]).await
    );
}

#[tokio::test]
async fn rows_are_the_same_at_every_parallelism_and_after_restarts() {
    let columns = [column("n", DataType::Int64), column("s", DataType::Utf8)];
    let options = [("rows", "100"), ("fields.n.kind", "sequence")];
    source_kit::check(|| plan(&columns, &options), &rows(&columns, &options).await, 0).await;
}

#[tokio::test]
async fn rows_without_columns_are_counted() {
    assert_eq!(rows(&[], &[("rows", "7")]).await, [""; 7]);
}

#[tokio::test]
async fn rows_come_when_the_clock_says_so() {
    let options = [
        ("rows_per_second", "100"),
        ("rows", "7"),
        ("fields.x.kind", "sequence"),
    ];
    let plan = plan(&[column("x", DataType::Int64)], &options);
    let clock = Arc::new(VirtualClock::at(1_000_000));
    let context = SourceContext {
        clock: Arc::clone(&clock) as _,
        ..source_context(0, 1, &[])
    };
    let mut source = plan.open(&context).unwrap();
    let mut batches = Vec::new();
    for now_ms in [0, 5, 50, 1000] {
        clock.advance_to(1_000_000 + now_ms * 1000);
        // What is not due yet does not come, however long one waits.
        while let Ok(event) = tokio::time::timeout(std::time::Duration::from_millis(100), source.next()).await
        {
            match event.unwrap() {
                SourceEvent::Rows(rows) => batches.push((now_ms, rows.rows.num_rows())),
                _ => break,
            }
        }
    }
    assert_eq!(batches, [(0, 1), (50, 4), (50, 1), (1000, 1)]);
}

#[tokio::test]
async fn mistakes_are_explained() {
    let wrong = |data_type: DataType, options: &[(&str, &str)]| {
        let error = source("datagen", &[column("x", data_type)], options)
            .err()
            .unwrap();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    };
    let check = |data_type: DataType, options: &[(&str, &str)], expected: &str| {
        assert_eq!(wrong(data_type, options), expected)
    };
    check(
        DataType::Int64,
        &[("fields.y.min", "1")],
        "option `fields.y.min`: there is no column `y`; the columns are x",
    );
    check(
        DataType::Int64,
        &[("fields.x.mim", "1")],
        "option `fields.x.mim`: there is no such option of `datagen`; did you mean `fields.*.min`?",
    );
    check(
        DataType::Int8,
        &[("fields.x.min", "200")],
        "option `fields.x.min`: `200` is no value of type Int8; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.min", "2"), ("fields.x.max", "1")],
        "option `fields.x.max`: is less than `min`; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.min", "2000")],
        "option `fields.x.max`: is needed where `min` is above 1000; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.max", "-1")],
        "option `fields.x.min`: is needed where `max` is below 0; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.kind", "choice")],
        "option `fields.x.values`: is required by kind `choice`; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.values", "1,b")],
        "option `fields.x.values`: `b` is no value of type Int64; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.step", "2")],
        "option `fields.x.step`: has no meaning for this kind and type; ",
    );
    check(
        DataType::Boolean,
        &[("fields.x.min", "2")],
        "option `fields.x.min`: has no meaning for this kind and type; ",
    );
    check(
        TIME,
        &[("fields.x.step", "5")],
        "option `fields.x.step`: `5` needs a unit, such as 5s; ",
    );
    check(
        DataType::Int64,
        &[("fields.x.null_rate", "2")],
        "option `fields.x.null_rate`: has to be from 0 to 1; ",
    );
    check(
        DataType::Int64,
        &[("rows_per_second", "0")],
        "option `rows_per_second`: has to be above 0; ",
    );
    let list = DataType::List(Arc::new(Field::new("item", DataType::Int64, true)));
    assert!(wrong(list, &[]).starts_with("option `fields.x`: values of type List"));
    let strict = SourceColumn {
        field: Arc::new(Field::new("x", DataType::Int64, false)),
        metadata: None,
    };
    let error = source("datagen", &[strict], &[("fields.x.null_rate", "0.5")])
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "option `fields.x.null_rate`: is above 0 but the column is NOT NULL"
    );
}
