//! Faults at outside services, one at a time: each world is well but for one thing.

use crate::common::Kind;
use crate::world::{INSTANTLY_KEY, MAILBOX, SMARTLEAD_KEY, TOKEN, World, clock};
use chrono::TimeDelta;
use sales_engine::sandbox::Fault;
use sales_engine::sandbox::google::{Call, GoogleFault};
use sales_engine::services::airtable::Airtable;
use sales_engine::sources::settings::Secret;

/// What is planted, what stands in the configuration and comes in its place, what is found, and where.
type Planted = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// In `to`, URL stands for the address of the stand-ins.
const PLANTED: &[Planted] = &[
    (
        "nobody at the address",
        "api_url = \"URL\"\nwebhook_url",
        "api_url = \"http://127.0.0.1:1\"\nwebhook_url",
        "service.unreachable",
        "airtable.api_url",
    ),
    (
        "somebody without TLS",
        "url = \"URL/v1\"\nmodel = \"sandbox-1\"",
        "url = \"TLS/v1\"\nmodel = \"sandbox-1\"",
        "service.tls",
        "ai.url",
    ),
    (
        "a token that is none",
        "token = \"pat-test-token\"",
        "token = \"pat-other-token\"",
        "airtable.denied",
        "airtable.token",
    ),
    (
        "another table of leads",
        "base_id = \"appTest\"\n",
        "base_id = \"appTest\"\nleads_table = \"Prospects\"\n",
        "airtable.leads_table",
        "airtable.leads_table",
    ),
    (
        "another address of the webhook",
        "127.0.0.1:1/hooks/airtable",
        "127.0.0.1:2/hooks/airtable",
        "airtable.webhook_missing",
        "airtable.webhook_url",
    ),
    (
        "a wrong key",
        "key-of-acme-at-smartlead",
        "key-of-nobody-at-smartlead",
        "platform.denied",
        "clients.acme.smartlead.api_key",
    ),
    (
        "a wrong key",
        "key-of-acme-at-instantly",
        "key-of-nobody-at-instantly",
        "platform.denied",
        "clients.acme.instantly.api_key",
    ),
    ("no such index", "index = \"plain\"", "index = \"other\"", "pinecone.denied", "pinecone.index"),
    (
        "an index without a model",
        "[embeddings]\nurl = \"URL/v1\"\napi_key = \"sk-sandbox-key\"\nmodel = \"words\"\n",
        "",
        "pinecone.model",
        "pinecone.index",
    ),
    ("a wrong key", "sk-sandbox-key", "sk-other-key", "embeddings.denied", "embeddings.url"),
    (
        "a wrong key",
        "model = \"sandbox-1\"\napi_key = \"pat-test-token\"",
        "model = \"sandbox-1\"\napi_key = \"sk-other-key\"",
        "ai.denied",
        "ai.api_key",
    ),
    ("no such model", "model = \"sandbox-1\"", "model = \"sandbox-9\"", "ai.model", "ai.model"),
    (
        "a target inside",
        "url = \"URL/notify/hook\"\n",
        "url = \"TLS/notify/hook\"\n",
        "notification.target",
        "notifications.hook.url",
    ),
    (
        "no collector of traces",
        "[google]\n",
        "[telemetry]\notlp_endpoint = \"http://127.0.0.1:1\"\n[google]\n",
        "telemetry.unreachable",
        "telemetry.otlp_endpoint",
    ),
    (
        "somebody who takes no traces",
        "[google]\n",
        "[telemetry]\notlp_endpoint = \"URL\"\notlp_headers = \"x-team=pat-test-token\"\n[google]\n",
        "telemetry.refused",
        "telemetry.otlp_endpoint",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_planted_fault_of_a_service_is_found_alone() {
    let mut world = World::new(Kind::Sqlite).await;
    world.with_airtable_webhook();
    let well = world.config.clone();
    let url = world.sandbox.url();
    let tls = url.replace("http://", "https://");
    for (what, from, to, code, at) in PLANTED {
        let from = from.replace("URL", &url);
        assert!(well.contains(&from), "{what}: {from}");
        world.config = well.replacen(&from, &to.replace("TLS", &tls).replace("URL", &url), 1);
        if *code == "notification.target" {
            world.config = world.config.replace("allow_private = true\n", "");
        }
        world.finds(what, code, at);
    }
    let begin = well.find("client_id =").unwrap();
    world.config = format!("{}service_account_key_file = \"nowhere.json\"\n", &well[..begin]);
    world.finds("a key that is not there", "gmail.key_file", "clients");
    let grant = world.sandbox.google(|google| google.add_mailbox("bob@sales.example"));
    let own = world.sandbox.google(|google| google.add_mailbox(MAILBOX));
    world.config = well.replace(&own.refresh_token, &grant.refresh_token);
    world.finds("another's mailbox", "gmail.other_mailbox", "clients.acme.gmail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_that_people_make_at_a_service_is_found_alone() {
    let mut world = World::new(Kind::Sqlite).await;
    world.with_airtable_webhook();
    world.is_well();

    world.sandbox.fail_when(|_, path, _| path.ends_with("/tables").then_some(Fault::NotFoundTyped));
    world.finds("no such base", "airtable.unknown", "airtable.token");
    world.sandbox.fail_when(|_, path, _| path.ends_with("/listRecords").then_some(Fault::Denied));
    world.finds("a scope is missing", "airtable.scope", "airtable.token");
    world.sandbox.fail_when(|_, path, _| path.ends_with("/webhooks").then_some(Fault::Denied));
    world.finds("another scope is missing", "airtable.scope", "airtable.token");
    world.sandbox.fail_when(|_, path, _| path.ends_with("/tables").then_some(Fault::BadGateway));
    world.finds("down for a while", "service.busy", "airtable.token");
    world.sandbox.fail_no_more();

    world.sandbox.google(|google| google.fail_next(Call::Profile, GoogleFault::DomainPolicy));
    world.finds("a policy of the domain", "gmail.denied", "clients.acme.gmail");
    world.sandbox.google(|google| google.revoke(MAILBOX, None));
    world.finds("consent was taken back", "gmail.revoked", "clients.acme.gmail");
    world.sandbox.google(|google| google.restore(MAILBOX));

    world.sandbox.pinecone(|pinecone| pinecone.add_index("plain", 7));
    world.finds("another dimension", "pinecone.dimension", "embeddings.dimensions");
    world.sandbox.pinecone(|pinecone| pinecone.add_index_with_model("plain", "chunk_text"));
    world.finds("a model of its own", "pinecone.model", "pinecone.index");
    world.sandbox.pinecone(|pinecone| pinecone.add_index("plain", sales_engine::sandbox::pinecone::DIMENSION));

    world.sandbox.answer_as_of(clock()() + TimeDelta::minutes(10));
    world.finds("another time than all services", "clock.services", "");
    world.sandbox.answer_as_of(clock()() + TimeDelta::seconds(12));
    world.finds("a little off", "clock.drift", "");
    world.sandbox.answer_as_of(clock()());

    world.sandbox.with(sales_engine::sandbox::airtable::Base::give_up_pings);
    world.finds("pings that were given up", "airtable.webhook_off", "airtable.webhook_url");

    let client = Airtable::new(Secret::new(TOKEN), "appTest", &world.sandbox.url()).unwrap();
    let (table, field) =
        world.sandbox.with(|base| (base.table_id("Leads").unwrap(), base.field_id("Leads", "Lead Status").unwrap()));
    client.rename_field(&table, &field, "Status of the lead").await.unwrap();
    // Whoever gave up on the pings is looked at in a world of its own.
    world.config = world.config.replace("webhook_url = ", "# webhook_url = ");
    world.finds("a field was renamed", "airtable.differs", "airtable.base_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_looked_at_where_they_are_registered() {
    let mut world = World::new(Kind::Sqlite).await;
    world.config = world.config.replace("webhook_url = ", "# webhook_url = ");
    world.is_well();
    let here = "https://sales.example.com/hooks/smartlead/acme";
    let all = ["EMAIL_SENT", "EMAIL_REPLY", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED"];
    let add = |world: &World, url: &str, campaign: Option<u64>, events: &[&str]| {
        world.sandbox.smartlead(|smartlead| smartlead.open(SMARTLEAD_KEY).add_webhook(url, campaign, events))
    };
    let double = add(&world, here, Some(7), &all);
    world.finds("one of the user and one of the campaign", "smartlead.webhook_double", "clients.acme.smartlead");

    // The user's is changed to post elsewhere: now nothing of the campaign's comes any more.
    world
        .sandbox
        .smartlead(|smartlead| smartlead.open(SMARTLEAD_KEY).move_webhook(world.webhook_id, "https://other.example/x"));
    world.finds("hidden by the user's", "smartlead.webhook_hidden", "clients.acme.smartlead");
    world.sandbox.smartlead(|smartlead| smartlead.open(SMARTLEAD_KEY).delete_webhook(world.webhook_id));
    world.finds("the last one is gone", "smartlead.webhook_gone", "clients.acme.smartlead");

    let other = World::new(Kind::Sqlite).await;
    let mut other = other;
    other.config = other.config.replace("webhook_url = ", "# webhook_url = ");
    let narrow = add(&other, here, Some(7), &["EMAIL_SENT", "EMAIL_REPLY"]);
    assert_eq!(double, narrow, "both worlds number alike");
    other.sandbox.smartlead(|smartlead| smartlead.open(SMARTLEAD_KEY).delete_webhook(other.webhook_id));
    other
        .person()
        .await
        .run("UPDATE deliveries SET body = replace(body, '\"webhook_id\":', '\"webhook_none\":')")
        .await
        .unwrap();
    other.finds("events are missing", "smartlead.webhook_events", "clients.acme.smartlead");
    other.sandbox.smartlead(|smartlead| smartlead.open(SMARTLEAD_KEY).delete_webhook(narrow));
    other.finds("none is seen", "smartlead.webhook_unseen", "clients.acme.smartlead");

    let instantly = "https://sales.example.com/hooks/instantly/acme";
    let place = |world: &World, hooks: &[(&str, Option<&str>, Option<&str>, bool)]| {
        world.sandbox.instantly(|instantly| {
            let workspace = instantly.open(INSTANTLY_KEY);
            workspace.remove_webhooks();
            for (url, campaign, event, is_disabled) in hooks {
                workspace.add_webhook(url, *campaign, *event, *is_disabled);
            }
        });
    };
    let mut world = World::new(Kind::Sqlite).await;
    world.config = world.config.replace("webhook_url = ", "# webhook_url = ");
    for (what, hooks, code) in [
        (
            "posts elsewhere",
            vec![("https://other.example/x", None, Some("all_events"), false)],
            "instantly.webhook_missing",
        ),
        ("switched off", vec![(instantly, None, Some("all_events"), true)], "instantly.webhook_disabled"),
        ("one campaign", vec![(instantly, Some("c1"), Some("all_events"), false)], "instantly.webhook_scope"),
        ("only replies", vec![(instantly, None, Some("reply_received"), false)], "instantly.webhook_events"),
    ] {
        place(&world, &hooks);
        world.finds(what, code, "clients.acme.instantly");
    }
}
