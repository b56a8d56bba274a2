//! A plugin host: starts the provider binary and speaks to it as Terraform does, in Terraform's stead.
//!
//! Must not contain: the meaning of any RPC; what is asked and expected is a test's business.
//!
//! It checks what Terraform's host checks (`hashicorp/go-plugin`, `client.go`): the handshake line, the certificate in it,
//! the name `localhost`, HTTP/2. And it can be other callers than the host, to see them refused.

mod dial;
mod identity;
pub mod value;

use std::{
    env,
    error::Error,
    ffi::{OsStr, OsString},
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};
use tonic::transport::Channel;

use crate::default_signals;
use crate::proto::{
    grpc_health_v1::health_client::HealthClient,
    plugin::{
        Empty, grpc_broker_client::GrpcBrokerClient, grpc_controller_client::GrpcControllerClient,
        grpc_stdio_client::GrpcStdioClient,
    },
    tfplugin6::provider_client::ProviderClient,
};

pub use self::{
    dial::{Address, BOTH, Caller, Dial, Handshake, Stream},
    identity::Identity,
};

/// Any failure of this host, as a sentence.
pub type HostError = Box<dyn Error + Send + Sync>;

/// The magic cookie: name and value.
pub const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// How long anything local may take before it counts as hung; generous, for busy machines.
pub const MAX_WAIT: Duration = Duration::from_secs(30);

/// A start to come: the binary, and its environment as Terraform would set it.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    identity: Option<Identity>,
    /// The process's directory for temporary files: a killed process leaves its socket behind.
    temporary: TempDir,
}

impl Launch {
    /// As Terraform 1.11 starts a plugin, but without those variables of this process that could reach into a test.
    pub fn new(binary: &Path) -> Result<Self, HostError> {
        let identity = Identity::new()?;
        let mut launch = Self::bare(binary)?
            .env(COOKIE.0, COOKIE.1)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_CLIENT_CERT", identity.pem());
        launch.identity = Some(identity);
        Ok(launch)
    }

    /// As a person starts a program: no argument and nothing of a host in the environment.
    pub fn bare(binary: &Path) -> Result<Self, HostError> {
        default_signals::restore();
        let temporary = tempfile::tempdir()?;
        let mut command = with_pipes(Command::new(binary));
        for (name, _) in env::vars_os() {
            let foreign = ["TF_", "PLUGIN_", "ALIBABA_CLOUD_", "ALICLOUD_", "RUST_"];
            if foreign
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                command.env_remove(name);
            }
        }
        command.env("TMPDIR", temporary.path());
        Ok(Self {
            command,
            identity: None,
            temporary,
        })
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Unsets a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Asks for no TLS, as `TF_DISABLE_PLUGIN_TLS` makes Terraform do.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.identity = None;
        self.without("PLUGIN_CLIENT_CERT")
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command.arg(argument.into());
        self
    }

    /// Starts the process from a shell. The script ends in `exec "$0" "$@"`. To be called before streams are set.
    #[must_use]
    pub fn through_shell(mut self, script: &str) -> Self {
        let direct = self.command.as_std();
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", script])
            .arg(direct.get_program())
            .args(direct.get_args());
        for (name, value) in direct.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.command = with_pipes(command.into());
        self
    }

    /// Gives the process this stdin instead of none.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Gives the process this stderr instead of one that is collected.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// Runs the process to its end, which must come by itself.
    pub async fn run(mut self) -> Result<Ended, HostError> {
        let started = Instant::now();
        let output = timeout(MAX_WAIT, self.command.output())
            .await
            .map_err(|_| "the process did not end")??;
        Ok(Ended {
            status: output.status,
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            after: started.elapsed(),
        })
    }

    /// Starts the process and reads its first line, without interpreting it.
    pub async fn spawn(mut self) -> Result<Process, HostError> {
        let started = Instant::now();
        let mut child = self.command.spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("stdout is not piped")?);
        let stderr = child.stderr.take();
        let stderr = tokio::spawn(async move {
            let mut bytes = Vec::new();
            if let Some(mut stderr) = stderr {
                // What came until a failure is still worth reading.
                let _ = stderr.read_to_end(&mut bytes).await;
            }
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let mut first_line = String::new();
        timeout(MAX_WAIT, stdout.read_line(&mut first_line))
            .await
            .map_err(|_| "the process wrote no line to stdout")??;
        let started_in = started.elapsed();
        let stdout = tokio::spawn(async move {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes).await;
            String::from_utf8_lossy(&bytes).into_owned()
        });
        if !first_line.ends_with('\n') {
            // The end of stdout came before the end of the line: the process is going down.
            child.wait().await?;
            let stderr = stderr.await?;
            return Err(format!(
                "the process ended after {first_line:?} on stdout and {stderr:?} on stderr"
            )
            .into());
        }
        Ok(Process {
            child,
            _temporary: self.temporary,
            first_line,
            started_in,
            stdout,
            stderr,
        })
    }

    /// Starts the process, reads its handshake and connects.
    pub async fn start(self) -> Result<PluginHost, HostError> {
        let identity = self.identity.clone();
        let process = self.spawn().await?;
        let handshake = Handshake::parse(&process.first_line)?;
        if handshake.certificate.is_some() != identity.is_some() {
            return Err("the process did not take the wish for TLS as it was meant".into());
        }
        let channel = Dial {
            handshake: handshake.clone(),
            caller: caller(identity.as_ref()),
            versions: BOTH,
        }
        .connect()
        .await?;
        Ok(PluginHost {
            process,
            handshake,
            identity,
            channel,
        })
    }
}

