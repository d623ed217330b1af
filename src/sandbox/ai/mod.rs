//! The stand-in for a language model behind an OpenAI-compatible endpoint: it reads requests as strictly as the real one does, counts what
//! they cost, and answers by a few words, by a script, or wrongly.

mod fault;
mod mind;
mod shape;

pub use fault::AiFault;

use super::airtable::Asked;
use super::fault::Reply;
use crate::intake::Now;
use chrono::{DateTime, TimeDelta, Utc};
use fault::{error, no_model, no_quota, unauthorised};
use serde_json::{Value, json};
use shape::Asking;
use std::collections::VecDeque;
use std::fmt;

/// The model that it has.
pub const MODEL: &str = "sandbox-1";
const CHARS_A_TOKEN: usize = 4;
/// Questions that are remembered for whoever looks.
const REMEMBERED_MAX: usize = 10_000;

/// May make a question fail; it is told how many were asked before.
type Hook = Box<dyn FnMut(usize) -> Option<AiFault> + Send>;

/// The model in memory.
pub struct Ai {
    now: Now,
    /// Any of these keys is taken.
    pub keys: Vec<String>,
    /// Answers to be given before its own, word by word.
    pub script: VecDeque<String>,
    /// It does what a mail tells it to.
    pub gullible: bool,
    pub requests_per_minute_max: Option<usize>,
    /// What the account can pay.
    pub quota_tokens: Option<i64>,
    /// Requests, refused ones too.
    pub requests: usize,
    /// Answers that were worked out, and so are to be paid.
    pub answered: usize,
    pub tokens: i64,
    /// The data of each question that was worked on.
    pub questions: Vec<String>,
    recent: VecDeque<DateTime<Utc>>,
    faults: VecDeque<AiFault>,
    hook: Option<Hook>,
}

impl fmt::Debug for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ai").field("requests", &self.requests).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// True for the paths that are its own.
pub(super) fn is_path(path: &str) -> bool {
    path == "/v1/chat/completions" || path == "/v1/models" || path.starts_with("/v1/models/") || path == "/sandbox/ai"
}

impl Ai {
    pub(super) fn new(key: &str, now: Now) -> Self {
        Self {
            now,
            keys: vec![key.to_owned()],
            script: VecDeque::new(),
            gullible: false,
            requests_per_minute_max: None,
            quota_tokens: None,
            requests: 0,
            answered: 0,
            tokens: 0,
            questions: Vec::new(),
            recent: VecDeque::new(),
            faults: VecDeque::new(),
            hook: None,
        }
    }

    /// Queues a fault for the next question.
    pub fn fail_next(&mut self, fault: AiFault) {
        self.faults.push_back(fault);
    }

