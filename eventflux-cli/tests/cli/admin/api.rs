//! What the API answers.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;

use eventflux_cli::admin::Tokens;
use serde_json::{Value, json};

use super::http::{get, post};
use super::test_cluster::{PROGRAM, TestCluster};

fn texts(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_node_answers_everything() {
    let cluster = TestCluster::shared();
    cluster.submit("everywhere");
    let mut leaders = BTreeSet::new();
    for node in 0..3 {
        let ask = |path: &str| get(cluster.address(node), path).is(200).json();
        let status = ask("/v1/cluster");
        assert_eq!(status["name"], "test");
        assert_eq!(status["answered_by"]["name"], format!("node-{node}"));
        assert_eq!(
            (&status["problem"], &status["is_current"]),
            (&Value::Null, &json!(true))
        );
        assert_eq!(status["voters"].as_array().unwrap().len(), 3);
        leaders.insert(status["leader"]["name"].as_str().unwrap().to_owned());

        let nodes = ask("/v1/nodes");
        assert_eq!(texts(&nodes["nodes"], "name"), ["node-0", "node-1", "node-2"]);
        assert_eq!(texts(&nodes["nodes"], "standing"), ["up"; 3]);
        assert_ne!(
            nodes["nodes"][1]["data_address"],
            nodes["nodes"][1]["control_address"]
        );
        let id = nodes["nodes"][2]["node"].as_str().unwrap();
        assert_eq!(ask(&format!("/v1/nodes/{id}"))["name"], "node-2");

        let list = ask("/v1/pipelines");
        assert!(texts(&list["pipelines"], "name").contains(&"everywhere".to_owned()));
        let one = ask("/v1/pipelines/everywhere");
        assert_eq!(one["state"], "running");
        assert_eq!(one["state_store"], "everywhere");
        assert_eq!(ask("/v1/pipelines/everywhere/sql")["sql"], PROGRAM);

        let placement = ask("/v1/pipelines/everywhere/placement");
        let subtasks: BTreeSet<u64> = placement["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|node| node["subtasks"].as_array().unwrap())
            .map(|subtask| subtask.as_u64().unwrap())
            .collect();
        assert_eq!(subtasks, [0, 1, 2].into());

        let partitions = ask("/v1/pipelines/everywhere/partitions");
        let groups = partitions["partitions"].as_array().unwrap();
        assert_eq!(json!(groups.len()), partitions["key_groups"]);
        let of_first = groups.iter().filter(|group| group["node"] == "node-0").count();
        let own = placement["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|node| node["name"] == "node-0");
        assert_eq!(own.unwrap()["key_groups"], of_first);

        let checkpoints = ask("/v1/pipelines/everywhere/checkpoints");
        assert_eq!(checkpoints["problem"], Value::Null);
        assert!(checkpoints["committed"]["checkpoint"].as_u64().unwrap() > 0);

        // Pipelines of other tests may be about to be placed.
        cluster.wait_for(node, "/v1/health", &Tokens::default(), |health| {
            *health == json!({"is_healthy": true, "problems": []})
        });
        assert_eq!(get(cluster.address(node), "/readyz").is(200).body, "ok\n");
        assert_eq!(get(cluster.address(node), "/livez").is(200).body, "ok\n");
    }
    assert_eq!(leaders.len(), 1, "{leaders:?}");
    cluster.remove("everywhere");
}

#[test]
fn metrics_of_all_nodes_come_from_any_node_with_their_names() {
    let cluster = TestCluster::shared();
    cluster.submit("measured");
    let text = get(cluster.address(1), "/v1/metrics").is(200).body;
    for node in 0..3 {
        let line = format!("eventflux_node_up{{node=\"node-{node}\"}} 1\n");
        assert!(text.contains(&line), "{text}");
        let begin = format!("eventflux_operator_rows_in_total{{node=\"node-{node}\",app=\"measured\",");
        assert!(text.contains(&begin), "{text}");
    }
    assert_eq!(
        text.matches("# TYPE eventflux_operator_rows_in_total ").count(),
        1
    );
    let own = get(cluster.address(1), "/metrics").is(200).body;
    assert!(
        own.contains("node=\"node-1\"") && !own.contains("node=\"node-0\""),
        "{own}"
    );
}

#[test]
fn a_restart_comes_to_its_end_when_who_asked_hangs_up() {
    let cluster = TestCluster::shared();
    cluster.submit("hangs-up");
    let path = "/v1/pipelines/hangs-up";
    let before = cluster.get(path).json()["generation"].as_u64();
    let mut asking = TcpStream::connect(cluster.address(0)).unwrap();
    let host = cluster.address(0);
    write!(
        asking,
        "POST {path}/restart HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    cluster.wait_for(0, path, &Tokens::default(), |pipeline| {
        pipeline["state"] != "running" || pipeline["generation"].as_u64() > before
    });
    drop(asking);
    cluster.wait_for(0, path, &Tokens::default(), |pipeline| {
        pipeline["state"] == "running" && pipeline["generation"].as_u64() > before
    });
    cluster.remove("hangs-up");
}

#[test]
fn a_pipeline_is_stopped_with_a_checkpoint_that_is_named_started_from_it_and_removed() {
    let cluster = TestCluster::shared();
    cluster.submit("lives");
    let taken = post(
        cluster.address(1),
        "/v1/pipelines",
        &json!({"name": "lives", "sql": PROGRAM, "parallelism": 2}),
    );
    assert_eq!(taken.is(409).problem().0, "exists");
    let stopped = cluster
        .post("/v1/pipelines/lives/stop?savepoint=true")
        .is(200)
        .json();
    assert_eq!(
        (&stopped["state"], &stopped["is_taken_for_stop"]),
        (&json!("stopped"), &json!(true))
    );
    let checkpoint = stopped["checkpoint"].as_u64().unwrap();
    let resting = cluster.get("/v1/pipelines/lives").json();
    assert_eq!(
        (&resting["state"], &resting["checkpoint"]),
        (&json!("stopped"), &json!(checkpoint))
    );
    let delivered = resting["delivered"].as_object().unwrap();
    assert!(
        delivered.values().all(|epoch| *epoch == json!(checkpoint)),
        "{delivered:?}"
    );
    let published = cluster.get("/v1/pipelines/lives/checkpoints").json()["published"].clone();
    let newest = published.as_array().unwrap().last().unwrap();
    assert_eq!(newest["generation"], resting["generation"]);

    let again = cluster
        .post("/v1/pipelines/lives/stop?savepoint=true")
        .is(200)
        .json();
    assert_eq!(
        (&again["checkpoint"], &again["is_taken_for_stop"]),
        (&json!(checkpoint), &json!(false))
    );

    cluster.post("/v1/pipelines/lives/restart").is(202);
    let running = cluster.wait_for(0, "/v1/pipelines/lives", &Tokens::default(), |pipeline| {
        pipeline["state"] == "running" && pipeline["checkpoint"].as_u64() > Some(checkpoint)
    });
    assert_eq!(running["restored"], checkpoint);
    // One that runs is stopped and started.
    cluster.post("/v1/pipelines/lives/restart").is(202);
    cluster.wait_for(0, "/v1/pipelines/lives", &Tokens::default(), |pipeline| {
        pipeline["state"] == "running" && pipeline["restored"].as_u64() > Some(checkpoint)
    });
    let removed = cluster.delete("/v1/pipelines/lives").is(200).json();
    assert_eq!(removed["state_store"], "lives");
    assert_eq!(
        cluster.get("/v1/pipelines/lives").is(404).problem().0,
        "unknown-pipeline"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_may_be_meant() {
    let cluster = TestCluster::shared();
    cluster.submit("frauds");
    let problem = cluster.post("/v1/pipelines/fraud/stop").is(404).json();
    assert_eq!(problem["message"], "there is no pipeline `fraud`");
    assert_eq!(problem["help"][0], "did you mean `frauds`?");
    let problem = cluster.get("/v1/nodes/node-7").is(404).json();
    let help = problem["help"][0].as_str().unwrap();
    assert!(help.starts_with("did you mean `node-"), "{help}");
    let problem = cluster.get("/v1/nodes/00000000000000ff").is(404).json();
    assert_eq!(problem["help"][0], "there are: `node-0`, `node-1`, `node-2`");
    cluster.remove("frauds");
}

#[test]
fn mistakes_in_a_program_have_their_places() {
    let cluster = TestCluster::shared();
    let sql = "CREATE STREAM t (card STRING) WITH ('connector' = 'datagen');\nSELECT crad FROM t;";
    let problem = post(
        cluster.address(2),
        "/v1/pipelines",
        &json!({"name": "wrong", "sql": sql}),
    );
    let problem = problem.is(422).json();
    assert_eq!(problem["code"], "program");
    let diagnostic = &problem["diagnostics"][0];
    assert_eq!(diagnostic["code"], "unknown-column");
    assert_eq!(diagnostic["span"]["start"]["line"], 2);
    assert_eq!(diagnostic["span"]["start"]["column"], 8);
    cluster.get("/v1/pipelines/wrong").is(404);
}

#[test]
fn without_a_leader_what_is_known_is_shown_as_old_and_changes_are_refused() {
    let mut cluster = TestCluster::start(3, &Tokens::default());
    cluster.submit("p");
    cluster.lose(2);
    cluster.lose(1);
    let list = cluster.wait_for(0, "/v1/pipelines", &Tokens::default(), |list| {
        list["is_current"] == false
    });
    assert_eq!(list["pipelines"][0]["name"], "p");
    let status = cluster.get("/v1/cluster").is(200).json();
    assert_eq!(
        status["problem"],
        "no leader: more than half of the voters have to be up"
    );
    let began = std::time::Instant::now();
    let (code, message) = cluster.post("/v1/pipelines/p/stop").is(503).problem();
    assert_eq!(code, "no-leader", "{message}");
    // Who was asked, and what came of it; within ten seconds for the change, and three for the look before it.
    assert!(message.starts_with("no leader is known to "), "{message}");
    assert_eq!(message.matches("(Connection refused").count(), 2, "{message}");
    assert!(began.elapsed().as_secs() < 18, "{:?}", began.elapsed());
    let body = json!({"name": "q", "sql": PROGRAM});
    let refused = post(cluster.address(0), "/v1/pipelines", &body).is(503);
    let (code, message) = refused.problem();
    assert_eq!(code, "no-leader", "{message}");
    assert!(message.starts_with("no leader is known to "), "{message}");
    let ready = cluster.get("/readyz").is(503);
    assert!(ready.body.starts_with("no leader"), "{}", ready.body);
    cluster.get("/livez").is(200);
    assert_eq!(cluster.get("/v1/health").is(503).json()["is_healthy"], false);
}
