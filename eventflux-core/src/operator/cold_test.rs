//! Operators with next to no memory against the same ones with all memory: whatever comes, in whatever order, and wherever a
//! run is cut off, they emit the same.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use proptest::prelude::*;

use super::{OperatorContext, OperatorInput, Timing, build_operator};
use crate::plan::{
    AggregateCall, AggregateFunction, ChangelogMode, ErrorPolicy, GroupAggregateSpec, OperatorSpec, StateTtl,
    WindowAggregateSpec, WindowAssignSpec, WindowSpec, WindowTime,
};
use crate::state::cold::{ColdState, ColdTier, Keeping, MemoryTier};
use crate::state::segment::SnapshotRows;
use crate::state::{MemoryDelta, StateWriter};
use crate::testing::{OperatorHarness, context, schema};

pub(super) const INPUT: &str = "word text, number bigint, flag boolean, n bigint";

/// What is under test.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) keys: Vec<usize>,
    pub(super) window: Option<(WindowSpec, i64)>,
    pub(super) retracts: bool,
    /// Rows come out with their window, and are not aggregated: of sessions.
    pub(super) is_assigned: bool,
    /// Without a window: when groups are forgotten.
    pub(super) ttl_us: Option<i64>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Rows(Vec<Row>),
    /// The watermark goes on by so much.
    Watermark(i64),
    /// A snapshot is written.
    Barrier,
    /// The checkpoint of the last snapshot is committed.
    Commit,
    /// The run is cut off, and goes on from the last checkpoint that was committed. Its delta may not have come into the tier.
    Crash {
        is_applied: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    is_addition: bool,
    key: usize,
    n: i64,
    time: i64,
}

const KEYS: [&str; 8] = [
    "a 1 true",
    "a NULL false",
    "NULL 1 true",
    "'' -1 NULL",
    "b NULL NULL",
    "NULL NULL NULL",
    "'a string of some length' 7 false",
    "ab 1 true",
];

impl Query {
    pub(super) fn operator(&self, cold: Option<Arc<ColdState>>) -> OperatorHarness {
        let context = OperatorContext { cold, ..context() };
        let call = |function, argument: Option<usize>, output: DataType| AggregateCall {
            function,
            arguments: argument.into_iter().collect(),
            argument_types: argument.map(|_| output.clone()).into_iter().collect(),
            parameters: vec![],
            distinct: false,
            filter: None,
            order_by: vec![],
            output: Arc::new(Field::new("result", output, true)),
        };
        let calls = vec![
            call(AggregateFunction::Count, None, DataType::Int64),
            call(AggregateFunction::Sum, Some(3), DataType::Int64),
            call(AggregateFunction::Max, Some(3), DataType::Int64),
            call(AggregateFunction::Last, Some(3), DataType::Int64),
            call(AggregateFunction::StringAgg, Some(0), DataType::Utf8),
        ];
        let names = ["word text", "number bigint", "flag boolean"];
        let keys = self.keys.iter().map(|key| names[*key]).collect::<Vec<_>>();
        let results = "count bigint, sum bigint, max bigint, last bigint, words text";
        let output = format!("{}, {results}", keys.join(", "));
        let columns = match &self.window {
            None => output,
            Some(_) => {
                let columns = if self.is_assigned { INPUT } else { &output };
                format!("{columns}, window_start timestamp, window_end timestamp, window_time timestamp")
            }
        };
        let keys = self.keys.clone();
        let error_policy = ErrorPolicy::Fail;
        let spec = match self.window.clone() {
            None => OperatorSpec::GroupAggregate(GroupAggregateSpec {
                keys,
                calls,
                state_ttl: self.ttl(),
                error_policy,
            }),
            Some((window, _)) if self.is_assigned => OperatorSpec::WindowAssign(WindowAssignSpec {
                window,
                partition_by: keys,
            }),
            Some((window, _)) => OperatorSpec::WindowAggregate(WindowAggregateSpec {
                window: WindowTime::Assign(window),
                keys,
                calls,
                allowed_lateness_us: self.lateness_us(),
                error_policy,
            }),
        };
        let changelog = match self.retracts {
            true => ChangelogMode::Changelog { unique_key: None },
            false => ChangelogMode::Append,
        };
        let input = OperatorInput {
            schema: schema(INPUT),
            changelog,
        };
        OperatorHarness::boxed(build_operator(&spec, &[input], &schema(&columns), context).unwrap())
    }

