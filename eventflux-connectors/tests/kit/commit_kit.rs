//! The contract of a sink that writes exactly once: nothing is seen before its checkpoint, everything after it, once, at
//! whatever moment the process dies.

use std::sync::Arc;

use eventflux_core::Result;
use eventflux_core::connector::{CommitContext, CommitNote, SinkCommitter, SinkPlan, StagingSink};
use eventflux_core::time::SystemClock;

use super::program::sink_context;
use super::rows::lines;

/// What is durable of a run: the last checkpoint and the notes that it knows.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    pub epoch: u64,
    pub notes: Vec<CommitNote>,
}

/// One process, as far as one sink is concerned. Dropping it is the process's death.
pub struct Process {
    committer: Box<dyn SinkCommitter>,
    sinks: Vec<Box<dyn StagingSink>>,
    epoch: u64,
    /// Pre-committed and not committed.
    pending: Vec<CommitNote>,
}

pub fn commit_context(app_id: &str, generation: u64, restored_epoch: Option<u64>) -> CommitContext {
    CommitContext {
        app_id: app_id.to_owned(),
        generation,
        restored_epoch,
        clock: Arc::new(SystemClock),
        tokio: tokio::runtime::Handle::current(),
    }
}

impl Process {
    /// Starts where the checkpoint left off.
    pub async fn start(
        app_id: &str,
        plan: &dyn SinkPlan,
        generation: u64,
        checkpoint: Option<&Checkpoint>,
        parallelism: usize,
    ) -> Result<Self> {
        let exactly_once = plan.exactly_once().expect("the sink can write exactly once");
        let epoch = checkpoint.map(|checkpoint| checkpoint.epoch);
        let mut committer = exactly_once.committer(&commit_context(app_id, generation, epoch))?;
        if let Some(checkpoint) = checkpoint {
            committer.commit(&checkpoint.notes).await?;
        }
        let parallelism = parallelism.min(plan.parallelism_max().unwrap_or(parallelism));
        let open = |subtask| exactly_once.open(&sink_context(subtask, parallelism));
        Ok(Self {
            committer,
            sinks: (0..parallelism).map(open).collect::<Result<_>>()?,
            // Numbers are never used again, also those of epochs that were given up.
            epoch: epoch.unwrap_or(0) + 10 * generation,
            pending: Vec::new(),
        })
    }

    /// Rows of the present epoch, those of a writer always through the same subtask.
    pub async fn write(&mut self, writer: usize, rows: &[String]) {
        let subtask = writer % self.sinks.len();
        let texts: Vec<_> = rows.iter().map(String::as_str).collect();
        self.sinks[subtask].write(&lines(&texts)).await.unwrap();
        self.sinks[subtask].write(&lines(&[])).await.unwrap();
    }

    /// A barrier passes; what is returned is durable if the caller keeps it.
    pub async fn pre_commit(&mut self) -> Checkpoint {
        self.epoch += 1;
        for (subtask, sink) in self.sinks.iter_mut().enumerate() {
            let mut pre_commit = sink.pre_commit(self.epoch).await.unwrap();
            pre_commit.durable().await.unwrap();
            self.pending.push(CommitNote {
                epoch: self.epoch,
                subtask,
                note: pre_commit.note,
            });
        }
        Checkpoint {
            epoch: self.epoch,
            notes: self.pending.clone(),
        }
    }

    /// Makes visible what is pending.
    pub async fn commit(&mut self) -> Result<()> {
        self.committer.commit(&self.pending).await?;
        self.pending.clear();
        Ok(())
    }

    /// A barrier passes and all goes well.
    pub async fn checkpoint(&mut self) -> Checkpoint {
        let checkpoint = self.pre_commit().await;
        self.commit().await.unwrap();
        checkpoint
    }

    pub async fn close(mut self) {
        for sink in &mut self.sinks {
            sink.close().await.unwrap();
        }
    }
}

/// The moments at which a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// Rows were written.
    BeforeTheBarrier,
    /// The sink has pre-committed; the checkpoint did not become durable.
    BeforeTheManifest,
    /// The checkpoint is durable.
    BeforeTheCommit,
    /// The rows are visible, and nobody knows.
    AfterTheCommit,
}

const DEATHS: [Death; 4] = [
    Death::BeforeTheBarrier,
    Death::BeforeTheManifest,
    Death::BeforeTheCommit,
    Death::AfterTheCommit,
];

/// Rows of two writers.
fn rows(name: &str) -> [Vec<String>; 2] {
    ["x", "y"].map(|writer| {
        (0..500)
            .map(|index| format!("{writer} {name} {index:03}"))
            .collect()
    })
}

