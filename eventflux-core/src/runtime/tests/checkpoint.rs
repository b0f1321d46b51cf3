//! Checkpoints and recovery of whole runs.
//!
//! The invariants are those of the design: I1 to I8, each with a test that names it.

use std::sync::atomic::Ordering;

use super::recovery_kit::{BrittleStore, Disk, Journal, Row, Shelf, app, app_named, expected, partitions};
use super::*;
use crate::checkpoint::manifest::{Manifest, ManifestLog};
use crate::checkpoint::{CheckpointConfig, StartFrom};
use crate::error::{Error, ErrorKind};
use crate::fail_point::{FailAction, set};
use crate::runtime::RunEnd;
use crate::runtime::in_process::block_on;
use crate::state::segment::SegmentKind;
use crate::state::store::{CheckpointStore, MemoryStore};

/// Everything that outlives a run.
pub(super) struct World {
    pub(super) rows: Vec<Vec<Row>>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) journal: Arc<Journal>,
    store: Arc<MemoryStore>,
}

impl World {
    pub(super) fn new(partition_count: usize, row_count: usize) -> Self {
        let rows = partitions(partition_count, row_count);
        Self {
            shelf: Shelf::new(rows.clone()),
            rows,
            journal: Arc::default(),
            store: Arc::default(),
        }
    }

    pub(super) fn checkpoints(&self) -> CheckpointConfig {
        CheckpointConfig::new(Arc::clone(&self.store) as _)
    }

    fn start(&self, parallelism: usize) -> crate::runtime::RunningApp {
        self.start_with(self.checkpoints(), parallelism)
    }

    fn start_with(&self, checkpoints: CheckpointConfig, parallelism: usize) -> crate::runtime::RunningApp {
        app(&self.shelf, &self.journal, checkpoints, parallelism)
            .start()
            .unwrap()
    }

    /// Runs to the end of the input and compares what is visible with an undisturbed run.
    pub(super) fn finish(&self, parallelism: usize) {
        self.shelf.let_read_all();
        let running = self.start(parallelism);
        assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
        assert_eq!(self.journal.rows(), expected(&self.rows));
    }

    pub(super) fn newest(&self) -> Manifest {
        let log = ManifestLog::new(Arc::clone(&self.store) as _);
        block_on(log.newest()).unwrap().unwrap()
    }
}

/// Waits until all rows up to a limit have been read: a checkpoint has them.
pub(super) fn read_up_to(world: &World, running: &crate::runtime::RunningApp, row_count: usize) {
    world.shelf.let_read(row_count);
    let all = world.rows.len() * row_count;
    while (running.metrics().rows_out() as usize) < all {
        std::thread::yield_now();
    }
}

#[test]
fn a_run_goes_on_where_it_was_at_any_parallelism() {
    let world = World::new(3, 20);
    for (parallelism, read) in [(1, 4), (3, 9), (2, 13)] {
        let running = world.start(parallelism);
        let before = world.journal.rows().len();
        world.shelf.let_read(read);
        while running.metrics().rows_out() as usize + before < world.rows.len() * read {
            std::thread::yield_now();
        }
        running.checkpoint().unwrap();
        running.abort();
        let _ = running.wait();
        // What was committed is visible at the latest when the next run has started.
        drop(world.start(1));
        assert_eq!(world.journal.rows().len(), world.rows.len() * read);
    }
    world.finish(4);
}

#[test]
fn a_clean_stop_takes_a_last_checkpoint_and_delivers_everything() {
    let world = World::new(2, 10);
    let running = world.start(2);
    read_up_to(&world, &running, 6);
    running.stop();
    assert_eq!(running.wait().unwrap().end, RunEnd::Stopped);
    assert_eq!(world.journal.rows().len(), 12);
    world.finish(1);
}

#[test]
fn after_the_end_there_is_nothing_left_to_do() {
    let world = World::new(2, 5);
    world.finish(2);
    world.finish(3);
    assert_eq!(
        *world.journal.opened_restored.lock().unwrap(),
        [false, false, true, true, true]
    );
}

