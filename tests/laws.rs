//! The laws, tried on the running program with both databases: order and repetition do not matter, and nothing acknowledged is lost
//! whatever dies. A short form runs with all tests; `SALES_ENGINE_LONG=1` makes it long (docs/contributing.md, "Tests").
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "what is not there is a failed test; the long form says how far it is"
)]

mod common;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use common::place::{Place, Served};
use common::{Kind, Person, is_long};
use sales_engine::domain::contact::{ChatRow, Contact};
use sales_engine::domain::event::{Event, EventData, Facts, Source};
use sales_engine::domain::fold::fold;
use sales_engine::domain::follow_up::Spans;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::merge;
use sales_engine::domain::rules::Rules;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::services::post::Poster;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use sales_engine::store::views::ChatView;
use sales_engine::tasks::{AirtableSettings, Dispatcher, Pause, Turn};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Deterministic: the same seed, the same history (the `SplitMix64` generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(n).unwrap()).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

const KINDS: [&str; 20] = [
    "contact_added",
    "email_sent",
    "email_sent",
    "sequence_finished",
    "sequence_paused",
    "sequence_resumed",
    "reply_received",
    "reply_received",
    "reply_classified",
    "email_bounced",
    "email_opened",
    "link_clicked",
    "message_logged",
    "meeting_booked",
    "meeting_rescheduled",
    "meeting_cancelled",
    "meeting_completed",
    "meeting_no_show",
    "follow_up_set",
    "rare",
];
const RARE: [&str; 3] = ["unsubscribed", "deal_won", "deal_declined"];
const INTENTS: [&str; 6] =
    ["interested_wants_info", "pricing_question", "not_interested", "out_of_office", "unsubscribe", "other"];

/// One request: its source and its body.
type Post = (Source, String);

fn email(contact: usize) -> String {
    format!("p{contact}@example.com")
}

/// One event of a contact, in n8n's form; a mail may be told by Smartlead too.
fn event(dice: &mut Dice, contact: usize, nth: usize) -> Vec<Post> {
    let start: DateTime<Utc> = "2025-03-01T09:00:00Z".parse().unwrap();
    // Few distinct times, so that ranks and keys have to decide too.
    let at = start + TimeDelta::hours(i64::try_from(dice.below(400)).unwrap());
    let mut kind = KINDS[dice.below(KINDS.len())];
    if kind == "rare" {
        kind = RARE[dice.below(RARE.len())];
    }
    let id = format!("{contact}.{nth}");
    let campaign = ["101", "102", "103"][dice.below(3)];
    let occurred_at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut body = json!({ "kind": kind, "email": email(contact), "id": id, "occurred_at": occurred_at, "text": format!("text {id}") });
    let fields = body.as_object_mut().unwrap();
    let mut also = None;
    match kind {
        "contact_added" => {
            fields.insert("first_name".to_owned(), json!(format!("Name{nth}")));
            fields.insert("contact_source".to_owned(), json!("clay"));
        }
        "email_sent" => {
            fields.insert("message_id".to_owned(), json!(format!("<m{id}@mail.example.com>")));
            fields.insert("thread_id".to_owned(), json!(format!("t{contact}")));
            if dice.below(4) > 0 {
                fields.insert("campaign_id".to_owned(), json!(campaign));
                fields.insert("step".to_owned(), json!(dice.below(4) + 1));
                fields.insert("last_in_sequence".to_owned(), json!(dice.below(5) == 0));
            }
        }
        "reply_received" => {
            let message_id = format!("<m{id}@mail.example.com>");
            fields.insert("message_id".to_owned(), json!(message_id));
            fields.insert("thread_id".to_owned(), json!(format!("t{contact}")));
            match dice.below(8) {
                0 => drop(fields.insert("auto_reply".to_owned(), json!("out_of_office"))),
                1 => drop(fields.insert("auto_reply".to_owned(), json!("other"))),
                2..5 => drop(fields.insert("intent".to_owned(), json!(INTENTS[dice.below(INTENTS.len())]))),
                _ => {}
            }
            if dice.below(3) == 0 {
                also = Some((Source::Smartlead, json!({
                    "event_type": "EMAIL_REPLY", "event_timestamp": occurred_at, "campaign_id": campaign,
                    "to_email": email(contact), "sl_lead_email": email(contact), "from_email": "sales@acme.example",
                    "subject": "Re: hello", "reply_message": { "message_id": message_id, "text": format!("text {id}") },
                }).to_string()));
            }
        }
        "reply_classified" => drop(fields.insert("intent".to_owned(), json!(INTENTS[dice.below(INTENTS.len())]))),
        "email_bounced" => {
            fields.insert("message_id".to_owned(), json!(format!("<b{id}@mail.example.com>")));
            fields.insert("permanent".to_owned(), json!(dice.below(2) == 0));
            fields.insert("campaign_id".to_owned(), json!(campaign));
        }
        "sequence_finished" | "sequence_paused" | "sequence_resumed" => {
            fields.insert("campaign_id".to_owned(), json!(campaign));
        }
        "message_logged" => {
            let direction = ["inbound", "outbound"][dice.below(2)];
            fields.insert("direction".to_owned(), json!(direction));
        }
        "meeting_booked" | "meeting_rescheduled" => {
            fields.insert("starts_at".to_owned(), json!((at + TimeDelta::days(3)).to_rfc3339()));
        }
        "follow_up_set" => {
            let day = at + TimeDelta::days(i64::try_from(dice.below(30)).unwrap() - 3);
            fields.insert("date".to_owned(), json!(day.date_naive().to_string()));
        }
        _ => {}
    }
    [(Source::N8n, body.to_string())].into_iter().chain(also).collect()
}