async fn write(process: &mut Process, name: &str) {
    for (writer, rows) in rows(name).iter().enumerate() {
        for rows in rows.chunks(77) {
            process.write(writer, rows).await;
        }
    }
}

/// What is seen are the rows of these names, each writer's in order.
fn same(seen: &[String], names: &[&str], what: &str) {
    same_rows(seen, names, true, what);
}

fn same_rows(seen: &[String], names: &[&str], is_ordered: bool, what: &str) {
    for (writer, prefix) in ["x ", "y "].iter().enumerate() {
        let mut seen: Vec<_> = seen.iter().filter(|row| row.starts_with(prefix)).collect();
        let mut expected: Vec<_> = names.iter().flat_map(|name| rows(name)[writer].clone()).collect();
        // Between subtasks there is no order: a writer that went through several has none.
        if !is_ordered {
            seen.sort();
            expected.sort();
        }
        assert_eq!(
            seen.len(),
            expected.len(),
            "rows of {prefix}after {names:?}, {what}"
        );
        let first = seen
            .iter()
            .zip(&expected)
            .position(|(seen, expected)| seen != &expected);
        assert_eq!(first, None, "rows of {prefix}after {names:?}, {what}");
    }
    assert_eq!(seen.len(), names.len() * 1_000, "rows of others, {what}");
}

/// A sink and what it writes to.
pub struct Place {
    pub app_id: String,
    pub plan: Box<dyn SinkPlan>,
    /// All rows that can be seen.
    pub read: Box<dyn Fn() -> Vec<String>>,
    /// What lives as long as the place.
    pub keep: Box<dyn std::any::Any>,
}

/// Checks a sink; `place` gives an empty outside each time.
pub async fn check(place: impl AsyncFn() -> Place) {
    check_a_run(&place().await).await;
    for death in DEATHS {
        check_death(&place().await, death, 2, 2).await;
    }
    // Another number of subtasks, when there are notes of the old ones to be committed.
    for (before, after) in [(2, 1), (1, 2)] {
        let place = place().await;
        if place.plan.parallelism_max() != Some(1) {
            check_death(&place, Death::BeforeTheCommit, before, after).await;
        }
    }
}

async fn check_a_run(place: &Place) {
    let seen = || (place.read)();
    let mut process = Process::start(&place.app_id, &*place.plan, 1, None, 2)
        .await
        .unwrap();
    // An epoch without rows.
    process.checkpoint().await;
    same(&seen(), &[], "before the first row");
    write(&mut process, "a").await;
    same(&seen(), &[], "before the barrier");
    let checkpoint = process.pre_commit().await;
    same(&seen(), &[], "before the commit");
    process.commit().await.unwrap();
    same(&seen(), &["a"], "after the commit");
    process.committer.commit(&checkpoint.notes).await.unwrap();
    same(&seen(), &["a"], "committed again");
    process.committer.commit(&[]).await.unwrap();
    // The epoch of `b` is given up, that of `c` is not.
    write(&mut process, "b").await;
    process.pre_commit().await;
    write(&mut process, "c").await;
    process.checkpoint().await;
    same(&seen(), &["a", "b", "c"], "an epoch was given up");
    write(&mut process, "lost").await;
    process.close().await;
    same(&seen(), &["a", "b", "c"], "what was not pre-committed is dropped");
}

async fn check_death(place: &Place, death: Death, before: usize, after: usize) {
    let what = format!("{death:?}, {before} subtasks before and {after} after");
    let same = |names: &[&str], what: &str| same_rows(&(place.read)(), names, before == after, what);
    // Each process dies at the same moment of its second checkpoint; the first one dies before it has any, too.
    let mut names = Vec::new();
    let mut last: Option<Checkpoint> = None;
    for (generation, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        let parallelism = if generation % 2 == 1 { before } else { after };
        let mut process = Process::start(
            &place.app_id,
            &*place.plan,
            generation,
            last.as_ref(),
            parallelism,
        )
        .await
        .unwrap();
        same(&names, &format!("restarted, {what}"));
        if generation > 1 {
            let sure = format!("{name}-sure");
            write(&mut process, &sure).await;
            last = Some(process.checkpoint().await);
            names.push(&*sure.leak());
            same(&names, &what);
        }
        write(&mut process, name).await;
        if death == Death::BeforeTheBarrier {
            continue;
        }
        let checkpoint = process.pre_commit().await;
        if death == Death::BeforeTheManifest {
            continue;
        }
        last = Some(checkpoint);
        names.push(name);
        if death == Death::AfterTheCommit {
            process.commit().await.unwrap();
            same(&names, &what);
        }
    }
    let process = Process::start(&place.app_id, &*place.plan, 5, last.as_ref(), before)
        .await
        .unwrap();
    same(&names, &format!("at last, {what}"));
    process.close().await;
}