#[test]
fn i1_segments_are_complete_before_a_manifest_names_them_and_never_change() {
    let world = World::new(2, 10);
    let running = world.start(2);
    let mut seen = std::collections::BTreeMap::new();
    for read in [2, 4, 6, 8] {
        read_up_to(&world, &running, read);
        let epoch = running.checkpoint().unwrap();
        let manifest = world.newest();
        assert_eq!(manifest.epoch, epoch);
        for segment in &manifest.segments {
            let bytes = block_on(world.store.get(&segment.name)).unwrap().unwrap();
            assert_eq!(bytes.len() as u64, segment.size_bytes);
            let first = seen.entry(segment.name.clone()).or_insert_with(|| bytes.clone());
            assert_eq!(*first, bytes, "{} has changed", segment.name);
            let place = format!("{:020}-{:010}-", segment.epoch, manifest.generation);
            assert!(segment.name.contains(&place), "{}", segment.name);
        }
    }
    running.abort();
}

/// A process dies after each of its calls to the store, or just before it learns that the call was carried out.
#[test]
fn i2_i3_i4_a_death_at_any_call_to_the_store_loses_nothing_and_repeats_nothing() {
    for loses_last_answer in [false, true] {
        for puts in 1..40 {
            let world = World::new(2, 12);
            let store = BrittleStore::new(&world.store, puts);
            store.loses_last_answer.store(loses_last_answer, Ordering::SeqCst);
            let checkpoints = CheckpointConfig::new(Arc::clone(&store) as _);
            let Ok(running) = app(&world.shelf, &world.journal, checkpoints, 2).start() else {
                world.finish(1);
                continue;
            };
            let mut has_died = false;
            let mut committed = 0;
            for read in [2, 5, 7, 10] {
                read_up_to(&world, &running, read);
                if running.checkpoint().is_err() {
                    has_died = true;
                    break;
                }
                committed = 2 * read;
            }
            world.journal.wait_for(committed);
            // Nothing of what could not be committed is visible.
            assert_eq!(world.journal.rows().len(), committed);
            running.abort();
            drop(running);
            world.finish(1 + puts % 3);
            if !has_died {
                assert!(puts > 8, "died never, with {puts} calls");
                break;
            }
        }
    }
}

#[test]
fn i4_an_epoch_without_rows_is_pre_committed_and_stored_too() {
    let world = World::new(1, 3);
    let running = world.start(1);
    let epoch = running.checkpoint().unwrap();
    let manifest = world.newest();
    assert_eq!(manifest.sinks.len(), 1);
    assert_eq!((manifest.sinks[0].epoch, manifest.epoch), (epoch, epoch));
    running.abort();
}

#[test]
fn i5_checkpoints_go_on_after_one_of_several_inputs_has_ended() {
    let world = World::new(2, 6);
    let running = world.start(2);
    world.shelf.let_read_of(0, usize::MAX);
    world.journal.is_away.store(false, Ordering::SeqCst);
    while running.metrics().rows_out() < 6 {
        std::thread::yield_now();
    }
    running.checkpoint().unwrap();
    world.shelf.let_read_of(1, 4);
    while running.metrics().rows_out() < 10 {
        std::thread::yield_now();
    }
    let epoch = running.checkpoint().unwrap();
    assert_eq!(world.newest().epoch, epoch);
    let positions: Vec<_> = world
        .newest()
        .sources
        .into_iter()
        .map(|source| source.position)
        .collect();
    assert_eq!(positions, ["6", "4"]);
    running.abort();
    drop(running);
    world.finish(1);
}

#[test]
fn i6_only_what_no_kept_manifest_needs_is_deleted() {
    let world = World::new(2, 30);
    let running = world.start_with(
        CheckpointConfig {
            retained: 2,
            ..world.checkpoints()
        },
        2,
    );
    for read in 1..25 {
        read_up_to(&world, &running, read);
        running.checkpoint().unwrap();
    }
    // The removal follows the commit.
    running.stop();
    running.wait().unwrap();
    let log = ManifestLog::new(Arc::clone(&world.store) as _);
    let entries = block_on(log.entries()).unwrap();
    assert_eq!(entries.len(), 2, "{entries:?}");
    let mut needed = std::collections::BTreeSet::new();
    for entry in &entries {
        let manifest = block_on(log.load(entry)).unwrap();
        for name in manifest.object_names() {
            assert!(
                block_on(world.store.get(name)).unwrap().is_some(),
                "{name} is gone"
            );
            needed.insert(name.to_owned());
        }
    }
    // Deltas were folded into bases: what is read back does not grow with the number of checkpoints.
    assert!(
        world.newest().segments.len() < 12,
        "{}",
        world.newest().segments.len()
    );
    world.finish(3);
}

