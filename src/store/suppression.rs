//! The list of those who must not be contacted, and whom it concerns.

use super::views::{Reached, Standing, SuppressionFilter, SuppressionView};
use super::{Store, StoreError};
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::suppression::{Listed, Scope};
use crate::engine::rows::{Asked, LogRow, SuppressionRow, TaskRow, Writes, once_each};
use std::collections::HashMap;
use uuid::Uuid;

/// Whose rows of the list are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub scope: Scope,
    pub client_id: Option<&'a ClientId>,
    pub campaign: Option<&'a CampaignId>,
}

impl Store {
    /// Where these addresses stand as contacts of a client; those that are none are absent.
    pub async fn standings(
        &self,
        client_id: &ClientId,
        emails: &[Email],
    ) -> Result<HashMap<Email, Standing>, StoreError> {
        both!(self, standings(client_id, emails))
    }

    /// Under what these addresses are suppressed, for whomever.
    pub async fn suppressed(&self, asked: &Asked) -> Result<HashMap<Email, Vec<Listed>>, StoreError> {
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        both!(self, suppressed(asked))
    }

    /// Adds to the list, with what follows from it, in one transaction. What is there twice is one entry.
    pub async fn suppress(
        &self,
        suppressions: Vec<SuppressionRow>,
        tasks: Vec<TaskRow>,
        logs: Vec<LogRow>,
    ) -> Result<(), StoreError> {
        let suppressions = once_each(suppressions);
        let mut tx = self.begin().await?;
        tx.write(&Writes { logs, tasks, suppressions, ..Writes::default() }).await?;
        tx.commit().await
    }

    /// Takes hashes off the list; gives how many were on it.
    pub async fn unsuppress(&self, place: Place<'_>, hashes: &[String]) -> Result<u64, StoreError> {
        both!(self, unsuppress(place, hashes))
    }

    /// A page of the list, in the order of its ids.
    pub async fn suppressions(&self, filter: &SuppressionFilter) -> Result<Vec<SuppressionView>, StoreError> {
        both!(self, suppressions(filter))
    }

    /// The keys under which hashes are kept, with how many there are of each.
    pub async fn suppression_keys(&self) -> Result<Vec<(String, i64)>, StoreError> {
        both!(self, suppression_keys())
    }

    /// The contacts of all clients that have this address.
    pub async fn contacts_of_address(&self, email: &Email) -> Result<Vec<Reached>, StoreError> {
        both!(self, contacts_of_address(email))
    }

    /// A page of the contacts of all clients under a domain, in the order of their ids. It reads the whole table.
    pub async fn contacts_of_domain(
        &self,
        domain: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Reached>, StoreError> {
        both!(self, contacts_of_domain(domain, after, limit))
    }

    /// A page of the contacts that opted out, in the order of their ids.
    pub async fn opted_out(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Reached>, StoreError> {
        both!(self, opted_out(after, limit))
    }

    /// The contact of a task, as a suppression sees it; none where it is gone.
    pub async fn reached(&self, contact_id: Uuid) -> Result<Option<Reached>, StoreError> {
        both!(self, reached(contact_id))
    }
}
