//! The contract of a source: every row once; from any positions, at any parallelism, exactly the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use eventflux_core::connector::{Source, SourceEvent, SourcePlan, SourcePosition};
use eventflux_core::operator::BadRow;

use super::program::source_context;
use super::rows::texts;

/// A test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most positions that a restart is tried from, evenly spread.
const POSITIONS_MAX: usize = 16;

/// What has been read, in the order of arrival.
#[derive(Debug, Default, Clone)]
pub struct Read {
    pub rows: Vec<String>,
    pub bad: Vec<BadRow>,
}

impl Read {
    fn count(&self) -> usize {
        self.rows.len() + self.bad.len()
    }
}

/// All subtasks of a source, driven in turns.
pub struct Subtasks {
    sources: Vec<Option<Box<dyn Source>>>,
    positions: Vec<Vec<SourcePosition>>,
    pub read: Read,
}

impl Subtasks {
    pub fn open(plan: &dyn SourcePlan, parallelism: usize, positions: &[SourcePosition]) -> Self {
        let open = |subtask| {
            plan.open(&source_context(subtask, parallelism, positions))
                .unwrap()
        };
        let sources: Vec<_> = (0..parallelism).map(open).map(Some).collect();
        let positions = sources
            .iter()
            .flatten()
            .map(|source| source.positions())
            .collect();
        Self {
            sources,
            positions,
            read: Read::default(),
        }
    }

    /// Reads until all have ended, or there are so many rows, good and bad.
    pub async fn read(&mut self, row_count_max: usize) {
        while self.read.count() < row_count_max && self.sources.iter().any(Option::is_some) {
            let turn = tokio::time::timeout(PATIENCE, self.next_of_any());
            let (subtask, event) = turn.await.expect("rows come in time");
            let source = self.sources[subtask].as_ref().unwrap();
            match event {
                SourceEvent::Rows(rows) => {
                    let partitions = source.partitions();
                    let partition = partitions
                        .get(rows.partition)
                        .expect("rows belong to a partition");
                    assert!(
                        partition.is_some(),
                        "rows belong to a partition that has not ended"
                    );
                    assert!(rows.rows.num_rows() <= 4, "no more rows than asked for");
                    assert!(rows.rows.num_rows() + rows.bad.len() > 0, "an event has rows");
                    self.read.rows.extend(texts(&rows.rows));
                    self.read.bad.extend(rows.bad);
                }
                SourceEvent::Partitions => {}
                SourceEvent::End => {
                    assert!(
                        source.partitions().iter().all(Option::is_none),
                        "an ended source has ended partitions"
                    );
                    self.positions[subtask] = source.positions();
                    self.sources[subtask] = None;
                    continue;
                }
            }
            self.positions[subtask] = source.positions();
        }
    }

    /// The next event of whichever subtask has one. Calls that lose the race are dropped: `next` is cancel-safe.
    async fn next_of_any(&mut self) -> (usize, SourceEvent) {
        let mut waiting: Vec<_> = self
            .sources
            .iter_mut()
            .enumerate()
            .filter_map(|(subtask, source)| {
                let next = source.as_mut()?.next();
                Some((subtask, next))
            })
            .collect();
        // A different one begins each time.
        let turns = waiting.len();
        waiting.rotate_left(self.read.rows.len() % turns);
        std::future::poll_fn(|context| {
            for (subtask, next) in &mut waiting {
                if let std::task::Poll::Ready(event) = next.as_mut().poll(context) {
                    return std::task::Poll::Ready((*subtask, event.unwrap()));
                }
            }
            std::task::Poll::Pending
        })
        .await
    }

    /// One subtask, which has not ended.
    pub fn source(&mut self, subtask: usize) -> &mut dyn Source {
        self.sources[subtask].as_deref_mut().expect("it has not ended")
    }

    /// Where to continue.
    pub fn positions(&self) -> Vec<SourcePosition> {
        self.positions.concat()
    }
}

