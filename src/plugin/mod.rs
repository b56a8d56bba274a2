//! The plugin process: the only folder that knows tonic, prost, TLS and go-plugin. It decides nothing about plans or state.
//!
//! A process lives like this: [`run`] reads arguments and environment (`arguments`, `handshake`), binds (`listener`),
//! makes its certificate (`tls`), writes the one line that stdout ever carries, and serves (`serve`, `go_plugin`) until the
//! host, a signal or the host's disappearance ends it (`lifecycle`, `signals`). From its first moment stderr belongs to the log
//! (`logging`) and to the report of a panic (`panic_hook`); stdin belongs to the host's user and is never read.

mod arguments;
mod convert;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod go_plugin;
mod handshake;
mod lifecycle;
mod listener;
pub mod logging;
mod panic_hook;
pub mod proto;
mod serve;
mod service;
mod signals;
mod tls;
#[cfg(test)]
mod wire;

use std::{
    env, fmt,
    io::{self, Write},
    process::{self, ExitCode},
    sync::Arc,
};

use framework::printable_text;
use serde_json::json;
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use self::{
    arguments::Command,
    handshake::{Environment, EnvironmentError, Network},
    listener::{Address, BindError, Listener, Protection},
    proto::tfplugin6::provider_server::Provider,
    serve::{End, Mode},
    signals::Signals,
    tls::{Identity, TlsError},
};

pub use service::ProviderService;

/// What the binary is, for people and for logs.
#[derive(Clone, Copy, Debug)]
pub struct ProviderInfo {
    /// The provider's type: the last part of its address.
    pub name: &'static str,
    /// The version, without a leading `v`.
    pub version: &'static str,
    /// The commit that it was built from, where the build knows it.
    pub commit: Option<&'static str>,
    /// The target that it was built for, as Rust names it, where the build knows it.
    pub target: Option<&'static str>,
    /// The whole source address, such as `registry.terraform.io/example/toy`.
    pub address: &'static str,
    /// The variable that sets the level of this provider's log lines, such as `TF_LOG_PROVIDER_TOY`.
    pub log_variable: &'static str,
    /// What the provider is for, in a phrase that can follow a colon.
    pub summary: &'static str,
    /// The crates that the provider is made of, beside the framework and the one that has [`run`]. Log lines of other
    /// crates are left out.
    pub crates: &'static [&'static str],
}

/// What is served: all RPCs of the protocol, and a way to hurry them.
pub trait Service: Provider {
    /// Lets no new wait and no new attempt begin in any call, so that the calls in flight end soon and truthfully.
    ///
    /// Called when the process is about to end, and when a caller went away without waiting for its response. Must not
    /// block. Later calls may still arrive, from the same host after an interrupt or from another one in debug mode.
    fn stop(&self);

    /// From now on another configuration than the one so far is refused. Called in debug mode, where all provider blocks
    /// of a run share this process.
    fn shared_by_provider_blocks(&self);
}

/// Runs the plugin until its host ends it, and returns the exit code of the process: 0 after a regular end, 1 if it could
/// not start (with a sentence on stderr), 2 for an unknown argument.
///
/// `service` is made only once the process is known to have a host. It is called within a Tokio runtime, and what it does
/// counts as the time that every Terraform command waits, several times over: it must touch neither network nor disk.
pub fn run<S: Service>(info: ProviderInfo, service: impl FnOnce() -> S) -> ExitCode {
    match arguments::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => print(&arguments::help(&info)),
        Ok(Command::Version) => print(&arguments::version(&info)),
        Ok(Command::Serve) => run_server(info, service, Mode::Plugin, None),
        Ok(Command::Debug) => run_server(info, service, Mode::Debug, Some(Network::Unix)),
        Ok(Command::DebugTcp) => run_server(info, service, Mode::Debug, Some(Network::Tcp)),
        Err(unknown) => {
            complain(&format!("{}: {unknown}\n", program(&info)));
            ExitCode::from(2)
        }
    }
}

/// Why the plugin could not start or went down.
#[derive(Debug)]
enum Failure {
    Environment(EnvironmentError),
    Bind(BindError),
    Tls(TlsError),
    Runtime(io::Error),
    Stdout(io::Error),
    Serve(io::Error),
    Server(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(error) => error.fmt(f),
            Self::Bind(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Runtime(error) => write!(
                f,
                "unable to start the runtime and the signals of this process: {error}"
            ),
            Self::Stdout(error) => write!(
                f,
                "unable to tell the host where to connect, on stdout: {error}"
            ),
            Self::Serve(error) => {
                write!(f, "unable to serve on the socket of this process: {error}")
            }
            Self::Server(reason) => f.write_str(reason),
        }
    }
}

