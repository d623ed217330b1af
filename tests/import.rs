//! Lists of contacts as files, imported into both databases.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there is a failed test")]

mod common;

use common::place::Place;
use common::{Database, Kind};
use proptest::prelude::*;
use sales_engine::domain::event::{ContactSource, Source};
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TriggerType;
use sales_engine::imports::{Import, ImportError, Plan, Rejected, Report};
use sales_engine::intake::{Context, Now};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, ListWrite};
use serde_json::{Value, json};
use std::io::{Cursor, Read};
use std::sync::Arc;
use uuid::Uuid;

fn now() -> Now {
    Arc::new(|| "2026-11-20T12:00:00Z".parse().unwrap())
}

fn client() -> ClientId {
    ClientId::parse("acme").unwrap()
}

fn list_id() -> Uuid {
    Uuid::from_u128(77)
}

fn list(name: &str) -> ListWrite {
    ListWrite {
        list_id: list_id(),
        client_id: client(),
        list_name: name.to_owned(),
        description: None,
        source: Some("csv_import"),
        metadata: json!({ "file": "a.csv" }),
        created_by: "test".to_owned(),
        now: now()(),
    }
}

fn plan(dry_run: bool) -> Plan {
    Plan {
        client_id: client(),
        list_id: list_id(),
        source: Source::Operator,
        contact_source: ContactSource::Import,
        told: Vec::new(),
        dry_run,
    }
}

/// Imports up to so many parts of a file; gives the report and what was left out.
async fn import(
    store: &Store,
    file: impl Read + Send + 'static,
    dry_run: bool,
    parts_max: usize,
) -> Result<(Report, Vec<Rejected>), ImportError> {
    let (rules, now) = (Rules::default(), now());
    let context = Context { store, rules: &rules, now: &now, trigger: TriggerType::Manual };
    let mut import = Import::begin(file, plan(dry_run), now()).await?;
    let mut rejected = Vec::new();
    let mut parts = 0;
    while parts < parts_max && import.step(&context, &mut |row| rejected.push(row)).await? {
        parts += 1;
    }
    Ok((import.report, rejected))
}

async fn contact(store: &Store, email: &str) -> Option<ContactView> {
    let key = ContactKey { client_id: client(), email: Email::parse(email).unwrap() };
    store.contact(&key).await.unwrap()
}

/// Everything that stands in the tables an import touches.
async fn all(database: &Database) -> Vec<String> {
    let person = database.person().await;
    let mut all = Vec::new();
    for statement in [
        "SELECT email || CAST(fold AS TEXT) || lead_status || coalesce(CAST(list_id AS TEXT), '-') AS x FROM contacts ORDER BY email",
        "SELECT dedupe_key || rule || CAST(seen AS TEXT) AS x FROM events ORDER BY dedupe_key",
        "SELECT action_taken AS x FROM automation_logs ORDER BY 1",
    ] {
        all.extend(person.texts(statement).await);
    }
    all
}

const FILE: &str = "Email,First Name,Last Name,Company,Phone\n\
    Ada@example.com,Ada,Berg,Berg Ltd,+1 555 0100\n\
    cy@example.com,Cy,Dahl,,\n\
    ada@EXAMPLE.com,Ada,Twice,,\n\
    no address here,No,One,,\n\
    out@example.com,Out,Opt,,\n";

async fn opt_out(store: &Store) {
    let line = "email\nout@example.com\n";
    import(store, Cursor::new(line), false, 9).await.unwrap();
}

