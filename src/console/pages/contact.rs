//! One contact: facts, the way through the stages, the timeline with its reasons, and what an operator may say.

use super::{Choice, Frame, choices, id, moment_of, page};
use crate::console::path::{Path, path};
use crate::console::shown::{When, clip, number, when, words};
use crate::console::{Fault, Page, Visit};
use crate::domain::event::FollowUpReason;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::zone::Zone;
use crate::engine::decide::EventAnswer;
use crate::engine::rows::{Outcome, TriggerType};
use crate::intake::Context;
use crate::persons::{Change, ChangeError, FOLLOW_UP_REASONS, Move, change};
use crate::store::views::{ChatView, ContactView, EventView, LogView, TimelineView};
use askama::Template;
use chrono::NaiveDate;
use uuid::Uuid;

/// The newest events, messages and decisions, each.
const ROWS_MAX: u32 = 150;
const MESSAGE_CHARS_MAX: usize = 4_000;
const NO_CONTACT: &str = "There is no such contact. It may have been erased.";

#[derive(Template)]
#[template(path = "console/contact.html")]
struct ContactPage<'a> {
    frame: Frame<'a>,
    contact_id: String,
    email: String,
    name: String,
    client: String,
    stage: String,
    facts: Vec<Fact>,
    lead: Option<Lead>,
    follow_up: Option<String>,
    path: Path,
    entries: Vec<Entry>,
    is_cut: bool,
    acts: Vec<Choice>,
    reasons: Vec<Choice>,
    today: String,
    nonce: String,
    is_closed: bool,
}

struct Fact {
    name: &'static str,
    value: String,
}

struct Lead {
    record: String,
    link: Option<String>,
}

/// Something of the timeline.
struct Entry {
    at: When,
    /// `event`, `in`, `out` or `note`.
    class: &'static str,
    title: String,
    /// Who told it, or over what it came.
    told_by: String,
    change: Option<(String, String)>,
    is_refused: bool,
    text: String,
    notes: Vec<String>,
    delivery_id: Option<String>,
}

#[derive(Template)]
#[template(path = "console/done.html")]
struct Done<'a> {
    frame: Frame<'a>,
    contact_id: String,
    email: String,
    row: DoneRow,
}

struct DoneRow {
    kind: String,
    /// None where there is no contact to have one.
    before: Option<String>,
    after: Option<String>,
    outcome: Outcome,
    reason: String,
}

pub(in crate::console) async fn show(visit: &Visit<'_>, contact_id: &str) -> Result<Page, Fault> {
    let contact = find(visit, contact_id).await?;
    let zones = &visit.console.config.rules.spans.zones;
    let today =
        ClientId::parse(&contact.client_id).map_or(Zone::UTC, |client| zones.of(&client)).day((visit.console.now)());
    let timeline = visit.console.store.timeline(contact.contact_id, ROWS_MAX).await?;
    let is_full = |rows: usize| u32::try_from(rows).is_ok_and(|rows| rows >= ROWS_MAX);
    let is_cut = [timeline.events.len(), timeline.messages.len(), timeline.logs.len()].into_iter().any(is_full);
    let name: Vec<&str> = [&contact.first_name, &contact.last_name].into_iter().flatten().map(String::as_str).collect();
    let follow_up = contact.follow_up_date.as_ref().map(|date| match &contact.follow_up_reason {
        Some(reason) => format!("{date} ({})", words(reason).to_lowercase()),
        None => date.clone(),
    });
    Ok(page(
        200,
        &ContactPage {
            frame: Frame::new(visit, "contacts", contact.email.clone()),
            contact_id: contact.contact_id.to_string(),
            name: name.join(" "),
            stage: words(contact.stage.as_str()),
            facts: facts(&contact),
            lead: lead(&contact, visit),
            follow_up,
            path: path(&timeline.events, contact.stage),
            entries: entries(timeline),
            is_cut,
            acts: choices(Move::ALL.iter().map(|to| (to.as_str(), label(*to).to_owned())), None),
            reasons: choices(
                FOLLOW_UP_REASONS.iter().map(|reason| (reason.as_str(), words(reason.as_str()))),
                Some(FollowUpReason::LeadRequested.as_str()),
            ),
            today: today.to_string(),
            nonce: Uuid::new_v4().simple().to_string(),
            is_closed: contact.lead_status == "do_not_contact",
            email: contact.email,
            client: contact.client_id,
        },
    ))
}

