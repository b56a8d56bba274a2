//! A provider registry and a network mirror over TLS on loopback: service discovery, `providers.v1`, and files.

use std::{collections::BTreeMap, convert::Infallible, path::Path, sync::Arc, thread};

use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tokio_rustls::TlsAcceptor;

use acceptance_tests::acceptance::Failed;

/// Contents by path, with a leading slash.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A server that ends with this value.
pub(crate) struct Registry {
    port: u16,
    /// Its certificate, which the CLI has to trust, in PEM.
    pub(crate) certificate: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Registry {
    /// Serves files.
    pub(crate) fn start(files: Files) -> Result<Self, Failed> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        let (stop, stopped) = oneshot::channel();
        let files = Arc::new(files);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, acceptor, files) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            port,
            certificate: pem(made.cert.der()),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `localhost:PORT`.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, files: Arc<Files>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (acceptor, files) = (acceptor.clone(), Arc::clone(&files));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let response = respond(&files, request.uri().path());
                async move { Ok::<_, Infallible>(response) }
            });
            // A CLI that goes away in the middle is no concern of the server.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn respond(files: &Files, path: &str) -> Response<Full<Bytes>> {
    let (status, content) = match files.get(path) {
        Some(content) => (StatusCode::OK, content.clone()),
        None => (StatusCode::NOT_FOUND, Vec::new()),
    };
    let is_document = content.first() == Some(&b'{');
    let media_type = if is_document {
        "application/json"
    } else {
        "application/octet-stream"
    };
    let mut response = Response::new(Full::from(content));
    *response.status_mut() = status;
    if let Ok(value) = media_type.parse() {
        response.headers_mut().insert("content-type", value);
    }
    response
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// The files of a registry that offers the release in a folder, with a public key in ASCII armour.
///
/// Source: the provider registry protocol of Terraform's documentation.
pub(crate) fn offered(
    folder: &Path,
    version: &str,
    platform: (&str, &str),
    key: (&str, &str),
) -> Result<Files, Failed> {
    const SERVICE: &str = "/v1/providers/alicloud-cams/alicloud";
    let (os, arch) = platform;
    let name = |rest: &str| format!("terraform-provider-alicloud_{version}_{rest}");
    let archive = name(&format!("{os}_{arch}.zip"));
    let (sums, signature) = (name("SHA256SUMS"), name("SHA256SUMS.sig"));
    let mut files = Files::new();
    for asset in [&archive, &sums, &signature] {
        files.insert(
            format!("/assets/{asset}"),
            std::fs::read(folder.join(asset))?,
        );
    }
    let list = String::from_utf8(files[&format!("/assets/{sums}")].clone())?;
    let line = list
        .lines()
        .find(|line| line.ends_with(&archive))
        .ok_or("the package has no checksum")?;
    let shasum = line.split(' ').next().unwrap_or_default();
    let mut document =
        |path: String, content: Value| files.insert(path, content.to_string().into_bytes());
    document(
        "/.well-known/terraform.json".to_owned(),
        json!({ "providers.v1": "/v1/providers/" }),
    );
    document(
        format!("{SERVICE}/versions"),
        json!({ "versions": [{ "version": version, "protocols": ["6.0"], "platforms": [{ "os": os, "arch": arch }] }] }),
    );
    document(
        format!("{SERVICE}/{version}/download/{os}/{arch}"),
        json!({
            "protocols": ["6.0"], "os": os, "arch": arch, "filename": archive, "shasum": shasum,
            "download_url": format!("/assets/{archive}"),
            "shasums_url": format!("/assets/{sums}"),
            "shasums_signature_url": format!("/assets/{signature}"),
            "signing_keys": { "gpg_public_keys": [{ "key_id": key.0, "ascii_armor": key.1 }] },
        }),
    );
    Ok(files)
}
