//! The rules of the house that a compiler does not check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// For each crate, which crates of the workspace it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("eventflux-core", &[]),
    ("eventflux-sql", &["eventflux-core"]),
    ("eventflux-connectors", &["eventflux-core"]),
    ("eventflux-distributed", &["eventflux-core"]),
    (
        "eventflux",
        &[
            "eventflux-core",
            "eventflux-sql",
            "eventflux-connectors",
            "eventflux-distributed",
        ],
    ),
    // It serves and commands what the facade only joins.
    ("eventflux-cli", &["eventflux", "eventflux-distributed"]),
];

/// Crates that must not stand in a crate's dependencies.
const STRANGERS: &[(&str, &[&str])] = &[
    (
        "eventflux-core",
        &[
            "sqlparser",
            "datafusion-sql",
            "datafusion-optimizer",
            "rdkafka",
            "clap",
        ],
    ),
    ("eventflux-sql", &["tokio", "rdkafka", "clap"]),
    (
        "eventflux-connectors",
        &[
            "sqlparser",
            "datafusion-sql",
            "datafusion-expr",
            "datafusion-physical-expr",
            "clap",
        ],
    ),
    (
        "eventflux-distributed",
        &["sqlparser", "datafusion-sql", "rdkafka", "clap"],
    ),
    ("eventflux", &["clap", "indicatif", "anstream"]),
];

/// Longer source files want to be split by noun.
const LINES_MAX: usize = 800;

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let normal = |dependency: &&serde_json::Value| dependency["kind"].is_null();
            let name = |dependency: &serde_json::Value| dependency["name"].as_str().unwrap().to_owned();
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(normal)
                .map(name);
            (
                package["name"].as_str().unwrap().to_owned(),
                dependencies.collect(),
            )
        })
        .collect()
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = [
        "src",
        "eventflux-core",
        "eventflux-sql",
        "eventflux-connectors",
        "eventflux-distributed",
        "eventflux-cli",
    ]
    .iter()
    .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
    .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100, "only {} files found", files.len());
    files
}

#[test]
fn arrows_between_crates_point_down_only() {
    let dependencies = dependencies();
    assert_eq!(
        dependencies.len(),
        ARROWS.len(),
        "a crate is missing in the table of arrows"
    );
    for (name, allowed) in ARROWS {
        for dependency in dependencies[*name]
            .iter()
            .filter(|dependency| dependency.starts_with("eventflux"))
        {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} must not know {dependency}"
            );
        }
    }
}

#[test]
fn no_crate_knows_what_belongs_to_another_floor() {
    let dependencies = dependencies();
    for (name, strangers) in STRANGERS {
        for stranger in *strangers {
            assert!(
                !dependencies[*name]
                    .iter()
                    .any(|dependency| dependency == stranger),
                "{name} must not use {stranger}"
            );
        }
    }
}

#[test]
fn the_engine_asks_no_clock_but_its_own() {
    let clocks = ["Instant::now", "SystemTime::now", "thread_rng", "rand::rng("];
    // The clock itself, and a test that gives functions a time to end in.
    let allowed = [
        "eventflux-core/src/time/clock.rs",
        "eventflux-sql/src/function/golden/hostile.rs",
    ];
    for file in sources() {
        let name = file
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .unwrap()
            .display()
            .to_string();
        let is_engine = name.starts_with("eventflux-core/src") || name.starts_with("eventflux-sql/src");
        if !is_engine || allowed.contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for clock in clocks {
            assert!(!text.contains(clock), "{name} uses {clock}");
        }
    }
}

#[test]
fn every_module_says_what_it_is_and_none_is_too_long() {
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.display();
        let is_test = text.contains("#[test]") || file.components().any(|part| part.as_os_str() == "tests");
        assert!(
            is_test || text.trim_start().starts_with("//!"),
            "{name} does not begin with its documentation"
        );
        assert!(
            text.lines().count() <= LINES_MAX,
            "{name} has more than {LINES_MAX} lines"
        );
    }
}
