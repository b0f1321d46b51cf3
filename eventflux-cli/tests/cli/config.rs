//! Configuration in layers: files, variables, flags; `config show|check|schema`.

use std::process::Command;

use serde_json::Value;

use crate::command::{Outcome, Workplace, repository};

/// Totals of a file with one row, printed.
const APP: &str = "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
SELECT k, n FROM t WHERE n > 0;";

fn workplace() -> Workplace {
    let place = Workplace::new();
    place
        .write("app.sql", APP)
        .write("in.ndjson", "{\"k\":\"a\",\"n\":1}\n");
    place
}

fn with(mut command: Command, variables: &[(&str, &str)]) -> Outcome {
    command.envs(variables.iter().copied());
    Outcome::of(command.output().unwrap())
}

/// The value and the origin of a key, for a command line behind `--`.
fn shown(place: &Workplace, key: &str, variables: &[(&str, &str)], command: &[&str]) -> (String, String) {
    let mut arguments = vec!["config", "show", "--origin", "--format", "json", "--"];
    arguments.extend(command);
    let outcome = with(place.command(&arguments), variables).exits(0);
    let keys: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let entry = &keys[key];
    let origin = &entry["origin"];
    let place = origin["place"]
        .as_str()
        .map_or_else(String::new, |place| format!(" {place}"));
    (
        entry["value"].as_str().unwrap_or("-").to_owned(),
        format!("{}{place}", origin["kind"].as_str().unwrap()),
    )
}

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

#[test]
fn a_flag_wins_over_a_variable_over_a_later_file_over_an_earlier_one() {
    let place = workplace();
    let key = "eventflux.run.parallelism";
    let show = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = vec!["run", "app.sql"];
        command.extend(flags);
        shown(&place, key, variables, &command)
    };
    let variable = [("EVENTFLUX_PARALLELISM", "5")];
    assert_eq!(show(&[], &[]), pair("-", "default"));
    place.write("eventflux.yaml", "eventflux:\n  run:\n    parallelism: 2\n");
    assert_eq!(show(&[], &[]), pair("2", "file eventflux.yaml:3:5"));
    place.write("a.yaml", "eventflux: {run: {parallelism: 3, format: csv}}\n");
    place.write("b.yaml", "eventflux: {run: {parallelism: 4}}\n");
    let files = ["--config", "a.yaml", "--config", "b.yaml"];
    assert_eq!(show(&[], &files), pair("4", "file b.yaml:1:19"));
    assert_eq!(
        show(&variable, &files),
        pair("5", "environment EVENTFLUX_PARALLELISM")
    );
    let flagged = [&files[..], &["-p", "6"]].concat();
    assert_eq!(show(&variable, &flagged), pair("6", "flag --parallelism"));
    let set = [&files[..], &["--set", "run.parallelism=7"]].concat();
    assert_eq!(show(&variable, &set), pair("7", "flag --set run.parallelism"));
    let format = shown(
        &place,
        "eventflux.run.format",
        &[],
        &[&["run", "app.sql"], &files[..]].concat(),
    );
    assert_eq!(format, pair("csv", "file a.yaml:1:35"), "maps are merged");
}

#[test]
fn what_a_file_says_is_what_a_run_does() {
    let place = workplace();
    place.write("csv.yaml", "eventflux: {run: {format: csv}}\n");
    let run = place.run(&["run", "app.sql", "--config", "csv.yaml"]).exits(0);
    assert_eq!(run.stdout, "k,n\na,1\n");
    let run = place
        .run(&["run", "app.sql", "--config", "csv.yaml", "--format", "ndjson"])
        .exits(0);
    assert_eq!(run.stdout, "{\"k\":\"a\",\"n\":1}\n");
    let set = place
        .run(&[
            "run",
            "app.sql",
            "--config",
            "csv.yaml",
            "--set",
            "run.format=none",
        ])
        .exits(0);
    assert_eq!(set.stdout, "");
    let variable = with(
        place.command(&["run", "app.sql", "--config", "csv.yaml"]),
        &[("EVENTFLUX_FORMAT", "ndjson")],
    );
    assert_eq!(variable.exits(0).stdout, "{\"k\":\"a\",\"n\":1}\n");
    place.write(
        "keys.yaml",
        "eventflux: {run: {settings: {key_groups: 7, idle_timeout: 5s}}}\n",
    );
    let plan = place
        .run(&["explain", "app.sql", "--config", "keys.yaml", "--format", "json"])
        .exits(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["key_groups"], 7);
}

