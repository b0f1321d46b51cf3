//! `docker-compose.yml` and what it mounts: it is whole, pinned, and asks only for metrics that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eventflux::metrics::Metric;
use serde_json::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    let path = repository(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(|value| value.as_str().unwrap()).collect()
}

const SERVICES: [&str; 8] = [
    "grafana",
    "kafka",
    "node-1",
    "node-2",
    "node-3",
    "prometheus",
    "redis",
    "redis-commander",
];

#[test]
fn every_service_is_pinned_checked_and_open_to_this_machine_only() {
    let compose = yaml("docker-compose.yml");
    let services = compose["services"].as_object().unwrap();
    assert_eq!(
        services.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        SERVICES.into()
    );
    let mut ports = BTreeSet::new();
    for (name, service) in services {
        let image = service["image"].as_str().unwrap();
        let (_, tag) = image
            .rsplit_once(':')
            .unwrap_or_else(|| panic!("{name}: {image} has no version"));
        let version = tag.trim_start_matches('v').split('-').next().unwrap();
        let is_exact =
            version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
        assert!(is_exact, "{name}: {image} is not pinned");
        assert_eq!(
            service["healthcheck"]["test"][0], "CMD",
            "{name} has no health check"
        );
        let of_service = strings(&service["ports"]);
        assert!(!of_service.is_empty(), "{name} has no ports");
        for port in of_service {
            let open = port
                .strip_prefix("127.0.0.1:")
                .unwrap_or_else(|| panic!("{name}: {port} is open to all"));
            let (outside, inside) = open.split_once(':').unwrap();
            assert!(inside.parse::<u16>().is_ok(), "{name}: {port}");
            assert!(ports.insert(outside.to_owned()), "{name}: {port} is taken twice");
        }
        for needed in service["depends_on"]
            .as_object()
            .into_iter()
            .flat_map(|needed| needed.keys())
        {
            assert!(services.contains_key(needed), "{name} needs {needed}");
            assert_eq!(service["depends_on"][needed]["condition"], "service_healthy");
        }
    }
}

#[test]
fn what_is_mounted_is_there() {
    let compose = yaml("docker-compose.yml");
    let volumes = compose["volumes"].as_object().unwrap();
    let (mut named, mut folders) = (BTreeSet::new(), 0);
    for (name, service) in compose["services"].as_object().unwrap() {
        for mount in strings(&service["volumes"]) {
            let (source, target) = mount.split_once(':').unwrap();
            assert!(target.starts_with('/'), "{name}: {mount}");
            if let Some(path) = source.strip_prefix("./") {
                assert!(repository(path).exists(), "{name}: {path} is not there");
                assert!(target.ends_with(":ro"), "{name}: {mount} may be written to");
                folders += 1;
            } else {
                assert!(volumes.contains_key(source), "{name}: {source} is no volume");
                named.insert(source);
            }
        }
    }
    assert_eq!(named.len(), volumes.len(), "a volume is not used");
    assert!(folders >= 4);
}

#[test]
fn redis_keeps_what_it_acknowledges() {
    let compose = yaml("docker-compose.yml");
    let command = strings(&compose["services"]["redis"]["command"]);
    let value = |flag: &str| command.iter().skip_while(|word| **word != flag).nth(1).copied();
    assert_eq!(value("--appendonly"), Some("yes"));
    assert_eq!(value("--maxmemory-policy"), Some("noeviction"));
    let hosts = compose["services"]["redis-commander"]["environment"]["REDIS_HOSTS"]
        .as_str()
        .unwrap();
    assert_eq!(hosts, "local:redis:6379");
}

#[test]
fn the_nodes_of_a_cluster_are_those_of_their_configuration() {
    let compose = yaml("docker-compose.yml");
    let config = yaml("deploy/docker/node.yaml");
    let distributed = &config["eventflux"]["distributed"];
    let mut seeds = Vec::new();
    for node in ["node-1", "node-2", "node-3"] {
        let service = &compose["services"][node];
        assert_eq!(
            strings(&service["profiles"]),
            ["cluster"],
            "{node} starts unasked"
        );
        assert_eq!(service["hostname"], node);
        assert_eq!(strings(&service["command"])[2], "/etc/eventflux/node.yaml");
        let mounts = strings(&service["volumes"]);
        assert_eq!(mounts[0], "./deploy/docker/node.yaml:/etc/eventflux/node.yaml:ro");
        assert_eq!(
            mounts[1],
            format!(
                "{node}-data:{}",
                distributed["node"]["data_dir"].as_str().unwrap()
            )
        );
        seeds.push(format!("{node}:8080"));
    }
    assert_eq!(strings(&distributed["cluster"]["seed_nodes"]), seeds);
    assert_eq!(distributed["state_backend"]["endpoints"], "redis:6379");
    let dockerfile = read("deploy/docker/Dockerfile");
    let user = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("USER "))
        .unwrap();
    let set = read("deploy/kubernetes/eventflux.yaml");
    assert!(set.contains(&format!("runAsUser: {}", user.split(':').next().unwrap())));
}

