//! Builds the provider: locked, for one target, without a trace of the builder.
//!
//! Every directory of this machine that a compiler could write into the executable is replaced by a fixed name, for Rust and
//! for the C code of dependencies, so that two builders in two directories make the same bytes.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    checks::Release,
    command::{Failure, output, text},
    symbol_table,
    target::Target,
};

/// What a build made.
pub(crate) struct Built {
    /// The executable as it is shipped: with a short symbol table, so that a backtrace has names, without debug information.
    pub(crate) executable: PathBuf,
    /// The debug information, where it can be split off.
    pub(crate) symbols: Option<PathBuf>,
}

/// The only C code is that of ring. With these flags it needs no header of a C library, so that the compiler that links can
/// compile it for musl, too, and nobody has to install a second one.
const WITHOUT_C_LIBRARY: [&str; 2] = ["-DRING_CORE_NOSTDLIBINC=1", "-U_FORTIFY_SOURCE"];

/// Builds the provider for a target.
///
/// # Errors
/// If a program fails.
pub(crate) fn build(root: &Path, target: &Target, release: &Release) -> Result<Built, Failure> {
    let folder = root.join("target/release-provider-build");
    let prefixes = prefixes(root)?;
    let mut rust: Vec<String> = prefixes
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    let mut c: Vec<String> = prefixes
        .iter()
        .map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()))
        .collect();
    let (debug, strip) = debug_information(target);
    if target.triple.ends_with("-msvc") {
        // Else the linker writes the time of the build.
        rust.push("-Clink-arg=/Brepro".to_owned());
    }
    if target.is_static() {
        // A static executable relocates itself at its start: in this form the table is a tenth of its size. musl reads it since
        // 1.2.4. A dynamic one would need glibc 2.36.
        rust.push("-Clink-arg=-Wl,-z,pack-relative-relocs".to_owned());
    }
    let triple = target.triple.replace('-', "_");
    let mut cargo = Command::new("cargo");
    // What the cargo that runs this program says of it. Build scripts that look at it would run again when it changes.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_this_program = text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text == "OUT_DIR";
        if of_this_program {
            cargo.env_remove(&name);
        }
    }
    if target.is_static() && target.runs_here() && env::var_os(format!("CC_{triple}")).is_none() {
        cargo.env(format!("CC_{triple}"), "cc");
        c.extend(WITHOUT_C_LIBRARY.map(str::to_owned));
    }
    let messages = output(
        cargo
            .current_dir(root)
            .args([
                "build",
                "--locked",
                "--release",
                "--package",
                crate::NAME,
                "--bin",
                crate::NAME,
            ])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--target")
            .arg(&target.triple)
            .arg("--target-dir")
            .arg(&folder)
            .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}"))
            .env(format!("CFLAGS_{triple}"), c.join(" "))
            .env("CARGO_PROFILE_RELEASE_DEBUG", debug)
            .env("CARGO_PROFILE_RELEASE_STRIP", strip)
            .env("PROVIDER_VERSION", &release.version)
            .env("PROVIDER_COMMIT", &release.commit)
            .env("PROVIDER_TARGET", &target.triple),
    )?;
    let executable = executable_in(&messages).ok_or_else(|| {
        Failure(format!(
            "cargo built the provider for {target} but names no executable"
        ))
    })?;
    split(&executable, target)
}

/// What `debug` and `strip` of Cargo's profile are for a target. On Linux the debug information is split off afterwards. The
/// linkers of macOS and Windows write the builder's paths into an executable that has some, so there it is not made: macOS
/// keeps the names of functions, Windows has them only in a file of its own.
fn debug_information(target: &Target) -> (&'static str, &'static str) {
    match target.os {
        "linux" => ("line-tables-only", "none"),
        _ if target.triple.ends_with("-msvc") => ("none", "symbols"),
        _ => ("none", "debuginfo"),
    }
}

/// The executable that cargo names among its messages.
fn executable_in(messages: &[u8]) -> Option<PathBuf> {
    let messages = String::from_utf8_lossy(messages);
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = artifacts.filter(|message| message["target"]["name"] == crate::NAME);
    executables.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Takes the debug information and what else no backtrace shows out of the executable.
fn split(executable: &Path, target: &Target) -> Result<Built, Failure> {
    let shipped = executable.with_file_name(format!("shipped{}", target.executable_suffix()));
    if target.os != "linux" {
        fs::copy(executable, &shipped).map_err(|error| Failure::file("write", &shipped, &error))?;
        return Ok(Built {
            executable: shipped,
            symbols: None,
        });
    }
    // A cross build names its own, such as aarch64-linux-gnu-objcopy or llvm-objcopy.
    let objcopy = env::var_os("OBJCOPY").unwrap_or_else(|| "objcopy".into());
    let symbols = executable.with_file_name(format!("{}.debug", crate::NAME));
    output(
        Command::new(&objcopy)
            .arg("--only-keep-debug")
            .arg(executable)
            .arg(&symbols),
    )?;
    let link = format!("--add-gnu-debuglink={}", symbols.display());
    output(
        Command::new(&objcopy)
            .args(["--strip-debug", &link])
            .arg(executable)
            .arg(&shipped),
    )?;
    let bytes = fs::read(&shipped).map_err(|error| Failure::file("read", &shipped, &error))?;
    let bytes = symbol_table::shorten(&bytes).map_err(|reason| {
        Failure(format!(
            "the symbol table of {} cannot be shortened: {reason}",
            shipped.display()
        ))
    })?;
    // Written over, the file keeps its mode.
    fs::write(&shipped, bytes).map_err(|error| Failure::file("write", &shipped, &error))?;
    Ok(Built {
        executable: shipped,
        symbols: Some(symbols),
    })
}

/// Directories of this machine, and the fixed names that stand for them. A later one wins, so the narrower ones are last.
fn prefixes(root: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let sysroot = text(Command::new("rustc").args(["--print", "sysroot"]))?;
    let mut prefixes = vec![(PathBuf::from(sysroot), "/rust".to_owned())];
    if let Some(cargo) = cargo_home() {
        prefixes.push((cargo.clone(), "/cargo".to_owned()));
        // Below it stands a folder for each registry, whose name depends on how the registry is reached.
        let sources = fs::read_dir(cargo.join("registry/src"))
            .into_iter()
            .flatten()
            .flatten();
        let mut sources: Vec<PathBuf> = sources.map(|entry| entry.path()).collect();
        sources.sort();
        prefixes.extend(
            sources
                .into_iter()
                .map(|source| (source, "/crates".to_owned())),
        );
    }
    prefixes.push((root.to_path_buf(), "/provider".to_owned()));
    Ok(prefixes)
}

fn cargo_home() -> Option<PathBuf> {
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// What no asset may hold: the directories of the builder.
pub(crate) fn private_paths(root: &Path) -> Result<Vec<String>, Failure> {
    let mut paths: Vec<PathBuf> = prefixes(root)?.into_iter().map(|(from, _)| from).collect();
    paths.extend(env::home_dir());
    // A home directory such as `/` would be found everywhere.
    paths.retain(|path| path.components().count() > 1);
    Ok(paths
        .into_iter()
        .map(|path| path.display().to_string())
        .collect())
}
