//! `[shadow]`: the engine runs beside another flow, in tables of its own, and calls nobody.

use super::tree::Section;
use super::{Config, GoogleConfig};
use crate::domain::rules::Wants;
use crate::sources::settings::Secret;

const EXAMPLES_USUAL: u64 = 20;

/// Where the other flow's tables are.
#[derive(Debug, Clone)]
pub struct ShadowConfig {
    /// May hold a password, so it is a secret.
    pub database_url: Secret,
    /// On PostgreSQL; that of the address unless set.
    pub schema: Option<String>,
    /// Platforms of chat rows that are not forwarded.
    pub skip_platforms: Vec<String>,
    /// Of each kind of disagreement, how many are named.
    pub examples_max: u64,
    /// What else is configured and left alone.
    pub left_alone: Vec<String>,
}

pub(super) fn shadow(top: &mut Section<'_>, own_database: &str) -> Option<ShadowConfig> {
    let variables = ["SALES_ENGINE_SHADOW_DATABASE_URL", "SALES_ENGINE_SHADOW_SCHEMA"];
    let mut section = top.section_or_env("shadow", &variables)?;
    let named = section.text("database_url", &["SALES_ENGINE_SHADOW_DATABASE_URL"]);
    let schema = section.text("schema", &["SALES_ENGINE_SHADOW_SCHEMA"]);
    if named.is_none() && schema.is_none() {
        section.fault(
            "database_url",
            "is missing: set it, or `schema` where the other flow's tables are in this database",
        );
    }
    let database_url = named.unwrap_or_else(|| own_database.to_owned());
    if database_url.starts_with("sqlite:") {
        if schema.is_some() {
            section.fault(
                "schema",
                "is for PostgreSQL; on SQLite the other flow's tables are in a file of their own, `database_url`",
            );
        }
    } else if !["postgres:", "postgresql:"].iter().any(|scheme| database_url.starts_with(scheme)) {
        section.fault("database_url", "must begin with sqlite:// or postgres://");
    }
    let shadow = ShadowConfig {
        database_url: Secret::new(database_url),
        schema,
        skip_platforms: section.texts("skip_platforms"),
        examples_max: section.number("examples_max", &[], 0..=1_000).unwrap_or(EXAMPLES_USUAL),
        left_alone: Vec::new(),
    };
    section.finish();
    Some(shadow)
}

impl Config {
    /// The same without anybody to call: whatever an outside service is reached by is taken out here, so that no other place has to
    /// think of it.
    pub(super) fn calling_nobody(mut self) -> Self {
        let mut left_alone = Vec::new();
        let mut note = |is_set: bool, name: String| left_alone.extend(is_set.then_some(name));
        note(self.airtable.take().is_some(), "airtable".to_owned());
        note(self.ai.take().is_some(), "ai".to_owned());
        note(self.pinecone.take().is_some(), "pinecone".to_owned());
        for target in std::mem::take(&mut self.notifications) {
            note(true, target.key);
        }
        for (client_id, client) in &mut self.clients {
            let sources = &mut client.sources;
            // A push is proven with keys that are fetched from Google, and says only that there is mail to be fetched.
            note(sources.gmail.take().is_some(), format!("clients.{client_id}.gmail"));
            if let Some(smartlead) = &mut sources.smartlead {
                note(smartlead.api_key.take().is_some(), format!("clients.{client_id}.smartlead.api_key"));
            }
            if let Some(instantly) = &mut sources.instantly {
                note(instantly.api_key.take().is_some(), format!("clients.{client_id}.instantly.api_key"));
            }
        }
        self.rules.wants = Wants::default();
        self.google = GoogleConfig { api_url: String::new(), token_url: String::new(), certs_url: String::new() };
        if let Some(shadow) = &mut self.shadow {
            shadow.left_alone = left_alone;
        }
        self
    }
}
