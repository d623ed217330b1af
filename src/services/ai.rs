//! A language model behind an OpenAI-compatible endpoint: one question, one answer, and its errors by what is to be done about them.
//! Pace, budget and repetition are the caller's.

use super::{sent, what_broke};
use crate::domain::ai::{AnswerFormat, Question, TokensKey};
use crate::sources::settings::Secret;
use crate::telemetry::Destination;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// An answer of a few hundred tokens is a few kilobytes.
const BODY_BYTES_MAX: usize = 1_048_576;
const NAME_CHARS_MAX: usize = 100;
/// Where a rate limit tells no time.
const RATE_LIMIT_MS: u64 = 20_000;
/// What one answer can take at most: a server that tells more tells nonsense.
const TOKENS_MAX: i64 = 10_000_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How the endpoint is spoken to.
#[derive(Debug, Clone)]
pub struct AiEndpoint {
    /// Without `/chat/completions`.
    pub url: String,
    /// Local servers have none.
    pub api_key: Option<Secret>,
    pub model: String,
    pub timeout: Duration,
    /// What the length of the answer is limited with.
    pub tokens_key: TokensKey,
    pub format: AnswerFormat,
    pub answer_tokens_max: u32,
}

/// A client of one endpoint and model.
#[derive(Debug, Clone)]
pub struct Ai {
    client: reqwest::Client,
    endpoint: AiEndpoint,
}

/// An answer that was not taken, and what it was answered.
#[derive(Debug, Clone)]
pub struct Repair {
    pub answer: String,
    pub request: String,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub content: Content,
    /// As the server names it.
    pub model: String,
    /// None where the server does not tell.
    pub tokens: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// It ends in its middle.
    Cut(String),
    /// The model does not want to answer; asking again changes nothing.
    Refused,
    /// A filter of the server kept it back.
    Filtered,
    /// There is none.
    Missing,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AiError {
    /// Too much at once; nothing was paid.
    #[error("the model's rate limit was reached")]
    RateLimited { retry_after_ms: u64 },
    /// Only a person can cure it: no money, or a limit of spending.
    #[error("the account's quota is used up ({code}): look at its billing")]
    QuotaReached { code: String },
    /// Only a person can cure it.
    #[error("the endpoint denies access ({status} {code}): check [ai] api_key")]
    Denied { status: u16, code: String },
    /// Only a person can cure it.
    #[error("the endpoint does not know it ({status} {code}): check [ai] url and model")]
    NotFound { status: u16, code: String },
    /// Permanent for what was asked. Without the server's own words, which may repeat the question.
    #[error("the endpoint refused the question ({status} {code})")]
    Rejected { status: u16, code: String },
    /// It may or may not have been answered, and paid.
    #[error("the endpoint is not available: {detail}")]
    Unavailable { detail: String, retry_after_ms: Option<u64> },
}

impl AiError {
    /// The question was not worked on, so nothing is owed for it.
    pub fn is_free(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::QuotaReached { .. }
            | Self::Denied { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. } => true,
            Self::Unavailable { .. } => false,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, rename = "prompt_tokens")]
    asked: Option<i64>,
    #[serde(default, rename = "completion_tokens")]
    answered: Option<i64>,
    #[serde(default, rename = "total_tokens")]
    all: Option<i64>,
}

