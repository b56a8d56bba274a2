//! A plan of many new objects of mixed types, beside that of another provider.
//!
//! Through the plugin host a plan is what the CLI asks a provider for in one: ValidateResourceConfig and PlanResourceChange of
//! each object, ten objects at a time, over one connection. The requests are written before the clock starts. There is no TLS:
//! this host cannot verify the P-521 keys of Go plugins, and both sides are served alike. Under the real CLI most of the time of a plan is the CLI's own. As many objects of `terraform_data`, a type within the CLI,
//! show how much. Must not contain: the objects.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use acceptance_tests::{
    emulator::Emulator,
    machine::processor_time,
    plugin_host::{
        HostError, Launch, PluginHost,
        value::{dynamic, unknown},
    },
    proto::tfplugin6::{
        Diagnostic, Schema, configure_provider, diagnostic::Severity, get_provider_schema,
        plan_resource_change, validate_resource_config,
    },
    session::whole,
    terraform::{Cli, Installation, WorkingDirectory},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    configuration::Configuration,
    figures::{Report, Samples},
    plans::MAX_WAIT,
    refreshes::without_limits,
    starts::ms,
};

const OBJECTS: usize = 1_000;

/// As many as the CLI asks for at a time.
const AT_A_TIME: usize = 10;

/// How many processes plan them, and how many commands.
const PROCESSES: usize = 5;
const COMMANDS: usize = 5;

/// The target of times beside the peer's.
const HALF: Option<f64> = Some(0.5);

/// A provider and the objects that it plans.
struct Side {
    binary: PathBuf,
    configuration: Configuration,
    wall: Vec<f64>,
    processor: Vec<f64>,
    commands: Vec<f64>,
}

/// The two RPCs of an object.
struct Requests {
    validate: validate_resource_config::Request,
    plan: plan_resource_change::Request,
}

/// Plans of 1 000 new objects, through the plugin host and under the CLI.
pub(crate) async fn objects(
    report: &mut Report,
    binary: &Path,
    cli: Option<&Cli>,
    peer: Option<(&Path, &Configuration)>,
) -> Result<(), HostError> {
    let emulator = Emulator::start()?;
    let provider = without_limits(&emulator);
    let own = Configuration::own()?.with_provider("alicloud", provider);
    let mut own = Side::new(binary, &own);
    let mut peer = peer.map(|(binary, configuration)| Side::new(binary, configuration));

    report.section("plan of 1 000 new objects of mixed types, through the plugin host")?;
    for run in 0..=PROCESSES {
        // In turn, so that whatever else the machine does hits both alike.
        for side in [Some(&mut own), peer.as_mut()].into_iter().flatten() {
            let (wall, processor) = side.through_the_host().await?;
            if run > 0 {
                side.wall.push(wall);
                side.processor.extend(processor);
            }
        }
    }
    let wall = "Validate and Plan of each, 10 at a time: wall time";
    let processor = "the same: processor time of the provider";
    report_beside(report, wall, &own, peer.as_ref(), |side| &side.wall, HALF)?;
    report_beside(
        report,
        processor,
        &own,
        peer.as_ref(),
        |side| &side.processor,
        HALF,
    )?;

    let Some(cli) = cli else {
        return Ok(());
    };
    report.section("terraform plan of 1 000 new objects of mixed types")?;
    let bare = WorkingDirectory::new(cli, &Installation::Nothing)?;
    let none = json!({"resource": {"terraform_data": {"all": {"count": OBJECTS, "input": {"a": "${count.index}"}}}}});
    bare.write("main.tf.json", &none.to_string())?;
    bare.run(&["init"])?.expecting(0)?;
    let own_directory = own.directory(cli)?;
    let peer_directory = peer.as_ref().map(|peer| peer.directory(cli)).transpose()?;
    let mut without = Vec::new();
    for run in 0..=COMMANDS {
        let bare = plan(&bare)?;
        let of_own = plan(&own_directory)?;
        let of_peer = peer_directory.as_ref().map(plan).transpose()?;
        if run > 0 {
            without.push(bare);
            own.commands.push(of_own);
            if let Some(peer) = &mut peer {
                peer.commands.extend(of_peer);
            }
        }
    }
    let without = Samples::of(without).ok_or("no plan was measured")?;
    report.add("1 000 terraform_data: the CLI alone", "ms", &without, None)?;
    report_beside(
        report,
        "wall time",
        &own,
        peer.as_ref(),
        |side| &side.commands,
        None,
    )?;
    if let Some(peer) = &peer {
        let more = |side: &Side| {
            let took = Samples::of(side.commands.iter().copied());
            Some(took?.median() - without.median())
        };
        let part = more(&own).zip(more(peer)).map(|(own, peer)| own / peer);
        report.value(
            "beyond the CLI alone: part of the peer's",
            "ratio",
            part,
            None,
        )?;
    }
    Ok(())
}

/// Adds a figure of one or both, and the part that the one is of the other.
fn report_beside(
    report: &mut Report,
    name: &str,
    own: &Side,
    peer: Option<&Side>,
    values: impl Fn(&Side) -> &[f64],
    target: Option<f64>,
) -> Result<(), HostError> {
    let Some(of_own) = Samples::of(values(own).iter().copied()) else {
        return report.value(name, "ms", None, None);
    };
    report.add(name, "ms", &of_own, None)?;
    let of_peer = peer.and_then(|peer| Samples::of(values(peer).iter().copied()));
    if let Some(of_peer) = of_peer {
        report.add(&format!("peer: {name}"), "ms", &of_peer, None)?;
        let part = Some(of_own.median() / of_peer.median());
        report.value(
            &format!("{name}: part of the peer's"),
            "ratio",
            part,
            target,
        )?;
    }
    Ok(())
}

