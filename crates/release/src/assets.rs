//! Checks assets as they lie in a directory: what registries want, and what CLIs take without a word and fail on later.
//!
//! The real CLIs accept an executable without its mode bits or with a wrong name at `init` and fail at `plan`, and check the
//! manifest against nothing.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use zip::ZipArchive;

use crate::{
    command::{Failure, output},
    package::sha256,
    verify::{MAX_BYTES, is_static},
};

/// Checks the assets of one release and gives their number.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn verify(folder: &Path) -> Result<usize, Failure> {
    let files = files(folder)?;
    let sums: Vec<&String> = files
        .keys()
        .filter(|name| name.ends_with("_SHA256SUMS"))
        .collect();
    let [sums] = sums.as_slice() else {
        return Err(Failure(format!(
            "{} has {} files *_SHA256SUMS, not one",
            folder.display(),
            sums.len()
        )));
    };
    let version = sums
        .strip_prefix(&format!("{}_", crate::NAME))
        .and_then(|rest| rest.strip_suffix("_SHA256SUMS"))
        .ok_or_else(|| {
            Failure(format!(
                "{sums} has not the name {}_VERSION_SHA256SUMS",
                crate::NAME
            ))
        })?;
    let listed = checked_sums(&files, sums)?;
    let own = format!("{}_{version}_", crate::NAME);
    let mut packages = 0;
    for name in &listed {
        let kind = name
            .strip_prefix(&own)
            .ok_or_else(|| Failure(format!("{name} has not the name {own}… of this release")))?;
        let content = &files[name];
        if kind == "manifest.json" {
            manifest(name, content)?;
        } else if let Some(platform) = kind
            .strip_suffix(".zip")
            .filter(|kind| !kind.ends_with(".debug"))
        {
            package(name, content, version, platform)?;
            packages += 1;
        }
    }
    if packages == 0 || !listed.contains(&format!("{own}manifest.json")) {
        return Err(Failure::new(
            "a release has at least one package and a manifest",
        ));
    }
    signature(folder, sums, &files)?;
    Ok(listed.len())
}

/// The content of all files, by name. Folders are a mirror's and not looked into.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    let paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    let named = paths.into_iter().map(|path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let content = fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
        Ok((name, content))
    });
    named.collect()
}

/// The names in the list of checksums; each has its checksum, and no other asset lies beside them.
fn checked_sums(files: &BTreeMap<String, Vec<u8>>, sums: &str) -> Result<Vec<String>, Failure> {
    let list = String::from_utf8_lossy(&files[sums]).into_owned();
    let mut listed = Vec::new();
    for line in list.lines() {
        let (expected, name) = line
            .split_once("  ")
            .ok_or_else(|| Failure(format!("{sums} has the odd line {line:?}")))?;
        let content = files
            .get(name)
            .ok_or_else(|| Failure(format!("{sums} lists {name}, which is not there")))?;
        let found = sha256(content);
        if found != expected {
            return Err(Failure(format!(
                "{name} has the checksum {found}, but {sums} says {expected}"
            )));
        }
        listed.push(name.to_owned());
    }
    let signature = format!("{sums}.sig");
    match files
        .keys()
        .find(|name| *name != sums && **name != signature && !listed.contains(name))
    {
        Some(other) => Err(Failure(format!("{other} is not in {sums}"))),
        None => Ok(listed),
    }
}

fn manifest(name: &str, content: &[u8]) -> Result<(), Failure> {
    let manifest: Value = serde_json::from_slice(content)
        .map_err(|error| Failure(format!("{name} is not JSON: {error}")))?;
    let versions = manifest["metadata"]["protocol_versions"].as_array();
    let major = |version: &Value| {
        version
            .as_str()
            .is_some_and(|version| version.starts_with("6."))
    };
    if manifest["version"] == 1 && versions.is_some_and(|versions| versions.iter().any(major)) {
        return Ok(());
    }
    Err(Failure(format!(
        "{name} does not announce plugin protocol 6"
    )))
}

