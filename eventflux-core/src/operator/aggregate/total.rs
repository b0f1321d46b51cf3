//! `sum` and `avg`: exact for integers and decimals, compensated for floats.

use std::marker::PhantomData;

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, i256};

use super::compensated::FloatSum;
use super::function::Function;
use super::number::{decimals, does_not_fit, floats, integers};
use super::stored::Stored;
use super::value::decimal_scale;
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// What becomes of a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    Sum,
    Average,
}

impl Reduction {
    fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Average => "avg",
        }
    }
}

/// The value of a row, unless it is NULL.
#[inline]
fn value<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    if column.is_null(row) {
        None
    } else {
        Some(column.values()[row])
    }
}

/// A sum and how many values are in it; nothing if there are none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Total<S> {
    sum: S,
    count: i64,
}

/// Totals of integers.
pub(super) struct IntegerTotal<T> {
    pub(super) reduction: Reduction,
    pub(super) output: DataType,
    pub(super) input: PhantomData<fn() -> T>,
}

impl<T: ArrowPrimitiveType> Function for IntegerTotal<T>
where
    T::Native: Into<i128>,
{
    type State = Total<i128>;
    type Column<'a> = &'a PrimitiveArray<T>;
    type Value = Total<i128>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        Ok(rows.arguments[0].as_primitive())
    }

    #[inline]
    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.sum += value.into();
            state.count += 1;
        }
    }

    #[inline]
    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.sum -= value.into();
            state.count -= 1;
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        state.sum += other.sum;
        state.count += other.count;
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        *state
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        let name = self.reduction.name();
        let present = values.into_iter().map(|total| (total.count > 0).then_some(total));
        match self.reduction {
            Reduction::Sum => {
                let sums = present
                    .map(|total| total.map(|total| total.sum))
                    .collect::<Vec<_>>();
                integers(&sums, &self.output, name)
            }
            Reduction::Average if matches!(self.output, DataType::Duration(_)) => {
                let averages = present.map(|total| total.map(|total| rounded(total.sum, total.count.into())));
                integers(&averages.collect::<Vec<_>>(), &self.output, name)
            }
            Reduction::Average => {
                let averages = present.map(|total| total.map(|total| total.sum as f64 / total.count as f64));
                floats(averages.collect(), &self.output, name)
            }
        }
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.sum.to_be_bytes());
        out.extend_from_slice(&state.count.to_be_bytes());
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Ok(Total {
            sum: input.i128()?,
            count: input.i64()?,
        })
    }
}

/// A quotient rounded half away from zero.
fn rounded(dividend: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    if rest.abs() * 2 >= divisor {
        quotient + dividend.signum()
    } else {
        quotient
    }
}

/// Totals of floats.
pub(super) struct FloatTotal<T> {
    pub(super) reduction: Reduction,
    pub(super) output: DataType,
    pub(super) input: PhantomData<fn() -> T>,
}

impl<T: ArrowPrimitiveType> Function for FloatTotal<T>
where
    T::Native: Into<f64>,
{
    type State = Total<FloatSum>;
    type Column<'a> = &'a PrimitiveArray<T>;
    type Value = Option<f64>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        Ok(rows.arguments[0].as_primitive())
    }

    #[inline]
    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.sum.add(value.into());
            state.count += 1;
        }
    }

    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.count -= 1;
            state.sum.subtract(value.into());
            if state.count == 0 {
                *state = Total::default();
            }
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        state.sum.merge(&other.sum);
        state.count += other.count;
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        if state.count <= 0 {
            return None;
        }
        Some(match (self.reduction, state.sum.total()) {
            (_, Err(special)) => special,
            (Reduction::Sum, Ok(sum)) => sum.value(),
            (Reduction::Average, Ok(sum)) => sum.value() / state.count as f64,
        })
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        floats(values, &self.output, self.reduction.name())
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.count.to_be_bytes());
        state.sum.encode(out);
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Ok(Total {
            count: input.i64()?,
            sum: FloatSum::decode(input)?,
        })
    }
}

