//! What was written to and by the leads: the webhooks that tell of it, and the statistics and the message history that keep it.

use super::Account;
use super::{INVALID, NOT_FOUND, PAGE_MAX};
use crate::sandbox::query::Query;
use crate::sandbox::smartlead::Answered;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Mail {
    campaign: u64,
    lead: u64,
    stats_id: String,
    step: u64,
    at: DateTime<Utc>,
    replies: Vec<Reply>,
}

#[derive(Debug)]
struct Reply {
    message_id: String,
    at: DateTime<Utc>,
    text: String,
}

impl Mail {
    fn message_id(&self) -> String {
        format!("<{}@acme.example>", self.stats_id)
    }

    fn text(&self) -> String {
        format!("Mail number {} to you", self.step)
    }

    const MAILBOX: &'static str = "sales@acme.example";
    const SUBJECT: &'static str = "A question";
}

/// As a person at Smartlead does it.
impl Account {
    /// The next mail of a campaign goes out to a lead; gives the webhook that tells of it. None where the lead is not in it.
    pub fn send(&mut self, campaign: u64, email: &str, at: DateTime<Utc>) -> Option<Value> {
        let lead = self.lead_id(campaign, email)?;
        let before = self.mails.iter().filter(|mail| mail.campaign == campaign && mail.lead == lead).count();
        self.next += 1;
        let stats_id = Uuid::from_u128((0x6f0c_2e0a_0b1b_4e5c << 64) | u128::from(self.next)).to_string();
        let step = u64::try_from(before).ok()? + 1;
        let mail = Mail { campaign, lead, stats_id, step, at, replies: Vec::new() };
        let webhook = json!({
            "event_type": "EMAIL_SENT", "event_timestamp": at.to_rfc3339(), "time_sent": at.to_rfc3339(), "campaign_id": campaign,
            "campaign_name": "Outreach", "campaign_status": "ACTIVE", "client_id": null, "sequence_number": step,
            "stats_id": mail.stats_id, "sl_email_lead_id": lead.to_string(), "from_email": Mail::MAILBOX, "to_email": email,
            "subject": Mail::SUBJECT, "message_id": mail.message_id(),
            "sent_message": { "message_id": mail.message_id(), "html": html(&mail.text()), "text": mail.text(), "time": at.to_rfc3339() },
        });
        self.mails.push(mail);
        Some(webhook)
    }

    /// A lead answers the newest mail of a campaign; gives the webhook that tells of it. None where there is no such mail.
    pub fn receive(&mut self, campaign: u64, email: &str, text: &str, at: DateTime<Utc>) -> Option<Value> {
        let lead = self.lead_id(campaign, email)?;
        self.next += 1;
        let message_id = format!("<reply-{}@mail.example>", self.next);
        let mail = self.mails.iter_mut().rev().find(|mail| mail.campaign == campaign && mail.lead == lead)?;
        let webhook = json!({
            "event_type": "EMAIL_REPLY", "event_timestamp": at.to_rfc3339(), "time_replied": at.to_rfc3339(),
            "campaign_id": campaign, "campaign_name": "Outreach", "campaign_status": "ACTIVE", "sequence_number": mail.step,
            "stats_id": mail.stats_id, "sl_lead_email": email, "from_email": Mail::MAILBOX, "to_email": email,
            "subject": Mail::SUBJECT, "message_id": message_id,
            "reply_message": { "message_id": message_id, "html": html(text), "text": text, "time": at.to_rfc3339() },
            "reply_body": html(text), "preview_text": text,
        });
        mail.replies.push(Reply { message_id, at, text: text.to_owned() });
        self.places_mut(campaign, email).for_each(|place| place.has_replied = true);
        Some(webhook)
    }

    fn lead_id(&self, campaign: u64, email: &str) -> Option<u64> {
        let is_it = |lead: &super::Lead| lead.email == email && lead.places.contains_key(&campaign);
        self.leads.iter().find(|(_, lead)| is_it(lead)).map(|(id, _)| *id)
    }
}

/// How it answers.
impl Account {
    pub(in crate::sandbox::smartlead) fn statistics(&self, campaign: u64, query: &Query) -> Answered {
        if !self.campaigns.contains(&campaign) {
            return Err(NOT_FOUND);
        }
        let number = |name: &str, usual: usize| query.get(name).map_or(Some(usual), |text| text.parse().ok());
        let (offset, limit) = (number("offset", 0).ok_or(INVALID)?, number("limit", PAGE_MAX).ok_or(INVALID)?);
        if limit == 0 || limit > PAGE_MAX {
            return Err(INVALID);
        }
        let time = |name: &str| {
            let parse =
                |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.fZ").map(|time| time.and_utc());
            query.get(name).map(|text| parse(text).map_err(|_error| INVALID)).transpose()
        };
        let (since, until) = (time("sent_time_start_date")?, time("sent_time_end_date")?);
        let replied = query.get("email_status") == Some("replied");
        let is_listed = |mail: &&Mail| {
            mail.campaign == campaign
                && since.is_none_or(|since| mail.at >= since)
                && until.is_none_or(|until| mail.at < until)
                && (!replied || !mail.replies.is_empty())
        };
        let all: Vec<Value> = self.mails.iter().filter(is_listed).map(|mail| self.line(mail)).collect();
        let page: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
        Ok(json!({ "total_stats": all.len().to_string(), "data": page, "offset": offset, "limit": limit }))
    }

    fn line(&self, mail: &Mail) -> Value {
        let email = self.leads.get(&mail.lead).map(|lead| lead.email.as_str());
        json!({ "lead_name": null, "lead_email": email, "lead_category": null, "sequence_number": mail.step,
            "stats_id": mail.stats_id, "email_subject": Mail::SUBJECT, "email_message": html(&mail.text()), "sent_time": mail.at,
            "open_time": null, "click_time": null, "reply_time": mail.replies.last().map(|reply| reply.at), "open_count": 0,
            "click_count": 0, "is_unsubscribed": false, "is_bounced": false })
    }

    pub(in crate::sandbox::smartlead) fn message_history(&self, campaign: u64, lead: u64) -> Answered {
        let email =
            self.leads.get(&lead).filter(|lead| lead.places.contains_key(&campaign)).ok_or(NOT_FOUND)?.email.as_str();
        let mut messages: Vec<(DateTime<Utc>, Value)> = Vec::new();
        for mail in self.mails.iter().filter(|mail| mail.campaign == campaign && mail.lead == lead) {
            let sent = json!({ "stats_id": mail.stats_id, "type": "SENT", "message_id": mail.message_id(), "time": mail.at,
                "email_body": html(&mail.text()), "subject": Mail::SUBJECT, "email_seq_number": mail.step.to_string() });
            messages.push((mail.at, sent));
            for reply in &mail.replies {
                let reply_json = json!({ "stats_id": mail.stats_id, "type": "REPLY", "message_id": reply.message_id,
                    "time": reply.at, "email_body": html(&reply.text), "subject": Mail::SUBJECT });
                messages.push((reply.at, reply_json));
            }
        }
        messages.sort_by_key(|(at, _)| *at);
        let history: Vec<Value> = messages.into_iter().map(|(_, message)| message).collect();
        Ok(json!({ "history": history, "from": Mail::MAILBOX, "to": email }))
    }
}

fn html(text: &str) -> String {
    format!("<div>{text}</div>")
}
