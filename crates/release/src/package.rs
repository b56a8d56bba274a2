//! Packages and checksums, the same bytes for the same content: entries in order, one time, fixed modes.

use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{build::Built, checks::Release, command::Failure, target::Target};

/// A file of the release.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal.
    pub(crate) sha256: String,
    /// For the provider's own packages: the platform, and the hash over the content that lock files name `h1:`.
    pub(crate) package: Option<(String, String)>,
}

/// Names of one target's assets, as registries want them.
pub(crate) struct Names {
    version: String,
    platform: String,
    suffix: &'static str,
}

impl Names {
    pub(crate) fn new(version: &str, target: &Target) -> Self {
        Self {
            version: version.to_owned(),
            platform: target.platform(),
            suffix: target.executable_suffix(),
        }
    }

    fn archive(&self) -> String {
        format!("{}_{}_{}.zip", crate::NAME, self.version, self.platform)
    }

    fn symbols(&self) -> String {
        format!(
            "{}_{}_{}.debug.zip",
            crate::NAME,
            self.version,
            self.platform
        )
    }

    fn executable(&self) -> String {
        format!("{}_v{}{}", crate::NAME, self.version, self.suffix)
    }
}

/// One entry of an archive.
struct Entry {
    name: String,
    mode: u32,
    content: Vec<u8>,
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::file("read", path, &error))
}

/// The package that a CLI installs: the executable, the licence and the notices.
pub(crate) fn provider(
    folder: &Path,
    names: &Names,
    built: &Built,
    license: &Path,
    notices: &str,
    release: &Release,
) -> Result<Asset, Failure> {
    let entries = vec![
        Entry {
            name: "LICENSE".to_owned(),
            mode: 0o644,
            content: read(license)?,
        },
        Entry {
            name: "THIRD-PARTY-NOTICES".to_owned(),
            mode: 0o644,
            content: notices.as_bytes().to_vec(),
        },
        Entry {
            name: names.executable(),
            mode: 0o755,
            content: read(&built.executable)?,
        },
    ];
    let hash = content_hash(&entries);
    let mut asset = write(folder, names.archive(), &archive(entries, release)?)?;
    asset.package = Some((names.platform.clone(), hash));
    Ok(asset)
}

/// The package of debug information, where there is some.
pub(crate) fn symbols(
    folder: &Path,
    names: &Names,
    built: &Built,
    release: &Release,
) -> Result<Option<Asset>, Failure> {
    let Some(symbols) = &built.symbols else {
        return Ok(None);
    };
    let entry = Entry {
        name: format!("{}.debug", names.executable()),
        mode: 0o644,
        content: read(symbols)?,
    };
    write(folder, names.symbols(), &archive(vec![entry], release)?).map(Some)
}

/// The manifest that tells a registry the protocol.
pub(crate) fn manifest(folder: &Path, root: &Path, release: &Release) -> Result<Asset, Failure> {
    let content = read(&root.join("terraform-registry-manifest.json"))?;
    write(
        folder,
        format!("{}_{}_manifest.json", crate::NAME, release.version),
        &content,
    )
}

/// Writes an asset.
pub(crate) fn write(folder: &Path, name: String, content: &[u8]) -> Result<Asset, Failure> {
    let path = folder.join(&name);
    fs::write(&path, content).map_err(|error| Failure::file("write", &path, &error))?;
    Ok(Asset {
        name,
        path,
        bytes: content.len() as u64,
        sha256: sha256(content),
        package: None,
    })
}

/// An asset that is there already.
pub(crate) fn existing(path: &Path) -> Result<Asset, Failure> {
    let content = read(path)?;
    Ok(Asset {
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        path: path.to_path_buf(),
        bytes: content.len() as u64,
        sha256: sha256(&content),
        package: None,
    })
}

/// The packages of an earlier build, copied to the folder of the assets.
///
/// # Errors
/// If there is none, or one is of another release or damaged.
pub(crate) fn take(from: &Path, folder: &Path, release: &Release) -> Result<Vec<Asset>, Failure> {
    let entries = fs::read_dir(from).map_err(|error| Failure::file("read", from, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let own = format!("{}_{}_", crate::NAME, release.version);
    let mut assets = Vec::new();
    for path in paths {
        let asset = existing(&path)?;
        let kind = asset
            .name
            .strip_prefix(&own)
            .and_then(|kind| kind.strip_suffix(".zip"));
        let Some(kind) = kind else {
            return Err(Failure(format!(
                "{} is no package of the release {}",
                path.display(),
                release.version
            )));
        };
        let mut copied = write(folder, asset.name.clone(), &read(&path)?)?;
        if !kind.ends_with(".debug") {
            copied.package = Some((kind.to_owned(), content_hash(&entries_of(&path)?)));
        }
        assets.push(copied);
    }
    if assets.is_empty() {
        return Err(Failure(format!("{} has no packages", from.display())));
    }
    Ok(assets)
}

fn entries_of(path: &Path) -> Result<Vec<Entry>, Failure> {
    let damaged =
        |error: &dyn std::fmt::Display| Failure(format!("{} is damaged: {error}", path.display()));
    let mut archive = ZipArchive::new(Cursor::new(read(path)?)).map_err(|error| damaged(&error))?;
    let entries = (0..archive.len()).map(|at| {
        let mut file = archive.by_index(at).map_err(|error| damaged(&error))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(|error| damaged(&error))?;
        let name = file.name().map_err(|error| damaged(&error))?.into_owned();
        Ok(Entry {
            name,
            mode: file.unix_mode().unwrap_or_default(),
            content,
        })
    });
    entries.collect()
}

/// `SHA256SUMS`: every asset but itself and the signature.
pub(crate) fn checksums(
    folder: &Path,
    release: &Release,
    assets: &[Asset],
) -> Result<Asset, Failure> {
    let mut sorted: Vec<&Asset> = assets.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let list: String = sorted
        .iter()
        .map(|asset| format!("{}  {}\n", asset.sha256, asset.name))
        .collect();
    write(
        folder,
        format!("{}_{}_SHA256SUMS", crate::NAME, release.version),
        list.as_bytes(),
    )
}

fn archive(entries: Vec<Entry>, release: &Release) -> Result<Vec<u8>, Failure> {
    let failed =
        |error: zip::result::ZipError| Failure(format!("cannot write an archive: {error}"));
    let time = release.time;
    let time = DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or(1980),
        time.month().into(),
        time.day(),
        time.hour(),
        time.minute(),
        // Archives count in steps of two seconds.
        time.second() / 2 * 2,
    )
    .unwrap_or_default();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(time)
            .unix_permissions(entry.mode);
        writer.start_file(entry.name, options).map_err(failed)?;
        writer
            .write_all(&entry.content)
            .map_err(|error| Failure(format!("cannot write an archive: {error}")))?;
    }
    Ok(writer.finish().map_err(failed)?.into_inner())
}

