//! A secret is given in every way there is, to runs that end well and to runs that do not: it is in nothing that comes out.

use std::path::Path;
use std::process::Command;

use crate::command::{Outcome, Workplace};

/// A password that any place could hold, and no place holds by chance.
const CANARY: &str = "Kanarienvogel7f3a9";

/// Totals, and beside them a stream that needs a password and that nobody reads.
const APP: &str = "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
SELECT k, sum(n) AS s FROM t GROUP BY k;";

fn workplace() -> Workplace {
    let place = Workplace::new();
    place
        .write("app.sql", APP)
        .write("in.ndjson", "{\"k\":\"a\",\"n\":1}\n{\"k\":\"b\"\n")
        .write("secret", format!("{CANARY}\n"));
    place
}

#[track_caller]
fn nowhere(what: &str, text: &str) {
    assert!(!text.contains(CANARY), "{what} has the secret:\n{text}");
}

/// Runs, and looks at what is printed.
#[track_caller]
fn silent(mut command: Command, code: Option<i32>) -> Outcome {
    let outcome = Outcome::of(command.output().unwrap());
    let what = format!("{command:?}").replace(CANARY, "…");
    nowhere(&what, &outcome.stdout);
    nowhere(&what, &outcome.stderr);
    match code {
        Some(code) => outcome.exits(code),
        None => {
            assert_ne!(outcome.code, Some(0), "{what}:\n{}", outcome.stderr);
            outcome
        }
    }
}

/// Every file below a folder.
#[track_caller]
fn files_without_secret(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += files_without_secret(&path);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(CANARY.len())
                .any(|window| window == CANARY.as_bytes());
            assert!(!found, "{} has the secret", path.display());
            count += 1;
        }
    }
    count
}

#[test]
fn mistakes_beside_a_secret_do_not_show_it() {
    let place = workplace();
    let url = format!("redis://user:{CANARY}@127.0.0.1:1/0");
    for text in [
        format!(
            "eventflux: {{state_backend: {{endpoints: \"h:1\", password: {CANARY}, pool_size: many}}}}\n"
        ),
        format!("eventflux: {{state_backend: {{endpoints: \"h:1\", passwrod: {CANARY}}}}}\n"),
        format!("eventflux: {{state_backend: {{endpoints: \"h:1\", password: [{CANARY}]}}}}\n"),
        format!("eventflux: {{state_backend: {{endpoints: \"h:1\", password: {{a: {CANARY}}}}}}}\n"),
        format!("eventflux: {{state_backend: {{endpoints: \"h:1\", password: {CANARY}\n"),
        format!("eventflux:\n  state_backend:\n    password: |\n      {CANARY}\n   wrong: [\n"),
        format!("eventflux: {{state_backend: {{url: \"{url}\", pool_size: many}}}}\n"),
        format!("eventflux: {{state_backend: {{url: \"{url}\", password: x}}}}\n"),
        format!("eventflux: {{state_backend: {{endpoints: [\"http://{CANARY}@h\"]}}}}\n"),
        format!("eventflux: {{state_backend: \"{url}\"}}\n"),
        format!("eventflux: {{state_backend: {{path: x, options: {{aws_secret_access_key: {CANARY}}}}}}}\n"),
        format!("eventflux: {{distributed: {{cluster: {{seed_nodes: [\"{url}\"]}}}}}}\n"),
    ] {
        place.write("eventflux.yaml", &text);
        for format in ["full", "concise", "json"] {
            silent(
                place.command(&["run", "app.sql", "--diagnostics", format]),
                Some(2),
            );
        }
    }
    std::fs::remove_file(place.path("eventflux.yaml")).unwrap();
    for (name, value) in [
        ("EVENTFLUX_REDIS_PASSWORD", CANARY),
        ("EVENTFLUX_REDIS_ENDPOINTS", &url.replace("redis:", "http:")),
        ("EVENTFLUX_STATE", &url.replace("redis:", "nonsense:")),
        ("EVENTFLUX_SEED_NODES", &url),
    ] {
        let mut command = place.command(&["run", "app.sql", "-vv"]);
        command.env(name, value);
        silent(command, None);
    }
    let password = format!("state_backend.password={CANARY}");
    silent(place.command(&["run", "app.sql", "--set", &password]), Some(2));
    let misspelt = format!("state_backend.passwrod={CANARY}");
    silent(place.command(&["run", "app.sql", "--set", &misspelt]), Some(2));
    let elsewhere = url.replace("redis:", "ftp:");
    silent(place.command(&["run", "app.sql", "--state", &elsewhere]), Some(2));
}

#[test]
fn a_store_that_cannot_be_reached_is_named_without_its_password() {
    let place = workplace();
    let url = format!("redis://user:{CANARY}@127.0.0.1:1/0");
    let failed = silent(
        place.command(&["run", "app.sql", "--state", &url, "-vvv", "--log-format", "json"]),
        Some(3),
    );
    assert!(failed.stderr.contains("127.0.0.1:1"), "{}", failed.stderr);
    let s3 = format!("s3://user:{CANARY}@bucket/x?secret={CANARY}");
    silent(place.command(&["run", "app.sql", "--state", &s3]), None);
}

