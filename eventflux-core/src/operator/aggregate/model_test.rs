//! Every aggregate against a naive computation over the rows that are there.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray};
use arrow::util::display::array_value_to_string;
use datafusion_common::ScalarValue;
use proptest::prelude::*;

use super::super::{AggregateRows, Stored};
use super::*;
use crate::batch::RowKind;
use crate::plan::SortColumn;

/// What the arguments of all aggregates are made of: a value, another one, and the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    x: Option<i64>,
    y: Option<i64>,
    arrival: u64,
}

/// The types in which the value is given.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Int,
    Float,
    Decimal,
    Text,
    Truth,
}

struct Case {
    name: &'static str,
    function: AggregateFunction,
    form: Form,
    /// As many arguments: x, then y.
    arguments: usize,
    distinct: bool,
    /// Whether the order is by y, descending.
    ordered: bool,
    parameters: Vec<ScalarValue>,
    output: DataType,
    naive: fn(&[Row]) -> String,
}

impl Case {
    fn data_type(&self) -> DataType {
        match self.form {
            Form::Int => DataType::Int64,
            Form::Float => DataType::Float64,
            Form::Decimal => DataType::Decimal128(20, 2),
            Form::Text => DataType::Utf8,
            Form::Truth => DataType::Boolean,
        }
    }

    fn column(&self, values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
        match self.form {
            Form::Int => Arc::new(values.collect::<Int64Array>()),
            Form::Float => Arc::new(
                values
                    .map(|value| value.map(|value| value as f64))
                    .collect::<Float64Array>(),
            ),
            Form::Decimal => {
                let values = values
                    .map(|value| value.map(i128::from))
                    .collect::<Decimal128Array>();
                Arc::new(values.with_precision_and_scale(20, 2).unwrap())
            }
            Form::Text => Arc::new(values.map(|value| value.map(text)).collect::<StringArray>()),
            Form::Truth => Arc::new(
                values
                    .map(|value| value.map(|value| value > 0))
                    .collect::<arrow::array::BooleanArray>(),
            ),
        }
    }

    fn call(&self) -> AggregateCall {
        AggregateCall {
            function: self.function.clone(),
            arguments: (0..self.arguments).collect(),
            argument_types: vec![self.data_type(); self.arguments],
            parameters: self.parameters.clone(),
            distinct: self.distinct,
            filter: None,
            order_by: match self.ordered {
                true => vec![SortColumn {
                    index: 1,
                    descending: true,
                    nulls_first: true,
                }],
                false => vec![],
            },
            output: Arc::new(Field::new("result", self.output.clone(), true)),
        }
    }

    /// Applies rows of the same kind to an aggregate; returns the result after each.
    fn apply(
        &self,
        aggregate: &mut dyn GroupedAggregate,
        rows: &[Row],
        kind: RowKind,
        each: bool,
    ) -> Vec<String> {
        let arguments = [
            self.column(rows.iter().map(|row| row.x)),
            self.column(rows.iter().map(|row| row.y)),
        ];
        let order_by = [Arc::new(rows.iter().map(|row| row.y).collect::<Int64Array>()) as ArrayRef];
        let arrivals = rows.iter().map(|row| row.arrival).collect::<Vec<_>>();
        let kinds = vec![kind; rows.len()];
        let rows = AggregateRows {
            arguments: &arguments[..self.arguments],
            order_by: if self.ordered { &order_by } else { &[] },
            kinds: if kind == RowKind::Insert {
                None
            } else {
                Some(&kinds)
            },
            arrivals: &arrivals,
        };
        let groups = vec![1; arrivals.len()];
        aggregate.resize(2);
        if each {
            let results = aggregate.update_each(rows, &groups).unwrap().array;
            assert_eq!(results.data_type(), &self.output);
            (0..arrivals.len()).map(|row| rendered(&results, row)).collect()
        } else {
            aggregate.update(rows, &groups).unwrap();
            Vec::new()
        }
    }
}

fn text(value: i64) -> String {
    format!("{value:+}")
}

fn rendered(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".into();
    }
    match array.data_type() {
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        _ => array_value_to_string(array, row).unwrap(),
    }
}

