//! `[pinecone]` and `[embeddings]`: where documents and messages are indexed by their meaning.

use super::tree::Section;
use crate::domain::documents::chunk::Limits;
use crate::sources::settings::Secret;

#[derive(Debug, Clone)]
pub struct PineconeConfig {
    pub api_key: Secret,
    pub index: String,
    /// The control plane; a sandbox or a proxy.
    pub api_url: String,
    /// Of a piece of text.
    pub chunk_chars_max: usize,
    /// How often documents are looked for in Airtable.
    pub poll_ms: u64,
    /// None where the index has a model of its own.
    pub embeddings: Option<EmbeddingsConfig>,
}

#[derive(Debug, Clone)]
pub struct EmbeddingsConfig {
    /// Up to and with `/v1`.
    pub url: String,
    pub api_key: Option<Secret>,
    pub model: String,
    pub dimensions: Option<u32>,
}

pub(super) fn pinecone(top: &mut Section<'_>) -> Option<PineconeConfig> {
    let embeddings = top.section_or_env("embeddings", &["EMBEDDINGS_URL", "EMBEDDINGS_MODEL"]).map(embeddings);
    let Some(mut section) = top.section_or_env("pinecone", &["PINECONE_API_KEY", "PINECONE_INDEX"]) else {
        if embeddings.is_some() {
            top.fault("embeddings", "is of no use without [pinecone]");
        }
        return None;
    };
    let api_key = section.secret("api_key", &["PINECONE_API_KEY"]);
    let index = section.text("index", &["PINECONE_INDEX"]);
    let api_url =
        section.text("api_url", &["PINECONE_API_URL"]).unwrap_or_else(|| "https://api.pinecone.io".to_owned());
    let bounds = (Limits::CHARS_MIN as u64)..=(Limits::CHARS_MAX as u64);
    let chunk_chars = section.number("chunk_chars", &["PINECONE_CHUNK_CHARS"], bounds).unwrap_or(1_200);
    let poll_seconds = section.number("poll_seconds", &["PINECONE_POLL_SECONDS"], 5..=86_400).unwrap_or(300);
    if !is_url(&api_url) {
        section.fault("api_url", "must begin with https:// (or http:// for a sandbox)");
    }
    let is_name = |name: &str| {
        (1..=45).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match &index {
        Some(name) if is_name(name) => {}
        Some(_) => section.fault("index", "must be an index's name: 1 to 45 lower-case letters, digits and hyphens"),
        None => section.fault("index", "is missing; set it or PINECONE_INDEX"),
    }
    if api_key.is_none() {
        section.fault("api_key", "is missing; set it or PINECONE_API_KEY");
    }
    section.finish();
    Some(PineconeConfig {
        api_key: api_key?,
        index: index?,
        api_url: api_url.trim_end_matches('/').to_owned(),
        chunk_chars_max: usize::try_from(chunk_chars).unwrap_or(Limits::CHARS_MIN),
        poll_ms: poll_seconds.saturating_mul(1_000),
        embeddings: match embeddings {
            Some(embeddings) => Some(embeddings?),
            None => None,
        },
    })
}

/// None after a fault.
fn embeddings(mut section: Section<'_>) -> Option<EmbeddingsConfig> {
    let url = section.text("url", &["EMBEDDINGS_URL"]).unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
    let api_key = section.secret("api_key", &["EMBEDDINGS_API_KEY"]);
    let model = section.text("model", &["EMBEDDINGS_MODEL"]);
    let dimensions = section.number("dimensions", &["EMBEDDINGS_DIMENSIONS"], 1..=20_000);
    if !is_url(&url) {
        section.fault("url", "must begin with https:// (or http:// for a server of your own)");
    }
    if model.as_deref().is_none_or(|model| model.trim().is_empty()) {
        section.fault("model", "is missing; set it or EMBEDDINGS_MODEL");
    }
    section.finish();
    Some(EmbeddingsConfig {
        url: url.trim_end_matches('/').to_owned(),
        api_key,
        model: model?,
        dimensions: dimensions.and_then(|dimensions| u32::try_from(dimensions).ok()),
    })
}

fn is_url(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use crate::config::{ConfigFaults, load};

    #[test]
    fn keys_defaults_and_variables() {
        let text = "[pinecone]\napi_key = \"pc-0123456789\"\nindex = \"sales\"\n";
        let config = load(Some(("t.toml", text)), &|_| None).unwrap();
        assert!(config.rules.wants.vectors);
        let pinecone = config.pinecone.unwrap();
        assert_eq!((pinecone.index.as_str(), pinecone.api_url.as_str()), ("sales", "https://api.pinecone.io"));
        assert_eq!((pinecone.chunk_chars_max, pinecone.poll_ms), (1_200, 300_000));
        assert!(pinecone.embeddings.is_none());

        let env = |name: &str| {
            let value = match name {
                "PINECONE_API_KEY" => "pc-0123456789",
                "PINECONE_INDEX" => "other",
                "EMBEDDINGS_MODEL" => "text-embedding-3-small",
                "EMBEDDINGS_API_KEY" => "sk-0123456789",
                "EMBEDDINGS_DIMENSIONS" => "512",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let pinecone = load(None, &env).unwrap().pinecone.unwrap();
        let embeddings = pinecone.embeddings.unwrap();
        assert_eq!(pinecone.index, "other");
        assert_eq!(
            (embeddings.url.as_str(), embeddings.dimensions, embeddings.api_key.unwrap().expose()),
            ("https://api.openai.com/v1", Some(512), "sk-0123456789")
        );
        let none = load(None, &|_| None).unwrap();
        assert!(none.pinecone.is_none() && !none.rules.wants.vectors);
    }

    #[test]
    fn all_faults_at_once() {
        let text = "[pinecone]\nindex = \"Sales Index\"\napi_url = \"pinecone\"\nchunk_chars = 9\nnamespace = \"x\"\n\
                    [embeddings]\nurl = \"nowhere\"\ndimensions = 0\n";
        let ConfigFaults(faults) = load(Some(("t.toml", text)), &|_| None).unwrap_err();
        let faults = faults.join("\n");
        for expected in [
            "t.toml:2: `pinecone.index` must be an index's name",
            "t.toml:3: `pinecone.api_url` must begin with https://",
            "t.toml:4: `pinecone.chunk_chars` must be a whole number from 200 to 3000",
            "t.toml:5: `pinecone.namespace` is unknown",
            "`pinecone.api_key` is missing; set it or PINECONE_API_KEY",
            "t.toml:7: `embeddings.url` must begin with https://",
            "`embeddings.model` is missing",
            "t.toml:8: `embeddings.dimensions` must be a whole number from 1 to 20000",
        ] {
            assert!(faults.contains(expected), "{expected} in {faults}");
        }
        let ConfigFaults(alone) = load(Some(("t.toml", "[embeddings]\nmodel = \"m\"\n")), &|_| None).unwrap_err();
        assert_eq!(alone, ["t.toml:1: `embeddings` is of no use without [pinecone]"]);
    }
}
