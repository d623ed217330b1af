//! Instantly's webhooks (API v2). Instantly signs nothing; the proof is a header set on the webhook, or a token in the URL.
//!
//! Custom variables of the lead are merged into the top level and may carry any name: a base field is taken only where it has
//! the form that Instantly gives it.

use super::json::{Object, text_of, time};
use super::meaning::{Effect, configured, effect};
use super::reply::{self, POLICY_BOUNCE};
use super::settings::{InstantlySettings, Meaning};
use super::signature::{header, is_one_of, prove_url_token};
use super::{Request, Told, Understood, Unproven, alert, body_hash};
use crate::domain::alert::AlertKind;
use crate::domain::event::{
    Alert, CampaignChange, CampaignMove, Event, EventData, FinishedBy, Message, Platform, Profile, Source,
};
use crate::domain::identity::platform_key;
use crate::domain::ids::{CampaignId, Email};
use crate::mail::bounce::{Permanence, permanence_of_text};
use crate::mail::visible;
use chrono::{DateTime, Utc};
use serde_json::Value;

const SOURCE: Source = Source::Instantly;

pub(super) fn prove(settings: &InstantlySettings, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    let by_header = settings.header.as_deref().filter(|_| !settings.secrets.is_empty());
    if by_header.is_none() && settings.url_tokens.is_empty() {
        let text = "no proof is configured: set `header` and `secrets`, or `url_tokens`, of instantly";
        return Err(Unproven(text.to_owned()));
    }
    if let Some(name) = by_header {
        match header(request, &name.to_ascii_lowercase()) {
            Some(value) if is_one_of(value, &settings.secrets) => {}
            Some(_) => return Err(Unproven(format!("the header `{name}` is not the configured one"))),
            None => return Err(Unproven(format!("the header `{name}` is missing"))),
        }
    }
    if !settings.url_tokens.is_empty() {
        prove_url_token(request, &settings.url_tokens)?;
    }
    Ok(())
}

struct Payload<'a> {
    settings: &'a InstantlySettings,
    request: &'a Request<'a>,
    item: &'a Value,
    body: Object<'a>,
    event_type: String,
}

pub(super) fn read(settings: &InstantlySettings, request: &Request<'_>, item: &Value, understood: &mut Understood) {
    let Value::Object(object) = item else {
        understood.unrecognised.push("an Instantly payload must be a JSON object".to_owned());
        return;
    };
    let body = Object(object);
    let Some(event_type) = body.text(&["event_type"]) else {
        understood.unrecognised.push("`event_type` is missing".to_owned());
        return;
    };
    let payload = Payload { settings, request, item, body, event_type };
    match payload.event_type.to_ascii_lowercase().as_str() {
        "email_sent" => payload.with_lead(understood, |payload, _, email| sent(payload, email)),
        "reply_received" => {
            payload.with_lead(understood, |payload, understood, email| reply(payload, understood, email, false));
        }
        "auto_reply_received" => {
            payload.with_lead(understood, |payload, understood, email| reply(payload, understood, email, true));
        }
        "email_bounced" => payload.with_lead(understood, bounced),
        "email_opened" => payload.with_lead(understood, |payload, _, email| {
            payload.plain(email, EventData::EmailOpened { campaign: payload.campaign() })
        }),
        "link_clicked" | "email_link_clicked" => payload.with_lead(understood, |payload, _, email| {
            let url = payload.body.text(&["clicked_url", "link"]);
            payload.plain(email, EventData::LinkClicked { campaign: payload.campaign(), url })
        }),
        "lead_unsubscribed" => payload.with_lead(understood, |payload, _, email| {
            payload.plain(email, EventData::Unsubscribed { campaign: payload.campaign() })
        }),
        "campaign_completed" => completed(&payload, understood),
        "account_error" => {
            let mailbox = body.email(&["email_account", "email"]).map_or_else(|| "a mailbox".to_owned(), String::from);
            let key = payload.key("account_error", None);
            let text = format!("Instantly reports an error of {mailbox}: look at it there");
            let kind = AlertKind::MailboxDisconnected;
            let alert = alert(request, SOURCE, kind, payload.time(), payload.campaign(), key, text);
            understood.alerts.push(Alert { about: Some(mailbox), ..alert });
        }
        "supersearch_enrichment_completed" => {
            understood.ignored.push("an enrichment notice moves no contact".to_owned());
        }
        _ => label(&payload, understood),
    }
}

