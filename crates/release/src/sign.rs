//! The detached signature over the checksums, by the `gpg` at hand.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::command::{Failure, output, text};

/// A secret key that registries take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    fingerprint: String,
}

/// A secret key of the keyring.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    fingerprint: String,
    /// By the numbers of OpenPGP.
    algorithm: u8,
}

/// The key to sign with: that of `GPG_FINGERPRINT`, or the only one. `None` only for a snapshot.
///
/// # Errors
/// If there is no key, several, or one that registries do not take.
pub(crate) fn find_key(snapshot: bool) -> Result<Option<Key>, Failure> {
    let wanted = env::var("GPG_FINGERPRINT")
        .ok()
        .filter(|wanted| !wanted.is_empty());
    let listed = text(Command::new("gpg").args(["--batch", "--list-secret-keys", "--with-colons"]));
    let keys = match listed {
        Ok(listed) => parse(&listed),
        Err(_) if snapshot && wanted.is_none() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    choose(keys, wanted.as_deref(), snapshot)
}

fn choose(keys: Vec<Listed>, wanted: Option<&str>, snapshot: bool) -> Result<Option<Key>, Failure> {
    let mut keys = keys;
    if let Some(wanted) = wanted {
        let wanted = wanted.replace(' ', "").to_uppercase();
        keys.retain(|key| key.fingerprint.ends_with(&wanted));
        if keys.is_empty() {
            return Err(Failure::new(
                "the keyring has no secret key with the fingerprint of GPG_FINGERPRINT",
            ));
        }
    }
    match keys.as_slice() {
        [] if snapshot => Ok(None),
        [] => Err(Failure::new(
            "the keyring has no secret key; import the RSA key of the releases, or use --snapshot",
        )),
        [key] => checked(key).map(Some),
        several => Err(Failure(format!(
            "the keyring has {} secret keys; name one with GPG_FINGERPRINT",
            several.len()
        ))),
    }
}

fn checked(key: &Listed) -> Result<Key, Failure> {
    let name = match key.algorithm {
        1..=3 | 17 => {
            return Ok(Key {
                fingerprint: key.fingerprint.clone(),
            });
        }
        18 | 19 => "an elliptic curve key",
        22 | 27 => "an ed25519 key",
        _ => "a key of another kind",
    };
    Err(Failure(format!(
        "{} is {name}, which the Terraform Registry refuses; sign with an RSA key of 4096 bits",
        key.fingerprint
    )))
}

/// Reads gpg's list of keys in its format with colons.
fn parse(listed: &str) -> Vec<Listed> {
    let mut keys: Vec<Listed> = Vec::new();
    let mut algorithm = None;
    for line in listed.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.first() {
            Some(&"sec") => algorithm = fields.get(3).and_then(|field| field.parse().ok()),
            // The fingerprint of a subkey follows its `ssb` line.
            Some(&"ssb") => algorithm = None,
            Some(&"fpr") => {
                if let (Some(number), Some(fingerprint)) = (algorithm.take(), fields.get(9)) {
                    keys.push(Listed {
                        fingerprint: (*fingerprint).to_owned(),
                        algorithm: number,
                    });
                }
            }
            _ => {}
        }
    }
    keys
}

/// Signs a file; the signature stands beside it, named `.sig`, in binary form.
///
/// # Errors
/// If gpg fails, or wrote an armoured signature, which registries refuse.
pub(crate) fn sign(key: &Key, file: &Path) -> Result<PathBuf, Failure> {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    let signature = PathBuf::from(name);
    output(
        Command::new("gpg")
            .args([
                "--batch",
                "--yes",
                "--no-armor",
                "--local-user",
                &key.fingerprint,
                "--detach-sign",
                "--output",
            ])
            .arg(&signature)
            .arg(file),
    )?;
    let bytes = fs::read(&signature).map_err(|error| Failure::file("read", &signature, &error))?;
    if bytes.starts_with(b"-----") {
        return Err(Failure::new(
            "gpg wrote an armoured signature, which the Terraform Registry refuses; remove `armor` from gpg.conf",
        ));
    }
    output(
        Command::new("gpg")
            .args(["--batch", "--quiet", "--verify"])
            .arg(&signature)
            .arg(file),
    )?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = "sec:u:4096:1:AAAA:1700000000:::u:::scESC:::+:::23::0:\nfpr:::::::::11AA:\nuid:::::::::x:\nssb:u:4096:1:B::::::e::::\nfpr:::::::::22BB:\n";
    const ED25519: &str =
        "sec:u:255:22:CCCC:1700000000:::u:::scESC:::+::ed25519:::0:\nfpr:::::::::33CC:\n";

    #[test]
    fn keys_that_registries_refuse_are_refused() {
        let check = |listed: &str, wanted: Option<&str>, snapshot: bool, expected: &str| {
            let found = match choose(parse(listed), wanted, snapshot) {
                Ok(Some(key)) => key.fingerprint,
                Ok(None) => "unsigned".to_owned(),
                Err(failure) => failure.0,
            };
            assert!(found.contains(expected), "{found}");
        };
        let both = format!("{RSA}{ED25519}");
        check(RSA, None, false, "11AA");
        check(RSA, Some("11 aa"), false, "11AA");
        check(
            RSA,
            Some("22BB"),
            false,
            "no secret key with the fingerprint",
        );
        check(
            ED25519,
            None,
            true,
            "an ed25519 key, which the Terraform Registry refuses; sign with an RSA key",
        );
        check(
            &both,
            None,
            false,
            "2 secret keys; name one with GPG_FINGERPRINT",
        );
        check(&both, Some("11AA"), false, "11AA");
        check("", None, true, "unsigned");
        check("", None, false, "no secret key; import");
    }
}