    /// Asks for each question, before the queued faults, whether it is to fail.
    pub fn fail_when(&mut self, hook: impl FnMut(usize) -> Option<AiFault> + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    pub fn fail_no_more(&mut self) {
        self.hook = None;
        self.faults.clear();
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Reply {
        if asked.path == "/sandbox/ai" {
            let state =
                json!({ "requests": self.requests, "answered": self.answered, "tokens": self.tokens, "model": MODEL });
            return Reply::Json(200, state);
        }
        if !self.keys.iter().any(|key| key == asked.token) {
            return unauthorised();
        }
        match (asked.method.as_str(), asked.path) {
            ("GET", "/v1/models") => Reply::Json(200, json!({ "object": "list", "data": [model()] })),
            ("GET", path) => match path.strip_prefix("/v1/models/") {
                Some(MODEL) => Reply::Json(200, model()),
                Some(other) => no_model(other),
                None => not_allowed(),
            },
            ("POST", "/v1/chat/completions") => self.complete(asked.body),
            _ => not_allowed(),
        }
    }

    fn complete(&mut self, body: &[u8]) -> Reply {
        let before = self.requests;
        self.requests += 1;
        let now = (self.now)();
        if let Some(seconds) = self.is_over(now) {
            let body = error("Rate limit reached for requests", "requests", Some("rate_limit_exceeded"));
            return Reply::RetryAfter(429, seconds, body);
        }
        let fault = self.hook.as_mut().and_then(|hook| hook(before)).or_else(|| self.faults.pop_front());
        let question: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(reply) = fault.and_then(|fault| fault.instead(&question)) {
            return reply;
        }
        let asking = match shape::read(body) {
            Ok(asking) => asking,
            Err(message) => return Reply::Json(400, error(&message, "invalid_request_error", None)),
        };
        if asking.model != MODEL {
            return no_model(&asking.model);
        }
        if self.quota_tokens.is_some_and(|quota| self.tokens >= quota) {
            return no_quota();
        }
        let reply = self.work(&asking, fault, now);
        fault.map_or(reply.clone(), |fault| fault.after(reply))
    }

    fn work(&mut self, asking: &Asking, fault: Option<AiFault>, now: DateTime<Utc>) -> Reply {
        self.answered += 1;
        let content = self.script.pop_front().unwrap_or_else(|| mind::answer(asking, self.gullible));
        let mut content = fault.map_or(content.clone(), |fault| fault.spoil(&content));
        let mut is_cut = fault == Some(AiFault::CutShort);
        if let Some(tokens_max) = asking.tokens_max
            && tokens_of(&content) > tokens_max
        {
            let chars_max = usize::try_from(tokens_max).unwrap_or(usize::MAX).saturating_mul(CHARS_A_TOKEN);
            content = content.chars().take(chars_max).collect();
            is_cut = true;
        }
        let prompt: i64 = asking.messages.iter().map(|(_, content)| tokens_of(content) + 3).sum();
        let completion = tokens_of(&content);
        self.tokens += prompt + completion;
        if self.questions.len() < REMEMBERED_MAX {
            self.questions
                .extend(asking.messages.iter().find(|(role, _)| role == "user").map(|(_, data)| data.clone()));
        }
        let is_empty = matches!(fault, Some(AiFault::Refusal | AiFault::Filtered | AiFault::Empty));
        let refusal = (fault == Some(AiFault::Refusal)).then_some("I can't help with that.");
        let finish_reason = if fault == Some(AiFault::Filtered) {
            "content_filter"
        } else if is_cut {
            "length"
        } else {
            "stop"
        };
        let content = (!is_empty).then_some(content);
        let mut answer = json!({
            "id": format!("chatcmpl-{}", self.answered),
            "object": "chat.completion",
            "created": now.timestamp(),
            "model": format!("{MODEL}-2026-08-21"),
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": content, "refusal": refusal },
                "logprobs": null,
                "finish_reason": finish_reason,
            }],
        });
        if let Some(answer) = answer.as_object_mut().filter(|_| fault != Some(AiFault::NoUsage)) {
            let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion });
            answer.insert("usage".to_owned(), usage);
        }
        Reply::Json(200, answer)
    }

    /// The wait in seconds, where a minute has had enough.
    fn is_over(&mut self, now: DateTime<Utc>) -> Option<u64> {
        let max = self.requests_per_minute_max?;
        while self.recent.front().is_some_and(|then| now - *then >= TimeDelta::minutes(1)) {
            self.recent.pop_front();
        }
        if self.recent.len() < max {
            self.recent.push_back(now);
            return None;
        }
        let oldest = self.recent.front().copied().unwrap_or(now);
        let left_ms = (TimeDelta::minutes(1) - (now - oldest)).num_milliseconds().max(0);
        Some(u64::try_from(left_ms).unwrap_or_default().div_ceil(1_000))
    }
}

fn tokens_of(text: &str) -> i64 {
    i64::try_from(text.chars().count().div_ceil(CHARS_A_TOKEN)).unwrap_or(i64::MAX)
}

fn model() -> Value {
    json!({ "id": MODEL, "object": "model", "created": 1_787_000_000, "owned_by": "sandbox" })
}

fn not_allowed() -> Reply {
    Reply::Json(405, error("Not allowed", "invalid_request_error", Some("method_not_supported")))
}