fn float(value: f64) -> String {
    format!("{:.9}", value + 0.0).replace("-0.000000000", "0.000000000")
}

/// Whether two results are the same but for the rounding of floats.
#[track_caller]
fn assert_same(actual: &str, expected: &str, what: &str) {
    let floats = (actual.parse::<f64>(), expected.parse::<f64>());
    let is_near = matches!(floats, (Ok(actual), Ok(expected)) if (actual - expected).abs() < 2e-9);
    assert!(
        actual == expected || (actual.contains('.') && is_near),
        "{what}: {actual} instead of {expected}"
    );
}

fn result(aggregate: &dyn GroupedAggregate) -> String {
    let evaluated = aggregate.evaluate(&[1]).unwrap();
    assert!(evaluated.failures.is_empty(), "{:?}", evaluated.failures);
    rendered(&evaluated.array, 0)
}

fn copied(case: &Case, aggregate: &dyn GroupedAggregate, retracts: bool) -> Box<dyn GroupedAggregate> {
    let mut copy = build_aggregate(&case.call(), retracts).unwrap();
    copy.resize(2);
    for _ in 0..2 {
        // Asking twice changes nothing.
        let (mut state, mut again) = (Vec::new(), Vec::new());
        aggregate.encode(1, &mut state).unwrap();
        aggregate.encode(1, &mut again).unwrap();
        copy.remove(&[1]);
        let mut input = Stored::new(&state);
        copy.decode(1, &mut input).unwrap();
        input.finish().unwrap();
    }
    copy
}

// The naive side.

fn values(rows: &[Row]) -> Vec<i64> {
    rows.iter().filter_map(|row| row.x).collect()
}

fn sorted_distinct(rows: &[Row]) -> Vec<i64> {
    let mut values = values(rows);
    values.sort();
    values.dedup();
    values
}

fn pairs(rows: &[Row]) -> Vec<(f64, f64)> {
    rows.iter()
        .filter_map(|row| Some((row.x? as f64, row.y? as f64)))
        .collect()
}

fn or_null<T>(values: &[T], result: impl FnOnce(&[T]) -> String) -> String {
    if values.is_empty() {
        "NULL".into()
    } else {
        result(values)
    }
}

