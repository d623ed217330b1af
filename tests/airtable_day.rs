//! A day of an agency, scripted: a list is activated, its contacts are imported, mailed, and reply; leads are promoted, a person moves
//! cards, a deal is won, figures arrive in Campaigns. On both databases; calm, with four instances, through storms, and killed between
//! every two steps. Whatever happens, at the end each contact has one lead, each list and client one record.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::large_futures,
    unreachable_pub,
    reason = "what is not there is a failed test; a day is one future"
)]

mod common;
#[path = "airtable_day/world.rs"]
mod world;

use common::Database;
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::TaskStatus;
use sales_engine::store::views::TaskFilter;
use serde_json::{Value, json};
use world::{Day, SHEET, Weather};

const ROWS: &str = "Email,First Name,Last Name,Company\n\
    p0@example.com,Ada,Berg,Berg Ltd\n\
    p1@example.com,Cy,Dahl,Dahl AG\n\
    p2@example.com,Eve,Falk,Falk Oy\n\
    p3@example.com,Gil,Holm,Holm SA\n\
    P1@example.com,Cy,Again,Dahl AG\n\
    nobody at all,No,One,None\n";

#[expect(clippy::too_many_lines, reason = "a day is told from morning to evening")]
async fn a_day(database: Database, weather: Weather) {
    let mut day = Day::new(&database, weather).await;
    let person = database.person().await;

    // Morning: the list is planned, then activated.
    let acme = day.adds("Clients", &json!({ "client_name": "Acme", "primary_contact_email": "boss@acme.example" }));
    let campaign = day.adds(
        "Campaigns",
        &json!({ "campaign_name": "Autumn", "platform": "Smart Lead", "platform_campaign_id": "7", "status": "Active" }),
    );
    day.sandbox.serve_sheet(SHEET, "3", ROWS);
    let list = day.adds(
        "Lead Lists",
        &json!({ "List Name": "Autumn", "Client": [acme], "Status": "Planning", "Source Type": "Google Sheet",
            "Source URL": format!("https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=3"),
            "Source Description": "Bought in May.", "Auto Create Supabase List": true }),
    );
    Box::pin(day.work()).await;
    assert_eq!(day.record("Lead Lists", &list)["Status"], "Planning", "nothing happens before it is Active");
    day.sandbox.with(|base| base.edit("Lead Lists", &list, "Status", json!("Active"))).unwrap();
    Box::pin(day.work()).await;
    let cells = day.record("Lead Lists", &list);
    assert_eq!((&cells["Status"], &cells["Total Contacts"]), (&json!("Completed"), &json!(4)), "{cells:#?}");
    let said = cells["Source Description"].as_str().unwrap();
    assert!(said.starts_with("Bought in May.\n[Sales Engine] 6 rows: ") && said.contains("1 not usable"), "{said}");
    let lists = person.texts("SELECT list_id || list_name || status || total_contacts AS x FROM lead_lists").await;
    assert_eq!(lists, [format!("{}Autumnactive4", cells["Supabase List ID"].as_str().unwrap())], "one row of the list");

    // They are mailed, and three of them answer.
    let mail = |n: u32| {
        json!({ "kind": "email_sent", "email": format!("p{n}@example.com"), "campaign_id": "7", "step": 1,
            "message_id": format!("<m{n}@mail.example.com>"), "platform": "smartlead", "occurred_at": "2026-11-20T08:00:00Z" })
    };
    day.told(json!([mail(0), mail(1), mail(2), mail(3)])).await;
    let reply = |n: u32, intent: &str| {
        json!({ "kind": "reply_received", "email": format!("p{n}@example.com"), "campaign_id": "7", "id": format!("r{n}"),
            "intent": intent, "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" })
    };
    day.told(json!([reply(0, "pricing_question"), reply(1, "other"), reply(2, "not_interested")])).await;
    Box::pin(day.work()).await;
    assert_eq!(day.sandbox.with(|base| base.leads().len()), 3, "whoever engaged is a lead");
    let (_, cells) = day.lead(0).await;
    assert_eq!((&cells["Lead Status"], &cells["Campaign"]), (&json!("Interested"), &json!([campaign])), "{cells:#?}");
    assert_eq!(day.lead(1).await.1["Lead Status"], "New", "nobody knows yet what that one means");

    // Noon: a person works the board.
    day.moves(0, "Pipeline Stage", json!("Meeting Scheduled")).await;
    day.moves(0, "Internal Notes", json!("keen")).await;
    day.moves(1, "Lead Status", json!("Interested")).await;
    day.moves(2, "Follow-up Date", json!("2027-01-15")).await;
    day.moves(2, "Lead Status", json!("Working")).await;
    Box::pin(day.work()).await;
    assert_eq!(day.contact(0).await.stage, Stage::MeetingBooked);
    assert_eq!(day.contact(1).await.stage, Stage::Interested);
    let third = day.contact(2).await;
    assert_eq!((third.stage, third.follow_up_date.as_deref()), (Stage::NotInterested, Some("2027-01-15")));
    assert_eq!(
        (&day.lead(0).await.1["Internal Notes"], &day.lead(2).await.1["Lead Status"]),
        (&json!("keen"), &json!("Working"))
    );

    // What is learned of a contact later fills its lead.
    day.told(json!({ "kind": "contact_added", "email": "p0@example.com", "id": "c0", "phone": "+49 30 901820",
        "occurred_at": "2026-11-20T09:05:00Z" }))
        .await;
    Box::pin(day.work()).await;
    assert_eq!(day.lead(0).await.1["Phone"], "+49 30 901820");

    // One opts out, and a person tries to win that one all the same; a follow-up is set into the past.
    let now = day.clock.read();
    day.told(json!({ "kind": "unsubscribed", "email": "p1@example.com", "id": "u1", "occurred_at": now })).await;
    Box::pin(day.work()).await;
    assert_eq!(day.lead(1).await.1["Lead Status"], "Lost");
    day.moves(1, "Lead Status", json!("Won")).await;
    day.moves(2, "Follow-up Date", json!("2020-01-01")).await;
    Box::pin(day.work()).await;
    assert_eq!(day.contact(1).await.stage, Stage::DoNotContact);
    let (_, cells) = day.lead(1).await;
    let note = cells["Next Action"].as_str().unwrap();
    assert!(
        cells["Lead Status"] == "Lost" && note.starts_with("Not possible: ") && note.contains("opted out"),
        "{cells:#?}"
    );
    let (_, cells) = day.lead(2).await;
    assert_eq!(
        (&cells["Follow-up Date"], &cells["Lead Status"]),
        (&json!("2027-01-15"), &json!("Not Interested")),
        "{cells:#?}"
    );

    // A person links a client before the deal is won, then wins it.
    day.moves(2, "Client", json!([acme])).await;
    day.moves(0, "Lead Status", json!("Won")).await;
    Box::pin(day.work()).await;
    assert!(!day.lead(2).await.1.contains_key("Client"), "rule 5");
    let won = day.contact(0).await;
    assert_eq!((won.stage, won.converted_to_client), (Stage::Won, true));
    let clients = day.sandbox.with(|base| base.records("Clients"));
    let of_lead: Vec<&String> = clients
        .iter()
        .filter(|(_, cells)| cells.get("primary_contact_email") == Some(&json!("p0@example.com")))
        .map(|(id, _)| id)
        .collect();
    assert_eq!((of_lead.len(), clients.len()), (1, 2), "one record of the new client: {clients:#?}");
    let client = &clients[of_lead[0]];
    assert_eq!((&client["client_name"], &client["client_status"]), (&json!("Berg Ltd"), &json!("Active")));
    let (lead_id, cells) = day.lead(0).await;
    assert_eq!((&client["converted_from_lead"], &cells["Client"]), (&json!([lead_id]), &json!([of_lead[0]])));
    assert_eq!(won.converted_client_id.as_ref(), Some(of_lead[0]));
    day.told(json!({ "kind": "message_logged", "email": "p0@example.com", "id": "s1", "direction": "inbound", "platform": "slack",
        "occurred_at": "2026-11-20T09:30:00Z", "text": "welcome" })).await;
    let rows = "SELECT client_id AS x FROM chat_history WHERE message_content = 'welcome'";
    assert_eq!(person.texts(rows).await, [of_lead[0].clone()], "what is said from then on belongs to the client");

    // Evening: the figures.
    day.clock.forward_ms(3_600_000);
    Box::pin(day.work()).await;
    let cells = day.record("Campaigns", &campaign);
    let figures = ["emails_sent", "replies", "meetings_booked"].map(|name| cells[name].as_i64());
    assert_eq!(figures, [Some(4), Some(3), Some(1)], "{cells:#?}");

    // And the count of it all.
    let leads = day.sandbox.with(|base| base.leads());
    let subjects: std::collections::BTreeSet<String> =
        leads.values().map(|lead| lead["Supabase Contact ID"].as_str().unwrap().to_owned()).collect();
    assert_eq!((leads.len(), subjects.len()), (3, 3), "each contact has one lead");
    let dead = day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
    let ids = "SELECT count(*) AS x FROM contacts WHERE airtable_lead_id IS NOT NULL";
    assert_eq!(person.texts(ids).await, ["3"]);
    // What a process that is killed at any moment had sent already may arrive when the clock has been moved on for the next one.
    if !matches!(weather, Weather::KilledAnywhere(_)) {
        let above = day.sandbox.with(|base| base.rate_limited);
        assert_eq!(above, 0, "no request above the limit, none in a lock-out");
    }
    match weather {
        Weather::KilledAtEachRequest => assert!(day.kills > 60, "killed {} times", day.kills),
        Weather::KilledAnywhere(_) => assert!(day.kills > 5, "killed {} times", day.kills),
        Weather::Calm | Weather::FourInstances | Weather::WithoutWebhooks | Weather::Storm(_) => {
            assert_eq!(day.kills, 0);
        }
    }
}