/// Totals of decimals.
pub(super) struct DecimalTotal<T> {
    pub(super) reduction: Reduction,
    pub(super) scale: i8,
    pub(super) output: DataType,
    pub(super) input: PhantomData<fn() -> T>,
}

/// A sum of decimals. With 256 bits it cannot overflow before 10^38 rows unless the input itself has more than 38
/// digits; then it is caught by the precision of the result in all but contrived cases, and it wraps both ways.
type DecimalSum = Total<Wide>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Wide(i256);

impl Default for Wide {
    fn default() -> Self {
        Wide(i256::ZERO)
    }
}

impl<T: ArrowPrimitiveType> Function for DecimalTotal<T>
where
    T::Native: IntoWide,
{
    type State = DecimalSum;
    type Column<'a> = &'a PrimitiveArray<T>;
    type Value = DecimalSum;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        Ok(rows.arguments[0].as_primitive())
    }

    fn add(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.sum.0 = state.sum.0.wrapping_add(value.into_wide());
            state.count += 1;
        }
    }

    fn subtract(&self, state: &mut Self::State, column: &Self::Column<'_>, row: usize) {
        if let Some(value) = value(column, row) {
            state.sum.0 = state.sum.0.wrapping_sub(value.into_wide());
            state.count -= 1;
        }
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<()> {
        state.sum.0 = state.sum.0.wrapping_add(other.sum.0);
        state.count += other.count;
        Ok(())
    }

    fn result(&self, state: &Self::State) -> Self::Value {
        *state
    }

    fn finish(&self, values: Vec<Self::Value>) -> Result<Evaluated> {
        let name = self.reduction.name();
        let present = values.into_iter().map(|total| (total.count > 0).then_some(total));
        if self.reduction == Reduction::Sum {
            let sums = present
                .map(|total| total.map(|total| total.sum.0))
                .collect::<Vec<_>>();
            return decimals(&sums, self.scale, &self.output, name);
        }
        // An average as a float takes 18 more digits than the input has.
        let scale = decimal_scale(&self.output)
            .unwrap_or(self.scale.saturating_add(18))
            .max(self.scale);
        let mut failures = Vec::new();
        let averages = present
            .enumerate()
            .map(|(row, total)| {
                let total = total?;
                let average = average(total, (scale - self.scale) as u32);
                if average.is_none() {
                    failures.push((row, does_not_fit(name, "too large", &self.output)));
                }
                average
            })
            .collect::<Vec<_>>();
        let mut evaluated = decimals(&averages, scale, &self.output, name)?;
        evaluated.failures.append(&mut failures);
        evaluated.failures.sort_unstable();
        Ok(evaluated)
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.sum.0.to_be_bytes());
        out.extend_from_slice(&state.count.to_be_bytes());
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Self::State> {
        Ok(Total {
            sum: Wide(i256::from_be_bytes(input.array()?)),
            count: input.i64()?,
        })
    }
}

/// The average with this many more digits, rounded half away from zero.
fn average(total: DecimalSum, digits: u32) -> Option<i256> {
    let scaled = total
        .sum
        .0
        .checked_mul(i256::from_i128(10).checked_pow(digits)?)?;
    let count = i256::from_i128(i128::from(total.count));
    let (quotient, rest) = (scaled.checked_div(count)?, scaled.checked_rem(count)?);
    let rest = rest.checked_abs()?;
    if rest.checked_add(rest)? < count {
        return Some(quotient);
    }
    let one = i256::from_i128(1);
    if scaled < i256::ZERO {
        quotient.checked_sub(one)
    } else {
        quotient.checked_add(one)
    }
}

/// A decimal's integer in 256 bits.
pub(super) trait IntoWide {
    fn into_wide(self) -> i256;
}

impl IntoWide for i32 {
    fn into_wide(self) -> i256 {
        i256::from_i128(self.into())
    }
}

impl IntoWide for i64 {
    fn into_wide(self) -> i256 {
        i256::from_i128(self.into())
    }
}

impl IntoWide for i128 {
    fn into_wide(self) -> i256 {
        i256::from_i128(self)
    }
}

impl IntoWide for i256 {
    fn into_wide(self) -> i256 {
        self
    }
}
