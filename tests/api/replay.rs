//! Deliveries that are kept, read again.

use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{Payload, all_rows, configured, event, fixture, fixtures, now, post};
use sales_engine::config::Config;
use sales_engine::domain::event::{AutoReply, Event, EventData, Source};
use sales_engine::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::{Outcome, TaskKind, TriggerType};
use sales_engine::intake::again::{self, Reading};
use sales_engine::intake::{self, Context, Delivery};
use sales_engine::replay::{Desk, Plan, Report, replay};
use sales_engine::sources::{Understood, read_stored};
use sales_engine::store::views::{ContactView, DeliverySelection, StoredDelivery};
use serde_json::json;
use uuid::Uuid;

const LUKEWARM: &str = "[clients.acme.smartlead.categories]\nLukewarm = ";

async fn run(database: &Database, config: &Config, selection: DeliverySelection, dry_run: bool) -> Report {
    let now = now();
    let desk = Desk { store: &database.store, config, now: &now, trigger: TriggerType::Manual, tasks_wake: None };
    replay(desk, &Plan { selection, after: None, until: None, deliveries_max: None, dry_run }).await.unwrap()
}

async fn rehearsed(database: &Database, config: &Config) -> Report {
    run(database, config, DeliverySelection::default(), true).await
}

/// Rehearses, applies, and holds the one against the other.
async fn applied(database: &Database, config: &Config) -> Report {
    let before = all_rows(database).await;
    let rehearsed = rehearsed(database, config).await;
    assert_eq!(all_rows(database).await, before, "a rehearsal changes nothing");
    let applied = run(database, config, DeliverySelection::default(), false).await;
    assert_eq!(rehearsed.outcomes, applied.outcomes);
    assert_same(&rehearsed, &applied);
    let again = run(database, config, DeliverySelection::default(), true).await;
    assert!(again.is_empty(), "what was applied is no difference any more: {again:#?}");
    applied
}

/// Of the fixtures one came before the booking that tells whose it is; another report of the same was understood. So it is a
/// duplicate once it is read again, and nothing else follows.
async fn settled(database: &Database, config: &Config) {
    let report = run(database, config, DeliverySelection::default(), false).await;
    assert_eq!(report.outcomes, [("unrecognised → duplicate".to_owned(), 1)].into());
    assert!(report.difference.is_empty(), "{report:#?}");
}

/// But for the ids of rows that are made.
fn assert_same(rehearsed: &Report, applied: &Report) {
    let without_ids = |report: &Report| {
        let mut difference = report.difference.clone();
        for contact in difference.contacts.iter_mut().filter(|contact| contact.is_new) {
            contact.contact_id = Uuid::nil();
        }
        difference
    };
    assert_eq!(without_ids(rehearsed), without_ids(applied));
}

async fn contact(database: &Database, email: &str) -> ContactView {
    let key = ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse(email).unwrap() };
    database.store.contact(&key).await.unwrap().unwrap()
}

async fn stored(database: &Database, id: Uuid) -> StoredDelivery {
    let selection = DeliverySelection { ids: vec![id], ..DeliverySelection::default() };
    database.store.stored_deliveries(&selection, None, 10).await.unwrap().remove(0)
}

on_both! {
    async fn with_nothing_changed_nothing_follows(database: Database) {
        let config = configured("");
        let answers = post(&database, &config, &fixtures()).await;
        assert!(answers.len() > 150);
        // Twice, so that some are duplicates.
        post(&database, &config, &fixtures()).await;
        let rehearsal = rehearsed(&database, &config).await;
        assert!(rehearsal.difference.is_empty(), "{rehearsal:#?}");
        settled(&database, &config).await;
        let before = all_rows(&database).await;
        let rehearsal = rehearsed(&database, &config).await;
        assert!(rehearsal.is_empty(), "{rehearsal:#?}");
        assert!(rehearsal.deliveries >= 300 && rehearsal.not_readable == 0, "{rehearsal:?}");
        let applied = run(&database, &config, DeliverySelection::default(), false).await;
        assert!(applied.is_empty());
        assert_eq!(all_rows(&database).await, before, "no row is written, no task is wanted");
    }
}