on_both! {
    async fn calm(database: Database) {
        Box::pin(a_day(database, Weather::Calm)).await;
    }
}

on_both! {
    async fn with_four_instances(database: Database) {
        Box::pin(a_day(database, Weather::FourInstances)).await;
    }
}

on_both! {
    async fn through_storms(database: Database) {
        Box::pin(a_day(database, Weather::Storm(11))).await;
    }
}

on_both! {
    async fn killed_before_and_after_each_request(database: Database) {
        Box::pin(a_day(database, Weather::KilledAtEachRequest)).await;
    }
}

on_both! {
    async fn killed_anywhere(database: Database) {
        Box::pin(a_day(database, Weather::KilledAnywhere(5))).await;
    }
}

on_both! {
    async fn without_webhooks(database: Database) {
        Box::pin(a_day(database, Weather::WithoutWebhooks)).await;
    }
}

on_both! {
    async fn nothing_is_lost_while_the_service_is_down_for_weeks(database: Database) {
        let mut day = Day::new(&database, Weather::Calm).await;
        let reply = json!({ "kind": "reply_received", "email": "p0@example.com", "id": "r", "intent": "pricing_question",
            "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" });
        day.told(reply).await;
        Box::pin(day.work()).await;
        let hooks = |day: &Day| day.sandbox.with(|base| base.log().filter(|logged| logged.path.ends_with("/webhooks") && logged.method == "POST").count());
        assert_eq!(hooks(&day), 1, "a webhook to tell of changes");
        // Three days: the webhook lives on and still tells.
        day.clock.forward_ms(3 * 86_400_000);
        day.moves(0, "Lead Status", json!("Ghosted")).await;
        Box::pin(day.work()).await;
        assert_eq!((day.contact(0).await.stage, hooks(&day)), (Stage::Ghosted, 1));
        // Three weeks: it is gone with all that it had to tell.
        day.moves(0, "Lead Status", json!("Won")).await;
        day.clock.forward_ms(21 * 86_400_000);
        Box::pin(day.work()).await;
        assert_eq!((day.contact(0).await.stage, hooks(&day)), (Stage::Won, 2), "found by looking, and another one is made");
        day.moves(0, "Follow-up Date", json!("2027-03-01")).await;
        Box::pin(day.work()).await;
        assert_eq!(day.contact(0).await.follow_up_date.as_deref(), Some("2027-03-01"), "and the new one tells");
    }
}