    fn ttl(&self) -> Option<StateTtl> {
        let ttl_us = self.ttl_us.filter(|_| self.window.is_none())?;
        Some(StateTtl {
            ttl_us,
            repeats_results: ttl_us % 2 == 0,
        })
    }

    fn is_session(&self) -> bool {
        matches!(self.window, Some((WindowSpec::Session { .. }, _)))
    }

    fn lateness_us(&self) -> i64 {
        match &self.window {
            // A changelog's sessions have none.
            Some((WindowSpec::Session { .. }, _)) if self.retracts => 0,
            Some((_, lateness_us)) => *lateness_us,
            None => 0,
        }
    }

    fn state(&self, tier: Arc<dyn ColdTier>, keeping: Keeping, budget_bytes: usize) -> ColdState {
        let state = ColdState::new(tier, keeping, self.prefix_bytes(), budget_bytes);
        match self.window {
            Some((WindowSpec::Session { gap_us }, _)) => {
                let timing = match self.retracts || self.is_assigned {
                    true => Timing::SessionRows { gap_us },
                    false => Timing::Sessions { gap_us },
                };
                state.with_times(timing.stored_times())
            }
            _ => match self.ttl() {
                Some(ttl) => {
                    let step_us = ttl.step_us();
                    state.with_times(Timing::LastWrites { step_us }.stored_times())
                }
                None => state,
            },
        }
    }

    fn prefix_bytes(&self) -> usize {
        if self.window.is_some() && !self.is_session() {
            16
        } else {
            0
        }
    }

    pub(super) fn table(&self, step: &Step, watermark: &mut i64) -> Option<String> {
        match step {
            Step::Rows(rows) => Some(rows.iter().map(|row| self.line(row)).collect()),
            Step::Watermark(further) => {
                *watermark += further;
                Some(format!("watermark {watermark}"))
            }
            _ => None,
        }
    }

    fn line(&self, row: &Row) -> String {
        let kind = if row.is_addition || !self.retracts {
            "+I"
        } else {
            "-D"
        };
        format!("{kind} {} {} @{}\n", KEYS[row.key], row.n, row.time)
    }

    /// What comes out of each step with all memory.
    fn expected(&self, steps: &[Step]) -> Vec<String> {
        let mut operator = self.operator(None);
        let mut watermark = -100;
        let outputs = steps.iter().map(|step| match self.table(step, &mut watermark) {
            Some(table) => step_output(&mut operator, &table),
            None => String::new(),
        });
        outputs.collect()
    }
}

pub(super) fn step_output(operator: &mut OperatorHarness, table: &str) -> String {
    let output = operator.run(&schema(INPUT), table);
    format!("{output}late\n{}", operator.take_late())
}

/// A run with checkpoints.
struct Run<'a> {
    query: &'a Query,
    budget_bytes: usize,
    cold: Arc<ColdState>,
    operator: OperatorHarness,
    /// The snapshot that is being copied: epoch, the step after it, the watermark there.
    frozen: Option<(u64, usize, i64)>,
    /// Snapshots that are not committed: epoch, the step after it, the watermark there, and its rows.
    pending: Vec<(u64, usize, i64, SnapshotRows)>,
    /// All rows that are committed, and where a restart goes on.
    committed: MemoryDelta,
    resume: (u64, usize, i64),
    evictions: u64,
}

impl<'a> Run<'a> {
    fn new(query: &'a Query, keeping: Keeping, budget_bytes: usize) -> Self {
        let tier = Arc::new(MemoryTier::default());
        let cold = Arc::new(query.state(tier, keeping, budget_bytes));
        Self {
            query,
            budget_bytes,
            operator: query.operator(Some(Arc::clone(&cold))),
            cold,
            frozen: None,
            pending: Vec::new(),
            committed: MemoryDelta::default(),
            resume: (0, 0, -100),
            evictions: 0,
        }
    }

