//! `eventflux pipeline` and `eventflux cluster`.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use super::access::{VIEWER, guarded};
use super::test_cluster::{PROGRAM, TestCluster};
use crate::command::{Outcome, Workplace};

/// Runs a command of a client of the shared cluster.
fn ask(place: &Workplace, arguments: &[&str]) -> Outcome {
    let mut command = place.command(arguments);
    Outcome::of(
        command
            .env("EVENTFLUX_URL", TestCluster::shared().url(0))
            .output()
            .unwrap(),
    )
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

/// The first cells of the lines.
fn first_column(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[test]
fn a_pipeline_is_submitted_shown_stopped_started_and_removed() {
    let place = Workplace::new();
    place.write("walk.sql", PROGRAM);
    let done = ask(&place, &["pipeline", "submit", "walk.sql", "--parallelism", "2"]).exits(0);
    assert_eq!(
        done.stdout,
        "pipeline `walk` is submitted; `eventflux pipeline status walk` shows how it does\n"
    );
    assert_eq!(done.stderr, "");
    TestCluster::shared().wait_for(0, "/v1/pipelines/walk", &Default::default(), |pipeline| {
        pipeline["checkpoint"].as_u64() > Some(0)
    });
    let list = ask(&place, &["pipeline", "list"]).exits(0).stdout;
    assert!(first_column(&list).contains(&"walk"), "{list}");
    assert!(list.starts_with("pipeline"), "{list}");
    let status = ask(&place, &["pipeline", "status", "walk"]).exits(0).stdout;
    for part in [
        "state        running\n",
        "parallelism  2\n",
        "stored as    walk\n",
        "\nnode",
        "\ncheckpoint",
    ] {
        assert!(status.contains(part), "{part:?} is not in\n{status}");
    }
    let status = json(&ask(&place, &["pipeline", "status", "walk", "--json"]).exits(0));
    assert_eq!(status["pipeline"]["name"], "walk");
    assert_eq!(status["placement"]["parallelism"], 2);

    let stopped = ask(&place, &["pipeline", "stop", "walk", "--savepoint"])
        .exits(0)
        .stdout;
    let checkpoint = TestCluster::shared().get("/v1/pipelines/walk").json()["checkpoint"].clone();
    assert_eq!(
        stopped,
        format!("pipeline `walk` is stopped; checkpoint {checkpoint} holds everything\n")
    );
    let started = ask(&place, &["pipeline", "restart", "walk"]).exits(0).stdout;
    assert_eq!(
        started,
        format!("pipeline `walk` starts from checkpoint {checkpoint}\n")
    );
    // One that is stopped before anybody runs it takes none.
    TestCluster::shared().wait_for(0, "/v1/pipelines/walk", &Default::default(), |pipeline| {
        pipeline["state"] == "running"
    });
    let stopped = json(&ask(&place, &["pipeline", "stop", "walk", "--savepoint", "--json"]).exits(0));
    assert_eq!(stopped["is_taken_for_stop"], true);
    let removed = ask(&place, &["pipeline", "rm", "walk"]).exits(0).stdout;
    assert_eq!(
        removed,
        "pipeline `walk` is removed; its checkpoints stay, and a pipeline of the name `walk` goes on from them\n"
    );
    let list = json(&ask(&place, &["pipeline", "list", "--json"]).exits(0));
    let mut names = list["pipelines"].as_array().unwrap().iter();
    assert!(names.all(|pipeline| pipeline["name"] != "walk"), "{list}");
}

#[test]
fn a_savepoint_of_a_pipeline_that_goes_on_can_be_started_from() {
    let place = Workplace::new();
    let cluster = TestCluster::shared();
    cluster.submit("saved");
    let taken = json(&ask(&place, &["pipeline", "savepoint", "saved", "--json"]).exits(0));
    let checkpoint = taken["checkpoint"].as_u64().unwrap();
    let expected = serde_json::json!({"name": "saved", "checkpoint": checkpoint, "state_store": "saved"});
    assert_eq!(taken, expected);
    let there = cluster.get("/v1/pipelines/saved/checkpoints").is(200).json();
    let published = there["published"].as_array().unwrap();
    let newest = published.last().unwrap()["checkpoint"].as_u64();
    assert!(newest >= Some(checkpoint), "{there:#}");
    let later = ask(&place, &["pipeline", "savepoint", "saved"]).exits(0).stdout;
    let number = later
        .strip_prefix("pipeline `saved` goes on; checkpoint ")
        .and_then(|rest| rest.strip_suffix(" holds everything that was read before\n"));
    let number = number.and_then(|number| number.parse::<u64>().ok());
    assert!(number > Some(checkpoint), "{later}");

    // It is one like those of a run on one node.
    let state = cluster.folder().join("state/saved");
    let state = state.to_str().unwrap();
    place
        .run(&["savepoint", "create", "copy", "--state-dir", state])
        .exits(0);
    let listed = place.run(&["savepoint", "list", "copy"]).exits(0).stdout;
    assert!(listed.contains("saved"), "{listed}");

    ask(&place, &["pipeline", "stop", "saved", "--savepoint"]).exits(0);
    let refused = ask(&place, &["pipeline", "savepoint", "saved"]).exits(1).stderr;
    assert_eq!(refused, "error: pipeline `saved` is stopped\n");
    let typo = ask(&place, &["pipeline", "savepoint", "svaed"]).exits(2).stderr;
    assert!(typo.contains("did you mean `saved`?"), "{typo}");
    cluster.remove("saved");
}

#[test]
fn mistakes_in_a_program_look_as_check_shows_them() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM t (card STRING) WITH ('connector' = 'datagen');\nSELECT crad FROM t;\nSELECT 1 FROM nowhere;\n",
    );
    for format in ["full", "concise"] {
        let refused = ask(
            &place,
            &["pipeline", "submit", "app.sql", "--diagnostics", format],
        )
        .exits(2);
        let checked = place.run(&["check", "app.sql", "--format", format]).exits(2);
        assert_eq!(refused.stderr, checked.stderr);
        assert_eq!(refused.stdout, "");
    }
    let refused = ask(&place, &["pipeline", "submit", "app.sql", "--json"]).exits(2);
    let problem: Value = serde_json::from_str(&refused.stderr).unwrap();
    assert_eq!(problem["diagnostics"][0]["span"]["start"]["line"], 2);
}

