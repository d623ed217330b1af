//! Airtable's errors: a status, a type, a message; some are a bare text.

use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    kind: &'static str,
    /// None where the error is its type alone, as a text.
    pub(super) message: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: Some(message.into()) }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, "INVALID_REQUEST_UNKNOWN", message)
    }

    pub(super) fn unprocessable(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(422, kind, message)
    }

    pub(super) fn not_found() -> Self {
        Self { status: 404, kind: "NOT_FOUND", message: None }
    }

    /// What a wrong base, table or webhook id is answered with: it does not tell whether the thing exists.
    pub(super) fn model_not_found() -> Self {
        Self::new(
            403,
            "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
            "Invalid permissions, or the requested model was not found. Check that both your user and your token have \
             the required permissions, and that the model names and ids are correct.",
        )
    }

    pub(super) fn to_json(&self) -> Value {
        match &self.message {
            Some(message) => json!({ "error": { "type": self.kind, "message": message } }),
            None => json!({ "error": self.kind }),
        }
    }
}
