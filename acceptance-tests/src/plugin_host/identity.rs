//! The certificate of a host, made as Terraform makes its own: self-signed, P-521, marked as a CA.
//!
//! Must not contain: connections.
//!
//! Source of the form: `hashicorp/go-plugin`, `mtls.go`.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use p521::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};
use rustls::{
    SignatureAlgorithm, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::CertificateDer,
    sign::{self, CertifiedKey},
};
use x509_cert::{
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    der::{Encode, asn1::Ia5String, oid::ObjectIdentifier},
    ext::{
        Extension, ToExtension,
        pkix::{
            BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            name::GeneralName,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

/// A certificate and the key that should belong to it.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Arc<SigningKey>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// A new key and its certificate, valid from 30 seconds ago for about 30 years.
    pub fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let key = SigningKey::generate();
        let public_key = key.verifying_key().to_public_key_der()?;
        let now = SystemTime::now();
        let time = |at: SystemTime| Time::try_from(at);
        let builder = CertificateBuilder::new(
            HostProfile(Name::from_str("CN=localhost,O=HashiCorp")?),
            // Positive, and of 128 bits like the Go routine's.
            SerialNumber::new(&[&[0x01][..], uuid::Uuid::new_v4().as_bytes()].concat())?,
            Validity::new(
                time(now - Duration::from_secs(30))?,
                time(now + Duration::from_secs(262_980 * 60 * 60))?,
            ),
            SubjectPublicKeyInfo::try_from(public_key.as_bytes())?,
        )?;
        let certificate = builder.build::<_, DerSignature>(&key)?.to_der()?;
        Ok(Self {
            certificate: certificate.into(),
            key: Arc::new(key),
        })
    }

    /// The certificate in PEM, as it stands in `PLUGIN_CLIENT_CERT`.
    pub fn pem(&self) -> String {
        let base64 = STANDARD.encode(&self.certificate);
        let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
        for (index, character) in base64.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
        pem
    }

    /// The size of the certificate in bytes.
    pub fn certificate_len(&self) -> usize {
        self.certificate.len()
    }

    /// The same key with a certificate that differs in one bit of the byte at `index`.
    #[must_use]
    pub fn with_flipped_bit(&self, index: usize) -> Self {
        let mut certificate = self.certificate.to_vec();
        certificate[index] ^= 1;
        Self {
            certificate: certificate.into(),
            key: Arc::clone(&self.key),
        }
    }

    /// This certificate with the key of another: what a thief has who saw the certificate go by.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self {
            certificate: self.certificate.clone(),
            key: Arc::clone(&other.key),
        }
    }
}

struct HostProfile(Name);

/// `id-kp-clientAuth` and `id-kp-serverAuth` of RFC 5280.
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

impl BuilderProfile for HostProfile {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let usages = KeyUsages::DigitalSignature
            | KeyUsages::KeyEncipherment
            | KeyUsages::KeyAgreement
            | KeyUsages::KeyCertSign;
        let localhost = GeneralName::DnsName(Ia5String::new("localhost")?);
        Ok(vec![
            KeyUsage(usages).to_extension(subject, &[])?,
            ExtendedKeyUsage(vec![CLIENT_AUTH, SERVER_AUTH]).to_extension(subject, &[])?,
            BasicConstraints {
                ca: true,
                path_len_constraint: None,
            }
            .to_extension(subject, &[])?,
            SubjectAltName(vec![localhost]).to_extension(subject, &[])?,
        ])
    }
}

/// Presents the identity to every server that can verify P-521, and ignores the server's hints.
impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Go's TLS sends no certificate, rather than a useless one, to a server that offers no scheme for its key.
        schemes.contains(&SCHEME).then(|| {
            Arc::new(CertifiedKey::new(
                vec![self.certificate.clone()],
                Arc::new(P521Key(Arc::clone(&self.key))),
            ))
        })
    }

    fn has_certs(&self) -> bool {
        true
    }
}

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP521_SHA512;

/// Signs with ECDSA over P-521 and SHA-512, which ring cannot.
#[derive(Clone)]
struct P521Key(Arc<SigningKey>);

impl fmt::Debug for P521Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P521Key")
    }
}

impl sign::SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn sign::Signer>> {
        offered
            .contains(&SCHEME)
            .then(|| Box::new(self.clone()) as Box<dyn sign::Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl sign::Signer for P521Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature: DerSignature = self
            .0
            .try_sign(message)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(signature.as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn each_identity_is_new() {
        let (one, two) = (
            Identity::new().expect("is made"),
            Identity::new().expect("is made"),
        );
        assert_ne!(one.certificate, two.certificate);
        assert_ne!(one.certificate, one.with_flipped_bit(20).certificate);
        assert!(one.pem().lines().all(|line| line.len() <= 64));
    }

    /// A second opinion about the form, where there is one to ask.
    #[test]
    fn openssl_reads_the_certificate() {
        let identity = Identity::new().expect("is made");
        let Ok(mut openssl) = Command::new("openssl")
            .args(["x509", "-noout", "-text"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        else {
            return;
        };
        std::io::Write::write_all(
            &mut openssl.stdin.take().expect("is piped"),
            identity.pem().as_bytes(),
        )
        .expect("is read");
        let output = openssl.wait_with_output().expect("ends");
        let text = String::from_utf8(output.stdout).expect("is text");
        for word in [
            "ecdsa-with-SHA512",
            "P-521",
            "CA:TRUE",
            "DNS:localhost",
            "TLS Web Client Authentication",
        ] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
}
