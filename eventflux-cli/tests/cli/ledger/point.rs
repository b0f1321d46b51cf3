//! The fail points of the program: where they are in its sources, and which way to crash there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::command::repository;

/// How a process comes to a fail point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In any ledger, at every checkpoint.
    Often,
    /// In any ledger, once per start or end.
    Once,
    /// In a ledger from file to file, at every checkpoint.
    File,
    /// In a ledger from topic to topic, at every checkpoint.
    Kafka,
    /// In one from topic to topic, once per start.
    KafkaOnce,
    /// In a ledger with its state in Redis, at every checkpoint.
    Redis,
    /// In a ledger that a node of a cluster runs, at every checkpoint.
    Cluster,
    /// By `savepoint create`.
    Savepoint,
    /// Not through a ledger: this test crashes there.
    Elsewhere(&'static str),
}

impl Way {
    /// Whether one process comes there several times.
    pub fn is_often(self) -> bool {
        !matches!(self, Way::Once | Way::KafkaOnce)
    }
}

/// The fail points on these ways that processes come to before their end.
pub fn points(ways: &[Way]) -> Vec<(&'static str, Way)> {
    let points = POINTS
        .iter()
        .filter(|(point, way)| ways.contains(way) && *point != "coordinator.over");
    points.copied().collect()
}

/// Every fail point in the order of the protocol.
pub const POINTS: &[(&str, Way)] = &[
    // Restore.
    ("restore.read", Way::Once),
    ("restore.claimed", Way::Once),
    ("kafka.session.fenced", Way::KafkaOnce),
    ("restore.committer.opened", Way::Once),
    ("restore.commit.repeated", Way::Once),
    ("restore.operator", Way::Once),
    ("restore.done", Way::Once),
    // An epoch up to its commit.
    ("file.stage.begun", Way::File),
    ("coordinator.begun", Way::Often),
    ("source.cut", Way::Often),
    ("operator.frozen", Way::Often),
    ("operator.slice.copied", Way::Often),
    ("file.stage.sealed", Way::File),
    ("sink.staged", Way::Often),
    ("coordinator.acknowledged", Way::Often),
    ("directory.put.created", Way::Often),
    ("directory.put.written", Way::Often),
    ("directory.put.synced", Way::Often),
    ("directory.put.linked", Way::Often),
    ("directory.put.durable", Way::Often),
    ("recorder.segment.stored", Way::Often),
    ("recorder.note.stored", Way::Often),
    ("recorder.manifest.made", Way::Often),
    ("recorder.manifest.published", Way::Often),
    ("share.acknowledged", Way::Cluster),
    ("share.segment.stored", Way::Cluster),
    ("share.note.stored", Way::Cluster),
    ("share.part.stored", Way::Cluster),
    ("cluster.manifest.staged", Way::Cluster),
    ("redis.put.chunks", Way::Redis),
    ("redis.put.published", Way::Redis),
    (
        "coordinator.given.up",
        Way::Elsewhere("a_run_that_dies_where_it_gives_a_checkpoint_up_goes_on_from_the_one_before"),
    ),
    // After it.
    ("coordinator.committed", Way::Often),
    ("cluster.epoch.committed", Way::Cluster),
    ("cluster.manifest.published", Way::Cluster),
    ("share.notes.handed.over", Way::Cluster),
    (
        "cold.apply",
        Way::Elsewhere("a_crash_between_a_commit_and_its_cold_rows_loses_nothing"),
    ),
    ("source.told", Way::Kafka),
    ("delivery.begun", Way::Often),
    ("file.append.cut", Way::File),
    ("file.append.written", Way::File),
    ("file.append.synced", Way::File),
    ("file.append.tidied", Way::File),
    ("file.part.renamed", Way::File),
    ("file.parts.synced", Way::File),
    ("kafka.transaction.begun", Way::Kafka),
    ("kafka.transaction.filled", Way::Kafka),
    ("kafka.transaction.marked", Way::Kafka),
    ("kafka.transaction.committed", Way::Kafka),
    ("delivery.done", Way::Often),
    ("garbage.manifest.deleted", Way::Often),
    ("garbage.object.deleted", Way::Often),
    ("garbage.generation.deleted", Way::Once),
    ("coordinator.over", Way::Once),
    // A copy.
    ("copy.object.stored", Way::Savepoint),
];

/// What stands before a fail point's name.
const CALLS: [&str; 4] = ["fail_point(\"", "reached(\"", "reach(\"", "step(\""];

/// The names in the sources, but for those of tests.
fn names_in_sources() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = [
        "eventflux-core/src",
        "eventflux-connectors/src",
        "eventflux-distributed/src",
        "src",
    ]
    .map(|folder| repository().join(folder))
    .into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("_test.rs") && name != "fail_point.rs" {
                let text = std::fs::read_to_string(path).unwrap();
                for call in CALLS
                    .iter()
                    .filter(|_| text.contains("fail_point") || text.contains("Step<"))
                {
                    let found = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
                    names.extend(found.map(str::to_owned));
                }
            }
        }
    }
    names
}

#[test]
fn every_fail_point_has_a_way_to_crash_there() {
    let known: BTreeSet<String> = POINTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = names_in_sources();
    assert!(found.len() > 40, "only {found:?}");
    assert_eq!(known, found, "left: the table, right: the sources");
}
