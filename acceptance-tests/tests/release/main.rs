//! A release, made by `cargo release-provider` with a throw-away key, installed by the real CLI in each way there is.
//!
//! Needs `gpg`, as making a release does; without it only the cases of the README run, and a line says so.

mod empty_root;
mod readme;
mod registry;

use std::{
    env::consts,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::OnceLock,
};

use acceptance_tests::{
    acceptance::{self, Case, Failed, TestContext, TestResult, contains, equal},
    cases,
};
use tempfile::TempDir;

use self::registry::{Files, Registry, offered};

const CASES: &[Case] = cases![release:
    init_installs_from_a_registry_with_checksum_and_signature,
    init_installs_from_the_mirror_over_https_and_from_its_directory,
    tampered_packages_and_foreign_keys_are_refused,
    downloaded_assets_are_verified,
    builds_in_two_directories_are_identical,
];

fn main() -> ExitCode {
    let gpg = Command::new("gpg")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if gpg.is_err() {
        eprintln!(
            "SKIPPED: gpg is not on PATH, so {} cases of releases do not run",
            CASES.len()
        );
        return acceptance::run(readme::CASES);
    }
    let mut cases = [CASES, readme::CASES].concat();
    match empty_root::why_not() {
        None => cases.extend(empty_root::CASES),
        Some(reason) => eprintln!("SKIPPED: the provider is not run in an empty root: {reason}"),
    }
    acceptance::run(&cases)
}

/// A keyring of its own, whose agent ends with it.
struct Keyring(TempDir);

impl Keyring {
    fn with_an_rsa_key() -> Result<Self, Failed> {
        let keyring = Self(tempfile::Builder::new().prefix("gpg-").tempdir()?);
        keyring.gpg(&[
            "--quick-generate-key",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
            "Test <test@example.com>",
            "rsa3072",
            "sign",
            "1d",
        ])?;
        Ok(keyring)
    }