    fn outputs(&mut self, steps: &[Step]) -> Vec<String> {
        let mut outputs = vec![String::new(); steps.len()];
        let (mut next, mut watermark, mut epoch, mut crashes) = (0, -100, 0, 0);
        while let Some(step) = steps.get(next) {
            next += 1;
            match step {
                Step::Barrier if self.cold.keeping() == Keeping::Committed => {
                    self.copy(usize::MAX);
                    epoch += 1;
                    let operator = &mut self.operator.operator;
                    if let Some(freezing) = operator.freezing() {
                        freezing.freeze(epoch).unwrap();
                        self.frozen = Some((epoch, next, watermark));
                    } else {
                        let mut rows = SnapshotRows::default();
                        operator.snapshot(epoch, &mut rows).unwrap();
                        self.pending.push((epoch, next, watermark, rows));
                    }
                }
                Step::Commit => {
                    self.copy(usize::MAX);
                    self.commit(true);
                }
                Step::Crash { is_applied } if crashes < 3 && self.cold.keeping() == Keeping::Committed => {
                    crashes += 1;
                    self.copy(usize::MAX);
                    self.commit(*is_applied);
                    (_, next, watermark) = self.restart();
                    epoch += 10;
                }
                step => {
                    if let Some(table) = self.query.table(step, &mut watermark) {
                        outputs[next - 1] = step_output(&mut self.operator, &table);
                    }
                }
            }
            self.copy(1);
        }
        self.evictions += self.cold.figures().evictions;
        outputs
    }

    /// Copies so many rows of a snapshot that has been begun, or all of it.
    fn copy(&mut self, row_count: usize) {
        while let Some((epoch, next, watermark)) = self.frozen {
            let freezing = self.operator.operator.freezing().unwrap();
            if let Some(rows) = freezing.copy_frozen(row_count).unwrap() {
                self.pending.push((epoch, next, watermark, rows));
                self.frozen = None;
            }
            if row_count < usize::MAX {
                return;
            }
        }
    }

    /// The checkpoint of the last snapshot is durable, with all that were given up before.
    fn commit(&mut self, is_applied: bool) {
        let Some((epoch, next, watermark, _)) = self.pending.last() else {
            return;
        };
        self.resume = (*epoch, *next, *watermark);
        let rows = || self.pending.iter().flat_map(|(_, _, _, rows)| rows.rows());
        rows().for_each(|row| self.committed.write(row).unwrap());
        if is_applied {
            let marker = self.resume.0.to_be_bytes();
            self.cold.apply(self.resume.0, &marker, rows()).unwrap();
        }
        self.pending.clear();
    }

    /// Goes on from the last checkpoint; the tier is used again if it is that of the checkpoint.
    fn restart(&mut self) -> (u64, usize, i64) {
        self.pending.clear();
        self.evictions += self.cold.figures().evictions;
        let marker = self.resume.0.to_be_bytes();
        let old = Arc::clone(self.cold.tier());
        let is_same = old.marker().unwrap().as_deref() == Some(&marker[..]);
        let tier = if is_same {
            old
        } else {
            Arc::new(MemoryTier::default()) as _
        };
        let cold = self.query.state(tier, Keeping::Committed, self.budget_bytes);
        if is_same {
            cold.reuse();
        } else {
            cold.fill(&mut self.committed.reader(|_| true), &marker, 100)
                .unwrap();
        }
        self.cold = Arc::new(cold);
        self.operator = self.query.operator(Some(Arc::clone(&self.cold)));
        self.operator
            .operator
            .restore(&mut self.cold.small_tables())
            .unwrap();
        self.resume
    }
}

