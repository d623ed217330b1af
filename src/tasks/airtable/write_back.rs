//! `airtable.write_back`: a card that was moved to where its contact can't be is moved back, with the reason as the next action.

use super::gate::Stopped;
use super::{Base, Done, leads};
use crate::domain::lead::{self, Cells};
use crate::engine::rows::{ClaimedTask, LeadWritten, LogRow};
use serde_json::{Value, json};

pub(super) async fn work(base: &Base, task: &ClaimedTask) -> Result<Done, Stopped> {
    let ids: Vec<_> = task.contact_id.into_iter().collect();
    let Some(subject) = base.store.lead_subjects(&ids).await?.pop() else { return Ok(Done::default()) };
    let Some(lead_id) = subject.airtable_lead_id.clone() else { return Ok(Done::default()) };
    let Some(record) = base.record(&base.leads, &lead_id).await? else { return Ok(Done::default()) };
    let view = leads::view(base, &subject);
    let all = lead::cells(&view);
    let mut wanted: Cells = [lead::LEAD_STATUS, lead::PIPELINE_STAGE, lead::FOLLOW_UP_DATE, lead::FOLLOW_UP_REASON]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), all.get(name)?.clone())))
        .collect();
    wanted.insert(lead::CLIENT.to_owned(), json!(view.client_record.iter().collect::<Vec<_>>()));
    let mut write: Cells =
        wanted.into_iter().filter(|(name, cell)| !lead::are_equal(Some(cell), record.fields.get(name))).collect();
    let note = task.payload.get("note").and_then(Value::as_str).unwrap_or_default();
    write.insert(lead::NEXT_ACTION.to_owned(), json!(format!("Not possible: {note}")));
    base.update(&base.leads, &lead_id, write.clone()).await?;
    let now = base.now();
    let names: Vec<&str> = write.keys().map(String::as_str).collect();
    let row = LogRow {
        action_taken: "a change in Airtable was refused and written back".to_owned(),
        action_details: Some(format!("{note}; {}", names.join(", "))),
        ..leads::log(&subject, now)
    };
    let written = LeadWritten {
        contact_id: subject.contact_id,
        airtable_lead_id: lead_id,
        stage: view.stage,
        cells: write,
        notifications: Vec::new(),
        now,
    };
    Ok(Done { leads: vec![written], logs: vec![row], ..Done::default() })
}