impl Ai {
    pub fn new(endpoint: AiEndpoint) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(endpoint.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(endpoint.timeout))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let url = endpoint.url.trim_end_matches('/').to_owned();
        Ok(Self { client, endpoint: AiEndpoint { url, ..endpoint } })
    }

    pub fn model(&self) -> &str {
        &self.endpoint.model
    }

    /// Names the endpoint and the model, without the key.
    pub fn name(&self) -> String {
        format!("{} {}", self.endpoint.url, self.endpoint.model)
    }

    /// At most so many tokens are used for a question. A token is two bytes or more of nearly every text.
    pub fn tokens_max(&self, question: &Question, repair: Option<&Repair>) -> i64 {
        let repaired = repair.map_or(0, |repair| repair.answer.len() + repair.request.len());
        let bytes = i64::try_from(question.bytes() + repaired).unwrap_or(i64::MAX);
        (bytes / 2).saturating_add(i64::from(self.endpoint.answer_tokens_max)).saturating_add(100)
    }

    /// One request. It is not idempotent in what it costs.
    pub async fn ask(&self, question: &Question, repair: Option<&Repair>) -> Result<Completion, AiError> {
        let url = format!("{}/chat/completions", self.endpoint.url);
        let mut request = self.client.post(url).json(&self.body(question, repair));
        if let Some(key) = &self.endpoint.api_key {
            request = request.bearer_auth(key.expose());
        }
        let (status, retry_after_ms, body) = answer_of(request).await?;
        if status != 200 {
            return Err(refusal(status, retry_after_ms, &body));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| unavailable("its answer is no completion"))?;
        self.completion(answer)
    }

    /// Whether the endpoint lists the model; none where it lists nothing. Costs nothing.
    pub async fn has_model(&self) -> Result<Option<bool>, AiError> {
        let mut request = self.client.get(format!("{}/models", self.endpoint.url));
        if let Some(key) = &self.endpoint.api_key {
            request = request.bearer_auth(key.expose());
        }
        let (status, retry_after_ms, body) = answer_of(request).await?;
        if status != 200 {
            let error = refusal(status, retry_after_ms, &body);
            // A server of one's own may not list what it has.
            return if matches!(error, AiError::NotFound { .. }) { Ok(None) } else { Err(error) };
        }
        let Ok(Models { data }) = serde_json::from_slice(&body) else { return Ok(None) };
        Ok((!data.is_empty()).then(|| data.iter().any(|model| model.id == self.endpoint.model)))
    }

    fn body(&self, question: &Question, repair: Option<&Repair>) -> Value {
        let mut messages = vec![
            json!({ "role": "system", "content": question.system }),
            json!({ "role": "user", "content": question.data }),
        ];
        if let Some(repair) = repair {
            messages.push(json!({ "role": "assistant", "content": repair.answer }));
            messages.push(json!({ "role": "user", "content": repair.request }));
        }
        let mut body = json!({ "model": self.endpoint.model, "messages": messages });
        if let Some(body) = body.as_object_mut() {
            body.insert(self.endpoint.tokens_key.as_str().to_owned(), json!(self.endpoint.answer_tokens_max));
            match self.endpoint.format {
                AnswerFormat::JsonSchema => {
                    let schema = json!({ "name": question.name, "strict": true, "schema": question.schema });
                    body.insert("response_format".to_owned(), json!({ "type": "json_schema", "json_schema": schema }));
                }
                AnswerFormat::JsonObject => {
                    body.insert("response_format".to_owned(), json!({ "type": "json_object" }));
                }
                AnswerFormat::Text => {}
            }
        }
        body
    }

    fn completion(&self, answer: Answer) -> Result<Completion, AiError> {
        let Answer { choices, model, usage } = answer;
        let choice = choices.into_iter().next().ok_or_else(|| unavailable("its answer has no choice"))?;
        let tokens = usage.and_then(|usage| {
            let both = usage.asked.zip(usage.answered).map(|(asked, answered)| asked.saturating_add(answered));
            usage.all.or(both)
        });
        let text = choice.message.content.filter(|text| !text.trim().is_empty());
        let content = match (choice.message.refusal, choice.finish_reason.as_deref(), text) {
            (Some(refusal), ..) if !refusal.is_empty() => Content::Refused,
            (_, Some("content_filter"), _) => Content::Filtered,
            (_, Some("length"), text) => Content::Cut(text.unwrap_or_default()),
            (_, _, Some(text)) => Content::Text(text),
            (_, _, None) => Content::Missing,
        };
        Ok(Completion {
            content,
            model: model.as_deref().map(name).filter(|name| !name.is_empty()).unwrap_or_else(|| name(self.model())),
            tokens: tokens.filter(|tokens| (0..=TOKENS_MAX).contains(tokens)),
        })
    }
}