/// As the form offers it.
const fn label(to: Move) -> &'static str {
    match to {
        Move::Interested => "They are interested",
        Move::NotInterested => "They are not interested",
        Move::OptedOut => "They asked not to be contacted (for good)",
        Move::MeetingBooked => "A meeting is booked",
        Move::MeetingCancelled => "The meeting is cancelled",
        Move::MeetingCompleted => "The meeting took place",
        Move::NoShow => "They missed the meeting",
        Move::SequencePaused => "The sequence is paused",
        Move::SequenceResumed => "The sequence goes on",
        Move::Won => "The deal is won",
        Move::Declined => "The deal is declined",
    }
}

/// Records what the operator says happened.
pub(in crate::console) async fn event(visit: &Visit<'_>, contact_id: &str) -> Result<Page, Fault> {
    let to = visit.form.text("act").and_then(|name| Move::parse(&name));
    let to = to.ok_or_else(|| Fault::Wrong("Choose what happened.".to_owned()))?;
    let starts_at = match visit.form.text("meeting_at") {
        Some(text) => Some(moment_of(&text).ok_or_else(|| Fault::Wrong("The meeting’s time is no time.".to_owned()))?),
        None => None,
    };
    apply(visit, contact_id, Change::Move { to, starts_at }).await
}

pub(in crate::console) async fn follow_up(visit: &Visit<'_>, contact_id: &str) -> Result<Page, Fault> {
    let date = visit.form.text("date").and_then(|text| text.parse::<NaiveDate>().ok());
    let date = date.ok_or_else(|| Fault::Wrong("Choose the day of the follow-up.".to_owned()))?;
    let reason = visit.form.text("reason").and_then(|name| FollowUpReason::parse(&name));
    let reason = reason.filter(|reason| FOLLOW_UP_REASONS.contains(reason));
    let reason = reason.ok_or_else(|| Fault::Wrong("Choose a reason.".to_owned()))?;
    apply(visit, contact_id, Change::FollowUp { date, reason }).await
}

/// Takes the person out of everything of this client's. The address is typed once more, so that it is meant.
pub(in crate::console) async fn forget(visit: &Visit<'_>, contact_id: &str) -> Result<Page, Fault> {
    let contact = find(visit, contact_id).await?;
    let typed = visit.form.text("address").unwrap_or_default().to_lowercase();
    if typed != contact.email {
        return Err(Fault::Wrong(
            "Type the address exactly as it stands above the page; nothing was erased.".to_owned(),
        ));
    }
    let key = key_of(&contact)?;
    super::erase::erased(visit, key.email, Some(key.client_id)).await
}

async fn apply(visit: &Visit<'_>, contact_id: &str, wanted: Change) -> Result<Page, Fault> {
    let contact = find(visit, contact_id).await?;
    let nonce =
        visit.form.text("nonce").filter(|nonce| nonce.len() <= 64).ok_or_else(|| {
            Fault::Wrong("The form is not complete. Open the contact again and repeat it.".to_owned())
        })?;
    let key = key_of(&contact)?;
    let console = visit.console;
    let context = Context {
        store: &console.store,
        rules: &console.config.rules,
        now: &console.now,
        trigger: TriggerType::Manual,
    };
    let told = Box::pin(change(&context, &key, &wanted, &nonce, (console.now)())).await;
    let answer = match told {
        Ok(answer) => answer,
        Err(ChangeError::Store(error)) => return Err(error.into()),
        Err(ChangeError::Apply(error)) => return Err(error.into()),
        Err(ChangeError::NoContact(_)) => return Err(Fault::NotFound(NO_CONTACT)),
        Err(error @ (ChangeError::NeverLeft | ChangeError::Past(_) | ChangeError::Refused(_))) => {
            return Err(Fault::Wrong(format!("Nothing was changed: {error}.")));
        }
    };
    if let Some(wake) = &console.tasks_wake {
        wake.notify_one();
    }
    let frame = Frame::new(visit, "contacts", "Recorded");
    let row = done_row(answer);
    Ok(page(200, &Done { frame, contact_id: contact.contact_id.to_string(), email: contact.email, row }))
}

fn done_row(answer: EventAnswer) -> DoneRow {
    DoneRow {
        kind: words(answer.kind),
        before: answer.stage_before.map(|stage| words(stage.as_str())),
        after: answer.stage_after.map(|stage| words(stage.as_str())),
        outcome: answer.outcome,
        reason: answer.reason,
    }
}

async fn find(visit: &Visit<'_>, contact_id: &str) -> Result<ContactView, Fault> {
    let contact_id = id(contact_id, NO_CONTACT)?;
    visit.console.store.contact_by_id(contact_id).await?.ok_or(Fault::NotFound(NO_CONTACT))
}

