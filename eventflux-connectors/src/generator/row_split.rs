//! Which rows are whose, and which have been made: at any parallelism, also one that changes with a restart.
//!
//! A subtask `s` of `n` makes the rows `s, s + n, s + 2n, …` in order. So what one subtask has made is a *class*: the rows
//! that leave the remainder `s` when divided by `n`, below a bound. Positions are classes; what has been made is their
//! union. Restarted with another `n`, a subtask makes its own rows in order and leaves out those of the old classes, until
//! it is past all of their bounds.

use std::collections::BTreeMap;

use eventflux_core::connector::SourcePosition;
use eventflux_core::{Error, Result};

/// Rows `first, first + step, …`, `count` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRun {
    /// The first row's index.
    pub first: u64,
    /// From row to row.
    pub step: u64,
    /// How many rows.
    pub count: usize,
}

impl RowRun {
    /// The rows' indices.
    pub fn indices(self) -> impl ExactSizeIterator<Item = u64> + Clone {
        (0..self.count).map(move |offset| self.first + offset as u64 * self.step)
    }
}

/// (remainder, divisor) to bound.
type Classes = BTreeMap<(u64, u64), u64>;

/// One subtask's rows.
#[derive(Debug, Clone)]
pub struct RowSplit {
    remainder: u64,
    divisor: u64,
    /// The next row that may be this subtask's.
    next: u64,
    /// Classes made before the last restart.
    made: Classes,
    /// All of their bounds are at or below this.
    made_end: u64,
    first_missing: u64,
}

impl RowSplit {
    /// The rows of one subtask, less those that positions say have been made.
    ///
    /// **Errors** A position that no generator wrote.
    pub fn new(subtask: usize, parallelism: usize, positions: &[SourcePosition]) -> Result<Self> {
        let mut made = Classes::new();
        for position in positions {
            let (class, bound) = parse(position)?;
            let known = made.entry(class).or_default();
            *known = bound.max(*known);
        }
        let (remainder, divisor) = (subtask as u64, parallelism.max(1) as u64);
        let made_end = made.values().copied().max().unwrap_or(0);
        let first_missing = (complete_end(&made)..made_end)
            .find(|row| !is_made(&made, *row))
            .unwrap_or(made_end);
        let next = first_missing + (remainder + divisor - first_missing % divisor) % divisor;
        Ok(Self {
            remainder,
            divisor,
            next,
            made,
            made_end,
            first_missing,
        })
    }

    /// The first row that no subtask had made when this one opened.
    pub fn first_missing(&self) -> u64 {
        self.first_missing
    }

    /// The next rows below the limit, `count_max` at the most.
    pub fn take(&mut self, count_max: usize, limit: u64) -> Option<RowRun> {
        while self.next < self.made_end && self.next < limit && is_made(&self.made, self.next) {
            self.next += self.divisor;
        }
        let left = limit.saturating_sub(self.next).div_ceil(self.divisor);
        let mut run = RowRun {
            first: self.next,
            step: self.divisor,
            count: usize::try_from(left).unwrap_or(usize::MAX).min(count_max),
        };
        if self.next < self.made_end {
            run.count = run.indices().take_while(|row| !is_made(&self.made, *row)).count();
        }
        self.next += run.count as u64 * self.divisor;
        (run.count > 0).then_some(run)
    }

    /// The next row that may be this subtask's.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What has been made, as far as this subtask knows.
    pub fn positions(&self) -> Vec<SourcePosition> {
        let mut classes = if self.next < self.made_end {
            self.made.clone()
        } else {
            Classes::new()
        };
        let own = classes.entry((self.remainder, self.divisor)).or_default();
        *own = self.next.max(*own);
        let position = |((remainder, divisor), bound)| SourcePosition {
            partition: name(remainder, divisor),
            position: u64::to_string(&bound),
        };
        classes.into_iter().map(position).collect()
    }

    /// The name of this subtask's partition.
    pub fn partition(&self) -> String {
        name(self.remainder, self.divisor)
    }
}

fn is_made(made: &Classes, row: u64) -> bool {
    made.iter()
        .any(|((remainder, divisor), bound)| row < *bound && row % divisor == *remainder)
}

/// All rows below this have been made, as the bounds alone tell: the least bound, if one run's classes are all there.
fn complete_end(made: &Classes) -> u64 {
    let count = |divisor: u64| made.keys().filter(|(_, other)| *other == divisor).count() as u64;
    let is_complete = made.keys().any(|(_, divisor)| count(*divisor) == *divisor);
    made.values().copied().min().filter(|_| is_complete).unwrap_or(0)
}

fn name(remainder: u64, divisor: u64) -> String {
    format!("{remainder}/{divisor}")
}

fn parse(position: &SourcePosition) -> Result<((u64, u64), u64)> {
    let SourcePosition { partition, position } = position;
    let class = partition.split_once('/').and_then(|(remainder, divisor)| {
        let (remainder, divisor) = (remainder.parse().ok()?, divisor.parse().ok()?);
        (remainder < divisor).then_some((remainder, divisor))
    });
    let bound = position.parse().ok();
    class.zip(bound).ok_or_else(|| Error::State {
        operator: "a generator".into(),
        message: format!("`{partition}` at `{position}` is not a position in generated rows"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(split: &mut RowSplit, count_max: usize, limit: u64) -> Vec<u64> {
        split
            .take(count_max, limit)
            .map(|run| run.indices().collect())
            .unwrap_or_default()
    }

    #[test]
    fn subtasks_take_turns() {
        let mut second = RowSplit::new(1, 3, &[]).unwrap();
        assert_eq!(rows(&mut second, 2, 100), [1, 4]);
        assert_eq!(rows(&mut second, 9, 12), [7, 10]);
        assert_eq!(rows(&mut second, 9, 13), [0u64; 0]);
        assert_eq!(rows(&mut second, 9, 14), [13]);
    }

    #[test]
    fn positions_of_others_are_refused() {
        for (partition, position) in [("a", "1"), ("3/3", "1"), ("0/1", "x"), ("0/0", "1")] {
            let position = SourcePosition {
                partition: partition.into(),
                position: position.into(),
            };
            assert!(RowSplit::new(0, 1, &[position]).is_err());
        }
    }

    proptest! {
        /// Restarted again and again, each time at another parallelism and in the middle of the gaps that the restart
        /// before left, all rows are made once.
        #[test]
        fn every_row_is_made_once_whatever_the_restarts(
            runs in prop::collection::vec((1usize..5, prop::collection::vec((0usize..5, 1usize..6), 0..12)), 1..6),
            total in 0u64..200,
        ) {
            let mut made = Vec::new();
            let mut positions = Vec::new();
            for (parallelism, steps) in runs.into_iter().chain([(3, (0..600).map(|step| (step % 3, 5)).collect())]) {
                let mut splits: Vec<_> =
                    (0..parallelism).map(|subtask| RowSplit::new(subtask, parallelism, &positions).unwrap()).collect();
                let first_missing = (0..).find(|row| !made.contains(row)).unwrap();
                prop_assert_eq!(splits[0].first_missing(), first_missing);
                for (subtask, count_max) in steps {
                    made.extend(rows(&mut splits[subtask % parallelism], count_max, total));
                }
                positions = splits.iter().flat_map(RowSplit::positions).collect();
            }
            made.sort_unstable();
            prop_assert_eq!(made, (0..total).collect::<Vec<_>>());
        }
    }
}
