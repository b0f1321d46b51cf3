//! A node of a cluster that is killed at each step of the protocol: the next life goes on as if nothing had been.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::file::{books, prepare};
use super::killer::waiting;
use super::point::{POINTS, Way};
use super::transfers::{Dice, Transfers};
use crate::node::kit::{Cluster, NodeProcess};

/// A step that is not come to within this time is not on the way.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often somebody looks whether the node is where it is awaited.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Many checkpoints.
const PACE: [&str; 2] = ["--set", "state_backend.checkpoint_interval=20ms"];

/// A node that waits at a step when it comes there the third time, so that there is something to go on from.
fn start_to(cluster: &Cluster, point: &str) -> NodeProcess {
    let arguments = [&["node", "--config", "node1.yaml"][..], &PACE].concat();
    let mut command = cluster.place.command(&arguments);
    command.env("FAILPOINTS", waiting(point, 2, &cluster.place.path("here")));
    NodeProcess::start(command)
}

fn crash(point: &str) {
    let transfers = Transfers::draw(8_000, &mut Dice(6));
    let cluster = Cluster::new(1);
    prepare(&cluster.place, &transfers);
    let mut node = start_to(&cluster, point);
    node.says("leads the cluster");
    let url = format!("http://{}", cluster.listen(1));
    let submit = ["pipeline", "submit", "app.sql", "-p", "2", "--url", &url];
    // Slowly, so that there is something left to do.
    let slowly = ["--set", "batch_size=1"];
    cluster.place.run(&[&submit[..], &slowly].concat()).exits(0);
    let began = Instant::now();
    while !cluster.place.path("here").exists() {
        assert!(began.elapsed() < PATIENCE, "{point} is not reached");
        std::thread::sleep(LOOK_AGAIN);
    }
    node.signal("KILL");
    drop(node);
    let mut node = cluster.start_with(1, &PACE);
    node.says("pipeline `app` has read all of its input");
    cluster.ask_until(1, "/v1/pipelines/app", |(_, text)| text.contains("\"finished\""));
    books(&cluster.place).check(&transfers);
}

#[test]
fn a_node_that_is_killed_at_any_step_loses_nothing_and_repeats_nothing() {
    let cases: Vec<&str> = POINTS
        .iter()
        .filter(|(_, way)| *way == Way::Cluster)
        .map(|(point, _)| *point)
        .collect();
    assert!(cases.len() > 7, "only {cases:?}");
    let work = Mutex::new(cases.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(point) = work.lock().unwrap().next() else {
                        break;
                    };
                    crash(point);
                }
            });
        }
    });
}
