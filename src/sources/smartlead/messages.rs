//! Smartlead's mails: sent, replied, bounced.

use super::super::json::{Object, time};
use super::super::reply::{self, POLICY_BOUNCE, ReplyFacts};
use super::super::{Understood, alert, body_hash};
use super::{Payload, SOURCE};
use crate::domain::alert::AlertKind;
use crate::domain::event::{Alert, EventData, Message, Platform};
use crate::domain::identity::{message_identity, message_key, platform_key};
use crate::domain::ids::{CampaignId, Email};
use crate::mail::bounce::{Permanence, permanence_of_text};
use crate::mail::visible;
use chrono::{DateTime, Utc};

pub(super) fn sent(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let body = payload.body;
    let sent = body.object("sent_message").or_else(|| body.object("email"));
    let when = payload
        .time(&["time_sent"])
        .or_else(|| sent.and_then(|sent| sent.text(&["time"])).and_then(|text| time(&text)));
    let step = body.number(&["sequence_number", "current_sequence"]);
    let campaign = payload.campaign();
    let message_id = sent.and_then(|sent| sent.text(&["message_id"])).or_else(|| body.text(&["message_id"]));
    // The stats id is the local part of the Message-ID, and of the two posts for a first mail either may lack one of them.
    let identity = [&body.text(&["stats_id"]), &message_id].into_iter().flatten().find_map(|id| message_identity(id));
    let key = match identity {
        Some(identity) => message_key("email_sent", &identity),
        None => match step {
            Some(step) => platform_key(
                "email_sent",
                SOURCE.as_str(),
                &[campaign.as_ref().map_or("", CampaignId::as_str), email.as_str(), &step.to_string()],
            ),
            None => payload.timed_key("email_sent", &email, when, ""),
        },
    };
    let is_last = step.zip(campaign.as_ref()).is_some_and(|(step, campaign)| {
        payload.settings.sequence_steps.get(campaign.as_str()).is_some_and(|steps| step >= *steps)
    });
    let is_completed = body.text(&["campaign_status"]).is_some_and(|status| status.eq_ignore_ascii_case("COMPLETED"));
    let manual = payload.event_type.eq_ignore_ascii_case("MANUAL_REPLY_SENT");
    let data = EventData::EmailSent {
        message: Message {
            platform: Platform::Smartlead,
            external_id: message_id.map(|id| bare(&id)).or_else(|| body.text(&["stats_id"])),
            thread_id: body.text(&["stats_thread_id"]),
            contact_identifier: body.email(&["to_email"]).or_else(|| Some(email.clone())).map(String::from),
            contact_name: body.text(&["to_name", "lead_name"]),
            account_identifier: body.email(&["from_email", "from"]).map(String::from),
            subject: body
                .text(&["subject", "custom_subject"])
                .or_else(|| sent.and_then(|sent| sent.text(&["subject"]))),
            content: body_text(&[sent], body, &["custom_email_message", "sent_message_body"]),
        },
        campaign,
        step,
        last_in_sequence: !manual && (is_last || is_completed),
        manual,
    };
    understood.events.push(payload.told(email, when).event(key, data));
}

pub(super) fn reply(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let body = payload.body;
    let reply = body.object("reply_message").or_else(|| body.object("reply"));
    let when = payload
        .time(&["time_replied"])
        .or_else(|| reply.and_then(|reply| reply.text(&["time"])).and_then(|text| time(&text)));
    let message_id = reply.and_then(|reply| reply.text(&["message_id"])).or_else(|| body.text(&["message_id"]));
    let key = match message_id.as_deref().and_then(message_identity) {
        Some(identity) => message_key("reply_received", &identity),
        None => payload.timed_key("reply_received", &email, when, ""),
    };
    let correspondence = body.object("leadCorrespondence");
    let writer = correspondence
        .and_then(|c| c.email(&["replyReceivedFrom"]))
        .or_else(|| body.email(&["to_email"]))
        .unwrap_or_else(|| email.clone());
    let subject = body.text(&["subject"]);
    let facts = reply_facts(payload, reply, None, subject.as_deref(), when);
    let data = EventData::ReplyReceived {
        message: Message {
            platform: Platform::Smartlead,
            external_id: message_id.map(|id| bare(&id)),
            thread_id: body.text(&["stats_thread_id"]).or_else(|| body.text(&["stats_id"])),
            contact_identifier: Some(writer.into()),
            contact_name: body.text(&["to_name"]),
            account_identifier: body.email(&["from_email"]).map(String::from),
            subject,
            content: facts.content,
        },
        campaign: payload.campaign(),
        intent: facts.intent,
        sentiment: None,
        auto_reply: facts.auto_reply,
        return_date: facts.return_date,
    };
    alert_of_reply(payload, understood, facts.alert, when, &key);
    understood.events.push(payload.told(email, when).event(key, data));
}

pub(super) fn untracked_reply(payload: &Payload<'_>, understood: &mut Understood) {
    let body = payload.body;
    let Some(email) = body.email(&["sender_detail", "from_email"]) else {
        understood.unrecognised.push("UNTRACKED_REPLIES without a usable sender".to_owned());
        return;
    };
    let reply = body.object("reply_message");
    let when = payload.time(&[]).or_else(|| reply.and_then(|reply| reply.text(&["time"])).and_then(|text| time(&text)));
    let message_id = reply.and_then(|reply| reply.text(&["message_id"])).or_else(|| body.text(&["message_id"]));
    let key = match message_id.as_deref().and_then(message_identity) {
        Some(identity) => message_key("reply_received", &identity),
        None => payload.timed_key("reply_received", &email, when, ""),
    };
    let sender = body.text(&["sender_detail"]).and_then(|text| Email::parse_mailbox(&text).ok());
    let subject = body.text(&["subject"]);
    let facts = reply_facts(payload, reply, body.text(&["visible_text"]), subject.as_deref(), when);
    let data = EventData::ReplyReceived {
        message: Message {
            platform: Platform::Smartlead,
            external_id: message_id.map(|id| bare(&id)),
            thread_id: None,
            contact_identifier: Some(email.as_str().to_owned()),
            contact_name: sender.and_then(|(_, name)| name),
            account_identifier: body.email(&["recipient_detail"]).map(String::from),
            subject,
            content: facts.content,
        },
        campaign: None,
        intent: facts.intent,
        sentiment: None,
        auto_reply: facts.auto_reply,
        return_date: facts.return_date,
    };
    alert_of_reply(payload, understood, facts.alert, when, &key);
    understood.events.push(payload.told(email, when).event(key, data));
}

