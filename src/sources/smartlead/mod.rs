//! Smartlead's webhooks. Shapes and traps: the vendor's webhook events reference and live captures; field names are theirs.

mod categories;
pub mod history;
mod messages;

use super::json::{Object, split_name, text_of, time};
use super::settings::SmartleadSettings;
use super::signature::{header, is_hex_hmac, is_one_of, prove_url_token};
use super::{Request, Told, Understood, Unproven, alert, body_hash};
use crate::domain::alert::AlertKind;
use crate::domain::event::{Alert, CampaignChange, CampaignMove, EventData, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::{CampaignId, Email};
use chrono::{DateTime, Utc};
use serde_json::Value;

const SOURCE: Source = Source::Smartlead;

/// The URL token and the body's `secret_key`: each that is configured must hold. `X-Smartlead-Signature` is checked where
/// configured and present; captures show no such header, so it is never required.
pub(super) fn prove(settings: &SmartleadSettings, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    if settings.secrets.is_empty() && settings.url_tokens.is_empty() {
        return Err(Unproven("no proof is configured: set `url_tokens` or `secrets` of smartlead".to_owned()));
    }
    if !settings.url_tokens.is_empty() {
        prove_url_token(request, &settings.url_tokens)?;
    }
    if let Some(signature) = header(request, "x-smartlead-signature")
        && !settings.signature_secrets.is_empty()
        && !is_hex_hmac(signature, &settings.signature_secrets, request.body)
    {
        return Err(Unproven("`X-Smartlead-Signature` does not hold".to_owned()));
    }
    if !settings.secrets.is_empty() {
        let body: Value = serde_json::from_slice(request.body).unwrap_or(Value::Null);
        let key = body.get("secret_key").and_then(text_of);
        match key {
            Some(key) if is_one_of(&key, &settings.secrets) => {}
            Some(_) => return Err(Unproven("`secret_key` in the body is not the configured one".to_owned())),
            None => return Err(Unproven("the body lacks `secret_key`".to_owned())),
        }
    }
    Ok(())
}

/// One payload on its way to events.
struct Payload<'a> {
    settings: &'a SmartleadSettings,
    request: &'a Request<'a>,
    item: &'a Value,
    body: Object<'a>,
    event_type: String,
}

pub(super) fn read(settings: &SmartleadSettings, request: &Request<'_>, item: &Value, understood: &mut Understood) {
    let Value::Object(object) = item else {
        understood.unrecognised.push("a Smartlead payload must be a JSON object".to_owned());
        return;
    };
    let body = Object(object);
    let Some(event_type) = body.text(&["event_type", "event", "eventType", "type"]) else {
        understood.unrecognised.push("`event_type` is missing".to_owned());
        return;
    };
    let payload = Payload { settings, request, item, body, event_type };
    if payload.is_test_post() {
        understood.ignored.push("a test post of Smartlead's webhook settings".to_owned());
        return;
    }
    let folded = payload.event_type.to_ascii_uppercase().replace(['.', '-', ' '], "_");
    match folded.as_str() {
        "EMAIL_SENT" | "FIRST_EMAIL_SENT" | "SENT" | "MANUAL_REPLY_SENT" => messages::sent(&payload, understood),
        "EMAIL_REPLY" | "EMAIL_REPLIED" | "REPLIED" => messages::reply(&payload, understood),
        "UNTRACKED_REPLIES" => messages::untracked_reply(&payload, understood),
        "EMAIL_BOUNCE" | "EMAIL_BOUNCED" => messages::bounce(&payload, understood),
        "EMAIL_OPEN" | "EMAIL_OPENED" | "OPENED" => opened(&payload, understood),
        "EMAIL_LINK_CLICK" | "EMAIL_CLICKED" | "CLICKED" => clicked(&payload, understood),
        "LEAD_UNSUBSCRIBED" | "EMAIL_UNSUBSCRIBED" => unsubscribed(&payload, understood),
        "LEAD_CATEGORY_UPDATED" => categories::updated(&payload, understood),
        "CAMPAIGN_STATUS_CHANGED" | "CAMPAIGN_STATUS_CHANGE" => campaign_status(&payload, understood),
        "MANUAL_STEP_REACHED" => manual_step(&payload, understood),
        "EMAIL_ACCOUNT_DISCONNECTED" | "LINKEDIN_DISCONNECTED" => disconnected(&payload, understood),
        _ => understood.unrecognised.push(format!("unknown Smartlead event type `{}`", clip(&payload.event_type))),
    }
}

