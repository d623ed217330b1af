//! Erasing a person leaves not one byte of it, keeps the counts, and ends with a receipt whatever happens on the way.

use crate::common::place::Place;
use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{World, client, email};
use chrono::TimeDelta;
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::CampaignId;
use sales_engine::domain::outreach::Outreach;
use sales_engine::domain::stage::Stage;
use sales_engine::domain::suppression::Scope;
use sales_engine::engine::rows::{Outcome, TaskEnd, TaskKind, TaskSettled};
use sales_engine::persons::{self, AIRTABLE, Erasure, READING};
use sales_engine::sandbox::Fault;
use sales_engine::store::views::{PartState, Receipt};
use std::time::Duration;
use uuid::Uuid;

/// Nothing of this may be left.
pub const NEEDLES: [&str; 8] = [
    "ada.berg@example.com",
    "ada.berg%40example.com",
    "zebulon",
    "quagmire",
    "170 5550199",
    "the purple budget",
    "a velvet reason",
    // Base64 of her address, as it stands in a longer text.
    "kYS5iZXJnQGV4YW1wbGUuY29t",
];

pub const ADDED: &str = r#"{"kind":"contact_added","email":"Ada.Berg@example.com","id":"a1","occurred_at":"2026-11-01T10:00:00Z","first_name":"Zebulon","last_name":"Quagmire","phone":"+49 170 5550199","company_name":"Quagmire Works"}"#;
pub const MAIL: &str = r#"{"kind":"email_sent","email":"ada.berg@example.com","message_id":"<s1@example.net>","campaign_id":"77","occurred_at":"2026-11-02T08:00:00Z","subject":"Hello Zebulon","text":"Dear Zebulon, about the purple budget"}"#;
pub const REPLY: &str = r#"{"kind":"reply_received","email":"ada.berg@example.com","message_id":"<r1@mail.example.com>","campaign_id":"77","thread_id":"t1","contact_name":"Zebulon Quagmire","occurred_at":"2026-11-02T09:00:00Z","text":"Yes, the purple budget is open","intent":"interested_ready_to_talk"}"#;
pub const BOB: &str = r#"{"kind":"email_sent","email":"bob@example.net","message_id":"<s2@example.net>","campaign_id":"77","occurred_at":"2026-11-02T08:00:00Z","text":"Dear Bob, ask Ada.Berg@example.com"}"#;
/// She answers in Bob's thread.
pub const FOR_BOB: &str = r#"{"kind":"reply_received","email":"bob@example.net","contact_identifier":"ada.berg@example.com","contact_name":"Zebulon Quagmire","message_id":"<r2@mail.example.com>","campaign_id":"77","occurred_at":"2026-11-03T09:00:00Z","text":"For Bob: the purple budget","intent":"pricing_question"}"#;
pub const LIST: &str = r#"[{"kind":"email_opened","email":"ada.berg@example.com","id":"o1","campaign_id":"77","occurred_at":"2026-11-02T10:00:00Z"},{"kind":"email_opened","email":"bob@example.net","id":"o2","campaign_id":"77","occurred_at":"2026-11-02T10:00:00Z"}]"#;
pub const BROKEN: &str = r#"{"kind":"deal_of_the_day","email":"ADA.BERG@EXAMPLE.COM","text":"the purple budget","link":"https://example.net/?e=ada.berg%40example.com","raw":"eHh4IGFkYS5iZXJnQGV4YW1wbGUuY29tIHl5eQ=="}"#;

async fn live(world: &World, client_id: &str) {
    for body in [ADDED, MAIL, REPLY, REPLY, BOB, FOR_BOB, LIST, BROKEN] {
        world.post(client_id, body).await;
    }
    let session = format!("{client_id}:ada.berg@example.com");
    let person = world.database.person().await;
    // A row of n8n's chat memory, which knows no contact; SQLite has none.
    let memory = format!(
        "INSERT INTO chat_history (chat_id, session_id, platform, message_content, message_type, message_status, message_timestamp, created_at)
         VALUES ('{}', '{session}', 'n8n_chat', 'the purple budget again', 'reply', 'sent', '2026-11-03T10:00:00.000000Z', '2026-11-03T10:00:00.000000Z')",
        Uuid::new_v4()
    );
    if world.database.kind == Kind::Postgres {
        person.run(&memory).await.unwrap();
    }
    let log = format!(
        "INSERT INTO automation_logs (log_id, automation_type, trigger_type, action_taken, action_details, status, tenant)
         VALUES ('{}', 'Other', 'Manual', 'told of Ada.Berg@example.com', 'a velvet reason', 'Success', '{client_id}')",
        Uuid::new_v4()
    );
    person.run(&log.replace("a velvet reason", "nothing else")).await.unwrap();
}

