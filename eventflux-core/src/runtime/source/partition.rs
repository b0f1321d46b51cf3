//! The watermarks of a source's partitions.

use std::collections::BTreeMap;

use crate::checkpoint::SourceTimes;
use crate::element::{WATERMARK_MAX, Watermark};
use crate::time::{BoundedDelay, Cut};

/// All partitions of one source subtask, and the watermark over them.
///
/// **Invariants** The watermark is the least of the partitions that are neither idle nor ended, and never falls. Without a
/// partition that counts, it stays where it is. Time in which the source could not hand rows on because those behind it
/// were slow does not make a partition idle: the caller leaves it out of `active_us`.
#[derive(Debug)]
pub(super) struct Partitions {
    delay_us: i64,
    idle_timeout_us: i64,
    partitions: Vec<Partition>,
    emitted: Watermark,
    /// Idleness has been told, and no rows have come since.
    is_idle: bool,
    /// The largest event times of partitions that have not appeared yet, from a checkpoint.
    restored: BTreeMap<String, i64>,
}

/// ```text
///                     rows
///          ┌───────────────────────┐
///          ▼                       │
///       Active ──idle timeout──► Idle      either ──left out by the source──► ended
/// ```
#[derive(Debug)]
struct Partition {
    /// The last that was known.
    name: Option<String>,
    progress: BoundedDelay,
    /// When it last had rows, in microseconds of processing time less all backpressured time.
    last_rows_us: i64,
    is_idle: bool,
    has_ended: bool,
}

impl Partition {
    fn bound(&self) -> Watermark {
        if self.is_idle || self.has_ended {
            WATERMARK_MAX
        } else {
            self.progress.watermark()
        }
    }
}

/// What a change of the partitions means for event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing.
    None,
    /// The watermark has advanced.
    Watermark(Watermark),
    /// No partition has rows at hand.
    Idle,
}

impl Partitions {
    pub(super) fn new(delay_us: i64, idle_timeout_us: i64) -> Self {
        Self {
            delay_us,
            idle_timeout_us,
            partitions: Vec::new(),
            emitted: Watermark::MIN,
            is_idle: false,
            restored: BTreeMap::new(),
        }
    }

    /// Goes on from a checkpoint, before the first set of partitions.
    pub(super) fn restore(&mut self, times: &SourceTimes) {
        self.emitted = times.watermark.unwrap_or(Watermark::MIN);
        self.restored = times.partitions.iter().cloned().collect();
    }

    /// How far event time has come. A partition that has ended is left out: it does not come again.
    pub(super) fn times(&self) -> SourceTimes {
        let largest =
            |partition: &Partition| Some((partition.name.clone()?, partition.progress.largest_us()?));
        SourceTimes {
            watermark: (self.emitted != Watermark::MIN).then_some(self.emitted),
            partitions: self.partitions.iter().filter_map(largest).collect(),
        }
    }

    /// Takes the present set of partitions, by index; `None` is one that has ended. Indices keep their meaning.
    pub(super) fn set(&mut self, names: &[Option<String>], active_us: i64) -> Progress {
        for (index, name) in names.iter().enumerate() {
            if index == self.partitions.len() {
                let restored = name.as_ref().and_then(|name| self.restored.remove(name));
                self.partitions.push(Partition {
                    name: name.clone(),
                    progress: restored.map_or(BoundedDelay::new(self.delay_us), |largest_us| {
                        BoundedDelay::from_largest(self.delay_us, largest_us)
                    }),
                    last_rows_us: active_us,
                    is_idle: false,
                    has_ended: false,
                });
            }
            self.partitions[index].has_ended = name.is_none();
            self.partitions[index].name.clone_from(name);
        }
        self.progress()
    }

