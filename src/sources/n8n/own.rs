//! One event in our own flat JSON form, read strictly: what is wrong is named with its field.

use super::super::json::{Object, time};
use super::super::{Request, Told};
use crate::domain::event::{
    AutoReply, ContactSource, Direction, Event, EventData, FinishedBy, FollowUpReason, Meeting, Message, Platform,
    Profile, Source,
};
use crate::domain::identity::{hash_key, message_identity, message_key, platform_key};
use crate::domain::ids::{CampaignId, Email};
use crate::domain::intent::{Intent, Sentiment};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

const SOURCE: Source = Source::N8n;

pub(super) fn event(request: &Request<'_>, item: &Value) -> Result<Event, String> {
    let body = super::fields(item)?;
    let kind = body.text(&["kind"]).ok_or("`kind` is missing; docs/n8n-events.md lists the kinds")?;
    let email = match body.text(&["email"]) {
        Some(text) => Email::parse(&text).map_err(|error| format!("`email`: {error}"))?,
        None => return Err("`email` is missing".to_owned()),
    };
    let occurred_at = instant(body, "occurred_at")?;
    let data = data(body, &kind)?;
    let key = key(request, body, &email, &data, occurred_at, item);
    let told = Told { request, source: SOURCE, email, time: occurred_at, profile: profile(body) };
    Ok(told.event(key, data))
}

fn data(body: Object<'_>, kind: &str) -> Result<EventData, String> {
    let campaign = || match body.text(&["campaign_id"]) {
        Some(text) => CampaignId::parse(&text).map(Some).map_err(|error| format!("`campaign_id`: {error}")),
        None => Ok(None),
    };
    Ok(match kind {
        "contact_added" => EventData::ContactAdded {
            list_id: body
                .text(&["list_id"])
                .map(|text| uuid::Uuid::try_parse(&text).map_err(|_bad| "`list_id` must be a UUID".to_owned()))
                .transpose()?,
            contact_source: option(body, "contact_source", ContactSource::parse, ContactSource::ALL)?,
            enrichment_date: instant(body, "enrichment_date")?,
        },
        "email_sent" => {
            let campaign = campaign()?;
            EventData::EmailSent {
                message: message(body, Platform::Gmail)?,
                manual: body.flag("manual") || campaign.is_none(),
                campaign,
                step: body.number(&["step"]),
                last_in_sequence: body.flag("last_in_sequence"),
            }
        }
        "sequence_finished" => {
            EventData::SequenceFinished { campaign: campaign()?, finished_by: FinishedBy::PlatformStatus }
        }
        "sequence_paused" => EventData::SequencePaused { campaign: campaign()? },
        "sequence_resumed" => EventData::SequenceResumed { campaign: campaign()? },
        "reply_received" => EventData::ReplyReceived {
            message: message(body, Platform::Gmail)?,
            campaign: campaign()?,
            intent: option(body, "intent", Intent::parse, Intent::ALL)?,
            sentiment: option(body, "sentiment", Sentiment::parse, Sentiment::ALL)?,
            auto_reply: option(body, "auto_reply", AutoReply::parse, AutoReply::ALL)?,
            return_date: date(body, "return_date")?,
        },
        "reply_classified" => EventData::ReplyClassified {
            intent: option(body, "intent", Intent::parse, Intent::ALL)?.ok_or("`intent` is missing")?,
            sentiment: option(body, "sentiment", Sentiment::parse, Sentiment::ALL)?,
            decided_by: body.text(&["decided_by"]).unwrap_or_else(|| "n8n".to_owned()),
            requires_action: body.flag("requires_action"),
            return_date: date(body, "return_date")?,
            about: None,
        },
        "email_bounced" => EventData::EmailBounced {
            message: message(body, Platform::Gmail)?,
            campaign: campaign()?,
            step: body.number(&["step"]),
            permanent: body.value("permanent").is_none() || body.flag("permanent"),
            status_code: body.text(&["status_code"]),
        },
        "unsubscribed" => EventData::Unsubscribed { campaign: campaign()? },
        "email_opened" => EventData::EmailOpened { campaign: campaign()? },
        "link_clicked" => EventData::LinkClicked { campaign: campaign()?, url: body.text(&["url"]) },
        "message_logged" => EventData::MessageLogged {
            message: message(body, Platform::N8nChat)?,
            direction: option(body, "direction", Direction::parse, Direction::ALL)?
                .ok_or("`direction` is missing; expected inbound or outbound")?,
        },
        "meeting_booked" => EventData::MeetingBooked { meeting: meeting(body)? },
        "meeting_rescheduled" => EventData::MeetingRescheduled { meeting: meeting(body)? },
        "meeting_cancelled" => EventData::MeetingCancelled { meeting: meeting(body)? },
        "meeting_completed" => EventData::MeetingCompleted { meeting: meeting(body)? },
        "meeting_no_show" => EventData::MeetingNoShow { meeting: meeting(body)? },
        "meeting_no_show_withdrawn" => EventData::MeetingNoShowWithdrawn { meeting: meeting(body)? },
        "deal_won" => EventData::DealWon { client_record: body.text(&["client_record"]) },
        "deal_declined" => EventData::DealDeclined { reason: body.text(&["reason"]) },
        "follow_up_set" => EventData::FollowUpSet {
            date: date(body, "date")?.ok_or("`date` is missing; expected YYYY-MM-DD")?,
            reason: follow_up_reason(body)?,
        },
        "went_silent" | "return_due" | "follow_up_due" | "erased" => {
            return Err(format!("`kind`: {kind} is made by the engine itself and can't be posted"));
        }
        other => {
            let other: String = other.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(format!("`kind`: `{other}` is unknown; docs/n8n-events.md lists the kinds"));
        }
    })
}

