//! `cargo release-provider`: one command from a commit to the assets that registries and mirrors want.
//!
//! | step | module |
//! |---|---|
//! | what the release is: version, commit, time | `checks` |
//! | build each target, without a trace of the builder | `build` |
//! | leave in its symbol table what a backtrace shows | `symbol_table` |
//! | look into each executable | `verify` |
//! | notices and SBOM from the dependency graph | `dependencies` |
//! | deterministic zips, checksums | `package` |
//! | detached signature | `sign` |
//! | a mirror that a team can host | `mirror` |
//! | the assets once more, as a registry and a CLI would see them | `assets` |
//!
//! Each step ends with a sentence on standard error when it fails; the exit code is 1 then, and 2 for wrong arguments.

#![expect(clippy::print_stdout, reason = "a command line program")]

mod arguments;
mod assets;
mod build;
mod checks;
mod command;
mod dependencies;
mod mirror;
mod package;
mod sign;
mod symbol_table;
mod target;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use self::{
    arguments::Arguments, checks::Release, command::Failure, package::Asset, target::Target,
};

/// The provider's type: the last part of its source address, and of the names of all assets.
const NAME: &str = "terraform-provider-alicloud";

/// Namespace and type in a source address.
const SOURCE: &str = "alicloud-cams/alicloud";

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", arguments::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("{reason}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn warn(sentence: &str) {
    eprintln!("warning: {sentence}");
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(folder) = &arguments.verify {
        let count = assets::verify(folder)?;
        println!(
            "{count} assets in {} are as they should be",
            folder.display()
        );
        return Ok(());
    }
    let root = checks::repository()?;
    let release = Release::check(&root, arguments.snapshot)?;
    let key = if arguments.build_only {
        None
    } else {
        sign::find_key(arguments.snapshot)?
    };
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| root.join("target/release-provider"));
    let graph = dependencies::Graph::new(&root);
    println!(
        "Releasing {NAME} {} of commit {}",
        release.version, release.commit
    );
    let stage = clean_directory(&out)?;
    let mut assets = match &arguments.assemble {
        Some(packages) => package::take(packages, &stage, &release)?,
        None => build_packages(
            &root,
            &stage,
            &target::choose(&arguments.targets)?,
            &release,
            &graph,
        )?,
    };
    if arguments.build_only {
        report(&stage, &assets);
        return Ok(());
    }
    let targets = assets.iter().filter_map(|asset| asset.package.as_ref());
    let targets = targets
        .map(|(platform, _)| Target::of_platform(platform))
        .collect::<Result<Vec<_>, _>>()?;
    assets.push(package::manifest(&stage, &root, &release)?);
    let sbom = graph.sbom(&targets, &release)?;
    assets.push(package::write(
        &stage,
        format!("{NAME}_{}_sbom.cdx.json", release.version),
        sbom.as_bytes(),
    )?);
    let sums = package::checksums(&stage, &release, &assets)?;
    match &key {
        Some(key) => {
            let signature = sign::sign(key, &sums.path)?;
            assets.extend([sums, package::existing(&signature)?]);
        }
        None => {
            warn("no secret key was found, so this snapshot is not signed");
            assets.push(sums);
        }
    }
    mirror::write(&stage, &release, &assets)?;
    assets::verify(&stage)?;
    report(&stage, &assets);
    println!(
        "  {}/ is a filesystem and network mirror for Terraform and OpenTofu",
        mirror::FOLDER
    );
    Ok(())
}

/// Builds, checks and packages each target.
fn build_packages(
    root: &Path,
    stage: &Path,
    targets: &[Target],
    release: &Release,
    graph: &dependencies::Graph,
) -> Result<Vec<Asset>, Failure> {
    let private = build::private_paths(root)?;
    let license = root.join("LICENSE");
    let mut assets = Vec::new();
    for target in targets {
        println!("Building for {target}");
        let built = build::build(root, target, release)?;
        verify::executable(&built.executable, target, release, &private)?;
        if let Some(symbols) = &built.symbols {
            verify::symbols(symbols, target, &private)?;
        }
        let names = package::Names::new(&release.version, target);
        let notices = graph.notices(target)?;
        assets.push(package::provider(
            stage, &names, &built, &license, &notices, release,
        )?);
        match package::symbols(stage, &names, &built, release)? {
            Some(asset) => assets.push(asset),
            None => warn(&format!(
                "there are no debug symbols for {target}: only Linux has them beside the release"
            )),
        }
    }
    Ok(assets)
}

/// The directory of the assets, emptied of an earlier run's. Only files of this program's making are removed.
fn clean_directory(out: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(out).map_err(|error| Failure::file("create", out, &error))?;
    let entries = fs::read_dir(out).map_err(|error| Failure::file("read", out, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let removed = if name.starts_with(&format!("{NAME}_")) && path.is_file() {
            fs::remove_file(&path)
        } else if name == mirror::FOLDER && path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            continue;
        };
        removed.map_err(|error| Failure::file("remove", &path, &error))?;
    }
    Ok(out.to_path_buf())
}

fn report(stage: &Path, assets: &[Asset]) {
    println!("\n{}", stage.display());
    for asset in assets {
        println!("  {:>10}  {}", asset.bytes, asset.name);
    }
}
