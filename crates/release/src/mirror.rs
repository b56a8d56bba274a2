//! A mirror tree that a team can host at once: as a directory (filesystem mirror) or over HTTPS (network mirror), for the
//! default hosts of Terraform and OpenTofu.
//!
//! Layout: `HOST/NAMESPACE/TYPE/` with the packages as archives, `index.json` and `VERSION.json`. Source: the provider network
//! mirror protocol and the packed layout of filesystem mirrors in Terraform's documentation.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use crate::{checks::Release, command::Failure, package::Asset};

/// The folder of the mirror within the assets.
pub(crate) const FOLDER: &str = "mirror";

/// The hosts of a source address that names none.
const HOSTS: [&str; 2] = ["registry.opentofu.org", "registry.terraform.io"];

/// Writes the tree.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write(folder: &Path, release: &Release, assets: &[Asset]) -> Result<(), Failure> {
    for host in HOSTS {
        let place = folder.join(FOLDER).join(host).join(crate::SOURCE);
        fs::create_dir_all(&place).map_err(|error| Failure::file("create", &place, &error))?;
        let mut archives = Map::new();
        for asset in assets {
            let Some((platform, hash)) = &asset.package else {
                continue;
            };
            let copy = place.join(&asset.name);
            fs::copy(&asset.path, &copy).map_err(|error| Failure::file("write", &copy, &error))?;
            let hashes = [hash.clone(), format!("zh:{}", asset.sha256)];
            archives.insert(
                platform.clone(),
                json!({ "url": asset.name, "hashes": hashes }),
            );
        }
        let mut versions = Map::new();
        versions.insert(release.version.clone(), json!({}));
        document(&place.join("index.json"), &json!({ "versions": versions }))?;
        document(
            &place.join(format!("{}.json", release.version)),
            &json!({ "archives": archives }),
        )?;
    }
    Ok(())
}

fn document(path: &Path, content: &Value) -> Result<(), Failure> {
    fs::write(path, format!("{content:#}\n")).map_err(|error| Failure::file("write", path, &error))
}
