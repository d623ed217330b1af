//! `search`: what was indexed, by its meaning. And the index as the configuration describes it.

use super::out::{Out, clip, table};
use crate::config::Config;
use crate::domain::documents::Namespace;
use crate::domain::ids::ClientId;
use crate::services::embeddings::Embeddings;
use crate::services::pinecone::Pinecone;
use crate::services::vectors::{LIMIT_MAX, Query, VectorIndex};
use anyhow::Context as _;
use clap::Args as ClapArgs;
use serde_json::Value;
use std::process::ExitCode;

const NO_ROOTS: &str = "make the HTTPS client (are root certificates installed?)";

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// What to look for, in plain words.
    query: String,
    /// Look in this part only: `company_knowledge`, `client_documents` or `documents`; more than one by repeating it.
    #[arg(long, value_name = "N", value_parser = parse_namespace)]
    namespace: Vec<Namespace>,
    /// Only what is this client's, and what the company knows for all.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX as u64))]
    limit: u64,
}

pub(super) async fn run(args: Args, config: &Config, out: Out) -> anyhow::Result<ExitCode> {
    let index = index(config)?.context("Pinecone is not configured: set [pinecone] api_key and index")?;
    let query = Query {
        text: args.query,
        namespaces: args.namespace,
        client: args.client,
        limit: usize::try_from(args.limit).unwrap_or(LIMIT_MAX),
    };
    let hits = index.search(&query).await?;
    out.print(&hits, |hits| {
        let said = |hit: &crate::services::vectors::Hit, name: &str| {
            hit.metadata.get(name).and_then(Value::as_str).unwrap_or("-").to_owned()
        };
        let rows: Vec<Vec<String>> = hits
            .iter()
            .map(|hit| {
                vec![
                    format!("{:.3}", hit.score),
                    hit.namespace.to_string(),
                    hit.id.clone(),
                    clip(&said(hit, "title"), 40),
                    clip(&hit.text, 100),
                ]
            })
            .collect();
        table(&["score", "namespace", "id", "title", "text"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// None where Pinecone is not configured.
pub(super) fn index(config: &Config) -> anyhow::Result<Option<VectorIndex>> {
    let (Some(client), Some(settings)) = (pinecone(config)?, &config.pinecone) else { return Ok(None) };
    let embeddings = match &settings.embeddings {
        Some(own) => {
            Some(Embeddings::new(&own.url, own.api_key.clone(), &own.model, own.dimensions).context(NO_ROOTS)?)
        }
        None => None,
    };
    Ok(Some(VectorIndex::new(client, embeddings)))
}

/// None where Pinecone is not configured.
pub(super) fn pinecone(config: &Config) -> anyhow::Result<Option<Pinecone>> {
    let Some(settings) = &config.pinecone else { return Ok(None) };
    let client = Pinecone::new(settings.api_key.clone(), &settings.api_url, &settings.index);
    Ok(Some(client.context(NO_ROOTS)?))
}

fn parse_namespace(text: &str) -> Result<Namespace, String> {
    Namespace::parse(text).ok_or_else(|| super::one_of(Namespace::ALL.iter().map(|namespace| namespace.as_str())))
}
