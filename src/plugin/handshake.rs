//! The handshake between host and plugin: the host's environment variables, and the one line of the plugin's response.
//!
//! The only module of `src/plugin` that reads the environment. Must not contain: sockets, TLS, output.
//!
//! Source of the facts: the protocol of `hashicorp/go-plugin`, `docs/internals.md` and `server.go`.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use rustls::{
    pki_types::{CertificateDer, pem::PemObject},
    server::ParsedCertificate,
};

use super::{ProviderInfo, listener::Address, logging::Verbosity};

/// The app protocol version that this binary speaks: Terraform plugin protocol 6.
pub(super) const APP_PROTOCOL: u32 = 6;

/// The variable by which a person chooses `unix` or `tcp`.
pub(super) const NETWORK_VARIABLE: &str = "TF_PLUGIN_NETWORK";

/// Everything the environment says about one start, parsed.
#[derive(Debug)]
pub(super) struct Environment {
    /// Whether the host proved that it is one: the magic cookie.
    pub(super) cookie: bool,
    /// The app protocol version to announce.
    pub(super) app_protocol: u32,
    /// The host's certificate, the only one to accept. `None`: the host asked for no TLS.
    pub(super) client_certificate: Option<CertificateDer<'static>>,
    /// Whether the handshake line must end with a seventh field.
    pub(super) multiplex_asked: bool,
    /// Where to listen.
    pub(super) listen: Listen,
    /// Which log lines anybody will see.
    pub(super) verbosity: Verbosity,
}

/// The settings of the host and the user for the listener.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Listen {
    pub(super) network: Network,
    /// `PLUGIN_UNIX_SOCKET_DIR`: the host wants the socket below this directory and nowhere else.
    pub(super) socket_directory: Option<PathBuf>,
    /// `PLUGIN_UNIX_SOCKET_GROUP`: this group, a name or a number, must be able to connect.
    pub(super) socket_group: Option<String>,
    /// The directory for temporary files.
    pub(super) temporary_directory: PathBuf,
    pub(super) ports: Ports,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Network {
    Unix,
    Tcp,
}

/// Ports that the host allows, both ends included, `first <= last`. Port 0 is any free port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ports {
    pub(super) first: u16,
    pub(super) last: u16,
}

/// A variable that does not say what it must. The text names the variable and never quotes its whole value.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum EnvironmentError {
    NotUnicode {
        variable: &'static str,
    },
    NotAPort {
        variable: &'static str,
        value: String,
    },
    EmptyPortRange {
        first: u16,
        last: u16,
    },
    UnknownNetwork {
        value: String,
    },
    ClientCertificate(CertificateFault),
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum CertificateFault {
    Pem(String),
    Missing,
    Several(usize),
    X509(String),
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUnicode { variable } => {
                write!(f, "{variable} is not valid UTF-8; unset it or correct it")
            }
            Self::NotAPort { variable, value } => write!(
                f,
                "{variable} is {}, but must be a port number from 0 to 65535, as the host sets it",
                Quoted(value)
            ),
            Self::EmptyPortRange { first, last } => write!(
                f,
                "PLUGIN_MIN_PORT ({first}) is greater than PLUGIN_MAX_PORT ({last}), so no port is allowed"
            ),
            Self::UnknownNetwork { value } => {
                write!(
                    f,
                    "{NETWORK_VARIABLE} is {}, but must be \"unix\" or \"tcp\"; unset it to let the provider choose",
                    Quoted(value)
                )
            }
            Self::ClientCertificate(fault) => {
                f.write_str("PLUGIN_CLIENT_CERT is set, but ")?;
                match fault {
                    CertificateFault::Pem(reason) => {
                        write!(f, "cannot be read as PEM: {}", Short(reason))?
                    }
                    CertificateFault::Missing => {
                        f.write_str("holds no PEM block of type CERTIFICATE")?
                    }
                    CertificateFault::Several(count) => {
                        write!(f, "holds {count} certificates instead of one")?
                    }
                    CertificateFault::X509(reason) => write!(
                        f,
                        "its content is not an X.509 certificate: {}",
                        Short(reason)
                    )?,
                }
                f.write_str(
                    "; the connection cannot be protected. The host sets this variable itself: \
                     make sure that nothing between it and the plugin changes it",
                )
            }
        }
    }
}