pub(crate) fn sha256(content: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(content) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The hash over names and content that Go modules and Terraform's lock files write as `h1:`: the SHA-256 of a list like that
/// of sha256sum, sorted by name, in base64.
fn content_hash(entries: &[Entry]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut lines: Vec<(&str, String)> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), sha256(&entry.content)))
        .collect();
    lines.sort();
    let list: String = lines
        .iter()
        .map(|(name, hash)| format!("{hash}  {name}\n"))
        .collect();
    format!("h1:{}", STANDARD.encode(Sha256::digest(list)))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn release() -> Release {
        Release {
            version: "1.2.3".to_owned(),
            commit: "abc".to_owned(),
            time: datetime!(2026-05-01 10:20:31 UTC),
        }
    }

    fn entries() -> Vec<Entry> {
        vec![
            Entry {
                name: "LICENSE".to_owned(),
                mode: 0o644,
                content: b"free".to_vec(),
            },
            Entry {
                name: "program".to_owned(),
                mode: 0o755,
                content: vec![7; 4096],
            },
        ]
    }

    #[test]
    fn archives_keep_modes_and_are_the_same_each_time() {
        let bytes = archive(entries(), &release()).expect("written");
        assert_eq!(bytes, archive(entries(), &release()).expect("written"));
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let modes: Vec<(String, Option<u32>)> = (0..archive.len())
            .map(|at| {
                let file = archive.by_index(at).expect("an entry");
                (
                    file.name().expect("UTF-8").into_owned(),
                    file.unix_mode().map(|mode| mode & 0o777),
                )
            })
            .collect();
        assert_eq!(
            modes,
            [
                ("LICENSE".to_owned(), Some(0o644)),
                ("program".to_owned(), Some(0o755))
            ]
        );
    }

    #[test]
    fn packages_of_an_earlier_build_keep_their_hash() {
        let (from, to) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let name = |rest: &str| format!("{}_1.2.3_{rest}", crate::NAME);
        assert!(
            take(from.path(), to.path(), &release()).is_err(),
            "there is no package"
        );
        let bytes = archive(entries(), &release()).expect("written");
        for rest in ["linux_amd64.zip", "linux_amd64.debug.zip"] {
            write(from.path(), name(rest), &bytes).expect("written");
        }
        let assets = take(from.path(), to.path(), &release()).expect("taken");
        let hashes: Vec<_> = assets.iter().map(|asset| asset.package.clone()).collect();
        assert_eq!(
            hashes,
            [
                None,
                Some(("linux_amd64".to_owned(), content_hash(&entries())))
            ]
        );
        write(from.path(), name("linux_amd64.zip"), b"damaged").expect("written");
        assert!(
            take(from.path(), to.path(), &release()).is_err(),
            "one is damaged"
        );
        fs::remove_file(from.path().join(name("linux_amd64.zip"))).expect("removed");
        write(from.path(), "other.zip".to_owned(), &bytes).expect("written");
        assert!(
            take(from.path(), to.path(), &release()).is_err(),
            "one is of another release"
        );
    }

    #[test]
    fn hashes_follow_the_formats_of_others() {
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        // sha256 of "<sha256 of nothing>  a\n", by sha256sum and base64.
        let empty = vec![Entry {
            name: "a".to_owned(),
            mode: 0,
            content: Vec::new(),
        }];
        assert_eq!(content_hash(&empty), EXPECTED);
    }

    const EXPECTED: &str = "h1:+6GTBXDPLTOioF/0Ok/qUyOCYR9Dh2mI/Jwx/ZzhAtE=";

    #[test]
    fn checksums_are_sorted_by_name() {
        let folder = tempfile::tempdir().expect("a directory");
        let assets = ["b", "a"]
            .map(|name| write(folder.path(), name.to_owned(), name.as_bytes()).expect("written"));
        let sums = checksums(folder.path(), &release(), &assets).expect("written");
        let text = fs::read_to_string(sums.path).expect("written");
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| Some(line.split_once("  ")?.1))
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert!(text.starts_with(&sha256(b"a")));
    }
}
