//! The stand-in against a client that is not ours: pyairtable, in an environment of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what is missing is a failed test; the clock runs faster than the real one"
)]

use chrono::{DateTime, Utc};
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

const TOKEN: &str = "pat-pyairtable";
/// The sandbox's seconds in a real one, so that five a second and a lock-out of thirty cost little.
const PACE: i32 = 20;

fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

fn succeeded(program: &str, arguments: &[&str]) {
    let output = run(program, arguments).unwrap_or_else(|| panic!("{program} is not there"));
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", texts.join("\n"));
}

/// An environment with the client in it.
fn environment(folder: &Path) -> String {
    let place = folder.join("venv");
    let place = place.to_str().unwrap();
    let is_made = || run("python3", &["-m", "venv", place]).is_some_and(|output| output.status.success());
    if !is_made() {
        succeeded("apt-get", &["update"]);
        succeeded("apt-get", &["install", "-y", "python3", "python3-venv"]);
        succeeded("python3", &["-m", "venv", "--clear", place]);
    }
    let python = format!("{place}/bin/python");
    succeeded(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pyairtable==3.5.1"]);
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyairtable_finds_what_it_expects() {
    let start = Utc::now();
    let now: Now = Arc::new(move || -> DateTime<Utc> { start + (Utc::now() - start) * PACE });
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, now).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url();
    let driven = tokio::task::spawn_blocking(move || {
        let python = environment(folder.path());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyairtable/drive.py");
        succeeded(&python, &[script, &url, TOKEN]);
    });
    driven.await.unwrap();
    assert!(sandbox.with(|base| base.pings_succeeded) > 0, "the pings were answered");
}
