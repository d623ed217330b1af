//! Whoever opts out where the agency wants it for all is on the block list of every client's platforms, whatever happens on the way.

use crate::agency::{Agency, Weather, instantly_key, smartlead_key};
use crate::common::{Database, Kind};
use crate::world::client;
use sales_engine::domain::stage::Stage;
use sales_engine::domain::suppression::{Reason, Scope, Target};
use sales_engine::engine::rows::{TaskKind, TaskRow};
use sales_engine::persons::{self, Erasure, READING, Wish};
use sales_engine::sandbox::smartlead::{Account, LeadStatus};
use uuid::Uuid;

const WHO: &str = "ada@example.com";
/// Both clients mail her; c does not know her.
const MAILED: &str = r#"{"kind":"email_sent","email":"ada@example.com","id":"m1","campaign_id":"77","occurred_at":"2026-11-02T08:00:00Z","text":"Hello"}"#;
const OPTS_OUT: &str =
    r#"{"kind":"unsubscribed","email":"ada@example.com","id":"u1","occurred_at":"2026-11-03T08:00:00Z"}"#;

async fn mailed(kind: Kind, scope: Scope) -> Agency {
    let mut agency = Agency::new(Database::new(kind).await, scope).await;
    for id in ["a", "b"] {
        agency.sandbox.smartlead(|smartlead| smartlead.open(&smartlead_key(id)).add_lead(77, WHO));
        agency.world.post(id, MAILED).await;
    }
    agency.work().await;
    agency
}

/// Whose block lists have her, at Smartlead and at Instantly.
fn blocked(agency: &Agency) -> (String, String) {
    let of = |is_blocked: &dyn Fn(&str) -> bool| ["a", "b", "c"].into_iter().filter(|id| is_blocked(id)).collect();
    (
        of(&|id| agency.sandbox.smartlead(|all| all.account(&smartlead_key(id)).unwrap().block_list().contains(WHO))),
        of(&|id| agency.sandbox.instantly(|all| all.workspace(&instantly_key(id)).unwrap().block_list().contains(WHO))),
    )
}

async fn told_to_all(kind: Kind, weather: Weather) {
    let mut agency = mailed(kind, Scope::Agency).await;
    assert_eq!(blocked(&agency), (String::new(), String::new()));
    agency.brew(weather);
    agency.world.post("a", OPTS_OUT).await;
    agency.work().await;
    assert_eq!(blocked(&agency), ("abc".to_owned(), "abc".to_owned()), "{weather:?}");
    let lead = |id: &str| {
        agency.sandbox.smartlead(|all| {
            let account = all.account(&smartlead_key(id)).unwrap();
            (account.status(77, WHO), account.is_unsubscribed(WHO))
        })
    };
    assert!(lead("a").1, "{weather:?}: she opted out with a");
    assert_eq!(
        lead("b"),
        (Some(LeadStatus::Paused), false),
        "{weather:?}: with b she did not; nobody writes to her there"
    );
    assert_eq!(agency.world.stage("b", WHO).await, Some(Stage::InSequence), "the list is no stage");
    assert_eq!(agency.world.count("tasks WHERE status = 'dead'").await, 0, "{weather:?}");
    let over = agency.sandbox.smartlead(|all| all.accounts().map(Account::requests_over).sum::<u64>());
    assert_eq!(over, 0, "{weather:?}: no limit was exceeded");
    let told = agency
        .world
        .texts("SELECT task_key || CAST(payload AS TEXT) AS x FROM tasks WHERE kind = 'platform.block'")
        .await;
    assert_eq!(told.len(), 6, "one a client and platform: {told:?}");
    let plain = Uuid::new_v5(&Uuid::NAMESPACE_OID, WHO.as_bytes()).to_string();
    assert!(!told.iter().any(|row| row.contains(WHO) || row.contains(&plain)), "the address is not kept: {told:?}");
    let rows = agency.world.texts("SELECT action_details AS x FROM automation_logs WHERE tenant = 'c'").await;
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains("block list") && !row.contains(WHO)), "{rows:?}");

    // Told once more, the platforms have it already; Instantly would refuse it a second time.
    let asked = agency.sandbox.instantly(|all| all.workspace(&instantly_key("c")).unwrap().received().count());
    let id = agency
        .world
        .texts("SELECT contact_id AS x FROM contacts WHERE client_id = 'a' AND email = 'ada@example.com'")
        .await;
    let id = id[0].parse().unwrap();
    let now = agency.world.clock.read();
    let again = TaskRow::of_contact(Uuid::new_v4(), TaskKind::SuppressionSpread, client("a"), id, 5, now);
    agency.store().want(vec![again], Vec::new()).await.unwrap();
    agency.work().await;
    assert_eq!(agency.world.count("tasks WHERE status = 'dead'").await, 0, "{weather:?}");
    let asked_now = agency.sandbox.instantly(|all| all.workspace(&instantly_key("c")).unwrap().received().count());
    assert!(asked_now > asked, "{weather:?}: it was looked at");
    assert_eq!(blocked(&agency), ("abc".to_owned(), "abc".to_owned()), "{weather:?}");
}

