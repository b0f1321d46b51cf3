//! Variance, covariance, correlation and regression: from sums of powers and products.
//!
//! **Source** The definitions of SQL:2003. With about 159 bits per sum ([`Extended`]) the textbook formulas lose no
//! digit of a float unless mean and deviation are more than 2^50 apart, and rows are taken back without a trace.

use arrow::array::{Array, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::extended::Extended;
use super::function::Function;
use super::number::floats;
use super::stored::Stored;
use super::{AggregateRows, Evaluated};
use crate::error::{Error, Result};

/// What is computed of one argument, or of the pair (y, x).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    CovarPop,
    CovarSamp,
    Correlation,
    RegrCount,
    RegrSlope,
    RegrIntercept,
    RegrR2,
    RegrAvgX,
    RegrAvgY,
    RegrSxx,
    RegrSyy,
    RegrSxy,
}

impl Statistic {
    /// The statistic of two arguments with this name.
    pub(super) fn of_pair(name: &str) -> Option<Self> {
        Some(match name {
            "covar_pop" => Statistic::CovarPop,
            "covar_samp" => Statistic::CovarSamp,
            "corr" => Statistic::Correlation,
            "regr_count" => Statistic::RegrCount,
            "regr_slope" => Statistic::RegrSlope,
            "regr_intercept" => Statistic::RegrIntercept,
            "regr_r2" => Statistic::RegrR2,
            "regr_avgx" => Statistic::RegrAvgX,
            "regr_avgy" => Statistic::RegrAvgY,
            "regr_sxx" => Statistic::RegrSxx,
            "regr_syy" => Statistic::RegrSyy,
            "regr_sxy" => Statistic::RegrSxy,
            _ => return None,
        })
    }
}

/// A statistic over one or two arguments. Of one argument, y is all there is.
pub(super) struct Moments {
    pub(super) statistic: Statistic,
    pub(super) output: DataType,
}

/// Sums over the rows in which no argument is NULL.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    count: i64,
    /// Rows with a value that is not finite; while there are any, results are NaN.
    special: i64,
    y: Extended,
    yy: Extended,
    x: Extended,
    xx: Extended,
    xy: Extended,
}

/// The columns y and x as floats.
pub(super) struct Pair {
    y: Float64Array,
    x: Option<Float64Array>,
}

impl Moments {
    fn change(state: &mut Sums, column: &Pair, row: usize, sign: f64) {
        let x = match &column.x {
            _ if column.y.is_null(row) => return,
            Some(x) if x.is_null(row) => return,
            Some(x) => Some(x.value(row)),
            None => None,
        };
        let y = column.y.value(row);
        state.count += sign as i64;
        if !y.is_finite() || x.is_some_and(|x| !x.is_finite()) {
            state.special += sign as i64;
        } else {
            state.y.add(sign * y);
            state.yy.add_product(sign * y, y);
            if let Some(x) = x {
                state.x.add(sign * x);
                state.xx.add_product(sign * x, x);
                state.xy.add_product(sign * x, y);
            }
        }
        if state.count == 0 && state.special == 0 {
            *state = Sums::default();
        }
    }
}

impl Sums {
    /// The sum of products of deviations from the means: Σab - Σa·Σb/n.
    fn deviations(&self, products: &Extended, left: &Extended, right: &Extended) -> f64 {
        let n = self.count as f64;
        Extended::difference(n, products, left, right) / n
    }

    fn syy(&self) -> f64 {
        self.deviations(&self.yy, &self.y, &self.y).max(0.0)
    }

    fn sxx(&self) -> f64 {
        self.deviations(&self.xx, &self.x, &self.x).max(0.0)
    }

    fn sxy(&self) -> f64 {
        self.deviations(&self.xy, &self.x, &self.y)
    }
}