/// I7: what is restored is the state of the committed epoch, neither more nor less, however much was done after it.
#[test]
fn i7_what_came_after_the_committed_epoch_is_done_again() {
    let world = World::new(2, 20);
    let running = world.start(2);
    read_up_to(&world, &running, 5);
    running.checkpoint().unwrap();
    read_up_to(&world, &running, 15);
    running.abort();
    let _ = running.wait();
    drop(running);
    let running = world.start(2);
    assert!(world.journal.rows().len() == 10);
    running.abort();
    drop(running);
    world.finish(2);
}

#[test]
fn i8_what_is_damaged_is_named_and_nothing_runs() {
    let world = World::new(1, 10);
    let running = world.start(1);
    read_up_to(&world, &running, 5);
    running.checkpoint().unwrap();
    running.abort();
    let _ = running.wait();
    let objects = block_on(world.store.list("")).unwrap();
    let names: Vec<_> = objects.into_iter().map(|object| object.name).collect();
    let mut damaged_count = 0;
    for name in names.iter().filter(|name| !name.starts_with("generations/")) {
        let whole = block_on(world.store.get(name)).unwrap().unwrap();
        for damaged in [
            whole.slice(..whole.len() / 2),
            flipped(&whole, whole.len() / 3),
            bytes::Bytes::new(),
        ] {
            block_on(world.store.delete(name)).unwrap();
            block_on(world.store.put_if_absent(name, damaged.into())).unwrap();
            let error = app(&world.shelf, &world.journal, world.checkpoints(), 1)
                .start()
                .err();
            let error = error.unwrap_or_else(|| panic!("{name}: nothing was noticed"));
            assert!(error.to_string().contains(name.as_str()), "{name}: {error}");
            damaged_count += 1;
        }
        block_on(world.store.delete(name)).unwrap();
        block_on(world.store.put_if_absent(name, whole.into())).unwrap();
    }
    assert!(damaged_count >= 6, "{names:?}");
    world.finish(1);
}

fn flipped(bytes: &[u8], place: usize) -> bytes::Bytes {
    let mut flipped = bytes.to_vec();
    flipped[place] ^= 0x10;
    flipped.into()
}

#[test]
fn a_store_that_is_full_pauses_checkpoints_and_not_the_stream() {
    let world = World::new(2, 20);
    let store = BrittleStore::new(&world.store, 0);
    store.puts_left.store(100, Ordering::SeqCst);
    let running = world.start_with(CheckpointConfig::new(Arc::clone(&store) as _), 2);
    read_up_to(&world, &running, 3);
    running.checkpoint().unwrap();
    store.puts_left.store(0, Ordering::SeqCst);
    let error = running.checkpoint().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    // Who asks while that goes on is told, too, and does not wait for better times.
    let again = running.checkpoint().unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    // The stream goes on.
    read_up_to(&world, &running, 15);
    world.journal.wait_for(6);
    assert_eq!(world.journal.rows().len(), 6);
    assert!(running.metrics().checkpoints.failed > 0);
    let troubles = running.troubles();
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert_eq!(
        (&*troubles[0].place, &troubles[0].message),
        ("checkpoints", &error.to_string())
    );
    store.puts_left.store(1_000, Ordering::SeqCst);
    running.checkpoint().unwrap();
    assert_eq!(running.troubles(), []);
    world.journal.wait_for(30);
    running.abort();
    drop(running);
    world.finish(2);
}

#[test]
fn a_checkpoint_that_is_being_read_stays_however_many_follow() {
    let world = World::new(2, 20);
    let keeping_one = CheckpointConfig {
        retained: 1,
        ..world.checkpoints()
    };
    let running = world.start_with(keeping_one, 2);
    let log = ManifestLog::new(Arc::clone(&world.store) as _);
    read_up_to(&world, &running, 5);
    let kept = block_on(running.checkpoint_kept()).unwrap();
    let manifest = world.newest();
    assert_eq!(kept.epoch(), manifest.epoch);
    for read in [8, 12, 16] {
        read_up_to(&world, &running, read);
        running.checkpoint().unwrap();
    }
    assert_eq!(block_on(log.of_epoch(kept.epoch())).unwrap(), manifest);
    for name in manifest.object_names() {
        assert!(
            block_on(world.store.get(name)).unwrap().is_some(),
            "{name} is gone"
        );
    }
    let epoch = kept.epoch();
    drop(kept);
    // What is not wanted any more goes with the next one.
    running.checkpoint().unwrap();
    running.checkpoint().unwrap();
    assert!(block_on(log.of_epoch(epoch)).is_err());
    running.abort();
    let _ = running.wait();
    drop(running);
    world.finish(2);
}