#[test]
fn kafka_is_the_tested_one_and_does_transactions_alone() {
    let compose = yaml("docker-compose.yml");
    let kafka = &compose["services"]["kafka"];
    let tested = read("tests/support/kafka/pom.xml");
    let tag = kafka["image"].as_str().unwrap().rsplit_once(':').unwrap().1;
    assert!(
        tested.contains(&format!("<version>{tag}</version>")),
        "the tests run another Kafka than {tag}"
    );
    let environment = &kafka["environment"];
    assert_eq!(environment["KAFKA_PROCESS_ROLES"], "broker,controller");
    for alone in [
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
    ] {
        assert_eq!(environment[alone], "1", "{alone}");
    }
    let list = |key: &str| -> BTreeSet<&str> {
        let names = environment[key].as_str().unwrap().split(',');
        names.map(|entry| entry.split(':').next().unwrap()).collect()
    };
    assert_eq!(
        list("KAFKA_LISTENERS"),
        list("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP")
    );
    assert!(list("KAFKA_ADVERTISED_LISTENERS").is_subset(&list("KAFKA_LISTENERS")));
    assert!(
        environment["KAFKA_ADVERTISED_LISTENERS"]
            .as_str()
            .unwrap()
            .contains("HOST://127.0.0.1:9092")
    );
}

#[test]
fn prometheus_reads_eventflux_and_grafana_reads_prometheus() {
    let compose = yaml("docker-compose.yml");
    let mounts = strings(&compose["services"]["prometheus"]["volumes"]);
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    for file in strings(&prometheus["rule_files"]) {
        let target = format!("/etc/prometheus/{file}");
        assert!(
            mounts.iter().any(|mount| mount.contains(&target)),
            "{file} is not mounted"
        );
    }
    let job = &prometheus["scrape_configs"][0];
    assert_eq!(job["job_name"], "eventflux");
    let target = strings(&job["static_configs"][0]["targets"])[0];
    let (host, port) = target.split_once(':').unwrap();
    let hosts = strings(&compose["services"]["prometheus"]["extra_hosts"]);
    assert_eq!(hosts, [format!("{host}:host-gateway")]);
    for page in ["docker-compose.yml", "docs/guides/observing.md"] {
        assert!(
            read(page).contains(&format!(":{port}")),
            "{page} listens at another port than {port}"
        );
    }
    let source = &yaml("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"][0];
    assert_eq!(
        (&source["uid"], &source["url"]),
        (&"prometheus".into(), &"http://prometheus:9090".into())
    );
    let provider = &yaml("deploy/grafana/provisioning/dashboards/eventflux.yml")["providers"][0];
    let folder = provider["options"]["path"].as_str().unwrap();
    let mounts = strings(&compose["services"]["grafana"]["volumes"]);
    assert!(
        mounts.contains(&&*format!("./deploy/grafana/dashboards:{folder}:ro")),
        "{mounts:?}"
    );
}

/// The names of metrics in a query.
fn metrics_of(query: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = query.split(|letter| !is_name(letter));
    words.filter(|word| word.starts_with("eventflux_")).collect()
}

/// Names that a query gives to labels are those that metrics have.
fn check_query(query: &str, place: &str) {
    let known: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let named = metrics_of(query);
    assert!(
        !named.is_empty() || query.starts_with("up{"),
        "{place}: no metric in {query}"
    );
    for name in &named {
        assert!(known.contains(name), "{place}: there is no metric {name}");
    }
    for label in Metric::ALL.into_iter().filter_map(Metric::label) {
        let Some((_, rest)) = query.split_once(&format!("{}=", label.0)) else {
            continue;
        };
        let wanted = rest
            .trim_start_matches('~')
            .trim_start_matches('"')
            .split('"')
            .next()
            .unwrap();
        for value in wanted.split('|') {
            let mut members = Metric::ALL
                .into_iter()
                .filter(|metric| named.contains(metric.name()));
            assert!(
                members.any(|metric| metric.label() == Some((label.0, value))),
                "{place}: no {} {value}",
                label.0
            );
        }
    }
    let (open, close) = (
        query.matches(['(', '{', '[']).count(),
        query.matches([')', '}', ']']).count(),
    );
    assert_eq!(open, close, "{place}: {query}");
}

#[test]
fn alerts_ask_for_metrics_that_there_are() {
    let alerts = yaml("deploy/prometheus/alerts.yml");
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 4);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        check_query(rule["expr"].as_str().unwrap(), name);
        assert!(rule["annotations"]["summary"].is_string(), "{name}");
    }
}

#[test]
fn the_dashboard_shows_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/dashboards/eventflux.json")).unwrap();
    assert!(read("docker-compose.yml").contains(&format!("/d/{}", dashboard["uid"].as_str().unwrap())));
    let (mut ids, mut query_count) = (BTreeSet::new(), 0);
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title} has the id of another panel"
        );
        let place = &panel["gridPos"];
        assert!(
            place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24,
            "{title} is too wide"
        );
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "prometheus", "{title}");
            let query = target["expr"].as_str().unwrap();
            check_query(query, title);
            query_count += 1;
        }
    }
    assert!(query_count > 20, "{query_count} queries");
}