/// Only what a person may ask for; the engine sets the other reasons itself.
fn follow_up_reason(body: Object<'_>) -> Result<FollowUpReason, String> {
    match body.text(&["reason"]).as_deref() {
        None | Some("lead_requested") => Ok(FollowUpReason::LeadRequested),
        Some("custom") => Ok(FollowUpReason::Custom),
        Some(_) => Err("`reason` must be lead_requested or custom".to_owned()),
    }
}

fn message(body: Object<'_>, platform: Platform) -> Result<Message, String> {
    let id = body.text(&["message_id"]);
    Ok(Message {
        platform: option(body, "platform", Platform::parse, Platform::ALL)?.unwrap_or(platform),
        external_id: id.map(|id| id.trim_start_matches('<').trim_end_matches('>').to_owned()),
        thread_id: body.text(&["thread_id"]),
        contact_identifier: body.text(&["contact_identifier"]).or_else(|| body.text(&["email"])),
        contact_name: body.text(&["contact_name"]),
        account_identifier: body.text(&["account_identifier"]),
        subject: body.text(&["subject"]),
        content: body.text(&["text"]).unwrap_or_default(),
    })
}

fn meeting(body: Object<'_>) -> Result<Meeting, String> {
    Ok(Meeting {
        platform: option(body, "platform", Platform::parse, Platform::ALL)?.unwrap_or(Platform::N8nChat),
        starts_at: instant(body, "starts_at")?,
        external_id: body.text(&["meeting_id"]),
        replaces: body.text(&["replaces"]),
        title: body.text(&["title"]),
        url: body.text(&["url"]),
        contact_identifier: body.text(&["contact_identifier"]),
        contact_name: body.text(&["contact_name"]),
        account_identifier: body.text(&["account_identifier"]),
    })
}

fn profile(body: Object<'_>) -> Profile {
    let text = |name: &str| body.text(&[name]);
    Profile {
        first_name: text("first_name"),
        last_name: text("last_name"),
        phone: text("phone"),
        company_name: text("company_name"),
        job_title: text("job_title"),
        linkedin_url: text("linkedin_url"),
        company_linkedin_url: text("company_linkedin_url"),
        company_website: text("company_website"),
        company_size: text("company_size"),
        company_industry: text("company_industry"),
    }
}

/// The sender's own `id`, else the Message-ID, else the facts of the event with its time.
fn key(
    request: &Request<'_>,
    body: Object<'_>,
    email: &Email,
    data: &EventData,
    occurred_at: Option<DateTime<Utc>>,
    item: &Value,
) -> String {
    let kind = data.kind();
    let message_id = body.text(&["message_id"]).filter(|_| {
        matches!(data, EventData::EmailSent { .. } | EventData::ReplyReceived { .. } | EventData::EmailBounced { .. })
    });
    if let Some(identity) = message_id.as_deref().and_then(message_identity) {
        return message_key(kind, &identity);
    }
    if let Some(id) = body.text(&["id", "message_id"]) {
        return platform_key(kind, SOURCE.as_str(), &[&id]);
    }
    match occurred_at.filter(|time| *time <= request.received_at) {
        Some(time) => {
            let time = time.timestamp_micros().to_string();
            let text = body.text(&["text", "intent", "date", "starts_at"]).unwrap_or_default();
            hash_key(kind, SOURCE.as_str(), &[email.as_str(), &time, &text])
        }
        None => super::super::body_hash(kind, SOURCE, item),
    }
}

fn instant(body: Object<'_>, name: &str) -> Result<Option<DateTime<Utc>>, String> {
    match body.text(&[name]) {
        Some(text) => time(&text)
            .map(Some)
            .ok_or_else(|| format!("`{name}` is no time; expected something like 2026-10-01T09:00:00Z")),
        None => Ok(None),
    }
}

fn date(body: Object<'_>, name: &str) -> Result<Option<NaiveDate>, String> {
    match body.text(&[name]) {
        Some(text) => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_bad| format!("`{name}` is no date; expected YYYY-MM-DD")),
        None => Ok(None),
    }
}

fn option<T: Copy + std::fmt::Display>(
    body: Object<'_>,
    name: &str,
    parse: fn(&str) -> Option<T>,
    all: &[T],
) -> Result<Option<T>, String> {
    match body.text(&[name]) {
        None => Ok(None),
        Some(text) => parse(&text).map(Some).ok_or_else(|| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("`{name}` must be one of: {}", all.join(", "))
        }),
    }
}
