//! Bookings from the page to the database: real signed bytes of Cal.com's and Calendly's stand-ins, over a real socket, on both
//! databases.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there is a failed test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Database;
use common::clock::Clock;
use common::place::Place;
use sales_engine::config;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Intake};
use sales_engine::listener::{App, serve};
use sales_engine::sandbox::Posted;
use sales_engine::sandbox::booking::{Person, Refused};
use sales_engine::sandbox::calcom::{Calcom, Webhook};
use sales_engine::sandbox::calendly::{Calendly, NoShowShape, State};
use sales_engine::store::views::{ContactView, DeliveryFilter};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a-secret-of-acme-at-cal-com";
const KEY: &str = "a-signing-key-of-acme-at-calendly";

/// The service in this process, at an address of its own.
struct Service {
    url: String,
    app: Arc<App>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    intake: Intake,
}

impl Service {
    async fn start(database: &Database, clock: &Clock, config: &str) -> Self {
        let config = Arc::new(config::load(Some(("test", config)), &|_| None).unwrap());
        let now = clock.now();
        let store = database.store.clone();
        let (handle, intake) = intake::start(&store, &config.rules, &now, TriggerType::Webhook, 1_000, 50, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let app = Arc::new(App::new(config, handle, store, now));
        let serving = tokio::spawn(serve(listener, Arc::clone(&app), stop.clone()));
        Self { url, app, stop, serving, intake }
    }

    fn hook(&self, path: &str) -> String {
        format!("{}/hooks/{path}", self.url)
    }

    async fn stop(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
        drop(self.app);
        self.intake.finished().await;
    }
}

/// Both pages for a client, with the same secrets.
fn client(name: &str) -> String {
    format!("[clients.{name}.calcom]\nsecrets = [\"{SECRET}\"]\n[clients.{name}.calendly]\nsecrets = [\"{KEY}\"]\n")
}

const TENANTS: &str = r#"
[clients.acme.calcom]
secrets = ["a-secret-of-acme-at-cal-com"]
[clients.acme.calendly]
secrets = ["a-signing-key-of-acme-at-calendly"]
[clients.beta.calcom]
secrets = ["a-secret-of-beta-at-cal-com"]
[clients.beta.calendly]
secrets = ["a-signing-key-of-beta-at-calendly"]
[clients.gamma.n8n]
secrets = ["a-secret-of-gamma"]
"#;

/// What somebody does at the page with the booking of that uid.
type Act = fn(&mut Calcom, &mut String) -> Result<(), Refused>;

fn ada() -> Person {
    Person::new("Ada Berg", "ada@example.com")
}

fn bea() -> Person {
    Person::new("Bea Orth", "bea@example.net")
}

fn day(day: u32) -> DateTime<Utc> {
    format!("2026-10-{day:02}T14:00:00Z").parse().unwrap()
}

async fn contact(database: &Database, client: &str, email: &str) -> Option<ContactView> {
    let key = ContactKey { client_id: ClientId::parse(client).unwrap(), email: Email::parse(email).unwrap() };
    database.store.contact(&key).await.unwrap()
}

async fn stage(database: &Database, client: &str, email: &str) -> Stage {
    contact(database, client, email).await.unwrap().stage
}

fn outcome(posted: &Posted) -> String {
    let answer: Value = serde_json::from_str(&posted.body).unwrap();
    answer["outcome"].as_str().unwrap().to_owned()
}

/// Everything that follows from a client's deliveries, without the ids that differ from client to client.
async fn state(database: &Database, client: &str) -> Vec<String> {
    let person = database.person().await;
    let mut all = Vec::new();
    for statement in [
        format!("SELECT email AS x FROM contacts WHERE client_id = '{client}' ORDER BY email"),
        format!("SELECT fold AS x FROM contacts WHERE client_id = '{client}' ORDER BY email"),
        format!(
            "SELECT lead_status || ' ' || pipeline_status || ' ' || coalesce(CAST(follow_up_date AS TEXT), '-') || ' ' ||
                coalesce(follow_up_reason, '-') || ' ' || coalesce(phone, '-') || ' ' || coalesce(first_name, '-') AS x
             FROM contacts WHERE client_id = '{client}' ORDER BY email"
        ),
        format!(
            "SELECT CAST(message_timestamp AS TEXT) || ' ' || platform || ' ' || message_type || ' ' || message_content || ' ' ||
                contact_identifier || ' ' || coalesce(contact_name, '-') || ' ' || coalesce(account_identifier, '-') || ' ' ||
                coalesce(external_message_id, '-') AS x
             FROM chat_history WHERE session_id LIKE '{client}:%' ORDER BY message_timestamp, message_content"
        ),
        format!(
            "SELECT dedupe_key || ' ' || stage_before || ' ' || stage_after || ' ' || rule AS x
             FROM events WHERE client_id = '{client}' ORDER BY dedupe_key"
        ),
    ] {
        all.extend(person.texts(&statement).await);
    }
    all
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in permutations(count - 1) {
        for place in 0..count {
            let mut one = shorter.clone();
            one.insert(place, count - 1);
            all.push(one);
        }
    }
    all
}

/// What posts one delivery to a client; a pair of a source and its stand-in's bytes.
#[derive(Clone)]
enum Deliveries {
    Calcom(Arc<Vec<Webhook>>),
    Calendly(Arc<(Calendly, Vec<String>)>),
}

impl Deliveries {
    fn count(&self) -> usize {
        match self {
            Self::Calcom(webhooks) => webhooks.len(),
            Self::Calendly(page) => page.1.len(),
        }
    }

