//! Events in, in the form of docs/n8n-events.md; the token is the proof, the answer that of the hook.

use super::answer::{Answer, Problem};
use super::query::Params;
use super::{Api, Caller};
use crate::domain::event::Source;
use crate::intake::Delivery;
use crate::sources::{self, Malformed, Request, Understood};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `POST /events`
pub(super) async fn post(api: &Api, caller: &Caller, mut params: Params, body: &[u8]) -> Result<Answer, Problem> {
    let client = params.text("client");
    params.finish()?;
    let client_id = api.one_client(caller, client.as_deref())?;
    let received_at = (api.now)();
    let request = Request { client_id: &client_id, query: "", headers: &[], body, received_at };
    let sources = api.config.clients.get(&client_id).map(|client| client.sources.clone()).unwrap_or_default();
    let read = catch_unwind(AssertUnwindSafe(|| sources::read(Source::N8n, &sources, &request)));
    let understood = match read {
        Ok(Ok(understood)) => understood,
        Ok(Err(Malformed(reason))) => return Err(Problem::new(400, reason)),
        Err(_panic) => {
            tracing::error!(client = %client_id, "reading events failed; they are kept");
            Understood {
                unrecognised: vec!["the program failed to read it; please report it and replay it after a fix".into()],
                body_to_store: sources::redacted(body),
                ..Understood::default()
            }
        }
    };
    let body_sha256 = Sha256::digest(body).into();
    let delivery = Delivery { client_id, source: Source::N8n, received_at, understood, body_sha256 };
    Answer::json(&api.intake.submit(delivery).await?)
}

/// A body of a known form.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::new(400, format!("the body is not as it must be: {error}")))
}
