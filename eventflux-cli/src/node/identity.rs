//! The certificate that a node shows, and whose it believes.

use eventflux::sql::diagnostic::Code;
use eventflux_distributed::transport::{TlsIdentity, TransportError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::Mistake;
use crate::config::model::{Distributed, Tls};

const GROUP: &str = "eventflux.distributed.transport.tls";

/// What the files hold; `None` without TLS.
///
/// **Errors** A file cannot be read or holds something else; the certificate is not this node's.
pub fn identity(distributed: &Distributed) -> Result<Option<TlsIdentity>, Mistake> {
    let tls = &distributed.transport.tls;
    if !tls.enabled.0 {
        return Ok(None);
    }
    let read = |name: &str, path: &Option<String>| {
        let path = path.as_deref().unwrap_or_default();
        let bytes = std::fs::read(path);
        bytes.map_err(|error| wrong(name, format!("cannot read `{path}`: {error}"), None))
    };
    let certificate = read("cert_path", &tls.cert_path)?;
    let key = read("key_path", &tls.key_path)?;
    let authority = match &tls.ca_path {
        Some(_) => read("ca_path", &tls.ca_path)?,
        None => behind_the_first(&certificate)?,
    };
    let identity =
        TlsIdentity::from_pem(&certificate, &key, &authority).map_err(|error| refused(tls, &error))?;
    let hosts = [
        distributed.control_endpoint().host,
        distributed.data_endpoint().host,
    ];
    for name in [&distributed.node_name()].into_iter().chain(&hosts) {
        if !identity.is_made_out_to(name) {
            let message = format!("the certificate is not made out to `{name}`");
            let help = "its alternative names have to hold the node's id, and the hosts of its endpoints";
            return Err(wrong("cert_path", message, Some(help)));
        }
    }
    Ok(Some(identity))
}

/// The certificates that sign the first one, as PEM.
fn behind_the_first(pem: &[u8]) -> Result<Vec<u8>, Mistake> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    if found.len() < 2 {
        let message = "it is not said who signed the certificates of the nodes";
        let help = "give `ca_path`, or let the signer's certificate follow the node's in `cert_path`";
        return Err(wrong("cert_path", message.to_owned(), Some(help)));
    }
    let text = String::from_utf8_lossy(pem);
    let second = text.match_indices("-----BEGIN CERTIFICATE").nth(1);
    let start = second.map_or(0, |(start, _)| start);
    Ok(text[start..].as_bytes().to_vec())
}

/// At the file that is meant.
fn refused(tls: &Tls, error: &TransportError) -> Mistake {
    let (object, message) = match error {
        TransportError::Tls { object, message } => (object.as_str(), message.clone()),
        other => ("certificate", other.to_string()),
    };
    let (name, path) = match (object, &tls.ca_path) {
        ("key", _) => ("key_path", &tls.key_path),
        ("authority", Some(_)) => ("ca_path", &tls.ca_path),
        _ => ("cert_path", &tls.cert_path),
    };
    let path = path.as_deref().unwrap_or_default();
    wrong(name, format!("`{path}` cannot be used: {message}"), None)
}

fn wrong(name: &str, message: String, help: Option<&str>) -> Mistake {
    Mistake::new(Code::InvalidValue, &format!("{GROUP}.{name}"), message, help)
}
