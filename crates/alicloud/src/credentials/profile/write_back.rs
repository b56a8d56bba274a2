//! Writing new values into one profile of the CLI's JSON file, as the CLI and the SDKs do after a rotation of tokens.
//!
//! The file is locked (`flock` on Unix, as the official SDKs lock it), read again, and changed in the one profile. Other
//! fields and profiles stay as they are, and so do its owner and its mode.
//!
//! What is written can be the only copy of a login, so [`LockedFile::prove`] shows that it can be written before the old
//! login is used up: it writes the file as it is. A complete new file takes the place of the old one where that works.
//! Where it does not, such as for a single file that is mounted, or a directory of somebody else, the file is written in
//! place. On Windows a locked file can be neither read through another handle nor replaced, so there a file beside it is
//! locked.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::file::{self, Access};
use super::super::temporary_credentials::Document;
use super::super::{CredentialsError, CredentialsErrorKind};
use super::CliFile;

/// Between two looks at a lock that somebody else has.
const LOOK: Duration = Duration::from_millis(50);

/// The file, locked against everybody who respects the lock, until this is dropped.
pub(in super::super) struct LockedFile {
    /// As it was asked for, for messages.
    asked: PathBuf,
    /// Where the file truly is: a symbolic link stays one.
    path: PathBuf,
    /// On Unix it holds the lock.
    file: File,
    /// The locked file beside it, elsewhere.
    #[cfg(not(unix))]
    lock: File,
    /// Whether `file` can be written.
    writable: bool,
    /// How the file is replaced, once that is proven.
    way: Option<Way>,
}

/// How a file is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Way {
    /// By a new file that takes its place, whole or not at all.
    NewFile,
    /// By writing over its content.
    InPlace,
}

impl LockedFile {
    /// Waits for the lock. To drop this future is to wait no longer.
    pub(in super::super) async fn lock(path: &Path) -> Result<LockedFile, CredentialsError> {
        loop {
            let path = path.to_owned();
            if let Some(locked) = file::blocking(move || LockedFile::try_lock(&path)).await? {
                return Ok(locked);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn try_lock(asked: &Path) -> Result<Option<LockedFile>, CredentialsError> {
        let path = file::canonical(asked)?;
        // Writing may be impossible, and still not be needed.
        let (file, writable) = match file::open(&path, Access::ReadAndWrite) {
            Ok(file) => (file, true),
            Err(_) => (file::open(&path, Access::Read)?, false),
        };
        #[cfg(not(unix))]
        let lock = open_lock(&path).map_err(|error| file::unreadable(asked, error))?;
        #[cfg(unix)]
        let lock = &file;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(file::unreadable(asked, error)),
        }
        // The holder before may have put a new file in the place of the locked one.
        let is_same = is_same(&file, &path).map_err(|error| file::unreadable(asked, error))?;
        Ok(is_same.then(|| LockedFile {
            asked: asked.to_owned(),
            path,
            file,
            #[cfg(not(unix))]
            lock,
            writable,
            way: None,
        }))
    }

    /// The file, read by the handle that holds the lock.
    pub(in super::super) fn read(&mut self) -> Result<CliFile, CredentialsError> {
        let text = file::read_open(&self.asked, &mut self.file)?;
        CliFile::parse(&self.asked, &text)
    }

    /// Shows that the file can be replaced, by replacing it with itself.
    ///
    /// # Errors
    ///
    /// Why it can neither be replaced nor written. Nothing was changed.
    pub(in super::super) fn prove(&mut self) -> Result<Way, CredentialsError> {
        let text = file::read_open(&self.asked, &mut self.file)?;
        self.replace(text.as_bytes())
            .map_err(|error| self.unwritable().caused_by(error))?;
        Ok(self.way.unwrap_or(Way::InPlace))
    }

    /// Sets fields of a profile.
    pub(in super::super) fn set(
        &mut self,
        profile: &str,
        fields: &[(&str, Value)],
    ) -> Result<(), CredentialsError> {
        let text = file::read_open(&self.asked, &mut self.file)?;
        let failed = |reason: String| self.unwritable().caused_by(io::Error::other(reason));
        let mut root: Value =
            serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let target = root
            .get_mut("profiles")
            .and_then(Value::as_array_mut)
            .and_then(|profiles| profiles.iter_mut().find(|entry| entry["name"] == profile))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| failed("the profile is gone".to_owned()))?;
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
            .map_err(|error| failed(error.to_string()))?;
        out.push(b'\n');
        self.replace(&out)
            .map_err(|error| self.unwritable().caused_by(error))
    }

    fn unwritable(&self) -> CredentialsError {
        CredentialsError::new(
            CredentialsErrorKind::LoginNotRenewable,
            format!("{} cannot be written", self.asked.display()),
        )
    }

    /// Replaces the content in the way that is proven, else in the first that works.
    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        if self.way != Some(Way::InPlace) {
            match self.put_new_file(content) {
                Ok(()) => {
                    self.way = Some(Way::NewFile);
                    return Ok(());
                }
                Err(error) if !self.writable => return Err(error),
                Err(_) => {}
            }
        }
        self.write_in_place(content)?;
        self.way = Some(Way::InPlace);
        Ok(())
    }

