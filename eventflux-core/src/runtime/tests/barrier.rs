//! Barriers flow with the rows.

use std::collections::BTreeSet;

use super::*;
use crate::checkpoint::{Checkpointer, Participant};
use crate::connector::SourcePosition;
use crate::element::Barrier;
use crate::plan::{Exchange, Parallelism};
use crate::runtime::testing::{PlanBuilder, pass, rows};
use crate::state::{MemoryDelta, StateWriter};

/// Remembers who took part in which epoch.
#[derive(Debug, Default)]
struct Parts {
    seen: Mutex<BTreeSet<String>>,
    changed: std::sync::Condvar,
}

impl Parts {
    fn add(&self, part: String) -> Result<()> {
        self.seen.lock().unwrap().insert(part);
        self.changed.notify_all();
        Ok(())
    }

    /// Everything that belongs to an epoch, once these loops have acknowledged it.
    fn of_epoch(&self, epoch: u64, loops: &[&str]) -> Vec<String> {
        let acknowledged = |seen: &BTreeSet<String>| {
            loops
                .iter()
                .all(|name| seen.contains(&format!("{epoch}: {name} acknowledges")))
        };
        let seen = self
            .changed
            .wait_while(self.seen.lock().unwrap(), |seen| !acknowledged(seen))
            .unwrap();
        seen.iter()
            .filter_map(|part| part.strip_prefix(&format!("{epoch}: ")))
            .map(str::to_owned)
            .collect()
    }
}

impl Checkpointer for Parts {
    fn writer(&self, barrier: Barrier, operator: Participant<'_>) -> Result<Box<dyn StateWriter>> {
        self.add(format!(
            "{}: {} {} writes",
            barrier.epoch, operator.operator_id, operator.subtask
        ))?;
        Ok(Box::new(MemoryDelta::default()))
    }

    fn positions(&self, barrier: Barrier, source: Participant<'_>, _: Vec<SourcePosition>) -> Result<()> {
        self.add(format!(
            "{}: {} {} has positions",
            barrier.epoch, source.operator_id, source.subtask
        ))
    }

    fn acknowledge(&self, barrier: Barrier, loop_name: &str) -> Result<()> {
        self.add(format!("{}: {loop_name} acknowledges", barrier.epoch))
    }
}

#[test]
fn every_operator_writes_and_every_loop_acknowledges_once_its_inputs_have_the_barrier() {
    let mut plan = PlanBuilder::new();
    let (one, two, work) = (
        plan.input("one"),
        plan.input("two"),
        plan.operator("work", Parallelism::Any),
    );
    let out = plan.outlet("out");
    plan.edge(one, work, 0, Exchange::Hash(vec![1]));
    plan.edge(two, work, 1, Exchange::Hash(vec![1]));
    plan.chain(&[work, out]);
    let parts = Arc::new(Parts::default());
    let config = RuntimeConfig {
        checkpointer: Some(Arc::clone(&parts) as _),
        ..wide(2)
    };
    let runtime = runtime(plan.build(), config, |_, _| pass());
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("one")
        .unwrap()
        .send_batch(rows(&[(1, 1, 1), (2, 2, 2)]))
        .unwrap();
    running.send_barrier(Barrier {
        generation: 1,
        epoch: 7,
    });
    let expected = [
        "one acknowledges",
        "one#n0 0 has positions",
        "out acknowledges",
        "two acknowledges",
        "two#n1 0 has positions",
        "work 1/2 acknowledges",
        "work 2/2 acknowledges",
        "work#n2 0 writes",
        "work#n2 1 writes",
    ];
    assert_eq!(
        parts.of_epoch(7, &["one", "two", "work 1/2", "work 2/2", "out"]),
        expected
    );
    // An input that has ended counts as having the barrier.
    running.input("two").unwrap().end();
    running
        .input("one")
        .unwrap()
        .send_batch(rows(&[(3, 3, 3)]))
        .unwrap();
    running.send_barrier(Barrier {
        generation: 1,
        epoch: 9,
    });
    let writers = parts
        .of_epoch(9, &["out"])
        .into_iter()
        .filter(|part| part.ends_with("writes"));
    assert_eq!(
        writers.collect::<Vec<_>>(),
        ["work#n2 0 writes", "work#n2 1 writes"]
    );
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.sorted(), [(1, 1, 1), (2, 2, 2), (3, 3, 3)]);
}

#[test]
fn without_a_checkpointer_a_barrier_passes_and_nothing_is_written() {
    let mut plan = PlanBuilder::new();
    let nodes = [
        plan.input("in"),
        plan.operator("work", Parallelism::Any),
        plan.outlet("out"),
    ];
    plan.chain(&nodes);
    let runtime = runtime(plan.build(), wide(1), |_, _| pass());
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running.send_barrier(Barrier {
        generation: 1,
        epoch: 1,
    });
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(1, 1, 1)]))
        .unwrap();
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.triples(), [(1, 1, 1)]);
}
