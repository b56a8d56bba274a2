//! The emulator alone, for a user's own configuration: prints a provider block that points at it, runs until Ctrl-C.
//!
//! Must not contain: anything of the cloud; that is the library's.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use acceptance_tests::emulator::{DEFAULT_ACCOUNT, Emulator};

const HELP: &str = "\
Runs an emulated cloud (CAMS and STS) on a free loopback port, until Ctrl-C.

Usage: emulator [--port N]

  --port N   listen on 127.0.0.1:N
  --help     this text

It prints a provider block that points at it, and the curl lines that change the cloud
behind Terraform's back. Nothing is kept after its end.
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Run { port: u16 },
}

fn main() -> ExitCode {
    let wish = match parse(env::args().skip(1)) {
        Ok(wish) => wish,
        Err(sentence) => {
            eprintln!("emulator: {sentence}");
            return ExitCode::from(2);
        }
    };
    match run(wish) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut port = 0;
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let value = match argument.as_str() {
            "--help" | "-h" => return Ok(Wish::Help),
            "--port" => arguments
                .next()
                .ok_or_else(|| "--port needs a number, such as --port 8080".to_owned())?,
            other => match other.strip_prefix("--port=") {
                Some(value) => value.to_owned(),
                None => {
                    return Err(format!(
                        "unknown argument \"{other}\"; --help shows them all"
                    ));
                }
            },
        };
        port = value
            .parse()
            .map_err(|_| format!("--port \"{value}\" is not a port number (0 to 65535)"))?;
    }
    Ok(Wish::Run { port })
}

fn run(wish: Wish) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let port = match wish {
        Wish::Help => return stdout.write_all(HELP.as_bytes()),
        Wish::Run { port } => port,
    };
    let emulator = Emulator::start_on(port).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on port {port}: {error}"),
        )
    })?;
    stdout.write_all(introduction(&emulator).as_bytes())?;
    stdout.flush()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(tokio::signal::ctrl_c())
}

fn introduction(emulator: &Emulator) -> String {
    let endpoint = emulator.endpoint();
    let provider_block = emulator.provider_block();
    format!(
        r#"# The emulated cloud listens on {endpoint} (account {DEFAULT_ACCOUNT}). Ctrl-C ends it.

{provider_block}
# What is bound to which space:
#   curl -s {endpoint}/_emulator/state
# Drift: another WABA in a space, behind Terraform's back. Or none at all:
#   curl -s -X POST {endpoint}/_emulator/rebind -d '{{"cust_space_id": "cams-...", "waba_id": "100000000000009"}}'
#   curl -s -X POST {endpoint}/_emulator/unbind -d '{{"cust_space_id": "cams-..."}}'
# A binding that Terraform did not make, to import:
#   curl -s -X POST {endpoint}/_emulator/spaces -d '{{"waba_id": "100000000000008"}}'
# The next three binds are throttled:
#   curl -s -X POST {endpoint}/_emulator/faults -d '{{"action": "ChatappBindWaba", "times": 3, "fault": {{"throttle": {{}}}}}}'
# What was called, all behavior, all paths:
#   curl -s {endpoint}/_emulator/calls
#   curl -s {endpoint}/_emulator/behavior
#   curl -s {endpoint}/_emulator/
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Wish, &str>) {
        let found = parse(arguments.iter().map(|&argument| argument.to_owned()));
        match (found, expected) {
            (Err(sentence), Err(part)) => assert!(sentence.contains(part), "{sentence}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn arguments_are_read_or_refused() {
        check(&[], Ok(Wish::Run { port: 0 }));
        check(&["--port", "8080"], Ok(Wish::Run { port: 8080 }));
        check(&["--port=8080"], Ok(Wish::Run { port: 8080 }));
        check(&["--port", "1", "--help"], Ok(Wish::Help));
        check(&["--port"], Err("needs a number"));
        check(&["--port", "99999"], Err("\"99999\""));
        check(&["--prot", "1"], Err("\"--prot\""));
    }

    #[test]
    fn introduction_names_the_port_in_use() {
        let emulator = Emulator::start().expect("a free port");
        let text = introduction(&emulator);
        let cams = format!("cams = \"{}\"", emulator.endpoint());
        assert!(text.contains(&cams), "{text}");
        assert!(text.contains("/_emulator/rebind"), "{text}");
    }
}