/// Lists that can't be imported, and what their records say then.
#[tokio::test]
async fn a_list_that_fails_says_why_in_its_record_and_can_be_run_again() {
    let database = Database::new(common::Kind::Sqlite).await;
    let mut day = Day::new(&database, Weather::Calm).await;
    let acme = day.adds("Clients", &json!({ "client_name": "acme", "primary_contact_email": "boss@acme.example" }));
    let stranger = day.adds("Clients", &json!({ "client_name": "Nobody", "primary_contact_email": "x@example.com" }));
    let sheet = |id: &str| format!("https://docs.google.com/spreadsheets/d/{id}/edit");
    day.sandbox.serve_sheet("privateSheet", "0", "");
    day.sandbox.make_sheet_private("privateSheet", "0", sales_engine::sandbox::Private::SignInPage);
    day.sandbox.serve_sheet("noAddresses", "0", "name,company\nAda,Berg\n");
    // Description, cells, whether the list is made all the same, and what is said.
    let rows: [(&str, Value, bool, &str); 12] = [
        ("nothing filled", json!({}), false, "Source Type is empty"),
        ("no name", json!({ "List Name": null, "Source Type": "Manual" }), false, "List Name is empty"),
        (
            "another's client",
            json!({ "Client": [stranger], "Source Type": "Manual" }),
            false,
            "no client named `Nobody`",
        ),
        ("no client", json!({ "Client": [], "Source Type": "Manual" }), false, "Client is empty"),
        ("Clay", json!({ "Source Type": "Clay Table", "Source URL": "https://app.clay.com/x" }), true, "/hooks/n8n"),
        ("other", json!({ "Source Type": "Other", "Source URL": "https://example.com/x" }), true, "choose CSV Import"),
        ("no address", json!({ "Source Type": "CSV Import" }), false, "sales-engine import"),
        (
            "inside our network",
            json!({ "Source Type": "CSV Import", "Source URL": "https://127.0.0.1/x.csv" }),
            true,
            "public",
        ),
        ("no such sheet", json!({ "Source Type": "Google Sheet", "Source URL": sheet("nothingThere") }), true, "404"),
        (
            "a private sheet",
            json!({ "Source Type": "Google Sheet", "Source URL": sheet("privateSheet") }),
            true,
            "share it",
        ),
        (
            "no column",
            json!({ "Source Type": "Google Sheet", "Source URL": sheet("noAddresses") }),
            true,
            "looks like an e-mail",
        ),
        ("by hand", json!({ "Source Type": "Manual" }), true, "added by hand"),
    ];
    for (n, (what, cells, is_made, part)) in rows.into_iter().enumerate() {
        let mut record = json!({ "List Name": format!("List {n}"), "Client": [acme], "Status": "Active", "Auto Create Supabase List": true })
            .as_object()
            .unwrap()
            .clone();
        record.extend(cells.as_object().unwrap().clone());
        let id = day.adds("Lead Lists", &Value::Object(record));
        Box::pin(day.work()).await;
        let cells = day.record("Lead Lists", &id);
        let said = cells["Source Description"].as_str().unwrap();
        let status = if what == "by hand" { "Completed" } else { "Planning" };
        assert!(cells["Status"] == status && said.contains(part), "{what}: {cells:#?}");
        assert_eq!(cells.contains_key("Supabase List ID"), is_made, "{what}");
        if what == "a private sheet" {
            day.sandbox.serve_sheet("privateSheet", "0", ROWS);
            day.sandbox.with(|base| base.edit("Lead Lists", &id, "Status", json!("Active"))).unwrap();
            Box::pin(day.work()).await;
            let cells = day.record("Lead Lists", &id);
            let said = cells["Source Description"].as_str().unwrap();
            assert!(
                cells["Status"] == "Completed" && said.lines().count() == 1 && said.contains("4 new"),
                "{cells:#?}"
            );
        }
    }
    let dead = day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
}

