//! Writing new values into one profile of the CLI's JSON file, as the CLI and the SDKs do after a rotation of tokens.
//!
//! The file is locked (`flock` on Unix, as the official SDKs lock it), read again, changed in the one profile, and
//! replaced by a complete new file that only its owner can read. Other fields and profiles stay as they are. On Windows a
//! locked file can be neither read through another handle nor replaced, so there a file beside it is locked.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::CredentialsError;
use super::super::temporary_credentials::Document;
use super::cli_file::unreadable;

/// The file, locked against everybody who respects the lock, until this is dropped.
pub(in super::super) struct LockedFile {
    // Where the file truly is: a symbolic link stays one.
    path: PathBuf,
    _lock: File,
}

impl LockedFile {
    /// Waits for the lock. Blocks, so call it where blocking is allowed.
    pub(in super::super) fn lock(path: &Path) -> Result<LockedFile, CredentialsError> {
        let failed = |error: io::Error| unreadable(path, error);
        let path = std::fs::canonicalize(path).map_err(failed)?;
        loop {
            let file = open_for_lock(&path).map_err(failed)?;
            file.lock().map_err(failed)?;
            // While this process waited, the holder may have put a new file in the place of the locked one.
            if is_same(&file, &path).map_err(failed)? {
                return Ok(LockedFile { path, _lock: file });
            }
        }
    }

    /// Sets fields of a profile.
    pub(in super::super) fn set(
        &self,
        profile: &str,
        fields: &[(&str, Value)],
    ) -> Result<(), CredentialsError> {
        let failed = |error: io::Error| {
            CredentialsError::new(format!("{} cannot be written", self.path.display()))
                .caused_by(error)
        };
        let text = Zeroizing::new(std::fs::read_to_string(&self.path).map_err(failed)?);
        let mut root: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| failed(io::Error::other(error.to_string())))?;
        let target = root
            .get_mut("profiles")
            .and_then(Value::as_array_mut)
            .and_then(|profiles| profiles.iter_mut().find(|entry| entry["name"] == profile))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| {
                failed(io::Error::other(format!(
                    "the profile \"{profile}\" is gone"
                )))
            })?;
        for (name, value) in fields {
            target.insert((*name).to_owned(), value.clone());
        }
        let mut out = Zeroizing::new(Vec::new());
        let root = Document::new(match root {
            Value::Object(fields) => fields,
            _ => Map::new(),
        });
        let indented = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut *out, indented);
        serde::Serialize::serialize(&*root, &mut serializer)
            .map_err(|error| failed(io::Error::other(error.to_string())))?;
        out.push(b'\n');
        self.replace(&out).map_err(failed)
    }

    fn replace(&self, content: &[u8]) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        // Made readable for its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(unix)]
fn open_for_lock(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The file that stands for the one at `path`: of its name with `.lock` after it. It is empty, and stays.
#[cfg(not(unix))]
fn open_for_lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options.open(PathBuf::from(name))
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (held, now) = (file.metadata()?, std::fs::metadata(path)?);
    Ok((held.dev(), held.ino()) == (now.dev(), now.ino()))
}

/// The file of the lock is never replaced.
#[cfg(not(unix))]
fn is_same(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::LockedFile;

    #[test]
    fn one_profile_changes_and_all_else_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        let before = json!({"current": "a", "unknown": [1, 2.50], "profiles": [
            {"name": "a", "mode": "AK", "access_key_id": "x"},
            {"name": "b", "mode": "OAuth", "oauth_refresh_token": "old", "language": "en"},
        ]});
        std::fs::write(&path, before.to_string()).expect("written");
        let locked = LockedFile::lock(&path).expect("a lock");
        locked
            .set(
                "b",
                &[
                    ("oauth_refresh_token", json!("new")),
                    ("oauth_access_token_expire", json!(7)),
                ],
            )
            .expect("written");
        let after: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).expect("text")).expect("JSON");
        let mut expected = before;
        expected["profiles"][1]["oauth_refresh_token"] = json!("new");
        expected["profiles"][1]["oauth_access_token_expire"] = json!(7);
        assert_eq!(after, expected);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path)
                .expect("metadata")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn concurrent_writers_lose_no_update() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        std::fs::write(&path, r#"{"profiles": [{"name": "a", "count": 0}]}"#).expect("written");
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    for _ in 0..5 {
                        let locked = LockedFile::lock(&path).expect("a lock");
                        let text = std::fs::read_to_string(&path).expect("text");
                        let root: Value = serde_json::from_str(&text).expect("JSON");
                        let count = root["profiles"][0]["count"].as_i64().expect("a number");
                        locked
                            .set("a", &[("count", json!(count + 1))])
                            .expect("written");
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let root: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(root["profiles"][0]["count"], json!(40));
    }
}
