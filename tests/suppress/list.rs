//! The list: written with the opt-out itself, asked before everything that would write to somebody.

use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{KEY, World, client, email, rules};
use sales_engine::domain::event::{ContactSource, Source};
use sales_engine::domain::stage::Stage;
use sales_engine::domain::suppression::{Reason, Scope, Suppression, Target, WhyNot};
use sales_engine::engine::rows::Outcome;
use sales_engine::imports::{Import, Plan};
use sales_engine::intake;
use sales_engine::persons::{self, CheckError, Wish};
use sales_engine::store::views::{ListWrite, SuppressionFilter};
use serde_json::json;
use uuid::Uuid;

const OPT_OUT: &str =
    r#"{"kind":"unsubscribed","email":"Ada@Example.com","id":"u1","occurred_at":"2026-11-20T09:00:00Z"}"#;
const ADDED: &str = r#"{"kind":"contact_added","email":"ada@example.com","id":"a1","occurred_at":"2026-11-20T10:00:00Z","first_name":"Ada"}"#;
const MAIL: &str = r#"{"kind":"email_sent","email":"ada@example.com","id":"s1","campaign_id":"77","occurred_at":"2026-11-20T08:00:00Z","text":"hello"}"#;
const WANTS: &str = r#"{"kind":"reply_received","email":"ada@example.com","id":"r1","occurred_at":"2026-11-20T08:30:00Z","text":"yes","intent":"interested_ready_to_talk"}"#;

fn wish(value: &str, target: Target, scope: Scope, client_id: Option<&str>) -> Wish {
    Wish {
        target,
        value: value.to_owned(),
        scope,
        client_id: client_id.map(client),
        campaign: None,
        reason: Reason::Operator,
    }
}

async fn import(world: &World, client_id: &str, csv: &str) -> (sales_engine::imports::Report, Vec<String>) {
    let list_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, client_id.as_bytes());
    let list = ListWrite {
        list_id,
        client_id: client(client_id),
        list_name: "l".to_owned(),
        description: None,
        source: None,
        metadata: json!({}),
        created_by: "t".to_owned(),
        now: world.clock.read(),
    };
    let list_id = world.store().ensure_list(&list).await.unwrap();
    let plan = Plan {
        client_id: client(client_id),
        list_id,
        source: Source::Operator,
        contact_source: ContactSource::Import,
        told: Vec::new(),
        dry_run: false,
    };
    let now = world.clock.now();
    let context = world.context(&now);
    let mut rejected = Vec::new();
    let mut import = Import::begin(std::io::Cursor::new(csv.to_owned()), plan, world.clock.read()).await.unwrap();
    while import.step(&context, &mut |row| rejected.push(row.reason)).await.unwrap() {}
    (import.report, rejected)
}