async fn whatever_happens(kind: Kind) {
    for weather in [
        Weather::Calm,
        Weather::KilledAtEachRequest,
        Weather::KilledAnywhere(5),
        Weather::Storm(6),
        Weather::FourInstances,
    ] {
        Box::pin(told_to_all(kind, weather)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_for_the_agency_is_on_every_block_list_on_sqlite() {
    whatever_happens(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_for_the_agency_is_on_every_block_list_on_postgres() {
    whatever_happens(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_a_person_said_to_the_agency_goes_to_other_clients_platforms() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut agency = mailed(kind, Scope::Client).await;
        agency.world.post("a", OPTS_OUT).await;
        agency.work().await;
        assert_eq!(blocked(&agency), ("a".to_owned(), "a".to_owned()), "{kind:?}: it is a's own");

        let mut agency = mailed(kind, Scope::Agency).await;
        let wish = |reason| Wish {
            target: Target::Address,
            value: WHO.to_owned(),
            scope: Scope::Agency,
            client_id: None,
            campaign: None,
            reason,
        };
        let now = agency.world.clock.read();
        persons::suppress(agency.store(), &agency.world.rules, &[wish(Reason::Operator)], now).await.unwrap();
        agency.work().await;
        assert_eq!(blocked(&agency), (String::new(), String::new()), "{kind:?}: an operator may take it back");
        persons::suppress(agency.store(), &agency.world.rules, &[wish(Reason::OptOut)], now).await.unwrap();
        let suppression = agency.world.rules.suppression.clone();
        persons::lift(agency.store(), &suppression, &wish(Reason::OptOut), now).await.unwrap();
        agency.work().await;
        assert_eq!(
            blocked(&agency),
            (String::new(), String::new()),
            "{kind:?}: it was taken off the list before anybody was told"
        );
        persons::suppress(agency.store(), &agency.world.rules, &[wish(Reason::OptOut)], now).await.unwrap();
        agency.work().await;
        assert_eq!(blocked(&agency), ("abc".to_owned(), "abc".to_owned()), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_while_a_platform_is_to_be_told_is_told_of_and_then_forgotten() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut agency = mailed(kind, Scope::Agency).await;
        agency.world.post("a", OPTS_OUT).await;
        // Without the platforms: what is to be told to those of b and c waits.
        agency.world.work(None).await;
        let named = "tasks WHERE CAST(payload AS TEXT) LIKE '%ada@example.com%' AND client_id = 'c'";
        assert_eq!(agency.world.count(named).await, 2, "{kind:?}");
        let erasure =
            Erasure { email: crate::world::email(WHO), client_id: Some(client("c")), keeps_suppression: true };
        let now = agency.world.clock.now();
        let receipt = persons::erase(agency.store(), &agency.world.rules, &erasure, &now).await.unwrap();
        let parts: Vec<&str> = receipt.parts.keys().map(String::as_str).collect();
        assert_eq!(parts, ["platforms: c/instantly", "platforms: c/smartlead", "reading"], "{kind:?}");
        assert!(!receipt.is_open(READING) && receipt.completed_at.is_none(), "{kind:?}: they still hold the address");
        assert_eq!(agency.world.count(named).await, 2, "{kind:?}");
        agency.work().await;
        let receipt = agency.store().receipt(receipt.receipt_id).await.unwrap().unwrap();
        assert!(receipt.completed_at.is_some(), "{kind:?}: {receipt:?}");
        assert_eq!(agency.world.count(named).await, 0, "{kind:?}");
        assert_eq!(blocked(&agency), ("abc".to_owned(), "abc".to_owned()), "{kind:?}: and told it was");
    }
}
