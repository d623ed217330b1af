//! What is answered to a request that is refused: the data plane and the control plane have a form each.

use super::super::fault::Reply;
use serde_json::json;

/// With a code of gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: i32,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, 3, message)
    }

    pub(super) fn no_index(name: &str) -> Self {
        Self::new(404, 5, format!("Resource {name} not found"))
    }

    pub(super) fn no_namespace() -> Self {
        Self::new(404, 5, "Namespace not found")
    }

    pub(super) fn to_reply(&self, is_control: bool) -> Reply {
        let name = match self.code {
            3 => "INVALID_ARGUMENT",
            5 => "NOT_FOUND",
            8 => "RESOURCE_EXHAUSTED",
            16 => "UNAUTHENTICATED",
            _ => "INTERNAL",
        };
        let value = if is_control {
            json!({ "status": self.status, "error": { "code": name, "message": self.message } })
        } else {
            json!({ "code": self.code, "message": self.message, "details": [] })
        };
        Reply::Json(self.status, value)
    }
}
