//! What must hold for any environment and any certificate of a host.
//!
//! Must not contain: anything for the product.

use std::ffi::OsString;

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::CertificateDer;

use super::{
    ProviderInfo,
    handshake::{Environment, NETWORK_VARIABLE, line},
    listener::Address,
    tls::accepts_only,
};

const INFO: ProviderInfo = ProviderInfo {
    name: "toy",
    version: "1.2.3",
    commit: None,
    target: None,
    address: "registry.terraform.io/example/toy",
    log_variable: "TF_LOG_PROVIDER_TOY",
    summary: "a toy",
    crates: &[],
};

/// The variables that the host and the user may set, in the order in which an input lists their values.
const VARIABLES: [&str; 13] = [
    "PLUGIN_CLIENT_CERT",
    "TF_PLUGIN_MAGIC_COOKIE",
    "PLUGIN_PROTOCOL_VERSIONS",
    "PLUGIN_MULTIPLEX_GRPC",
    "PLUGIN_MIN_PORT",
    "PLUGIN_MAX_PORT",
    NETWORK_VARIABLE,
    "PLUGIN_UNIX_SOCKET_DIR",
    "PLUGIN_UNIX_SOCKET_GROUP",
    "TMPDIR",
    "TF_LOG_PROVIDER_TOY",
    "TF_LOG_PROVIDER",
    "TF_LOG",
];

/// An environment, values separated by NUL bytes, an empty one unset: an error in one line, or a handshake line of as
/// many fields as the host expects.
pub fn handshake(input: &[u8]) {
    let values: Vec<OsString> = input.split(|byte| *byte == 0).map(os_string).collect();
    let lookup = |name: &str| {
        let at = VARIABLES.iter().position(|variable| *variable == name)?;
        values.get(at).filter(|value| !value.is_empty()).cloned()
    };
    match Environment::parse(&INFO, lookup) {
        Ok(environment) => {
            let address = Address::Tcp(([127, 0, 0, 1], 1234).into());
            let line = line(
                &environment,
                &address,
                environment.client_certificate.as_ref(),
            );
            let fields = if environment.multiplex_asked { 7 } else { 6 };
            assert_eq!(line.matches('|').count() + 1, fields, "{line}");
            assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
        }
        Err(error) => {
            let error = error.to_string();
            assert!(error.len() < 1000, "{} bytes", error.len());
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }
}

/// A certificate in DER: any certificate is accepted if it was announced, another one is not, and nobody proves to
/// hold its key with a signature out of thin air.
pub fn certificate(input: &[u8]) {
    let (signature, der) = match input.split_first() {
        Some((&length, rest)) => rest.split_at(usize::from(length).min(rest.len())),
        None => (input, input),
    };
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(der)
    );
    let lookup = |name: &str| (name == VARIABLES[0]).then(|| OsString::from(&pem));
    if let Ok(environment) = Environment::parse(&INFO, lookup) {
        let parsed = environment.client_certificate;
        assert_eq!(parsed, Some(CertificateDer::from(der.to_vec())));
        accepts_only(der, signature);
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod corpus {
    use std::{fs, path::Path, time::Instant};

    type Target = fn(&[u8]);

    /// Every file of every target's corpus through the targets of this crate: what is hostile to one may be so to another.
    #[test]
    fn corpus_inputs_do_not_panic() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let targets: [(&str, Target); 2] = [
            ("certificate", super::certificate),
            ("handshake", super::handshake),
        ];
        let mut files = 0;
        for folder in fs::read_dir(corpus).expect("there is a corpus") {
            let folder = folder.expect("a readable entry").path();
            for entry in fs::read_dir(folder).expect("a folder for each target") {
                let path = entry.expect("a readable entry").path();
                let bytes = fs::read(&path).expect("a readable file");
                files += 1;
                for (name, target) in targets {
                    let started = Instant::now();
                    target(&bytes);
                    let elapsed = started.elapsed();
                    assert!(
                        elapsed.as_secs() < 10,
                        "{} took {name} {elapsed:?}",
                        path.display()
                    );
                }
            }
        }
        assert!(files >= 60, "{files} files only");
    }
}
