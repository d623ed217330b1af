//! What a request must look like: unknown parameters, roles and loose schemas are refused, as the real one refuses them.

use serde_json::{Map, Value};

const KNOWN: &[&str] = &[
    "model",
    "messages",
    "response_format",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "seed",
    "stop",
    "store",
    "metadata",
    "user",
    "reasoning_effort",
    "verbosity",
    "service_tier",
    "stream",
    "presence_penalty",
    "frequency_penalty",
];
const ROLES: &[&str] = &["system", "developer", "user", "assistant"];
const NAME_CHARS_MAX: usize = 64;

/// A request that is as it must be.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) model: String,
    pub(super) messages: Vec<(String, String)>,
    /// Name and schema, where the answer is to follow one.
    pub(super) schema: Option<(String, Value)>,
    pub(super) tokens_max: Option<i64>,
}

/// Reads a request; what is wrong with it in words.
pub(super) fn read(body: &[u8]) -> Result<Asking, String> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "We could not parse the JSON body of your request.")?;
    let Value::Object(body) = value else { return Err("The body must be an object.".to_owned()) };
    if let Some(unknown) = body.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("Unrecognized request argument supplied: {unknown}"));
    }
    if body.get("stream").is_some_and(|stream| *stream == Value::Bool(true)) {
        return Err("The sandbox does not stream.".to_owned());
    }
    if body.contains_key("max_tokens") && body.contains_key("max_completion_tokens") {
        return Err("Setting max_tokens and max_completion_tokens at the same time is not supported.".to_owned());
    }
    let tokens_max = match body.get("max_completion_tokens").or_else(|| body.get("max_tokens")) {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(value.as_i64().filter(|count| *count > 0).ok_or("Invalid value for max_completion_tokens.")?)
        }
    };
    let model = body.get("model").and_then(Value::as_str).ok_or("you must provide a model parameter")?;
    Ok(Asking { model: model.to_owned(), messages: messages(&body)?, schema: schema(&body)?, tokens_max })
}

fn messages(body: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or("'messages' must be a list with at least one message.")?;
    messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let field = |name: &str| message.get(name).and_then(Value::as_str);
            let role = field("role").filter(|role| ROLES.contains(role));
            let role = role.ok_or_else(|| format!("Invalid value for messages[{index}].role."))?;
            let content = field("content").filter(|content| !content.is_empty());
            let content = content.ok_or_else(|| format!("Invalid value for messages[{index}].content."))?;
            Ok((role.to_owned(), content.to_owned()))
        })
        .collect()
}

fn schema(body: &Map<String, Value>) -> Result<Option<(String, Value)>, String> {
    let Some(format) = body.get("response_format").filter(|format| !format.is_null()) else { return Ok(None) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(("json_object".to_owned(), Value::Null))),
        Some("json_schema") => {
            let given = format.get("json_schema").ok_or("Missing required parameter: response_format.json_schema.")?;
            let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
            let is_name = (1..=NAME_CHARS_MAX).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if !is_name {
                return Err("Invalid value for response_format.json_schema.name.".to_owned());
            }
            let schema =
                given.get("schema").ok_or("Missing required parameter: response_format.json_schema.schema.")?;
            if given.get("strict") == Some(&Value::Bool(true)) {
                strict(schema, "")?;
            }
            Ok(Some((name.to_owned(), schema.clone())))
        }
        Some(_) | None => Err("Invalid value for response_format.type.".to_owned()),
    }
}

/// Every object closed, every property required.
fn strict(schema: &Value, place: &str) -> Result<(), String> {
    let refused = |what: &str| Err(format!("Invalid schema for response_format: In context=({place}), {what}"));
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return refused("'additionalProperties' is required to be supplied and to be false.");
        }
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if required.len() != properties.len() || properties.keys().any(|name| !required.contains(&name.as_str())) {
            return refused("'required' is required to be an array including every key in properties.");
        }
        for (name, inner) in properties {
            strict(inner, &format!("{place}/{name}"))?;
        }
    } else if schema.get("type").and_then(Value::as_str) == Some("object") {
        return refused("an object without properties is not permitted.");
    }
    match schema.get("items") {
        Some(items) => strict(items, &format!("{place}/items")),
        None => Ok(()),
    }
}
