//! Clients of outside services as the configuration describes them: made in one way for the service, for commands, and for whoever
//! looks whether they work.

mod google;
mod pace;

use crate::config::{ClientConfig, Config};
use crate::services::ai::{Ai, AiEndpoint};
use crate::tasks::Configured;
pub use google::mailboxes;
pub use pace::Pace;
use std::error::Error;
use std::time::Duration;

/// Why a client can't be made of what is configured.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    #[error("make the HTTPS client (are root certificates installed?)")]
    Https(#[source] Box<dyn Error + Send + Sync>),
    #[error("open the mailbox {mailbox} of the client {client}")]
    Mailbox { client: String, mailbox: String, source: Box<dyn Error + Send + Sync> },
    #[error("read `service_account_key_file` of [clients.{client}.gmail] ({file})")]
    KeyFile { client: String, file: String, source: std::io::Error },
    /// What stands in the file would show in the JSON's own error.
    #[error(
        "`service_account_key_file` of [clients.{client}.gmail] ({file}) must be the JSON key of a service account, as Google gives it \
         out, with client_email and private_key"
    )]
    NoKey { client: String, file: String },
}

/// What the tasks can be worked on with.
pub fn configured(config: &Config) -> Configured {
    let has_credentials =
        |client: &ClientConfig| client.sources.gmail.as_ref().is_some_and(|settings| settings.credentials.is_some());
    Configured {
        airtable: config.airtable.is_some(),
        gmail: config.clients.values().any(has_credentials),
        platforms: !config.rules.wants.blocks.is_empty(),
        vectors: config.pinecone.is_some(),
        schedule: config.schedule.is_on,
        ai: config.ai.is_some(),
    }
}

/// None where no language model is configured.
pub fn ai(config: &Config) -> Result<Option<Ai>, WiringError> {
    let Some(ai) = &config.ai else { return Ok(None) };
    let endpoint = AiEndpoint {
        url: ai.url.clone(),
        api_key: ai.api_key.clone(),
        model: ai.model.clone(),
        timeout: Duration::from_millis(ai.timeout_ms),
        tokens_key: ai.tokens_key,
        format: ai.format,
        answer_tokens_max: ai.answer_tokens_max,
    };
    Ai::new(endpoint).map(Some).map_err(|error| WiringError::Https(error.into()))
}
