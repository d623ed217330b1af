//! A message of Smartlead's message history, in the form in which its webhook would have told of it: so it is read by the same code and is the
//! same event, however it comes to us.

use super::super::json::Object;
use serde_json::{Value, json};

/// A lead's conversation in one campaign, as `GET /campaigns/{c}/leads/{l}/message-history` tells it.
pub struct Conversation<'a> {
    pub campaign: &'a str,
    pub lead_email: &'a str,
    /// Our mailbox, where it is told.
    pub mailbox: Option<&'a str>,
}

/// The webhooks of the conversation's messages, in their order; what is no mail is left out.
pub fn webhooks(conversation: &Conversation<'_>, history: &[Value]) -> Vec<Value> {
    let mut has_replied = false;
    let mut webhooks = Vec::with_capacity(history.len());
    for item in history {
        let Value::Object(object) = item else { continue };
        let item = Object(object);
        let kind = item.text(&["type", "direction"]).unwrap_or_default().to_ascii_uppercase();
        match kind.as_str() {
            "REPLY" | "INBOUND" => {
                has_replied = true;
                webhooks.push(reply(conversation, item));
            }
            "SENT" | "OUTBOUND" => webhooks.push(sent(conversation, item, has_replied)),
            _ => {}
        }
    }
    webhooks
}

fn sent(conversation: &Conversation<'_>, item: Object<'_>, has_replied: bool) -> Value {
    let step = item.text(&["email_seq_number", "sequence_number"]).and_then(|step| step.parse::<u32>().ok());
    // Who writes without a step after an answer is a person.
    let is_manual = step.is_none() && has_replied;
    let time = item.text(&["time", "sent_at"]);
    json!({
        "event_type": if is_manual { "MANUAL_REPLY_SENT" } else { "EMAIL_SENT" },
        "campaign_id": conversation.campaign,
        "sl_lead_email": conversation.lead_email,
        "to_email": conversation.lead_email,
        "from_email": item.text(&["from"]).or_else(|| conversation.mailbox.map(str::to_owned)),
        "stats_id": item.text(&["stats_id"]),
        "sequence_number": step,
        "subject": item.text(&["subject", "email_subject"]),
        "event_timestamp": time,
        "sent_message": {
            "message_id": item.text(&["message_id"]), "html": item.text(&["email_body"]), "time": time,
        },
    })
}

fn reply(conversation: &Conversation<'_>, item: Object<'_>) -> Value {
    let time = item.text(&["time", "received_at"]);
    json!({
        "event_type": "EMAIL_REPLY",
        "campaign_id": conversation.campaign,
        "sl_lead_email": conversation.lead_email,
        "to_email": item.text(&["from"]).unwrap_or_else(|| conversation.lead_email.to_owned()),
        "from_email": item.text(&["to"]).or_else(|| conversation.mailbox.map(str::to_owned)),
        "stats_id": item.text(&["stats_id"]),
        "subject": item.text(&["subject", "email_subject"]),
        "event_timestamp": time,
        "reply_message": {
            "message_id": item.text(&["message_id"]), "html": item.text(&["email_body"]), "time": time,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Source;
    use crate::domain::ids::ClientId;
    use crate::sources::settings::ClientSources;
    use crate::sources::{Request, read};

    fn keys(items: &[Value]) -> Vec<String> {
        let client_id = ClientId::parse("acme").unwrap();
        let received_at = "2026-10-20T12:00:00Z".parse().unwrap();
        let body = Value::from(items.to_vec()).to_string();
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = read(Source::Smartlead, &ClientSources::default(), &request).unwrap();
        assert!(understood.unrecognised.is_empty(), "{:?}", understood.unrecognised);
        understood.events.into_iter().map(|event| event.dedupe_key).collect()
    }

    #[test]
    fn a_message_of_the_history_is_the_event_of_its_webhook() {
        let stats_id = "6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001";
        let posted = [
            json!({ "event_type": "EMAIL_SENT", "campaign_id": 4_028_770, "stats_id": stats_id, "sequence_number": 1,
                "to_email": "ada@example.com", "event_timestamp": "2026-10-20T09:00:00+00:00", "message_id": format!("<{stats_id}@acme.example>") }),
            json!({ "event_type": "EMAIL_REPLY", "campaign_id": 4_028_770, "stats_id": stats_id, "sl_lead_email": "ada@example.com",
                "to_email": "ada@example.com", "event_timestamp": "2026-10-20T10:00:00+00:00",
                "reply_message": { "message_id": "<r1@example.com>", "text": "Yes" } }),
        ];
        let history = [
            json!({ "type": "SENT", "stats_id": stats_id, "message_id": format!("<{stats_id}@acme.example>"),
                "time": "2026-10-20T09:00:00.000Z", "email_body": "<p>Hi</p>", "subject": "Hi", "email_seq_number": "1" }),
            json!({ "type": "REPLY", "stats_id": stats_id, "message_id": "<r1@example.com>", "time": "2026-10-20T10:00:00.000Z",
                "email_body": "<p>Yes</p>" }),
        ];
        let conversation = Conversation { campaign: "4028770", lead_email: "ada@example.com", mailbox: None };
        assert_eq!(keys(&webhooks(&conversation, &history)), keys(&posted));
    }

    #[test]
    fn a_mail_without_a_step_after_an_answer_is_a_persons() {
        let conversation =
            Conversation { campaign: "1", lead_email: "ada@example.com", mailbox: Some("us@acme.example") };
        let history = [
            json!({ "type": "SENT", "message_id": "<1@x>" }),
            json!({ "type": "REPLY", "message_id": "<2@x>" }),
            json!({ "type": "SENT", "message_id": "<3@x>" }),
            json!({ "type": "SENT", "message_id": "<4@x>", "email_seq_number": "2" }),
            json!("something else"),
            json!({ "type": "NOTE" }),
        ];
        let types: Vec<Value> =
            webhooks(&conversation, &history).iter().map(|item| item["event_type"].clone()).collect();
        assert_eq!(types, ["EMAIL_SENT", "EMAIL_REPLY", "MANUAL_REPLY_SENT", "EMAIL_SENT"]);
    }
}