#[test]
fn the_file_beside_the_app_goes_before_that_of_the_working_folder() {
    let place = Workplace::new();
    std::fs::create_dir(place.path("app")).unwrap();
    place.write("app/app.sql", APP).write("in.ndjson", "");
    let key = "eventflux.terminal.color";
    let show = || shown(&place, key, &[], &["run", "app/app.sql"]).1;
    assert_eq!(show(), "default");
    place.write("eventflux.yaml", "eventflux: {terminal: {color: never}}\n");
    assert_eq!(show(), "file eventflux.yaml:1:24");
    place.write("app/eventflux.yaml", "eventflux: {terminal: {color: always}}\n");
    assert_eq!(show(), "file app/eventflux.yaml:1:24");
    place.write("eventflux.yaml", "eventflux: {terminal: {colour: never}}\n");
    place.run(&["connector", "list"]).exits(0);
    let wrong = place.run(&["config", "show"]).exits(2);
    assert!(wrong.stderr.contains("did you mean `color`?"), "{}", wrong.stderr);
}

const WRONG: &str = "eventflux:
  run:
    paralelism: 2
    format: [csv]
  parallelism: 4
  distributed:
    transport: grcp
    cluster:
      seed_nodes: [\"a:1\", b]
      heartbeat_interval: 5
    state_backend:
      pool_size: ${env:POOL}
      passwrod: ${env:PASSWORD}
      compresion:
";

#[test]
fn every_mistake_of_a_file_is_told_with_its_place_and_what_is_meant() {
    let place = workplace();
    place.write("wrong.yaml", WRONG);
    let concise = place
        .run(&["config", "check", "wrong.yaml", "--format", "concise"])
        .exits(2);
    assert_eq!(
        concise.stderr,
        "wrong.yaml:3:5: error[unknown-key]: there is no key `paralelism` in `eventflux.run`
wrong.yaml:4:13: error[invalid-value]: `format`: expected a word, found a list
wrong.yaml:5:3: error[unknown-key]: there is no key `parallelism` in `eventflux`
wrong.yaml:7:16: error[invalid-value]: `implementation`: expected one of tcp, grpc, found `grcp`
wrong.yaml:9:27: error[invalid-value]: `seed_nodes`: expected an address such as `host:8080`, found `b`
wrong.yaml:10:27: error[invalid-value]: `heartbeat_interval`: expected a duration such as `10s` or `500ms`, found `5`
wrong.yaml:13:7: error[unknown-key]: there is no key `passwrod` in `eventflux.distributed.state_backend`
wrong.yaml:14:7: error[unknown-key]: there is no key `compresion` in `eventflux.distributed.state_backend`
"
    );
    assert_eq!(concise.stdout, "");
    let full = place.run(&["run", "app.sql", "--config", "wrong.yaml"]).exits(2);
    for said in [
        "help: did you mean `parallelism`?",
        "help: `parallelism` stands below `eventflux.run`",
        "help: did you mean `grpc`?",
        "help: did you mean `password`?",
        " --> wrong.yaml:3:5",
        "3 |     paralelism: *\n  |     ^^^^^^^^^^",
    ] {
        assert!(full.stderr.contains(said), "{said} is not in\n{}", full.stderr);
    }
    let json = place
        .run(&[
            "run",
            "app.sql",
            "--config",
            "wrong.yaml",
            "--diagnostics",
            "json",
        ])
        .exits(2);
    let first: Value = serde_json::from_str(json.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(first["code"], "unknown-key");
    assert_eq!(first["span"]["start"]["line"], 3);
    assert_eq!(first["help"][0], "did you mean `parallelism`?");
}

#[test]
fn what_is_no_configuration_is_refused() {
    let place = workplace();
    for (text, said) in [
        ("eventflux: [\n", "error[config-syntax]"),
        ("a\n", "a configuration is a map of keys and values"),
        (
            "eventflux:\n  run:\n  run:\n",
            "error[duplicate-key]: the key `run` stands here twice",
        ),
        (
            "apiVersion: eventflux.io/v2\n",
            "expected `eventflux.io/v1`, found `eventflux.io/v2`",
        ),
        (
            "kind: Deployment\n",
            "expected `EventFluxConfig`, found `Deployment`",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  eventflux.yaml: |\n    a: 1\n",
            "help: mount it as a volume, and give the file in it",
        ),
        (
            "run: {parallelism: 2}\n",
            "there is no key `run` at the top of a configuration",
        ),
        (
            "eventflux: {state_backend: {url: \"vault://secret/redis\"}}\n",
            "help: let Vault's agent or CSI driver write the secret to a file",
        ),
        (
            "eventflux: {state_backend: {path: x, state_ttl: 0h}}\n",
            "state_ttl",
        ),
        (
            "eventflux: {state_backend: {implementation: directory, password: x}}\n",
            "`password` does not go with the store `directory`",
        ),
        (
            "eventflux: {state_backend: {path: x, url: y}}\n",
            "`path` and `url` exclude each other",
        ),
        (
            "eventflux: {state_backend: {url: \"${env:X\"}}\n",
            "the reference `${` is never closed",
        ),
        (
            "eventflux: {distributed: {cluster: {failure_timeout: 500ms}}}\n",
            "`failure_timeout` (500ms) has to be at least twice `heartbeat_interval` (300ms)",
        ),
        (
            "eventflux: {distributed: {transport: {tls: {enabled: true, cert_path: x}}}}\n",
            "`tls` needs `key_path`",
        ),
        (
            "eventflux: {state_backend: memory, distributed: {state_backend: redis}}\n",
            "is given twice",
        ),
        (
            "eventflux: {run: {settings: {parallelism: 3}}}\n",
            "`parallelism` has a key of its own",
        ),
        (
            "eventflux: {run: {settings: {batchsize: 3}}}\n",
            "did you mean `batch_size`?",
        ),
        (
            "eventflux: {log: {quiet: true, verbose: 2}}\n",
            "`quiet` and `verbose` exclude each other",
        ),
    ] {
        place.write("wrong.yaml", text);
        let outcome = place.run(&["config", "check", "wrong.yaml"]).exits(2);
        assert!(
            outcome.stderr.contains(said),
            "{text}: {said} is not in\n{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("wrong.yaml:"), "{}", outcome.stderr);
    }
    let missing = place.run(&["run", "app.sql", "--config", "none.yaml"]).exits(2);
    assert!(
        missing.stderr.starts_with("error: cannot read none.yaml: "),
        "{}",
        missing.stderr
    );
    std::fs::create_dir(place.path("empty")).unwrap();
    let empty = place.run(&["run", "app.sql", "--config", "empty"]).exits(2);
    assert_eq!(empty.stderr, "error: there is no `*.yaml` file in empty\n");
    place.write("bytes.yaml", [b'a', 0xff]);
    let bytes = place.run(&["config", "check", "bytes.yaml"]).exits(2);
    assert_eq!(bytes.stderr, "error: bytes.yaml is not UTF-8 from byte 1 on\n");
}

#[test]
fn what_is_given_otherwise_is_refused_where_it_is_given() {
    let place = workplace();
    let run = |variables: &[(&str, &str)], flags: &[&str]| {
        let arguments = [&["run", "app.sql"], flags].concat();
        with(place.command(&arguments), variables).exits(2).stderr
    };
    let variable = run(&[("EVENTFLUX_REDIS_POOL_SIZE", "many")], &[]);
    assert!(
        variable.contains("EVENTFLUX_REDIS_POOL_SIZE=many\n  |                           ^^^^"),
        "{variable}"
    );
    let flagged = run(&[("EVENTFLUX_PARALLELISM", "many")], &[]);
    assert!(flagged.contains("EVENTFLUX_PARALLELISM=many"), "{flagged}");
    let of_one_start = run(&[("EVENTFLUX_UNTIL", "many")], &[]);
    assert!(of_one_start.contains("note: the value is that of the environment variable `EVENTFLUX_UNTIL`"));
    let set = run(&[], &["--set", "state_backend.pool_siz=3"]);
    assert!(set.contains("did you mean `state_backend.pool_size`?"), "{set}");
    let set = run(&[], &["--set", "state_backend.compression=zip"]);
    assert!(
        set.contains("--set state_backend.compression=zip\n  |                                 ^^^"),
        "{set}"
    );
    let both = run(&[], &["--state-dir", "a", "--state", "b"]);
    assert!(both.contains("error[conflicting-keys]"), "{both}");
    for flag in [
        ["--checkpoint-interval", "5s"],
        ["--compression", "zstd"],
        ["--from", "none"],
    ] {
        let alone = run(&[], &flag);
        assert!(alone.contains("there is no place for any"), "{alone}");
    }
    let alone = run(&[("EVENTFLUX_REDIS_PASSWORD", "x")], &[]);
    assert!(alone.contains("`password` is about checkpoints"), "{alone}");
    let incomplete = run(&[("EVENTFLUX_STATE_BACKEND", "redis")], &[]);
    assert!(
        incomplete.contains("the place of the Redis is missing"),
        "{incomplete}"
    );
}

#[test]
fn an_unknown_variable_is_a_warning_with_what_may_be_meant() {
    let place = workplace();
    let variables = [
        ("EVENTFLUX_PARALELISM", "3"),
        ("EVENTFLUX_SERVICE_HOST", "10.0.0.1"),
        ("EVENTFLUX_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("EVENTFLUX_TEST_KAFKA", "x"),
    ];
    let run = with(place.command(&["run", "app.sql"]), &variables).exits(0);
    assert_eq!(
        run.stderr,
        "warning: the environment variable `EVENTFLUX_PARALELISM` means nothing; did you mean `EVENTFLUX_PARALLELISM`?\n"
    );
}

#[test]
fn a_folder_is_read_as_kubernetes_mounts_it() {
    let place = workplace();
    let folder = place.path("mounted");
    std::fs::create_dir_all(folder.join("..2026_01_05")).unwrap();
    std::os::unix::fs::symlink("..2026_01_05", folder.join("..data")).unwrap();
    for (name, text) in [
        (
            "10-base.yaml",
            "eventflux: {run: {parallelism: 2, format: csv}}\n---\neventflux: {log: {format: json}}\n",
        ),
        ("20-site.yml", "eventflux: {run: {parallelism: 3}}\n"),
        ("notes.txt", "no YAML: [\n"),
    ] {
        std::fs::write(folder.join("..data").join(name), text).unwrap();
        std::os::unix::fs::symlink(format!("..data/{name}"), folder.join(name)).unwrap();
    }
    let command = ["run", "app.sql", "--config", "mounted"];
    let show = |key: &str| shown(&place, key, &[], &command);
    assert_eq!(
        show("eventflux.run.parallelism"),
        pair("3", "file mounted/20-site.yml:1:19")
    );
    assert_eq!(
        show("eventflux.run.format"),
        pair("csv", "file mounted/10-base.yaml:1:35")
    );
    assert_eq!(
        show("eventflux.log.format"),
        pair("json", "file mounted/10-base.yaml:3:19")
    );
}

/// The long form of everything there is for nodes.
const NODES: &str = "apiVersion: eventflux.io/v1
kind: EventFluxConfig

eventflux:
  distributed:
    node:
      node_id: \"node-${HOSTNAME}\"
      endpoints: [\"${NODE_IP}:8080\"]
      capabilities:
        can_coordinate: true
        can_process: true
        can_store_state: true
    cluster:
      cluster_name: \"eventflux-cluster\"
      seed_nodes:
        - \"node-0.eventflux.svc.cluster.local:8080\"
        - \"node-1.eventflux.svc.cluster.local:8080\"
      min_nodes: 2
      heartbeat_interval: \"1s\"
      failure_timeout: \"10s\"
    transport:
      implementation: grpc  # or tcp
      pool_size: 10
      request_timeout: \"30s\"
      compression: true
      tls:
        enabled: true
        cert_path: \"/etc/eventflux/certs/server.crt\"
        key_path: \"/etc/eventflux/certs/server.key\"
    state_backend:
      implementation: redis
      endpoints:
        - \"redis-cluster-0:6379\"
        - \"redis-cluster-1:6379\"
        - \"redis-cluster-2:6379\"
      pool_size: 20
      checkpoint_interval: \"60s\"
      compression: zstd
    coordination:
      implementation: raft
      election_timeout: \"5s\"
      consensus_level: majority
";

#[test]
fn the_configuration_of_a_cluster_is_read() {
    let place = workplace();
    place.write("cluster.yaml", NODES);
    place.run(&["config", "check", "cluster.yaml"]).exits(0);
    let variables = [("HOSTNAME", "pod-7"), ("NODE_IP", "10.1.2.3")];
    let show = |key: &str| {
        let key = format!("eventflux.distributed.{key}");
        shown(
            &place,
            &key,
            &variables,
            &["run", "app.sql", "--config", "cluster.yaml"],
        )
        .0
    };
    for (key, value) in [
        ("node.node_id", "node-pod-7"),
        ("node.endpoints", "10.1.2.3:8080"),
        ("cluster.min_nodes", "2"),
        ("transport.implementation", "grpc"),
        ("transport.compression", "true"),
        (
            "state_backend.endpoints",
            "redis-cluster-0:6379, redis-cluster-1:6379, redis-cluster-2:6379",
        ),
        ("coordination.election_timeout", "5s"),
    ] {
        assert_eq!(show(key), value, "{key}");
    }
    // The node's own address is not known here, and one process has no use for it.
    let mut command = place.command(&[
        "run",
        "app.sql",
        "--config",
        "cluster.yaml",
        "--state-dir",
        "state",
    ]);
    command.env_remove("NODE_IP");
    let run = Outcome::of(command.output().unwrap()).exits(0);
    assert_eq!(
        run.stderr,
        "note: one process runs this app: the configuration of node, cluster, transport, coordination is for nodes of a cluster\n"
    );
}

#[test]
fn short_forms_mean_the_same_as_long_ones() {
    let place = workplace();
    place.write(
        "eventflux.yaml",
        "eventflux:
  distributed:
    node_id: \"node-1\"
    cluster:
      seed_nodes: [\"node-0:8080\", \"node-1:8080\"]
    transport: grpc
    state_backend: memory
",
    );
    let show = |key: &str| {
        shown(
            &place,
            &format!("eventflux.distributed.{key}"),
            &[],
            &["run", "app.sql"],
        )
    };
    assert_eq!(show("node.node_id"), pair("node-1", "file eventflux.yaml:3:5"));
    assert_eq!(
        show("transport.implementation"),
        pair("grpc", "file eventflux.yaml:6:16")
    );
    assert_eq!(
        show("state_backend.implementation"),
        pair("memory", "file eventflux.yaml:7:20")
    );
    let variables = [
        ("EVENTFLUX_NODE_ID", "node-2"),
        ("EVENTFLUX_REDIS_ENDPOINTS", "redis:6379"),
        ("EVENTFLUX_TRANSPORT", "tcp"),
    ];
    let show = |key: &str| {
        shown(
            &place,
            &format!("eventflux.distributed.{key}"),
            &variables,
            &["run", "app.sql"],
        )
    };
    assert_eq!(
        show("node.node_id"),
        pair("node-2", "environment EVENTFLUX_NODE_ID")
    );
    assert_eq!(
        show("transport.implementation"),
        pair("tcp", "environment EVENTFLUX_TRANSPORT")
    );
    let redis = pair("redis", "environment EVENTFLUX_REDIS_ENDPOINTS");
    assert_eq!(show("state_backend.implementation"), redis);
}

#[test]
fn a_place_of_an_upper_layer_takes_those_of_lower_ones_away() {
    let place = workplace();
    place.write(
        "eventflux.yaml",
        "eventflux: {state_backend: {endpoints: \"redis:6379\", password: x, checkpoint_interval: 7s}}\n",
    );
    let run = place.run(&["run", "app.sql", "--state-dir", "state"]).exits(0);
    assert_eq!(run.stderr, "");
    assert!(place.path("state/manifests").is_dir());
    let show = |key: &str| {
        let key = format!("eventflux.distributed.state_backend.{key}");
        shown(&place, &key, &[], &["run", "app.sql", "--state-dir", "state"]).0
    };
    assert_eq!(show("implementation"), "directory");
    assert_eq!(show("endpoints"), "-");
    assert_eq!(show("password"), "-");
    assert_eq!(show("checkpoint_interval"), "7s");
}

#[test]
fn a_run_that_is_told_by_a_file_goes_on_where_it_was() {
    let place = workplace();
    place.write(
        "app.sql",
        "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
SELECT k, sum(n) AS s FROM t GROUP BY k;",
    );
    place.write(
        "eventflux.yaml",
        "eventflux: {state_backend: {path: \"${env:STATE:-state}\"}}\n",
    );
    place.run(&["run", "app.sql", "--until", "1row"]).exits(0);
    place.write("in.ndjson", "{\"k\":\"a\",\"n\":1}\n{\"k\":\"a\",\"n\":2}\n");
    let again = place
        .run(&["run", "app.sql", "--until", "1row", "--format", "changelog"])
        .exits(0);
    assert!(again.stdout.contains("\"s\":3"), "{}", again.stdout);
    place.run(&["savepoint", "create", "saved"]).exits(0);
}

#[test]
fn compression_is_a_choice_of_every_layer() {
    let compressed = |flags: &[&str], file: &str| {
        let place = workplace();
        let row = |n: u32| format!("{{\"k\":\"key-{}-{n}\",\"n\":1}}\n", "x".repeat(100));
        place.write("in.ndjson", (0..50).map(row).collect::<String>());
        place.write(
            "app.sql",
            APP.replace(
                "SELECT k, n FROM t WHERE n > 0",
                "SELECT k, sum(n) AS s FROM t GROUP BY k",
            ),
        );
        place.write("eventflux.yaml", file);
        let arguments = [&["run", "app.sql", "-p", "1", "--state-dir", "state"], flags].concat();
        place.run(&arguments).exits(0);
        let segments = std::fs::read_dir(place.path("state/segments")).unwrap();
        let bytes: Vec<u8> = segments
            .flat_map(|segment| std::fs::read(segment.unwrap().path()).unwrap())
            .collect();
        let has = |part: &[u8]| bytes.windows(part.len()).filter(|window| *window == part).count();
        // How often the key stands there in plain, and whether there is the magic number of zstd.
        (
            has("x".repeat(100).as_bytes()),
            has(&[0x28, 0xb5, 0x2f, 0xfd]) > 0,
        )
    };
    let (plain, is_zstd) = compressed(&["--compression", "none"], "");
    assert!(plain >= 50 && !is_zstd, "{plain}");
    let zstd = "eventflux: {state_backend: {compression: zstd}}\n";
    let (plain, is_zstd) = compressed(&[], zstd);
    assert!(plain < 5 && is_zstd, "{plain}");
    let (plain, is_zstd) = compressed(&["--compression", "snappy"], zstd);
    assert!(plain < 5 && !is_zstd, "{plain}");
}

#[test]
fn references_are_looked_up_at_the_start() {
    let place = workplace();
    place.write("secret", "csv\n");
    place.write(
        "eventflux.yaml",
        "eventflux: {run: {format: \"${file:secret}\", parallelism: \"${N:1}\"}}\n",
    );
    assert_eq!(place.run(&["run", "app.sql"]).exits(0).stdout, "k,n\na,1\n");
    let wrong = with(place.command(&["run", "app.sql"]), &[("N", "many")]).exits(2);
    assert!(
        wrong
            .stderr
            .contains("`parallelism`: expected a whole number from 1 to 1024"),
        "{}",
        wrong.stderr
    );
    assert!(wrong.stderr.contains("eventflux.yaml:1:58"), "{}", wrong.stderr);
    place.write(
        "eventflux.yaml",
        "eventflux:\n  run:\n    format: ${env:NONE}\n    parallelism: ${file:none}\n",
    );
    let missing = place
        .run(&["run", "app.sql", "--diagnostics", "concise"])
        .exits(2);
    assert_eq!(
        missing.stderr,
        "eventflux.yaml:3:13: error[unresolved-reference]: the environment variable `NONE` is not set
eventflux.yaml:4:18: error[unresolved-reference]: cannot read the file `none`: No such file or directory (os error 2)
"
    );
    place.run(&["config", "check", "eventflux.yaml"]).exits(0);
}

#[test]
fn an_upper_layer_is_loud_where_a_lower_one_is_quiet() {
    let place = workplace();
    place.write("eventflux.yaml", "eventflux: {log: {quiet: true}}\n");
    let show = |key: &str| shown(&place, key, &[], &["run", "app.sql", "-vv"]).0;
    assert_eq!(show("eventflux.log.quiet"), "false");
    assert_eq!(show("eventflux.log.verbose"), "2");
    let loud = place
        .run(&["run", "app.sql", "-v", "--log-format", "json"])
        .exits(0);
    let quiet = place.run(&["run", "app.sql"]).exits(0);
    assert_eq!(quiet.stderr, "");
    assert!(
        loud.stderr
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{}",
        loud.stderr
    );
}

#[test]
fn the_schema_is_the_published_one() {
    let schema = Workplace::new().run(&["config", "schema"]).exits(0);
    let published =
        std::fs::read_to_string(repository().join("docs/reference/eventflux.schema.json")).unwrap();
    assert_eq!(schema.stdout, published);
}

#[cfg(feature = "redis")]
#[test]
fn a_redis_of_a_file_keeps_the_state() {
    let redis = std::env::var("EVENTFLUX_TEST_REDIS")
        .expect("EVENTFLUX_TEST_REDIS names no Redis: run scripts/test.sh");
    let place = workplace();
    let name = format!("configured_{}", std::process::id());
    let app = format!("{name}.sql");
    place.write(
        &app,
        "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
SELECT k, sum(n) AS s FROM t GROUP BY k;",
    );
    place.write(
        "eventflux.yaml",
        "eventflux: {state_backend: {implementation: redis, pool_size: 2, compression: snappy}}\n",
    );
    let run = || {
        let command = place.command(&["run", &app, "--until", "1row", "--format", "changelog"]);
        with(command, &[("EVENTFLUX_REDIS_ENDPOINTS", &redis)]).exits(0)
    };
    run();
    place.write("in.ndjson", "{\"k\":\"a\",\"n\":1}\n{\"k\":\"a\",\"n\":2}\n");
    let again = run();
    assert!(again.stdout.contains("\"s\":3"), "{}", again.stdout);
}

#[test]
fn a_configured_state_ttl_holds_for_apps_that_do_not_set_it() {
    let place = Workplace::new();
    let app = |setting: &str| {
        format!(
            "{setting} CREATE STREAM t (k STRING, at TIMESTAMP, WATERMARK FOR at AS at)
            WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
            SELECT k, count(*) AS n FROM t GROUP BY k;"
        )
    };
    place
        .write("app.sql", app(""))
        .write("set.sql", app("SET state_ttl = '2m';"))
        .write("never.sql", app("SET state_ttl = 'none';"))
        .write("eventflux.yaml", "eventflux: {state_backend: {state_ttl: 1m}}\n")
        .write(
            "in.ndjson",
            "{\"k\":\"a\",\"at\":\"2026-01-05T08:00:00Z\"}\n{\"k\":\"a\",\"at\":\"2026-01-05T08:01:30Z\"}\n",
        );
    let counts = |app: &str, variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = place.command(&["run", app, "--format", "csv", "-p", "1"]);
        command.args(flags);
        let outcome = with(command, variables).exits(0);
        outcome.stdout.lines().last().unwrap().to_owned()
    };
    assert_eq!(counts("app.sql", &[], &[]), "+I,a,1");
    assert_eq!(counts("set.sql", &[], &[]), "+U,a,2");
    assert_eq!(counts("never.sql", &[], &[]), "+U,a,2");
    assert_eq!(counts("app.sql", &[("EVENTFLUX_STATE_TTL", "2m")], &[]), "+U,a,2");
    assert_eq!(counts("set.sql", &[], &["--set", "state_ttl=1m"]), "+I,a,1");
    assert_eq!(
        counts("app.sql", &[], &["--set", "state_backend.state_ttl=3h"]),
        "+U,a,2"
    );
}

#[test]
fn a_configured_state_ttl_is_part_of_what_check_and_explain_see() {
    let place = Workplace::new();
    let app = |setting: &str, watermark: &str| {
        format!(
            "{setting} CREATE STREAM t (k STRING, at TIMESTAMP{watermark})
            WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
            SELECT k, count(*) AS n FROM t GROUP BY k;"
        )
    };
    place
        .write("timed.sql", app("", ", WATERMARK FOR at AS at"))
        .write("plain.sql", app("", ""))
        .write("never.sql", app("SET state_ttl = 'none';", ""));
    let run = |command: &str, app: &str, variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = place.command(&[command, app]);
        command.args(flags);
        with(command, variables)
    };
    let configured = [("EVENTFLUX_STATE_TTL", "90m")];
    run("check", "plain.sql", &[], &[]).exits(0);
    let refused = run("check", "plain.sql", &configured, &[]).exits(2);
    assert!(
        refused.stderr.contains("error[no-event-time]: `state_ttl`"),
        "{}",
        refused.stderr
    );
    run("check", "plain.sql", &[], &["--set", "state_ttl=1h"]).exits(2);
    run("check", "plain.sql", &configured, &["--set", "state_ttl=none"]).exits(0);
    run("check", "never.sql", &configured, &[]).exits(0);
    run("check", "timed.sql", &configured, &[]).exits(0);
    let plan = |flags: &[&str]| run("explain", "timed.sql", &configured, flags).exits(0).stdout;
    assert!(plan(&[]).contains(" 1 h 30 min\n"), "{}", plan(&[]));
    let shorter = plan(&["--set", "state_backend.state_ttl=5m"]);
    assert!(shorter.contains(" 5 min\n"), "{shorter}");
    // A file beside the app counts for one app as it does for its run, and for a folder the one where the command is given.
    place.write("eventflux.yaml", "eventflux: {state_backend: {state_ttl: 1m}}\n");
    run("check", "plain.sql", &[], &[]).exits(2);
    run("check", ".", &[], &[]).exits(2);
    run("explain", "plain.sql", &[], &[]).exits(2);
}