    fn gpg(&self, arguments: &[&str]) -> Result<String, Failed> {
        let output = Command::new("gpg")
            .arg("--homedir")
            .arg(self.0.path())
            .arg("--batch")
            .args(arguments)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(format!(
                "gpg {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Key ID and public key in ASCII armour.
    fn public_key(&self) -> Result<(String, String), Failed> {
        let listed = self.gpg(&["--list-keys", "--with-colons"])?;
        let id = listed
            .lines()
            .find_map(|line| line.strip_prefix("pub:"))
            .and_then(|line| line.split(':').nth(3));
        Ok((
            id.ok_or("a key ID")?.to_owned(),
            self.gpg(&["--armor", "--export"])?,
        ))
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        end.arg("--homedir")
            .arg(self.0.path())
            .args(["--kill", "gpg-agent"]);
        let _ = end.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// The snapshot of this machine's target, made once for all cases.
struct Release {
    folder: PathBuf,
    version: String,
    key: (String, String),
}

impl Release {
    fn made() -> Result<&'static Self, Failed> {
        static MADE: OnceLock<Result<Release, String>> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            Self::make().map_err(|failed| failed.message().unwrap_or_default().to_owned())
        });
        made.as_ref().map_err(|reason| reason.clone().into())
    }

    fn make() -> Result<Self, Failed> {
        let keyring = Keyring::with_an_rsa_key()?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release");
        run_release(
            &["--snapshot", "--out", &folder.display().to_string()],
            Some(&keyring),
        )?;
        Ok(Self {
            folder,
            version: format!("{}-dev", env!("CARGO_PKG_VERSION")),
            key: keyring.public_key()?,
        })
    }

    fn registry(&self, change: impl FnOnce(&mut Files)) -> Result<Registry, Failed> {
        let (id, key) = &self.key;
        let mut files = offered(&self.folder, &self.version, platform(), (id, key))?;
        change(&mut files);
        Registry::start(files)
    }

    /// Writes the executable within the package to a file.
    fn extract_executable(&self, to: &Path) -> TestResult {
        let package = fs::File::open(self.folder.join(self.package()))?;
        let mut archive = zip::ZipArchive::new(package)?;
        let name = format!("terraform-provider-alicloud_v{}", self.version);
        let mut entry = archive.by_name(&format!("{name}{}", consts::EXE_SUFFIX))?;
        let mut file = fs::File::create(to)?;
        io::copy(&mut entry, &mut file)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = entry.unix_mode().unwrap_or_default();
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    fn package(&self) -> String {
        let (os, arch) = platform();
        format!(
            "terraform-provider-alicloud_{}_{os}_{arch}.zip",
            self.version
        )
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the release program here; what it wrote to standard error is the failure.
fn run_release(arguments: &[&str], keyring: Option<&Keyring>) -> Result<String, Failed> {
    run_release_in(&repository(), arguments, keyring)
}

fn run_release_in(
    root: &Path,
    arguments: &[&str],
    keyring: Option<&Keyring>,
) -> Result<String, Failed> {
    let mut command = Command::new(env!("CARGO"));
    // The program of this tree works on the tree that it is started in.
    command
        .current_dir(root)
        .args(["run", "--manifest-path"])
        .arg(repository().canonicalize()?.join("Cargo.toml"))
        .args([
            "--quiet",
            "--locked",
            "--package",
            "release",
            "--bin",
            "release-provider",
            "--",
        ])
        .args(arguments)
        .stdin(Stdio::null());
    if let Some(keyring) = keyring {
        command.env("GNUPGHOME", keyring.0.path());
    }
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(stderr)
    } else {
        Err(stderr.into())
    }
}

fn platform() -> (&'static str, &'static str) {
    let os = if consts::OS == "macos" {
        "darwin"
    } else {
        consts::OS
    };
    let arch = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    (os, arch)
}

/// Lets the commands of a directory trust a registry, with `text` as the CLI configuration.
fn trust(context: &mut TestContext, registry: &Registry, text: &str) -> TestResult {
    let certificate = context.directory.path().join("certificate.pem");
    fs::write(&certificate, &registry.certificate)?;
    context.directory.set("SSL_CERT_FILE", &certificate);
    let configuration = context.directory.path().join("cli.tfrc");
    fs::write(&configuration, text)?;
    context.directory.set("TF_CLI_CONFIG_FILE", &configuration);
    Ok(())
}

/// Writes a configuration with one binding, its provider from `source`.
fn configure(context: &TestContext, source: &str, version: &str) -> TestResult {
    context.configure(
        "resource \"alicloud_cams_waba_binding\" \"a\" {\n  waba_id = \"102030405060708\"\n}\n",
    )?;
    let text = context.directory.read("main.tf")?;
    let from = "source = \"alicloud-cams/alicloud\"";
    let to = format!("source  = \"{source}\"\n      version = \"{version}\"");
    context
        .directory
        .write("main.tf", &text.replace(from, &to))?;
    Ok(())
}

fn init_installs_from_a_registry_with_checksum_and_signature(
    context: &mut TestContext,
) -> TestResult {
    let release = Release::made()?;
    let registry = release.registry(|_| {})?;
    let cache = context.directory.path().join("cache");
    fs::create_dir(&cache)?;
    trust(
        context,
        &registry,
        &format!("plugin_cache_dir = {cache:?}\n"),
    )?;
    let source = format!("{}/alicloud-cams/alicloud", registry.host());
    configure(context, &source, &release.version)?;
    let output = context.directory.run(&["init"])?.expecting(0)?.text();
    contains(
        &output,
        &["(self-signed, key ID", &release.key.0, &release.version],
    )?;
    let lock = context.directory.read(".terraform.lock.hcl")?;
    contains(&lock, &[&source, &release.version, "\"h1:", "\"zh:"])?;
    // The hash over the content that the mirror announces is the one that the CLI computes.
    let index = release
        .folder
        .join("mirror/registry.terraform.io/alicloud-cams/alicloud")
        .join(format!("{}.json", release.version));
    let index: serde_json::Value = serde_json::from_slice(&fs::read(index)?)?;
    let hashes = index["archives"][format!("{}_{}", platform().0, platform().1)]["hashes"].clone();
    for hash in hashes.as_array().ok_or("hashes")? {
        contains(&lock, &[hash.as_str().unwrap_or("a hash")])?;
    }
    equal("in the cache", fs::read_dir(&cache)?.count(), 1)?;
    context
        .directory
        .run(&["apply", "-auto-approve"])?
        .expecting(0)?;
    context.directory.plan(&[])?.output.expecting(0)?;
    let (os, arch) = platform();
    context
        .directory
        .run(&["providers", "lock", &format!("-platform={os}_{arch}")])?
        .expecting(0)?;
    context
        .directory
        .run(&["providers", "mirror", "copy"])?
        .expecting(0)?;
    let copied = context
        .directory
        .path()
        .join("copy")
        .join(&source)
        .join(release.package());
    equal(
        "the mirrored package",
        fs::read(copied)?,
        fs::read(release.folder.join(release.package()))?,
    )
}

fn init_installs_from_the_mirror_over_https_and_from_its_directory(
    context: &mut TestContext,
) -> TestResult {
    let release = Release::made()?;
    let mirror = release.folder.join("mirror");
    let host = context.directory.cli().program.registry();
    let place = mirror.join(host).join("alicloud-cams/alicloud");
    let mut files = Files::new();
    for entry in fs::read_dir(&place)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.insert(
            format!("/mirror/{host}/alicloud-cams/alicloud/{name}"),
            fs::read(&path)?,
        );
    }
    let registry = Registry::start(files)?;
    let network = format!(
        "network_mirror {{\n    url = \"https://{}/mirror/\"\n  }}",
        registry.host()
    );
    let filesystem = format!("filesystem_mirror {{\n    path = {mirror:?}\n  }}");
    for way in [network, filesystem] {
        trust(
            context,
            &registry,
            &format!("provider_installation {{\n  {way}\n}}\n"),
        )?;
        configure(context, "alicloud-cams/alicloud", &release.version)?;
        context.directory.run(&["init"])?.expecting(0)?;
        context
            .directory
            .run(&["apply", "-auto-approve"])?
            .expecting(0)?;
        fs::remove_dir_all(context.directory.path().join(".terraform"))?;
    }
    equal("binds", context.calls("ChatappBindWaba"), 1)
}

fn tampered_packages_and_foreign_keys_are_refused(context: &mut TestContext) -> TestResult {
    let release = Release::made()?;
    let package = format!("/assets/{}", release.package());
    let foreign = Keyring::with_an_rsa_key()?.public_key()?;
    let tampered = release.registry(|files| {
        if let Some(last) = files
            .get_mut(&package)
            .and_then(|content| content.last_mut())
        {
            *last ^= 1;
        }
    })?;
    let (id, key) = (&foreign.0, &foreign.1);
    let files = offered(&release.folder, &release.version, platform(), (id, key))?;
    let foreign = Registry::start(files)?;
    for (registry, expected) in [(tampered, "checksum"), (foreign, "sign")] {
        trust(context, &registry, "")?;
        configure(
            context,
            &format!("{}/alicloud-cams/alicloud", registry.host()),
            &release.version,
        )?;
        let output = context.directory.run(&["init"])?.expecting(1)?.text();
        contains(&output, &[expected])?;
    }
    Ok(())
}

/// What the CLIs take without a word: the checks on downloaded assets refuse it.
fn downloaded_assets_are_verified(_: &mut TestContext) -> TestResult {
    let release = Release::made()?;
    let keyring = Keyring::with_an_rsa_key()?;
    let downloaded = tempfile::tempdir()?;
    for entry in fs::read_dir(&release.folder)? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(
                &path,
                downloaded.path().join(path.file_name().unwrap_or_default()),
            )?;
        }
    }
    let folder = downloaded.path().display().to_string();
    let refused = |expected: &str| match run_release(&["--verify", &folder], Some(&keyring)) {
        Ok(_) => Err(Failed::from(format!("accepted, in place of {expected:?}"))),
        Err(failed) => contains(failed.message().unwrap_or_default(), &[expected]),
    };
    // The key of the release is not in this keyring.
    refused("is no signature of the list by a key of this keyring")?;
    let key = downloaded.path().join("key.asc");
    fs::write(&key, &release.key.1)?;
    keyring.gpg(&["--import", &key.display().to_string()])?;
    fs::remove_file(&key)?;
    run_release(&["--verify", &folder], Some(&keyring))?;
    fs::write(downloaded.path().join(release.package()), b"tampered")?;
    refused("has the checksum")
}

/// The working tree as it is now, in a directory of another name and depth.
fn copied_tree(to: &Path) -> TestResult {
    let git = |arguments: &[&str]| -> Result<Vec<u8>, Failed> {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository())
            .args(arguments)
            .output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(format!(
                "git {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into()),
        }
    };
    git(&["clone", "--quiet", ".", &to.display().to_string()])?;
    let listed = git(&[
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])?;
    for name in String::from_utf8(listed)?.split_terminator('\0') {
        let (from, to) = (repository().join(name), to.join(name));
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
            fs::copy(&from, &to)?;
        } else if to.is_file() {
            fs::remove_file(&to)?;
        }
    }
    Ok(())
}