impl Function for Moments {
    type State = Sums;
    type Column<'a> = Pair;
    type Value = Option<f64>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Pair> {
        let float = |index: usize| -> Result<Float64Array> {
            let argument = rows.arguments.get(index);
            let argument = argument.ok_or_else(|| Error::Bug("an aggregate lacks its argument".into()))?;
            Ok(cast(argument, &DataType::Float64)?
                .as_primitive::<Float64Type>()
                .clone())
        };
        Ok(Pair {
            y: float(0)?,
            x: if rows.arguments.len() > 1 {
                Some(float(1)?)
            } else {
                None
            },
        })
    }

    fn add(&self, state: &mut Sums, column: &Pair, row: usize) {
        Self::change(state, column, row, 1.0);
    }

    fn subtract(&self, state: &mut Sums, column: &Pair, row: usize) {
        Self::change(state, column, row, -1.0);
    }

    fn merge(&self, state: &mut Sums, other: &Sums) -> Result<()> {
        state.count += other.count;
        state.special += other.special;
        state.y.add_sum(&other.y);
        state.yy.add_sum(&other.yy);
        state.x.add_sum(&other.x);
        state.xx.add_sum(&other.xx);
        state.xy.add_sum(&other.xy);
        if state.count == 0 && state.special == 0 {
            *state = Sums::default();
        }
        Ok(())
    }

    fn result(&self, state: &Sums) -> Option<f64> {
        use Statistic::*;
        if self.statistic == RegrCount {
            return Some(state.count.max(0) as f64);
        }
        let least = match self.statistic {
            VarSamp | StddevSamp | CovarSamp => 2,
            _ => 1,
        };
        if state.count < least {
            return None;
        }
        if state.special > 0 {
            return Some(f64::NAN);
        }
        let n = state.count as f64;
        Some(match self.statistic {
            RegrCount => n,
            VarPop => state.syy() / n,
            VarSamp => state.syy() / (n - 1.0),
            StddevPop => (state.syy() / n).sqrt(),
            StddevSamp => (state.syy() / (n - 1.0)).sqrt(),
            CovarPop => state.sxy() / n,
            CovarSamp => state.sxy() / (n - 1.0),
            RegrAvgX => state.x.value() / n,
            RegrAvgY => state.y.value() / n,
            RegrSxx => state.sxx(),
            RegrSyy => state.syy(),
            RegrSxy => state.sxy(),
            Correlation | RegrSlope | RegrIntercept | RegrR2 => return self.regression(state),
        })
    }

    fn finish(&self, values: Vec<Option<f64>>) -> Result<Evaluated> {
        floats(values, &self.output, "a statistic")
    }

    fn encode(&self, state: &Sums, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.count.to_be_bytes());
        out.extend_from_slice(&state.special.to_be_bytes());
        for sum in [state.y, state.yy, state.x, state.xx, state.xy] {
            sum.encode(out);
        }
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Sums> {
        let (count, special) = (input.i64()?, input.i64()?);
        let mut sum = || Extended::decode(input);
        Ok(Sums {
            count,
            special,
            y: sum()?,
            yy: sum()?,
            x: sum()?,
            xx: sum()?,
            xy: sum()?,
        })
    }
}

impl Moments {
    /// What is NULL when the points have no line.
    fn regression(&self, state: &Sums) -> Option<f64> {
        let (sxx, syy, sxy, n) = (state.sxx(), state.syy(), state.sxy(), state.count as f64);
        match self.statistic {
            Statistic::Correlation if sxx == 0.0 || syy == 0.0 => None,
            Statistic::Correlation => Some((sxy / (sxx.sqrt() * syy.sqrt())).clamp(-1.0, 1.0)),
            _ if sxx == 0.0 => None,
            Statistic::RegrSlope => Some(sxy / sxx),
            Statistic::RegrIntercept => Some((state.y.value() - state.x.value() * sxy / sxx) / n),
            Statistic::RegrR2 if syy == 0.0 => Some(1.0),
            _ => Some(((sxy / sxx) * (sxy / syy)).clamp(0.0, 1.0)),
        }
    }
}