/// Every table's every column that holds one of the needles.
pub async fn found(database: &Database) -> Vec<String> {
    let person = database.person().await;
    let columns = match database.kind {
        Kind::Sqlite => {
            "SELECT m.name || '.' || c.name AS x FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1"
        }
        Kind::Postgres => {
            "SELECT table_name || '.' || column_name AS x FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1"
        }
    };
    let mut found = Vec::new();
    for column in person.texts(columns).await {
        let (table, name) = column.split_once('.').unwrap();
        for needle in NEEDLES {
            let statement = format!(
                "SELECT count(*) AS x FROM \"{table}\" WHERE lower(CAST(\"{name}\" AS TEXT)) LIKE '%{}%'",
                needle.to_lowercase().replace('%', "\\%")
            );
            let statement = format!("{statement} ESCAPE '\\'");
            if person.texts(&statement).await != ["0"] {
                found.push(format!("{column}: {needle}"));
            }
        }
    }
    found
}

pub fn erasure(client_id: Option<&str>) -> Erasure {
    Erasure { email: email("ada.berg@example.com"), client_id: client_id.map(client), keeps_suppression: true }
}

async fn erase(world: &World, client_id: Option<&str>) -> Receipt {
    persons::erase(world.store(), &world.rules, &erasure(client_id), &world.clock.now()).await.unwrap()
}

async fn numbers(world: &World) -> Vec<String> {
    let counts = world.store().counts().await.unwrap();
    let campaigns = world.store().campaign_counts(&[CampaignId::parse("77").unwrap()]).await.unwrap();
    vec![
        format!("{campaigns:?}"),
        format!("{:?}", counts.chat_rows),
        format!("{} events, {} contacts", counts.events, world.count("contacts").await),
        world
            .texts(
                "SELECT coalesce(sum(emails_sent_count), 0) || ' ' || coalesce(sum(reply_count), 0) AS x FROM contacts",
            )
            .await
            .concat(),
    ]
}

on_both! {
    async fn not_one_byte_of_the_person_is_left_and_the_counts_stay(database: Database) {
        let world = World::new(database, Scope::Client);
        live(&world, "a").await;
        let before = found(&world.database).await;
        for place in ["contacts.email", "contacts.fold", "chat_history.message_content", "chat_history.session_id", "events.seen", "deliveries.body", "automation_logs.action_taken"] {
            assert!(before.iter().any(|hit| hit.starts_with(place)), "{place} is to be looked at: {before:?}");
        }
        let numbers_before = numbers(&world).await;
        let receipt = erase(&world, Some("a")).await;
        assert_eq!(found(&world.database).await, Vec::<String>::new(), "{receipt:?}");
        assert_eq!(numbers(&world).await, numbers_before);
        assert_eq!(world.stage("a", "bob@example.net").await, Some(Stage::Interested), "Bob's is Bob's");
        let shown = serde_json::to_string(&receipt).unwrap().to_lowercase();
        assert!(!shown.contains("ada") && !shown.contains("example.com"), "{shown}");
        for place in ["contacts", "chat_history", "events", "deliveries", "automation_logs"] {
            assert!(receipt.removed.get(place).is_some_and(|rows| *rows > 0), "{place}: {receipt:?}");
        }
        assert!(!receipt.is_open(READING));
        let owner = world.texts("SELECT lead_status AS x FROM contacts WHERE email LIKE 'erased%' OR email LIKE '%@erased.invalid'").await;
        assert_eq!(owner, ["do_not_contact"], "where nothing is ever done with it");
        if world.database.kind == Kind::Sqlite {
            let person = world.database.person().await;
            person.run("VACUUM").await.unwrap();
            person.run("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
            for file in std::fs::read_dir(world.database.folder()).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap().to_ascii_lowercase();
                for needle in NEEDLES {
                    let needle = needle.to_lowercase();
                    assert!(!bytes.windows(needle.len()).any(|part| part == needle.as_bytes()), "{needle} is in a file");
                }
            }
        }
    }
}

