//! What happens around an epoch: a stop that is taken back, a commit that nobody heard of, a leader with nothing to do.

use super::manifest::{Parts, compose};
use super::takeover_test::{Watched, running};
use super::{Action, Event};
use crate::coordinator::{
    Change, Desired, LoopPart, ManifestRef, PartContent, PipelineEvent, PipelineOrder, PipelineStatus,
    Report, RunPhase, SetDesired,
};

fn status(watched: &Watched, phase: RunPhase) -> PipelineStatus {
    PipelineStatus {
        pipeline: 1,
        generation: watched.generation(),
        phase: phase.into(),
        loop_count: 1,
        reading: vec![0],
        sinks: vec!["out".into()],
        committed: 0,
        delivered: 0,
    }
}

fn want(watched: &mut Watched, desired: Desired) {
    let outcome = watched.apply(Change::SetDesired(SetDesired {
        pipeline: 1,
        desired: desired.into(),
    }));
    assert!(outcome.is_done(), "{outcome}");
}

/// Both nodes run the pipeline, which takes no checkpoint of its own accord.
fn reading() -> Watched {
    let mut watched = running();
    let (pipeline, epoch, result) = (1, 0, Ok(None));
    let published = Event::Published {
        pipeline,
        epoch,
        result,
    };
    watched.on_event(0, published);
    for phase in [RunPhase::Prepared, RunPhase::Running] {
        for node in [1, 2] {
            let status = status(&watched, phase);
            watched.report(0, node, PipelineEvent::Status(status));
        }
    }
    watched
}

fn acknowledge(watched: &mut Watched, now_us: i64, epoch: u64) {
    for node in [1, 2] {
        let part = LoopPart::new(epoch, 0, 0, &PartContent::default());
        watched.report(now_us, node, PipelineEvent::Acknowledged(part));
    }
}

fn last_epoch(watched: &Watched) -> u64 {
    watched.state.pipeline(1).unwrap().last_epoch
}

fn staged(watched: &Watched, epoch: u64) -> Event {
    let result = Ok(ManifestRef {
        sequence: 1,
        ..ManifestRef::default()
    });
    Event::Staged {
        pipeline: 1,
        generation: watched.generation(),
        epoch,
        result,
    }
}

fn published(watched: &Watched, epoch: u64) -> Event {
    let pipeline = watched.state.pipeline(1).unwrap();
    let manifest = compose(pipeline, epoch, None, &Parts::default(), 0).unwrap();
    Event::Published {
        pipeline: 1,
        epoch,
        result: Ok(Some(Box::new(manifest))),
    }
}

#[test]
fn a_pipeline_that_is_not_to_stop_after_all_takes_checkpoints_as_before() {
    let mut watched = reading();
    watched.on_event(500_000, Event::Time);
    assert_eq!(last_epoch(&watched), 0, "it has no interval");
    want(&mut watched, Desired::Stopped);
    watched.on_event(500_000, Event::Applied);
    assert_eq!(last_epoch(&watched), 1, "the last one");
    want(&mut watched, Desired::Running);
    acknowledge(&mut watched, 510_000, 1);
    let (staged, published) = (staged(&watched, 1), published(&watched, 1));
    watched.on_event(520_000, staged);
    watched.on_event(530_000, published);
    watched.on_event(1_500_000, Event::Time);
    assert_eq!((last_epoch(&watched), watched.nodes()), (1, vec![1, 2]));
    // Another stop has another last epoch.
    want(&mut watched, Desired::Stopped);
    watched.on_event(1_600_000, Event::Applied);
    assert_eq!((last_epoch(&watched), watched.nodes()), (2, vec![1, 2]));
}

#[test]
fn an_epoch_whose_commit_was_not_heard_of_is_visible_only_once_it_is_in_its_place() {
    let mut watched = reading();
    want(&mut watched, Desired::Stopped);
    watched.on_event(500_000, Event::Applied);
    acknowledge(&mut watched, 510_000, 1);
    let mut now_us = 520_000;
    let mut act = |watched: &mut Watched, event| {
        now_us += 1_000;
        watched.overseer.on_event(now_us, &watched.state, event)
    };
    let proposed = |actions: Vec<Action>| {
        let mut proposals = actions.into_iter().filter_map(|action| match action {
            Action::Propose { key, change } => Some((key, change)),
            _ => None,
        });
        proposals.next().unwrap()
    };
    let are_told = |actions: &[Action]| {
        let orders = actions.iter().filter_map(|action| match action {
            Action::Send { order, .. } => order.order.clone(),
            _ => None,
        });
        orders
            .filter(|order| *order == PipelineOrder::Committed(1))
            .count()
    };

    let event = staged(&watched, 1);
    let (key, commit) = proposed(act(&mut watched, event));
    let outcome = None;
    let (key, abort) = proposed(act(&mut watched, Event::Proposed { key, outcome }));
    assert!(matches!(abort, Change::AbortEpoch(_)), "{abort:?}");
    // It is agreed on after all.
    assert!(watched.apply(commit).is_done());
    let again = Event::Reported {
        node: 1,
        incarnation: watched.incarnation(1),
        report: Report::status(vec![status(&watched, RunPhase::Running)]),
    };
    assert_eq!(are_told(&act(&mut watched, again.clone())), 0);
    let outcome = Some(watched.apply(abort));
    let actions = act(&mut watched, Event::Proposed { key, outcome });
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish { .. }))
    );
    assert_eq!(are_told(&act(&mut watched, again.clone())), 0);
    let event = published(&watched, 1);
    assert!(are_told(&act(&mut watched, event)) >= 2);
    assert_eq!(are_told(&act(&mut watched, again)), 1, "it has missed that");
}

#[test]
fn a_leader_does_not_wake_for_what_it_has_proposed() {
    let mut watched = running();
    let incarnation = watched.incarnation(2);
    watched.on_event(1_000, Event::Disconnected { node: 2, incarnation });
    let due_us = |watched: &Watched, now_us| watched.overseer.next_due_us(now_us, &watched.state);
    assert_eq!(due_us(&watched, 1_000), Some(301_000));
    // Nobody has agreed on it yet.
    let actions = watched.overseer.on_event(301_500, &watched.state, Event::Time);
    assert!(matches!(actions[..], [Action::Propose { .. }]), "{actions:?}");
    assert_eq!(due_us(&watched, 301_500), Some(2_000_000), "the other node");
}

#[test]
fn a_leader_does_not_wake_for_a_pipeline_that_had_failed_and_is_stopped() {
    let mut watched = running();
    watched.fail(2_000, 1);
    let due_us = |watched: &Watched, now_us| watched.overseer.next_due_us(now_us, &watched.state);
    assert_eq!(due_us(&watched, 2_000), Some(102_000));
    want(&mut watched, Desired::Stopped);
    watched.on_event(102_500, Event::Time);
    assert_eq!(due_us(&watched, 102_500), Some(2_000_000));
}
