//! Files that credentials come from: regular ones, of a bounded size, read where blocking harms nobody.
//!
//! A file system may hang, and a path may lead to a pipe that nobody writes to or to a device without end. So a file is
//! opened without waiting, must be a regular one, and is read to one byte more than may be in it, all of it on a thread
//! that may block. Whoever waits may give up at any time.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{CredentialsError, CredentialsErrorKind, FileFault};

/// The largest file that is read: a credentials file of thousands of profiles is far smaller.
const MAX_FILE: usize = 4 * 1024 * 1024;

/// The text of a file. It is [absent](CredentialsError::is_absent) only if nothing at all is there, not even a link that
/// leads nowhere.
pub(super) async fn read(path: &Path) -> Result<Zeroizing<String>, CredentialsError> {
    let path = path.to_owned();
    blocking(move || {
        let mut file = open(&path, Access::Read)?;
        read_open(&path, &mut file)
    })
    .await
}

/// Runs what may block, apart from the thread that serves.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CredentialsError> + Send + 'static,
) -> Result<T, CredentialsError> {
    tokio::task::spawn_blocking(work)
        .await
        // A panic's words are for the log alone: they may hold anything.
        .map_err(|_| CredentialsError::other("reading a file failed because of a bug"))?
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadAndWrite,
}

/// Opens a regular file, without waiting for anybody at its other end.
pub(super) fn open(path: &Path, access: Access) -> Result<File, CredentialsError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(access == Access::ReadAndWrite);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    }
    let file = options
        .open(path)
        .map_err(|error| unopened(path, access, error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(not_regular(path));
    }
    Ok(file)
}

/// The whole text of an open file, from its beginning.
pub(super) fn read_open(
    path: &Path,
    file: &mut File,
) -> Result<Zeroizing<String>, CredentialsError> {
    let failed = |error: io::Error| unreadable(path, error);
    file.rewind().map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::new());
    // What the size is said to be may be wrong, and may change meanwhile.
    file.take(MAX_FILE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let fault = |fault: FileFault, reason: &str| {
        let kind = CredentialsErrorKind::File(fault);
        CredentialsError::new(kind, format!("{} {reason}", path.display()))
    };
    if bytes.len() > MAX_FILE {
        let reason = format!("is larger than {} MiB", MAX_FILE >> 20);
        return Err(fault(FileFault::TooLarge, &reason));
    }
    match std::str::from_utf8(&bytes) {
        // Some editors put a byte order mark at the beginning.
        Ok(text) => Ok(Zeroizing::new(
            text.trim_start_matches('\u{feff}').to_owned(),
        )),
        Err(_) => Err(fault(FileFault::NotText, "is not UTF-8 text")),
    }
}

fn not_regular(path: &Path) -> CredentialsError {
    CredentialsError::new(
        CredentialsErrorKind::File(FileFault::NotRegular),
        format!(
            "{} is not a regular file, but a directory, a pipe, a device or a socket",
            path.display()
        ),
    )
}

/// The error of a file that cannot be read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> CredentialsError {
    CredentialsError::new(
        CredentialsErrorKind::File(FileFault::Unreadable),
        format!("{} cannot be read", path.display()),
    )
    .caused_by(error)
}

fn unopened(path: &Path, access: Access, error: io::Error) -> CredentialsError {
    match error.kind() {
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::IsADirectory => not_regular(path),
        // A socket, a pipe that is opened for writing without a reader, and a directory on Windows, which denies access.
        _ if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) => not_regular(path),
        _ if access == Access::ReadAndWrite => CredentialsError::new(
            CredentialsErrorKind::File(FileFault::Unreadable),
            format!("{} cannot be written", path.display()),
        )
        .caused_by(error),
        _ => unreadable(path, error),
    }
}

/// What it means that nothing was found at a path: that there is no file, or that a link on the way is broken. Whoever made
/// the link wants the file.
fn missing(path: &Path) -> CredentialsError {
    let absent = || CredentialsError::absent(format!("there is no file {}", path.display()));
    for ancestor in path.ancestors().filter(|path| !path.as_os_str().is_empty()) {
        match std::fs::symlink_metadata(ancestor) {
            Ok(found) if found.is_symlink() && std::fs::metadata(ancestor).is_err() => {
                return CredentialsError::new(
                    CredentialsErrorKind::File(FileFault::BrokenLink),
                    format!(
                        "{} cannot be read: {} is a symbolic link that leads nowhere",
                        path.display(),
                        ancestor.display()
                    ),
                );
            }
            // Windows says of this that nothing is there.
            Ok(found) if found.is_file() && ancestor != path => {
                return unreadable(path, io::ErrorKind::NotADirectory.into());
            }
            Ok(_) => return absent(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return unreadable(path, error),
        }
    }
    absent()
}

/// Where a file truly is: a symbolic link stays one when its target is replaced.
pub(super) fn canonical(path: &Path) -> Result<PathBuf, CredentialsError> {
    std::fs::canonicalize(path).map_err(|error| unopened(path, Access::Read, error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{CredentialsErrorKind, FileFault, MAX_FILE, read};

    async fn kind(path: &Path) -> CredentialsErrorKind {
        read(path).await.expect_err("unusable").kind()
    }

    #[tokio::test]
    async fn only_text_of_bounded_size_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let write = |content: &[u8]| std::fs::write(&path, content).expect("written");
        write(b"\xef\xbb\xbfabc");
        assert_eq!(read(&path).await.expect("text").as_str(), "abc");
        write(b"\xff\xfe");
        let fault = |fault| CredentialsErrorKind::File(fault);
        assert_eq!(kind(&path).await, fault(FileFault::NotText));
        write(&vec![b'x'; MAX_FILE]);
        assert_eq!(read(&path).await.expect("text").len(), MAX_FILE);
        write(&vec![b'x'; MAX_FILE + 1]);
        assert_eq!(kind(&path).await, fault(FileFault::TooLarge));
        assert_eq!(kind(directory.path()).await, fault(FileFault::NotRegular));
        let none = directory.path().join("none/at/all");
        assert_eq!(kind(&none).await, CredentialsErrorKind::Absent);
        // A file where a directory should be is not nothing.
        assert_eq!(
            kind(&path.join("below")).await,
            fault(FileFault::Unreadable)
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn pipes_devices_sockets_and_broken_links_do_not_hang() {
        let fault = |fault| CredentialsErrorKind::File(fault);
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        assert_eq!(kind(&pipe).await, fault(FileFault::NotRegular));
        for device in ["/dev/zero", "/dev/null"] {
            assert_eq!(kind(Path::new(device)).await, fault(FileFault::NotRegular));
        }
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert_eq!(kind(&socket).await, fault(FileFault::NotRegular));
        // The link itself is broken, and so is one above.
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/no/such/target", &link).expect("a link");
        assert_eq!(kind(&link).await, fault(FileFault::BrokenLink));
        assert_eq!(
            kind(&link.join("config.json")).await,
            fault(FileFault::BrokenLink)
        );
        let circle = directory.path().join("circle");
        std::os::unix::fs::symlink(&circle, &circle).expect("a link");
        assert_eq!(kind(&circle).await, fault(FileFault::Unreadable));
    }
}