/// The beginning of a text, fit to stand in one line.
struct Short<'a>(&'a str);

/// The same in quotes.
struct Quoted<'a>(&'a str);

/// How much of a value of the environment an error shows, in characters. A value may have more than 100 000.
const SHOWN: usize = 80;

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(SHOWN).collect();
        f.write_str(&shown.replace(char::is_control, " "))?;
        f.write_str(if shown.len() < self.0.len() {
            "..."
        } else {
            ""
        })
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(SHOWN).collect();
        write!(f, "{shown:?}")?;
        f.write_str(if shown.len() < self.0.len() {
            "..."
        } else {
            ""
        })
    }
}

impl Environment {
    /// Reads the environment of this process.
    pub(super) fn of_process(info: &ProviderInfo) -> Result<Self, EnvironmentError> {
        Self::parse(info, |name| env::var_os(name))
    }

    /// Reads an environment given as a function from names to values.
    pub(super) fn parse(
        info: &ProviderInfo,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, EnvironmentError> {
        let cookie = lookup(COOKIE.0).is_some_and(|value| value == COOKIE.1);
        let client_certificate = lookup("PLUGIN_CLIENT_CERT")
            .map(|pem| certificate(&pem))
            .transpose()
            .map_err(EnvironmentError::ClientCertificate)?;
        Ok(Self {
            cookie,
            app_protocol: choose(
                &[APP_PROTOCOL],
                lookup("PLUGIN_PROTOCOL_VERSIONS").as_deref(),
            ),
            client_certificate,
            // Its value means nothing: a host that does not multiplex does not set it.
            multiplex_asked: lookup("PLUGIN_MULTIPLEX_GRPC").is_some_and(|value| !value.is_empty()),
            listen: Listen {
                network: network(&lookup)?,
                socket_directory: non_empty(lookup("PLUGIN_UNIX_SOCKET_DIR")).map(PathBuf::from),
                socket_group: non_empty(lookup("PLUGIN_UNIX_SOCKET_GROUP"))
                    .map(|value| text("PLUGIN_UNIX_SOCKET_GROUP", value))
                    .transpose()?,
                temporary_directory: non_empty(lookup("TMPDIR"))
                    .map_or_else(|| PathBuf::from("/tmp"), PathBuf::from),
                ports: ports(&lookup)?,
            },
            verbosity: Verbosity::from_variables(
                lookup(info.log_variable).as_deref(),
                lookup("TF_LOG_PROVIDER").as_deref(),
                lookup("TF_LOG").as_deref(),
            ),
        })
    }
}

/// The line for the host, newline included:
/// `1|6|<network>|<address>|grpc|<certificate>`, and `|false` if the host asked about multiplexing.
///
/// The certificate is the DER in the standard base64 alphabet without padding: hosts refuse `=`.
/// A seventh field is only sent on request, because older hosts would read it as a part of the certificate.
pub(super) fn line(
    environment: &Environment,
    address: &Address,
    certificate: Option<&CertificateDer<'_>>,
) -> String {
    let certificate = certificate
        .map(|der| STANDARD_NO_PAD.encode(der))
        .unwrap_or_default();
    let multiplex = if environment.multiplex_asked {
        "|false"
    } else {
        ""
    };
    format!(
        "{CORE_PROTOCOL}|{version}|{network}|{address}|grpc|{certificate}{multiplex}\n",
        version = environment.app_protocol,
        network = address.network(),
    )
}

/// What a person reads who starts the binary by hand. `-help` is the way out.
pub(super) fn not_a_host(info: &ProviderInfo) -> String {
    format!(
        "This is terraform-provider-{name} {version}, a plugin that Terraform and OpenTofu start themselves; \
         it does nothing on its own.\n\
         Require {address} in a configuration and run terraform, or see -help.\n",
        name = info.name,
        version = info.version,
        address = info.address,
    )
}

/// Proves nothing but that the parent is a Terraform-like host and not a person at a prompt; it is no secret.
/// Source: `hashicorp/terraform`, `internal/plugin6/serve.go`.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

const CORE_PROTOCOL: u32 = 1;

/// The highest of our versions (`own`, ascending, not empty) that the host offers as `5,6`. If none is offered it is our
/// lowest: the host knows both sides and explains the mismatch better than we could. What is no number offers nothing.
fn choose(own: &[u32], offered: Option<&OsStr>) -> u32 {
    let offered = offered.map(OsStr::to_string_lossy).unwrap_or_default();
    let offered: Vec<u32> = offered
        .split(',')
        .filter_map(|version| version.trim().parse().ok())
        .collect();
    let common = own.iter().rev().find(|version| offered.contains(version));
    common.or(own.first()).copied().unwrap_or(APP_PROTOCOL)
}

fn certificate(pem: &OsStr) -> Result<CertificateDer<'static>, CertificateFault> {
    // PEM is ASCII; anything else fails to parse as PEM below, with the same sentence.
    let pem = pem.to_string_lossy();
    let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| CertificateFault::Pem(error.to_string()))?;
    match (certificates.pop(), certificates.len()) {
        (None, _) => Err(CertificateFault::Missing),
        (Some(only), 0) => {
            ParsedCertificate::try_from(&only)
                .map_err(|error| CertificateFault::X509(error.to_string()))?;
            Ok(only)
        }
        (Some(_), others) => Err(CertificateFault::Several(others + 1)),
    }
}

