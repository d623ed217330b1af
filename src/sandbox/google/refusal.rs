//! Google's errors: the older list with a reason, and the newer status and details beside it.

use crate::sandbox::fault::Reply;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    reason: &'static str,
    /// The name of the gRPC code.
    code: &'static str,
    message: String,
    /// A reason in `details`, with the unit of the quota where it is one.
    detail: Option<(&'static str, &'static str)>,
    retry_after_seconds: Option<u64>,
}

impl Refusal {
    fn new(status: u16, reason: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, code, message: message.into(), detail: None, retry_after_seconds: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalidArgument", "INVALID_ARGUMENT", message)
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "authError", "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "forbidden", "PERMISSION_DENIED", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "notFound", "NOT_FOUND", "Requested entity was not found.")
    }

    /// The account has no mailbox, or it is switched off.
    pub(super) fn failed_precondition() -> Self {
        Self::new(400, "failedPrecondition", "FAILED_PRECONDITION", "Precondition check failed.")
    }

    pub(super) fn domain_policy() -> Self {
        Self::new(403, "domainPolicy", "PERMISSION_DENIED", "The domain administrators have disabled Gmail apps.")
    }

    pub(super) fn scope() -> Self {
        let message = "Request had insufficient authentication scopes.";
        let refusal = Self::new(403, "insufficientPermissions", "PERMISSION_DENIED", message);
        Self { detail: Some(("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "")), ..refusal }
    }

    pub(super) fn daily_limit() -> Self {
        Self::new(403, "dailyLimitExceeded", "PERMISSION_DENIED", "Daily Limit Exceeded")
    }

    /// Of a day too, told in the newer way alone.
    pub(super) fn daily_quota() -> Self {
        let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per day'.";
        let refusal = Self::new(429, "rateLimitExceeded", "RESOURCE_EXHAUSTED", message);
        Self { detail: Some(("RATE_LIMIT_EXCEEDED", "1/d/{project}")), ..refusal }
    }

    /// Too much within a minute, in one of the ways that Google says so.
    pub(super) fn rate_limited(status: u16, is_of_user: bool, retry_after_seconds: Option<u64>) -> Self {
        let reason = if is_of_user { "userRateLimitExceeded" } else { "rateLimitExceeded" };
        let code = if status == 429 { "RESOURCE_EXHAUSTED" } else { "PERMISSION_DENIED" };
        let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'.";
        let detail = (!is_of_user).then_some(("RATE_LIMIT_EXCEEDED", "1/min/{project}/{user}"));
        Self { detail, retry_after_seconds, ..Self::new(status, reason, code, message) }
    }

    /// With the time in the message, as Gmail itself has it.
    pub(super) fn rate_limited_until(status: u16, until: DateTime<Utc>) -> Self {
        let until = until.to_rfc3339_opts(SecondsFormat::Millis, true);
        let message = format!("User-rate limit exceeded.  Retry after {until}");
        Self::new(status, "rateLimitExceeded", "RESOURCE_EXHAUSTED", message)
    }

    pub(super) fn too_many_at_once() -> Self {
        let message = "Too many concurrent requests for user.";
        Self::new(429, "rateLimitExceeded", "RESOURCE_EXHAUSTED", message)
    }

    pub(super) fn of_server(status: u16, retry_after_seconds: Option<u64>) -> Self {
        let code = match status {
            500 => "INTERNAL",
            504 => "DEADLINE_EXCEEDED",
            _ => "UNAVAILABLE",
        };
        Self { retry_after_seconds, ..Self::new(status, "backendError", code, "Backend Error") }
    }

    pub(super) fn to_reply(&self) -> Reply {
        let domain = if matches!(self.status, 403 | 429) { "usageLimits" } else { "global" };
        let errors = json!([{ "message": self.message, "domain": domain, "reason": self.reason }]);
        let mut error = json!({ "code": self.status, "message": self.message, "errors": errors, "status": self.code });
        if let (Some((reason, unit)), Some(object)) = (self.detail, error.as_object_mut()) {
            let metadata = if unit.is_empty() { json!({}) } else { json!({ "quota_unit": unit }) };
            let kind = "type.googleapis.com/google.rpc.ErrorInfo";
            let details =
                json!([{ "@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata }]);
            object.insert("details".to_owned(), details);
        }
        let body: Value = json!({ "error": error });
        match self.retry_after_seconds {
            Some(seconds) => Reply::RetryAfter(self.status, seconds, body),
            None => Reply::Json(self.status, body),
        }
    }
}
