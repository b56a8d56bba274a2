//! What sources take from the machine they run on: environment variables, which are handed in, and files, which are read
//! when they are needed.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

/// The largest file that is read: a credentials file of thousands of profiles is far smaller.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Lookup and files.
#[derive(Clone)]
pub struct Environment {
    lookup: Arc<Lookup>,
}

/// Looks up an environment variable.
type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

impl Environment {
    /// With a way to look up environment variables.
    pub fn new(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Environment {
        Environment {
            lookup: Arc::new(lookup),
        }
    }

    /// A variable as it is. An empty one counts as not set.
    pub fn raw_variable(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A variable that is set to text.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.raw_variable(name)?.into_string().ok()
    }

    /// Whether a variable is set to `true` (any case) or `1`.
    pub fn is_on(&self, name: &str) -> bool {
        self.variable(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The home directory: `HOME` or, on Windows, `USERPROFILE`.
    pub fn home(&self) -> Option<PathBuf> {
        let names: &[&str] = if cfg!(windows) {
            &["USERPROFILE", "HOME"]
        } else {
            &["HOME"]
        };
        names
            .iter()
            .find_map(|name| self.raw_variable(name))
            .map(PathBuf::from)
    }

    /// A path as a person writes it: `~` at its beginning is the home directory.
    pub fn path(&self, text: &str) -> PathBuf {
        let rest = text
            .strip_prefix('~')
            .filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        match (rest, self.home()) {
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches(['/', '\\'])),
            _ => PathBuf::from(text),
        }
    }

    /// The text of a file.
    pub(super) fn read(path: &Path) -> io::Result<Zeroizing<String>> {
        let length = std::fs::metadata(path)?.len();
        if length > MAX_FILE {
            let reason = format!("it is larger than {} MiB", MAX_FILE >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        let bytes = Zeroizing::new(std::fs::read(path)?);
        match std::str::from_utf8(&bytes) {
            // Some editors put a byte order mark at the beginning.
            Ok(text) => Ok(Zeroizing::new(
                text.trim_start_matches('\u{feff}').to_owned(),
            )),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not UTF-8 text",
            )),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::Environment;

    #[test]
    fn paths_and_flags_are_read() {
        let environment = Environment::new(|name| {
            let value = match name {
                "HOME" | "USERPROFILE" => "/home/me",
                "ON" => "True",
                "ONE" => "1",
                "OFF" => "no",
                _ => "",
            };
            Some(OsString::from(value))
        });
        let check = |text: &str, expected: &str| {
            assert_eq!(environment.path(text), PathBuf::from(expected), "{text}");
        };
        check("~/.aliyun/config.json", "/home/me/.aliyun/config.json");
        check("~", "/home/me/");
        check("~other/x", "~other/x");
        check("/etc/x", "/etc/x");
        assert!(environment.is_on("ON") && environment.is_on("ONE"));
        assert!(!environment.is_on("OFF") && !environment.is_on("UNSET"));
        assert_eq!(environment.variable("UNSET"), None);
    }

    #[test]
    fn files_that_are_not_text_are_rejected() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, b"\xef\xbb\xbfabc").expect("written");
        assert_eq!(Environment::read(&path).expect("text").as_str(), "abc");
        std::fs::write(&path, b"\xff\xfe").expect("written");
        let error = Environment::read(&path).expect_err("no text");
        assert_eq!(error.to_string(), "it is not UTF-8 text");
    }
}
