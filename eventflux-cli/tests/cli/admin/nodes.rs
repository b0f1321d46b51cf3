//! Nodes that leave, and nodes that are forgotten.

use eventflux_cli::admin::Tokens;

use super::test_cluster::TestCluster;

#[test]
fn a_node_hands_over_and_leaves_and_a_lost_one_is_forgotten() {
    let mut cluster = TestCluster::start(3, &Tokens::default());
    cluster.submit("p");
    let (code, message) = cluster.delete("/v1/nodes/node-2").is(409).problem();
    assert_eq!(code, "not-ready");
    assert!(message.contains("is up"), "{message}");

    let left = cluster.post("/v1/nodes/node-2/leave").is(202).json();
    assert_eq!(left["standing"], "leaving");
    cluster.wait_for(0, "/v1/nodes", &Tokens::default(), |list| {
        list["nodes"].as_array().unwrap().len() == 2
    });
    cluster.wait_for(0, "/v1/pipelines/p", &Tokens::default(), |pipeline| {
        pipeline["nodes"] == serde_json::json!(["node-0", "node-1"])
    });
    let gone = left["node"].as_str().unwrap();
    let (_, message) = cluster.get(&format!("/v1/nodes/{gone}")).is(404).problem();
    assert!(message.ends_with("has left for good"), "{message}");

    // The last two keep one voter between them, which is not the one that is lost.
    let status = cluster.wait_for(0, "/v1/cluster", &Tokens::default(), |status| {
        status["voters"].as_array().unwrap().len() == 1
    });
    let voter = status["voters"][0]["name"].as_str().unwrap().to_owned();
    let lost = usize::from(voter == "node-0");
    let (survivor, lost_name) = (1 - lost, format!("node-{lost}"));
    cluster.lose(2);
    cluster.lose(lost);
    assert_eq!(cluster.servers.len(), 1, "node-{survivor} is left");
    cluster.wait_for(0, &format!("/v1/nodes/{lost_name}"), &Tokens::default(), |node| {
        node["standing"] == "down"
    });
    let refused = cluster
        .post(&format!("/v1/nodes/{lost_name}/leave"))
        .is(409)
        .json();
    assert_eq!(
        refused["help"][0],
        format!("if it is gone for good: `eventflux cluster remove {lost_name}`")
    );
    cluster.delete(&format!("/v1/nodes/{lost_name}")).is(200);
    let (_, message) = cluster
        .post(&format!("/v1/nodes/{voter}/leave"))
        .is(409)
        .problem();
    assert!(
        message.contains("the only one that is up and can coordinate"),
        "{message}"
    );
}
