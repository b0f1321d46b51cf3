//! Certificates: which are refused, and nodes that show good ones.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::kit::Cluster;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes `NAME.crt` and `NAME.key`, made out to some names.
fn certificate(cluster: &Cluster, authority: &Authority, name: &str, names: &[&str]) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    cluster.place.write(&format!("{name}.crt"), certificate.pem());
    cluster.place.write(&format!("{name}.key"), key.serialize_pem());
    cluster.place.write("ca.crt", authority.pem());
}

fn transport(certificate: &str, key: &str, rest: &str) -> String {
    format!(
        "    transport:
      implementation: grpc
      tls:
        enabled: true
        cert_path: {certificate}
        key_path: {key}
{rest}"
    )
}

const CA: &str = "        ca_path: ca.crt\n";

#[test]
fn wrong_files_are_refused_at_their_keys() {
    let cluster = Cluster::new(1);
    let host = cluster.host.clone();
    let authority = authority();
    certificate(&cluster, &authority, "good", &["node-1", &host]);
    certificate(&cluster, &authority, "other", &["node-2", &host]);
    certificate(&cluster, &authority, "hostless", &["node-1"]);
    cluster.place.write("empty.crt", "");
    for (text, key, message) in [
        (
            transport("absent.crt", "good.key", CA),
            "cert_path",
            "cannot read `absent.crt`: ",
        ),
        (
            transport("good.crt", "absent.key", CA),
            "key_path",
            "cannot read `absent.key`: ",
        ),
        (
            transport("empty.crt", "good.key", CA),
            "cert_path",
            "`empty.crt` cannot be used: ",
        ),
        (
            transport("good.crt", "good.crt", CA),
            "key_path",
            "`good.crt` cannot be used: ",
        ),
        (
            transport("good.crt", "other.key", CA),
            "cert_path",
            "`good.crt` cannot be used: ",
        ),
        (
            transport("good.crt", "good.key", "        ca_path: empty.crt\n"),
            "ca_path",
            "`empty.crt` cannot be used: ",
        ),
        (
            transport("good.crt", "good.key", ""),
            "cert_path",
            "it is not said who signed the certificates of the nodes",
        ),
        (
            transport("other.crt", "other.key", CA),
            "cert_path",
            "the certificate is not made out to `node-1`",
        ),
        (
            transport("hostless.crt", "hostless.key", CA),
            "cert_path",
            &format!("the certificate is not made out to `{host}`"),
        ),
    ] {
        cluster.write(1, &text);
        let stderr = cluster
            .place
            .run(&["node", "--config", "node1.yaml"])
            .exits(2)
            .stderr;
        let at = format!(" {key}: ");
        assert!(
            stderr.contains(message) && stderr.contains(&at),
            "{text}\n{stderr}"
        );
    }
}

#[test]
fn nodes_that_show_certificates_find_each_other_and_others_do_not() {
    let cluster = Cluster::new(3);
    let host = cluster.host.clone();
    let authority = authority();
    for node in 1..=3 {
        let name = format!("node-{node}");
        certificate(&cluster, &authority, &name, &[&name, &host]);
        // Who signed it stands behind it, and need not be given.
        let chain = format!(
            "{}{}",
            cluster.place.read(&format!("{name}.crt")),
            authority.pem()
        );
        cluster.place.write(&format!("{name}.crt"), chain);
        cluster.write(
            node,
            &transport(&format!("{name}.crt"), &format!("{name}.key"), ""),
        );
    }
    let mut nodes = cluster.start_all();
    for node in &mut nodes {
        node.says("joined the cluster");
    }
    let endpoints = format!("node.endpoints={host}:8009");
    let mut plain = cluster.start_with(
        1,
        &[
            "--listen",
            "off",
            "--node-id",
            "plain",
            "--set",
            &endpoints,
            "--set",
            "transport.tls.enabled=false",
        ],
    );
    plain.says("not in a cluster yet");
}
