//! Faults of the configuration and of the machine, one at a time, on one world that is well.

use crate::common::Kind;
use crate::common::place::Place;
use crate::world::{SMARTLEAD_KEY, World};
use std::os::unix::fs::PermissionsExt as _;

/// What is planted, what stands in the configuration and comes in its place, what is found, and where.
type Planted = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PLANTED: &[Planted] = &[
    ("an address that is none", "127.0.0.1:0\"\ndatabase", "nonsense\"\ndatabase", "config.fault", "listen"),
    ("a key that is unknown", "admin_token =", "admin_tokens =", "config.fault", "admin_tokens"),
    (
        "no proof of a source",
        "url_tokens = [\"sl-7f3a9c1e5b2d8f46\"]\n",
        "",
        "source.unproven",
        "clients.acme.smartlead",
    ),
    (
        "a header without a secret",
        "secrets = [\"in-91b7c04fd3e8a265\"]\n",
        "",
        "source.unproven",
        "clients.acme.instantly",
    ),
    (
        "a source that takes anything",
        "secrets = [\"cc-5d0e9a71f2b8c346\"]",
        "insecure = true",
        "source.insecure",
        "clients.acme.calcom.insecure",
    ),
    (
        "the example's own token",
        "[\"sl-7f3a9c1e5b2d8f46\"]",
        "[\"put-a-long-random-text-here\"]",
        "secret.placeholder",
        "clients.acme.smartlead.url_tokens",
    ),
    ("a short secret", "in-91b7c04fd3e8a265", "short-one", "secret.weak", "clients.acme.instantly.secrets"),
    ("a secret of few characters", "cc-5d0e9a71f2b8c346", "abababababababababab", "secret.weak", "calcom.secrets"),
    ("a secret in two places", "in-91b7c04fd3e8a265", "cc-5d0e9a71f2b8c346", "secret.shared", "clients.acme"),
    ("a short admin token", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "0f1e2d3c4b5a69788", "admin_token.weak", "admin_token"),
    (
        "no admin token",
        "admin_token = \"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"\n",
        "",
        "admin_token.missing",
        "admin_token",
    ),
    ("a listener for everybody", "127.0.0.1:0\"\ndatabase", "0.0.0.0:8080\"\ndatabase", "listen.public", "listen"),
    ("small bodies", "default_client =", "body_bytes_max = 65536\ndefault_client =", "limit.body", "body_bytes_max"),
    (
        "more connections than files",
        "default_client =",
        "connections_max = 1000000000\ndefault_client =",
        "limit.open_files",
        "connections_max",
    ),
    ("no schedule", "[suppression]\n", "[schedule]\nmode = \"off\"\n[suppression]\n", "schedule.off", "schedule.mode"),
    ("a client whom nobody posts for", "[ai]\n", "[clients.beta]\nname = \"B\"\n[ai]\n", "source.none", "clients.beta"),
    ("a client that Airtable can't tell", "name = \"Acme\"\n", "", "airtable.client_unnamed", "clients.acme.name"),
    (
        "a platform that can't be called",
        "api_key = \"key-of-acme-at-smartlead\"\n",
        "",
        "platform.key_missing",
        "clients.acme.smartlead.api_key",
    ),
    (
        "another key of suppression",
        "a-long-random-text-of-this-test",
        "another-long-random-text-of-it",
        "suppression.key_unknown",
        "suppression.old_keys",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_planted_fault_of_the_settings_is_found_alone() {
    let mut world = World::new(Kind::Sqlite).await;
    world.with_airtable_webhook();
    let added = world.place.run(&["suppressions", "add", "eve@example.com", "--reason", "operator"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    world.is_well();
    let well = world.config.clone();
    // None of these is about an outside service.
    world.args = vec!["--offline"];
    for (what, from, to, code, at) in PLANTED {
        assert!(well.contains(from), "{what}");
        world.config = well.replacen(from, to, 1);
        world.finds(what, code, at);
    }
    world.config = well.replacen(&world.sandbox.url(), "http://airtable.example.com", 1);
    world.finds("an address without TLS", "service.plain_text", "airtable.api_url");
    let collector = "[telemetry]\notlp_endpoint = \"http://collector.example.com:4318\"\notlp_headers = \"x-team=pat-test-token\"\n[google]\n";
    world.config = well.replacen("[google]\n", collector, 1);
    world.finds("a token for the collector without TLS", "service.plain_text", "telemetry.otlp_endpoint");
    let secrets = well.find("webhook_secrets").unwrap();
    let end = secrets + well[secrets..].find('\n').unwrap() + 1;
    world.config = format!("{}{}", &well[..secrets], &well[end..]);
    world.finds("pings without a secret", "airtable.webhook_secret", "airtable.webhook_secrets");
    let (credentials, rest) = (well.find("client_id =").unwrap(), well.len());
    world.config = well[..credentials].to_owned();
    assert!(rest > credentials);
    world.finds("mailboxes that nobody can open", "gmail.credentials", "clients.acme.gmail");
    world.config = well[..well.find("[clients.acme]").unwrap()].replace("default_client = \"acme\"\n", "");
    world.finds("no client", "client.none", "clients");

    world.config = well;
    world.write();
    let file = world.place.folder().join("sales-engine.toml");
    let secrets_for_all = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, secrets_for_all).unwrap();
    let output = world.doctor(&["--offline"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("file.exposed") && said.contains("chmod o-rwx sales-engine.toml"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
}

#[test]
fn a_finding_tells_file_and_line_and_never_the_secret() {
    let place = Place::new("[clients.gamma.n8n]\nsecrets = [\"tooshort-n8n\"]\n");
    let output = place.run(&["doctor", "--offline"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let line = std::fs::read_to_string(place.folder().join("sales-engine.toml")).unwrap();
    let line = line.lines().position(|line| line.contains("tooshort-n8n")).unwrap() + 1;
    assert!(said.contains(&format!("clients.gamma.n8n.secrets (sales-engine.toml:{line})")), "{said}");
    assert!(!said.contains("tooshort-n8n") && !said.contains(SMARTLEAD_KEY), "{said}");
    assert_eq!(output.status.code(), Some(1));
    let missing = place.run(&["doctor", "--config", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere.toml"));
}
