//! The files alone: nothing secret in them, nothing missing in the guide.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/n8n/workflows"))
}

/// By the name of their file.
pub(crate) fn workflows() -> BTreeMap<String, Value> {
    let mut workflows = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "json") {
            workflows.insert(name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    workflows
}

fn nodes(workflow: &Value) -> &[Value] {
    workflow["nodes"].as_array().unwrap()
}

#[test]
fn every_credential_of_a_workflow_is_in_the_example_and_the_example_holds_no_secret() {
    let example: Value = serde_json::from_str(include_str!("../../n8n/credentials.example.json")).unwrap();
    let example = example.as_array().unwrap();
    let known: BTreeSet<(&str, &str, &str)> = example
        .iter()
        .map(|known| ["type", "id", "name"].map(|name| known[name].as_str().unwrap()))
        .map(|[kind, id, name]| (kind, id, name))
        .collect();
    let mut used = BTreeSet::new();
    let workflows = workflows();
    for (file, workflow) in &workflows {
        for node in nodes(workflow).iter().filter(|node| node["disabled"] != true) {
            for (kind, credential) in node["credentials"].as_object().into_iter().flatten() {
                let text = |name: &str| credential[name].as_str().unwrap();
                assert!(known.contains(&(kind.as_str(), text("id"), text("name"))), "{file}: {}", node["name"]);
                used.insert(text("id"));
            }
        }
    }
    assert_eq!(used.len(), known.len(), "one of the example is used by nobody");
    for credential in example {
        for (name, value) in credential["data"].as_object().unwrap() {
            let Some(text) = value.as_str() else { continue };
            let is_public = ["host", "user", "database", "ssl", "url"].contains(&name.as_str())
                || name == "name" && credential["type"] == "httpHeaderAuth";
            assert!(is_public || text.contains("put-"), "{}: {name}", credential["name"]);
        }
    }
}

#[test]
fn a_workflow_is_imported_switched_off_and_holds_no_code_of_its_own() {
    let workflows = workflows();
    assert_eq!(workflows.len(), 4);
    for (file, workflow) in &workflows {
        assert_eq!(workflow["active"], false, "{file}");
        let names: BTreeSet<&str> = nodes(workflow).iter().map(|node| node["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), nodes(workflow).len(), "{file}: a name is there twice");
        for node in nodes(workflow) {
            let kind = node["type"].as_str().unwrap();
            let own = kind.rsplit('.').next().unwrap();
            assert!(!["code", "executeCommand", "function"].contains(&own), "{file}: {}", node["name"]);
            let parameters = node["parameters"].to_string();
            // What an environment or a variable holds is not there in every n8n; what a person types belongs into a credential.
            for word in ["$env", "$vars", "whsec_", "Bearer "] {
                assert!(!parameters.contains(word), "{file}: {} holds {word}", node["name"]);
            }
        }
        for (from, outputs) in workflow["connections"].as_object().unwrap() {
            assert!(names.contains(from.as_str()), "{file}: {from}");
            let targets = outputs.as_object().unwrap().values().flat_map(|outputs| outputs.as_array().unwrap());
            for target in targets.flat_map(|links| links.as_array().unwrap()) {
                assert!(names.contains(target["node"].as_str().unwrap()), "{file}: {from} leads nowhere");
            }
        }
    }
}

#[test]
fn the_guide_names_every_file_credential_setting_and_address() {
    let guide = include_str!("../../docs/n8n.md");
    let example: Value = serde_json::from_str(include_str!("../../n8n/credentials.example.json")).unwrap();
    let mut wanted: BTreeSet<String> =
        example.as_array().unwrap().iter().map(|known| known["name"].as_str().unwrap().to_owned()).collect();
    for (file, workflow) in workflows() {
        wanted.insert(file);
        wanted.insert(workflow["name"].as_str().unwrap().to_owned());
        for node in nodes(&workflow) {
            let parameters = &node["parameters"];
            if node["type"] == "n8n-nodes-base.webhook" {
                wanted.insert(format!("/webhook/{}", parameters["path"].as_str().unwrap()));
            }
            if node["name"].as_str().unwrap().starts_with("Settings") {
                let settings = parameters["assignments"]["assignments"].as_array().unwrap();
                wanted.extend(settings.iter().map(|setting| format!("`{}`", setting["name"].as_str().unwrap())));
            }
        }
    }
    let missing: Vec<&String> = wanted.iter().filter(|text| !guide.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "docs/n8n.md does not name {missing:#?}");
}