#[test]
fn a_sink_that_is_away_delays_its_rows_and_not_the_checkpoints() {
    let world = World::new(1, 20);
    let running = world.start(1);
    world.journal.is_away.store(true, Ordering::SeqCst);
    for read in [3, 6, 9] {
        read_up_to(&world, &running, read);
        running.checkpoint().unwrap();
    }
    assert_eq!(world.journal.rows(), []);
    assert_eq!(world.newest().sinks.len(), 3);
    assert_eq!(running.metrics().checkpoints.commits_waiting, 3);
    // The coordinator hears of the attempt after the checkpoint.
    while running.troubles().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(running.troubles()[0].message, "journal `j`: away");
    world.journal.is_away.store(false, Ordering::SeqCst);
    world.journal.wait_for(9);
    // The journal has the rows before the coordinator hears of it.
    while running.metrics().checkpoints.commits_waiting > 0 || !running.troubles().is_empty() {
        std::thread::yield_now();
    }
    running.abort();
    drop(running);
    world.finish(2);
}

#[test]
fn what_belongs_to_a_checkpoint_that_is_given_up_becomes_part_of_the_next() {
    let world = World::new(2, 20);
    let patient = world.checkpoints();
    let running = world.start_with(
        CheckpointConfig {
            timeout: std::time::Duration::from_millis(20),
            pause_min: std::time::Duration::from_millis(1),
            ..patient
        },
        2,
    );
    read_up_to(&world, &running, 3);
    // On a busy machine it may take some attempts.
    let mut before = loop {
        if let Ok(epoch) = running.checkpoint() {
            break epoch;
        }
    };
    // The loops behind the exchange come to a stop: barriers wait behind their rows, as soon as those are there.
    world.journal.is_blocked.send_replace(true);
    world.shelf.let_read(8);
    let error = loop {
        match running.checkpoint() {
            Ok(epoch) => before = epoch,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("did not come through"), "{error}");
    assert_eq!(world.newest().epoch, before);
    assert!(running.metrics().checkpoints.given_up > 0);
    world.journal.is_blocked.send_replace(false);
    read_up_to(&world, &running, 8);
    while running.checkpoint().is_err() {}
    assert!(world.newest().epoch > before + 1);
    world.journal.wait_for(16);
    running.abort();
    let _ = running.wait();
    drop(running);
    world.finish(3);
}

/// I3, I4.
#[test]
fn i3_i4_what_is_staged_is_waited_for_by_the_checkpoint_and_not_by_the_stream() {
    let world = World::new(2, 12);
    let running = world.start(1);
    read_up_to(&world, &running, 3);
    running.checkpoint().unwrap();
    let before = world.newest().epoch;
    world.journal.wait_for(6);
    world.journal.disk.send_replace(Disk::Slow);
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| running.checkpoint().unwrap());
        // Rows behind the barrier come through while what is before it is not on disk.
        read_up_to(&world, &running, 9);
        assert_eq!(world.newest().epoch, before);
        assert_eq!(world.journal.rows().len(), 6);
        world.journal.disk.send_replace(Disk::Well);
        assert!(checkpoint.join().unwrap() > before);
    });
    running.abort();
    let _ = running.wait();
    world.finish(2);
}

#[test]
fn i4_what_cannot_be_made_durable_ends_the_run_and_is_made_again() {
    let world = World::new(1, 12);
    let running = world.start(1);
    read_up_to(&world, &running, 3);
    running.checkpoint().unwrap();
    let before = world.newest().epoch;
    world.journal.disk.send_replace(Disk::Broken);
    read_up_to(&world, &running, 6);
    running.stop();
    let error = running.wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    assert!(error.to_string().contains("broken"), "{error}");
    assert_eq!(world.newest().epoch, before);
    world.journal.disk.send_replace(Disk::Well);
    world.finish(1);
}

