//! What can't be planted on a real machine, and the list of codes.

use super::airtable::{AirtableFacts, WebhookFacts};
use super::host::{DiskFacts, HostFacts};
use super::outside::clocks;
use super::{Code, Finding, Severity, airtable, database, host, settings};
use crate::config::load;
use crate::store::health::{DatabaseFacts, PostgresFacts};
use std::collections::BTreeSet;

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn every_code_stands_in_the_guide_with_its_severity_and_no_other_does() {
    let guide = include_str!("../../docs/doctor.md");
    let told: BTreeSet<(String, String)> = guide
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let code = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            let severity = cells.next()?;
            ["fault", "warning", "ok"].contains(&severity).then(|| (code.to_owned(), severity.to_owned()))
        })
        .collect();
    let known = Code::ALL.iter().map(|code| (code.to_string(), code.severity().as_str().to_owned())).collect();
    assert_eq!(told, known);
    let distinct: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(distinct.len(), Code::ALL.len());
}

#[test]
fn room_on_the_disk() {
    let disk = |free_bytes, database_bytes| {
        let disk = Some(DiskFacts { path: ".".to_owned(), free_bytes, database_bytes });
        host::findings(&HostFacts { disk, ..HostFacts::default() }, 1)
    };
    let gib = 1_u64 << 30;
    for (what, free, database, expected) in [
        ("nearly full", gib / 8, gib, "disk.full"),
        ("little room", gib, gib, "disk.tight"),
        ("less than the database has", 50 * gib, 60 * gib, "disk.tight"),
        ("room", 50 * gib, gib, "disk.well"),
    ] {
        assert_eq!(codes(&disk(free, database)), [expected], "{what}");
    }
}

fn postgres(change: impl FnOnce(&mut PostgresFacts)) -> Vec<&'static str> {
    let mut server = PostgresFacts {
        version: 170_002,
        role: "sales".to_owned(),
        schema: Some("public".to_owned()),
        encoding: "UTF8".to_owned(),
        connections_max: 100,
        role_connections_max: -1,
        has_tls: true,
        is_verified: true,
        ..PostgresFacts::default()
    };
    change(&mut server);
    let facts = DatabaseFacts { applied_migrations: vec![1], postgres: Some(server), ..DatabaseFacts::default() };
    let found = database::findings(&facts);
    codes(&found).into_iter().filter(|code| *code != "database.well").collect()
}

#[test]
fn servers_that_no_test_can_have() {
    type Change = fn(&mut PostgresFacts);
    let rows: [(&str, Change, &[&str]); 7] = [
        ("well", |_| {}, &[]),
        ("too old", |server| server.version = 140_012, &["database.version"]),
        ("pooled by transaction", |server| server.is_pooled_by_transaction = true, &["database.transaction_pooler"]),
        ("plain text over a network", |server| server.has_tls = false, &["database.plain_text"]),
        ("any certificate", |server| server.is_verified = false, &["database.unverified"]),
        (
            "plain text on this machine",
            |server| (server.is_local, server.has_tls, server.is_verified) = (true, false, false),
            &[],
        ),
        ("few connections", |server| server.connections_max = 10, &["database.connections"]),
    ];
    for (what, change, expected) in rows {
        assert_eq!(postgres(change), expected, "{what}");
    }
}

#[test]
fn one_service_with_a_wrong_clock_blames_nobody() {
    let of = |ahead: &[i64]| {
        let ahead: Vec<(String, i64)> = ahead.iter().map(|ms| ("x".to_owned(), *ms)).collect();
        clocks(&ahead).map(|finding| (finding.code, finding.severity))
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[600_000, 400]), Some((Code::ClockWell, Severity::Ok)));
    assert_eq!(of(&[600_000, -590_000]), Some((Code::ClockServices, Severity::Fault)));
    assert_eq!(of(&[-9_000, -9_100]), Some((Code::ClockDrift, Severity::Warning)));
}

#[test]
fn a_webhook_that_lapsed() {
    let text = "[airtable]\ntoken = \"pat-0123456789\"\nbase_id = \"appX\"\nwebhook_url = \"https://s.example.com/hooks/airtable\"\n";
    let config = load(Some(("t", text)), &|_| None).unwrap();
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let url = Some("https://s.example.com/hooks/airtable".to_owned());
    let webhook = WebhookFacts { url, is_on: true, expires_at: Some("2026-11-19T12:00:00Z".parse().unwrap()) };
    let facts = AirtableFacts { webhooks: Some(Ok(vec![webhook])), ..AirtableFacts::default() };
    assert_eq!(
        codes(&airtable::findings(config.airtable.as_ref().unwrap(), &facts, now)),
        ["airtable.webhook_expired"]
    );
}

#[test]
fn a_password_that_is_still_the_examples() {
    let text = "database_url = \"postgres://sales_engine:change-me@db.example.com/sales\"\n[clients.a.n8n]\nsecrets = [\"n8n-0123456789abcdef\"]\n";
    let config = load(Some(("t", text)), &|_| None).unwrap();
    let found = settings::findings(&config);
    let placeholder = found.iter().find(|finding| finding.code == Code::SecretPlaceholder).unwrap();
    assert_eq!(placeholder.at, "database_url");
}
