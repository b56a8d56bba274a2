//! The start of a process and its memory: what every command of the CLI pays three to five times.
//!
//! Must not contain: work on resources.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::Emulator,
    machine::{processor_time, resident},
    plugin_host::{HostError, Launch},
    proto::tfplugin6::get_provider_schema,
    session::Session,
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

/// Start to handshake, and memory and size then; beside another provider's, start by start.
pub(crate) async fn starts(
    report: &mut Report,
    binary: &Path,
    peer: Option<&Path>,
) -> Result<(), HostError> {
    report.section("start of a process")?;
    let (mut own, mut others) = (Starts::default(), Starts::default());
    // The first one finds nothing in the caches of the system.
    Starts::default().measure(binary).await?;
    if let Some(peer) = peer {
        Starts::default().measure(peer).await?;
    }
    for _ in 0..STARTS {
        own.measure(binary).await?;
        if let Some(peer) = peer {
            others.measure(peer).await?;
        }
    }
    let handshake = Samples::of(own.handshake).ok_or("no start was measured")?;
    report.add("start to handshake line", "ms", &handshake, Some(3.0))?;
    let other = Samples::of(others.handshake);
    if let Some(other) = &other {
        report.add("start to handshake line, peer", "ms", other, None)?;
        let ratio = handshake.median() / other.median();
        report.value(
            "start to handshake line, part of the peer's",
            "ratio",
            Some(ratio),
            Some(0.02),
        )?;
    }
    for (name, samples) in [
        ("resident memory at the handshake line", own.resident),
        (
            "resident memory at the handshake line, peer",
            others.resident,
        ),
    ] {
        match Samples::of(samples) {
            Some(samples) => report.add(name, "MiB", &samples, None)?,
            None if other.is_none() && name.ends_with("peer") => {}
            None => report.value(name, "MiB", None, None)?,
        }
    }
    for (name, path, most) in [
        ("size of the executable", Some(binary), Some(8.0)),
        ("size of the executable, peer", peer, None),
    ] {
        if let Some(path) = path {
            let size = fs::metadata(path)?.len() as f64 / MIB;
            report.value(name, "MiB", Some(size), most)?;
        }
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
        let told = Instant::now();
        host.shut_down().await?;
        end.push(ms(told.elapsed()));
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

/// Memory after configure, and after many refreshes.
pub(crate) async fn memory(report: &mut Report, binary: &Path) -> Result<(), HostError> {
    report.section("memory")?;
    let emulator = Emulator::start()?;
    let config = without_limits(&emulator);
    let session = Session::with(Launch::new(binary)?, &config).await?;
    let process = session.host().process.pid()?;
    report.value(
        "resident memory after configure",
        "MiB",
        resident(process),
        Some(10.0),
    )?;
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
