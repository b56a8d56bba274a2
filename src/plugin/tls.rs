//! AutoMTLS: both sides make a certificate for this one process and trust exactly the other's.
//!
//! Must not contain: sockets, trust in anything else than the host's certificate.
//!
//! The host's certificate is self-signed, uses a P-521 key and is marked as a CA (`hashicorp/go-plugin`, `mtls.go`).
//! Chain validation would refuse it as a leaf, and would prove nothing: the certificate is known in advance. So it is
//! compared byte for byte, and the host proves with its signature in the handshake that it holds the key. Validity dates
//! and names are deliberately not looked at.

use std::{fmt, sync::Arc};

use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName as Subject, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{
        AlgorithmIdentifier, CertificateDer, InvalidSignature, PrivatePkcs8KeyDer,
        SignatureVerificationAlgorithm, UnixTime, alg_id,
    },
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::{TLS12, TLS13},
};
use time::{Duration, OffsetDateTime};

/// Our half of AutoMTLS, ready to accept.
pub(super) struct Identity {
    /// The certificate to announce in the handshake line.
    pub(super) certificate: CertificateDer<'static>,
    /// Accepts the host's certificate and no other; TLS 1.2 and 1.3; HTTP/2.
    pub(super) config: Arc<ServerConfig>,
}

/// A failure to make a certificate or to configure TLS; neither depends on input.
#[derive(Debug)]
pub(super) enum TlsError {
    Certificate(rcgen::Error),
    Config(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => {
                write!(f, "unable to make the certificate of this process: {error}")
            }
            Self::Config(error) => write!(f, "unable to prepare TLS for this process: {error}"),
        }
    }
}

impl Identity {
    /// Makes a key and a certificate, valid around `now`, and trusts `client` alone.
    pub(super) fn new(
        client: CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = one_off_certificate(now).map_err(TlsError::Certificate)?;
        // Named here and not taken from the process: another crate may have installed another provider there.
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(PinnedClientVerifier::new(client, &provider));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Config)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.clone()], key.into())
            .map_err(TlsError::Config)?;
        // Hosts since Terraform 1.12 refuse a server that does not negotiate it.
        config.alpn_protocols = vec![b"h2".to_vec()];
        // One host, one connection: nothing to resume, and no way in but a full handshake.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            certificate,
            config: Arc::new(config),
        })
    }
}

/// A self-signed P-256 certificate for `localhost`, the name that hosts verify. P-256 is what ring signs fastest.
fn one_off_certificate(
    now: OffsetDateTime,
) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([HOST_NAME.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, HOST_NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // The process lives for minutes, but its clock may jump while a laptop sleeps.
    params.not_before = now - Duration::DAY;
    params.not_after = now + Duration::days(365);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), key.serialize_der().into()))
}

const HOST_NAME: &str = "localhost";

/// Accepts one certificate.
#[derive(Debug)]
struct PinnedClientVerifier {
    certificate: CertificateDer<'static>,
    /// What ring verifies. Real hosts use P-521, which it does not.
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedClientVerifier {
    fn new(certificate: CertificateDer<'static>, provider: &CryptoProvider) -> Self {
        Self {
            certificate,
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn algorithms(&self, scheme: SignatureScheme) -> &WebPkiSupportedAlgorithms {
        if scheme == SignatureScheme::ECDSA_NISTP521_SHA512 {
            &WITH_P521
        } else {
            &self.algorithms
        }
    }
}

impl ClientCertVerifier for PinnedClientVerifier {
    fn root_hint_subjects(&self) -> &[Subject] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, self.algorithms(dss.scheme))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, self.algorithms(dss.scheme))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        // First, because a client under TLS 1.2 may sign with any ECDSA scheme for any curve, and takes our
        // first: with P-521 and SHA-256, which nothing here verifies.
        let mut schemes = WITH_P521.supported_schemes();
        schemes.extend(self.algorithms.supported_schemes());
        schemes
    }
}

static WITH_P521: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&EcdsaP521Sha512],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&EcdsaP521Sha512])],
};

/// ECDSA over P-521 with SHA-512, by the `p521` crate.
#[derive(Debug)]
struct EcdsaP521Sha512;

impl SignatureVerificationAlgorithm for EcdsaP521Sha512 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

