//! The benchmark: what the provider costs those who run it, as one table and one JSON document.
//!
//! Start, memory and size of the release build; single RPCs through the plugin host; plans of new objects beside another
//! provider; whole plans through the real CLI; and how close many refreshes come to the limits of calls. Everything is measured in one run on one machine, against the
//! emulated cloud, so that figures can be compared with each other; targets stand beside them. Missing a target is reported
//! and is no failure. Must not contain: figures that were not measured in this run.

mod configuration;
mod figures;
mod objects;
mod onboarding;
mod plans;
mod refreshes;
mod starts;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use acceptance_tests::{
    plugin_host::HostError,
    provider_binary::{self, Profile},
    terraform::Cli,
};

use configuration::Configuration;
use figures::Report;
use starts::{Other, OtherKind};

const HELP: &str = "\
Measures the release build of the provider, alone and under the real terraform (or tofu), and the start of its static
build where Rust's musl target is installed.

Usage: cargo bench-provider [--only SECTIONS] [--full] [--spaces N] [--peer PATH [--peer-config PATH]] [--json PATH]

  --only SECTIONS     of start, memory, refresh, objects, limit, onboarding, plan, growth; separated by commas
  --full              1 000 refreshes for each of 10 and 50 accounts at the limit, in place of 200, and plans of
                      10 000 bindings
  --spaces N          how many spaces onboarding has; 50 unless said otherwise
  --peer PATH         measures start and memory of another provider's executable in the same run; it has to be called
                      terraform-provider-NAME
  --peer-config PATH  a configuration of that provider in Terraform's JSON syntax. Section objects plans 1 000 new
                      objects of it through plugin protocol 6 and under the CLI. `count` of a resource is its share;
                      `${count.index}` is the only expression
  --json PATH         where the figures go as JSON; target/bench-provider.json unless said otherwise
  --help              this text

For example, for a provider with one type:

  {
    \"terraform\": {\"required_providers\": {\"random\": {\"source\": \"hashicorp/random\"}}},
    \"resource\": {\"random_string\": {\"all\": {\"length\": 16, \"keepers\": {\"number\": \"${count.index}\"}}}}
  }

Nothing is left running, and no cloud account is used. Close other programs first.
";

/// What can be measured, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Start,
    Memory,
    Refresh,
    Objects,
    Limit,
    Onboarding,
    Plan,
    Growth,
}

const SECTIONS: [(&str, Section); 8] = [
    ("start", Section::Start),
    ("memory", Section::Memory),
    ("refresh", Section::Refresh),
    ("objects", Section::Objects),
    ("limit", Section::Limit),
    ("onboarding", Section::Onboarding),
    ("plan", Section::Plan),
    ("growth", Section::Growth),
];

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Run(Plan),
}

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    sections: Vec<Section>,
    full: bool,
    spaces: usize,
    peer: Option<PathBuf>,
    peer_config: Option<PathBuf>,
    json: PathBuf,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut plan = Plan {
        sections: SECTIONS.map(|(_, section)| section).to_vec(),
        full: false,
        spaces: 50,
        peer: None,
        peer_config: None,
        json: PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../target/bench-provider.json"
        )),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("{argument} needs a value; --help shows how"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(Wish::Help),
            "--full" => plan.full = true,
            "--spaces" => {
                let spaces = value()?;
                let number = spaces.parse().ok().filter(|number| *number > 0);
                plan.spaces = number
                    .ok_or_else(|| format!("--spaces takes a number above 0, not \"{spaces}\""))?;
            }
            "--peer" => plan.peer = Some(value()?.into()),
            "--peer-config" => plan.peer_config = Some(value()?.into()),
            "--json" => plan.json = value()?.into(),
            "--only" => {
                let section = |name: &str| {
                    let known = SECTIONS.iter().find(|(known, _)| *known == name);
                    known
                        .map(|(_, section)| *section)
                        .ok_or_else(|| format!("there is no section \"{name}\"; --help lists them"))
                };
                plan.sections = value()?.split(',').map(section).collect::<Result<_, _>>()?;
            }
            other => {
                return Err(format!(
                    "unknown argument \"{other}\"; --help shows them all"
                ));
            }
        }
    }
    if plan.peer_config.is_some() && plan.peer.is_none() {
        return Err("--peer-config needs --peer; --help shows how".to_owned());
    }
    Ok(Wish::Run(plan))
}