fn network(lookup: &impl Fn(&str) -> Option<OsString>) -> Result<Network, EnvironmentError> {
    match non_empty(lookup(NETWORK_VARIABLE)) {
        // The standard library has no unix sockets on Windows.
        None if cfg!(unix) => Ok(Network::Unix),
        None => Ok(Network::Tcp),
        Some(value) => match text(NETWORK_VARIABLE, value)?.as_str() {
            "unix" if cfg!(unix) => Ok(Network::Unix),
            "tcp" => Ok(Network::Tcp),
            other => Err(EnvironmentError::UnknownNetwork {
                value: other.to_owned(),
            }),
        },
    }
}

fn ports(lookup: &impl Fn(&str) -> Option<OsString>) -> Result<Ports, EnvironmentError> {
    let port = |variable| match non_empty(lookup(variable)) {
        None => Ok(None),
        Some(value) => {
            let value = text(variable, value)?;
            u16::from_str(&value)
                .map(Some)
                .map_err(|_| EnvironmentError::NotAPort { variable, value })
        }
    };
    let first = port("PLUGIN_MIN_PORT")?.unwrap_or(0);
    let last = port("PLUGIN_MAX_PORT")?.unwrap_or(first);
    if first > last {
        return Err(EnvironmentError::EmptyPortRange { first, last });
    }
    Ok(Ports { first, last })
}

fn non_empty(value: Option<OsString>) -> Option<OsString> {
    value.filter(|value| !value.is_empty())
}