    /// Takes the event times of rows of one partition and says where to cut them.
    pub(super) fn rows(&mut self, partition: usize, event_times: &[i64], active_us: i64) -> Vec<Cut> {
        let others = self
            .partitions
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != partition);
        let others = others
            .map(|(_, other)| other.bound())
            .min()
            .unwrap_or(WATERMARK_MAX);
        let own = &mut self.partitions[partition];
        own.last_rows_us = active_us;
        own.is_idle = false;
        self.is_idle = false;
        own.progress.cut(event_times, others, &mut self.emitted)
    }

    /// Leaves out the partitions that have had no rows for long enough.
    pub(super) fn idle(&mut self, active_us: i64) -> Progress {
        let timeout_us = self.idle_timeout_us;
        let mut has_changed = false;
        for partition in self
            .partitions
            .iter_mut()
            .filter(|partition| !partition.has_ended && !partition.is_idle)
        {
            partition.is_idle = active_us.saturating_sub(partition.last_rows_us) >= timeout_us;
            has_changed |= partition.is_idle;
        }
        if has_changed {
            self.progress()
        } else {
            Progress::None
        }
    }

    /// When the next partition becomes idle, on the scale of `active_us`.
    pub(super) fn next_idle_us(&self) -> Option<i64> {
        let counting = self
            .partitions
            .iter()
            .filter(|partition| !partition.has_ended && !partition.is_idle);
        counting
            .map(|partition| partition.last_rows_us.saturating_add(self.idle_timeout_us))
            .min()
    }

    fn progress(&mut self) -> Progress {
        let counting = self
            .partitions
            .iter()
            .filter(|partition| !partition.is_idle && !partition.has_ended);
        let Some(least) = counting.map(Partition::bound).min() else {
            let is_told = std::mem::replace(&mut self.is_idle, true);
            return if is_told { Progress::None } else { Progress::Idle };
        };
        self.is_idle = false;
        if least <= self.emitted {
            return Progress::None;
        }
        self.emitted = least;
        Progress::Watermark(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<Option<String>> {
        (0..count).map(|index| Some(index.to_string())).collect()
    }

    fn two() -> Partitions {
        let mut partitions = Partitions::new(0, 100);
        assert_eq!(partitions.set(&names(2), 0), Progress::None);
        partitions
    }

    fn last_watermark(cuts: &[Cut]) -> Option<Watermark> {
        cuts.last().and_then(|cut| cut.watermark)
    }

    #[test]
    fn a_partition_without_rows_holds_the_watermark_back_until_it_is_idle() {
        let mut partitions = two();
        assert_eq!(last_watermark(&partitions.rows(0, &[50], 10)), None);
        assert_eq!(partitions.next_idle_us(), Some(100));
        assert_eq!(partitions.idle(99), Progress::None);
        assert_eq!(partitions.idle(100), Progress::Watermark(50));
        assert_eq!(partitions.next_idle_us(), Some(110));
    }

    #[test]
    fn an_idle_partition_that_has_rows_again_holds_back_again() {
        let mut partitions = two();
        partitions.rows(0, &[50], 10);
        assert_eq!(partitions.idle(105), Progress::Watermark(50));
        assert_eq!(last_watermark(&partitions.rows(1, &[60], 106)), None);
        assert_eq!(last_watermark(&partitions.rows(0, &[70], 107)), Some(60));
    }

    #[test]
    fn idleness_is_told_once_when_the_last_partition_becomes_idle() {
        let mut partitions = two();
        assert_eq!(partitions.idle(100), Progress::Idle);
        assert_eq!(partitions.idle(200), Progress::None);
        assert_eq!(partitions.next_idle_us(), None);
    }

    #[test]
    fn an_ended_partition_is_left_out() {
        let mut partitions = two();
        partitions.rows(0, &[50], 10);
        assert_eq!(
            partitions.set(&[Some("0".into()), None], 20),
            Progress::Watermark(50)
        );
        assert_eq!(last_watermark(&partitions.rows(0, &[70], 30)), Some(70));
    }

    #[test]
    fn a_source_without_partitions_is_idle_at_once() {
        let mut partitions = Partitions::new(0, 100);
        assert_eq!(partitions.set(&[], 0), Progress::Idle);
        assert_eq!(partitions.set(&[], 0), Progress::None);
        assert_eq!(partitions.set(&names(1), 0), Progress::None);
        assert_eq!(last_watermark(&partitions.rows(0, &[5], 1)), Some(5));
        assert_eq!(partitions.set(&[None], 2), Progress::Idle);
    }

    #[test]
    fn a_new_partition_counts_from_when_it_appears() {
        let mut partitions = two();
        partitions.rows(0, &[50], 10);
        partitions.rows(1, &[40], 10);
        assert_eq!(partitions.set(&names(3), 90), Progress::None);
        assert_eq!(last_watermark(&partitions.rows(1, &[60], 95)), None);
        assert_eq!(partitions.idle(115), Progress::None);
        partitions.rows(0, &[80], 120);
        partitions.rows(1, &[70], 120);
        assert_eq!(partitions.idle(190), Progress::Watermark(70));
    }
}