    async fn post(&self, hooks: &str, client: &str, index: usize) -> Posted {
        let posted = match self {
            Self::Calcom(webhooks) => webhooks[index].post(&format!("{hooks}/calcom/{client}")).await,
            Self::Calendly(page) => page.0.post(&format!("{hooks}/calendly/{client}"), &page.1[index]).await,
        };
        posted.unwrap()
    }
}

/// The same deliveries in every order, each order for a client of its own, some of them twice: the same state, to the last field.
async fn any_order(database: &Database, clock: &Clock, story: &str, deliveries: Deliveries, stage_wanted: Stage) {
    let orders = permutations(deliveries.count());
    let config: String = (0..orders.len()).map(|order| client(&format!("o{order}"))).collect();
    let service = Service::start(database, clock, &config).await;
    let hooks = service.hook("").trim_end_matches('/').to_owned();
    for (at, chunk) in orders.chunks(24).enumerate() {
        let posting: Vec<JoinHandle<()>> = chunk
            .iter()
            .enumerate()
            .map(|(nth, order)| {
                let (order, hooks, deliveries) = (order.clone(), hooks.clone(), deliveries.clone());
                let number = at * 24 + nth;
                tokio::spawn(async move {
                    let client = format!("o{number}");
                    for &index in &order {
                        assert_eq!(deliveries.post(&hooks, &client, index).await.status, 200);
                    }
                    if number.is_multiple_of(7) {
                        for &index in order.iter().rev() {
                            let again = deliveries.post(&hooks, &client, index).await;
                            assert!(["duplicate", "ignored"].contains(&outcome(&again).as_str()), "{again:?}");
                        }
                    }
                })
            })
            .collect();
        for one in posting {
            one.await.unwrap();
        }
    }
    service.stop().await;
    let expected = state(database, "o0").await;
    assert_eq!(stage(database, "o0", "ada@example.com").await, stage_wanted, "{story}");
    for (number, order) in orders.iter().enumerate() {
        assert_eq!(state(database, &format!("o{number}")).await, expected, "{story}: {order:?}");
    }
}

/// Booked, paid, moved, missed, taken back.
fn a_missed_meeting(clock: &Clock) -> Result<Calcom, Refused> {
    let mut page = Calcom::new(Some(SECRET), clock.now());
    let uid = page.book(&[ada()], day(10));
    clock.forward(TimeDelta::minutes(1));
    page.pay(&uid)?;
    clock.forward(TimeDelta::minutes(1));
    let moved = page.reschedule(&uid, None, day(12))?;
    clock.set("2026-10-12T14:10:00Z");
    page.mark(&moved, &[("ada@example.com", true)])?;
    clock.forward(TimeDelta::minutes(1));
    page.mark(&moved, &[("ada@example.com", false)])?;
    Ok(page)
}

/// Missed, taken back, missed after all: three facts.
fn marked_twice(clock: &Clock) -> Result<Calcom, Refused> {
    let mut page = Calcom::new(Some(SECRET), clock.now());
    let uid = page.book(&[ada()], day(10));
    clock.set("2026-10-10T14:10:00Z");
    for missed in [true, false, true] {
        clock.forward(TimeDelta::minutes(1));
        page.mark(&uid, &[("ada@example.com", missed)])?;
    }
    Ok(page)
}

/// Two at once: the first is cancelled, the second moved and then cancelled too.
fn two_meetings(clock: &Clock) -> Result<Calcom, Refused> {
    let mut page = Calcom::new(Some(SECRET), clock.now());
    let first = page.book(&[ada()], day(20));
    clock.forward(TimeDelta::minutes(1));
    let second = page.book(&[ada()], day(15));
    clock.forward(TimeDelta::minutes(1));
    page.cancel(&first)?;
    clock.forward(TimeDelta::minutes(1));
    let moved = page.reschedule(&second, None, day(25))?;
    clock.forward(TimeDelta::minutes(1));
    page.cancel(&moved)?;
    Ok(page)
}

/// Both halves of a move among them.
fn a_moved_invitee(clock: &Clock) -> Result<Calendly, Refused> {
    let mut page = Calendly::new(KEY, clock.now());
    let invitee = page.book(&ada(), day(10));
    clock.forward(TimeDelta::minutes(1));
    let moved = page.reschedule(&invitee, None, day(12))?;
    clock.set("2026-10-12T14:10:00Z");
    page.mark(&moved, NoShowShape::Whole)?;
    clock.forward(TimeDelta::minutes(1));
    page.unmark(&moved, NoShowShape::Whole)?;
    Ok(page)
}

on_both! {
    async fn cal_coms_deliveries_end_the_same_in_any_order(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let webhooks = Arc::new(a_missed_meeting(&clock).unwrap().take());
        assert_eq!(webhooks.len(), 5);
        any_order(&database, &clock, "a missed meeting", Deliveries::Calcom(webhooks), Stage::MeetingBooked).await;
    }
}

on_both! {
    async fn a_mark_that_changes_its_mind_ends_the_same_in_any_order(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let webhooks = Arc::new(marked_twice(&clock).unwrap().take());
        any_order(&database, &clock, "marked twice", Deliveries::Calcom(webhooks), Stage::NoShow).await;
        let texts = database.person().await.texts("SELECT message_content AS x FROM chat_history WHERE session_id LIKE 'o0:%'").await;
        assert_eq!(texts.len(), 4, "{texts:?}");
    }
}

on_both! {
    async fn two_meetings_at_once_end_the_same_in_any_order(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let webhooks = Arc::new(two_meetings(&clock).unwrap().take());
        any_order(&database, &clock, "two meetings", Deliveries::Calcom(webhooks), Stage::Interested).await;
    }
}

on_both! {
    async fn calendlys_deliveries_end_the_same_in_any_order(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let mut page = a_moved_invitee(&clock).unwrap();
        let bodies: Vec<String> = page.take().into_iter().map(|waiting| waiting.body).collect();
        assert_eq!(bodies.len(), 5);
        let deliveries = Deliveries::Calendly(Arc::new((page, bodies)));
        any_order(&database, &clock, "a moved invitee", deliveries, Stage::MeetingBooked).await;
    }
}

on_both! {
    async fn a_calendar_and_its_contact_tell_the_same_story(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let hook = service.hook("calcom/acme");
        let mut page = Calcom::new(Some(SECRET), clock.now());
        let guest = Person::new("Gus Guest", "gus@example.org");
        let mut uid = String::new();
        // What happens at the page, what the service says of it, and where the contact is afterwards.
        let acts: [(&str, Act, &str, Stage, Option<&str>); 11] = [
            ("a test", |page, _| { page.ping(); Ok(()) }, "ignored", Stage::New, None),
            ("asked for", |page, uid| { *uid = page.request(&[ada(), Person::new("Gus Guest", "gus@example.org")], day(10)); Ok(()) }, "ignored", Stage::New, None),
            ("confirmed", |page, uid| page.confirm(uid), "applied", Stage::MeetingBooked, Some("2026-10-10")),
            ("paid", |page, uid| page.pay(uid), "duplicate", Stage::MeetingBooked, Some("2026-10-10")),
            ("another time is asked for", |page, uid| page.ask_for_another_time(uid), "applied", Stage::MeetingBooked, Some("2026-10-10")),
            ("moved", |page, uid| { *uid = page.reschedule(uid, None, day(12))?; Ok(()) }, "applied", Stage::MeetingBooked, Some("2026-10-12")),
            ("the end passes", |page, uid| page.end(uid), "ignored", Stage::MeetingBooked, Some("2026-10-12")),
            ("a guest was missed", |page, uid| page.mark(uid, &[("gus@example.org", true)]), "ignored", Stage::MeetingBooked, Some("2026-10-12")),
            ("nobody came", |page, uid| page.notice_that_nobody_came(uid), "applied", Stage::NoShow, Some("2026-10-02")),
            ("she came late", |page, uid| page.mark(uid, &[("ada@example.com", false)]), "applied", Stage::MeetingBooked, Some("2026-10-12")),
            ("cancelled", |page, uid| page.cancel(uid), "applied", Stage::Interested, None),
        ];
        for (what, act, expected, stage, follow_up) in acts {
            clock.forward(TimeDelta::minutes(1));
            act(&mut page, &mut uid).unwrap();
            let answers = page.deliver(&hook).await;
            assert_eq!(answers.len(), 1, "{what}");
            let posted = answers[0].as_ref().unwrap();
            // Paid a minute later it is told anew, with nothing new in it.
            assert_eq!((posted.status, outcome(posted).as_str()), (200, expected), "{what}: {}", posted.body);
            let view = contact(&database, "acme", "ada@example.com").await;
            let found = view.as_ref().map_or((Stage::New, None), |view| (view.stage, view.follow_up_date.as_deref()));
            assert_eq!(found, (stage, follow_up), "{what}");
        }
        assert!(contact(&database, "acme", &guest.email).await.is_none(), "guests are no contacts");
        let person = database.person().await;
        let alerts = person.texts("SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert:%'").await;
        assert_eq!(alerts, ["alert: Cal.com: the host asked for another time of the booking bk00000000; see that one is chosen"]);
        let texts = person.texts("SELECT message_content AS x FROM chat_history ORDER BY message_timestamp").await;
        let expected = [
            "Meeting booked for 2026-10-10 14:00 UTC: Intro call between Hanna Host and Ada Berg",
            "Meeting moved for 2026-10-12 14:00 UTC: Intro call between Hanna Host and Ada Berg",
            "Meeting missed for 2026-10-12 14:00 UTC: Intro call between Hanna Host and Ada Berg",
            "Meeting not missed after all for 2026-10-12 14:00 UTC",
            "Meeting cancelled for 2026-10-12 14:00 UTC: Intro call between Hanna Host and Ada Berg",
        ];
        assert_eq!(texts, expected);
        service.stop().await;
    }
}

on_both! {
    async fn a_booking_is_its_contacts_whatever_address_moves_it(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let hook = service.hook("calcom/acme");
        let mut page = Calcom::new(Some(SECRET), clock.now());
        let uid = page.book(&[ada()], day(10));
        clock.forward(TimeDelta::minutes(1));
        let moved = page.reschedule(&uid, Some(&bea()), day(11)).unwrap();
        clock.forward(TimeDelta::minutes(1));
        let again = page.reschedule(&moved, None, day(12)).unwrap();
        clock.forward(TimeDelta::minutes(1));
        page.mark(&again, &[("bea@example.net", true)]).unwrap();
        let webhooks = page.take();
        for webhook in webhooks.iter().chain(&webhooks) {
            assert_eq!(webhook.post(&hook).await.unwrap().status, 200);
        }
        let view = contact(&database, "acme", "ada@example.com").await.unwrap();
        assert_eq!((view.stage, view.first_name.as_deref()), (Stage::NoShow, Some("Ada")));
        assert!(contact(&database, "acme", "bea@example.net").await.is_none(), "she booked for Ada");
        let person = database.person().await;
        let who = person.texts("SELECT contact_identifier AS x FROM chat_history ORDER BY message_timestamp").await;
        assert_eq!(who, ["ada@example.com", "bea@example.net", "bea@example.net", "bea@example.net"]);

        // Calendly: moved under another address, and marked by an object that names no address at all.
        let hook = service.hook("calendly/acme");
        let mut page = Calendly::new(KEY, clock.now());
        let cleo = Person::new("Cleo Dahl", "cleo@example.org");
        let invitee = page.book(&cleo, day(10));
        clock.forward(TimeDelta::minutes(1));
        let moved = page.reschedule(&invitee, Some(&bea()), day(11)).unwrap();
        clock.forward(TimeDelta::minutes(1));
        page.mark(&moved, NoShowShape::Small).unwrap();
        assert_eq!(page.deliver_due(&hook).await, [200, 200, 200, 200]);
        assert_eq!(stage(&database, "acme", "cleo@example.org").await, Stage::NoShow);
        clock.forward(TimeDelta::minutes(1));
        page.unmark(&moved, NoShowShape::Small).unwrap();
        assert_eq!(page.deliver_due(&hook).await, [200]);
        assert_eq!(stage(&database, "acme", "cleo@example.org").await, Stage::MeetingBooked);
        assert!(contact(&database, "acme", "bea@example.net").await.is_none());
        service.stop().await;
    }
}

on_both! {
    async fn a_mark_without_an_address_waits_for_its_booking(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let hook = service.hook("calendly/acme");
        let mut page = Calendly::new(KEY, clock.now());
        let invitee = page.book(&ada(), day(1));
        clock.forward(TimeDelta::minutes(1));
        page.mark(&invitee, NoShowShape::Small).unwrap();
        let bodies: Vec<String> = page.take().into_iter().map(|waiting| waiting.body).collect();
        let (booking, mark) = (&bodies[0], &bodies[1]);
        let early = page.post(&hook, mark).await.unwrap();
        assert_eq!((early.status, outcome(&early).as_str()), (200, "unrecognised"), "{}", early.body);
        let kept = DeliveryFilter { outcome: Some(Outcome::Unrecognised), limit: 10, ..DeliveryFilter::default() };
        let kept = database.store.deliveries(&kept).await.unwrap();
        assert!(kept.len() == 1 && kept[0].reason.as_ref().unwrap().contains("replay it once the booking is here"), "{kept:?}");
        assert_eq!(outcome(&page.post(&hook, booking).await.unwrap()), "applied");
        assert_eq!(stage(&database, "acme", "ada@example.com").await, Stage::MeetingBooked);
        assert_eq!(outcome(&page.post(&hook, mark).await.unwrap()), "applied", "replayed after it");
        assert_eq!(stage(&database, "acme", "ada@example.com").await, Stage::NoShow);
        assert_eq!(outcome(&page.post(&hook, mark).await.unwrap()), "duplicate");
        service.stop().await;
    }
}

on_both! {
    async fn one_clients_bookings_tell_nothing_of_anothers(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let mut of_acme = Calcom::new(Some(SECRET), clock.now());
        let uid = of_acme.book(&[ada()], day(10));
        let booked = of_acme.take();
        assert_eq!(booked[0].post(&service.hook("calcom/acme")).await.unwrap().status, 200);
        let mut calendly_of_acme = Calendly::new(KEY, clock.now());
        calendly_of_acme.book(&ada(), day(10));
        calendly_of_acme.deliver_due(&service.hook("calendly/acme")).await;
        let before = state(&database, "acme").await;
        clock.forward(TimeDelta::minutes(1));
        // Beta's page counts its bookings from nought too: the same ids, other people.
        let mut of_beta = Calcom::new(Some("a-secret-of-beta-at-cal-com"), clock.now());
        let eve = Person::new("Eve Falk", "eve@example.org");
        assert_eq!(of_beta.book(std::slice::from_ref(&eve), day(20)), uid);
        drop(of_beta.take());
        clock.forward(TimeDelta::minutes(1));
        let moved = of_beta.reschedule(&uid, None, day(21)).unwrap();
        clock.forward(TimeDelta::minutes(1));
        of_beta.cancel(&moved).unwrap();
        for webhook in of_beta.take() {
            assert_eq!(webhook.post(&service.hook("calcom/acme")).await.unwrap().status, 401, "beta's secret at acme's door");
            assert_eq!(webhook.post(&service.hook("calcom/beta")).await.unwrap().status, 200);
        }
        let mut calendly_of_beta = Calendly::new("a-signing-key-of-beta-at-calendly", clock.now());
        let invitee = calendly_of_beta.book(&eve, day(20));
        drop(calendly_of_beta.take());
        clock.forward(TimeDelta::minutes(1));
        calendly_of_beta.mark(&invitee, NoShowShape::Small).unwrap();
        let mark = calendly_of_beta.take().remove(0).body;
        let posted = calendly_of_beta.post(&service.hook("calendly/beta"), &mark).await.unwrap();
        assert_eq!((posted.status, outcome(&posted).as_str()), (200, "unrecognised"), "acme's invitee of that id is not beta's");
        assert_eq!(calendly_of_beta.post(&service.hook("calendly/acme"), &mark).await.unwrap().status, 401);
        assert_eq!(state(&database, "acme").await, before, "nothing of acme's was touched");
        assert_eq!(stage(&database, "beta", "eve@example.org").await, Stage::Interested);
        assert!(contact(&database, "beta", "ada@example.com").await.is_none());
        service.stop().await;
    }
}

on_both! {
    async fn nothing_unproven_is_stored(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let (calcom, calendly) = (service.hook("calcom/acme"), service.hook("calendly/acme"));
        let webhook = |secret: Option<&str>| {
            let mut page = Calcom::new(secret, clock.now());
            page.book(&[ada()], day(10));
            page.take().remove(0)
        };
        let with = |headers: Vec<(String, String)>, body: &str| Webhook { headers, body: body.to_owned() };
        let good = webhook(Some(SECRET));
        let other = webhook(Some(SECRET)).body.replace("ada@", "eve@");
        let rows = [
            ("a webhook without a secret", webhook(None), "enter one there"),
            ("another secret", webhook(Some("another-secret")), "does not hold"),
            ("another body under a good signature", with(good.headers.clone(), &other), "does not hold"),
            ("no signature", with(Vec::new(), &good.body), "is missing"),
        ];
        for (what, webhook, part) in rows {
            let posted = webhook.post(&calcom).await.unwrap();
            assert!(posted.status == 401 && posted.body.contains(part), "{what}: {posted:?}");
        }
        let mut page = Calendly::new(KEY, clock.now());
        page.book(&ada(), day(10));
        let body = page.take().remove(0).body;
        let now = clock.now()();
        let mut answers = Vec::new();
        for seconds in [-181, 181, -86_400] {
            answers.push(page.post_at(&calendly, &body, now + TimeDelta::seconds(seconds)).await);
        }
        answers.push(Calendly::new("another-signing-key", clock.now()).post(&calendly, &body).await);
        answers.push(with(Vec::new(), &body).post(&calendly).await);
        answers.push(good.post(&calendly).await);
        answers.push(good.post(&service.hook("calcom/gamma")).await);
        for answer in answers {
            assert_eq!(answer.unwrap().status, 401);
        }
        let counts = database.store.counts().await.unwrap();
        assert!(counts.contacts.is_empty() && counts.deliveries.is_empty() && counts.events == 0, "{counts:?}");
        for seconds in [-180, 180] {
            let posted = page.post_at(&calendly, &body, now + TimeDelta::seconds(seconds)).await.unwrap();
            assert_eq!(posted.status, 200, "within the tolerance");
        }
        assert_eq!(good.post(&calcom).await.unwrap().status, 200);
        service.stop().await;
    }
}

on_both! {
    async fn the_pages_come_again_as_they_do(database: Database) {
        let clock = Clock::at("2026-10-01T09:00:00Z");
        let service = Service::start(&database, &clock, TENANTS).await;
        let hook = service.hook("calendly/acme");
        service.stop().await;
        let mut page = Calendly::new(KEY, clock.now());
        page.book(&ada(), day(10));
        assert_eq!(page.deliver_due(&hook).await, [0], "nobody is there");
        assert_eq!(page.retry_started_at(), Some(clock.now()()));
        assert_eq!(page.deliver_due(&hook).await, [] as [u16; 0], "not yet due again");
        let mut unsent = Calcom::new(Some(SECRET), clock.now());
        unsent.book(&[bea()], day(10));
        assert!(unsent.deliver(&hook).await[0].is_err() && unsent.take().is_empty(), "Cal.com tries once");

        // Hours later the service is back; each retry is signed anew.
        for _ in 0..8 {
            clock.to(page.next_due().unwrap());
            assert_eq!(page.deliver_due(&hook).await, [0]);
        }
        let service = Service::start(&database, &clock, TENANTS).await;
        let hook = service.hook("calendly/acme");
        clock.to(page.next_due().unwrap());
        assert_eq!(page.deliver_due(&hook).await, [200]);
        assert_eq!((page.state(), page.retry_started_at(), page.next_due()), (State::Active, None, None));
        assert_eq!(stage(&database, "acme", "ada@example.com").await, Stage::MeetingBooked);

        // A wrong key is refused for a day, and the subscription is gone.
        let mut wrong = Calendly::new("another-signing-key", clock.now());
        wrong.book(&bea(), day(12));
        let mut tries = 0;
        while let Some(due) = wrong.next_due() {
            clock.to(due);
            assert_eq!(wrong.deliver_due(&hook).await, [401]);
            tries += 1;
        }
        assert!(wrong.state() == State::Disabled && tries > 20, "after {tries} tries");
        wrong.book(&bea(), day(13));
        assert_eq!(wrong.deliver_due(&hook).await, [] as [u16; 0], "nothing comes any more");
        service.stop().await;
    }
}

on_both! {
    async fn all_payloads_are_signed_and_posted_again_without_effect(database: Database) {
        let kind = database.kind;
        drop(database);
        let extra = client("acme").replace(SECRET, "secret-of-acme-at-cal-com").replace(KEY, "key-of-acme-at-calendly");
        let place = Place::on(kind, &extra).await;
        let served = place.serve();
        for source in ["calcom", "calendly"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(source);
            let replay = || place.json(&["replay", folder.to_str().unwrap(), "--to", &served.url, "--json"]);
            let first = replay();
            let first = first.as_array().unwrap();
            assert!(first.len() > 30 && first.iter().all(|one| one["status"] == 200), "{source}: {first:?}");
            assert!(first.iter().all(|one| one["outcome"] != "dead"), "{source}: {first:?}");
            assert!(first.iter().any(|one| one["outcome"] == "applied"), "{source}");
            for one in replay().as_array().unwrap() {
                let changed = one["events"].as_array().unwrap().iter().any(|event| event["outcome"] != "duplicate");
                assert!(!changed, "posted again, yet not a duplicate: {one}");
            }
        }
        let shown = place.json(&["contact", "show", "oskar.pohl@example.com", "--json"]);
        assert_eq!(shown["contact"]["stage"], "NoShow", "{shown}");
        let shown = place.json(&["contact", "show", "ada.berg@example.com", "--json"]);
        assert_eq!(shown["contact"]["stage"], "NoShow", "{shown}");
    }
}