on_both! {
    async fn a_name_that_gets_a_meaning_is_exactly_the_difference(database: Database) {
        let config = configured("");
        post(&database, &config, &fixtures()).await;
        settled(&database, &config).await;
        let unknown = DeliverySelection { outcome: Some(Outcome::Unrecognised), ..DeliverySelection::default() };
        let kept = database.store.stored_deliveries(&unknown, None, 100).await.unwrap();
        let lukewarm = kept.iter().find(|one| one.reason.as_ref().unwrap().contains("Lukewarm")).unwrap();
        let report = applied(&database, &configured(&format!("{LUKEWARM}\"interested_wants_info\""))).await;
        assert_eq!(report.outcomes, [("unrecognised → applied".to_owned(), 1)].into());
        let difference = &report.difference;
        assert_eq!((difference.contacts_changed, difference.events_added, difference.promotions), (1, 1, 1));
        assert_eq!(difference.tasks.get(&TaskKind::AirtableSyncLead), Some(&1));
        let changed = &difference.contacts[0];
        assert_eq!((changed.email.as_str(), changed.stage_after), ("quin.rode@example.com", Stage::Interested));
        let row = stored(&database, lukewarm.delivery_id).await;
        assert_eq!((row.outcome, row.reason, row.earlier.len()), (Outcome::Applied, None, 1));
        assert_eq!((row.earlier[0].outcome, &row.earlier[0].reason), (Outcome::Unrecognised, &lukewarm.reason));
    }
}

on_both! {
    async fn another_meaning_takes_the_place_of_the_old_one(database: Database) {
        let wants = |meaning: &str| configured(&format!("{LUKEWARM}\"{meaning}\""));
        post(&database, &wants("interested_wants_info"), &[fixture("smartlead/58_lead_category_unknown")]).await;
        assert_eq!(contact(&database, "quin.rode@example.com").await.stage, Stage::Interested);
        let report = applied(&database, &wants("not_interested")).await;
        let fields = &report.difference.contacts[0].fields;
        assert_eq!(fields["stage"], (json!("Interested"), json!("NotInterested")), "{fields:?}");
        assert_eq!((report.difference.events_changed, report.difference.events_added), (1, 0));
        // Another kind of event: what it told before goes, with its place in the conversation.
        let report = applied(&database, &wants("meeting_booked")).await;
        let difference = &report.difference;
        let events = (difference.events_added, difference.events_withdrawn, difference.chat_rows_added);
        assert_eq!(events, (1, 1, 1), "{difference:#?}");
        assert_eq!(contact(&database, "quin.rode@example.com").await.stage, Stage::MeetingBooked);
        let report = applied(&database, &wants("ignore")).await;
        assert_eq!((report.difference.events_withdrawn, report.difference.chat_rows_withdrawn), (1, 1));
        assert_eq!(contact(&database, "quin.rode@example.com").await.stage, Stage::New);
    }
}

on_both! {
    async fn other_spans_move_dates_and_nothing_else(database: Database) {
        post(&database, &configured(""), &fixtures()).await;
        let report = applied(&database, &configured("[follow_up]\nre_engagement_months = 6\n")).await;
        let difference = &report.difference;
        assert!(difference.contacts_changed > 0 && difference.events_added == 0, "{difference:#?}");
        for contact in &difference.contacts {
            let names: Vec<&str> = contact.fields.keys().map(String::as_str).collect();
            assert_eq!(names, ["follow_up_date"], "{contact:?}");
            assert_eq!(contact.stage_before, contact.stage_after);
        }
    }
}