    fn write_in_place(&mut self, content: &[u8]) -> io::Result<()> {
        // Room first: whoever finds none has not yet lost anything.
        let old = self.file.metadata()?.len();
        let new = content.len() as u64;
        if new > old {
            self.file.seek(io::SeekFrom::End(0))?;
            let blanks = usize::try_from(new - old).map_err(io::Error::other)?;
            let room = self.file.write_all(&vec![b' '; blanks]);
            if room.and_then(|()| self.file.sync_data()).is_err() {
                self.file.set_len(old)?;
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(new)?;
        self.file.sync_all()
    }

    /// Puts a new file in the place of the old one, with its owner and mode. It is locked before anybody can see it, so
    /// that the lock goes on.
    #[cfg(unix)]
    fn put_new_file(&mut self, content: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let old = self.file.metadata()?;
        if old.nlink() > 1 {
            return Err(io::Error::other("the file has more than one name"));
        }
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        // Made readable for its owner alone.
        let mut new = tempfile::NamedTempFile::new_in(directory)?;
        new.as_file().try_lock().map_err(io::Error::from)?;
        let made = new.as_file().metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            std::os::unix::fs::fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
        let mode = std::fs::Permissions::from_mode(old.mode() & 0o777);
        new.as_file().set_permissions(mode)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        self.file = new.persist(&self.path).map_err(|error| error.error)?;
        self.writable = true;
        Ok(())
    }

    /// Puts a new file in the place of the old one, which must not be open meanwhile.
    #[cfg(not(unix))]
    fn put_new_file(&mut self, content: &[u8]) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(directory)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        self.file = self.lock.try_clone()?;
        let outcome = new.into_temp_path().persist(&self.path);
        let mut options = File::options();
        self.file = options.read(true).write(self.writable).open(&self.path)?;
        outcome.map_err(|error| error.error)
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let held = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(now) => Ok((held.dev(), held.ino()) == (now.dev(), now.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The file that stands for the one at `path`: of its name with `.lock` after it. It is empty, and stays.
#[cfg(not(unix))]
fn open_lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options.open(PathBuf::from(name))
}

/// The file of the lock is never replaced.
#[cfg(not(unix))]
fn is_same(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::LockedFile;

    fn json_of(path: &Path) -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).expect("text")).expect("JSON")
    }

    #[tokio::test]
    async fn one_profile_changes_and_all_else_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        let before = json!({"current": "a", "unknown": [1, 2.50], "profiles": [
            {"name": "a", "mode": "AK", "access_key_id": "x"},
            {"name": "b", "mode": "OAuth", "oauth_refresh_token": "old", "language": "en"},
        ]});
        std::fs::write(&path, before.to_string()).expect("written");
        let mut locked = LockedFile::lock(&path).await.expect("a lock");
        locked
            .set(
                "b",
                &[
                    ("oauth_refresh_token", json!("new")),
                    ("oauth_access_token_expire", json!(7)),
                ],
            )
            .expect("written");
        let mut expected = before;
        expected["profiles"][1]["oauth_refresh_token"] = json!("new");
        expected["profiles"][1]["oauth_access_token_expire"] = json!(7);
        assert_eq!(json_of(&path), expected);
    }

    #[tokio::test]
    async fn concurrent_writers_lose_no_update() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        std::fs::write(&path, r#"{"profiles": [{"name": "a", "count": 0}]}"#).expect("written");
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let path = path.clone();
            writers.spawn(async move {
                for _ in 0..5 {
                    let mut locked = LockedFile::lock(&path).await.expect("a lock");
                    locked.prove().expect("writable");
                    // Others look for the lock meanwhile.
                    tokio::task::yield_now().await;
                    let count = json_of(&path)["profiles"][0]["count"].as_i64();
                    let next = json!(count.expect("a number") + 1);
                    locked.set("a", &[("count", next)]).expect("written");
                }
            });
        }
        writers.join_all().await;
        assert_eq!(json_of(&path)["profiles"][0]["count"], json!(40));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn mode_links_and_names_of_the_file_stay() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

        use super::Way;

        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        let link = directory.path().join("link.json");
        symlink(&path, &link).expect("a link");
        let mode = |path: &Path| std::fs::metadata(path).expect("metadata").mode() & 0o777;
        for (number, second_name) in [false, true].into_iter().enumerate() {
            std::fs::write(&path, r#"{"profiles": [{"name": "a"}]}"#).expect("written");
            let permissions = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(&path, permissions).expect("changed");
            let other = directory.path().join("other.json");
            if second_name {
                std::fs::hard_link(&path, &other).expect("a link");
            }
            let mut locked = LockedFile::lock(&link).await.expect("a lock");
            // A new file in its place would take the content from the second name.
            let way = if second_name {
                Way::InPlace
            } else {
                Way::NewFile
            };
            assert_eq!(locked.prove().expect("writable"), way);
            for text in [json!("x".repeat(100)), json!("short")] {
                locked.set("a", &[("text", text.clone())]).expect("written");
                let found = json_of(&path);
                assert_eq!(found["profiles"][0]["text"], text, "{number}");
                if second_name {
                    assert_eq!(json_of(&other), found);
                }
            }
            assert_eq!(mode(&path), 0o640);
            assert!(link.is_symlink());
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_cannot_be_written_is_known_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.json");
        let text = r#"{"profiles": [{"name": "a"}]}"#;
        std::fs::write(&path, text).expect("written");
        // With a second name no new file takes its place, and the handle only reads: as in a mount that is read-only.
        std::fs::hard_link(&path, directory.path().join("other")).expect("a link");
        let mut locked = LockedFile::lock(&path).await.expect("a lock");
        locked.file = std::fs::File::open(&path).expect("opened");
        locked.writable = false;
        let error = locked.prove().expect_err("not writable");
        assert_eq!(
            error.kind(),
            crate::credentials::CredentialsErrorKind::LoginNotRenewable
        );
        assert_eq!(std::fs::read_to_string(&path).expect("text"), text);
    }
}