#[test]
fn what_cannot_be_done_says_why_and_what_would_help() {
    let place = Workplace::new();
    place.write("same.sql", PROGRAM);
    TestCluster::shared().submit("same");
    let twice = ask(&place, &["pipeline", "submit", "same.sql"]).exits(2).stderr;
    assert!(
        twice.starts_with("error: there is a pipeline `same` already\n  help: "),
        "{twice}"
    );
    let typo = ask(&place, &["pipeline", "stop", "smae"]).exits(2).stderr;
    assert_eq!(
        typo,
        "error: there is no pipeline `smae`\n  help: did you mean `same`?\n"
    );
    let typo = ask(&place, &["cluster", "leave", "nod-1"]).exits(2).stderr;
    assert!(typo.contains("did you mean `node-"), "{typo}");
    let setting = ask(
        &place,
        &[
            "pipeline",
            "submit",
            "same.sql",
            "--name",
            "x",
            "--set",
            "state_backend.pool_size=2",
        ],
    );
    let setting = setting.exits(2).stderr;
    assert!(setting.contains("state_backend.pool_size"), "{setting}");
    let unnamed = ask(&place, &["pipeline", "submit", "-"]).exits(2).stderr;
    assert!(unnamed.contains("--name NAME"), "{unnamed}");
    TestCluster::shared().remove("same");
}

