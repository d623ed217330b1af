//! The direction of imports, held by reading the `use` lines: no module looks back up the line.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each room may import of this crate, beside itself.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("mail", &["domain"]),
    ("sources", &["domain", "mail"]),
    ("engine", &["domain"]),
    ("store", &["domain", "engine", "telemetry"]),
    ("intake", &["domain", "engine", "sources", "store", "telemetry"]),
    ("imports", &["domain", "engine", "intake", "persons", "store"]),
    ("persons", &["domain", "engine", "intake", "store"]),
    ("config", &["domain", "sources"]),
    ("doctor", &["config", "domain", "sources", "store"]),
    ("wiring", &["config", "domain", "intake", "mail", "services", "sources", "store", "tasks"]),
    // Whoever looks for the doctor.
    (
        "checkup",
        &[
            "config",
            "doctor",
            "domain",
            "engine",
            "intake",
            "services",
            "sources",
            "store",
            "tasks",
            "telemetry",
            "wiring",
        ],
    ),
    // Its search asks the vector index while somebody waits: there is nothing of it to be kept, so no task is between.
    (
        "api",
        &[
            "checkup", "config", "doctor", "domain", "engine", "intake", "persons", "replay", "services", "sources",
            "store",
        ],
    ),
    ("replay", &["config", "domain", "engine", "intake", "sources", "store"]),
    (
        "console",
        &["checkup", "config", "doctor", "domain", "engine", "intake", "persons", "replay", "sources", "store"],
    ),
    (
        "listener",
        &["api", "checkup", "config", "console", "domain", "intake", "sources", "store", "engine", "telemetry"],
    ),
    ("services", &["domain", "sources", "telemetry"]),
    ("telemetry", &[]),
    (
        "tasks",
        &["domain", "engine", "imports", "intake", "mail", "persons", "services", "sources", "store", "telemetry"],
    ),
    ("sandbox", &["domain", "intake"]),
];

/// Crates that only one room may name.
const ONLY: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("reqwest", &["services"]),
    ("hyper", &["listener", "sandbox"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("opentelemetry_proto", &["telemetry"]),
];

/// Words that a pure room must not contain.
const IMPURE: &[&str] =
    &["tokio", "async fn", "Utc::now", "Uuid::new_v4", "Uuid::new_v7", "std::fs", "std::net", "std::env"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
}

#[test]
fn no_room_imports_against_the_line() {
    let mut faults = Vec::new();
    for (room, allowed) in ROOMS {
        for path in files(&source().join(room)).iter().filter(|path| !is_test(path)) {
            let imported: BTreeSet<String> = code(path)
                .split("crate::")
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
                .collect();
            for name in imported.iter().filter(|name| name != room && !allowed.contains(&name.as_str())) {
                faults.push(format!("{} imports {name}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_outside_crate_is_named_in_its_room_only() {
    let mut faults = Vec::new();
    for path in files(&source()).iter().filter(|path| !is_test(path)) {
        let room = path
            .strip_prefix(source())
            .unwrap()
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        for (name, rooms) in ONLY {
            let names_it = code(path).contains(&format!("{name}::"));
            if names_it && !rooms.contains(&room.as_str()) {
                faults.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn pure_rooms_are_pure() {
    let mut faults = Vec::new();
    for room in ["domain", "mail", "sources", "engine"] {
        for path in files(&source().join(room)).iter().filter(|path| !is_test(path)) {
            let code = code(path);
            faults.extend(
                IMPURE.iter().filter(|word| code.contains(*word)).map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
