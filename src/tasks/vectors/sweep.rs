//! `vectors.sweep`: whoever engaged is looked at now and then, so that what no event told of is indexed all the same: conversations from
//! before Pinecone was configured, leads that got their record, rows that a person took out.

use super::{Done, Halt, Lane};
use crate::engine::rows::{TaskKind, TaskRow};
use chrono::TimeDelta;
use uuid::Uuid;

const PAGE: u32 = 500;
const CURSOR: &str = "vectors.sweep";
/// Between two pages, and between two rounds.
const PAGE_MS: i64 = 1_000;
const ROUND_MS: i64 = 600_000;
pub(super) const PRIORITY_CONTACT: u8 = 8;

pub(super) async fn work(lane: &Lane) -> Result<Done, Halt> {
    let after = lane.store.cursor(CURSOR).await?.and_then(|(after, _)| after.parse::<Uuid>().ok());
    let page = lane.store.engaged_contacts(after, &lane.gate.home(), PAGE).await?;
    let now = lane.now();
    let kind = TaskKind::VectorsContact;
    let tasks: Vec<TaskRow> = page
        .iter()
        .filter(|contact| contact.is_stale)
        .map(|contact| {
            let client = contact.client_id.clone();
            TaskRow::of_contact(Uuid::new_v4(), kind, client, contact.contact_id, PRIORITY_CONTACT, now)
        })
        .collect();
    lane.store.want(tasks, Vec::new()).await?;
    let is_full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
    let last = page.last().filter(|_| is_full).map(|contact| contact.contact_id.to_string());
    lane.store.set_cursor(CURSOR, last.as_deref(), now).await?;
    let wait_ms = if is_full { PAGE_MS } else { ROUND_MS };
    Ok(Done { again_at: Some(now + TimeDelta::milliseconds(wait_ms)), ..Done::default() })
}
