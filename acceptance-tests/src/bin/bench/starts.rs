//! The start of a process and its memory: what every command of the CLI pays three to five times.
//!
//! Must not contain: work on resources.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::Emulator,
    machine::{processor_time, resident},
    plugin_host::{HostError, Launch, value::dynamic},
    proto::tfplugin6::{Schema, configure_provider, get_provider_schema},
    session::{Session, whole},
};

use crate::{
    figures::{Report, Samples},
    refreshes::{self, without_limits},
};

const STARTS: usize = 100;

const LIVES: usize = 50;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What starts of one binary have cost.
#[derive(Default)]
struct Starts {
    handshake: Vec<f64>,
    resident: Vec<f64>,
}

impl Starts {
    /// One start, with a client certificate as Terraform gives one, to the handshake line.
    async fn measure(&mut self, binary: &Path) -> Result<(), HostError> {
        let process = Launch::new(binary)?.spawn().await?;
        self.handshake.push(ms(process.started_in));
        self.resident.extend(resident(process.pid()?));
        process.signal("KILL").await?;
        process.ended_within(Duration::from_secs(10)).await?;
        Ok(())
    }
}

/// Another executable, measured in turn with the provider's, so that whatever else the machine does hits both alike.
pub(crate) struct Other {
    pub(crate) kind: OtherKind,
    pub(crate) path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherKind {
    /// The provider as it is shipped for Linux: static.
    Static,
    /// Another provider.
    Peer,
}

impl OtherKind {
    fn name(self) -> &'static str {
        match self {
            Self::Static => "static build",
            Self::Peer => "peer",
        }
    }
}

/// Copies an executable into a directory as a CLI installs one: in pieces of 32 KiB. How a file was written decides how much of it
/// the system maps at once, and so how much of it counts as resident.
pub(crate) fn install(executable: &Path, directory: &Path) -> Result<PathBuf, HostError> {
    let bytes = fs::read(executable)?;
    let name = executable.file_name().ok_or("an executable has a name")?;
    fs::create_dir(directory)?;
    let installed = directory.join(name);
    let mut file = fs::File::create(&installed)?;
    for piece in bytes.chunks(32 * 1024) {
        file.write_all(piece)?;
    }
    file.set_permissions(fs::metadata(executable)?.permissions())?;
    Ok(installed)
}

/// Start to handshake, and memory and size then; beside others', start by start.
pub(crate) async fn starts(
    report: &mut Report,
    binary: &Path,
    others: &[Other],
) -> Result<(), HostError> {
    report.section("start of a process")?;
    let mut own = Starts::default();
    let mut of_others: Vec<Starts> = others.iter().map(|_| Starts::default()).collect();
    // The first one finds nothing in the caches of the system.
    Starts::default().measure(binary).await?;
    for other in others {
        Starts::default().measure(&other.path).await?;
    }
    for _ in 0..STARTS {
        own.measure(binary).await?;
        for (other, starts) in others.iter().zip(&mut of_others) {
            starts.measure(&other.path).await?;
        }
    }
    let handshake = Samples::of(own.handshake).ok_or("no start was measured")?;
    let resident = Samples::of(own.resident);
    report.add("start to handshake line", "ms", &handshake, Some(2.0))?;
    let memory = "resident memory at the handshake line";
    match &resident {
        Some(samples) => report.add(memory, "MiB", samples, None)?,
        None => report.value(memory, "MiB", None, None)?,
    }
    let size = |path: &Path| Ok::<_, HostError>(Some(fs::metadata(path)?.len() as f64 / MIB));
    report.value("size of the executable", "MiB", size(binary)?, Some(8.0))?;
    for (other, starts) in others.iter().zip(of_others) {
        let name = other.kind.name();
        let line = |figure: &str| format!("{name}: {figure}");
        let started = Samples::of(starts.handshake).ok_or("no start was measured")?;
        let target = (other.kind == OtherKind::Static).then_some(2.0);
        report.add(&line("start to handshake line"), "ms", &started, target)?;
        let part = started.median() / handshake.median();
        match other.kind {
            OtherKind::Static => {
                let name = line("start, part of the plain build's");
                report.value(&name, "ratio", Some(part), Some(0.7))?;
            }
            OtherKind::Peer => {
                let name = line("the provider's start is this part of it");
                report.value(&name, "ratio", Some(1.0 / part), Some(0.02))?;
            }
        }
        if let (Some(own), Some(of_other)) = (&resident, Samples::of(starts.resident)) {
            report.add(&line(memory), "MiB", &of_other, None)?;
            if other.kind == OtherKind::Static {
                let part = of_other.median() / own.median();
                let name = line("memory, part of the plain build's");
                report.value(&name, "ratio", Some(part), Some(0.8))?;
            }
        }
        report.value(
            &line("size of the executable"),
            "MiB",
            size(&other.path)?,
            None,
        )?;
    }
    life(report, binary).await
}

