//! Snapshots that are copied by and by against the same ones written at once: whatever comes meanwhile, they have the same rows.

use proptest::prelude::*;

use super::cold_test::{Query, Step, any_query, any_step, step_output};
use crate::state::segment::SnapshotRows;
use crate::testing::OperatorHarness;

/// An operator whose snapshots are copied so many rows at a time, between other things.
struct Lazy {
    harness: OperatorHarness,
    /// What the snapshot that is being copied should be.
    expected: Option<SnapshotRows>,
}

type Row = ((u8, u16, Vec<u8>), Option<Vec<u8>>);

/// Rows by key, those of one key in the order in which they were written.
fn by_key(rows: &SnapshotRows) -> Vec<Row> {
    let row = |row: crate::state::StateRow<'_>| {
        let key = (row.table, row.key_group, row.key.to_vec());
        (key, row.value.map(<[u8]>::to_vec))
    };
    let mut rows: Vec<Row> = rows.rows().map(row).collect();
    rows.sort_by(|left, right| left.0.cmp(&right.0));
    rows
}

impl Lazy {
    fn copy(&mut self, row_count: usize) {
        if self.expected.is_none() {
            return;
        }
        let freezing = self.harness.operator.freezing().unwrap();
        if let Some(rows) = freezing.copy_frozen(row_count).unwrap() {
            assert_eq!(by_key(&rows), by_key(&self.expected.take().unwrap()));
        }
    }

    fn barrier(&mut self, epoch: u64, expected: SnapshotRows) {
        while self.expected.is_some() {
            self.copy(usize::MAX);
        }
        self.harness.operator.freezing().unwrap().freeze(epoch).unwrap();
        self.expected = Some(expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_copied_by_and_by_is_what_there_was_at_the_barrier(
        query in any_query(),
        steps in prop::collection::vec(any_step(), 0..60),
        slice_rows in prop::sample::select(vec![0, 1, 3]),
    ) {
        prop_assume!(query.operator(None).operator.freezing().is_some());
        let mut at_once = query.operator(None);
        let mut lazy = Lazy { harness: query.operator(None), expected: None };
        let mut watermarks = (-100, -100);
        let mut epoch = 0;
        for step in steps.into_iter().chain([Step::Barrier, Step::Watermark(1000), Step::Barrier]) {
            if let Some(table) = query.table(&step, &mut watermarks.0) {
                let expected = step_output(&mut at_once, &table);
                prop_assert_eq!(step_output(&mut lazy.harness, &table), expected);
            }
            if matches!(step, Step::Barrier) {
                epoch += 1;
                let mut rows = SnapshotRows::default();
                at_once.operator.snapshot(epoch, &mut rows).unwrap();
                lazy.barrier(epoch, rows);
            }
            lazy.copy(slice_rows);
        }
        while lazy.expected.is_some() {
            lazy.copy(usize::MAX);
        }
    }
}

#[test]
fn a_snapshot_is_not_begun_before_the_last_one_is_taken() {
    let query = Query {
        keys: vec![0],
        window: None,
        retracts: false,
        is_assigned: false,
        ttl_us: None,
    };
    let mut operator = query.operator(None);
    operator.run(
        &crate::testing::schema(super::cold_test::INPUT),
        "+I a 1 true 1 @1",
    );
    let freezing = operator.operator.freezing().unwrap();
    freezing.freeze(1).unwrap();
    assert!(freezing.freeze(2).is_err());
}
