//! The compose file: read by a parser of the Compose specification that is not ours, then held to our own rules.

use super::python;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/compose.yaml");
const READ: &str = "
import json, sys, yaml, compose_spec
text = open(sys.argv[1]).read()
compose_spec.PyCompose.from_yaml(text).validate()
print(json.dumps(yaml.safe_load(text)))
";

fn read() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let python = python::environment(folder.path(), &["compose-spec==0.2.1", "PyYAML==6.0.4"]);
    let output = Command::new(python).args(["-c", READ, FILE]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// What breaks a rule, in words.
fn faults(compose: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut used = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (name, service) in compose["services"].as_object().unwrap() {
        let mut fault = |what: String| faults.push(format!("{name}: {what}"));
        let image = service["image"].as_str().unwrap_or_default();
        if image.split_once(':').is_none_or(|(_, tag)| tag.is_empty() || tag == "latest") {
            fault(format!("the image {image:?} is not pinned"));
        }
        if image.starts_with("sales-engine:") && image != concat!("sales-engine:", env!("CARGO_PKG_VERSION")) {
            fault(format!("{image} is another version than this"));
        }
        for port in texts(&service["ports"]) {
            if image.starts_with("postgres") || !port.starts_with("127.0.0.1:") {
                fault(format!("the port {port} is published"));
            }
        }
        if !["unless-stopped", "always"].contains(&service["restart"].as_str().unwrap_or_default()) {
            fault("it does not come back".to_owned());
        }
        for key in ["test", "interval", "timeout", "retries", "start_period"] {
            if service["healthcheck"][key].is_null() {
                fault(format!("its health check has no {key}"));
            }
        }
        if texts(&service["healthcheck"]["test"]).first() != Some(&"CMD") {
            fault("its health check runs a shell".to_owned());
        }
        for key in ["stop_grace_period", "logging"] {
            if service[key].is_null() {
                fault(format!("no {key}"));
            }
        }
        if !texts(&service["security_opt"]).contains(&"no-new-privileges:true") || service["privileged"] == true {
            fault("it may gain rights".to_owned());
        }
        if service["build"].is_object() && (service["read_only"] != true || texts(&service["cap_drop"]) != ["ALL"]) {
            fault("it may do more than it needs".to_owned());
        }
        for (variable, _) in service["environment"].as_object().into_iter().flatten() {
            let is_secret =
                ["PASSWORD", "SECRET", "TOKEN", "KEY", "DATABASE_URL"].iter().any(|word| variable.contains(word));
            if is_secret && !variable.ends_with("_FILE") {
                fault(format!("{variable} tells a secret to whoever may inspect the container"));
            }
        }
        for (other, how) in service["depends_on"].as_object().into_iter().flatten() {
            if how["condition"] != "service_healthy" {
                fault(format!("it does not wait for {other} to be well"));
            }
        }
        used.0.extend(texts(&service["secrets"]));
        used.1.extend(texts(&service["networks"]));
        let volumes = texts(&service["volumes"]).into_iter().filter_map(|volume| volume.split_once(':'));
        used.2.extend(volumes.map(|(volume, _)| volume));
    }
    for (what, used) in [("secrets", used.0), ("networks", used.1), ("volumes", used.2)] {
        if used != names(&compose[what]) {
            faults.push(format!("{what} that are used and {what} that are named differ: {used:?}"));
        }
    }
    for (name, secret) in compose["secrets"].as_object().into_iter().flatten() {
        if !secret["file"].as_str().is_some_and(|file| file.starts_with("./secrets/")) {
            faults.push(format!("the secret {name} lies where git may take it"));
        }
    }
    if compose["networks"]["inside"]["internal"] != true {
        faults.push("the database's network leads outside".to_owned());
    }
    faults
}

#[test]
fn the_compose_file_is_one_and_keeps_the_rules() {
    let compose = read();
    assert_eq!(faults(&compose), Vec::<String>::new());
    let build = &compose["services"]["engine"]["build"];
    let context = Path::new(FILE).parent().unwrap().join(build["context"].as_str().unwrap());
    assert!(context.join(build["dockerfile"].as_str().unwrap()).exists() && context.join(".dockerignore").exists());
    // What compose asks the program is something that it knows.
    let asked = texts(&compose["services"]["engine"]["healthcheck"]["test"]);
    let help = Command::new(env!("CARGO_BIN_EXE_sales-engine")).args(&asked[2..]).arg("--help").output().unwrap();
    assert!(help.status.success(), "{asked:?}");
    let ignored = include_str!("../../.gitignore");
    assert!(ignored.lines().any(|line| line == "/deploy/secrets"), "the folder of secrets is not committed");

    let rows = [
        ("/services/database/image", json!("postgres"), "not pinned"),
        ("/services/database/image", json!("postgres:latest"), "not pinned"),
        ("/services/engine/image", json!("sales-engine:0.0.1"), "another version"),
        ("/services/database/ports", json!(["127.0.0.1:5432:5432"]), "is published"),
        ("/services/engine/ports", json!(["8080:8080"]), "is published"),
        ("/services/engine/restart", json!("no"), "come back"),
        ("/services/database/healthcheck", json!({}), "health check has no test"),
        ("/services/engine/healthcheck/test", json!(["CMD-SHELL", "true"]), "runs a shell"),
        ("/services/engine/stop_grace_period", Value::Null, "no stop_grace_period"),
        ("/services/database/logging", Value::Null, "no logging"),
        ("/services/engine/security_opt", json!([]), "gain rights"),
        ("/services/engine/read_only", json!(false), "more than it needs"),
        ("/services/engine/cap_drop", json!(["NET_RAW"]), "more than it needs"),
        ("/services/engine/environment", json!({ "DATABASE_URL": "postgres://a:b@c/d" }), "tells a secret"),
        ("/services/database/environment", json!({ "POSTGRES_PASSWORD": "a" }), "tells a secret"),
        ("/services/engine/depends_on/database/condition", json!("service_started"), "to be well"),
        ("/services/engine/secrets", json!(["other"]), "secrets that are used"),
        ("/services/database/volumes", json!([]), "volumes that are used"),
        ("/services/database/networks", json!(["inside", "third"]), "networks that are used"),
        ("/secrets/database_password/file", json!("./password"), "git may take it"),
        ("/networks/inside", json!({}), "leads outside"),
    ];
    for (place, bad, expected) in rows {
        let mut broken = compose.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap()[key] = bad;
        let faults = faults(&broken);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{place}: {faults:#?}");
    }
}