#[test]
fn a_run_that_dies_where_it_gives_a_checkpoint_up_goes_on_from_the_one_before() {
    let world = World::new(2, 20);
    let app = "dies-giving-up";
    let _armed = set("coordinator.given.up", app, 0, FailAction::Error);
    let running = world.start_with(
        CheckpointConfig {
            app: app.into(),
            timeout: std::time::Duration::from_millis(20),
            pause_min: std::time::Duration::from_millis(1),
            ..world.checkpoints()
        },
        2,
    );
    world.journal.is_blocked.send_replace(true);
    world.shelf.let_read(8);
    while running.checkpoint().is_ok() {}
    world.journal.is_blocked.send_replace(false);
    let error = running.wait().unwrap_err();
    assert!(error.to_string().contains("coordinator.given.up"), "{error}");
    drop(running);
    world.finish(3);
}

#[test]
fn commits_are_repeated_after_a_restart() {
    let world = World::new(1, 10);
    let running = world.start(1);
    world.journal.is_away.store(true, Ordering::SeqCst);
    read_up_to(&world, &running, 4);
    let epoch = running.checkpoint().unwrap();
    running.abort();
    let _ = running.wait();
    drop(running);
    // While the outside is away, a run that has to commit does not start.
    let error = app(&world.shelf, &world.journal, world.checkpoints(), 1)
        .start()
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Environment);
    world.journal.is_away.store(false, Ordering::SeqCst);
    let running = world.start(1);
    assert_eq!(world.journal.rows().len(), 4);
    assert_eq!(*world.journal.calls.lock().unwrap(), [(epoch, 0)]);
    let contexts = world.journal.contexts.lock().unwrap().clone();
    let generations: Vec<_> = contexts.iter().map(|context| context.generation).collect();
    assert_eq!(generations, [1, 2, 3]);
    assert!(
        contexts
            .iter()
            .all(|context| context.app_id == contexts[0].app_id)
    );
    assert_eq!(contexts[2].restored_epoch, Some(epoch));
    running.abort();
    drop(running);
    world.finish(1);
}

#[test]
fn sources_learn_what_is_durable() {
    let world = World::new(1, 10);
    let running = world.start(1);
    read_up_to(&world, &running, 4);
    running.checkpoint().unwrap();
    world.shelf.let_read_all();
    running.wait().unwrap();
    let told = world.shelf.told.lock().unwrap();
    let positions: Vec<_> = told.iter().map(|position| position.position.as_str()).collect();
    assert_eq!(positions[0], "4");
    drop(told);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn another_app_is_refused_and_told_what_differs() {
    let world = World::new(1, 10);
    world.finish(1);
    let other = app_named("sums", &world.shelf, &world.journal, world.checkpoints(), 1).unwrap();
    let error = other.start().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Input);
    let message = error.to_string();
    assert!(message.contains("state would be lost"), "{message}");
    assert!(message.contains("dropped  totals"), "{message}");
    assert!(message.contains("kept     shelf"), "{message}");
    let allowed = CheckpointConfig {
        is_drop_allowed: true,
        ..world.checkpoints()
    };
    let other = app_named("sums", &world.shelf, &world.journal, allowed, 1).unwrap();
    other.start().unwrap().wait().unwrap();
}

#[test]
fn a_process_that_was_taken_over_stops() {
    let world = World::new(1, 10);
    let old = world.start(1);
    read_up_to(&world, &old, 2);
    old.checkpoint().unwrap();
    let new = world.start(1);
    new.checkpoint().unwrap();
    assert!(old.checkpoint().is_err());
    assert!(matches!(old.wait(), Err(Error::TakenOver { .. })));
    new.abort();
    drop(new);
    world.finish(1);
}

#[test]
fn an_older_checkpoint_and_another_store_can_be_started_from() {
    let world = World::new(1, 10);
    let running = world.start(1);
    read_up_to(&world, &running, 2);
    let first = running.checkpoint().unwrap();
    read_up_to(&world, &running, 6);
    running.checkpoint().unwrap();
    running.abort();
    drop(running);
    let log = ManifestLog::new(Arc::clone(&world.store) as _);
    let manifest = block_on(log.of_epoch(first)).unwrap();
    let savepoint: Arc<dyn CheckpointStore> = Arc::new(MemoryStore::default());
    block_on(log.copy(&manifest, savepoint.as_ref())).unwrap();
    let from = |from: StartFrom, store: Arc<dyn CheckpointStore>| {
        let journal = Arc::new(Journal::default());
        world.shelf.let_read_all();
        let checkpoints = CheckpointConfig {
            from,
            ..CheckpointConfig::new(store)
        };
        let running = app(&world.shelf, &journal, checkpoints, 2).start().unwrap();
        running.wait().unwrap();
        journal.rows()
    };
    let expected = expected(&world.rows);
    let empty = || Arc::new(MemoryStore::default()) as Arc<dyn CheckpointStore>;
    assert_eq!(from(StartFrom::Savepoint(savepoint), empty()), expected);
    assert_eq!(
        from(StartFrom::Epoch(first), Arc::clone(&world.store) as _),
        expected
    );
    assert_eq!(from(StartFrom::Nothing, Arc::clone(&world.store) as _), expected);
    let error = app(
        &world.shelf,
        &world.journal,
        CheckpointConfig {
            from: StartFrom::Savepoint(empty()),
            ..CheckpointConfig::new(empty())
        },
        1,
    );
    assert!(matches!(error.start().err(), Some(Error::NoSavepoint { .. })));
}

