//! Redis behind TLS: a real server, with its encryption done by a front of the test's own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::{RedisConfig, RedisStore, RedisTls};
use crate::state::store::CheckpointStore;
use crate::testing::{RedisServer, check_store};

/// An authority, and what it has signed.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a name, also as files `NAME.pem` and `NAME.key`.
    fn sign(&self, folder: &Path, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        (certificate.der().clone(), key)
    }
}

/// A Redis behind TLS.
struct Secured {
    folder: TempDir,
    _server: RedisServer,
    port: u16,
}

impl Secured {
    async fn start(asks_for_certificates: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let server = RedisServer::start(
            folder.path(),
            &["--appendonly", "yes", "--requirepass", "s3cret-word"],
        );
        let authority = Authority::new(folder.path());
        authority.sign(folder.path(), "client");
        let (certificate, key) = authority.sign(folder.path(), "localhost");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match asks_for_certificates {
            true => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
            false => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(vec![certificate], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = server.socket();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                tokio::spawn(async move {
                    // A client that does not trust this server goes away here.
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let mut server = UnixStream::connect(socket).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                    }
                });
            }
        });
        Self {
            folder,
            _server: server,
            port,
        }
    }

    fn config(&self, scheme: &str, settings: &str) -> RedisConfig {
        let settings = settings.replace("DIR", &self.folder.path().display().to_string());
        RedisConfig {
            url: format!("{scheme}://:s3cret-word@localhost:{}/1{settings}", self.port),
            connect_timeout: Duration::from_secs(2),
            retries: 1,
            ..RedisConfig::default()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_trusted_that_the_given_authority_has_signed() {
    let redis = Secured::start(false).await;
    let store = RedisStore::open(&redis.config("rediss", "?ca=DIR/ca.pem"), "app")
        .await
        .unwrap();
    let shown = format!("{store} {store:?}");
    assert!(
        shown.contains("localhost") && !shown.contains("s3cret"),
        "{shown}"
    );
    check_store(Arc::new(store)).await;
    // As fields they are the same.
    let config = RedisConfig {
        tls: RedisTls {
            ca: Some(redis.folder.path().join("ca.pem")),
            ..RedisTls::default()
        },
        ..redis.config("rediss", "")
    };
    let store = RedisStore::open(&config, "app").await.unwrap();
    assert!(
        store
            .put_if_absent("a", Bytes::from_static(b"abc").into())
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_known_has_signed_and_one_without_tls_are_refused() {
    let redis = Secured::start(false).await;
    let error = RedisStore::open(&redis.config("rediss", ""), "app")
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("certificate"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert!(RedisStore::open(&redis.config("redis", ""), "app").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_a_certificate_is_shown_one() {
    let redis = Secured::start(true).await;
    let with = redis.config("rediss", "?ca=DIR/ca.pem&cert=DIR/client.pem&key=DIR/client.key");
    let store = RedisStore::open(&with, "app").await.unwrap();
    assert!(
        store
            .put_if_absent("a", Bytes::from_static(b"abc").into())
            .await
            .unwrap()
    );
    let without = redis.config("rediss", "?ca=DIR/ca.pem");
    assert!(RedisStore::open(&without, "app").await.is_err());
}