impl Payload<'_> {
    /// The bodies of the save and test buttons carry these constants.
    fn is_test_post(&self) -> bool {
        self.body.text(&["stats_id"]).as_deref() == Some("id")
    }

    /// The lead: as imported, never whoever answered from elsewhere.
    fn lead(&self) -> Option<Email> {
        let nested = |name: &str| self.body.object(name).and_then(|inner| inner.email(&["email", "targetLeadEmail"]));
        self.body
            .email(&["sl_lead_email"])
            .or_else(|| nested("leadCorrespondence"))
            .or_else(|| self.body.email(&["lead_email", "to_email", "to", "email"]))
            .or_else(|| nested("lead"))
            .or_else(|| nested("lead_data"))
    }

    fn campaign(&self) -> Option<CampaignId> {
        self.body.text(&["campaign_id", "campaignId"]).and_then(|id| CampaignId::parse(&id).ok())
    }

    fn time(&self, names: &[&str]) -> Option<DateTime<Utc>> {
        names
            .iter()
            .chain(&["event_timestamp", "timestamp"])
            .find_map(|name| self.body.text(&[name]).and_then(|text| time(&text)))
    }

    fn profile(&self) -> Profile {
        let name = self.body.text(&["to_name", "lead_name"]);
        let nested = self.body.object("lead_data").or_else(|| self.body.object("lead"));
        let from = |names: &[&str]| nested.and_then(|lead| lead.text(names));
        let (first, last) = split_name(name.as_deref());
        Profile {
            first_name: from(&["first_name", "firstName"]).or(first),
            last_name: from(&["last_name", "lastName"]).or(last),
            phone: from(&["phone_number", "phone"]),
            company_name: from(&["company_name", "companyName"]),
            linkedin_url: from(&["linkedin_profile"]),
            company_website: from(&["website", "company_url"]),
            ..Profile::default()
        }
    }

    fn told(&self, email: Email, time: Option<DateTime<Utc>>) -> Told<'_> {
        Told { request: self.request, source: SOURCE, email, time, profile: self.profile() }
    }

    /// The lead's address, or a note that it is missing.
    fn lead_or_note(&self, understood: &mut Understood) -> Option<Email> {
        let lead = self.lead();
        if lead.is_none() {
            understood.unrecognised.push(format!("{} without a usable lead address", clip(&self.event_type)));
        }
        lead
    }

    /// `stats_id`, else the address: what tells one mail's events from another's (with the campaign).
    fn mail_identity(&self, email: &Email) -> String {
        self.body
            .text(&["stats_id"])
            .and_then(|id| crate::domain::identity::message_identity(&id))
            .unwrap_or_else(|| email.as_str().to_owned())
    }

    /// The key of an event that is told apart by its own time; by the whole body where it has none.
    fn timed_key(&self, kind: &str, email: &Email, time: Option<DateTime<Utc>>, detail: &str) -> String {
        let campaign = self.campaign();
        match time {
            Some(time) => platform_key(
                kind,
                SOURCE.as_str(),
                &[
                    campaign.as_ref().map_or("", CampaignId::as_str),
                    &self.mail_identity(email),
                    &time.timestamp_micros().to_string(),
                    detail,
                ],
            ),
            None => body_hash(kind, SOURCE, self.item),
        }
    }
}

fn opened(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let time = payload.time(&["time_opened"]);
    let key = payload.timed_key("email_opened", &email, time, "");
    let data = EventData::EmailOpened { campaign: payload.campaign() };
    understood.events.push(payload.told(email, time).event(key, data));
}

fn clicked(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let time = payload.time(&["time_clicked"]);
    let url = ["link_clicked", "link_details", "link"].iter().find_map(|name| payload.body.value(name).and_then(link));
    let key = payload.timed_key("link_clicked", &email, time, url.as_deref().unwrap_or(""));
    let data = EventData::LinkClicked { campaign: payload.campaign(), url };
    understood.events.push(payload.told(email, time).event(key, data));
}

/// A link stands as a text, in a list of texts, or in objects; all three are documented.
fn link(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(link),
        Value::Object(object) => Object(object).text(&["url", "link", "href"]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text_of(value),
    }
}

fn unsubscribed(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let time = payload.time(&[]);
    let key = payload.timed_key("unsubscribed", &email, time, "");
    let data = EventData::Unsubscribed { campaign: payload.campaign() };
    understood.events.push(payload.told(email, time).event(key, data));
}

fn campaign_status(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(campaign) = payload.campaign() else {
        understood.unrecognised.push("a campaign status change without a campaign id".to_owned());
        return;
    };
    let status = payload.body.text(&["current_status", "campaign_status", "status"]).unwrap_or_default();
    let change = match status.to_ascii_uppercase().as_str() {
        "PAUSED" | "STOPPED" => CampaignMove::Paused,
        "ACTIVE" | "START" | "STARTED" => CampaignMove::Resumed,
        "COMPLETED" => CampaignMove::Completed,
        other => {
            understood.ignored.push(format!("the campaign status `{}` moves no contact", clip(other)));
            return;
        }
    };
    let time = payload.time(&[]);
    let (occurred_at, _) = super::json::occurred(time, payload.request.received_at);
    // It carries no time and no id, so two real pauses of one campaign look the same unless Smartlead sends its request id.
    let dedupe_key = match header(payload.request, "x-request-id") {
        Some(id) => platform_key("campaign_status", SOURCE.as_str(), &[id]),
        None => body_hash("campaign_status", SOURCE, payload.item),
    };
    understood.campaign_changes.push(CampaignChange {
        client_id: payload.request.client_id.clone(),
        campaign,
        source: SOURCE,
        occurred_at,
        change,
        dedupe_key,
    });
}

fn manual_step(payload: &Payload<'_>, understood: &mut Understood) {
    let step = payload.body.text(&["current_sequence_number"]).unwrap_or_else(|| "?".to_owned());
    let text = format!("a manual step ({step}) of a Smartlead sequence waits for a person");
    let key = body_hash("manual_step", SOURCE, payload.item);
    let kind = AlertKind::ManualStep;
    understood.alerts.push(alert(payload.request, SOURCE, kind, payload.time(&[]), payload.campaign(), key, text));
}

fn disconnected(payload: &Payload<'_>, understood: &mut Understood) {
    let mailbox =
        payload.body.email(&["email"]).or_else(|| payload.body.object("data").and_then(|data| data.email(&["email"])));
    let mailbox = mailbox.map_or_else(|| "a mailbox".to_owned(), |email| email.to_string());
    let text = format!("Smartlead lost its connection to {mailbox}: reconnect it there");
    let time = payload.time(&["created_at"]);
    let key = body_hash("disconnected", SOURCE, payload.item);
    let alert = alert(payload.request, SOURCE, AlertKind::MailboxDisconnected, time, None, key, text);
    understood.alerts.push(Alert { about: Some(mailbox), ..alert });
}

fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
