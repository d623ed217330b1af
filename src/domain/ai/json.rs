//! The one JSON object of an answer. Servers that know no schema wrap it in fences or in words.

use super::Fault;
use serde::de::DeserializeOwned;

/// Beyond it an answer is no answer to anything that is asked here.
const BYTES_MAX: usize = 65_536;

/// Reads an answer as this type, strictly: its unknown keys, missing ones and unknown options are faults.
pub(super) fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Fault> {
    let object = object_of(answer).filter(|object| object.len() <= BYTES_MAX).ok_or(Fault::NotJson)?;
    match serde_json::from_str::<T>(object) {
        Ok(value) => Ok(value),
        Err(error) if error.is_data() => Err(Fault::Shape(error.to_string().chars().take(300).collect())),
        Err(_) => Err(Fault::NotJson),
    }
}

/// From the first brace to the last.
fn object_of(answer: &str) -> Option<&str> {
    let (from, to) = (answer.find('{')?, answer.rfind('}')?);
    answer.get(from..=to)
}