/// A second build, in another directory. It needs no more than to be the same, so one serves for all CLIs.
fn built_elsewhere() -> Result<&'static TempDir, Failed> {
    static MADE: OnceLock<Result<TempDir, String>> = OnceLock::new();
    let make = || -> Result<TempDir, Failed> {
        let keyring = Keyring::with_an_rsa_key()?;
        let elsewhere = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let tree = elsewhere.path().join("another/place/of/the/tree");
        copied_tree(&tree)?;
        let folder = elsewhere.path().join(ASSETS);
        run_release_in(
            &tree,
            &["--snapshot", "--out", &folder.display().to_string()],
            Some(&keyring),
        )?;
        fs::remove_dir_all(tree)?;
        Ok(elsewhere)
    };
    let made = MADE
        .get_or_init(|| make().map_err(|failed| failed.message().unwrap_or_default().to_owned()));
    made.as_ref().map_err(|reason| reason.clone().into())
}

/// The assets within the directory of [`built_elsewhere`].
const ASSETS: &str = "assets";

fn builds_in_two_directories_are_identical(_: &mut TestContext) -> TestResult {
    // Built while the cases above wait for the first one: the end of a build keeps one processor busy.
    let folder = built_elsewhere()?.path().join(ASSETS);
    let release = Release::made()?;
    let mut compared = 0;
    let mut waiting = vec![PathBuf::new()];
    while let Some(path) = waiting.pop() {
        let (first, second) = (release.folder.join(&path), folder.join(&path));
        if first.is_dir() {
            let names = |folder: &Path| -> Result<Vec<_>, Failed> {
                let entries =
                    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
                let mut names = entries.collect::<Result<Vec<_>, _>>()?;
                names.sort();
                Ok(names)
            };
            equal(path.display().to_string(), names(&first)?, names(&second)?)?;
            waiting.extend(names(&first)?.into_iter().map(|name| path.join(name)));
        } else if path.extension().is_none_or(|extension| extension != "sig") {
            // Of two signatures by two keys only the rest can be the same.
            equal(
                path.display().to_string(),
                fs::read(&first)? == fs::read(&second)?,
                true,
            )?;
            compared += 1;
        }
    }
    // Package, symbols, manifest, SBOM, checksums; package, index and version for each host of the mirror.
    equal("files", compared, 11)
}
