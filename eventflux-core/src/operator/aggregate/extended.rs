//! Sums with about 159 bits: for powers and products whose difference is wanted, not their sum.
//!
//! **Source** Shewchuk, "Adaptive precision floating-point arithmetic", 1997: a sum of floats that do not overlap, here
//! cut off after three.

use super::compensated::{two_product, two_sum};
use super::stored::Stored;
use crate::error::Result;

/// An unevaluated sum of three floats, largest first.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Extended {
    parts: [f64; 3],
}

impl Extended {
    /// Adds a float.
    pub(super) fn add(&mut self, value: f64) {
        let [first, second, third] = self.parts;
        let (first, error) = two_sum(first, value);
        if !first.is_finite() {
            self.parts = [first, 0.0, 0.0];
            return;
        }
        let (second, error) = two_sum(second, error);
        let third = third + error;
        // What was carried down may have made neighbours overlap.
        let (second, third) = two_sum(second, third);
        let (first, second) = two_sum(first, second);
        let (second, third) = two_sum(second, third);
        self.parts = [first, second, third];
    }

    /// Adds the exact product of two floats.
    pub(super) fn add_product(&mut self, left: f64, right: f64) {
        let (high, low) = two_product(left, right);
        self.add(high);
        self.add(low);
    }

    /// Adds another sum.
    pub(super) fn add_sum(&mut self, other: &Self) {
        other.parts.iter().for_each(|part| self.add(*part));
    }

    /// `factor * products - left * right`, rounded once; 0 if it is below the precision of the sums.
    pub(super) fn difference(factor: f64, products: &Self, left: &Self, right: &Self) -> f64 {
        let mut difference = Self::default();
        products
            .parts
            .iter()
            .for_each(|part| difference.add_product(factor, *part));
        let size = difference.value().abs();
        for left in left.parts {
            right
                .parts
                .iter()
                .for_each(|right| difference.add_product(-left, *right));
        }
        // 2^-140 of what is subtracted from each other is noise.
        let value = difference.value();
        if value.abs() <= size * 7.2e-43 { 0.0 } else { value }
    }

    /// The nearest float.
    pub(super) fn value(&self) -> f64 {
        let [first, second, third] = self.parts;
        if first.is_finite() {
            first + (second + third)
        } else {
            first
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.parts
            .iter()
            .for_each(|part| out.extend_from_slice(&part.to_be_bytes()));
    }

    pub(super) fn decode(input: &mut Stored<'_>) -> Result<Self> {
        Ok(Self {
            parts: [input.f64()?, input.f64()?, input.f64()?],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_of_140_bits_are_summed_exactly(values in prop::collection::vec((any::<i32>(), 0..3u32), 0..40)) {
            let exact = |value: i32, power: u32| i128::from(value) << (power * 32);
            let mut sum = Extended::default();
            values.iter().for_each(|(value, power)| sum.add(exact(*value, *power) as f64));
            values.iter().rev().skip(1).for_each(|(value, power)| sum.add(-(exact(*value, *power) as f64)));
            let expected = values.last().map_or(0, |(value, power)| exact(*value, *power));
            prop_assert_eq!(sum.value(), expected as f64);
        }
    }
}
