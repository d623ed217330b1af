//! `vectors.contact`: the conversation of somebody who engaged is in the index as it stands in the database now.

use super::passages::{Change, bring};
use super::{Done, Halt, Hold, Lane, once, told, vectorization};
use crate::domain::documents::Namespace;
use crate::domain::documents::entry::{Passage, chunk_id, fingerprint, message_id};
use crate::engine::rows::LogRow;
use crate::services::vector_error::VectorError;
use crate::store::vectors::{MessageView, VectorPassage};
use crate::tasks::logs::failure;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const PAGE: u32 = 50;
/// What the metadata calls a message; the owner's contexts are those of documents.
const CONTEXT: &str = "conversation";

pub(super) async fn work(lane: &Lane, hold: &Hold<'_>) -> Result<Done, Halt> {
    let Some(contact_id) = hold.task.contact_id else { return Ok(Done::default()) };
    let logs = bring_in_line(lane, hold, contact_id).await?;
    Ok(Done { again_at: None, logs })
}

/// What is to be told of it.
pub(super) async fn bring_in_line(lane: &Lane, hold: &Hold<'_>, contact_id: Uuid) -> Result<Vec<LogRow>, Halt> {
    let started = lane.now();
    let known = lane.store.vector_passages_of(contact_id).await?;
    let mut known: BTreeMap<String, VectorPassage> =
        known.into_iter().map(|passage| (passage.subject.clone(), passage)).collect();
    let (mut after, mut written, mut lead_id, mut logs) = (None, 0, None, Vec::new());
    loop {
        let page = lane.store.messages_to_index(contact_id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.chat_id);
        let mut changes = Vec::new();
        let mut marks = Vec::new();
        for message in page {
            let (passage, entries) = passage_of(lane, contact_id, &message);
            let vector_id = chunk_id(&passage.passage_id, 0);
            // One of nothing but marks has no piece, and yet is done.
            let wanted = (!entries.is_empty()).then_some(vector_id);
            if message.vector_id != wanted {
                marks.push((message.chat_id, wanted));
            }
            lead_id = message.lead_id.or(lead_id);
            changes.push(Change { before: known.remove(&passage.subject), after: Some((passage, entries)) });
        }
        written += changes.iter().filter(|change| !change.is_done()).count();
        for (subject, row) in bring_each(lane, hold, &changes).await? {
            written -= 1;
            logs.push(row);
            marks.iter_mut().filter(|(chat_id, _)| subject_of(*chat_id) == subject).for_each(|(_, mark)| *mark = None);
        }
        lane.store.mark_vectorized(&marks).await?;
    }
    let removed = remove(lane, hold, known.into_values().collect()).await?;
    if written == 0 && removed == 0 {
        return Ok(logs);
    }
    logs.push(LogRow {
        contact_id: Some(contact_id),
        action_taken: "conversation indexed".to_owned(),
        action_details: Some(format!("{written} message(s) written, {removed} taken out")),
        lead_id,
        ..told(hold.task, started, lane.now())
    });
    Ok(logs)
}

/// One that the index does not take holds up no other: each is then tried by itself. What is refused is done with, until its text
/// changes; given with a row that tells of it once.
async fn bring_each(lane: &Lane, hold: &Hold<'_>, changes: &[Change]) -> Result<Vec<(String, LogRow)>, Halt> {
    match bring(lane, hold, changes).await {
        Err(Halt::Vector(VectorError::Rejected { .. })) => {}
        result => return result.map(|()| Vec::new()),
    }
    let mut refused = Vec::new();
    for change in changes {
        let Err(halt) = bring(lane, hold, std::slice::from_ref(change)).await else { continue };
        let (Halt::Vector(error @ VectorError::Rejected { .. }), Some((after, _))) = (&halt, &change.after) else {
            return Err(halt);
        };
        // What was there of it goes: it may be the text of before somebody was erased.
        let chunks = change.before.as_ref().map_or(0, |before| before.chunks).max(after.chunks);
        let there = Change { before: Some(VectorPassage { chunks, ..after.clone() }), after: None };
        bring(lane, hold, &[there]).await?;
        lane.store.note_vector_passages(&[VectorPassage { chunks: 0, ..after.clone() }], lane.now()).await?;
        let row = LogRow {
            log_id: once(&["refused", &after.subject, &format!("{:?}", after.hash)]),
            contact_id: hold.task.contact_id,
            action_taken: "a message is not indexed: the index does not take it".to_owned(),
            ..vectorization(failure(hold.task, &error.to_string(), lane.now()))
        };
        refused.push((after.subject.clone(), row));
    }
    Ok(refused)
}

/// Takes messages out; gives how many.
pub(super) async fn remove(lane: &Lane, hold: &Hold<'_>, gone: Vec<VectorPassage>) -> Result<usize, Halt> {
    let marks: Vec<(Uuid, Option<String>)> = gone
        .iter()
        .filter_map(|passage| Some((passage.subject.strip_prefix("message:")?.parse().ok()?, None)))
        .collect();
    let changes: Vec<Change> = gone.into_iter().map(|passage| Change { before: Some(passage), after: None }).collect();
    // Said first: once the pieces are gone, nothing tells of them any more.
    lane.store.mark_vectorized(&marks).await?;
    bring(lane, hold, &changes).await?;
    Ok(changes.len())
}

fn subject_of(chat_id: Uuid) -> String {
    format!("message:{chat_id}")
}

fn passage_of(
    lane: &Lane,
    contact_id: Uuid,
    message: &MessageView,
) -> (VectorPassage, Vec<crate::domain::documents::entry::Entry>) {
    let passage = Passage {
        namespace: Namespace::Documents,
        id: message_id(&message.chat_id.to_string()),
        context: CONTEXT.to_owned(),
        title: message.subject.clone().unwrap_or_else(|| format!("{} with {}", message.platform, name(message))),
        lead_ids: message.lead_id.iter().cloned().collect(),
        lead_names: vec![name(message)],
        client_ids: message.converted_client_id.iter().cloned().collect(),
        campaign_ids: message.campaign_id.iter().cloned().collect(),
        product_ids: Vec::new(),
        tenants: BTreeSet::from([message.client_id.as_str().to_owned()]),
        source: Some(message.platform.clone()),
        at: message.at,
        tags: tags(message),
        text: message.content.clone(),
    };
    let entries = passage.entries(lane.limits);
    let after = VectorPassage {
        subject: subject_of(message.chat_id),
        home: lane.gate.home(),
        namespace: passage.namespace,
        passage_id: passage.id,
        chunks: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        hash: Some(fingerprint(&entries)),
        contact_id: Some(contact_id),
        lead_id: message.lead_id.clone(),
    };
    (after, entries)
}

fn name(message: &MessageView) -> String {
    message.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| message.email.clone())
}

fn tags(message: &MessageView) -> Vec<String> {
    let automatic = message.is_auto_reply.then(|| "auto_reply".to_owned());
    let mut tags: Vec<String> = Vec::new();
    for tag in [message.sentiment.clone(), message.intent.clone(), automatic].into_iter().flatten() {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
