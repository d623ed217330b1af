//! The base of the owner's document, made and compared by the program against the stand-in.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed unwrap is a failed test")]

mod common;

use common::place::Place;
use sales_engine::intake::Now;
use sales_engine::sandbox::{Fault, Sandbox};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Output, Stdio};
use std::sync::Arc;

const TOKEN: &str = "pat-test-token";

struct Setup {
    sandbox: Sandbox,
    place: Place,
}

/// The pace of the program is measured by the stand-in, so its clock is the real one.
#[expect(clippy::disallowed_methods, reason = "the clock of the stand-in")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

async fn setup(token: &str) -> Setup {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap();
    let url = sandbox.url();
    let place = Place::new(&format!("[airtable]\ntoken = \"{token}\"\nbase_id = \"appTest\"\napi_url = \"{url}\"\n"));
    Setup { sandbox, place }
}

impl Setup {
    async fn empty() -> Self {
        let setup = setup(TOKEN).await;
        setup.sandbox.with(sales_engine::sandbox::airtable::Base::clear_schema);
        setup
    }

    fn check(&self) -> (Option<i32>, Value) {
        let output = self.place.run(&["--json", "airtable", "check"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    }

    fn told(&self, severity: &str) -> usize {
        let (_, report) = self.check();
        let differences = report["differences"].as_array().unwrap().clone();
        differences.iter().filter(|difference| difference["severity"] == severity).count()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_base_is_provisioned_once_and_only_handwork_is_left() {
    let setup = Setup::empty().await;
    assert_eq!(setup.check().0, Some(1), "six tables are missing");
    let rehearsed = setup.place.json(&["--json", "airtable", "provision", "--dry-run"]);
    assert_eq!(setup.told("must_fix"), 6, "a rehearsal changes nothing");

    let made = setup.place.json(&["--json", "airtable", "provision"]);
    assert_eq!(made["steps"], rehearsed["steps"]);
    assert_eq!(made["differences"], rehearsed["differences"], "a rehearsal tells what is left");
    assert_eq!(setup.check().0, Some(0));
    assert_eq!((setup.told("must_fix"), setup.told("by_hand"), setup.told("note")), (0, 37, 0));

    let requests = setup.sandbox.with(|base| base.requests);
    let again = setup.place.json(&["--json", "airtable", "provision"]);
    assert_eq!(again["steps"].as_array().unwrap().len(), 0);
    assert_eq!(setup.sandbox.with(|base| base.requests), requests + 1, "it only looks");
    assert_eq!(setup.sandbox.with(|base| base.rate_limited), 0, "within the limit all along");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provision_that_is_killed_is_continued() {
    let setup = Setup::empty().await;
    for lines in [2, 8, 1] {
        let mut command = setup.place.command(&["airtable", "provision"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..lines {
            assert!(output.next().unwrap().unwrap().starts_with("done: "));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(setup.check().0, Some(1));
    setup.place.json(&["--json", "airtable", "provision"]);
    assert_eq!((setup.told("must_fix"), setup.told("by_hand"), setup.told("note")), (0, 37, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_makes_nothing_twice() {
    let setup = Setup::empty().await;
    let mut command = setup.place.command(&["airtable", "provision"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "done: create table Leads with 37 fields");
    // Lead Lists is made, but the program can't know; then the look at the base fails, and a write that was not done.
    for fault in [Fault::DropAfter, Fault::Garbage, Fault::DropBefore] {
        setup.sandbox.fail_next(fault);
    }
    let rest = lines.map(Result::unwrap).filter(|line| line.starts_with("done: ")).count();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(rest, 27, "29 steps: the first was read, and one was made unseen");
    assert!(stderr(&output).contains("going on in 1 s"), "{}", stderr(&output));
    assert_eq!((setup.told("must_fix"), setup.told("by_hand"), setup.told("note")), (0, 37, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_base_has_nothing_to_be_fixed() {
    let setup = setup(TOKEN).await;
    let (code, report) = setup.check();
    assert_eq!(code, Some(0), "{report:#}");
    // The stand-in has no views.
    let differences = report["differences"].as_array().unwrap();
    let but_views: Vec<_> = differences.iter().filter(|difference| difference["kind"] != "missing_view").collect();
    assert!(but_views.is_empty() && differences.len() == 11, "{but_views:#?}");
    assert_eq!(setup.place.json(&["--json", "airtable", "provision"])["steps"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hinders_it_is_told() {
    let stranger = setup("pat-of-another").await;
    let output = stranger.place.run(&["airtable", "check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("does not know the token"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("pat-of-another"), "the token shows nowhere");

    let setup = setup(TOKEN).await;
    setup.sandbox.fail_next(Fault::Status(403));
    let output = setup.place.run(&["airtable", "check"]);
    assert!(stderr(&output).contains("schema.bases:read"), "{}", stderr(&output));

    let output = Place::new("").run(&["airtable", "check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("[airtable]"), "{}", stderr(&output));
}
