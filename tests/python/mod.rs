//! Clients that are not ours, in a Python environment of their own.

use std::path::Path;
use std::process::{Command, Output};

fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

pub(crate) fn succeeded(program: &str, arguments: &[&str]) {
    let output = run(program, arguments).unwrap_or_else(|| panic!("{program} is not there"));
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", texts.join("\n"));
}

/// An environment with these packages in it; gives its interpreter.
pub(crate) fn environment(folder: &Path, packages: &[&str]) -> String {
    let place = folder.join("venv");
    let place = place.to_str().unwrap();
    let is_made = || run("python3", &["-m", "venv", place]).is_some_and(|output| output.status.success());
    if !is_made() {
        succeeded("apt-get", &["update"]);
        succeeded("apt-get", &["install", "-y", "python3", "python3-venv"]);
        succeeded("python3", &["-m", "venv", "--clear", place]);
    }
    let python = format!("{place}/bin/python");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    succeeded(&python, &[&install[..], packages].concat());
    python
}
