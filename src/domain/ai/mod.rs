//! What a language model is asked, and what of its answers is believed. Pure.
//!
//! Whatever strangers wrote is data: it stands as one JSON text between two marked lines and is never told to the model as an
//! instruction. And whatever the model answers is a claim: it is read strictly, checked against the text it is about, and can do
//! no more than a person's classification could, and less where it matters most (an opt-out needs the words of the mail itself).

pub mod document;
mod json;
pub mod reply;
pub mod summary;
mod text;

#[cfg(test)]
mod tests;

use super::stage::options;
use serde_json::Value;

options!(
    /// The name of the limit: `OpenAI`'s, and that which many compatible servers know alone.
    TokensKey {
        MaxCompletionTokens => "max_completion_tokens",
        MaxTokens => "max_tokens",
    }
);

options!(
    /// How far the server holds the answer to its form; it is checked in any case.
    AnswerFormat {
        JsonSchema => "json_schema",
        JsonObject => "json_object",
        Text => "text",
    }
);

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of the schema: letters, digits, underscore.
    pub name: &'static str,
    /// What is to be done. Ours alone: nothing of the data stands in it.
    pub system: &'static str,
    /// What it is to be done with.
    pub data: String,
    /// Of the answer, in the subset of JSON Schema that strict mode takes.
    pub schema: Value,
}

impl Question {
    /// What is to be sent, in bytes, without what JSON adds to it.
    pub fn bytes(&self) -> usize {
        self.system.len() + self.data.len() + self.schema.to_string().len()
    }
}

/// Why an answer is not taken. The text is sent back to the model; only its kind is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it is no JSON object")]
    NotJson,
    #[error("it does not follow the schema: {0}")]
    Shape(String),
    #[error("`quote` is no exact part of the data's text: copy the deciding words of it letter by letter")]
    Quote,
    #[error(
        "`return_date` must be null, or a day after the mail's date and at most 13 months after it, and only with out_of_office"
    )]
    ReturnDate,
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("`{0}` is longer than {1} characters")]
    TooLong(&'static str, usize),
    #[error("`{0}` holds a link or an address that is not in the data")]
    Link(&'static str),
    #[error("it was cut off before its end: answer with fewer words")]
    Cut,
}

impl Fault {
    /// What is wrong, without anything of the answer.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotJson => "no JSON",
            Self::Shape(_) => "not the schema's shape",
            Self::Quote => "a quote that is not in the text",
            Self::ReturnDate => "an impossible return date",
            Self::Empty(_) => "an empty text",
            Self::TooLong(..) => "a text that is too long",
            Self::Link(_) => "a link that is not in the text",
            Self::Cut => "cut off at the allowed length",
        }
    }
}

/// The one message that asks for a better answer.
pub fn repair(fault: &Fault) -> String {
    format!(
        "Your answer was not accepted: {fault}. Answer again with one JSON object that follows the schema, and nothing else."
    )
}
