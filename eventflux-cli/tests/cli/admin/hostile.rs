//! What nobody should send.

use serde_json::json;

use super::http::{ask, get, post};
use super::test_cluster::{PROGRAM, TestCluster};

const JSON: &str = "Content-Type: application/json";

#[test]
fn bodies_that_make_no_sense_are_refused_in_one_shape() {
    let address = TestCluster::shared().address(0);
    let submit = |headers: &[&str], body: &[u8]| ask(address, "POST /v1/pipelines", headers, body);
    let deep = "[".repeat(100_000);
    let cases: [(&[&str], &[u8], u16); 9] = [
        (&[], b"{}", 415),
        (&["Content-Type: text/plain"], b"{}", 415),
        (&[JSON], b"", 400),
        (&[JSON], b"{", 400),
        (&[JSON], b"\xff\xfe", 400),
        (&[JSON], b"{\"name\": \"x\"}", 400),
        (
            &[JSON],
            b"{\"name\": \"x\", \"sql\": \"\", \"paralellism\": 2}",
            400,
        ),
        (
            &[JSON],
            b"{\"name\": \"x\", \"sql\": \"\", \"parallelism\": -1}",
            400,
        ),
        (&[JSON], deep.as_bytes(), 400),
    ];
    for (headers, body, status) in cases {
        let answer = submit(headers, body).is(status);
        let (code, message) = answer.problem();
        assert_eq!(code, "invalid-request", "{message}");
    }
    let large = vec![b' '; (4 << 20) + 1];
    assert_eq!(submit(&[JSON], &large).is(413).problem().0, "too-large");
    // It still works.
    get(address, "/v1/cluster").is(200);
}

#[test]
fn names_that_steer_something_are_refused() {
    let address = TestCluster::shared().address(0);
    let long = "x".repeat(129);
    for name in [
        "",
        "../x",
        "a b",
        "a/b",
        ".hidden",
        "a\u{1b}[31m",
        "ü",
        "a\"b",
        &long,
    ] {
        let answer = post(address, "/v1/pipelines", &json!({"name": name, "sql": PROGRAM}));
        assert_eq!(answer.is(400).problem().0, "invalid-request", "{name:?}");
    }
    for path in [
        "/v1/pipelines/%ff",
        "/v1/pipelines/..%2f..%2fetc",
        "/v1/pipelines/%00",
        "/v1/nodes/%2e%2e",
        "/v1/nodes/zzzzzzzzzzzzzzzz",
    ] {
        let answer = get(address, path);
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        answer.problem();
    }
}

#[test]
fn other_paths_methods_and_questions_are_refused() {
    let cluster = TestCluster::shared();
    let address = cluster.address(0);
    assert_eq!(get(address, "/v1/pipeline").is(404).problem().0, "unknown-path");
    assert_eq!(get(address, "/").is(404).problem().0, "unknown-path");
    assert_eq!(
        ask(address, "PUT /v1/pipelines", &[], &[]).is(405).problem().0,
        "unknown-method"
    );
    assert_eq!(
        ask(address, "DELETE /v1/cluster", &[], &[]).is(405).problem().0,
        "unknown-method"
    );
    for question in [
        "savepiont=true",
        "savepoint=maybe",
        "wait_ms=-1",
        "savepoint=true&wait_ms=1s",
    ] {
        let answer = ask(
            address,
            &format!("POST /v1/pipelines/x/stop?{question}"),
            &[],
            &[],
        );
        assert_eq!(answer.is(400).problem().0, "invalid-request", "{question}");
    }
}

#[test]
fn web_pages_reach_nothing() {
    let address = TestCluster::shared().address(0);
    let page = "Origin: http://evil.test";
    let answer = ask(address, "POST /v1/pipelines/x/stop", &[page], &[]);
    assert_eq!(answer.is(403).problem().0, "browser");
    let answer = ask(address, "GET /v1/pipelines", &["Host: evil.test"], &[]);
    assert_eq!(answer.is(403).problem().0, "browser");
}
