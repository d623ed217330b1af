//! What metadata may be: flat, without null, at most 40 KB.

use super::refusal::Refusal;
use serde_json::{Map, Value};

const BYTES_MAX: usize = 40_960;
const ID_BYTES_MAX: usize = 512;

pub(super) fn check(metadata: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in metadata {
        let is_allowed = match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Array(items) => items.iter().all(Value::is_string),
            Value::Null | Value::Object(_) => false,
        };
        if !is_allowed || name.starts_with('$') {
            return Err(Refusal::invalid(format!(
                "Metadata value must be a string, number, boolean or list of strings, got '{value}' for field '{name}'"
            )));
        }
    }
    let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > BYTES_MAX {
        return Err(Refusal::invalid(format!(
            "Metadata size is {bytes} bytes, which exceeds the limit of 40960 bytes per vector"
        )));
    }
    Ok(())
}

pub(super) fn check_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > ID_BYTES_MAX || !id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(Refusal::invalid("Vector ID must be 1 to 512 ASCII characters"));
    }
    Ok(())
}
