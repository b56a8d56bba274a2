//! A private root: only the file in `SSL_CERT_FILE` has the authority that signed the certificate of the endpoint.

use std::{net::SocketAddr, sync::Arc, thread};

use acceptance_tests::{
    acceptance::{Case, Failed, TestContext, TestResult, contains, equal, only_error},
    cases,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
};
use tokio_rustls::TlsAcceptor;

use crate::{BINDING, ROLE, TENANT, configure, keys, populate};

pub(crate) const CASES: &[Case] = cases![private_root: private_root_in_ssl_cert_file_is_trusted];

/// The emulator behind TLS.
struct TlsServer {
    endpoint: String,
    /// The authority of its certificate, as PEM.
    authority: String,
}

impl TlsServer {
    fn start(emulator: SocketAddr) -> Result<Self, Failed> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let root = authority.self_signed(&authority_key)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?
            .signed_by(&key, &Issuer::new(authority, authority_key))?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let endpoint = format!("https://{}", listener.local_addr()?);
        // The thread ends with the process.
        thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((stream, _)) = listener.accept().await {
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        // Who does not trust the certificate goes away.
                        let mut outer = acceptor.accept(stream).await?;
                        let mut inner = TcpStream::connect(emulator).await?;
                        tokio::io::copy_bidirectional(&mut outer, &mut inner).await
                    });
                }
            });
        });
        let body = STANDARD.encode(root.der());
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("Base64 is ASCII"))
            .collect();
        Ok(Self {
            endpoint,
            authority: format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            ),
        })
    }
}

fn private_root_in_ssl_cert_file_is_trusted(context: &mut TestContext) -> TestResult {
    populate(context)?;
    let server = TlsServer::start(context.emulator.address())?;
    context
        .directory
        .write("authority.pem", &server.authority)?;
    let role = format!("  assume_role {{\n    role_arn = \"{ROLE}\"\n  }}");
    configure(context, &format!("{}{role}", keys()), BINDING)?;
    let written = context.directory.read("main.tf")?;
    let here = format!("cams = \"{}\"", context.emulator.endpoint());
    let moved = written.replace(&here, &format!("cams = \"{}\"", server.endpoint));
    equal("whether CAMS was moved", moved != written, true)?;
    context.directory.write("main.tf", &moved)?;

    context.directory.unset("SSL_CERT_FILE");
    let apply = ["apply", "-auto-approve", "-json"];
    let output = context.directory.run(&apply)?.expecting(1)?;
    contains(
        &only_error(&output)?.text(),
        &[
            "certificate not trusted",
            "set SSL_CERT_FILE to a file that has it",
            "Provider.Network.Certificate",
        ],
    )?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 0)?;

    let file = context.directory.path().join("authority.pem");
    context.directory.set("SSL_CERT_FILE", file);
    context.apply()?.expecting(0)?;
    equal("spaces", context.emulator.spaces(TENANT).len(), 1)
}