/// No stdin, both outputs read by this process, killed when it is dropped.
fn with_pipes(mut command: Command) -> Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn caller(identity: Option<&Identity>) -> Caller {
    identity.map_or(Caller::PlainText, |identity| {
        Caller::WithCertificate(identity.clone())
    })
}

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout, without a first line that was read before.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// How long it took, from where the wait began.
    pub after: Duration,
}

/// A running provider process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The first line on stdout, its newline included.
    pub first_line: String,
    /// From just before the start to the end of the first line.
    pub started_in: Duration,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    _temporary: TempDir,
}

impl Process {
    /// Sends a signal by its name without `SIG`, such as `TERM`. The process must run.
    pub async fn signal(&self, name: &str) -> Result<(), HostError> {
        let pid = self.pid()?.to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .await?;
        if sent.success() {
            Ok(())
        } else {
            Err(format!("kill -s {name} {pid} failed").into())
        }
    }

    /// The process ID. The process must not have been waited for.
    pub fn pid(&self) -> Result<u32, HostError> {
        self.child
            .id()
            .ok_or_else(|| "the process has ended".into())
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> Result<bool, HostError> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits for the end, which must come by itself within the given time, and for the end of both outputs.
    pub async fn ended_within(mut self, limit: Duration) -> Result<Ended, HostError> {
        let begun = Instant::now();
        let ended = async {
            let status = self.child.wait().await?;
            let (stdout, stderr) = (self.stdout.await?, self.stderr.await?);
            Ok::<_, HostError>(Ended {
                status,
                stdout,
                stderr,
                after: begun.elapsed(),
            })
        };
        timeout(limit, ended)
            .await
            .map_err(|_| format!("the process did not end within {limit:?}"))?
    }
}

/// A provider process and the connection of its host. Dropping it kills the process.
#[derive(Debug)]
pub struct PluginHost {
    /// The process.
    pub process: Process,
    /// What it said.
    pub handshake: Handshake,
    /// The host's certificate. `None`: no TLS.
    pub identity: Option<Identity>,
    /// The host's connection.
    pub channel: Channel,
}

impl PluginHost {
    /// The RPCs of plugin protocol 6, without a limit on the size of responses below 2 GiB.
    pub fn provider(&self) -> ProviderClient<Channel> {
        provider(self.channel.clone())
    }

    /// go-plugin's controller.
    pub fn controller(&self) -> GrpcControllerClient<Channel> {
        GrpcControllerClient::new(self.channel.clone())
    }

    /// go-plugin's stdio.
    pub fn stdio(&self) -> GrpcStdioClient<Channel> {
        GrpcStdioClient::new(self.channel.clone())
    }

    /// go-plugin's broker.
    pub fn broker(&self) -> GrpcBrokerClient<Channel> {
        GrpcBrokerClient::new(self.channel.clone())
    }

    /// Health.
    pub fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel.clone())
    }

    /// The way that this host went itself.
    pub fn dial(&self) -> Dial {
        Dial {
            handshake: self.handshake.clone(),
            caller: caller(self.identity.as_ref()),
            versions: BOTH,
        }
    }

    /// The way of another caller.
    pub fn dial_as(&self, caller: Caller) -> Dial {
        Dial {
            caller,
            ..self.dial()
        }
    }

    /// Ends as Terraform does: sends Shutdown, ignores its response, and closes the connection. The
    /// process must end within the two seconds after which Terraform would kill it.
    pub async fn shut_down(self) -> Result<Ended, HostError> {
        let _ = self.controller().shutdown(Empty {}).await;
        drop(self.channel);
        self.process.ended_within(Duration::from_secs(2)).await
    }
}

/// The RPCs of plugin protocol 6 over any connection.
pub fn provider(channel: Channel) -> ProviderClient<Channel> {
    ProviderClient::new(channel)
        .max_decoding_message_size(i32::MAX as usize)
        .max_encoding_message_size(i32::MAX as usize)
}