#[test]
fn only_what_changed_is_written() {
    let world = World::new(1, 30);
    let running = world.start(1);
    read_up_to(&world, &running, 20);
    running.checkpoint().unwrap();
    let rows = |manifest: &Manifest| {
        manifest
            .segments
            .iter()
            .map(|segment| segment.row_count)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&world.newest()), [7]);
    read_up_to(&world, &running, 21);
    running.checkpoint().unwrap();
    assert_eq!(rows(&world.newest()), [7, 1]);
    running.checkpoint().unwrap();
    assert_eq!(rows(&world.newest()), [7, 1]);
    for subtask in running.metrics().subtasks {
        assert_eq!(subtask.barrier_stops.count(), 3, "{}", subtask.name);
    }
    running.abort();
}

/// (kind, rows) of the segments of the newest manifest.
fn segments(world: &World) -> Vec<(SegmentKind, u64)> {
    let segments = world.newest().segments.into_iter();
    segments
        .map(|segment| (segment.kind, segment.row_count))
        .collect()
}

#[test]
fn a_restart_goes_on_from_what_is_stored_and_another_parallelism_begins_with_a_base() {
    use SegmentKind::{Base, Delta};
    let world = World::new(1, 30);
    let run = |parallelism: usize, read: usize| {
        let running = world.start(parallelism);
        let before = world.journal.rows().len();
        world.shelf.let_read(read);
        while running.metrics().rows_out() as usize + before < read {
            std::thread::yield_now();
        }
        running.checkpoint().unwrap();
        running.abort();
        let _ = running.wait();
        segments(&world)
    };
    assert_eq!(run(1, 20), [(Base, 7)]);
    assert_eq!(run(1, 20), [(Base, 7)]);
    assert_eq!(run(1, 21), [(Base, 7), (Delta, 1)]);
    let wide = run(2, 22);
    assert!(wide.iter().all(|(kind, _)| *kind == Base), "{wide:?}");
    assert_eq!(wide.iter().map(|(_, rows)| rows).sum::<u64>(), 7);
    let mut grown = wide.clone();
    grown.push((Delta, 1));
    let after = run(2, 23);
    assert_eq!(after.len(), 3, "{after:?}");
    assert!(grown.iter().all(|segment| after.contains(segment)), "{after:?}");
    world.finish(2);
}

#[test]
fn a_start_from_another_store_begins_with_a_base() {
    let world = World::new(1, 30);
    let running = world.start(1);
    read_up_to(&world, &running, 20);
    running.checkpoint().unwrap();
    running.abort();
    let _ = running.wait();
    let savepoint = Arc::clone(&world.store);
    let other = World {
        store: Arc::default(),
        ..world
    };
    let checkpoints = CheckpointConfig {
        from: StartFrom::Savepoint(savepoint as _),
        ..other.checkpoints()
    };
    let running = other.start_with(checkpoints, 1);
    running.checkpoint().unwrap();
    running.abort();
    assert_eq!(segments(&other), [(SegmentKind::Base, 7)]);
}

#[test]
fn without_a_store_there_is_no_checkpoint_to_ask_for() {
    let mut plan = crate::runtime::testing::PlanBuilder::new();
    let nodes = [plan.input("in"), plan.outlet("out")];
    plan.chain(&nodes);
    let running = runtime(plan.build(), wide(1), |_, _| crate::runtime::testing::pass())
        .start()
        .unwrap();
    assert!(matches!(running.checkpoint(), Err(Error::NoStore)));
}