fn key_of(contact: &ContactView) -> Result<ContactKey, Fault> {
    let unfit =
        |_| Fault::Wrong("This contact’s client or address can’t be used; see `sales-engine migrate`.".to_owned());
    Ok(ContactKey {
        client_id: ClientId::parse(&contact.client_id).map_err(unfit)?,
        email: Email::parse(&contact.email).map_err(unfit)?,
    })
}

fn facts(contact: &ContactView) -> Vec<Fact> {
    let time = |value: &Option<String>| value.as_deref().map(|time| format!("{} UTC", when(time).shown));
    let past = contact.past_campaign_ids.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    let past = past.collect::<Vec<_>>().join(", ");
    let facts = [
        ("Company", contact.company_name.clone()),
        ("Job title", contact.job_title.clone()),
        ("Phone", contact.phone.clone()),
        ("Website", contact.company_website.clone()),
        ("LinkedIn", contact.linkedin_url.clone()),
        ("Industry", contact.company_industry.clone()),
        ("Campaign now", contact.current_campaign_id.clone()),
        ("Campaigns before", Some(past).filter(|past| !past.is_empty())),
        ("Emails sent", Some(number(contact.emails_sent_count))),
        ("Replies", Some(number(contact.reply_count))),
        ("Last contact", time(&contact.last_contact_date)),
        ("Last reply", time(&contact.last_reply_date)),
        ("Source", contact.source.clone()),
        ("In the database since", time(&contact.created_at)),
        ("Summary", contact.ai_context_summary.clone()),
        ("Client record", contact.converted_client_id.clone()),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? })).collect()
}

/// The record in Airtable; a link only where the base is a real one.
fn lead(contact: &ContactView, visit: &Visit<'_>) -> Option<Lead> {
    let record = contact.airtable_lead_id.clone()?;
    let airtable = visit.console.config.airtable.as_ref();
    let link = airtable
        .filter(|airtable| airtable.api_url == "https://api.airtable.com")
        .filter(|_| record.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .map(|airtable| format!("https://airtable.com/{}/{record}", airtable.base_id));
    Some(Lead { record, link })
}

/// All of it, newest first.
fn entries(timeline: TimelineView) -> Vec<Entry> {
    let mut entries: Vec<Entry> = timeline.messages.into_iter().map(message).collect();
    entries.extend(timeline.events.into_iter().map(told));
    // What moved the stage stands with its event.
    entries.extend(timeline.logs.into_iter().filter(|log| !log.action_taken.starts_with("stage ")).map(decision));
    entries.reverse();
    entries.sort_by(|a, b| b.at.iso.cmp(&a.at.iso));
    entries
}

fn told(event: EventView) -> Entry {
    let has_moved = event.stage_before != event.stage_after;
    Entry {
        at: when(&event.occurred_at),
        class: "event",
        title: words(&event.kind),
        told_by: event.source,
        change: has_moved.then(|| (words(&event.stage_before), words(&event.stage_after))),
        is_refused: event.refused,
        text: event.rule,
        notes: Vec::new(),
        delivery_id: event.delivery_id,
    }
}

fn message(message: ChatView) -> Entry {
    let is_received = message.message_status.as_deref() == Some("received");
    let mut notes: Vec<String> =
        [message.ai_intent, message.ai_sentiment].into_iter().flatten().map(|note| words(&note)).collect();
    notes.extend(message.is_auto_reply.then(|| "Automatic reply".to_owned()));
    notes.extend(message.requires_action.then(|| "Needs a person".to_owned()));
    notes.extend(message.action_taken.map(|action| words(&action)));
    let kind = [message.message_type, message.message_status].into_iter().flatten().collect::<Vec<_>>().join(", ");
    Entry {
        at: when(&message.message_timestamp),
        class: if is_received { "in" } else { "out" },
        title: message.subject.filter(|subject| !subject.is_empty()).unwrap_or_else(|| "(no subject)".to_owned()),
        told_by: format!("{}: {kind}", message.platform),
        change: None,
        is_refused: false,
        text: clip(&message.message_content, MESSAGE_CHARS_MAX),
        notes,
        delivery_id: None,
    }
}

fn decision(log: LogView) -> Entry {
    Entry {
        at: when(&log.timestamp),
        class: "note",
        title: log.action_taken,
        told_by: format!("{} by {}", log.automation_type, log.trigger_type.to_lowercase()),
        change: None,
        is_refused: log.status == "Failed",
        text: [log.action_details, log.error_message].into_iter().flatten().collect::<Vec<_>>().join(" "),
        notes: if log.status == "Pending" { vec!["Still open".to_owned()] } else { Vec::new() },
        delivery_id: None,
    }
}
