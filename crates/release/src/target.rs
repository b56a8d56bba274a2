//! Targets: Rust's triples, and the platforms that registries call them.

use std::{fmt, fs, process::Command};

use crate::{
    command::{Failure, text},
    warn,
};

/// A target that the provider is built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) triple: String,
    /// As registries name it: `linux`, `darwin`, `windows`.
    pub(crate) os: &'static str,
    /// As registries name it: `amd64`, `arm64`, `arm`, `386`.
    pub(crate) arch: &'static str,
}

impl Target {
    /// A target from its triple.
    ///
    /// # Errors
    /// If no registry has a name for it.
    pub(crate) fn parse(triple: &str) -> Result<Self, Failure> {
        let unknown = || {
            Failure(format!(
                "the target {triple} has no platform name in a provider registry"
            ))
        };
        let arch = match triple.split('-').next().unwrap_or_default() {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "arm" | "armv6" => "arm",
            "i686" => "386",
            _ => return Err(unknown()),
        };
        let os = if triple.contains("-linux-") {
            "linux"
        } else if triple.ends_with("-apple-darwin") {
            "darwin"
        } else if triple.contains("-windows-") {
            "windows"
        } else {
            return Err(unknown());
        };
        Ok(Self {
            triple: triple.to_owned(),
            os,
            arch,
        })
    }

    /// The target whose dependencies a package of a platform has.
    ///
    /// # Errors
    /// If no release is built for the platform.
    pub(crate) fn of_platform(platform: &str) -> Result<Self, Failure> {
        let triple = match platform {
            "linux_amd64" => "x86_64-unknown-linux-musl",
            "linux_arm64" => "aarch64-unknown-linux-musl",
            "linux_arm" => "arm-unknown-linux-musleabihf",
            "linux_386" => "i686-unknown-linux-musl",
            "darwin_amd64" => "x86_64-apple-darwin",
            "darwin_arm64" => "aarch64-apple-darwin",
            "windows_amd64" => "x86_64-pc-windows-msvc",
            "windows_arm64" => "aarch64-pc-windows-msvc",
            "windows_386" => "i686-pc-windows-msvc",
            _ => {
                return Err(Failure(format!(
                    "no release is built for the platform {platform}"
                )));
            }
        };
        Self::parse(triple)
    }

    /// `linux_amd64`.
    pub(crate) fn platform(&self) -> String {
        format!("{}_{}", self.os, self.arch)
    }

    /// Whether an executable of this target must need no interpreter and no library.
    pub(crate) fn is_static(&self) -> bool {
        self.triple.contains("-linux-musl")
    }

    /// `.exe`, or nothing.
    pub(crate) fn executable_suffix(&self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }

    /// Whether an executable of this target runs on this machine.
    pub(crate) fn runs_here(&self) -> bool {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        self.os == os && self.arch == arch
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.triple)
    }
}

/// The targets that were asked for, or this machine's.
///
/// # Errors
/// If a triple is unknown, or two of them are one platform.
pub(crate) fn choose(triples: &[String]) -> Result<Vec<Target>, Failure> {
    if triples.is_empty() {
        return Ok(vec![host()?]);
    }
    let targets = triples
        .iter()
        .map(|triple| Target::parse(triple))
        .collect::<Result<Vec<_>, _>>()?;
    for (position, target) in targets.iter().enumerate() {
        if targets
            .iter()
            .skip(position + 1)
            .any(|other| other.platform() == target.platform())
        {
            return Err(Failure(format!(
                "two targets are the platform {}",
                target.platform()
            )));
        }
    }
    Ok(targets)
}

fn host() -> Result<Target, Failure> {
    let version = text(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::new("`rustc -vV` names no host"))?;
    let musl = host.replace("-linux-gnu", "-linux-musl");
    if musl == host {
        return Target::parse(host);
    }
    if has_std(&musl) {
        return Target::parse(&musl);
    }
    warn(&format!(
        "the standard library of {musl} is not installed, so this build needs the C library of a system like this one; \
         `rustup target add {musl}` makes the next one static"
    ));
    Target::parse(host)
}

fn has_std(triple: &str) -> bool {
    let folder = text(Command::new("rustc").args(["--print", "target-libdir", "--target", triple]));
    let entries = folder.ok().and_then(|folder| fs::read_dir(folder).ok());
    entries.is_some_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_have_platform_names() {
        let check = |triple: &str, expected: Option<&str>| {
            let platform = Target::parse(triple).ok().map(|target| target.platform());
            assert_eq!(platform.as_deref(), expected, "{triple}");
        };
        check("x86_64-unknown-linux-musl", Some("linux_amd64"));
        check("aarch64-unknown-linux-musl", Some("linux_arm64"));
        check("arm-unknown-linux-musleabihf", Some("linux_arm"));
        check("x86_64-pc-windows-gnu", Some("windows_amd64"));
        check("aarch64-apple-darwin", Some("darwin_arm64"));
        check("riscv64gc-unknown-linux-gnu", None);
        check("x86_64-unknown-none", None);
        for platform in [
            "linux_amd64",
            "linux_arm64",
            "linux_arm",
            "darwin_arm64",
            "windows_amd64",
            "windows_386",
        ] {
            let target = Target::of_platform(platform).expect("a platform of a release");
            assert_eq!(target.platform(), platform);
        }
    }

    #[test]
    fn one_platform_twice_is_refused() {
        let triples = ["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"].map(str::to_owned);
        assert!(choose(&triples).is_err());
        assert_eq!(
            choose(&triples[..1]).map(|targets| targets.len()).ok(),
            Some(1)
        );
    }
}