fn decimal(hundredths: i64) -> String {
    format!(
        "{}{}.{:02}",
        if hundredths < 0 { "-" } else { "" },
        hundredths.abs() / 100,
        hundredths.abs() % 100
    )
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviations(values: &[i64]) -> f64 {
    let values = values.iter().map(|value| *value as f64).collect::<Vec<_>>();
    let mean = mean(&values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

fn covariation(pairs: &[(f64, f64)]) -> (f64, f64, f64, f64, f64) {
    let (y, x): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mean_y, mean_x) = (mean(&y), mean(&x));
    let sum = |term: fn(f64, f64) -> f64| {
        pairs
            .iter()
            .map(|(y, x)| term(y - mean_y, x - mean_x))
            .sum::<f64>()
    };
    (
        sum(|y, _| y * y),
        sum(|_, x| x * x),
        sum(|y, x| y * x),
        mean_y,
        mean_x,
    )
}

fn ordered(rows: &[Row]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    // By y descending, NULLs first.
    rows.sort_by_key(|row| (row.y.is_some(), row.y.map(|y| -y), row.arrival));
    rows
}

fn list(values: impl Iterator<Item = Option<i64>>) -> String {
    let values = values.map(|value| value.map_or(String::new(), |value| value.to_string()));
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

fn nth(value: Option<&Row>) -> String {
    value
        .and_then(|row| row.x)
        .map_or("NULL".into(), |value| value.to_string())
}

fn at_fraction(mut values: Vec<f64>, fraction: f64) -> String {
    if values.is_empty() {
        return "NULL".into();
    }
    values.sort_by(f64::total_cmp);
    let rank = fraction * (values.len() - 1) as f64;
    let (below, above) = (values[rank.floor() as usize], values[rank.ceil() as usize]);
    float(below + (above - below) * rank.fract())
}

fn foreign(name: &str) -> AggregateFunction {
    let all = datafusion_functions_aggregate::all_default_aggregate_functions();
    AggregateFunction::DataFusion(all.into_iter().find(|function| function.name() == name).unwrap())
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use AggregateFunction::*;
    use Form::*;
    let f64 = || DataType::Float64;
    let list_of_ints = || DataType::new_list(DataType::Int64, true);
    let case = |name, function, form, output, naive| Case {
        name, function, form, arguments: 1, distinct: false, ordered: false, parameters: vec![], output, naive,
    };
    let distinct = |case: Case| Case { distinct: true, ..case };
    let by_y = |case: Case| Case { ordered: true, ..case };
    let of_pair = |case: Case| Case { arguments: 2, ..case };
    let with = |parameter: ScalarValue, case: Case| Case { parameters: vec![parameter], ..case };
    vec![
        Case { arguments: 0, ..case("count(*)", Count, Int, DataType::Int64, |rows| rows.len().to_string()) },
        case("count", Count, Text, DataType::Int64, |rows| values(rows).len().to_string()),
        distinct(case("count distinct", Count, Text, DataType::Int64, |rows| sorted_distinct(rows).len().to_string())),
        of_pair(distinct(case("count distinct pairs", Count, Int, DataType::Int64, |rows| {
            let mut pairs = rows.iter().filter_map(|row| Some((row.x?, row.y?))).collect::<Vec<_>>();
            pairs.sort();
            pairs.dedup();
            pairs.len().to_string()
        }))),
        case("sum of ints", Sum, Int, DataType::Int64, |rows| or_null(&values(rows), |values| values.iter().sum::<i64>().to_string())),
        distinct(case("sum distinct", Sum, Int, DataType::Int64, |rows| or_null(&sorted_distinct(rows), |values| values.iter().sum::<i64>().to_string()))),
        case("sum of floats", Sum, Float, f64(), |rows| or_null(&values(rows), |values| float(values.iter().sum::<i64>() as f64))),
        case("sum of decimals", Sum, Decimal, DataType::Decimal128(30, 2), |rows| or_null(&values(rows), |values| decimal(values.iter().sum::<i64>()))),
        case("avg of ints", Avg, Int, f64(), |rows| or_null(&values(rows), |values| float(values.iter().sum::<i64>() as f64 / values.len() as f64))),
        distinct(case("avg distinct", Avg, Float, f64(), |rows| or_null(&sorted_distinct(rows), |values| float(values.iter().sum::<i64>() as f64 / values.len() as f64)))),
        case("avg of decimals", Avg, Decimal, DataType::Decimal128(24, 2), |rows| or_null(&values(rows), |values| {
            let (sum, count) = (values.iter().sum::<i64>(), values.len() as i64);
            decimal((sum.abs() * 2 + count) / (2 * count) * sum.signum())
        })),
        case("min of ints", Min, Int, DataType::Int64, |rows| or_null(&values(rows), |values| values.iter().min().unwrap().to_string())),
        case("max of floats", Max, Float, f64(), |rows| or_null(&values(rows), |values| float(*values.iter().max().unwrap() as f64))),
        case("max of decimals", Max, Decimal, DataType::Decimal128(20, 2), |rows| or_null(&values(rows), |values| decimal(*values.iter().max().unwrap()))),
        case("min of texts", Min, Text, DataType::Utf8, |rows| or_null(&values(rows), |values| values.iter().map(|value| text(*value)).min().unwrap())),
        case("var_pop", VarPop, Float, f64(), |rows| or_null(&values(rows), |values| float(deviations(values) / values.len() as f64))),
        distinct(case("var_pop distinct", VarPop, Int, f64(), |rows| or_null(&sorted_distinct(rows), |values| float(deviations(values) / values.len() as f64)))),
        case("stddev_samp", StddevSamp, Int, f64(), |rows| match values(rows) {
            values if values.len() < 2 => "NULL".into(),
            values => float((deviations(&values) / (values.len() - 1) as f64).sqrt()),
        }),
        case("first", First, Int, DataType::Int64, |rows| nth(rows.first())),
        case("last", Last, Int, DataType::Int64, |rows| nth(rows.last())),
        by_y(case("first by y", First, Int, DataType::Int64, |rows| nth(ordered(rows).first()))),
        by_y(case("last by y", Last, Int, DataType::Int64, |rows| nth(ordered(rows).last()))),
        with(ScalarValue::Int64(Some(2)), case("second", foreign("nth_value"), Int, DataType::Int64, |rows| nth(rows.get(1)))),
        with(ScalarValue::Int64(Some(-2)), case("last but one", foreign("nth_value"), Int, DataType::Int64, |rows| nth(rows.iter().rev().nth(1)))),
        case("any_value", foreign("any_value"), Int, DataType::Int64, |rows| or_null(&values(rows), |values| values[0].to_string())),
        case("array_agg", ArrayAgg, Int, list_of_ints(), |rows| or_null(rows, |rows| list(rows.iter().map(|row| row.x)))),
        by_y(case("array_agg by y", ArrayAgg, Int, list_of_ints(), |rows| or_null(rows, |rows| list(ordered(rows).iter().map(|row| row.x))))),
        distinct(case("array_agg distinct", ArrayAgg, Int, list_of_ints(), |rows| or_null(rows, |rows| {
            let nulls = rows.iter().any(|row| row.x.is_none()).then_some(None);
            list(sorted_distinct(rows).into_iter().map(Some).chain(nulls))
        }))),
        with(ScalarValue::Utf8(Some(", ".into())), case("string_agg", StringAgg, Text, DataType::LargeUtf8, |rows| or_null(&values(rows), |values| {
            values.iter().map(|value| text(*value)).collect::<Vec<_>>().join(", ")
        }))),
        with(ScalarValue::Utf8(None), distinct(case("string_agg distinct", StringAgg, Text, DataType::Utf8, |rows| or_null(&sorted_distinct(rows), |values| {
            let mut texts = values.iter().map(|value| text(*value)).collect::<Vec<_>>();
            texts.sort();
            texts.concat()
        })))),
        case("bool_and", BoolAnd, Truth, DataType::Boolean, |rows| or_null(&values(rows), |values| values.iter().all(|value| *value > 0).to_string())),
        case("bool_or", BoolOr, Truth, DataType::Boolean, |rows| or_null(&values(rows), |values| values.iter().any(|value| *value > 0).to_string())),
        case("bit_and", BitAnd, Int, DataType::Int64, |rows| or_null(&values(rows), |values| values.iter().fold(-1, |bits, value| bits & value).to_string())),
        case("bit_or", BitOr, Int, DataType::Int64, |rows| or_null(&values(rows), |values| values.iter().fold(0, |bits, value| bits | value).to_string())),
        case("bit_xor", BitXor, Int, DataType::Int64, |rows| or_null(&values(rows), |values| values.iter().fold(0, |bits, value| bits ^ value).to_string())),
        distinct(case("bit_xor distinct", BitXor, Int, DataType::Int64, |rows| or_null(&sorted_distinct(rows), |values| values.iter().fold(0, |bits, value| bits ^ value).to_string()))),
        case("median", Median, Float, f64(), |rows| at_fraction(values(rows).iter().map(|value| *value as f64).collect(), 0.5)),
        case("median of decimals", Median, Decimal, f64(), |rows| at_fraction(values(rows).iter().map(|value| *value as f64 / 100.0).map(|value| (value * 100.0).round() / 100.0).collect(), 0.5)),
        with(ScalarValue::Float64(Some(0.25)), case("percentile_cont", PercentileCont, Float, f64(), |rows| at_fraction(values(rows).iter().map(|value| *value as f64).collect(), 0.25))),
        with(ScalarValue::Float64(Some(0.9)), distinct(case("percentile_cont distinct", PercentileCont, Int, f64(), |rows| at_fraction(sorted_distinct(rows).iter().map(|value| *value as f64).collect(), 0.9)))),
        of_pair(case("covar_pop", foreign("covar_pop"), Float, f64(), |rows| or_null(&pairs(rows), |pairs| float(covariation(pairs).2 / pairs.len() as f64)))),
        of_pair(case("corr", foreign("corr"), Float, f64(), |rows| or_null(&pairs(rows), |pairs| {
            let (syy, sxx, sxy, ..) = covariation(pairs);
            if syy < 1e-9 || sxx < 1e-9 { "NULL".into() } else { float(sxy / (sxx * syy).sqrt()) }
        }))),
        of_pair(case("regr_intercept", foreign("regr_intercept"), Float, f64(), |rows| or_null(&pairs(rows), |pairs| {
            let (_, sxx, sxy, mean_y, mean_x) = covariation(pairs);
            if sxx < 1e-9 { "NULL".into() } else { float(mean_y - mean_x * sxy / sxx) }
        }))),
        of_pair(case("regr_r2", foreign("regr_r2"), Float, f64(), |rows| or_null(&pairs(rows), |pairs| {
            let (syy, sxx, sxy, ..) = covariation(pairs);
            if sxx < 1e-9 { "NULL".into() } else if syy < 1e-9 { float(1.0) } else { float(sxy * sxy / (sxx * syy)) }
        }))),
        of_pair(case("regr_count", foreign("regr_count"), Float, DataType::UInt64, |rows| pairs(rows).len().to_string())),
    ]
}

/// What is done to the rows of one group, in two slices.
#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<(Option<i64>, Option<i64>)>, bool),
    Retract(prop::sample::Index),
    Copy,
    OtherSlice,
}

fn any_step() -> impl Strategy<Value = Step> {
    let value = || prop::option::weighted(0.8, -4..5i64);
    prop_oneof![
        4 => (prop::collection::vec((value(), value()), 1..5), any::<bool>()).prop_map(|(rows, each)| Step::Insert(rows, each)),
        4 => any::<prop::sample::Index>().prop_map(Step::Retract),
        1 => Just(Step::Copy),
        1 => Just(Step::OtherSlice),
    ]
}

fn check(case: &Case, steps: &[Step], retracts: bool) {
    let mut slices = [0, 1].map(|_| {
        (
            build_aggregate(&case.call(), retracts).unwrap(),
            Vec::<Row>::new(),
        )
    });
    slices.iter_mut().for_each(|(aggregate, _)| aggregate.resize(2));
    let mut current = 0;
    let mut arrival = 0;
    for step in steps {
        let (aggregate, rows) = &mut slices[current];
        match step {
            Step::Insert(values, each) => {
                let from = rows.len();
                for (x, y) in values {
                    rows.push(Row {
                        x: *x,
                        y: *y,
                        arrival,
                    });
                    arrival += 1;
                }
                let results = case.apply(aggregate.as_mut(), &rows[from..], RowKind::Insert, *each);
                for (position, result) in results.iter().enumerate() {
                    assert_same(result, &(case.naive)(&rows[..=from + position]), case.name);
                }
            }
            Step::Retract(index) if retracts && !rows.is_empty() => {
                let row = *index.get(rows);
                case.apply(aggregate.as_mut(), &[row], RowKind::Delete, false);
                // Of rows that are the same, the first goes.
                let same = rows.iter().position(|other| {
                    other.x == row.x && (other.y == row.y || (!case.ordered && case.arguments < 2))
                });
                rows.remove(same.unwrap());
            }
            Step::Retract(_) => {}
            Step::Copy => *aggregate = copied(case, aggregate.as_ref(), retracts),
            Step::OtherSlice => current = 1 - current,
        }
        let (aggregate, rows) = &slices[current];
        assert_same(
            &result(aggregate.as_ref()),
            &(case.naive)(rows),
            &format!("{} of {rows:?}", case.name),
        );
    }
    let [(mut first, mut rows), (second, more)] = slices;
    first.merge(second.as_ref(), &[1], &[1]).unwrap();
    rows.extend(more);
    rows.sort_by_key(|row| row.arrival);
    assert_same(
        &result(first.as_ref()),
        &(case.naive)(&rows),
        &format!("{} merged of {rows:?}", case.name),
    );
    if retracts {
        for row in &rows {
            case.apply(first.as_mut(), &[*row], RowKind::UpdateBefore, false);
        }
        assert_same(
            &result(first.as_ref()),
            &(case.naive)(&[]),
            &format!("{} of nothing left", case.name),
        );
    }
    first.remove(&[1]);
    assert_same(
        &result(first.as_ref()),
        &(case.naive)(&[]),
        &format!("{} of nothing", case.name),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_aggregate_is_right_whatever_comes_and_goes(steps in prop::collection::vec(any_step(), 1..25)) {
        for case in cases() {
            check(&case, &steps, true);
        }
    }

    #[test]
    fn every_aggregate_is_right_over_insertions(steps in prop::collection::vec(any_step(), 1..15)) {
        for case in cases() {
            check(&case, &steps, false);
        }
    }
}

#[test]
fn foreign_is_right() {
    let sketch =
        |function: &str, parameters: Vec<ScalarValue>, output: DataType, naive: fn(&[Row]) -> String| Case {
            name: "sketch",
            function: foreign(function),
            form: Form::Float,
            arguments: 1,
            distinct: false,
            ordered: false,
            parameters,
            output,
            naive,
        };
    let steps = [
        Step::Insert(vec![(Some(3), None), (Some(1), None)], true),
        Step::Copy,
        Step::Insert(vec![(Some(3), None), (Some(5), None)], false),
        Step::OtherSlice,
        Step::Insert(vec![(Some(2), None), (None, None)], true),
        Step::Copy,
    ];
    let distinct = |rows: &[Row]| sorted_distinct(rows).len().to_string();
    let case = sketch("approx_distinct", vec![], DataType::UInt64, distinct);
    check(
        &Case {
            form: Form::Int,
            ..case
        },
        &steps,
        false,
    );
    let half = vec![ScalarValue::Float64(Some(0.5))];
    for case in [
        sketch("approx_median", vec![], DataType::Float64, |_| String::new()),
        sketch("approx_percentile_cont", half, DataType::Float64, |_| {
            String::new()
        }),
    ] {
        let rows = [5, 1, 4, 2, 3].map(|x| Row {
            x: Some(x),
            y: None,
            arrival: x as u64,
        });
        let mut aggregate = build_aggregate(&case.call(), false).unwrap();
        case.apply(aggregate.as_mut(), &rows[..2], RowKind::Insert, true);
        let mut copy = copied(&case, aggregate.as_ref(), false);
        case.apply(copy.as_mut(), &rows[2..], RowKind::Insert, false);
        assert_same(&result(copy.as_ref()), "3.0", "median");
        assert_same(&result(copy.as_ref()), "3.0", "median again");
        assert!(
            build_aggregate(&case.call(), true).is_err(),
            "a sketch takes nothing back"
        );
    }
}

#[test]
fn a_decimal_average_is_rounded_half_away_from_zero() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "avg of decimals")
        .unwrap();
    for (values, expected) in [
        (vec![1, 2], "0.02"),
        (vec![-1, -2], "-0.02"),
        (vec![1, 1, 2], "0.01"),
    ] {
        let mut aggregate = build_aggregate(&case.call(), true).unwrap();
        let rows = values
            .iter()
            .map(|x| Row {
                x: Some(*x),
                y: None,
                arrival: 0,
            })
            .collect::<Vec<_>>();
        case.apply(aggregate.as_mut(), &rows, RowKind::Insert, false);
        assert_eq!(result(aggregate.as_ref()), expected);
    }
}

#[test]
fn a_deviation_far_from_zero_survives_retraction() {
    let case = cases().into_iter().find(|case| case.name == "var_pop").unwrap();
    let row = |x| Row {
        x: Some(x),
        y: None,
        arrival: 0,
    };
    let mut aggregate = build_aggregate(&case.call(), true).unwrap();
    let rows = [
        1_000_000_000_001,
        1_000_000_000_003,
        i64::MAX / 2,
        1_000_000_000_005,
    ]
    .map(row);
    case.apply(aggregate.as_mut(), &rows, RowKind::Insert, false);
    case.apply(aggregate.as_mut(), &[row(i64::MAX / 2)], RowKind::Delete, false);
    let expected = 8.0 / 3.0;
    let actual = aggregate
        .evaluate(&[1])
        .unwrap()
        .array
        .as_primitive::<Float64Type>()
        .value(0);
    assert!((actual - expected).abs() < 1e-9, "{actual}");
}
