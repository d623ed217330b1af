//! A language model, where one is asked.

use super::tree::Section;
use crate::domain::ai::{AnswerFormat, TokensKey};
use crate::domain::rules::AiWants;
use crate::sources::settings::Secret;
use std::ops::RangeInclusive;

const OPENAI: &str = "https://api.openai.com/v1";
/// A variable that only names a key switches nothing on: many have it set for other programs.
const SWITCHES: [&str; 3] = ["SALES_ENGINE_AI_URL", "SALES_ENGINE_AI_MODEL", "SALES_ENGINE_AI_API_KEY"];

#[derive(Debug, Clone)]
pub struct AiConfig {
    /// Without `/chat/completions`.
    pub url: String,
    pub api_key: Option<Secret>,
    pub model: String,
    pub timeout_ms: u64,
    pub tokens_key: TokensKey,
    pub format: AnswerFormat,
    pub answer_tokens_max: u32,
    pub tokens_per_day_max: i64,
    pub requests_per_minute: u32,
    pub confidence_min: i64,
    pub documents: bool,
}

/// The settings, and what is wanted by them.
pub(super) fn ai(top: &mut Section<'_>) -> (Option<AiConfig>, AiWants) {
    let Some(mut section) = top.section_or_env("ai", &SWITCHES) else { return (None, AiWants::default()) };
    let url = section.text("url", &["SALES_ENGINE_AI_URL"]).unwrap_or_else(|| OPENAI.to_owned());
    if !url.starts_with("http://") && !url.starts_with("https://") {
        section.fault("url", "must begin with https:// (or http:// for a server of your own)");
    }
    let api_key = section.secret("api_key", &["SALES_ENGINE_AI_API_KEY", "OPENAI_API_KEY"]);
    let model = section.text("model", &["SALES_ENGINE_AI_MODEL"]).filter(|model| !model.trim().is_empty());
    if model.is_none() {
        section.fault("model", "is missing; set it or SALES_ENGINE_AI_MODEL");
    }
    if api_key.is_none() && url.starts_with("https://api.openai.com") {
        section.fault("api_key", "is missing; set it or SALES_ENGINE_AI_API_KEY");
    }
    let mut number = |key: &str, range: RangeInclusive<u64>, usual: u64| {
        let variable = format!("SALES_ENGINE_AI_{}", key.to_ascii_uppercase());
        section.number(key, &[&variable], range).unwrap_or(usual)
    };
    // Two answers within the time that a task is held.
    let timeout_seconds = number("timeout_seconds", 5..=100, 60);
    let answer_tokens_max = number("answer_tokens_max", 256..=32_768, 1_024);
    let tokens_per_day_max = number("tokens_per_day_max", 10_000..=10_000_000_000, 1_000_000);
    let requests_per_minute = number("requests_per_minute", 1..=6_000, 60);
    let confidence_min = number("confidence_min", 0..=100, 70);
    let classify_after_ms = number("classify_after_seconds", 0..=86_400, 60).saturating_mul(1_000);
    let summarise_after_ms = number("summarise_after_seconds", 0..=604_800, 300).saturating_mul(1_000);
    let tokens_key = option(&mut section, "max_tokens_key", TokensKey::parse, "max_completion_tokens or max_tokens");
    let format = option(&mut section, "response_format", AnswerFormat::parse, "json_schema, json_object or text");
    let wants = AiWants {
        classify_after_ms: is_on(&mut section, "classify").then(|| signed(classify_after_ms)),
        summarise_after_ms: is_on(&mut section, "summarise").then(|| signed(summarise_after_ms)),
    };
    let documents = is_on(&mut section, "documents");
    section.finish();
    let Some(model) = model else { return (None, AiWants::default()) };
    let config = AiConfig {
        url,
        api_key,
        model,
        timeout_ms: timeout_seconds.saturating_mul(1_000),
        tokens_key: tokens_key.unwrap_or(TokensKey::MaxCompletionTokens),
        format: format.unwrap_or(AnswerFormat::JsonSchema),
        answer_tokens_max: u32::try_from(answer_tokens_max).unwrap_or(u32::MAX),
        tokens_per_day_max: signed(tokens_per_day_max),
        requests_per_minute: u32::try_from(requests_per_minute).unwrap_or(u32::MAX),
        confidence_min: signed(confidence_min),
        documents,
    };
    (Some(config), wants)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// On unless it is switched off.
fn is_on(section: &mut Section<'_>, key: &str) -> bool {
    section.flag(key) || !section.keys().iter().any(|set| set == key)
}

fn option<T>(section: &mut Section<'_>, key: &str, parse: impl FnOnce(&str) -> Option<T>, expected: &str) -> Option<T> {
    let variable = format!("SALES_ENGINE_AI_{}", key.to_ascii_uppercase());
    let text = section.text(key, &[&variable])?;
    section.parsed(key, &text, expected, parse)
}