/// A client that is there already is found, not made again.
#[tokio::test]
async fn a_won_deal_finds_its_client() {
    let rows: [(&str, &[Value], usize, Option<&str>); 3] = [
        ("by its address", &[json!({ "client_name": "By hand", "primary_contact_email": "P0@example.com" })], 1, None),
        ("nobody's", &[json!({ "client_name": "Else", "primary_contact_email": "else@example.com" })], 2, None),
        (
            "two of one address",
            &[
                json!({ "client_name": "One", "primary_contact_email": "p0@example.com" }),
                json!({ "client_name": "Two", "primary_contact_email": "p0@example.com" }),
            ],
            2,
            Some("2 clients have this contact's address"),
        ),
    ];
    for (what, there, clients, refused) in rows {
        let database = Database::new(common::Kind::Sqlite).await;
        let mut day = Day::new(&database, Weather::Calm).await;
        let made: Vec<String> = there.iter().map(|cells| day.adds("Clients", cells)).collect();
        day.told(json!([
            { "kind": "reply_received", "email": "p0@example.com", "id": "r", "intent": "pricing_question",
              "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" },
            { "kind": "deal_won", "email": "p0@example.com", "id": "w", "occurred_at": "2026-11-20T08:40:00Z" },
        ]))
        .await;
        Box::pin(day.work()).await;
        assert_eq!(day.sandbox.with(|base| base.records("Clients").len()), clients, "{what}");
        let linked = day.contact(0).await.converted_client_id;
        let dead =
            day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
        if let Some(part) = refused {
            assert!(linked.is_none() && dead[0].last_error.as_ref().unwrap().contains(part), "{what}: {dead:#?}");
            continue;
        }
        assert_eq!((dead.len(), linked == Some(made[0].clone())), (0, clients == 1), "{what}");
        let client = day.record("Clients", &linked.unwrap());
        let (lead, cells) = day.lead(0).await;
        assert_eq!(client["converted_from_lead"], json!([lead]), "{what}");
        assert!(client.contains_key("conversion_date") && cells.contains_key("Client"), "{what}: {client:#?}");
        if clients == 1 {
            assert_eq!(day.record("Clients", &made[0])["client_name"], "By hand", "a person's name for it stays");
        }
    }
}

