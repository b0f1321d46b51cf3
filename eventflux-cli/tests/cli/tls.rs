//! Sinks behind TLS, through the real binary: who signed the server's certificate is known to the system, or is not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use eventflux_core::testing::RedisServer;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::command::{Outcome, Workplace};

/// What connections lead to.
#[derive(Clone)]
enum Behind {
    /// A Redis at a socket.
    Redis(PathBuf),
    /// A server that takes every request, and keeps its body.
    Http(Arc<Mutex<Vec<String>>>),
}

/// A server at `localhost`; its authority's certificate is `ca.pem`.
struct Front {
    port: u16,
    authority: PathBuf,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    fn start(place: &Workplace, behind: Behind) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        place.write("ca.pem", params.self_signed(&authority_key).unwrap().pem());
        let issuer = Issuer::new(params, authority_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that does not trust this server goes away here.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    match behind {
                        Behind::Redis(socket) => hand_on(stream, socket).await,
                        Behind::Http(bodies) => answer(stream, &bodies).await,
                    }
                });
            }
        });
        Self {
            port,
            authority: place.path("ca.pem"),
            _runtime: runtime,
        }
    }

    /// Runs the app; the system knows the authority, or another one only.
    fn run(&self, place: &Workplace, knows_authority: bool) -> Outcome {
        let mut command = place.command(&["run", "app.sql", "--no-progress"]);
        let known = match knows_authority {
            true => self.authority.clone(),
            false => {
                let key = KeyPair::generate().unwrap();
                let other = CertificateParams::new(Vec::new()).unwrap().self_signed(&key);
                place.write("other.pem", other.unwrap().pem()).path("other.pem")
            }
        };
        Outcome::of(command.env("SSL_CERT_FILE", known).output().unwrap())
    }
}

/// An app that writes three rows with these options.
fn app(options: &str) -> String {
    format!(
        "CREATE STREAM numbers (n BIGINT)
         WITH ('connector' = 'datagen', 'rows' = '3', 'fields.n.kind' = 'sequence');
         CREATE STREAM written (n BIGINT) WITH ({options});
         INSERT INTO written SELECT n FROM numbers;"
    )
}

async fn hand_on(mut client: TlsStream<TcpStream>, socket: PathBuf) {
    let mut server = UnixStream::connect(socket).await.unwrap();
    // The client goes away without a word when its run ends.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

/// Answers one request, and keeps its body.
async fn answer(client: TlsStream<TcpStream>, bodies: &Mutex<Vec<String>>) {
    let mut client = BufReader::new(client);
    let mut length = 0;
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await.unwrap();
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap();
            }
            _ if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await.unwrap();
    bodies.lock().unwrap().push(String::from_utf8(body).unwrap());
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    client.write_all(answer.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
}

#[test]
fn rows_reach_a_redis_behind_tls_whose_authority_the_system_knows() {
    let place = Workplace::new();
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::durable(folder.path());
    let front = Front::start(&place, Behind::Redis(server.socket()));
    let options = format!(
        "'connector' = 'redis', 'url' = 'rediss://localhost:{}', 'key' = 'numbers', 'connect_timeout' = '5s'",
        front.port
    );
    place.write("app.sql", app(&options));
    let refused = front.run(&place, false).exits(3);
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    assert_eq!(server.command(&["XLEN", "numbers"]), "0");
    front.run(&place, true).exits(0);
    assert_eq!(server.command(&["XLEN", "numbers"]), "3");
}

#[test]
fn rows_are_posted_over_tls_to_whom_the_system_trusts() {
    let place = Workplace::new();
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let front = Front::start(&place, Behind::Http(Arc::clone(&bodies)));
    let options = format!(
        "'connector' = 'http', 'url' = 'https://localhost:{}/rows', 'retry.timeout' = '1s'",
        front.port
    );
    place.write("app.sql", app(&options));
    let refused = front.run(&place, false).exits(3);
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    assert_eq!(*bodies.lock().unwrap(), Vec::<String>::new());
    front.run(&place, true).exits(0);
    let text = bodies.lock().unwrap().concat();
    let rows = text.lines().filter(|line| line.starts_with("{\"n\":"));
    assert_eq!(rows.count(), 3, "{text}");
}