/// Checks a source against all of its rows. `plan` is called anew for each run, as after a restart.
pub async fn check(plan: impl Fn() -> Box<dyn SourcePlan>, expected: &[String], bad_expected: usize) {
    let total = expected.len() + bad_expected;
    for parallelism in parallelisms(&*plan()) {
        let mut subtasks = Subtasks::open(&*plan(), parallelism, &[]);
        subtasks.read(total).await;
        check_same(&subtasks.read, expected, bad_expected, "an undisturbed run");
    }
    for (cut, before, after) in cuts(total, &parallelisms(&*plan())) {
        let what = format!("{cut} rows by {before} subtasks, then a restart with {after}");
        let mut subtasks = Subtasks::open(&*plan(), before, &[]);
        subtasks.read(cut).await;
        // Positions outlive the process.
        let (mut read, positions) = (subtasks.read.clone(), subtasks.positions());
        drop(subtasks);
        let mut rest = Subtasks::open(&*plan(), after, &positions);
        rest.read((total - read.count()) / 2).await;
        read.rows.extend(rest.read.rows.clone());
        read.bad.extend(rest.read.bad.clone());
        let positions = rest.positions();
        drop(rest);
        let mut rest = Subtasks::open(&*plan(), before, &positions);
        rest.read(total - read.count()).await;
        read.rows.extend(rest.read.rows.clone());
        read.bad.extend(rest.read.bad.clone());
        check_same(&read, expected, bad_expected, &what);
    }
    check_every_position(&plan, expected, bad_expected).await;
}

/// Whatever positions one subtask gives, between any two of its events: what follows is exactly the rest. A source that
/// was opened and has read nothing gives them too.
async fn check_every_position(
    plan: &impl Fn() -> Box<dyn SourcePlan>,
    expected: &[String],
    bad_expected: usize,
) {
    let total = expected.len() + bad_expected;
    let mut whole = Subtasks::open(&*plan(), 1, &[]);
    let mut positions = vec![(Read::default(), whole.positions())];
    while whole.read.count() < total {
        whole.read(whole.read.count() + 1).await;
        positions.push((whole.read.clone(), whole.positions()));
    }
    drop(whole);
    let step = positions.len().div_ceil(POSITIONS_MAX);
    for (mut read, positions) in positions.into_iter().step_by(step) {
        let opened = Subtasks::open(&*plan(), 1, &positions);
        let positions = opened.positions();
        drop(opened);
        let mut rest = Subtasks::open(&*plan(), 1, &positions);
        rest.read(total - read.count()).await;
        let what = format!("a restart after {} rows at {positions:?}", read.count());
        read.rows.extend(rest.read.rows);
        read.bad.extend(rest.read.bad);
        check_same(&read, expected, bad_expected, &what);
    }
}

fn parallelisms(plan: &dyn SourcePlan) -> Vec<usize> {
    match plan.parallelism_max() {
        Some(most @ ..3) => (1..=most).collect(),
        _ => vec![1, 3],
    }
}

/// Where to cut a run: after so many rows, with so many subtasks before and after.
fn cuts(total: usize, parallelisms: &[usize]) -> Vec<(usize, usize, usize)> {
    let at = [0, 1, total / 5, total / 2, total.saturating_sub(1), total];
    let all = at
        .iter()
        .flat_map(|cut| parallelisms.iter().map(move |before| (*cut, *before)));
    all.flat_map(|(cut, before)| parallelisms.iter().map(move |after| (cut, before, *after)))
        .collect()
}

fn check_same(read: &Read, expected: &[String], bad_expected: usize, what: &str) {
    let count = |rows: &[String]| {
        let mut counts = BTreeMap::new();
        rows.iter()
            .for_each(|row| *counts.entry(row.clone()).or_insert(0) += 1);
        counts
    };
    assert_eq!(count(&read.rows), count(expected), "{what}");
    assert_eq!(read.bad.len(), bad_expected, "bad rows, {what}");
    for bad in &read.bad {
        assert!(
            bad.partition.is_some() && bad.offset.is_some(),
            "a bad row says where it was: {bad:?}"
        );
    }
}