impl Payload<'_> {
    fn with_lead(&self, understood: &mut Understood, make: impl FnOnce(&Self, &mut Understood, &Email) -> Event) {
        match self.lead() {
            Some(email) => {
                let event = make(self, understood, &email);
                understood.events.push(event);
            }
            None => understood.unrecognised.push(format!("{} without a usable lead_email", clip(&self.event_type))),
        }
    }

    /// `email` is a lead variable, so it counts only where `lead_email` is missing.
    fn lead(&self) -> Option<Email> {
        self.body.email(&["lead_email", "email"])
    }

    /// A campaign id of Instantly is a UUID; anything else is a variable that happens to have the name.
    fn campaign(&self) -> Option<CampaignId> {
        let id = self.body.text(&["campaign_id"])?;
        let uuid = uuid::Uuid::try_parse(&id).ok()?;
        CampaignId::parse(&uuid.to_string()).ok()
    }

    /// A time of Instantly is an instant in RFC 3339; a number or a date is a variable.
    fn time(&self) -> Option<DateTime<Utc>> {
        let text = self.body.text(&["timestamp"])?;
        text.contains('T').then(|| time(&text)).flatten()
    }

    /// A step counts from 1 and stays small.
    fn step(&self) -> Option<u32> {
        self.body.number(&["step"]).filter(|step| (1..=1_000).contains(step))
    }

    fn email_id(&self) -> Option<String> {
        let id = self.body.text(&["email_id"])?;
        uuid::Uuid::try_parse(&id).ok().map(|uuid| uuid.to_string())
    }

    /// The platform's own ids: the mail and the time of the occurrence, which is fixed over repeats.
    fn key(&self, kind: &str, email: Option<&Email>) -> String {
        let Some(time) = self.time() else { return body_hash(kind, SOURCE, self.item) };
        let time = time.timestamp_micros().to_string();
        match self.email_id() {
            Some(email_id) => platform_key(kind, SOURCE.as_str(), &[&email_id, &time]),
            None => platform_key(
                kind,
                SOURCE.as_str(),
                &[
                    self.campaign().as_ref().map_or("", CampaignId::as_str),
                    email.map_or("", Email::as_str),
                    &self.step().map(|step| step.to_string()).unwrap_or_default(),
                    &time,
                ],
            ),
        }
    }

    fn profile(&self) -> Profile {
        let text = |names: &[&str]| self.body.text(names);
        Profile {
            first_name: text(&["firstName", "first_name"]),
            last_name: text(&["lastName", "last_name"]),
            phone: text(&["phone"]),
            company_name: text(&["companyName", "company_name"]),
            job_title: text(&["jobTitle", "job_title"]),
            company_website: text(&["website"]),
            linkedin_url: text(&["linkedIn", "linkedin_url"]),
            ..Profile::default()
        }
    }

    fn told(&self, email: Email) -> Told<'_> {
        Told { request: self.request, source: SOURCE, email, time: self.time(), profile: self.profile() }
    }

    fn plain(&self, email: &Email, data: EventData) -> Event {
        let key = self.key(data.kind(), Some(email));
        self.told(email.clone()).event(key, data)
    }

    fn message(&self, email: &Email, subject: Option<String>, content: String) -> Message {
        Message {
            platform: Platform::Instantly,
            external_id: self.email_id(),
            thread_id: None,
            contact_identifier: Some(email.as_str().to_owned()),
            contact_name: None,
            account_identifier: self.body.email(&["email_account"]).map(String::from),
            subject,
            content,
        }
    }

    /// The first of these texts that says something; HTML (the last resort) loses its tags.
    fn content(&self, texts: &[&str], html: &str) -> String {
        self.body
            .text(texts)
            .or_else(|| self.body.text(&[html]).map(|html| visible::of_html(&html)))
            .unwrap_or_default()
    }
}

fn sent(payload: &Payload<'_>, email: &Email) -> Event {
    let campaign = payload.campaign();
    let step = payload.step();
    let last_in_sequence = step.zip(campaign.as_ref()).is_some_and(|(step, campaign)| {
        payload.settings.sequence_steps.get(campaign.as_str()).is_some_and(|steps| step >= *steps)
    });
    let content = payload.content(&["email_text"], "email_html");
    let data = EventData::EmailSent {
        message: payload.message(email, payload.body.text(&["email_subject"]), content),
        campaign,
        step,
        last_in_sequence,
        manual: false,
    };
    payload.plain(email, data)
}

fn reply(payload: &Payload<'_>, understood: &mut Understood, email: &Email, is_automatic: bool) -> Event {
    let subject = payload.body.text(&["reply_subject", "email_subject"]);
    // The whole text holds the quoted thread, which is cut; the snippet may hold only line breaks, or be cut off.
    let text = payload.body.text(&["reply_text", "reply_text_snippet"]);
    let html = if text.is_none() { payload.body.text(&["reply_html"]) } else { None };
    let at = payload.time().unwrap_or(payload.request.received_at);
    let facts = reply::of_platform(subject.as_deref(), text.as_deref(), html.as_deref(), at, is_automatic);
    if let Some(text) = facts.alert {
        let key = payload.key("reply_alert", Some(email));
        understood.alerts.push(alert(
            payload.request,
            SOURCE,
            AlertKind::MailNeedsAPerson,
            payload.time(),
            payload.campaign(),
            key,
            text.to_owned(),
        ));
    }
    let data = EventData::ReplyReceived {
        message: payload.message(email, subject, facts.content),
        campaign: payload.campaign(),
        intent: facts.intent,
        sentiment: None,
        auto_reply: facts.auto_reply,
        return_date: facts.return_date,
    };
    payload.plain(email, data)
}