/// The rest of a short life: connection, schema, end.
async fn life(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    let [mut connect, mut schema, mut end, mut used] = [const { Vec::new() }; 4];
    for _ in 0..LIVES {
        let launch = Launch::new(binary)?;
        let started = Instant::now();
        let host = launch.start().await?;
        connect.push(ms(started
            .elapsed()
            .saturating_sub(host.process.started_in)));
        let asked = Instant::now();
        let request = get_provider_schema::Request::default();
        host.provider().get_provider_schema(request).await?;
        schema.push(ms(asked.elapsed()));
        used.extend(processor_time(host.process.pid()?).map(ms));
        let begun = Instant::now();
        host.shut_down().await?;
        end.push(ms(begun.elapsed()));
    }
    for (name, samples) in [
        ("connection with mutual TLS, both sides", connect),
        ("GetProviderSchema", schema),
        ("Shutdown to the end of the process", end),
        ("processor time of a process up to its end", used),
    ] {
        match Samples::of(samples) {
            Some(samples) => report.add(name, "ms", &samples, None)?,
            None => report.value(name, "ms", None, None)?,
        }
    }
    Ok(())
}

/// Memory after configure, before and after somebody asked for the schema, and after many refreshes.
pub(crate) async fn memory(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    report.section("memory")?;
    let emulator = Emulator::start()?;
    let config = without_limits(&emulator);
    let [mut configured, mut described] = [const { Vec::new() }; 2];
    let mut schema: Option<Schema> = None;
    for run in 0..=LIVES / 5 {
        let host = Launch::new(binary)?.start().await?;
        let process = host.process.pid()?;
        let block = schema.as_ref().and_then(|schema| schema.block.as_ref());
        // The first process is asked for the schema alone: without it nobody can write a configuration.
        if run > 0 {
            let request = configure_provider::Request {
                terraform_version: "1.11.4".to_owned(),
                config: dynamic(&whole(block, &config)),
                client_capabilities: None,
            };
            let response = host.provider().configure_provider(request).await?;
            if let Some(diagnostic) = response.into_inner().diagnostics.first() {
                return Err(format!("{}: {}", diagnostic.summary, diagnostic.detail).into());
            }
            configured.extend(resident(process));
        }
        let request = get_provider_schema::Request::default();
        let response = host.provider().get_provider_schema(request).await?;
        schema = response.into_inner().provider;
        if run > 0 {
            described.extend(resident(process));
        }
        host.shut_down().await?;
    }
    for (name, samples) in [
        (
            "resident memory after configure, no schema asked for",
            configured,
        ),
        (
            "resident memory after configure and GetProviderSchema",
            described,
        ),
    ] {
        match Samples::of(samples) {
            Some(samples) => report.add(name, "MiB", &samples, Some(8.0))?,
            None => report.value(name, "MiB", None, None)?,
        }
    }
    let session = Session::with(Launch::new(binary)?, &config).await?;
    let process = session.host().process.pid()?;
    let bindings = refreshes::bindings(&session, &emulator, 1, 1_000).await?;
    let session = refreshes::all(session, bindings, 10).await?;
    report.value(
        "resident memory after 1 000 refreshes, 10 at a time",
        "MiB",
        resident(process),
        None,
    )?;
    session.end().await?;
    Ok(())
}