#[test]
fn options_of_sql_are_not_shown_by_plans_logs_or_checkpoints() {
    let place = workplace();
    let literal = format!("'properties.sasl.password' = '{CANARY}'");
    for option in [
        literal.as_str(),
        "'properties.sasl.password' = '${env:CANARY_PASSWORD}'",
        "'properties.sasl.password' = '${file:secret}'",
    ] {
        let kafka = format!(
            "CREATE STREAM k (k STRING) WITH ('connector' = 'kafka', 'brokers' = 'b:1', 'topic' = 't', {option}, 'format' = 'json');\n"
        );
        // Without a query that reads it, it is checked and not opened.
        place.write("app.sql", format!("{kafka}{APP}"));
        place.write(
            "reads.sql",
            format!("{kafka}SELECT k FROM k;\nSHOW STREAMS; DESCRIBE k;"),
        );
        let command = |arguments: &[&str]| {
            let mut command = place.command(arguments);
            command.env("CANARY_PASSWORD", CANARY);
            command
        };
        for format in ["text", "json", "dot", "mermaid", "svg"] {
            for stage in ["logical", "physical"] {
                let explain = ["explain", "reads.sql", "--format", format, "--stage", stage];
                let mut explain = command(&explain);
                // A stage that has no such format says so.
                let outcome = Outcome::of(explain.output().unwrap());
                nowhere("a plan", &(outcome.stdout + &outcome.stderr));
            }
        }
        let check = command(&["check", "reads.sql", "--format", "json"]);
        silent(check, Some(0));
        let run = [
            "run",
            "app.sql",
            "--state-dir",
            "state",
            "-vvv",
            "--log-format",
            "json",
        ];
        silent(command(&run), Some(0));
        silent(command(&["savepoint", "inspect", "state"]), Some(0));
        silent(command(&["savepoint", "list", "state"]), Some(0));
        assert!(files_without_secret(&place.path("state")) >= 2);
        std::fs::remove_dir_all(place.path("state")).unwrap();
    }
}

#[cfg(feature = "redis")]
mod redis {
    use eventflux_core::testing::{RedisServer, free_ports};

    use super::*;

    #[test]
    fn a_password_opens_the_store_and_is_shown_nowhere() {
        let place = workplace();
        std::fs::create_dir(place.path("redis")).unwrap();
        let port = free_ports(1)[0].to_string();
        let _server = RedisServer::start(
            &place.path("redis"),
            &["--port", &port, "--requirepass", CANARY, "--appendonly", "yes"],
        );
        let endpoint = format!("127.0.0.1:{port}");
        let url = format!("redis://:{CANARY}@{endpoint}");
        let wrong_url = format!("redis://:{CANARY}x@{endpoint}");
        let yaml = |password: &str| {
            format!("eventflux: {{state_backend: {{endpoints: \"{endpoint}\", password: {password}}}}}\n")
        };
        type Way<'a> = (&'a str, String, &'a [(&'a str, &'a str)], &'a [&'a str]);
        let set = format!("state_backend.password={CANARY}");
        let no_password = format!("eventflux: {{state_backend: {{endpoints: \"{endpoint}\"}}}}\n");
        let in_url = format!("eventflux: {{state_backend: {{url: \"{url}\"}}}}\n");
        let ways: [Way<'_>; 9] = [
            ("a", yaml(CANARY), &[], &[]),
            (
                "b",
                yaml("\"${env:CANARY_PASSWORD}\""),
                &[("CANARY_PASSWORD", CANARY)],
                &[],
            ),
            ("c", yaml("\"${file:secret}\""), &[], &[]),
            ("d", yaml(&format!("\"${{NONE:{CANARY}}}\"")), &[], &[]),
            (
                "e",
                no_password.clone(),
                &[("EVENTFLUX_REDIS_PASSWORD", CANARY)],
                &[],
            ),
            ("f", no_password, &[], &["--set", &set]),
            ("g", in_url, &[], &[]),
            ("h", String::new(), &[("EVENTFLUX_STATE", &url)], &[]),
            ("i", String::new(), &[], &["--state", &url]),
        ];
        for (name, yaml, variables, flags) in ways {
            place.write("eventflux.yaml", yaml);
            let app = format!("{name}.sql");
            place.write(&app, APP);
            let with = |arguments: &[&str]| {
                let mut command = place.command(&[arguments, flags].concat());
                command.envs(variables.iter().copied());
                command
            };
            let run = silent(with(&["run", &app, "-vvv"]), Some(0));
            assert!(run.stdout.contains("\"s\":1"), "{}", run.stdout);
            silent(with(&["run", &app, "-vvv", "--log-format", "json"]), Some(0));
            for format in ["text", "json"] {
                let show = [
                    "config", "show", "--origin", "--format", format, "--", "run", &app,
                ];
                let shown = silent(with(&show), Some(0));
                assert!(shown.stdout.contains("***"), "{name}: {}", shown.stdout);
            }
            let mut broken = with(&["run", &app, "-p", "1", "--from", "99999"]);
            broken.arg("--config").arg("eventflux.yaml");
            silent(broken, None);
        }
        place.write("eventflux.yaml", "");
        let refused = silent(
            place.command(&["run", "app.sql", "--state", &wrong_url, "-vvv"]),
            None,
        );
        assert!(refused.stderr.contains("error: "), "{}", refused.stderr);
    }
}