on_both! {
    async fn a_dead_one_is_applied_after_the_cure(database: Database) {
        let person = database.person().await;
        let (poison, cure) = match database.kind {
            Kind::Sqlite => (
                "CREATE TRIGGER poison BEFORE INSERT ON chat_history WHEN NEW.message_content = 'poison'
                 BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
                "DROP TRIGGER poison",
            ),
            Kind::Postgres => (
                "ALTER TABLE chat_history ADD CONSTRAINT poisoned CHECK (message_content <> 'poison')",
                "ALTER TABLE chat_history DROP CONSTRAINT poisoned",
            ),
        };
        person.run(poison).await.unwrap();
        let config = configured("");
        let reply = |id: u32, text: &str| event("acme", &format!(
            r#"{{"kind":"reply_received","email":"p{id}@example.com","id":"r{id}","occurred_at":"2026-11-01T09:00:00Z","text":"{text}"}}"#
        ));
        let answers = post(&database, &config, &[reply(1, "hello"), reply(2, "poison"), reply(3, "hello")]).await;
        let id = answers[1].delivery_id;
        assert_eq!(answers[1].outcome, Outcome::Dead);
        let report = run(&database, &config, DeliverySelection::default(), false).await;
        assert_eq!((report.outcomes.len(), report.failed), (0, 1), "it fails as before, and harms no other: {report:#?}");
        person.run(cure).await.unwrap();
        let report = applied(&database, &config).await;
        assert_eq!(report.outcomes, [("dead → applied".to_owned(), 1)].into());
        assert_eq!(report.difference.contacts[0].email.as_str(), "p2@example.com");
        let row = stored(&database, id).await;
        assert_eq!((row.outcome, row.earlier[0].outcome), (Outcome::Applied, Outcome::Dead));
        assert!(row.earlier[0].reason.as_ref().unwrap().contains("poisoned"));
    }
}

on_both! {
    async fn what_came_late_takes_its_place_in_time(database: Database) {
        let config = configured("");
        let lukewarm = || fixture("smartlead/58_lead_category_unknown");
        let later = || event("acme", r#"{"kind":"unsubscribed","email":"quin.rode@example.com","id":"u","occurred_at":"2026-09-20T09:00:00Z"}"#);
        post(&database, &config, &[lukewarm(), later()]).await;
        let report = applied(&database, &configured(&format!("{LUKEWARM}\"interested_wants_info\""))).await;
        assert_eq!(report.difference.events_added, 1);
        let changed = contact(&database, "quin.rode@example.com").await;
        assert_eq!(changed.stage, Stage::DoNotContact, "who opted out later stays opted out");
        assert!(changed.has_engaged, "and was interested before");
    }
}

on_both! {
    async fn only_what_is_selected_is_read(database: Database) {
        let config = configured("");
        let person = |client: &'static str, number: u32| event(client, &format!(
            r#"{{"kind":"contact_added","email":"p{number}@example.com","id":"c{number}","occurred_at":"2026-11-01T09:00:00Z"}}"#
        ));
        let mut payloads: Vec<Payload> = (0..70).map(|number| person("acme", number)).collect();
        payloads.extend((0..5).map(|number| person("beta", number)));
        payloads.push(fixture("smartlead/58_lead_category_unknown"));
        let answers = post(&database, &config, &payloads).await;
        let read = async |selection: DeliverySelection| run(&database, &config, selection, true).await.deliveries;
        let all = DeliverySelection::default;
        assert_eq!(read(all()).await, 76);
        let beta = Some(ClientId::parse("beta").unwrap());
        assert_eq!(read(DeliverySelection { client: beta.clone(), ..all() }).await, 5);
        assert_eq!(read(DeliverySelection { source: Some(Source::Smartlead), ..all() }).await, 1);
        assert_eq!(read(DeliverySelection { outcome: Some(Outcome::Applied), ..all() }).await, 75);
        assert_eq!(read(DeliverySelection { since: Some(now()() + chrono::TimeDelta::seconds(70)), ..all() }).await, 6);
        assert_eq!(read(DeliverySelection { until: Some(now()() + chrono::TimeDelta::seconds(70)), ..all() }).await, 70);
        let ids = vec![answers[3].delivery_id, answers[72].delivery_id];
        assert_eq!(read(DeliverySelection { ids: ids.clone(), ..all() }).await, 2);
        assert_eq!(read(DeliverySelection { ids, client: beta, ..all() }).await, 1, "another client's stays unseen");
        // In parts.
        let (now, mut after, mut parts) = (now(), None, Vec::new());
        loop {
            let desk = Desk { store: &database.store, config: &config, now: &now, trigger: TriggerType::Manual, tasks_wake: None };
            let plan = Plan { selection: all(), after, until: None, deliveries_max: Some(30), dry_run: true };
            let report = replay(desk, &plan).await.unwrap();
            parts.push(report.deliveries);
            let Some(next) = report.next else { break };
            after = Some((next.received_at, next.delivery_id));
        }
        assert_eq!(parts, [30, 30, 16]);
    }
}