fn plan(directory: &WorkingDirectory) -> Result<f64, HostError> {
    let command = ["plan", "-detailed-exitcode", "-input=false"];
    let output = directory.run(&command)?.expecting(2)?;
    Ok(ms(output.elapsed))
}

impl Side {
    fn new(binary: &Path, configuration: &Configuration) -> Side {
        Side {
            binary: binary.to_owned(),
            configuration: configuration.clone(),
            wall: Vec::new(),
            processor: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// A directory with the configuration, and the executable in place of a release.
    fn directory(&self, cli: &Cli) -> Result<WorkingDirectory, HostError> {
        let source = self.configuration.source();
        let source = source.ok_or("the configuration has no source in `required_providers`")?;
        let installation = Installation::DevOverrides {
            binary: self.binary.clone(),
            sources: vec![source.to_owned()],
        };
        let mut directory = WorkingDirectory::new(cli, &installation)?;
        directory.wait_at_most(MAX_WAIT);
        directory.write("main.tf.json", &self.configuration.of(OBJECTS))?;
        Ok(directory)
    }

    /// One process plans all objects: wall time and processor time in milliseconds.
    async fn through_the_host(&self) -> Result<(f64, Option<f64>), HostError> {
        let host = Launch::new(&self.binary)?.without_tls().start().await?;
        let request = get_provider_schema::Request::default();
        let schemas = host.provider().get_provider_schema(request).await?;
        let schemas = schemas.into_inner();
        let block = schemas.provider.and_then(|provider| provider.block);
        let request = configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: dynamic(&whole(block.as_ref(), &self.configuration.provider())),
            client_capabilities: None,
        };
        let configured = host.provider().configure_provider(request).await?;
        check(&configured.into_inner().diagnostics)?;
        let mut requests = Vec::with_capacity(OBJECTS);
        for (kind, arguments) in self.configuration.objects(OBJECTS) {
            let schema = schemas.resource_schemas.get(kind);
            let schema = schema.ok_or_else(|| format!("the provider has no type {kind}"))?;
            requests.push(Requests::new(kind, schema, &arguments));
        }
        let process = host.process.pid()?;
        let before = processor_time(process);
        let started = Instant::now();
        let host = all(host, requests).await?;
        let wall = ms(started.elapsed());
        let used = processor_time(process).zip(before);
        host.process.signal("KILL").await?;
        host.process.ended_within(Duration::from_secs(10)).await?;
        Ok((
            wall,
            used.map(|(after, before)| ms(after.saturating_sub(before))),
        ))
    }
}

impl Requests {
    /// As the CLI writes them for a new object: what the configuration leaves out is null there; in the proposed object it is
    /// unknown if the provider sets it.
    fn new(kind: &str, schema: &Schema, arguments: &Value) -> Requests {
        let block = schema.block.as_ref();
        let config = whole(block, arguments);
        let mut proposed = config.clone();
        for attribute in block.iter().flat_map(|block| &block.attributes) {
            if attribute.computed && config[&attribute.name].is_null() {
                proposed[&attribute.name] = unknown();
            }
        }
        let config = dynamic(&config);
        Requests {
            validate: validate_resource_config::Request {
                type_name: kind.to_owned(),
                config: config.clone(),
                ..validate_resource_config::Request::default()
            },
            plan: plan_resource_change::Request {
                type_name: kind.to_owned(),
                prior_state: dynamic(&Value::Null),
                proposed_new_state: dynamic(&proposed),
                config,
                ..plan_resource_change::Request::default()
            },
        }
    }

    async fn send(self, host: &PluginHost) -> Result<(), HostError> {
        let mut provider = host.provider();
        let validated = provider.validate_resource_config(self.validate).await?;
        check(&validated.into_inner().diagnostics)?;
        let planned = provider.plan_resource_change(self.plan).await?;
        let planned = planned.into_inner();
        check(&planned.diagnostics)?;
        let object = planned.planned_state.ok_or("a plan without an object")?;
        if object.msgpack.is_empty() && object.json.is_empty() {
            return Err("a plan of nothing".into());
        }
        Ok(())
    }
}

/// Sends all of them, so many objects at a time.
async fn all(host: PluginHost, requests: Vec<Requests>) -> Result<PluginHost, HostError> {
    let host = Arc::new(host);
    let waiting = Arc::new(Mutex::new(requests.into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (host, waiting) = (Arc::clone(&host), Arc::clone(&waiting));
        workers.spawn(async move {
            loop {
                let next = waiting
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .next();
                match next {
                    Some(next) => next.send(&host).await?,
                    None => return Ok::<_, HostError>(()),
                }
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Arc::into_inner(host).ok_or_else(|| "a plan is still running".into())
}

/// Warnings are none of the benchmark's business.
fn check(diagnostics: &[Diagnostic]) -> Result<(), HostError> {
    let mut errors = diagnostics.iter();
    match errors.find(|diagnostic| diagnostic.severity() == Severity::Error) {
        None => Ok(()),
        Some(diagnostic) => Err(format!("{}: {}", diagnostic.summary, diagnostic.detail).into()),
    }
}