/// `network` comes before that of the environment.
fn run_server<S: Service>(
    info: ProviderInfo,
    service: impl FnOnce() -> S,
    mode: Mode,
    network: Option<Network>,
) -> ExitCode {
    let mut environment = match Environment::of_process(&info) {
        // First: a person who starts the binary by hand should not read about variables.
        Ok(environment) if mode == Mode::Plugin && !environment.cookie => {
            complain(&handshake::not_a_host(&info));
            return ExitCode::FAILURE;
        }
        Ok(environment) => environment,
        Err(error) => return fail(&info, &Failure::Environment(error)),
    };
    environment.listen.network = network.unwrap_or(environment.listen.network);
    panic_hook::install_panic_hook();
    let logs = logging::install(&info, environment.verbosity);
    let ended = serve_until_end(&info, service, mode, environment);
    if let Err(failure) = &ended {
        fail(&info, failure);
    }
    logs.flush();
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn serve_until_end<S: Service>(
    info: &ProviderInfo,
    service: impl FnOnce() -> S,
    mode: Mode,
    environment: Environment,
) -> Result<(), Failure> {
    let runtime = runtime().map_err(Failure::Runtime)?;
    let end = runtime.block_on(async {
        // First: from here on a signal cannot end the process before its socket is removed.
        let signals = Signals::listen().map_err(Failure::Runtime)?;
        // A person has no certificate to give.
        let identity = match (mode, &environment.client_certificate) {
            (Mode::Plugin, Some(client)) => Some(
                Identity::new(client.clone(), OffsetDateTime::now_utc()).map_err(Failure::Tls)?,
            ),
            (Mode::Plugin, None) | (Mode::Debug, _) => None,
        };
        let protection = match &identity {
            Some(_) => Protection::ClientCertificate,
            None => Protection::Nothing,
        };
        let Listener {
            socket,
            address,
            directory: _directory,
        } = listener::bind(&environment.listen, protection).map_err(Failure::Bind)?;
        let service = Arc::new(service());
        if mode == Mode::Debug {
            service.shared_by_provider_blocks();
        }
        announce(info, mode, &environment, &address, identity.as_ref()).map_err(Failure::Stdout)?;
        let tls = identity.map(|identity| TlsAcceptor::from(identity.config));
        serve::serve(socket, tls, service, mode, signals)
            .await
            .map_err(Failure::Serve)
    });
    // Work that still runs has had its time.
    runtime.shutdown_background();
    match end? {
        End::Failed(reason) => Err(Failure::Server(reason)),
        End::Shutdown | End::Signal | End::HostGone => Ok(()),
    }
}

/// One thread: a provider waits for the network, and every command starts several processes. Threads would pass each call
/// from one to the next; measured, that made starts and refreshes a fifth slower.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Tells who started the process where it listens. It does listen already.
fn announce(
    info: &ProviderInfo,
    mode: Mode,
    environment: &Environment,
    address: &Address,
    identity: Option<&Identity>,
) -> io::Result<()> {
    let text = match mode {
        Mode::Plugin => {
            if let (Address::Tcp(address), None) = (address, identity) {
                tracing::warn!(
                    %address,
                    "Listening without TLS, as the host asked: every user of this machine can connect"
                );
            }
            handshake::line(
                environment,
                address,
                identity.map(|identity| &identity.certificate),
            )
        }
        Mode::Debug => {
            complain(
                "The provider waits for Terraform. Set this variable in the shell that runs terraform; \
                 Ctrl-C ends the provider.\n",
            );
            if let Address::Tcp(address) = address {
                complain(&format!(
                    "Warning: every user of this machine can connect to {address}, use your credentials and run \
                     programs as you. Prefer -debug, which only you can reach.\n"
                ));
            }
            reattach(info, address, process::id())
        }
    };
    write_out(&text)
}

/// The assignment that makes Terraform attach to this process, for the shells of this platform, newline included.
fn reattach(info: &ProviderInfo, address: &Address, pid: u32) -> String {
    let providers = json!({
        (info.address): {
            "Protocol": "grpc",
            "ProtocolVersion": handshake::APP_PROTOCOL,
            "Pid": pid,
            // Terraform then leaves the end of the process to its owner.
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    });
    if cfg!(windows) {
        format!(
            "set \"TF_REATTACH_PROVIDERS={providers}\"\n$env:TF_REATTACH_PROVIDERS='{providers}'\n"
        )
    } else {
        // A single quote ends a shell's quotation; a path may hold one.
        let quoted = providers.to_string().replace('\'', r"'\''");
        format!("TF_REATTACH_PROVIDERS='{quoted}'\n")
    }
}

fn print(text: &str) -> ExitCode {
    // A reader that went away, such as `head`, has had what it wanted.
    let _ = write_out(text);
    ExitCode::SUCCESS
}

fn write_out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn fail(info: &ProviderInfo, failure: &Failure) -> ExitCode {
    let failure = printable_text(&failure.to_string());
    complain(&format!("{}: {failure}\n", program(info)));
    ExitCode::FAILURE
}

fn program(info: &ProviderInfo) -> String {
    format!("terraform-provider-{}", info.name)
}

fn complain(text: &str) {
    // If stderr is gone, nobody is listening.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_assignment_is_valid_in_a_shell() {
        let info = ProviderInfo {
            name: "toy",
            version: "1.2.3",
            commit: None,
            target: None,
            address: "registry.terraform.io/example/toy",
            log_variable: "TF_LOG_PROVIDER_TOY",
            summary: "a toy",
            crates: &[],
        };
        // What a shell makes of the assignment.
        let value = |address: Address| {
            let text = reattach(&info, &address, 7);
            let quoted = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("TF_REATTACH_PROVIDERS='"));
            let json = quoted
                .and_then(|quoted| quoted.strip_suffix('\''))
                .expect("is quoted")
                .replace(r"'\''", "'");
            serde_json::from_str::<serde_json::Value>(&json).expect("is JSON")
        };
        let check = |address: Address, network: &str, string: &str| {
            let expected = json!({
                "registry.terraform.io/example/toy": {
                    "Protocol": "grpc", "ProtocolVersion": 6, "Pid": 7, "Test": true,
                    "Addr": { "Network": network, "String": string },
                }
            });
            assert_eq!(value(address), expected);
        };
        if cfg!(unix) {
            check(
                Address::Unix("/tmp/it's/s".to_owned()),
                "unix",
                "/tmp/it's/s",
            );
            check(
                Address::Tcp(([127, 0, 0, 1], 10000).into()),
                "tcp",
                "127.0.0.1:10000",
            );
        }
    }
}
