//! `vectors.document`: one document of Airtable is in the index as it stands there now, or the person is told why not.

use super::passages::{Change, bring};
use super::pull::{DOCUMENTS, FAILED, INDEXED, STATUS};
use super::refuse::{self, DESCRIPTION};
use super::{Airtable, Done, Halt, Hold, Lane, told};
use crate::domain::documents::check::{Draft, Place, TEXT_BYTES_MAX, check, in_words};
use crate::domain::documents::entry::{Passage, document_id, fingerprint};
use crate::domain::documents::slug;
use crate::domain::lead::Cells;
use crate::domain::list_source::without_notice;
use crate::engine::rows::LogRow;
use crate::services::airtable::records::Record;
use crate::services::fetch::FetchError;
use crate::services::vector_error::VectorError;
use crate::store::vectors::VectorPassage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CLIENTS: &str = "Clients";
const FETCH_RETRY_MS: i64 = 30_000;
const FETCH_TRIES_MAX: u32 = 6;
/// Kinds of files that are text as they are.
const TEXT_ENDINGS: [&str; 8] = [".txt", ".md", ".csv", ".vtt", ".srt", ".json", ".text", ".markdown"];

pub(super) async fn work(lane: &Lane, airtable: &Airtable, hold: &Hold<'_>) -> Result<Done, Halt> {
    let record_id = hold.task.payload.get("record_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let started = lane.now();
    let subject = format!("document:{record_id}");
    let before = lane.store.vector_passages(std::slice::from_ref(&subject)).await?.pop();
    let Some(record) = airtable.base.record(DOCUMENTS, &record_id).await? else {
        return deleted(lane, hold, before, started).await;
    };
    let is_known = before.as_ref().is_some_and(|before| before.home == lane.gate.home() && before.hash.is_some());
    if is_indexed(&record) && (is_known || before.is_none()) {
        return Ok(Done::default());
    }
    // The person was told, and has changed nothing since.
    if before.is_none() && text(&record, STATUS) == Some(FAILED) {
        return Ok(Done::default());
    }
    let text = match text_of(airtable, hold, &record, started).await? {
        Ok(text) => text,
        Err(why) => return refuse::work(lane, airtable, hold, &record, before, &why, started).await,
    };
    let draft = draft_of(&record, text);
    let place = match check(&draft) {
        Ok(place) => place,
        Err(refusals) => {
            return refuse::work(lane, airtable, hold, &record, before, &in_words(&refusals), started).await;
        }
    };
    let passage = passage_of(lane, airtable, &record, draft, place).await?;
    let entries = passage.entries(lane.limits);
    let before = match before {
        Some(before) => Some(before),
        None => earlier_life(lane, &subject, &passage).await?,
    };
    let after = VectorPassage {
        subject,
        home: lane.gate.home(),
        namespace: passage.namespace,
        passage_id: passage.id.clone(),
        chunks: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        hash: Some(fingerprint(&entries)),
        contact_id: None,
        lead_id: None,
    };
    let pieces = entries.len();
    let known = before.clone();
    if let Err(halt) = bring(lane, hold, &[Change { before, after: Some((after.clone(), entries)) }]).await {
        let Halt::Vector(VectorError::Rejected { .. }) = &halt else { return Err(halt) };
        // Its own fault: what it holds is told to the person who can change it.
        let there = known.map_or(after.chunks, |known| known.chunks.max(after.chunks));
        let before = VectorPassage { chunks: there, hash: None, ..after };
        return refuse::work(lane, airtable, hold, &record, Some(before), &halt.to_string(), started).await;
    }
    // What a person changed meanwhile is indexed before it is called so.
    match airtable.base.record(DOCUMENTS, &record_id).await? {
        Some(now) if is_same(&record, &now) => mark(airtable, &now).await?,
        Some(_) | None => return Err(Halt::Wait { until: lane.now(), why: "it was changed meanwhile".to_owned() }),
    }
    let row = LogRow {
        action_taken: format!("document {} indexed", passage.id),
        action_details: Some(format!("{pieces} piece(s) in {}, out of the record {record_id}", passage.namespace)),
        ..told(hold.task, started, lane.now())
    };
    Ok(Done { logs: vec![row], ..Done::default() })
}

async fn deleted(
    lane: &Lane,
    hold: &Hold<'_>,
    before: Option<VectorPassage>,
    started: DateTime<Utc>,
) -> Result<Done, Halt> {
    let Some(before) = before else { return Ok(Done::default()) };
    let row = LogRow {
        action_taken: format!("document {} taken out of the vector index", before.passage_id),
        action_details: Some("its record was deleted in Airtable".to_owned()),
        ..told(hold.task, started, lane.now())
    };
    bring(lane, hold, &[Change { before: Some(before), after: None }]).await?;
    Ok(Done { logs: vec![row], ..Done::default() })
}

/// What may be there of a document that this database does not know: it may have known it once.
async fn earlier_life(lane: &Lane, subject: &str, passage: &Passage) -> Result<Option<VectorPassage>, Halt> {
    let index = lane.gate.enter().await?;
    let chunks = match lane.gate.leave(index.pieces_of(passage.namespace, &passage.id).await).await {
        // Not every kind of index can list.
        Err(Halt::Vector(VectorError::Rejected { .. })) => 0,
        chunks => chunks?,
    };
    Ok((chunks > 0).then(|| VectorPassage {
        subject: subject.to_owned(),
        home: lane.gate.home(),
        namespace: passage.namespace,
        passage_id: passage.id.clone(),
        chunks,
        hash: None,
        contact_id: None,
        lead_id: None,
    }))
}

async fn mark(airtable: &Airtable, record: &Record) -> Result<(), Halt> {
    let mut cells = Cells::new();
    cells.insert(INDEXED.to_owned(), json!(true));
    if text(record, STATUS).is_some_and(|status| status != "Complete") {
        cells.insert(STATUS.to_owned(), json!("Complete"));
    }
    if let Some(without) = text(record, DESCRIPTION).and_then(without_notice) {
        cells.insert(DESCRIPTION.to_owned(), json!(without));
    }
    let cells = airtable.schema.lock().await.writable(&airtable.base, DOCUMENTS, cells).await?;
    Ok(airtable.base.update(DOCUMENTS, &record.id, cells).await?)
}

fn is_indexed(record: &Record) -> bool {
    record.fields.get(INDEXED) == Some(&Value::Bool(true))
}

/// In all that is indexed of it. Addresses of attachments change by themselves.
fn is_same(a: &Record, b: &Record) -> bool {
    let names = [
        INDEXED,
        "title",
        "namespace",
        "context",
        "source",
        "tags",
        "content_text",
        "linked_leads",
        "linked_clients",
        "linked_campaigns",
        "linked_products",
    ];
    let files = |record: &Record| -> Vec<(Value, Value)> {
        let files = record.fields.get("content").and_then(Value::as_array).into_iter().flatten();
        let of = |file: &Value, name: &str| file.get(name).cloned().unwrap_or(Value::Null);
        files.map(|file| (of(file, "id"), of(file, "size"))).collect()
    };
    names.iter().all(|name| a.fields.get(*name) == b.fields.get(*name)) && files(a) == files(b)
}

fn draft_of(record: &Record, content: String) -> Draft {
    Draft {
        title: text(record, "title").unwrap_or_default().to_owned(),
        namespace: text(record, "namespace").map(str::to_owned),
        context: text(record, "context").map(str::to_owned),
        leads: texts(record, "linked_leads"),
        clients: texts(record, "linked_clients"),
        campaigns: texts(record, "linked_campaigns"),
        products: texts(record, "linked_products"),
        text: content,
    }
}

async fn passage_of(
    lane: &Lane,
    airtable: &Airtable,
    record: &Record,
    draft: Draft,
    place: Place,
) -> Result<Passage, Halt> {
    let leads = lane.store.contacts_of_leads(&draft.leads).await?;
    let mut tenants = BTreeSet::new();
    for client in &draft.clients {
        tenants.extend(tenant_of(airtable, client).await?);
    }
    // Whose it is says the client that is linked; only where none is, the lead.
    if draft.clients.is_empty() {
        tenants.extend(leads.iter().map(|lead| lead.key.client_id.as_str().to_owned()));
    }
    let lead_names = draft
        .leads
        .iter()
        .filter_map(|id| leads.iter().find(|lead| lead.airtable_lead_id.as_ref() == Some(id)))
        .map(|lead| {
            let profile = &lead.contact.profile;
            let names: Vec<&str> =
                [&profile.first_name, &profile.last_name].into_iter().flatten().map(String::as_str).collect();
            if names.is_empty() { lead.key.email.as_str().to_owned() } else { names.join(" ") }
        })
        .collect();
    let number = record.fields.get("document_id").and_then(Value::as_u64);
    let created = text(record, "created_date").and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    Ok(Passage {
        namespace: place.namespace,
        id: document_id(place.context.id_type(), number, &record.id),
        context: slug(place.context.as_str()),
        title: draft.title,
        lead_ids: draft.leads,
        lead_names,
        client_ids: draft.clients,
        campaign_ids: draft.campaigns,
        product_ids: draft.products,
        tenants,
        source: text(record, "source").map(str::to_owned),
        at: created.map_or(DateTime::UNIX_EPOCH, |at| at.to_utc()),
        tags: texts(record, "tags"),
        text: draft.text,
    })
}

/// The client of the configuration that a record of Clients is; none where it is none of them.
async fn tenant_of(airtable: &Airtable, client_record: &str) -> Result<Option<String>, Halt> {
    let tenants = &airtable.settings.tenants;
    let named = |id: &crate::domain::ids::ClientId| Some(id.as_str().to_owned());
    if let Some(tenant) = tenants.iter().find(|tenant| tenant.record_id.as_deref() == Some(client_record)) {
        return Ok(named(&tenant.client_id));
    }
    let Some(record) = airtable.base.record(CLIENTS, client_record).await? else { return Ok(None) };
    let name = text(&record, "client_name").unwrap_or_default().trim();
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    let found =
        tenants.iter().find(|tenant| tenant.name.as_deref().is_some_and(is_it) || is_it(tenant.client_id.as_str()));
    Ok(found.and_then(|tenant| named(&tenant.client_id)))
}

/// Its text, or in words why there is none: that of the field, else that of the attached file.
async fn text_of(
    airtable: &Airtable,
    hold: &Hold<'_>,
    record: &Record,
    now: DateTime<Utc>,
) -> Result<Result<String, String>, Halt> {
    if let Some(content) = text(record, "content_text").filter(|content| !content.trim().is_empty()) {
        return Ok(Ok(content.to_owned()));
    }
    let files = record.fields.get("content").and_then(Value::as_array);
    let of = |file: &Value, name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let is_text = |file: &&Value| {
        of(file, "type").starts_with("text/")
            || TEXT_ENDINGS.iter().any(|ending| of(file, "filename").ends_with(ending))
    };
    let Some(files) = files.filter(|files| !files.is_empty()) else { return Ok(Ok(String::new())) };
    let Some(file) = files.iter().find(is_text) else {
        return Ok(Err("content holds no text file: attach one of .txt, .md, .csv, .vtt or .srt".to_owned()));
    };
    let url = file.get("url").and_then(Value::as_str).unwrap_or_default();
    let place = tempfile::NamedTempFile::new().map_err(|error| Halt::Later {
        until: now + TimeDelta::milliseconds(FETCH_RETRY_MS),
        why: format!("no temporary file can be made: {error}"),
    })?;
    // Of a sandbox, files lie where the base does.
    let is_trusted = url.starts_with(airtable.settings.client.api_url());
    let bytes_max = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    match airtable.fetcher.fetch(url, is_trusted, place.path(), bytes_max).await {
        Ok(_) => {}
        Err(FetchError::Refused(why)) => return Ok(Err(format!("the file of content can't be read: {why}"))),
        Err(error @ FetchError::Unavailable(_)) if hold.task.attempts >= FETCH_TRIES_MAX => {
            return Ok(Err(format!("the file of content can't be read: {error}")));
        }
        Err(error @ FetchError::Unavailable(_)) => {
            let until = now + TimeDelta::milliseconds(FETCH_RETRY_MS);
            return Err(Halt::Later { until, why: error.to_string() });
        }
    }
    let bytes = tokio::fs::read(place.path()).await.unwrap_or_default();
    Ok(match String::from_utf8(bytes) {
        Ok(content) => Ok(content.trim_start_matches('\u{feff}').to_owned()),
        Err(_) => Err("the file of content is no text in UTF-8: save it so".to_owned()),
    })
}

fn text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.fields.get(name).and_then(Value::as_str)
}

fn texts(record: &Record, name: &str) -> Vec<String> {
    let items = record.fields.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
