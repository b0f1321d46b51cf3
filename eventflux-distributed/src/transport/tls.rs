//! Who a node is, and whom it believes: TLS 1.3, certificates on both sides.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::error::{Result, TransportError};
use crate::consensus::ControlTls;

/// The protocol of control planes.
const HTTP2: &[u8] = b"h2";

const NO_CERTIFICATE: &str = "has no certificate";

/// The certificate of a node, and the authority that has signed those of all nodes.
///
/// A node's certificate is made out to its id: as a DNS name among its alternative names.
#[derive(Clone)]
pub struct TlsIdentity {
    certificate: CertificateDer<'static>,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys do not belong into logs.
        f.write_str("TlsIdentity")
    }
}

impl TlsIdentity {
    /// From PEM files.
    ///
    /// **Errors** One cannot be read, or holds something else.
    pub fn from_files(certificate: &Path, key: &Path, authority: &Path) -> Result<Self> {
        let read = |path: &Path| {
            let bytes = std::fs::read(path);
            bytes.map_err(|error| wrong(path.display(), error))
        };
        let texts = [read(certificate)?, read(key)?, read(authority)?];
        let names = [certificate, key, authority].map(|path| path.display().to_string());
        Self::from_named(&names, &texts)
    }

    /// From PEM texts: the certificate with those between it and the authority, its key, the authority.
    ///
    /// **Errors** One holds something else.
    pub fn from_pem(certificate: &[u8], key: &[u8], authority: &[u8]) -> Result<Self> {
        let names = ["certificate", "key", "authority"].map(str::to_owned);
        Self::from_named(&names, &[certificate.to_vec(), key.to_vec(), authority.to_vec()])
    }

    fn from_named(names: &[String; 3], texts: &[Vec<u8>; 3]) -> Result<Self> {
        let [own, key, authority] = names;
        let chain = certificates(own, &texts[0])?;
        let certificate = chain.first().cloned().ok_or_else(|| wrong(own, NO_CERTIFICATE))?;
        let private = PrivateKeyDer::from_pem_slice(&texts[1]).map_err(|error| wrong(key, error))?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authority, &texts[2])? {
            roots.add(certificate).map_err(|error| wrong(authority, error))?;
        }
        let roots = Arc::new(roots);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let verifier = verifier.build().map_err(|error| wrong(authority, error))?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| wrong(own, error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), private.clone_key())
            .map_err(|error| wrong(own, error))?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| wrong(own, error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, private)
            .map_err(|error| wrong(own, error))?;
        Ok(Self {
            certificate,
            client: Arc::new(client),
            server: Arc::new(server),
        })
    }

    /// For the control plane, which speaks HTTP/2. There the certificate has to be made out to the host that is called.
    pub fn control(&self) -> ControlTls {
        ControlTls {
            server: self.server(HTTP2),
            client: self.client(HTTP2),
            server_name: None,
        }
    }

    /// Whether the certificate is made out to a name: that of a node, or of a host.
    pub fn is_made_out_to(&self, name: &str) -> bool {
        is_made_out_to(&self.certificate, name).is_ok()
    }

    /// How to dial, for a protocol.
    pub(super) fn client(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.client);
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }

    /// How to take in, for a protocol.
    pub(super) fn server(&self, protocol: &[u8]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::clone(&self.server);
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

/// The name that a node's certificate is made out to.
pub(super) fn server_name(node: &str) -> Result<ServerName<'static>> {
    let name = ServerName::try_from(node.to_owned());
    name.map_err(|_| wrong(node, "an id of a node that cannot stand in a certificate"))
}

/// Says what is wrong if a certificate, whose signature was checked, is another node's.
pub(super) fn is_made_out_to(certificate: &CertificateDer<'_>, node: &str) -> Result<(), String> {
    let name = ServerName::try_from(node).map_err(|_| format!("`{node}` cannot stand in a certificate"))?;
    let parsed = ParsedCertificate::try_from(certificate).map_err(|error| error.to_string())?;
    verify_server_name(&parsed, &name)
        .map_err(|_| format!("the certificate is not made out to node `{node}`"))
}

fn certificates(name: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong(name, NO_CERTIFICATE)),
        found => found.map_err(|error| wrong(name, error)),
    }
}

fn wrong(object: impl fmt::Display, message: impl fmt::Display) -> TransportError {
    TransportError::Tls {
        object: object.to_string(),
        message: message.to_string(),
    }
}
