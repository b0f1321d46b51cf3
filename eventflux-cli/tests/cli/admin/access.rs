//! Who may do what.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::OnceLock;

use eventflux_cli::admin::{Role, Tokens};
use eventflux_cli::config::value::{Secret, TextValue};
use serde_json::Value;

use super::http::{Answer, ask};
use super::test_cluster::TestCluster;
use crate::command::Workplace;

pub const VIEWER: &str = "viewer-0123456789abcdef";
pub const OPERATOR: &str = "operator-0123456789abcdef";
pub const ADMIN: &str = "admin-0123456789abcdef";

/// A node that wants tokens.
pub fn guarded() -> &'static TestCluster {
    static GUARDED: OnceLock<TestCluster> = OnceLock::new();
    GUARDED.get_or_init(|| {
        let secret = |text: &str| Secret::parse(text).unwrap();
        let tokens = Tokens::new([
            (Role::Viewer, secret(VIEWER)),
            (Role::Operator, secret(OPERATOR)),
            (Role::Admin, secret(ADMIN)),
        ]);
        TestCluster::start(1, &tokens)
    })
}

fn with_token(address: SocketAddr, request: &str, token: &str) -> Answer {
    ask(
        address,
        request,
        &[&format!("Authorization: Bearer {token}")],
        &[],
    )
}

#[test]
fn each_operation_needs_the_role_that_its_document_says() {
    let address = guarded().address(0);
    let document = ask(address, "GET /v1/openapi.json", &[], &[]).is(200).json();
    let tokens = [("viewer", VIEWER), ("operator", OPERATOR), ("admin", ADMIN)];
    let mut count = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "nothing").replace("{node}", "nothing");
        for (method, operation) in operations.as_object().unwrap() {
            let request = format!("{} {path}", method.to_uppercase());
            let needed = operation["security"][0]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap();
            let place = tokens.iter().position(|(role, _)| role == needed).unwrap();
            assert_eq!(
                ask(address, &request, &[], &[]).is(401).problem().0,
                "unauthenticated",
                "{request}"
            );
            assert_eq!(with_token(address, &request, "guessed").status, 401, "{request}");
            for (number, (role, token)) in tokens.iter().enumerate() {
                let answer = with_token(address, &request, token);
                match number < place {
                    true => {
                        let (code, message) = answer.is(403).problem();
                        assert_eq!(code, "forbidden");
                        let expected = format!(
                            "this needs a token with the role {needed}; this one has the role {role}"
                        );
                        assert_eq!(message, expected);
                    }
                    // What is asked for is not there, or not whole; it is not a matter of who asks.
                    false => assert!(
                        ![401, 403, 405, 500].contains(&answer.status),
                        "{request}: {answer:?}"
                    ),
                }
            }
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn probes_and_the_document_need_no_token_and_metrics_do() {
    let address = guarded().address(0);
    for open in ["/livez", "/readyz", "/v1/openapi.json"] {
        ask(address, &format!("GET {open}"), &[], &[]).is(200);
    }
    ask(address, "GET /metrics", &[], &[]).is(401);
    with_token(address, "GET /metrics", VIEWER).is(200);
}

#[test]
fn the_document_describes_every_path_that_it_shows() {
    let address = guarded().address(0);
    let document = ask(address, "GET /v1/openapi.json", &[], &[]).json();
    assert_eq!(document["info"]["title"], "EventFlux admin API");
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} is not explained");
            assert_ne!(operation["responses"], Value::Null, "{method} {path}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is twice");
        }
    }
}

#[test]
fn configured_tokens_are_masked_and_have_to_be_hard_to_guess() {
    let place = Workplace::new();
    let tokens = |text: &str| format!("eventflux:\n  distributed:\n    admin:\n      tokens:\n{text}");
    let good = format!("        viewer: [\"{VIEWER}\", \"{OPERATOR}\"]\n        admin: ${{file:token}}\n");
    place.write("eventflux.yaml", tokens(&good)).write("token", ADMIN);
    let shown = place.run(&["config", "show"]).exits(0).stdout;
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    let line = shown.lines().find(|line| line.contains("admin.tokens.viewer"));
    assert!(line.is_some_and(|line| line.ends_with("***, ***")), "{shown}");
    place.run(&["config", "check", "eventflux.yaml"]).exits(0);
    for short in ["guessme", "sixteen letters and blanks"] {
        place.write("short.yaml", tokens(&format!("        operator: \"{short}\"\n")));
        let refused = place.run(&["config", "check", "short.yaml"]).exits(2).stderr;
        assert!(
            refused.contains("a token has at least 16 letters, digits and signs"),
            "{refused}"
        );
        assert!(!refused.contains(short), "{refused}");
    }
}
