//! How the CLI finds the provider: the ways that Terraform's page on the CLI configuration file describes.
//!
//! Must not contain: the building of the provider.

use std::{
    env::consts,
    fs, io,
    path::{Path, PathBuf},
};

use super::Program;

/// The source address of the provider, without its host.
pub(super) const SOURCE: &str = "alicloud-cams/alicloud";

/// A way to install the provider.
#[derive(Clone, Debug)]
pub enum Installation {
    /// There is no provider.
    Nothing,
    /// The folder of the binary overrides these source addresses; `init` is not needed.
    DevOverrides {
        /// The provider's executable.
        binary: PathBuf,
        /// Source addresses without their host.
        sources: Vec<String>,
    },
    /// The binary lies in a directory laid out like a registry, from which `init` installs it.
    FilesystemMirror {
        /// The provider's executable.
        binary: PathBuf,
        /// The version it is offered as.
        version: String,
    },
}

impl Installation {
    /// As a developer of the provider has it.
    #[must_use]
    pub fn dev_overrides(binary: PathBuf) -> Self {
        Self::DevOverrides {
            binary,
            sources: vec![SOURCE.to_owned()],
        }
    }

    /// As a user has it who keeps providers in a directory.
    #[must_use]
    pub fn filesystem_mirror(binary: PathBuf) -> Self {
        Self::FilesystemMirror {
            binary,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Prepares `root` and returns the text of the CLI configuration file.
    pub(super) fn install(&self, program: Program, root: &Path) -> io::Result<String> {
        match self {
            Self::Nothing => Ok(String::new()),
            Self::DevOverrides { binary, sources } => {
                let folder = quoted(binary.parent().unwrap_or(Path::new(".")));
                let overrides: String = sources
                    .iter()
                    .map(|source| format!("    \"{source}\" = {folder}\n"))
                    .collect();
                Ok(format!(
                    "provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n"
                ))
            }
            Self::FilesystemMirror { binary, version } => {
                let mirror = root.join("mirror");
                let package = package_folder(&mirror, program.registry(), version);
                fs::create_dir_all(&package)?;
                let name = format!(
                    "terraform-provider-alicloud_v{version}{}",
                    consts::EXE_SUFFIX
                );
                // Copying keeps the mode bits, without which the CLI could not start it.
                fs::copy(binary, package.join(name))?;
                let mirror = quoted(&mirror);
                Ok(format!(
                    "provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n"
                ))
            }
        }
    }
}

fn package_folder(mirror: &Path, host: &str, version: &str) -> PathBuf {
    mirror
        .join(host)
        .join(SOURCE)
        .join(version)
        .join(platform(consts::OS, consts::ARCH))
}

/// The platform in the registries' names, for example `linux_amd64`.
fn platform(os: &str, arch: &str) -> String {
    let os = match os {
        "macos" => "darwin",
        other => other,
    };
    let arch = match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}

/// A path as a string of the configuration language.
fn quoted(path: &Path) -> String {
    let escaped = path
        .display()
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_named_as_in_registries() {
        let check = |os, arch, expected: &str| assert_eq!(platform(os, arch), expected);
        check("linux", "x86_64", "linux_amd64");
        check("macos", "aarch64", "darwin_arm64");
        check("windows", "x86", "windows_386");
        check("freebsd", "arm", "freebsd_arm");
    }

    #[test]
    fn overrides_name_the_folder_of_the_binary() {
        let root = tempfile::tempdir().expect("a directory");
        let installation = Installation::DevOverrides {
            binary: PathBuf::from("/build/terraform-provider-alicloud"),
            sources: vec!["a/b".to_owned(), "c/d".to_owned()],
        };
        let text = installation
            .install(Program::Terraform, root.path())
            .expect("text alone");
        assert!(text.contains("\"a/b\" = \"/build\"\n"), "{text}");
        assert!(text.contains("\"c/d\" = \"/build\"\n"), "{text}");
    }

    #[test]
    fn mirrors_are_laid_out_like_a_registry() {
        let root = tempfile::tempdir().expect("a directory");
        let binary = root.path().join("binary");
        fs::write(&binary, "a program").expect("a file");
        let text = Installation::FilesystemMirror {
            binary,
            version: "1.2.3".to_owned(),
        }
        .install(Program::Tofu, root.path())
        .expect("a mirror");
        assert!(text.contains("filesystem_mirror"), "{text}");
        let package = package_folder(
            &root.path().join("mirror"),
            "registry.opentofu.org",
            "1.2.3",
        );
        let name = format!("terraform-provider-alicloud_v1.2.3{}", consts::EXE_SUFFIX);
        assert!(package.join(name).is_file());
    }

    #[test]
    fn paths_are_strings_of_the_language() {
        assert_eq!(quoted(Path::new(r#"C:\a "b""#)), r#""C:\\a \"b\"""#);
    }
}