pub(super) fn any_query() -> impl Strategy<Value = Query> {
    let keys = prop::sample::select(vec![vec![0], vec![1], vec![1, 2], vec![0, 1], vec![2, 1, 0]]);
    let window = prop_oneof![
        (1..20i64).prop_map(|size_us| WindowSpec::Tumble {
            size_us,
            offset_us: 0
        }),
        (1..8i64, 1..20i64).prop_map(|(slide_us, size_us)| WindowSpec::Hop {
            slide_us,
            size_us,
            offset_us: 0,
        }),
        (1..6i64, 1..4i64).prop_map(|(step_us, steps)| WindowSpec::Cumulate {
            step_us,
            size_us: step_us * steps,
            offset_us: 0,
        }),
        (1..20i64).prop_map(|gap_us| WindowSpec::Session { gap_us }),
        (1..20i64).prop_map(|gap_us| WindowSpec::Session { gap_us }),
        (1..20i64).prop_map(|gap_us| WindowSpec::Session { gap_us }),
    ];
    let window = prop::option::weighted(0.7, (window, prop_oneof![Just(0), 1..20i64]));
    let flags = (any::<bool>(), prop::bool::weighted(0.3));
    let ttl = prop::option::of(1..80i64);
    (keys, window, flags, ttl).prop_map(|(keys, window, (retracts, is_assigned), ttl_us)| {
        let is_session = matches!(window, Some((WindowSpec::Session { .. }, _)));
        Query {
            keys,
            window,
            retracts,
            is_assigned: is_assigned && is_session,
            ttl_us,
        }
    })
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let row = (prop::bool::weighted(0.7), 0..KEYS.len(), 0..4i64, -20..60i64);
    let row = row.prop_map(|(is_addition, key, n, time)| Row {
        is_addition,
        key,
        n,
        time,
    });
    prop_oneof![
        6 => prop::collection::vec(row, 1..8).prop_map(Step::Rows),
        2 => (1..15i64).prop_map(Step::Watermark),
        2 => Just(Step::Barrier),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|is_applied| Step::Crash { is_applied }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn next_to_no_memory_gives_what_all_memory_gives(
        query in any_query(),
        steps in prop::collection::vec(any_step(), 0..60),
        budget_bytes in prop::sample::select(vec![0, 2000, 20_000]),
    ) {
        let mut steps = steps;
        steps.push(Step::Watermark(1000));
        let expected = query.expected(&steps);
        for keeping in [Keeping::Aside, Keeping::Committed] {
            let mut run = Run::new(&query, keeping, budget_bytes);
            prop_assert_eq!(run.outputs(&steps), expected.clone(), "{:?}", keeping);
        }
    }
}

/// Rows of so many keys, one after the other, several times over.
fn rounds(key_count: usize, round_count: usize) -> Vec<Step> {
    let row = |key: usize| Row {
        is_addition: true,
        key: key % KEYS.len(),
        n: key as i64,
        time: key as i64 % 50,
    };
    let steps = (0..key_count * round_count)
        .flat_map(|key| [Step::Rows(vec![row(key)]), Step::Barrier, Step::Commit]);
    steps.collect()
}

#[test]
fn rows_do_leave_memory_and_come_back() {
    let tumble = WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    };
    let session = WindowSpec::Session { gap_us: 10 };
    for window in [None, Some((tumble, 0)), Some((session, 0))] {
        for (keeping, retracts) in [
            (Keeping::Aside, false),
            (Keeping::Committed, false),
            (Keeping::Aside, true),
            (Keeping::Committed, true),
        ] {
            let query = Query {
                keys: vec![0, 1],
                window: window.clone(),
                retracts,
                is_assigned: false,
                ttl_us: None,
            };
            let mut run = Run::new(&query, keeping, 0);
            run.outputs(&rounds(KEYS.len(), 5));
            assert!(run.evictions > 10, "{keeping:?}: {}", run.evictions);
            assert!(run.cold.figures().reads > 10, "{keeping:?}");
        }
    }
}

#[test]
fn what_closes_while_it_is_cold_leaves_the_tier() {
    let session = Some((WindowSpec::Session { gap_us: 10 }, 5));
    for (keeping, window) in [
        (Keeping::Aside, session.clone()),
        (Keeping::Committed, session),
        (Keeping::Aside, None),
        (Keeping::Committed, None),
    ] {
        let query = Query {
            keys: vec![0, 1],
            window,
            retracts: false,
            is_assigned: false,
            ttl_us: Some(20),
        };
        let mut run = Run::new(&query, keeping, 0);
        let mut steps = rounds(KEYS.len(), 3);
        steps.push(Step::Watermark(200));
        // One key goes on, and has the others leave memory.
        for n in 0..20 {
            let row = Row {
                is_addition: true,
                key: 0,
                n,
                time: 150,
            };
            steps.extend([Step::Rows(vec![row]), Step::Barrier, Step::Commit]);
        }
        run.outputs(&steps);
        let rows = |prefix: &[u8]| run.cold.tier().scan(prefix, None, 100).unwrap();
        assert!(run.evictions > 10);
        assert!(rows(&[0]).len() <= 1, "{keeping:?}: times");
        assert!(rows(&[1]).len() <= 1, "{keeping:?}: keys");
    }
}