/// Status, the wait that is asked for, and the whole body.
async fn answer_of(request: reqwest::RequestBuilder) -> Result<(u16, Option<u64>, Vec<u8>), AiError> {
    let broke = |error: reqwest::Error| unavailable(what_broke(&error));
    let mut response = sent(Destination::Ai, request).await.map_err(broke)?;
    let status = response.status().as_u16();
    let retry_after_ms = seconds(&response).map(|seconds| seconds.saturating_mul(1_000));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broke)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(unavailable("its answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, retry_after_ms, body))
}

fn seconds(response: &reqwest::Response) -> Option<u64> {
    response.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok())
}

fn unavailable(detail: &str) -> AiError {
    AiError::Unavailable { detail: detail.to_owned(), retry_after_ms: None }
}

fn refusal(status: u16, retry_after_ms: Option<u64>, body: &[u8]) -> AiError {
    let code = code_of(body);
    match status {
        429 if is_quota(&code) => AiError::QuotaReached { code },
        429 => AiError::RateLimited { retry_after_ms: retry_after_ms.unwrap_or(RATE_LIMIT_MS) },
        402 => AiError::QuotaReached { code },
        401 | 403 => AiError::Denied { status, code },
        404 | 405 => AiError::NotFound { status, code },
        400 | 413 | 415 | 422 => AiError::Rejected { status, code },
        _ => AiError::Unavailable { detail: format!("status {status} {code}").trim_end().to_owned(), retry_after_ms },
    }
}

fn is_quota(code: &str) -> bool {
    ["quota", "billing", "spend", "credit"].iter().any(|word| code.contains(word))
}

/// Code and type of an error, and the name of the parameter at fault. Its message is left where it is: servers repeat in it what they
/// were asked, and that is somebody's mail.
fn code_of(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let error = value.get("error").unwrap_or(&value);
    let field = |name: &str| error.get(name).and_then(Value::as_str).map(name_of).filter(|text| !text.is_empty());
    let mut parts: Vec<String> = ["type", "code", "param"].into_iter().filter_map(field).collect();
    parts.dedup();
    parts.join(" ")
}

/// A name without anything that could be a text.
fn name(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/' | '@'))
        .take(NAME_CHARS_MAX)
        .collect()
}

fn name_of(text: &str) -> String {
    if text.contains(char::is_whitespace) { String::new() } else { name(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_what_is_to_be_done() {
        type Row<'a> = (&'a str, u16, Option<u64>, &'a str, AiError);
        let quota = AiError::QuotaReached { code: "insufficient_quota".to_owned() };
        let rows: &[Row<'_>] = &[
            (
                "too much at once",
                429,
                Some(7_000),
                r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
                AiError::RateLimited { retry_after_ms: 7_000 },
            ),
            (
                "the same without a time or a body",
                429,
                None,
                "",
                AiError::RateLimited { retry_after_ms: RATE_LIMIT_MS },
            ),
            (
                "no money",
                429,
                None,
                r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
                quota,
            ),
            ("payment required", 402, None, "{}", AiError::QuotaReached { code: String::new() }),
            (
                "a wrong key",
                401,
                None,
                r#"{"error":{"message":"Incorrect API key provided: sk-ab","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                AiError::Denied { status: 401, code: "invalid_request_error invalid_api_key".to_owned() },
            ),
            (
                "an error as a text",
                404,
                None,
                r#"{"error":"model 'x' not found, try pulling it first"}"#,
                AiError::NotFound { status: 404, code: String::new() },
            ),
            (
                "a server that repeats the mail",
                422,
                None,
                r#"{"detail":[{"msg":"x","input":"Hello Ann, my number is 555"}],"error":{"type":"Hello Ann, my number"}}"#,
                AiError::Rejected { status: 422, code: String::new() },
            ),
            (
                "a page",
                502,
                None,
                "<html>Bad Gateway</html>",
                AiError::Unavailable { detail: "status 502".to_owned(), retry_after_ms: None },
            ),
        ];
        for (what, status, retry_after_ms, body, expected) in rows {
            assert_eq!(refusal(*status, *retry_after_ms, body.as_bytes()), *expected, "{what}");
        }
    }
}
