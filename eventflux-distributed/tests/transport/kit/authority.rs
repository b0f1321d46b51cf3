//! Certificates of the tests' nodes.

use std::sync::LazyLock;

use eventflux_distributed::transport::TlsIdentity;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
});

/// What a node shows and believes. Its certificate is made out to its id.
pub fn identity(node: &str) -> TlsIdentity {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![node.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &AUTHORITY).unwrap();
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes(), AUTHORITY.pem().as_bytes()).unwrap()
}
