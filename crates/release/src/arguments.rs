//! Arguments of the command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
Usage: cargo release-provider [--snapshot] [--target TRIPLE]... [--out DIR]
       cargo release-provider --build-only [--target TRIPLE]... [--out DIR]
       cargo release-provider --assemble DIR [--snapshot] [--out DIR]
       cargo release-provider --verify DIR

  --snapshot       What is not a release: no tag is needed, the version ends in
                   -dev, and without a secret key the checksums stay unsigned
  --target TRIPLE  A target to build for, such as x86_64-unknown-linux-musl;
                   may be given several times. Default: this machine, static
                   where the standard library of its musl target is installed
  --out DIR        Where the assets go. Default: target/release-provider
  --build-only     Make the packages and no more: no checksums, no signature
  --assemble DIR   Make the rest from packages that --build-only made, perhaps
                   on several systems
  --verify DIR     Check the assets in a directory, for example downloaded
                   ones before they are published; nothing is built

GPG_FINGERPRINT chooses the secret key where the keyring has several.";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) snapshot: bool,
    pub(crate) targets: Vec<String>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) build_only: bool,
    pub(crate) assemble: Option<PathBuf>,
    pub(crate) verify: Option<PathBuf>,
}

/// Parses the arguments; `None` asks for help.
///
/// # Errors
/// The sentence that names the wrong argument.
pub(crate) fn parse(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments::default();
    while let Some(argument) = arguments.next() {
        let (name, mut value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument.clone(), None),
        };
        let mut needed = || {
            let value = value.take().or_else(|| arguments.next());
            value
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "--target" => parsed.targets.push(needed()?),
            "--out" => parsed.out = Some(needed()?.into()),
            "--assemble" => parsed.assemble = Some(needed()?.into()),
            "--verify" => parsed.verify = Some(needed()?.into()),
            "--snapshot" if value.is_none() => parsed.snapshot = true,
            "--build-only" if value.is_none() => parsed.build_only = true,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    if parsed.assemble.is_some() && (parsed.build_only || !parsed.targets.is_empty()) {
        return Err(
            "--assemble builds nothing, so it goes with neither --target nor --build-only"
                .to_owned(),
        );
    }
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Option<Arguments>, &str>) {
        let found = parse(arguments.iter().map(|argument| (*argument).to_owned()));
        assert_eq!(found, expected.map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn arguments_are_parsed() {
        check(&[], Ok(Some(Arguments::default())));
        check(&["--help"], Ok(None));
        let parsed = || Arguments {
            snapshot: true,
            targets: vec!["a".to_owned(), "b".to_owned()],
            out: Some("d".into()),
            ..Arguments::default()
        };
        check(
            &["--snapshot", "--target", "a", "--target=b", "--out", "d"],
            Ok(Some(parsed())),
        );
        let alone = "--assemble builds nothing, so it goes with neither --target nor --build-only";
        check(&["--assemble", "d", "--build-only"], Err(alone));
        check(&["--target"], Err("--target needs a value"));
        check(&["--out="], Err("--out needs a value"));
        check(
            &["--snapshot=yes"],
            Err("unknown argument \"--snapshot=yes\""),
        );
        check(&["x"], Err("unknown argument \"x\""));
    }
}
