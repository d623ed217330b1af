//! Smartlead's lead categories: the owner's names first, then the platform's defaults.

use super::super::json::Object;
use super::super::meaning::{Effect, configured, effect};
use super::super::settings::Meaning;
use super::super::{Understood, alert};
use super::{Payload, SOURCE, clip};
use crate::domain::alert::AlertKind;
use crate::domain::event::Platform;
use serde_json::Value;

pub(super) fn updated(payload: &Payload<'_>, understood: &mut Understood) {
    let Some(email) = payload.lead_or_note(understood) else { return };
    let (id, name) = category(payload.body);
    let Some(meaning) = meaning(payload, id.as_deref(), name.as_deref()) else {
        let shown = name.or(id).unwrap_or_else(|| "none".to_owned());
        understood.unrecognised.push(format!(
            "unknown Smartlead category `{}`: say what it means under [clients.{}.smartlead.categories]",
            clip(&shown),
            payload.request.client_id
        ));
        return;
    };
    let time = payload.time(&["created_at"]);
    let told_by = name.clone().or_else(|| id.clone()).unwrap_or_default();
    let discriminator = id.or(name).unwrap_or_default().to_lowercase();
    let decided_by = format!("Smartlead category {}", clip(&told_by));
    match effect(meaning, &decided_by, Platform::Smartlead) {
        Effect::Event(data) => {
            let key = payload.timed_key(data.kind(), &email, time, &discriminator);
            understood.events.push(payload.told(email, time).event(key, data));
        }
        Effect::SenderProblem => {
            let key = payload.timed_key("sender_bounce", &email, time, &discriminator);
            let text = "Smartlead reports a bounce of our own mailbox: check its connection".to_owned();
            let alert = alert(payload.request, SOURCE, AlertKind::SenderBounce, time, payload.campaign(), key, text);
            understood.alerts.push(alert);
        }
        Effect::Ignored => {
            understood.ignored.push(format!("the category `{}` is configured to be ignored", clip(&told_by)));
        }
    }
}

/// Id and name of the new category. Deprecated twins stand beside the object, and some bodies carry a plain text.
fn category(body: Object<'_>) -> (Option<String>, Option<String>) {
    let nested = match body.value("lead_category") {
        Some(Value::Object(object)) => Some(Object(object)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => None,
    };
    let id = nested
        .and_then(|category| category.text(&["new_id"]))
        .or_else(|| body.text(&["lead_category_id", "category_id"]));
    let name = nested
        .and_then(|category| category.text(&["new_name"]))
        .or_else(|| body.text(&["category", "lead_category", "category_name"]));
    (id, name)
}

fn meaning(payload: &Payload<'_>, id: Option<&str>, name: Option<&str>) -> Option<Meaning> {
    let owners = &payload.settings.categories;
    name.and_then(|name| configured(owners, name))
        .or_else(|| id.and_then(|id| configured(owners, id)))
        .or_else(|| name.and_then(by_name))
        .or_else(|| id.and_then(by_id))
}

fn by_name(name: &str) -> Option<Meaning> {
    let meaning = match name.trim().to_lowercase().as_str() {
        // A requested meeting is wanted, not booked.
        "interested" | "meeting request" => Meaning::InterestedReadyToTalk,
        "information request" => Meaning::InterestedWantsInfo,
        "not interested" => Meaning::NotInterested,
        "do not contact" => Meaning::Unsubscribe,
        "out of office" => Meaning::OutOfOffice,
        "wrong person" => Meaning::WrongPerson,
        "uncategorizable by ai" => Meaning::Other,
        "sender originated bounce" => Meaning::SenderProblem,
        _ => return None,
    };
    Some(meaning)
}

fn by_id(id: &str) -> Option<Meaning> {
    let meaning = match id {
        "1" | "2" => Meaning::InterestedReadyToTalk,
        "3" => Meaning::NotInterested,
        "4" => Meaning::Unsubscribe,
        "5" => Meaning::InterestedWantsInfo,
        "6" => Meaning::OutOfOffice,
        "7" => Meaning::WrongPerson,
        "8" => Meaning::Other,
        "9" => Meaning::SenderProblem,
        _ => return None,
    };
    Some(meaning)
}