on_both! {
    async fn a_rehearsal_of_several_deliveries_tells_what_applying_them_does(database: Database) {
        // What one client's contact says holds for the next delivery of another's, and so does another spelling of the address.
        let deliveries = [
            ("a", r#"{"kind":"unsubscribed","email":"ada@m\u00fcnchen.example","id":"u2","occurred_at":"2026-11-20T09:00:00Z"}"#),
            ("a", OPT_OUT),
            ("b", ADDED),
            ("b", MAIL),
            ("a", r#"{"kind":"contact_added","email":"ada@xn--mnchen-3ya.example","id":"a2","occurred_at":"2026-11-20T10:00:00Z"}"#),
        ];
        for (scope, of_b) in [(Scope::Agency, Outcome::Refused), (Scope::Client, Outcome::Applied)] {
            let database = Database::new(database.kind).await;
            let world = World::new(database, scope);
            let now = world.clock.now();
            let told = deliveries.iter().map(|(client_id, body)| world.delivery(Source::N8n, client_id, body));
            let rehearsed = intake::rehearse(told.collect(), &world.context(&now)).await.unwrap();
            assert_eq!(world.count("suppressions").await, 0, "nothing is written");
            let mut applied = Vec::new();
            for (client_id, body) in &deliveries {
                applied.push(world.post(client_id, body).await);
            }
            let without_ids = |answers: &[intake::Answer]| -> Vec<_> {
                let events = answers.iter().flat_map(|answer| &answer.events);
                events.map(|event| (event.outcome, event.reason.clone(), event.stage_before, event.stage_after)).collect()
            };
            assert_eq!(without_ids(&rehearsed), without_ids(&applied), "{scope}");
            assert_eq!((applied[2].events[0].outcome, applied[4].events[0].outcome), (of_b, Outcome::Refused), "{scope}");
        }
    }
}

on_both! {
    async fn an_opt_out_with_one_client_is_one_with_all_where_the_agency_wants_it(database: Database) {
        let world = World::new(database, Scope::Agency);
        world.post("a", OPT_OUT).await;
        assert_eq!(world.stage("a", "ada@example.com").await, Some(Stage::DoNotContact));
        let kept = world.texts("SELECT scope || ' ' || coalesce(client_id, '-') || ' ' || kind || ' ' || reason AS x FROM suppressions").await;
        assert_eq!(kept, ["agency - address opt_out"], "with the opt-out itself, and nobody can tell whose it was");

        let answer = world.post("b", ADDED).await;
        assert_eq!((answer.events[0].outcome, answer.events[0].reason.as_str()), (Outcome::Refused, "suppressed (opt_out)"));
        assert_eq!((answer.events[0].contact_id, world.stage("b", "ada@example.com").await), (None, None));
        let (report, rejected) = import(&world, "b", "email,name\nADA@example.com,Ada\nbob@example.com,Bob\n").await;
        assert_eq!((report.suppressed, report.imported), (1, 1));
        assert_eq!(rejected, ["suppressed (opt_out)"]);

        let checks = world.check("b", &["ada@example.com", "Bob@example.com", "nobody@example.com", "no address"]).await;
        let told: Vec<_> = checks.iter().map(|check| (check.is_known, check.may_be_contacted, check.why_not)).collect();
        assert_eq!(told, [
            (false, false, Some(WhyNot::Suppressed)),
            (true, true, None),
            (false, true, None),
            (false, false, Some(WhyNot::NoAddress)),
        ]);
        let whole = serde_json::to_string(&checks[0]).unwrap();
        assert!(!whole.contains("\"a\"") && whole.contains("suppressed (opt_out)"), "by whom is told to nobody: {whole}");
    }
}

on_both! {
    async fn an_opt_out_is_one_client_s_own_unless_the_agency_says_otherwise(database: Database) {
        let world = World::new(database, Suppression::default().scope_of_opt_outs);
        world.post("a", OPT_OUT).await;
        assert_eq!(world.post("b", ADDED).await.events[0].outcome, Outcome::Applied);
        assert_eq!(world.check("a", &["ada@example.com"]).await[0].why_not, Some(WhyNot::Suppressed));
        assert_eq!(world.check("b", &["ada@example.com"]).await[0].why_not, None);
        let again = world.post("a", ADDED).await;
        assert_eq!(again.events[0].outcome, Outcome::Refused, "by the contact's own stage, in its own history");
        assert!(again.events[0].contact_id.is_some());
    }
}

on_both! {
    async fn another_client_s_contact_is_stopped_and_not_promoted(database: Database) {
        let world = World::new(database, Scope::Agency);
        world.post("b", MAIL).await;
        world.post("a", OPT_OUT).await;
        world.work(None).await;
        let wanted = world.texts("SELECT task_key AS x FROM tasks WHERE kind LIKE 'platform.%' AND client_id = 'b'").await;
        assert!(!wanted.is_empty(), "what the platform has for the other client is looked at again");

        let sandbox = world.sandbox().await;
        world.post("b", WANTS).await;
        assert_eq!(world.stage("b", "ada@example.com").await, Some(Stage::Interested), "the stage follows the table");
        world.work(Some(&sandbox)).await;
        assert_eq!(sandbox.with(|base| base.leads().len()), 0);
        let logged = world.texts("SELECT action_details AS x FROM automation_logs WHERE action_taken = 'not promoted to an Airtable lead'").await;
        assert_eq!(logged, ["the address is suppressed (opt_out)"]);

        let late = MAIL.replace("s1", "s2").replace("08:00", "11:00");
        world.post("b", &late).await;
        let alerts = world.texts("SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert: mail was sent%'").await;
        assert_eq!(alerts, ["alert: mail was sent to an address that is suppressed (opt_out)"]);

        let lifted = persons::lift(world.store(), &world.rules.suppression, &Wish { reason: Reason::OptOut, ..wish("ada@example.com", Target::Address, Scope::Agency, None) }, world.clock.read()).await.unwrap();
        assert_eq!((lifted, world.count("suppressions").await), (1, 0));
        world.work(Some(&sandbox)).await;
        assert_eq!(sandbox.with(|base| base.leads().len()), 1, "what was withheld is wanted again");
    }
}

on_both! {
    async fn a_person_puts_addresses_and_domains_on_the_list(database: Database) {
        let world = World::new(database, Scope::Client);
        world.post("b", MAIL).await;
        let wishes = [
            wish("example.com", Target::Domain, Scope::Agency, None),
            wish("bob@example.net", Target::Address, Scope::Client, Some("a")),
        ];
        let reached = persons::suppress(world.store(), &world.rules, &wishes, world.clock.read()).await.unwrap();
        assert_eq!(reached, 1, "the other client's contact under the domain");
        let why = |checks: Vec<sales_engine::store::views::ContactCheck>| checks.iter().map(|check| check.why_not.is_some()).collect::<Vec<_>>();
        let asked = ["new@example.com", "new@mail.example.com", "bob@example.net", "new@badexample.com"];
        assert_eq!(why(world.check("a", &asked).await), [true, true, true, false]);
        assert_eq!(why(world.check("b", &asked).await), [true, true, false, false]);
        let rows = world.store().suppressions(&SuppressionFilter { limit: 10, ..SuppressionFilter::default() }).await.unwrap();
        assert_eq!(rows.len(), 2);
        let page = world.store().suppressions(&SuppressionFilter { limit: 1, after: Some(rows[0].suppression_id.parse().unwrap()), ..SuppressionFilter::default() }).await.unwrap();
        assert_eq!(page[0], rows[1]);
        let everything = serde_json::to_string(&rows).unwrap();
        assert!(!everything.contains("example") && !everything.contains("bob"), "{everything}");
        assert_eq!(persons::lift(world.store(), &world.rules.suppression, &wishes[0], world.clock.read()).await.unwrap(), 1);
        assert_eq!(why(world.check("b", &asked).await), [false, false, false, false]);
    }
}

on_both! {
    async fn a_key_is_changed_without_losing_anybody(database: Database) {
        let mut world = World::new(database, Scope::Agency);
        world.post("a", OPT_OUT).await;
        world.rules = rules(&["the key of the year after that", KEY], Scope::Agency);
        assert_eq!(world.check("b", &["ada@example.com"]).await[0].suppressed, Some(Reason::OptOut));
        world.post("a", &OPT_OUT.replace("Ada", "eve").replace("u1", "u2")).await;
        let keys = world.store().suppression_keys().await.unwrap();
        assert_eq!(keys.iter().map(|(_, rows)| *rows).collect::<Vec<_>>(), [1, 1], "each under the newest key of its day");
        world.rules = rules(&["the key of the year after that"], Scope::Agency);
        assert_eq!(world.check("b", &["eve@example.com", "ada@example.com"]).await.iter().map(|check| check.suppressed.is_some()).collect::<Vec<_>>(), [true, false]);
        world.rules = rules(&[], Scope::Agency);
        assert_eq!(world.check("b", &["eve@example.com"]).await[0].suppressed, None, "without a key nothing is asked");
    }
}

on_both! {
    async fn ten_thousand_addresses_are_one_question_and_more_are_none(database: Database) {
        let world = World::new(database, Scope::Client);
        world.post("a", ADDED).await;
        let mut addresses: Vec<String> = (0..9_999).map(|nth| format!("p{nth}@example.net")).collect();
        addresses.push("ADA@example.com".to_owned());
        let today = world.clock.read().date_naive();
        let ask = async |addresses: &[String]| persons::check(world.store(), &world.rules.suppression, &client("a"), addresses, today).await;
        let answers = ask(&addresses).await.unwrap();
        assert_eq!((answers.len(), answers.iter().filter(|answer| answer.is_known).count()), (10_000, 1));
        assert_eq!(answers[9_999].email, "ADA@example.com", "as it was asked for");
        addresses.push("one.more@example.net".to_owned());
        assert!(matches!(ask(&addresses).await, Err(CheckError::TooMany(10_001))));
    }
}

#[tokio::test]
async fn stages_say_whether_a_campaign_may_write() {
    let world = World::new(Database::new(Kind::Sqlite).await, Scope::Client);
    let event = |kind: &str, who: &str, more: &str| {
        format!(
            r#"{{"kind":"{kind}","email":"{who}@example.com","id":"{kind}{who}","occurred_at":"2026-11-20T09:00:00Z"{more}}}"#
        )
    };
    for (who, kind, more, expected) in [
        ("new", "contact_added", "", None),
        ("sent", "email_sent", r#","campaign_id":"7","text":"x""#, Some(WhyNot::InSequence)),
        ("back", "email_bounced", r#","campaign_id":"7","text":"x""#, Some(WhyNot::Bounced)),
        ("yes", "reply_received", r#","text":"yes","intent":"interested_ready_to_talk""#, Some(WhyNot::InConversation)),
        ("no", "reply_received", r#","text":"no","intent":"not_interested""#, Some(WhyNot::BeforeFollowUp)),
        ("won", "deal_won", "", Some(WhyNot::Customer)),
        ("out", "unsubscribed", "", Some(WhyNot::Suppressed)),
    ] {
        world.post("a", &event(kind, who, more)).await;
        let check = world.check("a", &[&format!("{who}@example.com")]).await.remove(0);
        assert_eq!((check.why_not, check.may_be_contacted), (expected, expected.is_none()), "{who}");
        assert_eq!(check.not_before.is_some(), expected == Some(WhyNot::BeforeFollowUp), "{who}");
    }
    assert_eq!(email("OUT@example.com"), email("out@example.com"));
}

on_both! {
    async fn what_is_wanted_twice_is_one_entry_with_the_strongest_reason(database: Database) {
        let world = World::new(database, Scope::Client);
        let weaker = wish("Ada@example.com", Target::Address, Scope::Agency, None);
        let stronger = Wish { reason: Reason::Complaint, value: "ada@example.com".to_owned(), ..weaker.clone() };
        let wishes = [weaker, stronger, wish("bob@example.com", Target::Address, Scope::Agency, None)];
        persons::suppress(world.store(), &world.rules, &wishes, world.clock.read()).await.unwrap();
        assert_eq!(world.texts("SELECT reason AS x FROM suppressions ORDER BY reason").await, ["complaint", "operator"]);
        // And once more, over what is there.
        persons::suppress(world.store(), &world.rules, &wishes, world.clock.read()).await.unwrap();
        assert_eq!(world.count("suppressions").await, 2);
    }
}

on_both! {
    async fn whoever_was_there_before_us_is_found_however_their_address_is_written(database: Database) {
        let world = World::new(database, Scope::Client);
        world.post("a", ADDED).await;
        if world.database.kind == Kind::Postgres {
            let person = world.database.person().await;
            let adopted = "INSERT INTO contacts (contact_id, client_id, email) VALUES (gen_random_uuid(), 'b', 'Ada@Example.com')";
            person.run(adopted).await.unwrap();
        } else {
            world.post("b", ADDED).await;
        }
        let wishes = [wish("ada@example.com", Target::Address, Scope::Agency, None)];
        let reached = persons::suppress(world.store(), &world.rules, &wishes, world.clock.read()).await.unwrap();
        assert_eq!(reached, 2, "with both clients");
    }
}
