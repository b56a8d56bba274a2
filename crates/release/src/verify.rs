//! Looks into an executable before it is packaged: starts anywhere, says its version, tells nothing of its builder.

use std::{fs, path::Path, process::Command};

use object::{
    Object, ObjectSymbol,
    elf::{DT_NEEDED, FileHeader64, PT_INTERP},
    endian::Endianness,
    read::elf::{Dyn, FileHeader, ProgramHeader},
};

use crate::{
    checks::Release,
    command::{Failure, text},
    target::Target,
};

/// The most that an executable may weigh, with its symbol table: 8 MiB.
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Checks an executable.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn executable(
    path: &Path,
    target: &Target,
    release: &Release,
    private: &[String],
) -> Result<(), Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    if bytes.len() > MAX_BYTES {
        return Err(Failure(format!(
            "the executable for {target} has {} bytes, more than the budget of {MAX_BYTES}",
            bytes.len()
        )));
    }
    if target.is_static() {
        is_static(&bytes).map_err(|reason| {
            Failure(format!(
                "the executable for {target} is not static: {reason}"
            ))
        })?;
    }
    if let Some(found) = private_path(&bytes, private) {
        return Err(Failure(format!(
            "the executable for {target} names the builder's directory {found}"
        )));
    }
    has_names(&bytes).map_err(|reason| Failure(format!("the executable for {target} {reason}")))?;
    if target.runs_here() {
        says_its_version(path, target, release)?;
    }
    Ok(())
}

/// Checks the debug information: it tells nothing of its builder, either.
///
/// # Errors
/// If it names a directory of the builder.
pub(crate) fn symbols(path: &Path, target: &Target, private: &[String]) -> Result<(), Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    match private_path(&bytes, private) {
        Some(found) => Err(Failure(format!(
            "the debug information for {target} names the builder's directory {found}"
        ))),
        None => Ok(()),
    }
}

/// No interpreter and no needed library.
pub(crate) fn is_static(bytes: &[u8]) -> Result<(), String> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|error| error.to_string())?;
    let endian = header.endian().map_err(|error| error.to_string())?;
    let programs = header
        .program_headers(endian, bytes)
        .map_err(|error| error.to_string())?;
    if programs
        .iter()
        .any(|program| program.p_type(endian) == PT_INTERP)
    {
        return Err("it names an interpreter".to_owned());
    }
    for program in programs {
        let entries = program
            .dynamic(endian, bytes)
            .map_err(|error| error.to_string())?;
        if entries
            .into_iter()
            .flatten()
            .any(|entry| entry.d_tag(endian) == DT_NEEDED)
        {
            return Err("it needs a library".to_owned());
        }
    }
    Ok(())
}

fn private_path<'a>(bytes: &[u8], private: &'a [String]) -> Option<&'a str> {
    let found = private.iter().find(|path| {
        let path = path.as_bytes();
        bytes.windows(path.len()).any(|window| window == path)
    });
    found.map(String::as_str)
}

/// A backtrace has names where there is a symbol table.
fn has_names(bytes: &[u8]) -> Result<(), String> {
    let file = object::File::parse(bytes).map_err(|error| format!("cannot be parsed: {error}"))?;
    let named = file.symbols().any(|symbol| {
        symbol
            .name()
            .is_ok_and(|name| name.contains("terraform_provider_alicloud"))
    });
    // Windows keeps them in a file of its own.
    if named || file.format() == object::BinaryFormat::Pe {
        return Ok(());
    }
    Err("has no symbol table, so that a crash report would have no names".to_owned())
}

fn says_its_version(path: &Path, target: &Target, release: &Release) -> Result<(), Failure> {
    let said = text(Command::new(path).arg("-version"))?;
    for expected in [
        release.version.as_str(),
        release.commit.as_str(),
        target.triple.as_str(),
        "plugin protocol 6",
    ] {
        if !said.contains(expected) {
            return Err(Failure(format!(
                "`-version` of the executable for {target} does not say {expected:?}: {said:?}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_executable_is_dynamic_with_names_and_paths() {
        let path = std::env::current_exe().expect("a test is a file");
        let bytes = fs::read(path).expect("readable");
        if cfg!(all(target_os = "linux", target_env = "gnu")) {
            assert_eq!(is_static(&bytes), Err("it names an interpreter".to_owned()));
        }
        let here = env!("CARGO_MANIFEST_DIR").to_owned();
        // Made here, as a literal would be found in this very executable.
        let absent = format!("/no/such/{}", std::process::id());
        assert_eq!(
            private_path(&bytes, &[absent, here.clone()]),
            Some(here.as_str())
        );
        assert_eq!(private_path(&bytes[..0], &[here]), None);
    }
}
