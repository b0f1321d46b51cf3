//! Sums of floats with an error term: about 106 bits, so that order and retraction hardly show.
//!
//! **Source** Knuth's TwoSum and Dekker's TwoProduct; the pair is the "double-double" of Hida, Li and Bailey.

use super::stored::Stored;
use crate::error::Result;

/// An unevaluated sum `high + low` with |low| at most half a unit in the last place of `high`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    #[inline]
    pub(super) fn plus_value(self, value: f64) -> Self {
        let (high, error) = two_sum(self.high, value);
        normal(high, self.low + error)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, low_error) = two_sum(self.low, other.low);
        let first = normal(high, error + low);
        normal(first.high, first.low + low_error)
    }

    /// The nearest float.
    pub(super) fn value(self) -> f64 {
        if self.high.is_finite() {
            self.high + self.low
        } else {
            self.high
        }
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.high.to_be_bytes());
        out.extend_from_slice(&self.low.to_be_bytes());
    }

    pub(super) fn decode(input: &mut Stored<'_>) -> Result<Self> {
        Ok(Self {
            high: input.f64()?,
            low: input.f64()?,
        })
    }
}

/// A sum, rounded, and what was rounded off.
#[inline]
pub(super) fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let shadow = sum - left;
    (sum, (left - (sum - shadow)) + (right - shadow))
}

/// Brings the pair into its form; an infinite sum has no error term.
#[inline]
fn normal(high: f64, low: f64) -> Compensated {
    if !high.is_finite() {
        return Compensated { high, low: 0.0 };
    }
    let sum = high + low;
    let rest = low - (sum - high);
    Compensated {
        high: sum,
        low: if rest.is_finite() { rest } else { 0.0 },
    }
}

/// A product, rounded, and what was rounded off. Above 2^996 the latter is lost.
pub(super) fn two_product(left: f64, right: f64) -> (f64, f64) {
    let high = left * right;
    let ((left_high, left_low), (right_high, right_low)) = (split(left), split(right));
    let low = left_low * right_low
        - (((high - left_high * right_high) - left_low * right_high) - left_high * right_low);
    (high, if low.is_finite() { low } else { 0.0 })
}

fn split(value: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * value;
    let high = scaled - (scaled - value);
    (high, value - high)
}

/// A sum of any floats that can be taken back: what is not finite is counted instead of added.
#[derive(Debug, Clone, Default)]
pub(super) struct FloatSum {
    finite: Compensated,
    special: Option<Box<Special>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Special {
    nan: i64,
    positive: i64,
    negative: i64,
}

impl FloatSum {
    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.finite = self.finite.plus_value(value);
        } else {
            self.count_special(value, 1);
        }
    }

    #[inline]
    pub(super) fn subtract(&mut self, value: f64) {
        if value.is_finite() {
            self.finite = self.finite.plus_value(-value);
        } else {
            self.count_special(value, -1);
        }
    }

    #[cold]
    fn count_special(&mut self, value: f64, times: i64) {
        let special = self.special.get_or_insert_default();
        if value.is_nan() {
            special.nan += times;
        } else if value > 0.0 {
            special.positive += times;
        } else {
            special.negative += times;
        }
        if **special == Special::default() {
            self.special = None;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.finite = self.finite.plus(other.finite);
        if let Some(other) = &other.special {
            let special = self.special.get_or_insert_default();
            special.nan += other.nan;
            special.positive += other.positive;
            special.negative += other.negative;
            if **special == Special::default() {
                self.special = None;
            }
        }
    }

    /// The finite part, or the value that swallows it.
    pub(super) fn total(&self) -> Result<Compensated, f64> {
        match self.special.as_deref() {
            None => Ok(self.finite),
            Some(Special {
                nan,
                positive,
                negative,
            }) => match (*nan > 0, *positive > 0, *negative > 0) {
                (true, _, _) | (_, true, true) => Err(f64::NAN),
                (_, true, _) => Err(f64::INFINITY),
                (_, _, true) => Err(f64::NEG_INFINITY),
                _ => Ok(self.finite),
            },
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.finite.encode(out);
        match &self.special {
            None => out.push(0),
            Some(special) => {
                out.push(1);
                for count in [special.nan, special.positive, special.negative] {
                    out.extend_from_slice(&count.to_be_bytes());
                }
            }
        }
    }

    pub(super) fn decode(input: &mut Stored<'_>) -> Result<Self> {
        let finite = Compensated::decode(input)?;
        let special = match input.u8()? {
            0 => None,
            _ => Some(Box::new(Special {
                nan: input.i64()?,
                positive: input.i64()?,
                negative: input.i64()?,
            })),
        };
        Ok(Self { finite, special })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl FloatSum {
        fn value(&self) -> f64 {
            self.total().map_or_else(|special| special, Compensated::value)
        }
    }

    #[test]
    fn small_values_survive_a_large_one_that_comes_and_goes() {
        let mut sum = FloatSum::default();
        [1e20, 1.0, 0.1, -1e20, 3.5]
            .into_iter()
            .for_each(|value| sum.add(value));
        sum.subtract(3.5);
        assert_eq!(sum.value(), 1.1);
    }

    #[test]
    fn values_that_are_not_finite_can_be_taken_back() {
        let mut sum = FloatSum::default();
        [2.0, f64::INFINITY, f64::NAN]
            .into_iter()
            .for_each(|value| sum.add(value));
        assert!(sum.value().is_nan());
        sum.subtract(f64::NAN);
        assert_eq!(sum.value(), f64::INFINITY);
        sum.subtract(f64::INFINITY);
        assert_eq!(sum.value(), 2.0);
        assert!(sum.special.is_none());
    }

    #[test]
    fn a_sum_beyond_the_largest_float_is_infinite() {
        let mut sum = FloatSum::default();
        sum.add(f64::MAX);
        sum.add(f64::MAX);
        assert_eq!(sum.value(), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn taking_everything_back_leaves_nothing(values in prop::collection::vec(-1e15..1e15f64, 0..50)) {
            let mut sum = FloatSum::default();
            values.iter().for_each(|value| sum.add(*value));
            values.iter().for_each(|value| sum.subtract(*value));
            prop_assert!(sum.value().abs() < 1e-12, "{}", sum.value());
        }

        #[test]
        fn a_product_is_exact(left in -1_000_000_000_000_000i64..1_000_000_000_000_000, right: i32) {
            let (high, low) = two_product(left as f64, f64::from(right));
            prop_assert_eq!(high as i128 + low as i128, i128::from(left) * i128::from(right));
        }
    }
}
