//! The systemd unit, held by systemd's own tools. What it forbids is compared with what the program asks of the kernel.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output};

const UNIT: &str = include_str!("../../deploy/systemd/sales-engine.service");
const PROGRAM: &str = env!("CARGO_BIN_EXE_sales-engine");
/// Of 100; a unit without hardening has 96.
const EXPOSURE_MAX: &str = "15";

/// Debian's package where the tool is missing. In a container nothing is started by it.
fn found_or_installed(program: &str, package: &str) {
    if Command::new(program).arg("--version").output().is_ok() {
        return;
    }
    for arguments in [&["update", "-q"][..], &["install", "-y", "-q", "--no-install-recommends", package]] {
        let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
        assert!(status.status.success(), "{program} is missing and {package} could not be installed");
    }
}

fn analyze(arguments: &[&str], unit: &str) -> (Output, String) {
    found_or_installed("systemd-analyze", "systemd");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sales-engine.service");
    fs::write(&file, unit).unwrap();
    let output = Command::new("systemd-analyze").args(arguments).arg(&file).output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    (output, said)
}

#[test]
fn systemd_understands_the_unit() {
    let here = UNIT.replace("/usr/local/bin/sales-engine", PROGRAM);
    let (output, said) = analyze(&["verify"], &here);
    // Unknown keys are only told.
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
    let (_, said) = analyze(&["verify"], &here.replace("DynamicUser=", "DynamikUser="));
    assert!(said.contains("DynamikUser"), "{said}");
}

#[test]
fn it_is_locked_in() {
    let threshold = ["security", "--offline=true", &format!("--threshold={EXPOSURE_MAX}"), "--no-pager"];
    let (output, said) = analyze(&threshold, UNIT);
    assert!(output.status.success(), "{said}");
    for key in
        ["SystemCallFilter", "ProtectSystem", "PrivateDevices", "CapabilityBoundingSet", "RestrictAddressFamilies"]
    {
        let without: String =
            UNIT.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let without = without.replace("DynamicUser=yes", "User=root");
        assert!(!analyze(&threshold, &without).0.status.success(), "nobody notices that {key} is missing");
    }
}

#[test]
fn the_program_needs_no_call_of_the_kernel_that_the_unit_forbids() {
    found_or_installed("strace", "strace");
    found_or_installed("systemd-analyze", "systemd");
    // As nobody, because SQLite gives files to their folder's owner where it runs as root, and there alone.
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o777)).tempdir().unwrap();
    let (trace, program) = (folder.path().join("calls"), folder.path().join("sales-engine"));
    fs::copy(PROGRAM, &program).unwrap();
    let mut traced = Command::new("strace");
    traced.args(["--follow-forks", "--summary-only", "--summary-columns=name", "--output"]).arg(&trace);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        traced.arg("--user=nobody");
    }
    let traced = traced.arg(&program).args(["demo", "--once"]).current_dir(folder.path()).output().unwrap();
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let calls: BTreeSet<String> = fs::read_to_string(&trace)
        .unwrap()
        .lines()
        .map(str::trim)
        .filter(|line| {
            !line.is_empty() && line.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
        .map(str::to_owned)
        .collect();
    let calls: BTreeSet<String> =
        calls.into_iter().filter(|call| !["syscall", "total", "execve"].contains(&call.as_str())).collect();
    assert!(calls.contains("accept4") && calls.contains("fsync") | calls.contains("fdatasync"), "{calls:?}");
    let mut allowed = BTreeSet::new();
    for line in UNIT.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (forbids, sets) = line.strip_prefix('~').map_or((false, line), |sets| (true, sets));
        for name in sets.split_whitespace().flat_map(members) {
            if forbids {
                allowed.remove(&name);
            } else {
                allowed.insert(name);
            }
        }
    }
    let forbidden: Vec<&String> = calls.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
}

/// The calls of a set, sets within it taken apart.
fn members(set: &str) -> Vec<String> {
    let output = Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", set]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(|line| if line.starts_with('@') { members(line) } else { vec![line.to_owned()] }).collect()
}

#[test]
fn what_the_unit_names_is_where_the_guide_puts_it() {
    let guide = include_str!("../../docs/deployment.md");
    for place in ["/usr/local/bin/sales-engine", "/etc/sales-engine/sales-engine.toml", "sales-engine.service"] {
        assert!(UNIT.contains(place) && guide.contains(place), "{place}");
    }
    assert!(Path::new(PROGRAM).exists());
}