pub(super) fn bounce(payload: &Payload<'_>, understood: &mut Understood) {
    let body = payload.body;
    let bounce = body.object("bounce_message");
    // `time_sent` and `event_timestamp` are those of the sending; only this one is the bounce's.
    let when = bounce.and_then(|bounce| bounce.text(&["time"])).and_then(|text| time(&text));
    if body.flag("is_sender_originated_bounce") {
        let key = body_hash("sender_bounce", SOURCE, payload.item);
        let mailbox = body.email(&["from_email"]).map_or_else(|| "our mailbox".to_owned(), |email| email.to_string());
        let text = format!("{mailbox} could not send: the bounce is the sender's, not the contact's");
        let alert = alert(payload.request, SOURCE, AlertKind::SenderBounce, when, payload.campaign(), key, text);
        understood.alerts.push(Alert { about: Some(mailbox), ..alert });
        return;
    }
    let email = payload.lead().or_else(|| body.text(&["description"]).and_then(|text| address_in(&text)));
    let Some(email) = email else {
        understood.unrecognised.push("EMAIL_BOUNCE without a usable lead address".to_owned());
        return;
    };
    let bounce_id =
        body.text(&["bounce_reply_message_id"]).or_else(|| bounce.and_then(|bounce| bounce.text(&["message_id"])));
    let key = match bounce_id.as_deref().and_then(message_identity) {
        Some(identity) => message_key("email_bounced", &identity),
        None => platform_key(
            "email_bounced",
            SOURCE.as_str(),
            &[payload.campaign().as_ref().map_or("", CampaignId::as_str), &payload.mail_identity(&email)],
        ),
    };
    let content = body_text(&[bounce], body, &["bounce_reply_preview", "bounce_reply_email"]);
    // Smartlead tells no hard or soft; it stops the lead, so it took the address for dead where the words don't say otherwise.
    let (permanence, status_code) = permanence_of_text(&content).unwrap_or((Permanence::Permanent, None));
    if permanence == Permanence::Policy {
        let key = platform_key("policy_bounce", SOURCE.as_str(), &[&key]);
        let (kind, text) = (AlertKind::SendingRefused, POLICY_BOUNCE.to_owned());
        let alert = alert(payload.request, SOURCE, kind, when, payload.campaign(), key, text);
        understood.alerts.push(Alert { about: body.email(&["from_email"]).map(String::from), ..alert });
    }
    let data = EventData::EmailBounced {
        message: Message {
            platform: Platform::Smartlead,
            external_id: bounce_id.map(|id| bare(&id)),
            thread_id: body.text(&["stats_thread_id"]),
            contact_identifier: Some(email.as_str().to_owned()),
            contact_name: body.text(&["to_name"]),
            account_identifier: body.email(&["from_email"]).map(String::from),
            subject: body.text(&["subject"]),
            content,
        },
        campaign: payload.campaign(),
        step: body.number(&["sequence_number"]),
        permanent: permanence == Permanence::Permanent,
        status_code,
    };
    understood.events.push(payload.told(email, when).event(key, data));
}

/// The text of a message: its own, else that of the fallbacks; HTML only where nothing else is there.
fn body_text(messages: &[Option<Object<'_>>], body: Object<'_>, fallbacks: &[&str]) -> String {
    let of = |name: &str| messages.iter().flatten().find_map(|message| message.text(&[name]));
    of("text")
        .or_else(|| of("html").or_else(|| body.text(fallbacks)).map(|html| visible::of_html(&html)))
        .unwrap_or_default()
}

/// `text` and `preview_text` hold only what is new; `html` and `reply_body` hold the quoted thread too.
fn reply_facts(
    payload: &Payload<'_>,
    message: Option<Object<'_>>,
    visible_text: Option<String>,
    subject: Option<&str>,
    when: Option<DateTime<Utc>>,
) -> ReplyFacts {
    let of = |name: &str| message.and_then(|message| message.text(&[name]));
    let text = visible_text.or_else(|| of("text")).or_else(|| payload.body.text(&["preview_text"]));
    let html = if text.is_none() { of("html").or_else(|| payload.body.text(&["reply_body"])) } else { None };
    let at = when.unwrap_or(payload.request.received_at);
    reply::of_platform(subject, text.as_deref(), html.as_deref(), at, false)
}

fn alert_of_reply(
    payload: &Payload<'_>,
    understood: &mut Understood,
    text: Option<&str>,
    when: Option<DateTime<Utc>>,
    reply_key: &str,
) {
    if let Some(text) = text {
        let key = platform_key("reply_alert", SOURCE.as_str(), &[reply_key]);
        let (kind, text) = (AlertKind::MailNeedsAPerson, text.to_owned());
        understood.alerts.push(alert(payload.request, SOURCE, kind, when, payload.campaign(), key, text));
    }
}

fn bare(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

fn address_in(text: &str) -> Option<Email> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .find_map(|word| Email::parse(word).ok())
}