#[tokio::test]
async fn a_file_of_google_drive_is_imported_and_what_is_not_done_yet_is_said() {
    let database = Database::new(common::Kind::Sqlite).await;
    let mut day = Day::new(&database, Weather::Calm).await;
    let acme = day.adds("Clients", &json!({ "client_name": "Acme", "primary_contact_email": "boss@acme.example" }));
    day.sandbox.serve_drive_file("1DriveFile", ROWS);
    let list = day.adds(
        "Lead Lists",
        &json!({ "List Name": "Drive", "Client": [acme], "Status": "Active", "Source Type": "Google Drive CSV",
            "Source URL": "https://drive.google.com/file/d/1DriveFile/view?usp=sharing", "Description": "of a fair",
            "Auto Create Supabase List": true, "Auto Enrich": true }),
    );
    Box::pin(day.work()).await;
    let cells = day.record("Lead Lists", &list);
    let said = cells["Source Description"].as_str().unwrap();
    assert!(
        cells["Status"] == "Completed" && said.contains("4 new") && said.contains("Auto Enrich is not done"),
        "{cells:#?}"
    );
    for name in ["Import Started At", "Import Completed At", "Last Sync"] {
        assert!(cells[name].as_str().unwrap().starts_with("2026-11-20T09:0"), "{name}");
    }
    let lists = database.person().await.texts("SELECT description || source || created_by AS x FROM lead_lists").await;
    assert_eq!(lists, ["of a faircsv_importairtable"]);
}
