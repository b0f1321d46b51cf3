//! One form for values of both engines, and what equal means.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field};
use eventflux::batch::EventBatch;
use eventflux::batch::json::Cell;

/// Relative difference up to which doubles are equal.
const TOLERANCE: f64 = 1e-9;

/// A value.
#[derive(Debug, Clone)]
pub enum Canonical {
    Null,
    Text(String),
    /// An integer or decimal, digit for digit.
    Number(String),
    Double(f64),
    List(Vec<Canonical>),
}

/// A result as a multiset of rows.
#[derive(Debug, Clone)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Canonical>>,
}

impl Table {
    /// The rows that are left when a changelog is folded.
    pub fn fold(columns: Vec<String>, batches: &[EventBatch]) -> Result<Self, String> {
        let mut counts: BTreeMap<String, (i64, Vec<Canonical>)> = BTreeMap::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                let schema = batch.schema();
                let cells = batch.rows().columns().iter().zip(schema.fields());
                let values: Vec<Canonical> = cells
                    .map(|(column, field)| canonical(column.as_ref(), field, row))
                    .collect();
                let count = &mut counts.entry(format!("{values:?}")).or_insert((0, values)).0;
                *count += if batch.kind(row).is_addition() { 1 } else { -1 };
            }
        }
        if let Some((row, (count, _))) = counts.iter().find(|(_, (count, _))| *count < 0) {
            return Err(format!(
                "{row} is taken back {} times more often than it was given",
                -count
            ));
        }
        let rows = counts
            .into_values()
            .flat_map(|(count, values)| (0..count).map(move |_| values.clone()));
        Ok(Self {
            columns,
            rows: rows.collect(),
        })
    }

    /// Says where this result differs from the expected one.
    pub fn same_as(&self, expected: &Table) -> Result<(), String> {
        if self.columns != expected.columns {
            return Err(format!(
                "columns {:?}, expected {:?}",
                self.columns, expected.columns
            ));
        }
        let (mut found, mut wanted) = (self.rows.clone(), expected.rows.clone());
        found.sort_by(|left, right| compare_rows(left, right));
        wanted.sort_by(|left, right| compare_rows(left, right));
        let differing = found
            .iter()
            .zip(&wanted)
            .find(|(found, wanted)| !rows_equal(found, wanted));
        if let Some((found, wanted)) = differing {
            return Err(format!("found {found:?}, expected {wanted:?}"));
        }
        if found.len() != wanted.len() {
            return Err(format!("{} rows, expected {}", found.len(), wanted.len()));
        }
        Ok(())
    }
}

fn canonical(array: &dyn Array, field: &Field, row: usize) -> Canonical {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Canonical::Null;
    }
    if let DataType::List(element) = array.data_type() {
        let elements = array.as_list::<i32>().value(row);
        return Canonical::List(
            (0..elements.len())
                .map(|index| canonical(elements.as_ref(), element, index))
                .collect(),
        );
    }
    let mut text = Vec::new();
    Cell::new(array, field).unwrap().write_text(row, &mut text);
    let text = String::from_utf8(text).unwrap();
    match array.data_type() {
        DataType::Float32 | DataType::Float64 => Canonical::Double(text.parse().unwrap()),
        data_type if data_type.is_numeric() => Canonical::Number(plain_number(&text)),
        DataType::Timestamp(_, _) => Canonical::Text(without_zeros(&text)),
        _ => Canonical::Text(text),
    }
}

/// No zeros behind the last digit that counts, no "-0".
fn plain_number(text: &str) -> String {
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// `10:15:00.500Z` as `10:15:00.5Z`.
fn without_zeros(timestamp: &str) -> String {
    match timestamp.strip_suffix('Z').and_then(|text| text.split_once('.')) {
        Some((seconds, fraction)) if fraction.trim_end_matches('0').is_empty() => format!("{seconds}Z"),
        Some((seconds, fraction)) => format!("{seconds}.{}Z", fraction.trim_end_matches('0')),
        None => timestamp.to_owned(),
    }
}

/// Exact values first, so that doubles that differ a little cannot part rows that belong together.
fn compare_rows(left: &[Canonical], right: &[Canonical]) -> Ordering {
    let exact = left
        .iter()
        .zip(right)
        .map(|(left, right)| compare(left, right, false));
    let all = left
        .iter()
        .zip(right)
        .map(|(left, right)| compare(left, right, true));
    exact
        .chain(all)
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare(left: &Canonical, right: &Canonical, with_doubles: bool) -> Ordering {
    match (left, right) {
        (Canonical::Null, Canonical::Null) => Ordering::Equal,
        (Canonical::Null, _) => Ordering::Less,
        (_, Canonical::Null) => Ordering::Greater,
        (Canonical::Text(left), Canonical::Text(right)) => left.cmp(right),
        (Canonical::List(left), Canonical::List(right)) => left
            .iter()
            .zip(right)
            .map(|(left, right)| compare(left, right, with_doubles))
            .find(|order| order.is_ne())
            .unwrap_or(left.len().cmp(&right.len())),
        // Numbers of both engines sort alike whatever their types; ties are as good as equal.
        _ => match (number(left), number(right)) {
            (Some(_), Some(_)) if !with_doubles => Ordering::Equal,
            (Some(left), Some(right)) => left.total_cmp(&right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        },
    }
}

fn number(value: &Canonical) -> Option<f64> {
    match value {
        Canonical::Double(value) => Some(*value),
        Canonical::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn rows_equal(left: &[Canonical], right: &[Canonical]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
}

fn equal(left: &Canonical, right: &Canonical) -> bool {
    match (left, right) {
        (Canonical::Null, Canonical::Null) => true,
        (Canonical::Text(left), Canonical::Text(right)) => left == right,
        (Canonical::Number(left), Canonical::Number(right)) => left == right,
        (Canonical::List(left), Canonical::List(right)) => rows_equal(left, right),
        (Canonical::Double(_), _) | (_, Canonical::Double(_)) => match (number(left), number(right)) {
            (Some(left), Some(right)) => {
                left == right
                    || (left.is_nan() && right.is_nan())
                    || (left - right).abs() <= TOLERANCE * left.abs().max(right.abs()).max(1.0)
            }
            _ => false,
        },
        _ => false,
    }
}

#[test]
fn doubles_are_equal_up_to_the_last_digits_and_nothing_else_is() {
    assert!(equal(&Canonical::Double(0.1 + 0.2), &Canonical::Double(0.3)));
    assert!(!equal(&Canonical::Double(0.3001), &Canonical::Double(0.3)));
    assert!(equal(&Canonical::Number("3".into()), &Canonical::Double(3.0)));
    assert!(!equal(&Canonical::Null, &Canonical::Double(0.0)));
    assert!(!equal(
        &Canonical::Number("3".into()),
        &Canonical::Number("3.1".into())
    ));
}

#[test]
fn a_missing_row_is_a_difference() {
    let table = |values: &[&str]| Table {
        columns: vec!["a".into()],
        rows: values
            .iter()
            .map(|value| vec![Canonical::Text((*value).to_owned())])
            .collect(),
    };
    assert!(table(&["x", "y"]).same_as(&table(&["y", "x"])).is_ok());
    assert!(table(&["x"]).same_as(&table(&["x", "x"])).is_err());
    assert!(table(&["x", "z"]).same_as(&table(&["x", "y"])).is_err());
}