fn package(name: &str, content: &[u8], version: &str, platform: &str) -> Result<(), Failure> {
    let damaged = |error: zip::result::ZipError| Failure(format!("{name} is damaged: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
    let suffix = if platform.starts_with("windows_") {
        ".exe"
    } else {
        ""
    };
    let executable = format!("{}_v{version}{suffix}", crate::NAME);
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(damaged)?;
        let entry = file.name().map_err(damaged)?.into_owned();
        if entry == executable {
            let mode = file.unix_mode().unwrap_or_default() & 0o777;
            if mode != 0o755 {
                return Err(Failure(format!(
                    "{executable} in {name} has the mode {mode:o}, not 755: no CLI could start it"
                )));
            }
            let mut bytes = Vec::new();
            let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
            let read = file.by_ref().take(limit).read_to_end(&mut bytes);
            read.map_err(|error| Failure(format!("{name} is damaged: {error}")))?;
            if bytes.len() > MAX_BYTES {
                return Err(Failure(format!(
                    "{executable} in {name} is larger than {MAX_BYTES} bytes"
                )));
            }
            if platform.starts_with("linux_") && !version.ends_with("-dev") {
                is_static(&bytes).map_err(|reason| {
                    Failure(format!("{executable} in {name} is not static: {reason}"))
                })?;
            }
        }
        found.push(entry);
    }
    for needed in [executable.as_str(), "LICENSE", "THIRD-PARTY-NOTICES"] {
        if !found.iter().any(|entry| entry == needed) {
            return Err(Failure(format!(
                "{name} has no {needed}; it has {}",
                found.join(", ")
            )));
        }
    }
    Ok(())
}

/// A release is signed; a snapshot may be. The key has to be in the keyring.
fn signature(folder: &Path, sums: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let name = format!("{sums}.sig");
    match files.get(&name) {
        None if sums.contains("-dev_") => Ok(()),
        None => Err(Failure(format!("there is no {name}"))),
        Some(content) if content.starts_with(b"-----") => Err(Failure(format!(
            "{name} is armoured; registries want the binary form"
        ))),
        Some(_) => {
            let (signature, sums) = (folder.join(&name), folder.join(sums));
            output(
                Command::new("gpg")
                    .args(["--batch", "--quiet", "--verify"])
                    .arg(signature)
                    .arg(sums),
            )
            .map(|_| ())
            .map_err(|_| {
                Failure(format!(
                    "{name} is no signature of the list by a key of this keyring"
                ))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    const MANIFEST: &[u8] = br#"{"version":1,"metadata":{"protocol_versions":["6.0"]}}"#;

    fn archive(entries: &[(&str, u32)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, mode) in entries {
            let options = SimpleFileOptions::default().unix_permissions(*mode);
            writer.start_file(*name, options).expect("started");
            writer.write_all(b"content").expect("written");
        }
        writer.finish().expect("finished").into_inner()
    }

    /// The release `1.2.3-dev` with its parts, some of them changed after the checksums were made.
    fn check(package: Vec<u8>, manifest: &[u8], change: impl FnOnce(&Path), expected: &str) {
        let folder = tempfile::tempdir().expect("a directory");
        let own = |rest: &str| format!("{}_1.2.3-dev_{rest}", crate::NAME);
        let mut sums = String::new();
        for (name, content) in [
            (own("linux_amd64.zip"), package.as_slice()),
            (own("manifest.json"), manifest),
        ] {
            fs::write(folder.path().join(&name), content).expect("written");
            sums.push_str(&format!("{}  {name}\n", sha256(content)));
        }
        fs::write(folder.path().join(own("SHA256SUMS")), sums).expect("written");
        change(folder.path());
        let found = match verify(folder.path()) {
            Ok(count) => format!("{count} assets"),
            Err(failure) => failure.0,
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn incomplete_assets_are_refused() {
        let name = |rest: &str| format!("{}_1.2.3-dev_{rest}", crate::NAME);
        let executable = format!("{}_v1.2.3-dev", crate::NAME);
        let of = |executable: &str, mode: u32| {
            archive(&[
                ("LICENSE", 0o644),
                ("THIRD-PARTY-NOTICES", 0o644),
                (executable, mode),
            ])
        };
        let good = || of(&executable, 0o755);
        check(good(), MANIFEST, |_| {}, "2 assets");
        check(
            of(&executable, 0o644),
            MANIFEST,
            |_| {},
            "has the mode 644, not 755",
        );
        check(
            of(crate::NAME, 0o755),
            MANIFEST,
            |_| {},
            "has no terraform-provider-alicloud_v1.2.3-dev; it has LICENSE",
        );
        check(
            archive(&[(&executable, 0o755)]),
            MANIFEST,
            |_| {},
            "has no LICENSE",
        );
        check(b"no archive".to_vec(), MANIFEST, |_| {}, "is damaged");
        check(good(), b"{}", |_| {}, "does not announce plugin protocol 6");
        let overwrite = |file: String, content: &'static [u8]| {
            move |folder: &Path| fs::write(folder.join(file), content).expect("written")
        };
        check(
            good(),
            MANIFEST,
            overwrite(name("linux_amd64.zip"), b"tampered"),
            "has the checksum",
        );
        check(
            good(),
            MANIFEST,
            overwrite("extra".to_owned(), b""),
            "extra is not in",
        );
        check(
            good(),
            MANIFEST,
            overwrite(name("SHA256SUMS.sig"), b"-----BEGIN"),
            "is armoured",
        );
        let remove = |file: String| {
            move |folder: &Path| fs::remove_file(folder.join(file)).expect("removed")
        };
        check(
            good(),
            MANIFEST,
            remove(name("manifest.json")),
            "which is not there",
        );
        check(
            good(),
            MANIFEST,
            remove(name("SHA256SUMS")),
            "0 files *_SHA256SUMS, not one",
        );
    }
}
