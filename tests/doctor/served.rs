//! The doctor of a running service: what it tells over HTTP is what the command tells.

use crate::common::Kind;
use crate::common::place::Place;
use crate::world::World;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const WAIT_SECONDS_MAX: u64 = 60;

/// The status of the answer, its head and its body.
fn ask(url: &str, method: &str, path: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "{method} /api/v1/doctor{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), serde_json::from_str(body).unwrap())
}

/// What does not change while the service works.
fn standing(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let is_standing = |finding: &&Value| {
        let code = finding["code"].as_str().unwrap();
        !code.starts_with("tasks.") && !code.starts_with("alerts.") && !code.starts_with("clock.")
    };
    let told = |finding: &Value| {
        ["severity", "code", "at", "place", "to_do"].map(|key| finding[key].as_str().unwrap_or_default()).join(" | ")
    };
    findings.filter(is_standing).map(told).collect()
}

fn by_command(world: &World, args: &[&str]) -> BTreeSet<String> {
    let output = world.place.command(&[&["doctor", "--json"], args].concat()).output().unwrap();
    standing(&serde_json::from_slice(&output.stdout).unwrap())
}

async fn the_same_is_told(kind: Kind) {
    let mut world = World::new(kind).await;
    // A fault for the service to find at its start.
    world.config = world.config.replace("cc-5d0e9a71f2b8c346", "abababababababababab");
    world.config = world.config.replace("webhook_url = ", "# webhook_url = ");
    world.write();
    let served = world.place.serve();
    let started = Instant::now();
    let at_start = loop {
        let (status, _, body) = ask(&served.url, "GET", "");
        if status == 200 {
            break body;
        }
        assert!([404, 503].contains(&status), "{body}");
        assert!(started.elapsed() < Duration::from_secs(WAIT_SECONDS_MAX), "nobody looked at the start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&at_start["outside"], &at_start["faults"]), (&Value::Bool(false), &Value::from(1)), "{at_start:#}");
    assert_eq!(standing(&at_start), by_command(&world, &["--offline"]));

    let (status, _, everywhere) = ask(&served.url, "POST", "");
    assert_eq!((status, &everywhere["outside"]), (200, &Value::Bool(true)), "{everywhere:#}");
    let told = standing(&everywhere);
    assert_eq!(told, by_command(&world, &[]));
    assert!(
        told.iter().any(|finding| finding.contains("secret.weak") && finding.contains("sales-engine.toml:")),
        "{told:#?}"
    );
    assert!(told.iter().any(|finding| finding.contains("gmail.well")), "{told:#?}");
    let (status, head, again) = ask(&served.url, "POST", "");
    assert_eq!(status, 429, "{again}");
    let seconds = head.to_ascii_lowercase().split("retry-after: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert!((1..=60).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
    assert_eq!(ask(&served.url, "GET", "").2, everywhere);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_sqlite_tells_what_the_command_tells() {
    the_same_is_told(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_postgres_tells_what_the_command_tells() {
    the_same_is_told(Kind::Postgres).await;
}

#[test]
fn the_key_of_suppression_beside_the_database_is_looked_at() {
    let place = Place::new("");
    place.json(&["migrate", "--json"]);
    let added = place.run(&["suppressions", "add", "eve@example.com", "--reason", "operator"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let key = format!("{}.suppression-key", place.address.strip_prefix("sqlite://").unwrap());
    let exposed = || {
        let output = place.run(&["doctor", "--offline", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding["code"] == "file.exposed" && finding["at"] == key.as_str())
    };
    assert!(!exposed(), "as it was made");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(exposed());
}
