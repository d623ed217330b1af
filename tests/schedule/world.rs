//! A database, a clock that stands still until it is set, and the scheduler by hand or by the clock.

pub(crate) use crate::common::clock::Clock;
use crate::common::{Database, Kind, Person};
use sales_engine::domain::event::Source;
use sales_engine::domain::follow_up::Spans;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::domain::zone::{Zone, Zones};
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use sales_engine::store::views::ContactView;
use sales_engine::tasks::{Dispatcher, Job, JobReport, Pause, ScheduleSettings, Sweep, Turn};
use serde_json::{Value, json};
use std::sync::Arc;

const TURNS_MAX: usize = 200;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) person: Person,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) settings: ScheduleSettings,
}

pub(crate) fn client(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

impl World {
    /// With the clients' zones.
    pub(crate) async fn new(database: Database, zones: &[(&str, &str)]) -> Self {
        let person = database.person().await;
        let by_client = zones.iter().map(|(name, zone)| (client(name), Zone::parse(zone).unwrap())).collect();
        let spans = Spans { zones: Zones::new(by_client), ..Spans::default() };
        let settings = ScheduleSettings {
            clients: zones.iter().map(|(name, _)| client(name)).collect(),
            bodies_days: Some(90),
            tasks_days: Some(30),
            ..ScheduleSettings::default()
        };
        let clock = Clock::at("2026-10-20T12:00:00Z");
        Self { database, person, clock, rules: Rules { spans, ..Rules::default() }, settings }
    }

    /// Posts events in n8n's form for a client, received now.
    pub(crate) async fn post(&self, client_id: &str, events: Value) {
        let client_id = client(client_id);
        let received_at = self.clock.now()();
        let body = events.to_string();
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = read(Source::N8n, &ClientSources::default(), &request).unwrap();
        assert!(understood.unrecognised.is_empty(), "{:?}", understood.unrecognised);
        let (handle, running) =
            intake::start(&self.database.store, &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let delivery = Delivery {
            client_id: client_id.clone(),
            source: Source::N8n,
            received_at,
            understood,
            body_sha256: [0; 32],
        };
        let answer = handle.submit(delivery).await.unwrap();
        assert_eq!(answer.outcome, Outcome::Applied, "{answer:?}");
        drop(handle);
        running.finished().await;
    }

    pub(crate) fn sweep_on(&self, store: Store) -> Sweep {
        Sweep::new(store, self.rules.clone(), self.clock.now(), self.settings.clone())
    }

    /// One job by hand, at a time.
    pub(crate) async fn sweep(&self, time: &str, job: Job) -> JobReport {
        self.clock.set(time);
        let reports = self.sweep_on(self.database.store.clone()).by_hand(&[job], &[], false).await.unwrap();
        let [report] = <[JobReport; 1]>::try_from(reports).unwrap();
        assert!(report.is_complete(), "{report:?}");
        report
    }

    pub(crate) fn dispatcher(&self, store: Store) -> Dispatcher {
        let pause: Pause = Arc::new(|_| Box::pin(async {}));
        Dispatcher::new(store, self.rules.clone(), self.clock.now(), pause, None).with_schedule(self.settings.clone())
    }

    /// The service at a time, until it has nothing to do; gives the number of tasks it worked on.
    pub(crate) async fn run(&self, time: &str, dispatcher: &mut Dispatcher) -> usize {
        self.clock.set(time);
        let mut worked = 0;
        for _ in 0..TURNS_MAX {
            match dispatcher.turn().await.unwrap() {
                Turn::Worked(count) => worked += count,
                Turn::Idle => return worked,
                Turn::Wait(until) => panic!("nothing is to be waited for, but {until}"),
            }
        }
        panic!("there is always more to do");
    }

    pub(crate) async fn contact(&self, client_id: &str, email: &str) -> ContactView {
        let key = ContactKey { client_id: client(client_id), email: Email::parse(email).unwrap() };
        self.database.store.contact(&key).await.unwrap().unwrap()
    }

    pub(crate) async fn stage(&self, client_id: &str, email: &str) -> &'static str {
        self.contact(client_id, email).await.stage.as_str()
    }

    pub(crate) async fn number(&self, statement: &str) -> u64 {
        self.person.texts(statement).await[0].parse().unwrap()
    }

    pub(crate) async fn events(&self, kind: &str) -> u64 {
        self.number(&format!("SELECT count(*) AS x FROM events WHERE kind = '{kind}'")).await
    }

    /// Rows of the log by trigger, of runs of jobs.
    pub(crate) async fn runs(&self, trigger: &str, job: Job) -> u64 {
        let statement = format!(
            "SELECT count(*) AS x FROM automation_logs
             WHERE trigger_type = '{trigger}' AND action_taken LIKE '{job}: %' AND status = 'Success' AND processing_time IS NOT NULL"
        );
        self.number(&statement).await
    }

    /// An interested contact of acme that we wrote to a day after it wrote.
    pub(crate) async fn interested(&self, email: &str, their_mail: &str, our_mail: &str) {
        self.post("acme", json!([
            { "kind": "reply_received", "email": email, "id": format!("r-{email}"), "occurred_at": their_mail,
              "intent": "interested_wants_info", "thread_id": "t", "text": "Tell me more" },
            { "kind": "email_sent", "email": email, "id": format!("s-{email}"), "occurred_at": our_mail, "thread_id": "t",
              "text": "Gladly" },
        ]))
        .await;
    }

    /// Contacts whose follow-up date has come, as the engine would have left them, without its work.
    pub(crate) async fn ghosts(&self, from: usize, count: usize, date: &str) {
        let fold = json!({ "stage": "Ghosted", "follow_up_date": date, "follow_up_reason": "ghosted_follow_up" });
        for statement in ghosts(self.database.kind, &fold, from, count, date) {
            self.person.run(&statement).await.unwrap();
        }
    }
}

pub(crate) fn ghosts(kind: Kind, fold: &Value, from: usize, count: usize, date: &str) -> Vec<String> {
    let until = from + count - 1;
    let columns = "contact_id, client_id, email, lead_status, pipeline_status, campaign_status, lead_email_status,
        follow_up_date, follow_up_reason, fold";
    let stage = "'ghosted', 'follow_up', 'completed', 'replied'";
    match kind {
        Kind::Sqlite => vec![format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {until})
             INSERT INTO contacts ({columns})
             SELECT printf('00000000-0000-7000-8000-%012x', i), 'acme', 'g' || i || '@example.com', {stage}, '{date}',
                    'ghosted_follow_up', '{fold}' FROM n"
        )],
        Kind::Postgres => vec![format!(
            "BEGIN; SET LOCAL sales_engine.writer = 'engine';
             INSERT INTO contacts ({columns})
             SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::UUID, 'acme', 'g' || i || '@example.com', {stage},
                    '{date}'::DATE, 'ghosted_follow_up', '{fold}'::JSONB FROM generate_series({from}, {until}) AS i;
             COMMIT"
        )],
    }
}