on_both! {
    async fn what_comes_later_is_ignored_and_leaves_nothing(database: Database) {
        let world = World::new(database, Scope::Client);
        live(&world, "a").await;
        live(&world, "b").await;
        erase(&world, Some("a")).await;
        let (contacts, events) = (world.count("contacts").await, world.count("events").await);
        for body in [ADDED, MAIL, REPLY, FOR_BOB] {
            let again = body.replace("1@", "9@").replace("2@mail", "8@mail").replace("\"a1\"", "\"a9\"");
            let answer = world.post("a", &again).await;
            assert_eq!((answer.outcome, answer.events[0].outcome), (Outcome::Ignored, Outcome::Ignored), "{body}");
            assert_eq!((answer.events[0].event_id, answer.events[0].contact_id), (None, None));
        }
        assert_eq!((world.count("contacts").await, world.count("events").await), (contacts, events));
        let list = LIST.replace("o1", "o8").replace("o2", "o9");
        let answer = world.post("a", &list).await;
        let outcomes: Vec<Outcome> = answer.events.iter().map(|event| event.outcome).collect();
        assert_eq!((answer.outcome, outcomes), (Outcome::Applied, vec![Outcome::Ignored, Outcome::Applied]), "only hers is left out");
        assert_eq!(world.post("a", &BROKEN.replace("_day", "_week")).await.outcome, Outcome::Unrecognised);
        let hers = "lower(body) LIKE '%ada.berg%' OR lower(body) LIKE '%purple%'";
        assert_eq!(world.count(&format!("deliveries WHERE client_id = 'a' AND ({hers})")).await, 0, "counted, not kept");
        let kept = world.texts("SELECT body AS x FROM deliveries WHERE client_id = 'a' AND body LIKE '%o9%'").await;
        assert!(kept.len() == 1 && kept[0].contains("bob@example.net"), "{kept:?}");
        assert_eq!(world.stage("b", "ada.berg@example.com").await, Some(Stage::Interested), "the other client's contact is its own");
        assert_eq!(world.post("b", &REPLY.replace("r1@", "r7@")).await.outcome, Outcome::Applied);
        assert_eq!(world.check("a", &["ada.berg@example.com"]).await[0].reason.as_deref(), Some("suppressed (erased)"));
    }
}