fn text(variable: &'static str, value: OsString) -> Result<String, EnvironmentError> {
    value
        .into_string()
        .map_err(|_| EnvironmentError::NotUnicode { variable })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn parse(variables: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        Environment::parse(&INFO, |name| {
            variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    fn pem(der: &[u8]) -> String {
        use base64::engine::general_purpose::STANDARD;
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(der)
        )
    }

    fn some_certificate() -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().expect("a key");
        rcgen::CertificateParams::new(["localhost".to_owned()])
            .and_then(|params| params.self_signed(&key))
            .expect("a certificate")
            .into()
    }

    #[test]
    fn empty_environment_is_refused() {
        let environment = parse(&[]).expect("is legal");
        assert!(!environment.cookie);
        assert_eq!(environment.app_protocol, 6);
        assert_eq!(environment.client_certificate, None);
        assert!(!environment.multiplex_asked);
        assert_eq!(
            environment.listen,
            Listen {
                network: if cfg!(unix) {
                    Network::Unix
                } else {
                    Network::Tcp
                },
                socket_directory: None,
                socket_group: None,
                temporary_directory: PathBuf::from("/tmp"),
                ports: Ports { first: 0, last: 0 },
            }
        );
    }

    #[test]
    fn only_the_exact_cookie_counts() {
        let check = |value: &str, expected| {
            assert_eq!(
                parse(&[(COOKIE.0, value)]).expect("is legal").cookie,
                expected,
                "{value:?}"
            );
        };
        check(COOKIE.1, true);
        check("", false);
        check(&COOKIE.1[1..], false);
        check(&COOKIE.1.to_uppercase(), false);
        check(&format!("{} ", COOKIE.1), false);
    }

    #[test]
    fn version_is_the_highest_common_one_or_our_lowest() {
        let check = |own: &[u32], offered: Option<&str>, expected| {
            assert_eq!(
                choose(own, offered.map(OsStr::new)),
                expected,
                "{own:?} {offered:?}"
            );
        };
        for offered in [
            None,
            Some(""),
            Some("5"),
            Some("5,6"),
            Some("6,5"),
            Some("7"),
            Some("6,x,99999999999"),
            Some("-6"),
        ] {
            check(&[6], offered, 6);
        }
        check(&[6, 7], Some("5,6,7"), 7);
        check(&[6, 7], Some("7,6"), 7);
        check(&[6, 7], Some("6, 5"), 6);
        check(&[6, 7], Some("5"), 6);
        check(&[6, 7], Some("x,7"), 7);
        check(&[6, 7], None, 6);
    }

    #[test]
    fn ports() {
        let check = |first: Option<&str>,
                     last: Option<&str>,
                     expected: Result<(u16, u16), EnvironmentError>| {
            let variables: Vec<_> = [("PLUGIN_MIN_PORT", first), ("PLUGIN_MAX_PORT", last)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
            let ports = parse(&variables).map(|environment| environment.listen.ports);
            assert_eq!(
                ports,
                expected.map(|(first, last)| Ports { first, last }),
                "{first:?} {last:?}"
            );
        };
        let no_port = |variable, value: &str| {
            Err(EnvironmentError::NotAPort {
                variable,
                value: value.to_owned(),
            })
        };
        check(Some("10000"), Some("25000"), Ok((10000, 25000)));
        check(Some("10000"), None, Ok((10000, 10000)));
        check(None, Some("25000"), Ok((0, 25000)));
        check(Some("0"), Some("65535"), Ok((0, 65535)));
        check(Some(""), Some(""), Ok((0, 0)));
        check(
            Some("10000"),
            Some("9999"),
            Err(EnvironmentError::EmptyPortRange {
                first: 10000,
                last: 9999,
            }),
        );
        check(Some("65536"), None, no_port("PLUGIN_MIN_PORT", "65536"));
        check(None, Some("many"), no_port("PLUGIN_MAX_PORT", "many"));
        check(Some("-1"), None, no_port("PLUGIN_MIN_PORT", "-1"));
    }

    #[test]
    fn network_and_directories() {
        let listen =
            |variables: &[(&str, &str)]| parse(variables).map(|environment| environment.listen);
        let network = |value| listen(&[(NETWORK_VARIABLE, value)]).map(|listen| listen.network);
        assert_eq!(network("tcp"), Ok(Network::Tcp));
        assert_eq!(network(""), listen(&[]).map(|listen| listen.network));
        assert_eq!(
            network("udp"),
            Err(EnvironmentError::UnknownNetwork {
                value: "udp".to_owned()
            })
        );
        let both = listen(&[
            ("TMPDIR", "/var/tmp"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/x"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "staff"),
        ])
        .expect("is legal");
        assert_eq!(both.temporary_directory, PathBuf::from("/var/tmp"));
        assert_eq!(both.socket_directory, Some(PathBuf::from("/run/x")));
        assert_eq!(both.socket_group.as_deref(), Some("staff"));
        let empty = listen(&[
            ("TMPDIR", ""),
            ("PLUGIN_UNIX_SOCKET_DIR", ""),
            ("PLUGIN_UNIX_SOCKET_GROUP", ""),
        ]);
        assert_eq!(empty, listen(&[]));
    }

    #[test]
    fn every_value_of_the_variable_requests_multiplexing() {
        assert!(
            parse(&[("PLUGIN_MULTIPLEX_GRPC", "true")])
                .expect("is legal")
                .multiplex_asked
        );
        assert!(
            parse(&[("PLUGIN_MULTIPLEX_GRPC", "false")])
                .expect("is legal")
                .multiplex_asked
        );
        assert!(
            !parse(&[("PLUGIN_MULTIPLEX_GRPC", "")])
                .expect("is legal")
                .multiplex_asked
        );
    }

    #[test]
    fn certificate_must_be_one_x509_certificate_in_pem() {
        let der = some_certificate();
        let good = pem(&der);
        let fault = |text: &str| match parse(&[("PLUGIN_CLIENT_CERT", text)]) {
            Err(EnvironmentError::ClientCertificate(fault)) => fault,
            other => panic!("{text:?} gave {other:?}"),
        };

        let parsed = parse(&[("PLUGIN_CLIENT_CERT", &good)]).expect("is legal");
        assert_eq!(parsed.client_certificate, Some(der.clone()));
        // Text around the block is no part of it.
        let parsed =
            parse(&[("PLUGIN_CLIENT_CERT", &format!("a note\n{good}\n\n"))]).expect("is legal");
        assert_eq!(parsed.client_certificate, Some(der.clone()));

        // Set but empty is no request for a connection without TLS.
        assert_eq!(fault(""), CertificateFault::Missing);
        assert_eq!(fault("nonsense"), CertificateFault::Missing);
        assert_eq!(
            fault(&good.replace("CERTIFICATE", "PUBLIC KEY")),
            CertificateFault::Missing
        );
        assert_eq!(
            fault(&format!("{good}{good}")),
            CertificateFault::Several(2)
        );
        assert!(matches!(
            fault(&good.replacen('\n', "\n!", 1)),
            CertificateFault::Pem(_)
        ));
        assert!(matches!(
            fault(good.trim_end_matches("-----END CERTIFICATE-----\n")),
            CertificateFault::Pem(_)
        ));
        assert!(matches!(
            fault(&pem(b"not a certificate")),
            CertificateFault::X509(_)
        ));
        assert!(matches!(
            fault(&pem(&der[..der.len() - 1])),
            CertificateFault::X509(_)
        ));
        assert!(matches!(
            fault(&pem(&[&der[..], &[0]].concat())),
            CertificateFault::X509(_)
        ));
    }

    #[test]
    fn errors_name_the_variable_and_the_way_out() {
        let check = |variables: &[(&str, &str)], words: &[&str]| {
            let text = parse(variables).expect_err("is refused").to_string();
            for word in words {
                assert!(text.contains(word), "{word:?} is not in {text:?}");
            }
            assert!(!text.contains('\n'), "{text:?}");
        };
        check(
            &[("PLUGIN_CLIENT_CERT", "SECRET-LOOKING")],
            &["PLUGIN_CLIENT_CERT", "no PEM block"],
        );
        check(
            &[("PLUGIN_MIN_PORT", "x")],
            &["PLUGIN_MIN_PORT", "\"x\"", "65535"],
        );
        check(
            &[(NETWORK_VARIABLE, "udp")],
            &[NETWORK_VARIABLE, "udp", "unset"],
        );
        let text = EnvironmentError::ClientCertificate(CertificateFault::Missing).to_string();
        assert!(!text.contains("SECRET-LOOKING"));

        // A long value is shown in part, and nothing in it breaks the line.
        let long = "-----BEGIN 1\u{1b}\r\n".repeat(1000);
        for variable in ["PLUGIN_MIN_PORT", NETWORK_VARIABLE, "PLUGIN_CLIENT_CERT"] {
            let text = parse(&[(variable, &long)])
                .expect_err("is refused")
                .to_string();
            assert!(text.len() < 1000, "{} bytes", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_unicode() {
        use std::os::unix::ffi::OsStringExt;
        let check = |variable: &str, expected: Option<EnvironmentError>| {
            let parsed = Environment::parse(&INFO, |name| {
                (name == variable).then(|| OsString::from_vec(vec![b'6', 0xff]))
            });
            assert_eq!(parsed.err(), expected, "{variable}");
        };
        let not_unicode = |variable| Some(EnvironmentError::NotUnicode { variable });
        check("PLUGIN_MIN_PORT", not_unicode("PLUGIN_MIN_PORT"));
        check("PLUGIN_MAX_PORT", not_unicode("PLUGIN_MAX_PORT"));
        check(
            "PLUGIN_UNIX_SOCKET_GROUP",
            not_unicode("PLUGIN_UNIX_SOCKET_GROUP"),
        );
        check(NETWORK_VARIABLE, not_unicode(NETWORK_VARIABLE));
        check(
            "PLUGIN_CLIENT_CERT",
            Some(EnvironmentError::ClientCertificate(
                CertificateFault::Missing,
            )),
        );
        // Paths need not be text, and these two are only compared.
        for variable in [
            "TMPDIR",
            "PLUGIN_UNIX_SOCKET_DIR",
            "PLUGIN_PROTOCOL_VERSIONS",
            COOKIE.0,
            "TF_LOG",
            "TF_LOG_PROVIDER_TOY",
        ] {
            check(variable, None);
        }
    }

    #[test]
    fn handshake_line_has_its_fields() {
        let check =
            |multiplex: &str, address: Address, certificate: Option<&[u8]>, expected: &str| {
                let environment = parse(&[("PLUGIN_MULTIPLEX_GRPC", multiplex)]).expect("is legal");
                let certificate = certificate.map(CertificateDer::from);
                assert_eq!(line(&environment, &address, certificate.as_ref()), expected);
            };
        let unix = || Address::Unix("/tmp/plugin1/p".to_owned());
        let tcp = || Address::Tcp(([127, 0, 0, 1], 10000).into());
        check("", unix(), None, "1|6|unix|/tmp/plugin1/p|grpc|\n");
        check("", tcp(), None, "1|6|tcp|127.0.0.1:10000|grpc|\n");
        check("1", unix(), None, "1|6|unix|/tmp/plugin1/p|grpc||false\n");
        // One case for each length modulo three, and one that tells the alphabets apart.
        check(
            "",
            unix(),
            Some(b"abc"),
            "1|6|unix|/tmp/plugin1/p|grpc|YWJj\n",
        );
        check(
            "",
            unix(),
            Some(b"ab"),
            "1|6|unix|/tmp/plugin1/p|grpc|YWI\n",
        );
        check("", unix(), Some(b"a"), "1|6|unix|/tmp/plugin1/p|grpc|YQ\n");
        check(
            "",
            unix(),
            Some(&[0xfb, 0xff, 0xfe]),
            "1|6|unix|/tmp/plugin1/p|grpc|+//+\n",
        );
        check(
            "1",
            tcp(),
            Some(b"abc"),
            "1|6|tcp|127.0.0.1:10000|grpc|YWJj|false\n",
        );
    }
}
