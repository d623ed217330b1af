//! What the stand-in answers: a few words decide, and where it is made gullible it does what a mail tells it to.

use super::shape::Asking;
use serde_json::{Value, json};

const QUOTE_CHARS_MAX: usize = 120;

/// The words of a reply, what they mean, and how sure that is.
const WORDS: &[(&str, &str, &str, i64)] = &[
    ("price", "pricing_question", "interested", 95),
    ("cost", "pricing_question", "interested", 95),
    ("no budget", "objection_price", "negative", 90),
    ("nothing for us", "not_interested", "not_interested", 92),
    ("away", "out_of_office", "neutral", 90),
    ("had it with these letters", "unsubscribe", "not_interested", 95),
    ("meet", "interested_ready_to_talk", "interested", 93),
    ("maybe", "interested_wants_info", "neutral", 40),
];

pub(super) fn answer(asking: &Asking, gullible: bool) -> String {
    let data = asking.messages.iter().filter(|(role, _)| role == "user").find_map(|(_, content)| data_of(content));
    let data = data.unwrap_or_default();
    match &asking.schema {
        Some((name, _)) if name == "reply_reading" => reading(&data, gullible),
        Some((name, _)) if name == "conversation_summary" => summary(&data),
        Some((name, _)) if name == "document_summary" => document(&data),
        Some((_, schema)) if !schema.is_null() => instance(schema).to_string(),
        Some(_) => by_its_look(&data, gullible),
        None => format!("```json\n{}\n```", by_its_look(&data, gullible)),
    }
}

/// Without a name the question is known by its data.
fn by_its_look(data: &Value, gullible: bool) -> String {
    match (data.get("messages"), data.get("kind")) {
        (Some(_), _) => summary(data),
        (None, Some(_)) => document(data),
        (None, None) => reading(data, gullible),
    }
}

/// The line between the two marks.
fn data_of(content: &str) -> Option<Value> {
    let mut lines = content.lines();
    let mark = lines.next()?.strip_prefix("DATA ")?;
    let data = lines.next()?;
    (lines.next()? == format!("END {mark}")).then(|| serde_json::from_str(data).ok()).flatten()
}

fn reading(data: &Value, gullible: bool) -> String {
    let text = text(data, "text");
    let lower = text.to_lowercase();
    let told = gullible && (lower.contains("unsubscribe") || lower.contains("option eleven"));
    let found = WORDS.iter().find(|(word, ..)| lower.contains(word));
    let (intent, sentiment, confidence) = match found {
        _ if told => ("unsubscribe", "not_interested", 100),
        Some((_, intent, sentiment, confidence)) => (*intent, *sentiment, *confidence),
        None => ("other", "neutral", 80),
    };
    let quote: String = text.trim().lines().next().unwrap_or_default().chars().take(QUOTE_CHARS_MAX).collect();
    let date = text.split_whitespace().find(|word| word.len() == 10 && word.starts_with("20") && word.contains('-'));
    json!({
        "intent": intent, "sentiment": sentiment, "confidence": confidence, "quote": quote,
        "return_date": date.filter(|_| intent == "out_of_office"),
    })
    .to_string()
}

fn summary(data: &Value) -> String {
    let messages = data.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    let last = messages.iter().rev().find(|message| text(message, "who") == "them");
    let last: String = last.map(|message| text(message, "text")).unwrap_or_default().chars().take(60).collect();
    json!({ "summary": format!("{} messages; the last of theirs: {last}", messages.len()) }).to_string()
}

fn document(data: &Value) -> String {
    let text = text(data, "text");
    let first: String = text.chars().take(60).collect();
    let points: Vec<&str> = text.split('.').map(str::trim).filter(|point| !point.is_empty()).take(3).collect();
    let points: Vec<String> = points.iter().map(|point| point.chars().take(100).collect()).collect();
    json!({ "summary": format!("It says: {first}"), "key_points": points }).to_string()
}

fn text<'a>(data: &'a Value, name: &str) -> &'a str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Some value that follows a schema.
fn instance(schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|options| options.first()) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let made = properties.into_iter().flatten().map(|(name, inner)| (name.clone(), instance(inner)));
            Value::Object(made.collect())
        }
        Some("array") => json!([schema.get("items").map_or(Value::Null, instance)]),
        Some("string") => json!("text"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some(_) | None => Value::Null,
    }
}
