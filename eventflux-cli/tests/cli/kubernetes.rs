//! `deploy/kubernetes/`: Kubernetes takes it, the command takes the configuration in it, and what one part names is in another.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::command::{Workplace, repository};

const FILES: [&str; 2] = ["eventflux.yaml", "secret.yaml"];

/// All objects of the folder.
fn objects() -> Vec<Value> {
    let text = |name| std::fs::read_to_string(repository().join("deploy/kubernetes").join(name)).unwrap();
    let objects = FILES.map(|name| -> Vec<Value> { serde_saphyr::from_multiple(&text(name)).unwrap() });
    objects.concat()
}

#[track_caller]
fn object(kind: &str, name: &str) -> Value {
    let found = objects()
        .into_iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn configuration() -> String {
    let map = object("ConfigMap", "eventflux-config");
    map["data"]["node.yaml"].as_str().unwrap().to_owned()
}

fn names(list: &Value, key: &str) -> BTreeSet<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry[key].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_object_is_what_the_kubernetes_api_takes() {
    let python = std::env::var("EVENTFLUX_TEST_PYTHON").expect("run scripts/test.sh");
    let folder = repository().join("deploy/kubernetes");
    let files = FILES.map(|name| folder.join(name));
    for version in ["1.28", "1.37"] {
        let checked = Command::new(&python)
            .args(["-m", "kubernetes_validate", "--strict", "-k", version])
            .args(&files)
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{version}: {said}");
        assert_eq!(
            said.matches(" passed for resource ").count(),
            objects().len(),
            "{said}"
        );
    }
    let all: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(all, FILES.map(Into::into).into(), "a file that nobody looks at");
}

#[test]
fn the_configuration_in_it_is_one() {
    let place = Workplace::new();
    place.write("node.yaml", configuration());
    place.run(&["config", "check", "node.yaml"]).exits(0);
    place.write("node.yaml", configuration().replace("min_nodes", "min_node"));
    place.run(&["config", "check", "node.yaml"]).exits(2);
}

#[test]
fn what_the_configuration_speaks_of_is_there() {
    let text = configuration();
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    let distributed = &config["eventflux"]["distributed"];
    let set = object("StatefulSet", "eventflux");
    let pod = &set["spec"]["template"]["spec"];
    let container = &pod["containers"][0];

    // Every seed node is a pod, by the name that the headless service gives it.
    let service = set["spec"]["serviceName"].as_str().unwrap();
    let count = set["spec"]["replicas"].as_u64().unwrap();
    let pods: Vec<Value> = (0..count)
        .map(|pod| Value::from(format!("eventflux-{pod}.{service}:8080")))
        .collect();
    assert_eq!(distributed["cluster"]["seed_nodes"], Value::from(pods));
    assert_eq!(
        distributed["node"]["endpoints"],
        serde_json::json!([
            format!("${{HOSTNAME}}.{service}:8080"),
            format!("${{HOSTNAME}}.{service}:8081")
        ])
    );
    let headless = object("Service", service);
    assert_eq!(headless["spec"]["clusterIP"], "None");
    assert_eq!(headless["spec"]["publishNotReadyAddresses"], true);

    // Every port of a service is one of the container, which is one of the configuration.
    let ports = names(&container["ports"], "name");
    for service in [&headless, &object("Service", "eventflux")] {
        assert!(names(&service["spec"]["ports"], "targetPort").is_subset(&ports));
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        assert_eq!(&service["spec"]["selector"], labels);
    }
    for port in container["ports"].as_array().unwrap() {
        assert!(text.contains(&format!(":{}", port["containerPort"])), "{port}");
    }
    for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(container[probe]["httpGet"]["path"], path);
        assert!(ports.contains(container[probe]["httpGet"]["port"].as_str().unwrap()));
    }

    // Every file that is named is mounted, and every key of the Secret is used.
    let mounts = names(&container["volumeMounts"], "mountPath");
    let volumes: BTreeSet<String> = names(&pod["volumes"], "name")
        .into_iter()
        .chain(
            set["spec"]["volumeClaimTemplates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|claim| claim["metadata"]["name"].as_str().unwrap().to_owned()),
        )
        .collect();
    assert_eq!(names(&container["volumeMounts"], "name"), volumes);
    assert!(mounts.contains(distributed["node"]["data_dir"].as_str().unwrap()));
    let arguments = container["args"].as_array().unwrap();
    assert_eq!(arguments.last().unwrap(), "/etc/eventflux/config/node.yaml");
    assert!(mounts.contains("/etc/eventflux/config") && mounts.contains("/etc/eventflux/secrets"));
    let secret = object("Secret", "eventflux-secrets");
    for key in secret["stringData"].as_object().unwrap().keys() {
        assert!(
            text.contains(&format!("${{file:/etc/eventflux/secrets/{key}}}")),
            "{key} is not used"
        );
    }
    let budget = object("PodDisruptionBudget", "eventflux");
    assert_eq!(
        budget["spec"]["maxUnavailable"], 1,
        "two of three voters have to stay"
    );
}
