//! The list of those who must not be contacted.

use super::load::contacts_of_address;
use super::{PostgresStore, fault};
use crate::domain::ids::{ClientId, Email};
use crate::domain::suppression::{Listed, Scope};
use crate::engine::rows::Asked;
use crate::store::StoreError;
use crate::store::cells::{Cells as _, add_listed};
use crate::store::suppression::Place;
use crate::store::views::{Reached, Standing, SuppressionFilter, SuppressionView};
use crate::store::views_of;
use std::collections::HashMap;
use uuid::Uuid;

const STANDINGS: &str = "
    SELECT c.contact_id, lower(c.email) AS email, c.lead_status, c.pipeline_status, c.campaign_status, c.lead_email_status, c.list_id,
           c.follow_up_date
    FROM unnest($2::TEXT[]) AS k(email) JOIN contacts AS c ON c.client_id = $1 AND lower(c.email) = k.email";

const SUPPRESSED: &str = "
    SELECT s.value_hmac, s.scope, s.client_id, s.campaign_id, s.kind, s.reason
    FROM unnest($1::TEXT[]) AS k(value_hmac) JOIN suppressions AS s ON s.value_hmac = k.value_hmac";

const UNSUPPRESS: &str = "
    DELETE FROM suppressions
    WHERE scope = $1 AND client_id IS NOT DISTINCT FROM $2 AND campaign_id IS NOT DISTINCT FROM $3 AND value_hmac = ANY($4)";

const LIST: &str = "
    SELECT suppression_id, scope, client_id, campaign_id, kind, reason, value_hmac, key_id, created_at FROM suppressions
    WHERE ($1::TEXT IS NULL OR scope = $1) AND ($2::TEXT IS NULL OR client_id = $2) AND ($3::TEXT IS NULL OR reason = $3)
      AND ($4::UUID IS NULL OR suppression_id > $4)
    ORDER BY suppression_id LIMIT $5";

/// What `reached` reads.
macro_rules! reached {
    ($($tail:tt)+) => {
        concat!(
            "SELECT contact_id, client_id, lower(email) AS email, lead_status, pipeline_status, campaign_status, lead_email_status, list_id,
                    current_campaign_id, has_engaged
             FROM contacts ",
            $($tail)+
        )
    };
}

impl PostgresStore {
    pub(in crate::store) async fn standings(
        &self,
        client_id: &ClientId,
        emails: &[Email],
    ) -> Result<HashMap<Email, Standing>, StoreError> {
        let emails: Vec<&str> = emails.iter().map(Email::as_str).collect();
        let query = bind!(STANDINGS, client_id.as_str(), emails);
        query.fetch_all(&self.writers).await.map_err(fault)?.iter().map(views_of::standing).collect()
    }

    pub(in crate::store) async fn suppressed(&self, asked: &Asked) -> Result<HashMap<Email, Vec<Listed>>, StoreError> {
        let hashes: Vec<&str> = asked.keys().map(String::as_str).collect();
        // By index always, as for batches.
        let rows = bind!(SUPPRESSED, hashes).fetch_all(&self.writers).await.map_err(fault)?;
        let mut suppressed = HashMap::new();
        for row in &rows {
            add_listed(row, asked, &mut suppressed)?;
        }
        Ok(suppressed)
    }

    pub(in crate::store) async fn unsuppress(&self, place: Place<'_>, hashes: &[String]) -> Result<u64, StoreError> {
        let bound = bind!(
            UNSUPPRESS,
            place.scope.as_str(),
            place.client_id.map(ClientId::as_str),
            place.campaign.map(crate::domain::ids::CampaignId::as_str),
            hashes
        );
        self.run(bound).await
    }

    pub(in crate::store) async fn suppressions(
        &self,
        filter: &SuppressionFilter,
    ) -> Result<Vec<SuppressionView>, StoreError> {
        let bound = bind!(
            LIST,
            filter.scope.map(Scope::as_str),
            filter.client.as_ref().map(|client| client.as_str().to_owned()),
            filter.reason.map(crate::domain::suppression::Reason::as_str),
            filter.after,
            i64::from(filter.limit)
        );
        self.all(bound, views_of::suppression).await
    }

    pub(in crate::store) async fn suppression_keys(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.all(sqlx::query("SELECT key_id, count(*) AS n FROM suppressions GROUP BY key_id ORDER BY key_id"), |row| {
            Ok((row.text("key_id")?, row.number("n")?))
        })
        .await
    }

    pub(in crate::store) async fn contacts_of_address(&self, email: &Email) -> Result<Vec<Reached>, StoreError> {
        let statement = reached!("WHERE contact_id IN (", contacts_of_address!(), ") ORDER BY contact_id");
        let query = bind!(statement, email.as_str());
        query.fetch_all(&self.readers).await.map_err(fault)?.iter().map(views_of::reached).collect()
    }

    pub(in crate::store) async fn contacts_of_domain(
        &self,
        domain: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Reached>, StoreError> {
        // The end of the address, so that nothing in the name is taken for a pattern.
        let statement = reached!(
            "WHERE right(lower(email), length($1) + 1) IN ('@' || $1, '.' || $1)
               AND contact_id > $2 ORDER BY contact_id LIMIT $3"
        );
        let query = bind!(statement, domain, after.unwrap_or_default(), i64::from(limit));
        query.fetch_all(&self.readers).await.map_err(fault)?.iter().map(views_of::reached).collect()
    }

    pub(in crate::store) async fn opted_out(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Reached>, StoreError> {
        let statement =
            reached!("WHERE lead_status = 'do_not_contact' AND contact_id > $1 ORDER BY contact_id LIMIT $2");
        let query = bind!(statement, after.unwrap_or_default(), i64::from(limit));
        query.fetch_all(&self.readers).await.map_err(fault)?.iter().map(views_of::reached).collect()
    }

    pub(in crate::store) async fn reached(&self, contact_id: Uuid) -> Result<Option<Reached>, StoreError> {
        let query = bind!(reached!("WHERE contact_id = $1"), contact_id);
        query.fetch_optional(&self.readers).await.map_err(fault)?.as_ref().map(views_of::reached).transpose()
    }
}