/// Thousands of requests: every kind, some with several events, a fifth of them twice, in no order at all.
fn history(seed: u64, contacts: usize) -> Vec<Post> {
    let mut dice = Dice(seed);
    let mut single = Vec::new();
    for contact in 0..contacts {
        for nth in 0..3 + dice.below(14) {
            single.extend(event(&mut dice, contact, nth));
        }
    }
    dice.shuffle(&mut single);
    let mut posts = Vec::new();
    let mut batch: Vec<String> = Vec::new();
    for (source, body) in single {
        if source == Source::N8n && dice.below(4) == 0 {
            batch.push(body);
            if batch.len() == 3 {
                posts.push((Source::N8n, format!("[{}]", batch.join(","))));
                batch.clear();
            }
        } else {
            posts.push((source, body));
        }
    }
    posts.extend(batch.into_iter().map(|body| (Source::N8n, body)));
    for _ in 0..posts.len() / 5 {
        posts.push(posts[dice.below(posts.len())].clone());
    }
    dice.shuffle(&mut posts);
    posts
}

/// What must come of a history.
struct Reference {
    /// Each contact, the fold of its events in their order.
    contacts: BTreeMap<String, (Contact, Vec<ChatRow>)>,
    /// What happened in each campaign: `sent 101`, and how often.
    campaigns: BTreeMap<String, i64>,
}

fn of_campaign(data: &EventData) -> Option<String> {
    let (what, campaign) = match data {
        EventData::EmailSent { campaign, manual: false, .. } => ("sent", campaign),
        EventData::ReplyReceived { campaign, auto_reply: None, .. } => ("replies", campaign),
        EventData::ReplyReceived { campaign, .. } => ("automatic", campaign),
        EventData::EmailBounced { campaign, .. } => ("bounced", campaign),
        EventData::Unsubscribed { campaign } => ("opt-outs", campaign),
        _ => return None,
    };
    campaign.as_ref().map(|campaign| format!("{what} {campaign}"))
}

fn reference(posts: &[Post]) -> Reference {
    let client_id = ClientId::parse("beta").unwrap();
    let received_at: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
    let mut told: BTreeMap<(Email, String), (Event, BTreeMap<Source, Facts>)> = BTreeMap::new();
    for (source, body) in posts {
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = read(*source, &ClientSources::default(), &request).unwrap();
        assert!(understood.unrecognised.is_empty() && !understood.events.is_empty(), "{body}: {understood:?}");
        for event in understood.events {
            let entry = told
                .entry((event.email.clone(), event.dedupe_key.clone()))
                .or_insert_with(|| (event.clone(), BTreeMap::new()));
            merge::add_report(&mut entry.1, event.source, &event.facts);
        }
    }
    let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut campaigns: BTreeMap<String, i64> = BTreeMap::new();
    for ((email, _), (mut event, seen)) in told {
        event.facts = merge::merged(&seen).unwrap();
        if let Some(name) = of_campaign(&event.facts.data) {
            *campaigns.entry(name).or_default() += 1;
        }
        events.entry(email.as_str().to_owned()).or_default().push(event);
    }
    let contact = |(email, events): (String, Vec<Event>)| {
        let folded = fold(&Contact::default(), &events, &Spans::default());
        (email, (folded.contact, folded.rows))
    };
    Reference { contacts: events.into_iter().map(contact).collect(), campaigns }
}