/// For the fuzzer: a verifier of any certificate accepts that one alone, and no signature of it that is none.
#[cfg(any(test, fuzzing))]
pub(super) fn accepts_only(certificate: &[u8], signature: &[u8]) {
    let verifier = PinnedClientVerifier::new(
        CertificateDer::from(certificate.to_vec()),
        &ring::default_provider(),
    );
    let now = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
    let accepts = |der: &[u8]| {
        let der = CertificateDer::from(der);
        verifier.verify_client_cert(&der, &[], now).is_ok()
    };
    assert!(accepts(certificate));
    assert!(!accepts(signature) || signature == certificate);
    let mut longer = certificate.to_vec();
    longer.push(0);
    assert!(!accepts(&longer));
    let key = signature.split_at(signature.len() / 2);
    assert!(
        EcdsaP521Sha512
            .verify_signature(key.0, b"message", key.1)
            .is_err()
    );
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::{SigningKey, signature::Signer};

    use super::*;

    /// The private key of RFC 6979, appendix A.2.7.
    const PRIVATE_KEY: &str = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D1\
                               6FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";
    /// Its signature of "sample" with SHA-512, r and s.
    const SIGNATURE: &str = "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B53\
                             4931D7D4E8455CC91F9B15BF05EC36E377FA\
                             00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF077\
                             7B1A20F8CCB1DCCC43997F1EE0E44DA4A67A";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("is hex"))
            .collect()
    }

    #[test]
    fn p521_signatures_are_verified() {
        let key = SigningKey::from_slice(&bytes(PRIVATE_KEY)).expect("a key");
        let public = key.verifying_key().to_sec1_point(false);
        let public = public.as_bytes();
        let signature = Signature::from_slice(&bytes(SIGNATURE))
            .expect("a signature")
            .to_der();
        let signature = signature.as_bytes();
        let check = |public: &[u8], message: &[u8], signature: &[u8], expected: bool| {
            assert_eq!(
                EcdsaP521Sha512
                    .verify_signature(public, message, signature)
                    .is_ok(),
                expected
            );
        };
        check(public, b"sample", signature, true);
        check(public, b"Sample", signature, false);
        check(public, b"", signature, false);
        for index in [0, 1, 5, signature.len() - 1] {
            let mut other = signature.to_vec();
            other[index] ^= 1;
            check(public, b"sample", &other, false);
        }
        check(public, b"sample", &signature[..signature.len() - 1], false);
        check(public, b"sample", &[], false);
        check(&public[..100], b"sample", signature, false);
        check(&[], b"sample", signature, false);
        let other: Signature = key.sign(b"other");
        check(public, b"sample", other.to_der().as_bytes(), false);
    }

    fn identity_for(client: &[u8]) -> Identity {
        Identity::new(
            CertificateDer::from(client.to_vec()),
            OffsetDateTime::UNIX_EPOCH + Duration::days(20_000),
        )
        .expect("is made")
    }

    #[test]
    fn every_process_has_its_own_certificate() {
        let (one, two) = (identity_for(b"host"), identity_for(b"host"));
        assert_ne!(one.certificate, two.certificate);
        // A host ignores a certificate of 50 characters or fewer.
        assert!(one.certificate.len() > 100);
        assert_eq!(one.config.alpn_protocols, [b"h2"]);
    }

    #[test]
    fn only_the_exact_certificate_is_accepted() {
        let verifier = PinnedClientVerifier::new(
            CertificateDer::from(b"host".as_slice()),
            &ring::default_provider(),
        );
        assert!(verifier.offer_client_auth() && verifier.client_auth_mandatory());
        let check = |certificate: &[u8], expected| {
            let result = verifier.verify_client_cert(
                &CertificateDer::from(certificate),
                &[],
                UnixTime::now(),
            );
            assert_eq!(result.is_ok(), expected, "{certificate:?}");
        };
        check(b"host", true);
        check(b"Host", false);
        check(b"hos", false);
        check(b"hostt", false);
        check(b"", false);
    }

    #[test]
    fn p521_is_offered_first() {
        let verifier = PinnedClientVerifier::new(
            CertificateDer::from(b"host".as_slice()),
            &ring::default_provider(),
        );
        let schemes = verifier.supported_verify_schemes();
        assert_eq!(schemes[0], SignatureScheme::ECDSA_NISTP521_SHA512);
        assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP256_SHA256));
        assert_eq!(
            schemes
                .iter()
                .filter(|scheme| **scheme == schemes[0])
                .count(),
            1
        );
    }
}