#[test]
fn nodes_are_listed_with_what_they_do() {
    let place = Workplace::new();
    let list = ask(&place, &["cluster", "nodes"]).exits(0).stdout;
    assert_eq!(first_column(&list), ["node", "node-0", "node-1", "node-2"]);
    assert_eq!(list.matches("leads, runs").count(), 1, "{list}");
    assert_eq!(list.matches("votes, runs").count(), 2, "{list}");
    let nodes = json(&ask(&place, &["cluster", "nodes", "--json"]).exits(0));
    assert_eq!(nodes["nodes"][0]["name"], "node-0");
    let status = ask(&place, &["cluster", "status"]).exits(0).stdout;
    assert!(
        status.contains("cluster      test\n") && status.contains("problem      none\n"),
        "{status}"
    );
    let up = ask(&place, &["cluster", "remove", "node-1"]).exits(1).stderr;
    assert!(
        up.contains("help: have it hand over: `eventflux cluster leave node-1`"),
        "{up}"
    );
}

#[test]
fn a_token_comes_from_a_flag_a_variable_or_a_file_and_is_shown_nowhere() {
    let url = guarded().url(0);
    let place = Workplace::new();
    place.write("token", format!("{VIEWER}\n"));
    let list = ["pipeline", "list", "--url", &url];
    let without = place.run(&list).exits(2).stderr;
    assert!(
        without.starts_with("error: this needs a token\n  help: "),
        "{without}"
    );
    place.run(&[&list[..], &["--token", VIEWER]].concat()).exits(0);
    place
        .run(&[&list[..], &["--token-file", "token"]].concat())
        .exits(0);
    let mut command = place.command(&list);
    Outcome::of(command.env("EVENTFLUX_TOKEN", VIEWER).output().unwrap()).exits(0);
    let stop = ["pipeline", "-vvv", "stop", "x", "--url", &url, "--token", VIEWER];
    let forbidden = place.run(&stop).exits(2).stderr;
    let expected = "this needs a token with the role operator; this one has the role viewer";
    assert!(forbidden.contains(expected), "{forbidden}");
    assert!(!forbidden.contains(VIEWER), "{forbidden}");
    let lost = place
        .run(&[&list[..], &["--token-file", "nowhere"]].concat())
        .exits(2)
        .stderr;
    assert!(lost.contains("nowhere"), "{lost}");
    let strange = place
        .run(&[&list[..], &["--token", "line\nbreak"]].concat())
        .exits(2)
        .stderr;
    assert!(
        strange.contains("the token has characters that no token can have"),
        "{strange}"
    );
}

#[test]
fn a_node_that_is_away_and_a_server_that_is_none_are_told_apart() {
    let place = Workplace::new();
    // Nobody listens at this port, which is for tests of TCP itself.
    let url = "http://127.0.0.1:1".to_owned();
    let away = place.run(&["pipeline", "list", "--url", &url]).exits(3).stderr;
    assert!(
        away.starts_with(&format!("error: cannot reach {url}: ")),
        "{away}"
    );
    assert!(away.contains("  help: is a node up there?"), "{away}");
    let away = place
        .run(&["pipeline", "list", "--url", &url, "--json"])
        .exits(3)
        .stderr;
    assert_eq!(
        serde_json::from_str::<Value>(&away).unwrap()["code"],
        "unreachable"
    );

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = other.accept().unwrap();
        let _ = socket.read(&mut [0; 1024]);
        socket
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n<html")
            .unwrap();
    });
    let foreign = place.run(&["pipeline", "list", "--url", &url]).exits(3).stderr;
    assert!(
        foreign.contains("does not answer as a node of EventFlux does: status 404"),
        "{foreign}"
    );
    answering.join().unwrap();

    let wrong = place
        .run(&["cluster", "nodes", "--url", "127.0.0.1:9464"])
        .exits(2)
        .stderr;
    assert!(
        wrong.contains("  help: it looks like `http://127.0.0.1:9464`"),
        "{wrong}"
    );
}