on_both! {
    async fn no_more_is_applied_than_was_rehearsed(database: Database) {
        let config = configured("");
        let added = |number: u32| event("acme", &format!(
            r#"{{"kind":"contact_added","email":"p{number}@example.com","id":"c{number}","occurred_at":"2026-11-01T09:00:00Z"}}"#
        ));
        post(&database, &config, &(0..40).map(added).collect::<Vec<_>>()).await;
        let now = now();
        let desk = Desk { store: &database.store, config: &config, now: &now, trigger: TriggerType::Manual, tasks_wake: None };
        let plan = Plan { selection: DeliverySelection::default(), after: None, until: None, deliveries_max: Some(35), dry_run: true };
        let rehearsed = replay(desk, &plan).await.unwrap();
        let last = rehearsed.last.unwrap();
        assert_eq!((rehearsed.deliveries, rehearsed.next), (35, Some(last)));
        let until = Some((last.received_at, last.delivery_id));
        let apply = Plan { until, deliveries_max: None, dry_run: false, ..plan.clone() };
        let applied = replay(desk, &apply).await.unwrap();
        assert_eq!((applied.deliveries, applied.next, applied.last), (35, Some(last), Some(last)), "the rest is left for the next");
        let rest = replay(desk, &Plan { after: until, ..plan }).await.unwrap();
        assert_eq!((rest.deliveries, rest.next), (5, None));
    }
}

on_both! {
    async fn a_rehearsal_waits_for_no_writer(database: Database) {
        let config = configured("");
        post(&database, &config, &fixtures()).await;
        // Whoever wrote now would have to wait: on SQLite for its one writer, on PostgreSQL for a connection of the writers'.
        let busy = database.store.writers() + if database.kind == Kind::Sqlite { 0 } else { 2 };
        let database = Database::at(database.kind, &database.address).await;
        let mut writers = Vec::new();
        for _ in 0..busy {
            writers.push(database.store.begin().await.unwrap());
        }
        let report = rehearsed(&database, &config).await;
        assert!(report.deliveries > 150 && report.failed == 0, "{report:?}");
        drop(writers);
        // And it could not write, whatever the code did.
        let mut looking = database.store.look().await.unwrap();
        let list = sales_engine::engine::rows::Writes {
            tasks: vec![sales_engine::engine::rows::TaskRow::round(Uuid::new_v4(), TaskKind::AirtableSyncLead, 5, now()())],
            ..Default::default()
        };
        assert!(looking.write(&list).await.is_err());
    }
}

on_both! {
    async fn another_writer_s_change_is_no_part_of_a_rehearsal(database: Database) {
        let config = configured("");
        post(&database, &config, &[fixture("smartlead/58_lead_category_unknown"), event(
            "acme",
            r#"{"kind":"contact_added","email":"quin.rode@example.com","id":"c","occurred_at":"2026-09-01T09:00:00Z"}"#,
        )]).await;
        database.person().await.run("UPDATE contacts SET first_name = 'Quentin'").await.unwrap();
        assert!(rehearsed(&database, &config).await.is_empty());
        let report = rehearsed(&database, &configured(&format!("{LUKEWARM}\"not_interested\""))).await;
        assert_eq!(report.difference.events_added, 1, "{report:#?}");
        assert!(!report.difference.contacts[0].fields.contains_key("first_name"), "{report:#?}");
    }
}

/// What the console's campaigns show.
async fn figures(database: &Database) -> Vec<String> {
    let activity = database.store.campaign_activity(1_000).await.unwrap();
    activity.iter().map(|row| format!("{} {} {} {}", row.client, row.campaign, row.what, row.count)).collect()
}

