//! Numbers of which the first are the most frequent.
//!
//! **Source** Hörmann, Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions" (ACM
//! TOMACS 6, 1996).

use super::Draws;

/// Ranks from 1 to `count`, the k-th with a probability in proportion to `1 / k^exponent`.
#[derive(Debug, Clone, Copy)]
pub struct Zipf {
    count: f64,
    exponent: f64,
    /// The integral of the hat function up to 1.5 less 1, and up to the end.
    integral_first: f64,
    integral_last: f64,
    /// Ranks this close to their variate are taken without a look at the hat function.
    shortcut: f64,
}

impl Zipf {
    /// A distribution over `count` ranks; the exponent is positive.
    pub fn new(count: u64, exponent: f64) -> Self {
        let mut zipf = Self {
            count: count.max(1) as f64,
            exponent,
            integral_first: 0.0,
            integral_last: 0.0,
            shortcut: 0.0,
        };
        zipf.integral_first = zipf.integral(1.5) - 1.0;
        zipf.integral_last = zipf.integral(zipf.count + 0.5);
        zipf.shortcut = 2.0 - zipf.integral_inverse(zipf.integral(2.5) - zipf.hat(2.0));
        zipf
    }

    /// The next rank.
    pub fn draw(&self, draws: &mut Draws) -> u64 {
        loop {
            let area = self.integral_last + draws.unit() * (self.integral_first - self.integral_last);
            let variate = self.integral_inverse(area);
            let rank = (variate + 0.5).floor().clamp(1.0, self.count);
            if rank - variate <= self.shortcut || area >= self.integral(rank + 0.5) - self.hat(rank) {
                return rank as u64;
            }
        }
    }

    fn hat(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    /// The integral of the hat function, also where the exponent is (about) 1.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        let t = (1.0 - self.exponent) * log;
        log * if t.abs() > 1e-8 {
            t.exp_m1() / t
        } else {
            1.0 + t / 2.0
        }
    }

    fn integral_inverse(&self, x: f64) -> f64 {
        // Rounding may lead out of the domain of the logarithm.
        let t = (x * (1.0 - self.exponent)).max(-1.0);
        (x * if t.abs() > 1e-8 {
            t.ln_1p() / t
        } else {
            1.0 - t / 2.0
        })
        .exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of the ranks against the definition.
    fn check(count: u64, exponent: f64) {
        let zipf = Zipf::new(count, exponent);
        let (draws, drawn) = (Draws::new(3, "zipf"), 200_000);
        let mut seen = vec![0u64; count as usize + 1];
        for index in 0..drawn {
            seen[zipf.draw(&mut draws.at(index)) as usize] += 1;
        }
        let weight = |rank: u64| (rank as f64).powf(-exponent);
        let all: f64 = (1..=count).map(weight).sum();
        assert_eq!(seen[0], 0);
        for rank in 1..=count.min(5) {
            let (share, expected) = (seen[rank as usize] as f64 / drawn as f64, weight(rank) / all);
            assert!(
                (share - expected).abs() < 0.005,
                "{count} {exponent} {rank}: {share} {expected}"
            );
        }
    }

    #[test]
    fn ranks_have_the_shares_of_the_definition() {
        check(1, 1.0);
        check(3, 0.5);
        check(100, 0.99);
        check(100, 1.0);
        check(10_000, 1.0);
        check(1_000, 2.5);
    }
}
