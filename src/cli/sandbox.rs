//! `sandbox`: the stand-in services alone.

use super::{Rim, out, service};
use crate::sandbox::pinecone::DIMENSION;
use crate::sandbox::{Sandbox, embeddings, pinecone};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::process::ExitCode;

/// The bearer token that the sandbox takes.
pub(super) const TOKEN: &str = "pat-sandbox";

/// The key that opens an account of Smartlead and a workspace of Instantly.
const PLATFORM_KEY: &str = "platform-key-of-the-sandbox";

pub(super) async fn run(listen: SocketAddr, rim: &Rim) -> anyhow::Result<ExitCode> {
    let sandbox =
        Sandbox::start(listen, TOKEN, rim.now.clone()).await.with_context(|| format!("listen on {listen}"))?;
    let url = sandbox.url();
    out::complain(&format!("sandbox Airtable at {url}; its state at {url}/sandbox/state"));
    out::complain(&format!("use it with: AIRTABLE_API_URL={url} AIRTABLE_TOKEN={TOKEN} AIRTABLE_BASE_ID=appSandbox"));
    out::complain(&format!(
        "sandbox Google (Gmail API, /token, /oauth2/v3/certs) at {url}; its state at {url}/sandbox/google"
    ));
    sandbox.pinecone(|pinecone| {
        pinecone.add_index_with_model("sales", "chunk_text");
        pinecone.add_index("plain", DIMENSION);
    });
    out::complain(&format!(
        "sandbox Pinecone at {url}, with the indexes sales (a model of its own) and plain ({DIMENSION} dimensions); its state at \
         {url}/sandbox/pinecone; use it with: PINECONE_API_URL={url} PINECONE_API_KEY={} PINECONE_INDEX=sales",
        pinecone::API_KEY
    ));
    out::complain(&format!(
        "sandbox embeddings: EMBEDDINGS_URL={url}/v1 EMBEDDINGS_API_KEY={} EMBEDDINGS_MODEL=words",
        embeddings::API_KEY
    ));
    out::complain(&format!(
        "open a mailbox: curl -X PUT {url}/sandbox/google/mailboxes/ann@sales.example; deliver a mail into it: \
         curl --data-binary @mail.eml {url}/sandbox/google/mailboxes/ann@sales.example/messages"
    ));
    sandbox.smartlead(|smartlead| {
        smartlead.open(PLATFORM_KEY);
    });
    sandbox.instantly(|instantly| {
        instantly.open(PLATFORM_KEY);
    });
    out::complain(&format!(
        "sandbox Smartlead at {url}/api/v1 and Instantly at {url}/api/v2, both with api_key = \"{PLATFORM_KEY}\"; their states at \
         {url}/sandbox/smartlead and {url}/sandbox/instantly"
    ));
    out::complain(&format!(
        "sandbox language model at {url}/v1; use it with: SALES_ENGINE_AI_URL={url}/v1 SALES_ENGINE_AI_MODEL={} SALES_ENGINE_AI_API_KEY={TOKEN}",
        crate::sandbox::ai::MODEL
    ));
    service::told_to_stop().await?;
    Ok(ExitCode::SUCCESS)
}