on_both! {
    async fn figures_of_campaigns_are_those_of_events_as_they_are_told_now(database: Database) {
        let config = configured("");
        post(&database, &config, &fixtures()).await;
        let all = database.store.stored_deliveries(&DeliverySelection::default(), None, 1_000).await.unwrap();
        // A later version of the program reads other things out of the same bodies: every third delivery tells nothing any more, of
        // every other third the replies were a machine's and the mails another campaign's.
        let reading = |(nth, stored): (usize, &StoredDelivery)| {
            let sources = &config.clients[&stored.client_id].sources;
            let StoredDelivery { client_id, source, received_at, body, forwarded_as, .. } = stored;
            let mut understood = read_stored(*source, *forwarded_as, sources, client_id, body, *received_at).ok()?;
            understood.unrecognised.clear();
            understood.orphans.clear();
            match nth % 3 {
                0 => understood.events.clear(),
                1 => understood.events.iter_mut().for_each(told_otherwise),
                _ => {}
            }
            Some(Reading { stored: stored.clone(), understood })
        };
        let readings: Vec<Reading> = all.iter().enumerate().filter_map(reading).collect();
        let now = now();
        let context = Context { store: &database.store, rules: &config.rules, now: &now, trigger: TriggerType::Manual };
        let before = figures(&database).await;
        let mut withdrawn = 0;
        for some in readings.chunks(32) {
            withdrawn += again::apply(some, &context).await.unwrap().withdrawn.len();
        }
        let after = figures(&database).await;
        assert!(withdrawn > 10 && before != after, "{withdrawn} {after:?}");
        // What is left, told to an empty database, in whatever order.
        let fresh = Database::new(database.kind).await;
        let (handle, running) = intake::start(&fresh.store, &config.rules, &now, TriggerType::Webhook, 16, 8, None);
        for event in database.store.look().await.unwrap().load_histories(&keys(&database).await).await.unwrap().into_values().flat_map(|history| history.events) {
            for (source, facts) in event.seen.iter().rev() {
                let body = "{}".to_owned();
                let told = Event { client_id: event.key.client_id.clone(), email: event.key.email.clone(), source: *source, dedupe_key: event.dedupe_key.clone(), facts: facts.clone(), lineage: Vec::new() };
                let understood = Understood { events: vec![told], body_to_store: body, ..Understood::default() };
                let delivery = Delivery { client_id: event.key.client_id.clone(), source: *source, received_at: now(), understood, body_sha256: [0; 32] };
                handle.submit(delivery).await.unwrap();
            }
        }
        drop(handle);
        running.finished().await;
        assert_eq!(figures(&fresh).await, after);
    }
}

async fn keys(database: &Database) -> Vec<ContactKey> {
    let rows = database.person().await.texts("SELECT client_id || ' ' || email AS x FROM contacts").await;
    let key = |row: &String| {
        let (client_id, email) = row.split_once(' ').unwrap();
        ContactKey { client_id: ClientId::parse(client_id).unwrap(), email: Email::parse(email).unwrap() }
    };
    rows.iter().map(key).collect()
}

fn told_otherwise(event: &mut Event) {
    match &mut event.facts.data {
        EventData::EmailSent { campaign, .. } => *campaign = Some(CampaignId::parse("987654321987").unwrap()),
        EventData::ReplyReceived { auto_reply, .. } => *auto_reply = Some(AutoReply::Other),
        _ => {}
    }
}

#[test]
fn the_command_rehearses_and_applies() {
    let place = crate::common::place::Place::new("");
    place.json(&["migrate", "--json"]);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/smartlead");
    place.json(&["replay", folder.to_str().unwrap(), "--json"]);
    let rehearse = ["replay", "--stored", "--dry-run", "--client", "acme", "--since", "2020-01-01", "--json"];
    let report = place.json(&rehearse);
    assert_eq!((&report["dry_run"], &report["outcomes"]), (&json!(true), &json!({})), "{report}");
    let meaning = "\n[clients.acme.smartlead.categories]\nLukewarm = \"interested_wants_info\"\n";
    let file = place.folder().join("sales-engine.toml");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + meaning).unwrap();
    let apply = ["replay", "--stored", "--outcome", "unrecognised", "--source", "smartlead", "--json"];
    assert_eq!(place.json(&apply)["outcomes"]["unrecognised → applied"], json!(1));
    let text = place.run(&["replay", "--stored", "--dry-run"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("no difference"));
}
