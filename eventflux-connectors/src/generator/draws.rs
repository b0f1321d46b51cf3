//! Random numbers that depend on nothing but a seed, a name and an index.
//!
//! **Source** SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014). Own code since
//! the numbers have to stay the same for good: a seed names a data set.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A sequence of random numbers.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// A stream of its own for each seed and salt, from which [`Draws::at`] takes a sequence for each index.
    pub fn new(seed: u64, salt: &str) -> Self {
        let salted = salt
            .bytes()
            .fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)));
        Self { state: salted }
    }

    /// The sequence of this index.
    pub fn at(self, index: u64) -> Self {
        Self {
            state: mix(self.state ^ mix(index.wrapping_add(GOLDEN))),
        }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// The next integer below a bound; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiplying spreads the bits evenly enough (off by less than bound / 2^64) without a division.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// The next integer from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        match most.wrapping_sub(least) as u64 {
            u64::MAX => self.bits() as i64,
            span => least.wrapping_add(self.below(span + 1) as i64),
        }
    }

    /// The next number from 0 to 1, 1 excluded.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let mut draws = Draws::new(42, "price").at(7);
        assert_eq!(
            [draws.bits(), draws.bits()],
            [7_054_319_066_495_511_465, 16_315_248_518_604_810_598]
        );
    }

    #[test]
    fn numbers_stay_in_their_range_and_fill_it() {
        let draws = Draws::new(1, "x");
        let seen: std::collections::BTreeSet<_> =
            (0..1000).map(|index| draws.at(index).between(-3, 3)).collect();
        assert_eq!(seen, (-3..=3).collect());
        assert_eq!(draws.at(0).between(5, 5), 5);
        assert_eq!(draws.at(0).below(0), 0);
        let extremes = draws.at(0).between(i64::MIN, i64::MAX);
        assert_ne!(extremes, draws.at(1).between(i64::MIN, i64::MAX));
        assert!((0..1000).all(|index| (0.0..1.0).contains(&draws.at(index).unit())));
    }

    #[test]
    fn seeds_salts_and_indices_give_different_numbers() {
        let all = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)];
        let distinct: std::collections::BTreeSet<_> = all
            .iter()
            .map(|(seed, salt, index)| Draws::new(*seed, salt).at(*index).bits())
            .collect();
        assert_eq!(distinct.len(), all.len());
    }
}
