//! Filters over metadata (Pinecone, "Filter by metadata").

use super::refusal::Refusal;
use serde_json::{Map, Value};

pub(super) fn is_match(filter: &Value, metadata: &Map<String, Value>) -> Result<bool, Refusal> {
    let Value::Object(conditions) = filter else { return Err(Refusal::invalid("a filter must be an object")) };
    for (name, condition) in conditions {
        let holds = match name.as_str() {
            "$and" | "$or" => {
                let Value::Array(parts) = condition else { return Err(Refusal::invalid("$and and $or take a list")) };
                let parts =
                    parts.iter().map(|part| is_match(part, metadata)).collect::<Result<Vec<bool>, Refusal>>()?;
                if name == "$and" { parts.iter().all(|part| *part) } else { parts.iter().any(|part| *part) }
            }
            _ if name.starts_with('$') => return Err(Refusal::invalid(format!("{name} is no operator"))),
            _ => field(metadata.get(name), condition)?,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn field(value: Option<&Value>, condition: &Value) -> Result<bool, Refusal> {
    let Value::Object(operations) = condition else { return Ok(value.is_some_and(|value| equals(value, condition))) };
    for (operator, wanted) in operations {
        let number = |value: &Value| value.as_f64();
        let compared = |ordering: fn(f64, f64) -> bool| {
            value.and_then(number).zip(number(wanted)).is_some_and(|(value, wanted)| ordering(value, wanted))
        };
        let is_in =
            |list: &Value| list.as_array().into_iter().flatten().any(|one| value.is_some_and(|v| equals(v, one)));
        let holds = match operator.as_str() {
            "$eq" => value.is_some_and(|value| equals(value, wanted)),
            "$ne" => !value.is_some_and(|value| equals(value, wanted)),
            "$in" => is_in(wanted),
            "$nin" => !is_in(wanted),
            "$exists" => wanted.as_bool() == Some(value.is_some()),
            "$gt" => compared(|a, b| a > b),
            "$gte" => compared(|a, b| a >= b),
            "$lt" => compared(|a, b| a < b),
            "$lte" => compared(|a, b| a <= b),
            _ => return Err(Refusal::invalid(format!("{operator} is no operator"))),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A list equals each of its items.
fn equals(value: &Value, wanted: &Value) -> bool {
    match value {
        Value::Array(items) => items.contains(wanted),
        Value::Number(number) => wanted.as_f64() == number.as_f64(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => value == wanted,
    }
}
