//! An erasure that reaches Airtable, Pinecone, Smartlead and Instantly, killed before and after each request and wherever it waits,
//! through storms and with four instances: in the end everything is gone, and the receipt never says more than that.

use crate::agency::{Agency, INDEX, Weather, instantly_key, smartlead_key};
use crate::common::kill::until_killed;
use crate::common::{Database, Kind};
use crate::erase::{ADDED, BOB, BROKEN, FOR_BOB, LIST, MAIL, NEEDLES, REPLY, erasure, found};
use sales_engine::domain::suppression::Scope;
use sales_engine::persons::{self, AIRTABLE, PLATFORMS, READING, VECTORS};
use sales_engine::store::views::{PartState, Receipt};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

const ADA: &str = "ada.berg@example.com";

/// Ada is a lead, her conversation is indexed, and Bob's, in which she is mentioned; both platforms could write to her.
async fn with_ada(kind: Kind) -> Agency {
    let mut agency = Agency::new(Database::new(kind).await, Scope::Client).await;
    agency.sandbox.smartlead(|smartlead| smartlead.open(&smartlead_key("a")).add_lead(77, ADA));
    for body in [ADDED, MAIL, REPLY, BOB, FOR_BOB, LIST, BROKEN] {
        agency.world.post("a", body).await;
    }
    agency.work().await;
    assert_eq!(agency.sandbox.with(|base| base.leads().len()), 2, "hers and Bob's");
    let indexed = indexed(&agency);
    assert!(
        indexed.contains("the purple budget is open") && indexed.contains("for bob: the purple budget"),
        "{indexed}"
    );
    assert!(indexed.contains("ask ada.berg@example.com"), "{indexed}");
    agency
}

/// Whoever asks for it is cut off as soon as the transaction is through, or, where anything may die, before.
async fn begin(agency: &mut Agency) -> Uuid {
    let wish = erasure(Some("a"));
    loop {
        let polls_max = match agency.weather {
            Weather::KilledAnywhere(_) => 1 + agency.dice.below(40),
            Weather::Calm | Weather::FourInstances | Weather::Storm(_) | Weather::KilledAtEachRequest => u64::MAX,
        };
        let now = agency.world.clock.read();
        let begun = Box::pin(persons::begin_erasure(agency.store(), &agency.world.rules, &wish, now));
        if let Some(receipt) = until_killed(begun, |polls| polls > polls_max).await {
            return receipt.receipt_id;
        }
        agency.kills += 1;
    }
}

/// All that is in the index, in lower case.
fn indexed(agency: &Agency) -> String {
    let all = |namespace: &&str| agency.sandbox.pinecone(|pinecone| pinecone.records(INDEX, namespace));
    let records = ["company_knowledge", "client_documents", "documents"].iter().map(all);
    records.map(|records| serde_json::to_string(&records).unwrap().to_lowercase()).collect()
}

fn is_a_lead(agency: &Agency) -> bool {
    agency.sandbox.with(|base| base.leads().values().any(|lead| lead["Email"] == ADA))
}

fn is_blocked(agency: &Agency) -> (bool, bool) {
    let smartlead = agency.sandbox.smartlead(|smartlead| {
        let account = smartlead.account(&smartlead_key("a")).unwrap();
        account.block_list().contains(ADA) && account.is_unsubscribed(ADA)
    });
    let instantly = agency
        .sandbox
        .instantly(|instantly| instantly.workspace(&instantly_key("a")).unwrap().block_list().contains(ADA));
    (smartlead, instantly)
}