on_both! {
    async fn of_what_is_no_event_at_all_nothing_is_kept_either(database: Database) {
        let world = World::new(database, Scope::Client);
        live(&world, "a").await;
        erase(&world, Some("a")).await;
        let host = "sales@acme.example ".repeat(200);
        for (description, body) in [
            ("a meeting that begins", r#"{"triggerEvent":"MEETING_STARTED","uid":"b1","attendees":[{"email":"Ada.Berg@example.com"}]}"#.to_owned()),
            ("behind an address of ours that stands there often", format!(r#"{{"triggerEvent":"MEETING_STARTED","uid":"b2","notes":"{host}","attendees":[{{"email":"Ada.Berg@example.com"}}]}}"#)),
        ] {
            let answer = world.post_as(Source::Calcom, "a", &body).await;
            assert_eq!(answer.outcome, Outcome::Ignored, "{description}: {answer:?}");
            assert_eq!(found(&world.database).await, Vec::<String>::new(), "{description}");
        }
        assert_eq!(world.count("deliveries WHERE source = 'calcom'").await, 2, "they are counted");
    }
}

on_both! {
    async fn for_every_client_and_again_and_without_a_trace_on_the_list(database: Database) {
        let world = World::new(database, Scope::Client);
        live(&world, "a").await;
        live(&world, "b").await;
        let receipt = erase(&world, None).await;
        assert_eq!(found(&world.database).await, Vec::<String>::new());
        assert_eq!(receipt.removed.get("contacts"), Some(&2));
        for client_id in ["a", "b", "c"] {
            assert_eq!(world.post(client_id, &REPLY.replace("r1@", "r6@")).await.outcome, Outcome::Ignored);
        }
        let again = erase(&world, None).await;
        assert_ne!(again.receipt_id, receipt.receipt_id);
        assert_eq!(again.removed.get("contacts"), None, "nothing was left");
        assert!(again.completed_at.is_some());

        let bob = Erasure { email: email("bob@example.net"), client_id: None, keeps_suppression: false };
        let receipt = persons::erase(world.store(), &world.rules, &bob, &world.clock.now()).await.unwrap();
        assert_eq!((receipt.keeps_suppression, receipt.removed.get("contacts")), (false, Some(&2)));
        assert_eq!(world.post("a", &BOB.replace("s2@", "s5@").replace("Ada.Berg@example.com", "me")).await.outcome, Outcome::Applied, "nothing refuses him");
    }
}

on_both! {
    async fn the_lead_is_deleted_through_every_fault_and_the_receipt_says_so(database: Database) {
        let world = World::new(database, Scope::Client);
        let sandbox = world.sandbox().await;
        live(&world, "a").await;
        world.work(Some(&sandbox)).await;
        assert_eq!(sandbox.with(|base| base.leads().len()), 2, "hers and Bob's");
        let receipt = erase(&world, Some("a")).await;
        assert_eq!(receipt.completed_at, None);
        let part = receipt.parts.keys().find(|part| part.starts_with(AIRTABLE)).unwrap().clone();
        assert_eq!(receipt.parts[&part].state, PartState::Pending);
        world.work(None).await;
        assert!(world.store().receipt(receipt.receipt_id).await.unwrap().unwrap().is_open(&part), "without Airtable it waits");
        for fault in [Fault::Unavailable(1), Fault::RateLimited, Fault::DropBefore, Fault::Garbage, Fault::DropAfter] {
            sandbox.fail_next(fault);
            world.work(Some(&sandbox)).await;
            world.clock.forward(TimeDelta::hours(1));
        }
        world.work(Some(&sandbox)).await;
        let leads = sandbox.with(|base| base.leads());
        assert_eq!(leads.len(), 1);
        assert!(leads.values().all(|lead| lead["Email"] == "bob@example.net"));
        let done = world.store().receipt(receipt.receipt_id).await.unwrap().unwrap();
        assert_eq!((done.parts[&part].state, done.parts[&part].removed), (PartState::Done, 1), "{done:?}");
        assert!(done.completed_at.is_some());
        let payloads = world.texts("SELECT payload AS x FROM tasks WHERE kind = 'airtable.erase_lead'").await.concat();
        assert!(!payloads.contains("contact_id") && !payloads.contains("lead_id"), "{payloads}");
        assert_eq!(found(&world.database).await, Vec::<String>::new());
    }
}

on_both! {
    async fn the_platforms_are_told_to_stop_and_nothing_else_keeps_the_address(database: Database) {
        let mut world = World::new(database, Scope::Client);
        world.rules.wants.blocks = [(client("a"), vec![Outreach::Smartlead])].into();
        live(&world, "a").await;
        erase(&world, Some("a")).await;
        let left = found(&world.database).await;
        assert!(!left.is_empty() && left.iter().all(|hit| hit.starts_with("tasks.payload: ada.berg@example.com")), "{left:?}");
        let wanted = world.texts("SELECT task_key AS x FROM tasks WHERE kind = 'platform.block' AND task_key LIKE '%:erased:%'").await;
        assert_eq!(wanted.len(), 1);
        let now = world.clock.read();
        let task = world.store().claim_tasks(&[TaskKind::PlatformBlock], 10, now, now, Uuid::nil()).await.unwrap();
        let done = TaskSettled { task_id: task[0].task_id, lease: task[0].lease, wanted: task[0].wanted, end: TaskEnd::Done, now };
        world.store().settle_tasks(&[done], &[], &[]).await.unwrap();
        assert_eq!(found(&world.database).await, Vec::<String>::new(), "when it is done, there neither");
    }
}

on_both! {
    async fn everything_held_is_told_as_one_document(database: Database) {
        let world = World::new(database, Scope::Client);
        live(&world, "a").await;
        live(&world, "b").await;
        let export = |client_id: Option<&'static str>| {
            let world = &world;
            async move {
                let client_id = client_id.map(client);
                let told = persons::export(world.store(), &world.rules.suppression, &email("ada.berg@example.com"), client_id.as_ref(), world.clock.read()).await.unwrap();
                (told.contacts.len(), serde_json::to_value(&told).unwrap())
            }
        };
        let (contacts, whole) = export(None).await;
        assert_eq!(contacts, 2);
        let text = whole.to_string();
        for needle in ["Zebulon", "Quagmire", "170 5550199", "the purple budget", "deal_of_the_day", "For Bob"] {
            assert!(text.contains(needle), "{needle}");
        }
        let rows = &whole["contacts"][0]["rows"];
        assert_eq!(rows["events"].as_array().unwrap().len(), 4);
        assert!(rows["events"][0]["seen"].is_object(), "what each source said, as it is");
        assert!(rows["deliveries"].as_array().unwrap().len() >= 4 && rows["chat_history"].as_array().unwrap().len() >= 2);
        let (contacts, one) = export(Some("b")).await;
        assert_eq!((contacts, one.to_string().contains("\"client_id\":\"a\"")), (1, false), "a client's own alone");
        world.post("a", r#"{"kind":"unsubscribed","email":"ada.berg@example.com","id":"u1","occurred_at":"2026-11-19T09:00:00Z"}"#).await;
        let (_, told) = export(None).await;
        assert_eq!(told["suppressions"][0]["reason"], "opt_out");
    }
}

#[tokio::test]
async fn whatever_kills_the_command_the_next_one_finishes_its_work() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::on(kind, "[suppression]\nkey = \"the key of all tests of suppression\"\n").await;
        let world = World::new(Database::at(kind, &place.address).await, Scope::Client);
        world.store().migrate(false).await.unwrap();
        let command = ["contact", "erase", "ada.berg@example.com", "--client", "acme", "--yes", "--json"];
        for nth in 0..4_u64 {
            let round = nth.to_string();
            for body in [ADDED, MAIL, REPLY, BOB, FOR_BOB, BROKEN] {
                world.post_as(Source::N8n, "acme", &body.replace("1@", &format!("1{round}@"))).await;
            }
            let mut child = place
                .command(&command)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(10 + 35 * nth));
            child.kill().unwrap();
            child.wait().unwrap();
            // It was begun, and not got through with.
            if nth % 2 == 1 && world.count("tasks WHERE kind = 'erasure.read' AND status <> 'done'").await == 1 {
                a_service_gets_through_with_it(&place, &world).await;
                assert_eq!(found(&world.database).await, Vec::<String>::new(), "{kind:?} {nth}: by itself");
            }
            let output = place.run(&command);
            let receipt: serde_json::Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
            assert_eq!(receipt["parts"][READING]["state"], "done", "{kind:?} {nth}");
            assert_eq!(found(&world.database).await, Vec::<String>::new(), "{kind:?} {nth}");
            // So that the next round has somebody to erase.
            world.database.person().await.run("DELETE FROM suppressions").await.unwrap();
        }
    }
}

