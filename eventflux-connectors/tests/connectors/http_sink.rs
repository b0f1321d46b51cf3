//! The http sink, against a real server.

use std::time::{Duration, Instant};

use eventflux_core::connector::{OptionError, SinkPlan, SinkPromise};
use eventflux_core::{Error, ErrorKind};

use crate::kit::commit_kit::{self, Checkpoint, Place, Process};
use crate::kit::http::{HttpServer, Request};
use crate::kit::program::{line_sink, sink_context, unresolved_line_sink};
use crate::kit::rows::lines;
use crate::kit::sink_kit;
use crate::kit::unique::unique_name;

fn plan(server: &HttpServer, given: &[(&str, &str)]) -> Box<dyn SinkPlan> {
    let own = [("url", server.url.as_str()), ("format", "line")];
    line_sink("http", &[], &[&own, given].concat()).unwrap()
}

/// Writes rows one by one and flushes.
async fn send(plan: &dyn SinkPlan, rows: &[&str]) -> Result<(), Error> {
    let mut sink = plan.open(&sink_context(0, 1))?;
    for row in rows {
        sink.write(&lines(&[row])).await?;
    }
    sink.flush().await
}

fn bodies(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.body.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_order() {
    let server = HttpServer::start().await;
    sink_kit::check(&*plan(&server, &[]), || server.lines()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_holds_rows_as_a_file_would() {
    let server = HttpServer::start().await;
    let plan = plan(&server, &[("batch.rows", "2")]);
    send(&*plan, &["a", "b", "c"]).await.unwrap();
    let mut sink = plan.open(&sink_context(0, 1)).unwrap();
    sink.write(&lines(&["d", "e", "f", "g", "h"])).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        bodies(&server.requests()),
        [
            "# lines\na\nb\n",
            "# lines\nc\n",
            "# lines\nd\ne\n",
            "# lines\nf\ng\n",
            "# lines\nh\n"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn method_headers_token_and_content_type_are_sent() {
    let server = HttpServer::start().await;
    send(&*plan(&server, &[]), &["a"]).await.unwrap();
    let given = [
        ("url", server.url.as_str()),
        ("method", "put"),
        ("headers.X-Source", "pumps"),
        ("auth.token", "t0ken"),
    ];
    for (format, content_type) in [
        ("json", "application/x-ndjson"),
        ("csv", "text/csv"),
        ("text", "text/plain; charset=utf-8"),
    ] {
        let plan = line_sink("http", &[], &[&given[..], &[("format", format)]].concat()).unwrap();
        send(&*plan, &["a"]).await.unwrap();
        let request = server.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/rows"));
        assert_eq!(request.header("x-source"), Some("pumps"));
        assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(request.header("content-type"), Some(content_type));
        assert_eq!(request.header("idempotency-key"), None);
    }
    assert_eq!(server.requests()[0].method.as_str(), "POST");
    assert_eq!(server.requests()[1].body, "{\"line\":\"a\"}\n");
    let own = [("headers.Content-Type", "text/x-lines")];
    send(&*plan(&server, &own), &["a"]).await.unwrap();
    let request = server.requests().pop().unwrap();
    assert_eq!(request.header("content-type"), Some("text/x-lines"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_again_and_retry_after_is_kept() {
    let server = HttpServer::start().await;
    server.answer(&[
        (503, &[], "starting"),
        (408, &[], ""),
        (429, &[("retry-after", "2")], "slowly"),
    ]);
    let began = Instant::now();
    send(&*plan(&server, &[]), &["a"]).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2));
    let statuses: Vec<_> = server.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 408, 429, 200]);
    assert_eq!(server.lines(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_ends_the_run_and_is_shown() {
    let server = HttpServer::start().await;
    let long = "x".repeat(5_000).leak();
    for (answer, expected) in [
        (
            (400, &[][..], "no such\n  column"),
            "it answers 400 Bad Request: no such column",
        ),
        ((401, &[], ""), "it answers 401 Unauthorized"),
        (
            (301, &[("location", "/there")], ""),
            "it answers 301 Moved Permanently",
        ),
        (
            (413, &[], &*long),
            &format!("it answers 413 Payload Too Large: {}…", &long[..300]),
        ),
    ] {
        server.answer(&[answer]);
        let error = send(&*plan(&server, &[]), &["a"]).await.unwrap_err();
        assert_eq!(error.to_string(), format!("http `{}`: {expected}", server.url));
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    assert_eq!(server.requests().len(), 4);
    let hasty = plan(&server, &[("retry.timeout", "0s")]);
    server.answer(&[(500, &[], "oh")]);
    let error = send(&*hasty, &["a"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment);
    assert!(
        error
            .to_string()
            .ends_with("it answers 500 Internal Server Error: oh"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_answers_is_named_and_secrets_are_not() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://me:hunter2@{address}/rows?token=hunter2");
    let given = [
        ("url", url.as_str()),
        ("format", "line"),
        ("auth.token", "hunter2"),
        ("retry.timeout", "0s"),
    ];
    let plan = line_sink("http", &[], &given).unwrap();
    let error = send(&*plan, &["a"]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("http `http://{address}/rows`: no answer: ")),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    sink_kit::check_failure(&*plan, &format!("http://{address}/rows"), ErrorKind::Environment).await;
    // One that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let given = [
        ("url", url.as_str()),
        ("format", "line"),
        ("timeout", "100ms"),
        ("retry.timeout", "0s"),
    ];
    let error = send(&*line_sink("http", &[], &given).unwrap(), &["a"])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment);
}

#[test]
fn options_that_cannot_be_used_are_refused() {
    let refused = |given: &[(&str, &str)]| -> OptionError {
        let own = [("url", "http://h/"), ("format", "line")];
        line_sink("http", &[], &[&own, given].concat()).err().unwrap()
    };
    for (given, expected) in [
        (("batch.rows", "0"), "option `batch.rows`: has to be 1 at least"),
        (("timeout", "0s"), "option `timeout`: leaves no time"),
        (("method", "GET"), "option `method`: `GET` is none of POST, PUT"),
        (
            ("headers.a b", "c"),
            "option `headers.a b`: is no name of a header",
        ),
        (
            ("headers.a", "b\nc"),
            "option `headers.a`: is no value of a header",
        ),
        (
            ("headers.Idempotency-Key", "b"),
            "option `headers.Idempotency-Key`: is set by the sink itself",
        ),
        (
            ("auth.token", "hunter2\n"),
            "option `auth.token`: is no value of a header",
        ),
    ] {
        assert_eq!(refused(&[given]).to_string(), expected);
    }
    let both = refused(&[("headers.Authorization", "Basic x"), ("auth.token", "y")]);
    assert!(
        both.to_string().contains("and so is `headers.Authorization`"),
        "{both}"
    );
    for url in ["ftp://h/", "h/rows", "http://"] {
        let error = line_sink("http", &[], &[("url", url), ("format", "line")])
            .err()
            .unwrap();
        assert_eq!(error.to_string(), "option `url`: is no address of HTTP");
    }
    assert!(unresolved_line_sink("http", &[("url", None), ("auth.token", None)]).is_ok());
    sink_kit::check_input("http", &[("url", "http://h/")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_checkpoints_a_receiver_that_knows_keys_gets_each_row_once() {
    let place = async || {
        let server = HttpServer::start().await;
        Place {
            app_id: unique_name("app"),
            plan: plan(&server, &[("batch.rows", "300")]),
            read: Box::new(move || server.lines()),
            keep: Box::new(()),
        }
    };
    commit_kit::check(place).await;
    let server = HttpServer::start().await;
    assert_eq!(plan(&server, &[]).promise(), SinkPromise::KeyedAtLeastOnce);
}

fn texts(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| row.to_string()).collect()
}

fn keys(requests: &[Request]) -> Vec<&str> {
    let keys = requests.iter().map(|request| request.header("idempotency-key"));
    keys.map(Option::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_again_has_the_key_that_it_had() {
    let server = HttpServer::start().await;
    let plan = plan(&server, &[("batch.rows", "2"), ("retry.timeout", "0s")]);
    let mut process = Process::start("app", &*plan, 1, None, 1).await.unwrap();
    process.write(0, &texts(&["a", "b", "c", "d", "e"])).await;
    let checkpoint: Checkpoint = process.pre_commit().await;
    assert!(server.requests().is_empty());
    // The second body is not taken; the first one does not come again.
    server.answer(&[(200, &[], ""), (503, &[], "")]);
    let error = process.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    process.commit().await.unwrap();
    let epoch = checkpoint.epoch;
    let key = |number| format!("app/results/{epoch}/0/{number}");
    assert_eq!(keys(&server.requests()), [key(0), key(1), key(1), key(2)]);
    // Another process does not know what has been taken; the receiver does.
    let mut next = Process::start("app", &*plan, 2, Some(&checkpoint), 2)
        .await
        .unwrap();
    assert_eq!(keys(&server.requests())[4..], [key(0), key(1), key(2)]);
    assert_eq!(server.requests()[4].body, "# lines\na\nb\n");
    assert_eq!(server.lines(), ["a", "b", "c", "d", "e"]);
    next.write(1, &texts(&["f"])).await;
    let epoch = next.checkpoint().await.epoch;
    assert_eq!(
        keys(&server.requests())[7..],
        [format!("app/results/{epoch}/1/0")]
    );
}