/// After every turn, and so after every kill.
async fn says_no_more_than_is_true(agency: &Agency, receipt_id: Uuid, is_looked_at: &AtomicBool) {
    let receipt = agency.store().receipt(receipt_id).await.unwrap().unwrap();
    let is_done = |begin: &str| {
        let mut parts = receipt.parts.iter().filter(|(name, _)| name.starts_with(begin)).peekable();
        parts.peek().is_some() && parts.all(|(_, part)| part.state == PartState::Done)
    };
    assert_eq!(
        receipt.completed_at.is_some(),
        [READING, AIRTABLE, VECTORS, PLATFORMS].iter().all(|part| is_done(part)),
        "{receipt:?}"
    );
    assert!(!is_done(AIRTABLE) || !is_a_lead(agency), "{receipt:?}");
    assert!(!is_done("platforms: a/smartlead") || is_blocked(agency).0, "{receipt:?}");
    assert!(!is_done("platforms: a/instantly") || is_blocked(agency).1, "{receipt:?}");
    if is_done(READING) && is_done(VECTORS) {
        let indexed = indexed(agency);
        let left: Vec<&&str> = NEEDLES.iter().filter(|needle| indexed.contains(**needle)).collect();
        assert!(left.is_empty(), "{left:?} of {receipt:?}");
    }
    // Every column of every table; it stays so.
    if receipt.completed_at.is_some() && !is_looked_at.swap(true, Ordering::SeqCst) {
        assert_eq!(found(&agency.world.database).await, Vec::<String>::new(), "{receipt:?}");
    }
}

/// What was removed where, and by which part.
type Told = (BTreeMap<String, u64>, BTreeMap<String, u64>);

async fn erased(kind: Kind, weather: Weather) -> Told {
    let mut agency = with_ada(kind).await;
    let writes = agency.sandbox.with(|base| base.leads().len());
    agency.brew(weather);
    let receipt_id = begin(&mut agency).await;
    let is_looked_at = AtomicBool::new(false);
    let look = async |agency: &Agency| says_no_more_than_is_true(agency, receipt_id, &is_looked_at).await;
    Box::pin(agency.work_and(look)).await;
    assert!(is_looked_at.into_inner(), "{weather:?}: it never ended");
    let receipts = agency.world.texts("SELECT receipt_id AS x FROM erasures").await;
    assert_eq!(receipts, [receipt_id.to_string()], "{weather:?}: one erasure, one receipt");
    let Receipt { removed, parts, completed_at, .. } = agency.store().receipt(receipt_id).await.unwrap().unwrap();
    assert!(completed_at.is_some(), "{weather:?}: {parts:?}");
    assert_eq!((is_a_lead(&agency), is_blocked(&agency)), (false, (true, true)), "{weather:?}");
    assert_eq!(agency.sandbox.with(|base| base.leads().len()), writes - 1, "{weather:?}: Bob's lead is Bob's");
    assert!(indexed(&agency).contains("dear bob"), "{weather:?}: and what was said to him is still found");
    assert_eq!(agency.world.count("tasks WHERE status = 'dead'").await, 0, "{weather:?}");
    match weather {
        Weather::KilledAtEachRequest => assert!(agency.kills > 3, "killed {} times", agency.kills),
        // How often depends on how often it waits, which a machine at rest does less.
        Weather::KilledAnywhere(_) => assert!(agency.kills > 0),
        Weather::Calm | Weather::Storm(_) | Weather::FourInstances => assert_eq!(agency.kills, 0),
    }
    // Of another one's conversation the part is told apart by a number of the receipt's.
    let name = |name: String| if name.starts_with("vectors: a/") { "vectors: a/…".to_owned() } else { name };
    (removed, parts.into_iter().map(|(part, done)| (name(part), done.removed)).collect())
}

async fn whatever_happens(kind: Kind) {
    let calm = Box::pin(erased(kind, Weather::Calm)).await;
    let parts: Vec<(&str, u64)> = calm.1.iter().map(|(part, removed)| (part.as_str(), *removed)).collect();
    assert_eq!(
        parts,
        [
            ("airtable: a", 1),
            ("platforms: a/instantly", 0),
            ("platforms: a/smartlead", 0),
            ("reading", 0),
            ("vectors: a", 2),
            ("vectors: a/…", 0)
        ]
    );
    for weather in [
        Weather::KilledAtEachRequest,
        Weather::KilledAnywhere(1),
        Weather::KilledAnywhere(2),
        Weather::Storm(4),
        Weather::FourInstances,
    ] {
        assert_eq!(Box::pin(erased(kind, weather)).await, calm, "{weather:?}: each thing is counted once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_gone_and_the_receipt_says_so_on_sqlite() {
    whatever_happens(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_gone_and_the_receipt_says_so_on_postgres() {
    whatever_happens(Kind::Postgres).await;
}
