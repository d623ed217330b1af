//! The example file: it shows every key there is and no other, and each variable it names is read, without any file too.

use super::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

const EXAMPLE: &str = include_str!("../../../sales-engine.example.toml");

/// A key as the example shows it, set or commented out.
struct Shown {
    section: String,
    key: String,
    /// The variables that its comment names.
    variables: Vec<String>,
    line: &'static str,
}

/// The line without the `#` that leaves a key or a section out; none where it only tells.
fn bare(line: &'static str) -> Option<&'static str> {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let key = bare.split(" = ").next().unwrap_or_default();
    let is_key = bare.contains(" = ")
        && (key.starts_with('"') || key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    (bare.starts_with('[') || is_key).then_some(bare)
}

fn is_variable(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn shown() -> Vec<Shown> {
    let (mut section, mut prefix, mut found) = (String::new(), None::<String>, Vec::new());
    for line in EXAMPLE.lines() {
        let Some(bare) = bare(line) else { continue };
        let comment = bare.split_once('#').map_or("", |(_, comment)| comment);
        let words: Vec<&str> = comment.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '…')).collect();
        // `SALES_ENGINE_FOLLOW_UP_…` names one for each key that follows.
        let named = words.iter().find_map(|word| word.strip_suffix('…').filter(|word| word.ends_with('_')));
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            (section, prefix) = (name.to_owned(), named.map(str::to_owned));
            continue;
        }
        let key = bare.split(" = ").next().unwrap_or_default().to_owned();
        let mut variables: Vec<String> =
            words.iter().filter(|word| is_variable(word)).map(|word| (*word).to_owned()).collect();
        prefix = named.map(str::to_owned).or(prefix);
        let has_none = section == "ai" && ["classify", "summarise", "documents"].contains(&key.as_str());
        if let Some(prefix) = prefix.as_ref().filter(|_| variables.is_empty() && !has_none) {
            variables.push(format!("{prefix}{}", key.to_ascii_uppercase()));
        }
        if comment.contains("the other limits likewise") {
            prefix = Some("SALES_ENGINE_".to_owned());
        }
        found.push(Shown { section: section.clone(), key, variables, line });
    }
    found
}

/// Names of the table `section`, those of tables in it included, as the example shows them.
fn names_in(section: &str) -> BTreeSet<String> {
    let below = if section.is_empty() { String::new() } else { format!("{section}.") };
    let sections = EXAMPLE.lines().filter_map(bare).filter_map(|line| line.strip_prefix('[')?.split(']').next());
    let tables = sections.filter_map(|name| name.strip_prefix(&below)?.split('.').next()).map(str::to_owned);
    let keys = shown().into_iter().filter(|shown| shown.section == section).map(|shown| shown.key);
    tables.chain(keys).filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_example_shows_every_key() {
    // A key that nobody knows is told with those that are known beside it.
    let odd = "zzzzzzzzzzzz = 1\n";
    let mut text = odd.to_owned();
    for line in EXAMPLE.lines().filter_map(bare) {
        text.push_str(line);
        text.push('\n');
        if line.starts_with('[') {
            text.push_str(odd);
        }
    }
    let ConfigFaults(faults) = load(Some(("x", &text)), &no_env).unwrap_err();
    let mut sections = BTreeSet::new();
    for fault in &faults {
        let Some((place, known)) = fault.split_once("` is unknown; known here: ") else {
            assert!(!fault.contains("is unknown"), "{fault}");
            continue;
        };
        let path = place.split('`').nth(1).unwrap();
        let section = path.strip_suffix("zzzzzzzzzzzz").unwrap().trim_end_matches('.').to_owned();
        let known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
        // A client's targets are shown as "the same for this client alone".
        let shown = if section.contains(".notifications.") { "notifications.ops" } else { &section };
        assert_eq!(names_in(shown), known, "[{section}]");
        sections.insert(section);
    }
    assert!(sections.len() >= 18, "{sections:?}");
}

#[test]
fn every_variable_of_the_example_is_read_without_a_file() {
    let switches = [
        ("AIRTABLE_TOKEN", "pat-0123456789"),
        ("AIRTABLE_BASE_ID", "appABC"),
        ("SALES_ENGINE_AI_MODEL", "m"),
        ("PINECONE_INDEX", "sales"),
        ("EMBEDDINGS_MODEL", "m"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
    ];
    let asked = RefCell::new(BTreeSet::new());
    let env = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        switches.iter().find(|(switch, _)| *switch == name).map(|(_, value)| (*value).to_owned())
    };
    drop(load(None, &env));
    let without = asked.take();
    // What belongs to a client or a target by its name is read where that is named.
    let names =
        "[notifications.ops]\n[clients.acme.notifications.n8n]\n[clients.acme.smartlead]\n[clients.acme.instantly]\n";
    drop(load(Some(("x", names)), &env));
    let with_names = asked.take();
    let mut count = 0;
    for shown in shown() {
        let is_named = shown.section.starts_with("clients.") || shown.section.starts_with("notifications.");
        let read = if is_named { &with_names } else { &without };
        for variable in &shown.variables {
            assert!(read.contains(variable), "{variable} is not read: {}", shown.line);
            count += 1;
        }
    }
    assert!(count >= 60, "{count}");
}

#[test]
fn a_span_of_follow_ups_is_set_by_its_variable_alone() {
    let env = |name: &str| (name == "SALES_ENGINE_FOLLOW_UP_SILENCE_DAYS").then(|| "9".to_owned());
    assert_eq!(load(None, &env).unwrap().rules.spans.silence_days, 9);
}
