//! What sources take from the machine they run on: environment variables, which are handed in, and paths as people write
//! them.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Environment variables.
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

    /// Whether a variable that forbids something is set to anything but a word for no. Whoever sets one to a word that
    /// nobody knows wants less to happen, not more.
    pub fn forbids(&self, name: &str) -> bool {
        self.raw_variable(name).is_some_and(|value| {
            let value = value.to_string_lossy().trim().to_ascii_lowercase();
            !matches!(value.as_str(), "" | "0" | "false" | "no" | "off")
        })
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
                "LATER" => "yes please",
                "FALSE" => " False",
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
        for forbidding in ["ON", "ONE", "LATER"] {
            assert!(environment.forbids(forbidding), "{forbidding}");
        }
        for allowing in ["OFF", "FALSE", "UNSET"] {
            assert!(!environment.forbids(allowing), "{allowing}");
        }
        assert_eq!(environment.variable("UNSET"), None);
    }
}
