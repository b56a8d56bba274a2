//! The command line: what a person may ask of the binary, and what it says about itself.

use std::{ffi::OsString, fmt};

use super::{ProviderInfo, handshake};

/// What the binary is started for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Command {
    /// No argument: started by a host, which sets environment variables.
    Serve,
    /// `-debug`: started by a person, to be attached to with `TF_REATTACH_PROVIDERS`.
    Debug,
    /// `-debug-tcp`: the same, on a port of 127.0.0.1, which every user of the machine can reach.
    DebugTcp,
    /// `-version`
    Version,
    /// `-help`
    Help,
}

/// An argument that means nothing here. Its text is for one line on stderr.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct UnknownArgument(String);

impl fmt::Display for UnknownArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown argument {:?}; use -debug, -debug-tcp, -version or -help, or no argument",
            self.0
        )
    }
}

/// Reads the arguments that follow the program's name. One dash and two mean the same, as in Terraform itself.
/// `-help` wins over `-version`, which wins over `-debug-tcp` and `-debug`; an unknown argument beside them is still an error.
pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, UnknownArgument> {
    let mut command = Command::Serve;
    for argument in arguments {
        let asked = match argument.to_str() {
            Some("-debug" | "--debug") => Command::Debug,
            Some("-debug-tcp" | "--debug-tcp") => Command::DebugTcp,
            Some("-version" | "--version") => Command::Version,
            Some("-help" | "--help" | "-h") => Command::Help,
            _ => return Err(UnknownArgument(argument.to_string_lossy().into_owned())),
        };
        if rank(asked) > rank(command) {
            command = asked;
        }
    }
    Ok(command)
}

/// What `-version` prints, newline included.
pub(super) fn version(info: &ProviderInfo) -> String {
    let mut text = format!(
        "terraform-provider-{} {}\nplugin protocol {}\n",
        info.name,
        info.version,
        handshake::APP_PROTOCOL
    );
    for (name, value) in [("commit", info.commit), ("target", info.target)] {
        if let Some(value) = value {
            text.push_str(&format!("{name} {value}\n"));
        }
    }
    text
}

/// What `-help` prints, newline included.
pub(super) fn help(info: &ProviderInfo) -> String {
    let ProviderInfo {
        name,
        version,
        commit: _,
        target: _,
        address,
        log_variable,
        summary,
        crates: _,
    } = info;
    format!(
        "\
terraform-provider-{name} {version}: {summary}

This is a plugin. Terraform and OpenTofu start it themselves, without arguments,
for configurations that require {address}.

Usage: terraform-provider-{name} [-debug | -debug-tcp | -version | -help]

  -debug      Start outside Terraform, for a debugger, on a unix socket in a
              directory that only its owner can enter. Prints the assignment
              of TF_REATTACH_PROVIDERS that makes Terraform attach. Ends with
              an interrupt (Ctrl-C).
  -debug-tcp  The same on a port of 127.0.0.1, without TLS. Every user of this
              machine can then use your credentials and run programs as you.
  -version    Print the version and end.
  -help       Print this text and end.

Environment:
  {log_variable}
             Level of this provider's log lines: TRACE (default), DEBUG, INFO,
             WARN, ERROR or OFF. They appear where TF_LOG or TF_LOG_PROVIDER
             asks Terraform for logs.
  {network}
             How Terraform reaches this process: unix (a socket in a directory
             that only its owner can enter; default except on Windows) or
             tcp (127.0.0.1).
",
        network = handshake::NETWORK_VARIABLE,
    )
}

const fn rank(command: Command) -> u8 {
    match command {
        Command::Serve => 0,
        Command::Debug => 1,
        Command::DebugTcp => 2,
        Command::Version => 3,
        Command::Help => 4,
    }
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

    fn check(arguments: &[&str], expected: Result<Command, &str>) {
        let parsed = parse(arguments.iter().map(OsString::from));
        let expected = expected.map_err(|text| UnknownArgument(text.to_owned()));
        assert_eq!(parsed, expected, "{arguments:?}");
    }

    #[test]
    fn arguments_are_accepted_in_every_spelling() {
        check(&[], Ok(Command::Serve));
        check(&["-debug"], Ok(Command::Debug));
        check(&["--debug"], Ok(Command::Debug));
        check(&["-debug-tcp"], Ok(Command::DebugTcp));
        check(&["--debug-tcp"], Ok(Command::DebugTcp));
        check(&["-version"], Ok(Command::Version));
        check(&["--version"], Ok(Command::Version));
        check(&["-help"], Ok(Command::Help));
        check(&["--help"], Ok(Command::Help));
        check(&["-h"], Ok(Command::Help));
    }

    #[test]
    fn help_and_version_come_before_a_start() {
        check(&["-debug", "-version"], Ok(Command::Version));
        check(&["-help", "-version", "-debug"], Ok(Command::Help));
        check(&["-debug", "-debug"], Ok(Command::Debug));
        check(&["-debug-tcp", "-debug"], Ok(Command::DebugTcp));
    }

    #[test]
    fn unknown_arguments_are_refused() {
        check(&["-v"], Err("-v"));
        check(&["serve"], Err("serve"));
        check(&[""], Err(""));
        check(&["-help", "-frobnicate"], Err("-frobnicate"));
        check(&["-debug=true"], Err("-debug=true"));
    }

    #[cfg(unix)]
    #[test]
    fn non_text_argument_is_named_in_lossy_form() {
        use std::os::unix::ffi::OsStringExt;
        let argument = OsString::from_vec(vec![b'-', 0xff]);
        let error = parse(std::iter::once(argument))
            .expect_err("is unknown")
            .to_string();
        assert!(error.contains("-\u{fffd}"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn version_and_help_have_all_facts() {
        assert_eq!(
            version(&INFO),
            "terraform-provider-toy 1.2.3\nplugin protocol 6\n"
        );
        let built = ProviderInfo {
            commit: Some("0123abcd"),
            target: Some("x86_64-unknown-linux-musl"),
            ..INFO
        };
        assert_eq!(
            version(&built),
            "terraform-provider-toy 1.2.3\nplugin protocol 6\ncommit 0123abcd\ntarget x86_64-unknown-linux-musl\n"
        );
        let help = help(&INFO);
        for word in [
            "-debug ",
            "-debug-tcp",
            "-version",
            "-help",
            "TF_LOG_PROVIDER_TOY",
            handshake::NETWORK_VARIABLE,
            "TF_REATTACH_PROVIDERS",
            "registry.terraform.io/example/toy",
        ] {
            assert!(help.contains(word), "{word} is missing");
        }
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{help}"
        );
    }
}