fn target(source: Source) -> (&'static str, Vec<(String, String)>) {
    match source {
        Source::Smartlead => ("/hooks/smartlead/beta?token=smartlead-token-of-beta", Vec::new()),
        Source::N8n => ("/hooks/n8n/beta", vec![("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())]),
        other => panic!("no posts are made as {other}"),
    }
}

/// Posts everything over many connections to several instances; a 503 is posted again, as a platform does.
async fn post_all(posts: &[Post], urls: &[String], connections: usize) {
    let posts = Arc::new(posts.to_vec());
    let next = Arc::new(AtomicUsize::new(0));
    let posters: Vec<_> = (0..connections)
        .map(|connection| {
            let (posts, next) = (Arc::clone(&posts), Arc::clone(&next));
            let poster = Poster::new(&urls[connection % urls.len()]).unwrap();
            tokio::spawn(async move {
                while let Some((source, body)) = posts.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let (path, headers) = target(*source);
                    for attempt in 0.. {
                        let (status, answer) = poster.post(path, &headers, body.clone()).await.unwrap();
                        let answer = String::from_utf8_lossy(&answer).into_owned();
                        match status {
                            200 => {
                                assert!(!answer.contains(r#""outcome":"dead""#), "{answer}");
                                break;
                            }
                            503 if attempt < 1_000 => {}
                            _ => panic!("{status} {answer}"),
                        }
                    }
                }
            })
        })
        .collect();
    for poster in posters {
        poster.await.unwrap();
    }
}

async fn person(place: &Place) -> Person {
    match place.address.split_once(':') {
        Some(("sqlite", _)) => {
            let options: sqlx::sqlite::SqliteConnectOptions = place.address.parse().unwrap();
            Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
        }
        _ => Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap()),
    }
}

/// A message as both sides can tell it.
fn message_of_row(row: &ChatRow) -> Value {
    json!([
        row.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        row.content,
        row.message_type,
        row.message_status,
        row.external_id,
        row.thread_id,
        row.sequence_step,
        row.campaign,
        row.marks.intent,
        row.marks.sentiment,
        row.marks.is_auto_reply,
        row.marks.requires_action,
        row.marks.action_taken,
    ])
}

fn message_of_view(row: &ChatView) -> Value {
    json!([
        row.message_timestamp,
        row.message_content,
        row.message_type,
        row.message_status,
        row.external_message_id,
        row.thread_id,
        row.sequence_step,
        row.campaign_id,
        row.ai_intent,
        row.ai_sentiment,
        row.is_auto_reply,
        row.requires_action,
        row.action_taken,
    ])
}

/// Contacts, columns, counters and conversation against the reference.
async fn compare(place: &Place, wanted: &Reference) {
    let Reference { contacts: wanted, campaigns } = wanted;
    let store = place.store().await;
    let activity = store.campaign_activity(1_000).await.unwrap();
    let counted = activity.into_iter().map(|row| (format!("{} {}", row.what, row.campaign), row.count));
    assert_eq!(&counted.collect::<BTreeMap<_, _>>(), campaigns, "what the console shows of campaigns");
    let folds = person(place).await.texts("SELECT fold AS x FROM contacts ORDER BY email").await;
    assert_eq!(folds.len(), wanted.len(), "one contact an address");
    for (email, (contact, rows)) in wanted {
        let key = ContactKey { client_id: ClientId::parse("beta").unwrap(), email: Email::parse(email).unwrap() };
        let view = store.contact(&key).await.unwrap().unwrap();
        let columns =
            (view.stage, view.reply_count, view.emails_sent_count, view.has_engaged, view.current_campaign_id);
        let campaign = contact.current_campaign.as_ref().map(|campaign| campaign.as_str().to_owned());
        let counts = (i64::from(contact.reply_count), i64::from(contact.emails_sent_count));
        assert_eq!(columns, (contact.stage, counts.0, counts.1, contact.has_engaged, campaign), "{email}");
        assert_eq!(view.follow_up_date, contact.follow_up_date.map(|date| date.to_string()), "{email}");
        let timeline = store.timeline(view.contact_id, 1_000).await.unwrap();
        let sorted = |mut messages: Vec<Value>| {
            messages.sort_by_key(Value::to_string);
            messages
        };
        let stored = sorted(timeline.messages.iter().map(message_of_view).collect());
        assert_eq!(stored, sorted(rows.iter().map(message_of_row).collect()), "{email}");
    }
    let mut stored: Vec<Contact> = folds.iter().map(|fold| serde_json::from_str(fold).unwrap()).collect();
    let mut reference: Vec<&Contact> = wanted.values().map(|(contact, _)| contact).collect();
    let order = |contact: &Contact| serde_json::to_string(contact).unwrap();
    stored.sort_by_key(order);
    reference.sort_by_key(|contact| order(contact));
    assert!(stored.iter().eq(reference), "where each fold stands, to the last field");
}

async fn random_histories(kind: Kind, instances: usize) {
    let (rounds, contacts) = if is_long() { (5, 3_000) } else { (1, 250) };
    for round in 0..rounds {
        let place = Place::on(kind, "").await;
        let served: Vec<Served> = (0..instances).map(|_| place.serve()).collect();
        let urls: Vec<String> = served.iter().map(|served| served.url.clone()).collect();
        let posts = history(round, contacts);
        post_all(&posts, &urls, 32).await;
        compare(&place, &reference(&posts)).await;
        if kind == Kind::Postgres {
            drop(served);
            let deadlocks = "SELECT deadlocks AS x FROM pg_stat_database WHERE datname = current_database()";
            assert_eq!(person(&place).await.texts(deadlocks).await, ["0"]);
        }
        if is_long() {
            eprintln!("history {round} on {kind:?}: {} requests over {instances} instances", posts.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_history_over_two_processes_and_many_connections_is_its_fold_on_sqlite() {
    random_histories(Kind::Sqlite, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_history_over_four_processes_and_many_connections_is_its_fold_on_postgres() {
    random_histories(Kind::Postgres, 4).await;
}

/// A reply of one of forty people, each message once; every third is positive.
fn reply(number: usize) -> String {
    let intent = if number.is_multiple_of(3) { r#","intent":"interested_wants_info""# } else { "" };
    format!(
        r#"{{"kind":"reply_received","email":"{}","id":"r{number}","occurred_at":"2025-03-01T09:{:02}:{:02}Z","text":"n {number}"{intent}}}"#,
        email(number % 40),
        number / 60 % 60,
        number % 60
    )
}

/// Posts numbered replies until the service is gone; gives the numbers that were acknowledged.
async fn post_until_dead(
    url: String,
    numbers: impl Iterator<Item = usize>,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<usize> {
    let poster = Poster::new(&url).unwrap();
    let (path, headers) = target(Source::N8n);
    let mut mine = Vec::new();
    for number in numbers {
        match poster.post(path, &headers, reply(number)).await {
            Ok((200, answer)) => {
                assert!(!String::from_utf8_lossy(&answer).contains(r#""outcome":"dead""#));
                mine.push(number);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Ok((503, _)) => {}
            Ok((status, body)) => panic!("{status} {}", String::from_utf8_lossy(&body)),
            Err(_gone) => break,
        }
    }
    mine
}

/// kill -9 in the middle of the load, again and again; one of the instances lives on where there are several.
async fn kill_again_and_again(kind: Kind, instances: usize) {
    let rounds = if is_long() { 100 } else { 5 };
    let clock = Clock::default();
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-sandbox", clock.now()).await.unwrap();
    let airtable =
        format!("[airtable]\ntoken = \"pat-sandbox\"\nbase_id = \"appTest\"\napi_url = \"{}\"\n", sandbox.url());
    let place = Place::on(kind, &airtable).await;
    let mut dice = Dice(7);
    let mut acknowledged = BTreeSet::new();
    let mut posted = 0;
    let mut served: Vec<Served> = (0..instances).map(|_| place.serve()).collect();
    for round in 0..rounds {
        let count = Arc::new(AtomicUsize::new(0));
        let posters: Vec<_> = (0..8)
            .map(|connection| {
                let url = served[connection % instances].url.clone();
                let numbers = (posted + connection..posted + 2_000).step_by(8);
                tokio::spawn(post_until_dead(url, numbers, Arc::clone(&count)))
            })
            .collect();
        posted += 2_000;
        // The moment is a count of answers, so that it always falls into the middle of the load.
        let moment = 20 + dice.below(120);
        while count.load(Ordering::SeqCst) < moment {
            tokio::task::yield_now().await;
        }
        for instance in &mut served {
            instance.kill();
        }
        for poster in posters {
            acknowledged.extend(poster.await.unwrap());
        }
        if round + 1 < rounds {
            served = (0..instances).map(|_| place.serve()).collect();
        }
        if is_long() && (round + 1) % 10 == 0 {
            eprintln!("{} kills on {kind:?}, {} acknowledged", (round + 1) * instances, acknowledged.len());
        }
    }
    let person = person(&place).await;
    let keys = person.texts("SELECT dedupe_key AS x FROM events").await;
    let stored: BTreeSet<usize> = keys.iter().map(|key| key.rsplit_once('r').unwrap().1.parse().unwrap()).collect();
    assert_eq!(keys.len(), stored.len(), "no event twice");
    let lost: Vec<&usize> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // What is stored is what the fold of the stored says: no half of anything, no stage off.
    let posts: Vec<Post> = stored.iter().map(|number| (Source::N8n, reply(*number))).collect();
    compare(&place, &reference(&posts)).await;
    // Everything again, as a platform would: nothing is added.
    let again = place.serve();
    post_all(&posts[..posts.len().min(300)], std::slice::from_ref(&again.url), 8).await;
    drop(again);
    assert_eq!(person.texts("SELECT count(*) AS x FROM chat_history").await, [stored.len().to_string()]);
    drain(&place.store().await, &sandbox, &clock).await;
    let leads = sandbox.with(|base| base.leads().clone());
    let subjects: BTreeSet<String> = leads.values().map(|lead| lead["Supabase Contact ID"].to_string()).collect();
    let engaged = person.texts("SELECT count(*) AS x FROM contacts WHERE has_engaged").await;
    assert_eq!(
        [leads.len().to_string(), subjects.len().to_string()],
        [engaged[0].clone(), engaged[0].clone()],
        "one lead a contact"
    );
    assert_eq!(person.texts("SELECT count(*) AS x FROM contacts WHERE airtable_lead_id IS NULL").await, ["0"]);
}

/// The real time and what was added to it.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicUsize>);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the processes beside it live in real time")]
    fn now(&self) -> Now {
        let added = Arc::clone(&self.0);
        Arc::new(move || Utc::now() + TimeDelta::milliseconds(i64::try_from(added.load(Ordering::SeqCst)).unwrap()))
    }

    fn pause(&self) -> Pause {
        let (clock, now) = (self.clone(), self.now());
        Arc::new(move |until| {
            clock.forward(until - now());
            Box::pin(async {})
        })
    }

    fn forward(&self, time: TimeDelta) {
        self.0.fetch_add(usize::try_from(time.num_milliseconds().max(1)).unwrap(), Ordering::SeqCst);
    }
}

/// Works off all leads, an hour on, when every lost lease has ended; instead of waiting, time is moved for both sides.
async fn drain(store: &Store, sandbox: &Sandbox, clock: &Clock) {
    clock.forward(TimeDelta::hours(1));
    let airtable = Airtable::new(Secret::new("pat-sandbox"), "appTest", &sandbox.url()).unwrap();
    let settings = AirtableSettings::new(airtable, Fetcher::new().unwrap());
    let mut dispatcher = Dispatcher::new(store.clone(), Rules::default(), clock.now(), clock.pause(), Some(settings));
    loop {
        match dispatcher.turn().await.unwrap() {
            Turn::Idle => return,
            Turn::Worked(_) => {}
            Turn::Wait(until) => clock.forward(until - clock.now()()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_nothing_and_doubles_nothing_on_sqlite() {
    kill_again_and_again(Kind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_nothing_and_doubles_nothing_on_postgres() {
    kill_again_and_again(Kind::Postgres, 4).await;
}