on_both! {
    async fn a_list_is_imported_once_however_often_it_is_tried(database: Database) {
        let store = &database.store;
        assert_eq!(store.ensure_list(&list("May")).await.unwrap(), list_id());
        let person = database.person().await;
        opt_out(store).await;
        person.run("UPDATE contacts SET lead_status = 'do_not_contact', pipeline_status = 'closed', campaign_status = 'completed',
            lead_email_status = 'unsubscribed', first_name = 'As it was', list_id = NULL").await.unwrap();
        let before = person.texts("SELECT * FROM (SELECT first_name || updated_at AS x FROM contacts WHERE email = 'out@example.com') AS t").await;
        let (dry, _) = import(store, Cursor::new(FILE), true, 9).await.unwrap();
        assert!(contact(store, "ada@example.com").await.is_none(), "a dry run writes nothing");
        let (report, rejected) = import(store, Cursor::new(FILE), false, 9).await.unwrap();
        assert_eq!(dry, report, "and tells what would be");
        let counts = (report.rows, report.imported, report.known, report.unchanged, report.duplicates_in_file, report.invalid, report.opted_out);
        assert_eq!(counts, (5, 2, 0, 0, 1, 1, 1));
        let left: Vec<(u64, &str)> = rejected.iter().map(|row| (row.line, row.reason.as_str())).collect();
        assert_eq!(left[1], (5, "`no address here` is no e-mail address; expected something like name@example.com"));
        assert_eq!((left.len(), rejected[0].cells[0].as_str()), (3, "ada@EXAMPLE.com"));
        assert!(rejected[2].reason.contains("opted out"), "{rejected:?}");
        let after = person.texts("SELECT * FROM (SELECT first_name || updated_at AS x FROM contacts WHERE email = 'out@example.com') AS t").await;
        assert_eq!(before, after, "who opted out is not touched");
        let ada = contact(store, "ada@example.com").await.unwrap();
        let profile = (ada.first_name.as_deref(), ada.last_name.as_deref(), ada.company_name.as_deref(), ada.phone.as_deref());
        assert_eq!(profile, (Some("Ada"), Some("Berg"), Some("Berg Ltd"), Some("+1 555 0100")));
        assert_eq!((ada.lead_status.as_str(), ada.source.as_deref()), ("triage", Some("import")));
        let totals = store.close_list(list_id(), "active", &json!({ "rows": 5 }), now()()).await.unwrap();
        assert_eq!((totals.total_contacts, totals.contacts_in_campaigns), (2, 0));
        let lists = person.texts("SELECT list_name || status || total_contacts || CAST(metadata AS TEXT) AS x FROM lead_lists").await;
        assert!(lists[0].starts_with("Mayactive2") && lists[0].contains("a.csv") && lists[0].contains("rows"), "{lists:?}");
        let all_before = all(&database).await;
        let (again, _) = import(store, Cursor::new(FILE), false, 9).await.unwrap();
        assert_eq!((again.imported, again.unchanged), (0, 2));
        assert_eq!(all(&database).await, all_before, "the same again changes nothing");
    }
}

on_both! {
    async fn known_contacts_keep_what_is_known_and_get_the_list(database: Database) {
        let store = &database.store;
        store.ensure_list(&list("May")).await.unwrap();
        let other = Plan { list_id: Uuid::from_u128(76), ..plan(false) };
        store.ensure_list(&ListWrite { list_id: other.list_id, list_name: "April".to_owned(), ..list("") }).await.unwrap();
        let (rules, clock) = (Rules::default(), now());
        let context = Context { store, rules: &rules, now: &clock, trigger: TriggerType::Manual };
        let first = Cursor::new("email,first name\nada@example.com,Adelheid\n");
        let mut april = Import::begin(first, other, clock()).await.unwrap();
        while april.step(&context, &mut drop).await.unwrap() {}
        let (report, _) = import(store, Cursor::new(FILE), false, 9).await.unwrap();
        assert_eq!((report.imported, report.known), (2, 1));
        let ada = contact(store, "ada@example.com").await.unwrap();
        assert_eq!((ada.first_name.as_deref(), ada.last_name.as_deref()), (Some("Adelheid"), Some("Berg")));
        let lists = database.person().await.texts("SELECT list_id AS x FROM contacts WHERE email = 'ada@example.com'").await;
        assert_eq!(lists, [Uuid::from_u128(76).to_string()], "the first list stays");
        // Nor does the same list overwrite what it told itself; what was empty is filled.
        let longer = Cursor::new("email,first name,phone\nada@example.com,Adelheid Wilhelmine,+49 30 1234567\n");
        let mut again = Import::begin(longer, Plan { list_id: Uuid::from_u128(76), ..plan(false) }, clock() + chrono::TimeDelta::hours(1)).await.unwrap();
        while again.step(&context, &mut drop).await.unwrap() {}
        let after = contact(store, "ada@example.com").await.unwrap();
        assert_eq!((after.first_name.as_deref(), after.phone.is_some()), (Some("Adelheid"), true));
        // A list of the same name is the same list, whoever makes it; of another client it is another.
        let again = ListWrite { list_id: Uuid::from_u128(79), ..list("May") };
        assert_eq!(store.ensure_list(&again).await.unwrap(), list_id());
        let beta = ListWrite { list_id: Uuid::from_u128(80), client_id: ClientId::parse("beta").unwrap(), ..list("May") };
        assert_eq!(store.ensure_list(&beta).await.unwrap(), Uuid::from_u128(80));
    }
}

/// A file that is made as it is read, and never stands in memory.
struct Made {
    row: u64,
    rows: u64,
    rest: Vec<u8>,
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() && self.row <= self.rows {
            let line = match self.row {
                0 => "email,first_name,company\n".to_owned(),
                n => format!("p{n}@example.com,P{n},Company {n}\n"),
            };
            self.rest = line.into_bytes();
            self.row += 1;
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

on_both! {
    async fn one_that_was_cut_off_is_run_again_and_two_at_once_are_one(database: Database) {
        let rows = 3_200;
        let store = &database.store;
        store.ensure_list(&list("May")).await.unwrap();
        let file = || Made { row: 0, rows, rest: Vec::new() };
        let (cut, _) = import(store, file(), false, 3).await.unwrap();
        assert_eq!(cut.rows, 1_500);
        let (one, two) = tokio::join!(import(store, file(), false, 99), import(store, file(), false, 99));
        let (one, two) = (one.unwrap().0, two.unwrap().0);
        assert_eq!((one.rows, two.rows), (rows, rows));
        let person = database.person().await;
        assert_eq!(person.texts("SELECT count(*) AS x FROM contacts").await, [rows.to_string()]);
        assert_eq!(person.texts("SELECT count(*) AS x FROM events").await, [rows.to_string()]);
        let totals = store.close_list(list_id(), "active", &json!({}), now()()).await.unwrap();
        assert_eq!(totals.total_contacts, i64::try_from(rows).unwrap());
    }
}

#[tokio::test]
async fn a_file_that_will_not_do_says_why() {
    let database = Database::new(Kind::Sqlite).await;
    for (what, bytes, part) in [
        ("empty", b"".as_slice(), "must name the columns"),
        ("no address", b"name,company\nAda,x\n", "--map"),
        ("UTF-16", b"\xff\xfee\0m\0", "UTF-16"),
        ("a spreadsheet", b"PK\x03\x04", "spreadsheet"),
    ] {
        let error = import(&database.store, Cursor::new(bytes), false, 9).await.unwrap_err();
        assert!(error.to_string().contains(part) && !error.is_unavailable(), "{what}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_end_in_counts_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..2_000), header in prop::bool::ANY) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = if header { [b"email,name\n".as_slice(), &bytes].concat() } else { bytes };
        runtime.block_on(async {
            let database = Database::new(Kind::Sqlite).await;
            match import(&database.store, Cursor::new(file), false, 99).await {
                Ok((report, rejected)) => {
                    let counted = report.imported + report.known + report.unchanged + report.rejected();
                    prop_assert_eq!(counted, report.rows);
                    prop_assert_eq!(u64::try_from(rejected.len()).unwrap(), report.rejected());
                }
                Err(ImportError::Unreadable(why)) => prop_assert!(!why.is_empty()),
                Err(error) => panic!("{error}"),
            }
            Ok(())
        })?;
    }
}

#[test]
fn the_command_imports_tells_and_keeps_what_was_left_out() {
    let place = Place::new("");
    place.json(&["migrate", "--json"]);
    let file = place.folder().join("may.csv");
    std::fs::write(&file, FILE).unwrap();
    let path = file.to_str().unwrap();
    let run =
        |more: &[&str]| place.run(&[&["import", path, "--client", "acme", "--list", "May", "--json"], more].concat());
    let told = |output: &std::process::Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let dry = run(&["--dry-run", "--rejected", "dry.csv"]);
    assert_eq!((dry.status.code(), told(&dry)["imported"].as_u64()), (Some(3), Some(3)));
    let done = run(&["--map", "Company=-"]);
    let report = told(&done);
    assert_eq!(
        (done.status.code(), report["imported"].as_u64(), report["totals"]["total_contacts"].as_i64()),
        (Some(3), Some(3), Some(3))
    );
    let left = std::fs::read_to_string(place.folder().join("may.csv.rejected.csv")).unwrap();
    assert_eq!(left.lines().count(), 3, "{left}");
    assert!(
        left.starts_with("line,reason,Email,First Name") && left.contains("5,`no address here` is no e-mail address"),
        "{left}"
    );
    let again = run(&[]);
    let error = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && error.contains("is there already"), "{error}");
    let shown = place.json(&["contact", "show", "ada@example.com", "--json"]);
    assert_eq!(
        (shown["contact"]["first_name"].as_str(), shown["contact"]["company_name"].as_str()),
        (Some("Ada"), None)
    );
    let nobody = place.run(&["import", "nowhere.csv", "--list", "x"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("nowhere.csv"));
}
