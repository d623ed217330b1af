//! Deliveries into a database, at a clock that stands still until it is moved.

use super::common::Database;
use chrono::{DateTime, Utc};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::ClientId;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Answer, Delivery, Now};
use sales_engine::sources::settings::{ClientSources, Secret, SmartleadSettings};
use sales_engine::sources::{Request, read};
use sales_engine::store::views::{AlertFilter, AlertView};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.read())
    }

    pub(crate) fn read(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn forward_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

pub(crate) fn acme() -> ClientId {
    ClientId::parse("acme").unwrap()
}

pub(crate) fn sources() -> ClientSources {
    let secrets = vec![Secret::new("smartlead-key-of-acme")];
    let smartlead = SmartleadSettings { secrets, ..SmartleadSettings::default() };
    ClientSources { smartlead: Some(smartlead), ..ClientSources::default() }
}

/// Posts a payload of a source; gives what became of it.
pub(crate) async fn post(database: &Database, rules: &Rules, clock: &Clock, source: Source, body: &Value) -> Answer {
    let (handle, running) = intake::start(&database.store, rules, &clock.now(), TriggerType::Webhook, 10, 10, None);
    let (client_id, body) = (acme(), body.to_string());
    let received_at = clock.read();
    let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
    let understood = read(source, &sources(), &request).unwrap();
    let delivery = Delivery { client_id, source, received_at, understood, body_sha256: [0; 32] };
    let answer = handle.submit(delivery).await.unwrap();
    drop(handle);
    running.finished().await;
    answer
}

pub(crate) async fn alerts(database: &Database) -> Vec<AlertView> {
    database.store.alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).await.unwrap()
}
