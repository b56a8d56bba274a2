//! The way to a plugin: the handshake line, and connections as its host or as anybody else.
//!
//! Must not contain: processes.

use std::{
    fmt, io,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use hyper_util::rt::TokioIo;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use x509_cert::{Certificate, der::Decode};

use super::{HostError, Identity, MAX_WAIT};

/// The handshake line, checked as a host checks it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handshake {
    /// Where the plugin listens.
    pub address: Address,
    /// The certificate to trust, in DER. `None`: no TLS.
    pub certificate: Option<Vec<u8>>,
    /// The seventh field, if there is one.
    pub multiplex: Option<bool>,
}

/// Where a plugin listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// A socket's path.
    Unix(PathBuf),
    /// A loopback port.
    Tcp(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

impl Handshake {
    /// Reads the first line of stdout.
    pub fn parse(line: &str) -> Result<Self, HostError> {
        let fields: Vec<_> = line
            .strip_suffix('\n')
            .ok_or("the line has no end")?
            .split('|')
            .collect();
        let (network, address, certificate, rest) = match fields.as_slice() {
            ["1", "6", network, address, "grpc", certificate, rest @ ..] => {
                (network, address, certificate, rest)
            }
            _ => return Err(format!("not a handshake for plugin protocol 6: {line:?}").into()),
        };
        let address = match *network {
            "unix" => Address::Unix(PathBuf::from(address)),
            "tcp" => Address::Tcp(address.parse()?),
            other => return Err(format!("unknown network {other:?}").into()),
        };
        let certificate = match *certificate {
            "" => None,
            short if short.len() <= 50 => {
                return Err(format!("a host would not look at {short:?}").into());
            }
            base64 => Some(STANDARD_NO_PAD.decode(base64)?),
        };
        let multiplex = match rest {
            [] => None,
            [multiplex] => Some(multiplex.parse()?),
            _ => return Err(format!("too many fields: {line:?}").into()),
        };
        Ok(Self {
            address,
            certificate,
            multiplex,
        })
    }
}

/// Who dials.
#[derive(Clone, Debug)]
pub enum Caller {
    /// TLS, with a client certificate.
    WithCertificate(Identity),
    /// TLS, without a client certificate.
    Anonymous,
    /// No TLS at all.
    PlainText,
}

/// TLS 1.3 and 1.2, as hosts offer them.
pub const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A way to the plugin.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Where it listens and what it shows.
    pub handshake: Handshake,
    /// Who dials.
    pub caller: Caller,
    /// The TLS versions offered.
    pub versions: &'static [&'static SupportedProtocolVersion],
}

impl Dial {
    /// Connects for RPCs. Under TLS 1.3 a server refuses a certificate only after the client is content, so that a
    /// refusal may show in the first RPC instead.
    pub async fn connect(self) -> Result<Channel, HostError> {
        let connector = tower::service_fn(move |_| {
            let dial = self.clone();
            async move { Ok::<_, HostError>(TokioIo::new(dial.stream().await?)) }
        });
        // No name is looked up: the connector knows where to go.
        Ok(Endpoint::from_static("http://localhost")
            .connect_timeout(MAX_WAIT)
            .connect_with_connector(connector)
            .await?)
    }

    /// Connects, and ends where HTTP/2 would begin.
    pub async fn stream(&self) -> Result<Pin<Box<dyn Stream>>, HostError> {
        let raw = self.raw().await?;
        let resolver: Arc<dyn rustls::client::ResolvesClientCert> = match &self.caller {
            Caller::PlainText => return Ok(raw),
            Caller::Anonymous => Arc::new(NoCertificate),
            Caller::WithCertificate(identity) => Arc::new(identity.clone()),
        };
        let certificate = self
            .handshake
            .certificate
            .clone()
            .ok_or("the plugin shows no certificate")?;
        let provider = Arc::new(ring::default_provider());
        let verifier = OnlyThis {
            certificate: certificate.into(),
            provider: Arc::clone(&provider),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost")?, raw)
            .await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err("the plugin did not negotiate HTTP/2, which newer hosts insist on".into());
        }
        Ok(Box::pin(stream))
    }

    /// Connects, and ends where TLS would begin.
    pub async fn raw(&self) -> io::Result<Pin<Box<dyn Stream>>> {
        match &self.handshake.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::pin(stream))
            }
            #[cfg(unix)]
            Address::Unix(path) => Ok(Box::pin(tokio::net::UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Offers nothing.
#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Trusts the certificate of the handshake line under the rules of Go's verification: name, validity, key.
#[derive(Debug)]
struct OnlyThis {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OnlyThis {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity != self.certificate {
            return Err(CertificateError::UnknownIssuer.into());
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
        let certificate =
            Certificate::from_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        let validity = certificate.tbs_certificate().validity();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        if now < validity.not_before.to_system_time() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > validity.not_after.to_system_time() {
            return Err(CertificateError::Expired.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshake_lines() {
        let check = |line: &str, expected: Option<Handshake>| {
            assert_eq!(Handshake::parse(line).ok(), expected, "{line:?}");
        };
        let unix = Handshake {
            address: Address::Unix("/p/s".into()),
            certificate: None,
            multiplex: None,
        };
        check("1|6|unix|/p/s|grpc|\n", Some(unix.clone()));
        check(
            "1|6|unix|/p/s|grpc||false\n",
            Some(Handshake {
                multiplex: Some(false),
                ..unix.clone()
            }),
        );
        let certificate = Some(vec![0; 60]);
        check(
            &format!("1|6|unix|/p/s|grpc|{}\n", "A".repeat(80)),
            Some(Handshake {
                certificate,
                ..unix
            }),
        );
        check("1|6|unix|/p/s|grpc|", None);
        check("1|5|unix|/p/s|grpc|\n", None);
        check("2|6|unix|/p/s|grpc|\n", None);
        check("1|6|unix|/p/s|netrpc|\n", None);
        check("1|6|udp|/p/s|grpc|\n", None);
        check("1|6|tcp|localhost|grpc|\n", None);
        check("1|6|unix|/p/s|grpc|AAAA\n", None);
        check(&format!("1|6|unix|/p/s|grpc|{}==\n", "A".repeat(82)), None);
        check("1|6|unix|/p/s|grpc||false|x\n", None);
        check("\n", None);
    }
}