fn main() -> ExitCode {
    let ended = match parse(env::args().skip(1)) {
        Ok(Wish::Help) => {
            // A reader that has gone away needs no help.
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Run(plan)) => run(&plan),
        Err(sentence) => {
            eprintln!("bench-provider: {sentence}");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench-provider: {failure}");
            let mut cause = failure.source();
            while let Some(error) = cause {
                eprintln!("  {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan) -> Result<(), HostError> {
    eprintln!(
        "Building the provider as it is shipped (cargo build --release); the first time this takes minutes."
    );
    let installed = tempfile::tempdir()?;
    let built = provider_binary::path(Profile::Release)?;
    let binary = starts::install(&built, &installed.path().join("provider"))?;
    let peer_config = plan.peer_config.as_deref().map(configuration).transpose()?;
    let cli = Cli::all()?.into_iter().next();
    let runtime = tokio::runtime::Runtime::new()?;
    let mut report = Report::new(cli.as_ref());
    for section in &plan.sections {
        match (section, &cli) {
            (Section::Start, _) => {
                runtime.block_on(starts::starts(
                    &mut report,
                    &binary,
                    &others(plan, installed.path())?,
                ))?;
            }
            (Section::Memory, _) => runtime.block_on(starts::memory(&mut report, &binary))?,
            (Section::Refresh, _) => {
                runtime.block_on(refreshes::single(&mut report, &binary))?;
                runtime.block_on(refreshes::types(&mut report, &binary))?;
            }
            (Section::Objects, cli) => {
                let peer = plan.peer.as_deref().zip(peer_config.as_ref());
                let measured = objects::objects(&mut report, &binary, cli.as_ref(), peer);
                runtime.block_on(measured)?;
            }
            (Section::Limit, cli) => {
                runtime.block_on(refreshes::at_the_limit(&mut report, &binary, plan.full))?;
                if let Some(cli) = cli {
                    plans::at_the_limit(&mut report, cli, &binary)?;
                }
            }
            (Section::Onboarding, Some(cli)) => {
                onboarding::onboarding(&mut report, cli, &binary, plan.spaces)?;
            }
            (Section::Plan, Some(cli)) => plans::plans(&mut report, cli, &binary)?,
            (Section::Growth, cli) => {
                runtime.block_on(refreshes::growth(&mut report, &binary))?;
                if let Some(cli) = cli {
                    plans::growth(&mut report, cli, &binary, plan.full)?;
                }
            }
            (Section::Onboarding | Section::Plan, None) => {
                eprintln!("Neither terraform nor tofu is on PATH: left out what needs one.");
            }
        }
    }
    fs::write(&plan.json, report.json())?;
    report.say(&format!(
        "\nAs JSON: {}",
        plan.json.canonicalize()?.display()
    ))
}

/// The configuration in a file.
fn configuration(path: &Path) -> Result<Configuration, HostError> {
    let unusable = |reason: String| format!("{}: {reason}", path.display());
    let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    Ok(Configuration::parse(&text).map_err(unusable)?)
}

/// What is measured beside the provider: its static build, where Rust's library for one is installed, and the peer.
fn others(plan: &Plan, installed: &Path) -> Result<Vec<Other>, HostError> {
    let mut others = Vec::new();
    match provider_binary::shipped_static() {
        Some(built) => others.push(Other {
            kind: OtherKind::Static,
            path: starts::install(&built?, &installed.join("static"))?,
        }),
        None => eprintln!(
            "The standard library of Rust's musl target is not installed: left out the static build."
        ),
    }
    if let Some(peer) = &plan.peer {
        others.push(Other {
            kind: OtherKind::Peer,
            path: starts::install(peer, &installed.join("peer"))?,
        });
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let check = |arguments: &str, expected: Result<&str, &str>| {
            let found = parse(arguments.split_whitespace().map(str::to_owned));
            match (found, expected) {
                (Ok(found), Ok(part)) => assert!(format!("{found:?}").contains(part), "{found:?}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
                (found, expected) => panic!("{found:?}, expected {expected:?}"),
            }
        };
        check("", Ok("full: false, spaces: 50, peer: None"));
        check("--help", Ok("Help"));
        check(
            "--only plan,start --full",
            Ok("sections: [Plan, Start], full: true"),
        );
        check(
            "--peer a/b --json c",
            Ok("peer: Some(\"a/b\"), peer_config: None, json: \"c\""),
        );
        check(
            "--peer a --peer-config b --spaces 3",
            Ok("spaces: 3, peer: Some(\"a\"), peer_config: Some(\"b\")"),
        );
        check("--peer-config b", Err("--peer-config needs --peer"));
        check("--spaces none", Err("a number above 0, not \"none\""));
        check("--spaces 0", Err("a number above 0, not \"0\""));
        check("--only speed", Err("no section \"speed\""));
        check("--peer", Err("--peer needs a value"));
        check("--fast", Err("unknown argument \"--fast\""));
    }
}