fn bounced(payload: &Payload<'_>, understood: &mut Understood, email: &Email) -> Event {
    // `email_text` is our own mail and says nothing of the bounce.
    let told = payload.content(&["reply_text", "reply_text_snippet"], "reply_html");
    let (permanence, status_code) = permanence_of_text(&told).unwrap_or((Permanence::Permanent, None));
    if permanence == Permanence::Policy {
        let key = payload.key("policy_bounce", Some(email));
        let text = POLICY_BOUNCE.to_owned();
        let kind = AlertKind::SendingRefused;
        let alert = alert(payload.request, SOURCE, kind, payload.time(), payload.campaign(), key, text);
        understood.alerts.push(Alert { about: payload.body.email(&["email_account"]).map(String::from), ..alert });
    }
    let content = if told.is_empty() { payload.content(&["email_text"], "email_html") } else { told };
    let data = EventData::EmailBounced {
        message: payload.message(email, payload.body.text(&["email_subject"]), content),
        campaign: payload.campaign(),
        step: payload.step(),
        permanent: permanence == Permanence::Permanent,
        status_code,
    };
    payload.plain(email, data)
}

/// With an address it is about that lead; without one, about the whole campaign.
fn completed(payload: &Payload<'_>, understood: &mut Understood) {
    let campaign = payload.campaign();
    if let Some(email) = payload.body.email(&["lead_email"]) {
        let data = EventData::SequenceFinished { campaign, finished_by: FinishedBy::PlatformEvent };
        understood.events.push(payload.plain(&email, data));
        return;
    }
    let Some(campaign) = campaign else {
        understood.unrecognised.push("campaign_completed without a usable campaign_id".to_owned());
        return;
    };
    let (occurred_at, _) = super::json::occurred(payload.time(), payload.request.received_at);
    understood.campaign_changes.push(CampaignChange {
        client_id: payload.request.client_id.clone(),
        campaign,
        source: SOURCE,
        occurred_at,
        change: CampaignMove::Completed,
        dedupe_key: payload.key("campaign_completed", None),
    });
}

/// Interest changes: the built-in names, or the text of one of the customer's labels. Never a second reply, although the fields
/// of the reply may stand beside them.
fn label(payload: &Payload<'_>, understood: &mut Understood) {
    let name = payload.event_type.clone();
    let Some(meaning) = configured(&payload.settings.labels, &name).or_else(|| built_in(&name)) else {
        understood.unrecognised.push(format!(
            "unknown Instantly event or label `{}`: say what it means under [clients.{}.instantly.labels]",
            clip(&name),
            payload.request.client_id
        ));
        return;
    };
    let Some(email) = payload.lead() else {
        understood.unrecognised.push(format!("{} without a usable lead_email", clip(&name)));
        return;
    };
    let key_of = |kind: &str| payload.key(&format!("{kind}:{}", name.to_lowercase()), Some(&email));
    match effect(meaning, &format!("Instantly {}", clip(&name)), Platform::Instantly) {
        Effect::Event(data) => {
            let key = key_of(data.kind());
            understood.events.push(payload.told(email).event(key, data));
        }
        Effect::SenderProblem => {
            let text = "Instantly reports a problem of our own mailbox: look at it there".to_owned();
            let (kind, key) = (AlertKind::SenderBounce, key_of("sender_problem"));
            understood.alerts.push(alert(payload.request, SOURCE, kind, payload.time(), payload.campaign(), key, text));
        }
        Effect::Ignored => understood.ignored.push(format!("the label `{}` is configured to be ignored", clip(&name))),
    }
}

fn built_in(name: &str) -> Option<Meaning> {
    let meaning = match name.to_ascii_lowercase().as_str() {
        "lead_interested" => Meaning::InterestedReadyToTalk,
        "lead_neutral" => Meaning::Other,
        "lead_not_interested" => Meaning::NotInterested,
        "lead_wrong_person" => Meaning::WrongPerson,
        "lead_out_of_office" => Meaning::OutOfOffice,
        "lead_meeting_booked" => Meaning::MeetingBooked,
        "lead_meeting_completed" => Meaning::MeetingCompleted,
        "lead_no_show" => Meaning::MeetingNoShow,
        "lead_closed" => Meaning::DealWon,
        _ => return None,
    };
    Some(meaning)
}

fn clip(text: &str) -> String {
    text_of(&Value::String(text.chars().filter(|c| !c.is_control()).take(60).collect())).unwrap_or_default()
}
