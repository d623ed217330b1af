//! The stand-in for an OpenAI-compatible endpoint of embeddings: `POST /v1/embeddings`.

use super::airtable::Asked;
use super::fault::Reply;
use super::pinecone::{DIMENSION, VectorFault, after, embed, embeddings_instead};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;

/// The only key that is taken.
pub const API_KEY: &str = "sk-sandbox-key";
const INPUTS_MAX: usize = 2_048;

type Hook = Box<dyn Fn(&[u8]) -> Option<VectorFault> + Send>;

#[derive(Default)]
pub struct Embeddings {
    faults: VecDeque<VectorFault>,
    hook: Option<Hook>,
    pub requests: u64,
    /// Texts that vectors were made of.
    pub texts: u64,
}

pub(super) fn is_path(path: &str) -> bool {
    path == "/v1/embeddings"
}

impl Embeddings {
    pub fn fail_next(&mut self, fault: VectorFault) {
        self.faults.push_back(fault);
    }

    pub fn fail_when(&mut self, hook: impl Fn(&[u8]) -> Option<VectorFault> + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    pub fn fail_no_more(&mut self) {
        self.hook = None;
        self.faults.clear();
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Reply {
        self.requests += 1;
        let fault = self.hook.as_ref().and_then(|hook| hook(asked.body)).or_else(|| self.faults.pop_front());
        if let Some(reply) = fault.and_then(embeddings_instead) {
            return reply;
        }
        let reply = if asked.token == API_KEY {
            self.made(asked.body).unwrap_or_else(|text| refused(400, &text))
        } else {
            refused(401, "Incorrect API key provided")
        };
        fault.map_or(reply.clone(), |fault| after(fault, reply))
    }

    fn made(&mut self, body: &[u8]) -> Result<Reply, String> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "the body is no JSON".to_owned())?;
        let model = body.get("model").and_then(Value::as_str).ok_or("you must provide a model parameter")?;
        let inputs: Vec<&str> = match body.get("input") {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().ok_or("input must be texts")).collect::<Result<_, _>>()?
            }
            _ => return Err("input is missing".to_owned()),
        };
        if inputs.is_empty() || inputs.len() > INPUTS_MAX || inputs.iter().any(|text| text.is_empty()) {
            return Err(format!("input must have 1 to {INPUTS_MAX} texts, none of them empty"));
        }
        let dimension = match body.get("dimensions") {
            None => DIMENSION,
            Some(number) => {
                number.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or("dimensions must be a number")?
            }
        };
        self.texts = self.texts.saturating_add(u64::try_from(inputs.len()).unwrap_or_default());
        // In no order that anybody may rely on.
        let data: Vec<Value> = inputs
            .iter()
            .enumerate()
            .rev()
            .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": embed(text, dimension) }))
            .collect();
        let tokens: usize = inputs.iter().map(|text| text.split_whitespace().count()).sum();
        Ok(Reply::Json(
            200,
            json!({ "object": "list", "data": data, "model": model, "usage": { "prompt_tokens": tokens, "total_tokens": tokens } }),
        ))
    }
}

impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeddings").field("requests", &self.requests).finish_non_exhaustive()
    }
}

fn refused(status: u16, text: &str) -> Reply {
    Reply::Json(
        status,
        json!({ "error": { "message": text, "type": "invalid_request_error", "param": null, "code": null } }),
    )
}
