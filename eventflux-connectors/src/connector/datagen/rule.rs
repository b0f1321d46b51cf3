//! Rules that give each row a number.

use crate::generator::{Draws, Zipf};

/// A rule of whole numbers.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// `first`, `first + step`, …, and from the beginning after `period` values.
    Sequence {
        /// The first value.
        first: i64,
        /// From value to value; may be negative.
        step: i64,
        /// How many values there are.
        period: u64,
    },
    /// Any value from the least to the greatest.
    Random {
        /// The least value.
        least: i64,
        /// The greatest value.
        most: i64,
    },
    /// The least value most often.
    Zipf {
        /// The least value.
        least: i64,
        /// How often which comes.
        zipf: Zipf,
    },
}

impl Rule {
    /// A sequence from `first` within bounds.
    pub fn sequence(first: i64, step: i64, (least, most): (i64, i64)) -> Self {
        let room = if step < 0 {
            first.wrapping_sub(least)
        } else {
            most.wrapping_sub(first)
        } as u64;
        let period = (room / step.unsigned_abs().max(1)).saturating_add(1);
        Rule::Sequence { first, step, period }
    }

    /// The value of a row.
    pub fn value(&self, row: u64, draws: Draws) -> i64 {
        match self {
            Rule::Sequence { first, step, period } => {
                first.wrapping_add(step.wrapping_mul((row % period) as i64))
            }
            Rule::Random { least, most } => draws.at(row).between(*least, *most),
            Rule::Zipf { least, zipf } => least.wrapping_add(zipf.draw(&mut draws.at(row)) as i64 - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(first: i64, step: i64, bounds: (i64, i64)) -> Vec<i64> {
        let (rule, draws) = (Rule::sequence(first, step, bounds), Draws::new(0, ""));
        (0..5).map(|row| rule.value(row, draws)).collect()
    }

    #[test]
    fn sequences_begin_again_after_their_last_value() {
        assert_eq!(sequence(1, 1, (0, 3)), [1, 2, 3, 1, 2]);
        assert_eq!(sequence(0, 10, (-100, 25)), [0, 10, 20, 0, 10]);
        assert_eq!(sequence(2, -1, (0, 9)), [2, 1, 0, 2, 1]);
        assert_eq!(sequence(7, 0, (7, 7)), [7, 7, 7, 7, 7]);
    }

    #[test]
    fn the_whole_range_can_be_gone_through() {
        let rule = Rule::sequence(i64::MIN, 1, (i64::MIN, i64::MAX));
        let draws = Draws::new(0, "");
        assert_eq!(rule.value(u64::MAX, draws), rule.value(0, draws));
        assert_eq!(rule.value(u64::MAX - 1, draws), i64::MAX - 1);
    }
}
