//! Looks at the other flow's tables, where the engine is a shadow.

use super::Subject;
use crate::config::ShadowConfig;
use crate::doctor::Finding;
use crate::doctor::shadow::{ShadowFacts, findings, left_alone, pooled, unreadable};
use crate::store::shadow::{OtherFlow, OtherTable};
use crate::store::{Store, StoreError, health};
use crate::tasks::shadow_began;
use std::time::Duration;
use tokio::time::timeout;

pub(super) async fn look(
    subject: &Subject,
    config: &ShadowConfig,
    store: Option<&Store>,
    most: Duration,
) -> Vec<Finding> {
    let mut found = vec![left_alone(config)];
    let address = config.database_url.expose();
    if health::is_transaction_pooler(address) {
        found.push(pooled());
        return found;
    }
    match timeout(most, looked(subject, config, store)).await {
        Ok(Ok(facts)) => found.extend(findings(&facts)),
        Ok(Err(error)) => found.push(unreadable(&error.to_string())),
        Err(_too_slow) => found.push(unreadable(&format!("it was not looked at within {} seconds", most.as_secs()))),
    }
    found
}

async fn looked(subject: &Subject, config: &ShadowConfig, store: Option<&Store>) -> Result<ShadowFacts, StoreError> {
    let other = OtherFlow::at(config.database_url.expose(), config.schema.as_deref())?;
    let mut facts =
        ShadowFacts { is_same_place: is_same_place(subject, config, &other, store).await?, ..Default::default() };
    if facts.is_same_place {
        return Ok(facts);
    }
    facts.tables = other.examine((subject.now)()).await?;
    if facts.tables.iter().all(OtherTable::is_sound) {
        for client_id in subject.config.clients.keys() {
            if other.contacts(client_id, None, 1).await?.is_empty() {
                facts.clients_unknown.push(client_id.clone());
            }
        }
    }
    if let Some(store) = store {
        facts.began_at = shadow_began(store).await?;
    }
    Ok(facts)
}

/// Told before the schema is made too, because making it there would adopt the other flow's tables.
async fn is_same_place(
    subject: &Subject,
    config: &ShadowConfig,
    other: &OtherFlow,
    store: Option<&Store>,
) -> Result<bool, StoreError> {
    let own = subject.config.database_url.expose();
    if let (Some(ours), Some(theirs)) = (health::file_of(own), health::file_of(config.database_url.expose())) {
        // A file that is not there yet is nobody's.
        return Ok(ours
            .canonicalize()
            .ok()
            .zip(theirs.canonicalize().ok())
            .is_some_and(|(ours, theirs)| ours == theirs));
    }
    if health::file_of(own).is_some() {
        return Ok(false);
    }
    match store {
        Some(store) => other.is_of(store).await,
        // That it can't be opened was told already.
        None => match Store::open(own).await {
            Ok(store) => other.is_of(&store).await,
            Err(_) => Ok(false),
        },
    }
}
