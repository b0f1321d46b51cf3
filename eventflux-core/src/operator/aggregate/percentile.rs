//! `median` and `percentile_cont`: exact, from all values in order.

use std::marker::PhantomData;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, i256};

use super::function::Function;
use super::multiset::Multiset;
use super::number::{decimals, floats};
use super::stored::Stored;
use super::value::{Decimals, ValueForm, Words, decimal_scale, one_column};
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// Values of which a value in between can be computed.
pub(super) trait Interpolate: ValueForm {
    /// The values `lower[i] + (upper[i] - lower[i]) * fraction[i]` as an array.
    fn interpolate(
        points: &[Option<Between<Self::Value>>],
        input: &DataType,
        output: &DataType,
        name: &str,
    ) -> Result<Evaluated>;
}

/// A point between two neighbouring values.
#[derive(Debug, Clone)]
pub(super) struct Between<T> {
    lower: T,
    upper: T,
    fraction: f64,
}

/// The value below which this fraction of the values lies, interpolated between neighbours.
pub(super) struct Percentile<V> {
    /// From 0 to 1.
    pub(super) fraction: f64,
    pub(super) name: &'static str,
    pub(super) is_distinct: bool,
    pub(super) input: DataType,
    pub(super) output: DataType,
    pub(super) form: PhantomData<fn() -> V>,
}

/// The values of a group, and how many there are.
pub(super) struct Ranked<T> {
    values: Multiset<T>,
    count: i64,
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self {
            values: Multiset::default(),
            count: 0,
        }
    }
}

impl<V: Interpolate> Percentile<V> {
    fn change(&self, state: &mut Ranked<V::Value>, value: V::Value, times: i64) {
        let (before, after) = state.values.change(value, times);
        state.count += self.weight(after) - self.weight(before);
    }

    /// How often a value counts that is there so many times.
    fn weight(&self, count: i64) -> i64 {
        if self.is_distinct {
            i64::from(count > 0)
        } else {
            count.max(0)
        }
    }

    fn between(&self, state: &Ranked<V::Value>) -> Option<Between<V::Value>> {
        if state.count <= 0 {
            return None;
        }
        let rank = self.fraction * (state.count - 1) as f64;
        let lower_rank = rank.floor();
        let fraction = rank - lower_rank;
        let mut passed = 0;
        let mut lower = None;
        for (value, count) in state.values.iter() {
            passed += self.weight(count);
            if lower.is_none() && passed > lower_rank as i64 {
                lower = Some(value.clone());
            }
            if passed > lower_rank as i64 + i64::from(fraction > 0.0) {
                return Some(Between {
                    lower: lower?,
                    upper: value.clone(),
                    fraction,
                });
            }
        }
        None
    }
}

impl<V: Interpolate> Function for Percentile<V> {
    type State = Ranked<V::Value>;
    type Column<'a> = V::Column<'a>;
    type Value = Option<Between<V::Value>>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        V::column(rows.arguments)
    }

    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = V::read(column, row) {
            self.change(state, value, 1);
        }
    }

    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = V::read(column, row) {
            self.change(state, value, -1);
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        for (value, count) in other.values.raw() {
            self.change(state, value.clone(), *count);
        }
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        self.between(state)
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        V::interpolate(&values, &self.input, &self.output, self.name)
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.values.encode(out, V::encode);
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        let values = Multiset::decode(input, V::decode)?;
        let count = values.iter().map(|(_, count)| self.weight(count)).sum();
        Ok(Ranked { values, count })
    }

    fn has_heap(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.values.heap_bytes(V::heap_bytes)
    }
}

/// The lower values, or the upper ones.
fn ends<T: Clone>(points: &[Option<Between<T>>], upper: bool) -> Vec<Option<T>> {
    let end = |point: &Between<T>| {
        if upper {
            point.upper.clone()
        } else {
            point.lower.clone()
        }
    };
    points.iter().map(|point| point.as_ref().map(end)).collect()
}

impl Interpolate for Words {
    fn interpolate(
        points: &[Option<Between<u64>>],
        input: &DataType,
        output: &DataType,
        name: &str,
    ) -> Result<Evaluated> {
        let column = |upper| -> Result<ArrayRef> {
            Ok(cast(
                &one_column::<Words>(&ends(points, upper), input)?,
                &DataType::Float64,
            )?)
        };
        let (lower, upper) = (column(false)?, column(true)?);
        let (lower, upper) = (
            lower.as_primitive::<Float64Type>(),
            upper.as_primitive::<Float64Type>(),
        );
        let values = points.iter().enumerate().map(|(row, point)| {
            let fraction = point.as_ref()?.fraction;
            let (lower, upper) = (lower.value(row), upper.value(row));
            Some(match fraction {
                // Between two infinities lies no number, but neither is one needed here.
                0.0 => lower,
                _ if lower == upper => lower,
                0.5 => lower / 2.0 + upper / 2.0,
                fraction => lower + (upper - lower) * fraction,
            })
        });
        floats(values.collect(), output, name)
    }
}

impl Interpolate for Decimals {
    fn interpolate(
        points: &[Option<Between<i256>>],
        input: &DataType,
        output: &DataType,
        name: &str,
    ) -> Result<Evaluated> {
        // In 2^-30 steps, which is exact for quarters and for medians.
        const STEPS: i128 = 1 << 30;
        // A median of cents may lie between two: a result as a float takes more digits.
        let scale = decimal_scale(input).unwrap_or(0);
        let result_scale = decimal_scale(output)
            .unwrap_or(scale.saturating_add(9))
            .max(scale);
        let finer = i256::from_i128(10).wrapping_pow((result_scale - scale) as u32);
        let values = points.iter().map(|point| {
            let Between {
                lower,
                upper,
                fraction,
            } = point.as_ref()?;
            let (lower, upper) = (lower.checked_mul(finer)?, upper.checked_mul(finer)?);
            let steps = i256::from_i128((fraction * STEPS as f64).round() as i128);
            let way = upper.wrapping_sub(lower).wrapping_mul(steps);
            // The way up is never negative, so rounding half up is rounding half away from the lower value.
            let half = i256::from_i128(STEPS / 2);
            let step = way.wrapping_add(half).checked_div(i256::from_i128(STEPS))?;
            Some(lower.wrapping_add(step))
        });
        decimals(&values.collect::<Vec<_>>(), result_scale, output, name)
    }
}