/// Nobody asks a second time.
async fn a_service_gets_through_with_it(place: &Place, world: &World) {
    // Two minutes later, for whoever waits for the dead one's lease to end.
    let person = world.database.person().await;
    person.run("UPDATE tasks SET lease_until = created_at WHERE status = 'running'").await.unwrap();
    let _served = place.serve();
    let reading = "SELECT 1 AS x FROM tasks WHERE kind = 'erasure.read' AND status <> 'done'";
    let through = async {
        while !person.texts(reading).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(Duration::from_mins(1), through).await;
    assert!(came.is_ok(), "waited a minute for the reading");
}

#[tokio::test]
async fn the_command_tells_what_it_did_and_what_is_left() {
    let place = Place::new("");
    let migrated = place.run(&["migrate"]);
    assert!(migrated.status.success());
    let world = World::new(Database::at(Kind::Sqlite, &place.address).await, Scope::Client);
    for body in [ADDED, MAIL] {
        world.post("acme", body).await;
    }
    let refused = place.run(&["contact", "erase", "ada.berg@example.com"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("say --yes"));
    let set = place.json(&["contact", "set", "ada.berg@example.com", "--to", "interested", "--json"]);
    assert_eq!((set["stage_before"].as_str(), set["stage_after"].as_str()), (Some("InSequence"), Some("Interested")));
    let past = place.run(&["contact", "set", "ada.berg@example.com", "--follow-up", "2020-01-01"]);
    assert!(!past.status.success() && String::from_utf8_lossy(&past.stderr).contains("lies in the past"));
    let output = place.run(&["contact", "erase", "ada.berg@example.com", "--yes", "--json"]);
    let receipt: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &receipt["completed_at"]),
        (Some(3), &serde_json::Value::Null),
        "its lead waits for Airtable"
    );
    let status = place.run(&["contact", "erase", "--status", receipt["receipt_id"].as_str().unwrap()]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("still to be done"));
    let check = place.run(&["contact", "check", "ada.berg@example.com", "bob@example.net", "--json"]);
    assert_eq!(check.status.code(), Some(3));
    let key = std::fs::read_to_string(place.folder().join("t.db.suppression-key")).unwrap();
    assert_eq!(key.trim().len(), 64, "made by itself, beside the database");
    let added = place.json(&["suppressions", "add", "eve@example.org", "no address", "--json"]);
    assert_eq!((added["suppressions"].as_u64(), added["left_out"][0].as_str()), (Some(1), Some("no address")));
    let exported = String::from_utf8(place.run(&["suppressions", "export"]).stdout).unwrap();
    assert!(exported.lines().count() == 3 && !exported.contains("eve"), "{exported}");
    std::fs::write(place.folder().join("list.csv"), &exported).unwrap();
    assert_eq!(place.json(&["suppressions", "remove", "eve@example.org", "--json"])["suppressions"], 1);
    assert_eq!(
        place.json(&["suppressions", "import", "list.csv", "--json"])["suppressions"],
        2,
        "an export is brought back"
    );
    assert_eq!(place.run(&["suppressions", "check", "eve@example.org"]).status.code(), Some(3));
    let gone = place.run(&["contact", "set", "nobody@example.org", "--to", "won"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("has no contact"));
}
