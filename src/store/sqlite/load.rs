//! What is known of a batch's contacts and events.

use super::{SqliteTx, StoreError, fault, json_text};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::{Asked, History, Known};
use crate::store::cells::{Cells as _, add_listed, key, known_contact, stored_event};
use std::collections::HashMap;

/// What [`known_contact`] reads; the row's columns only where the engine never folded it.
macro_rules! contact_columns {
    () => {
        "
    SELECT c.contact_id, c.client_id, c.email, c.fold, c.baseline, c.airtable_lead_id, c.lead_stage_written, c.changed_outside,
           0 AS version,
           CASE WHEN c.fold = '{}' THEN json_object(
               'lead_status', c.lead_status, 'pipeline_status', c.pipeline_status, 'campaign_status', c.campaign_status,
               'lead_email_status', c.lead_email_status, 'first_name', c.first_name, 'last_name', c.last_name,
               'phone', c.phone, 'company_name', c.company_name, 'job_title', c.job_title, 'linkedin_url', c.linkedin_url,
               'company_linkedin_url', c.company_linkedin_url, 'company_website', c.company_website,
               'company_size', c.company_size, 'company_industry', c.company_industry, 'source', c.source,
               'list_id', c.list_id, 'enrichment_date', c.enrichment_date, 'current_campaign_id', c.current_campaign_id,
               'past_campaign_ids', json(c.past_campaign_ids), 'last_contact_date', c.last_contact_date,
               'last_reply_date', c.last_reply_date, 'last_touch_date', c.last_touch_date, 'reply_count', c.reply_count,
               'emails_sent_count', c.emails_sent_count, 'follow_up_date', c.follow_up_date,
               'follow_up_reason', c.follow_up_reason, 'has_engaged', c.has_engaged,
               'converted_to_client', c.converted_to_client, 'converted_client_id', c.converted_client_id,
               'first_reply_date', c.first_reply_date) END AS adopted
"
    };
}
pub(super) use contact_columns;

const CONTACTS: &str = concat!(
    contact_columns!(),
    "FROM json_each(?1) AS k
    CROSS JOIN contacts AS c ON c.client_id = k.value ->> 0 AND c.email = k.value ->> 1"
);

const EVENTS: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, c.email, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused,
           e.rule
    FROM json_each(?1) AS k
    CROSS JOIN events AS e ON e.client_id = k.value ->> 0 AND e.dedupe_key = k.value ->> 1
    JOIN contacts AS c ON c.contact_id = e.contact_id";

const SUPPRESSED: &str = "
    SELECT s.value_hmac, s.scope, s.client_id, s.campaign_id, s.kind, s.reason
    FROM json_each(?1) AS k CROSS JOIN suppressions AS s ON s.value_hmac = k.value";

const HISTORIES: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, c.email, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused,
           e.rule
    FROM json_each(?1) AS k
    CROSS JOIN contacts AS c ON c.client_id = k.value ->> 0 AND c.email = k.value ->> 1
    CROSS JOIN events AS e ON e.contact_id = c.contact_id";

impl SqliteTx {
    pub(in crate::store) async fn load(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
        asked: &Asked,
    ) -> Result<Known, StoreError> {
        let mut known = Known::default();
        let rows = bind!(CONTACTS, keys_json(contacts)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            known.contacts.insert(key(row)?, known_contact(row)?);
        }
        if !events.is_empty() {
            let rows = bind!(EVENTS, json_text(events)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
            for row in &rows {
                let event = stored_event(row)?;
                known.events.insert((event.key.client_id.clone(), event.dedupe_key.clone()), event);
            }
        }
        if !asked.is_empty() {
            let hashes: Vec<&String> = asked.keys().collect();
            let rows = bind!(SUPPRESSED, json_text(&hashes)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
            for row in &rows {
                add_listed(row, asked, &mut known.suppressed)?;
            }
        }
        Ok(known)
    }

    pub(in crate::store) async fn load_histories(
        &mut self,
        contacts: &[ContactKey],
    ) -> Result<HashMap<ContactKey, History>, StoreError> {
        let keys = keys_json(contacts)?;
        let mut histories = HashMap::new();
        let rows = bind!(CONTACTS, &keys).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let known = known_contact(row)?;
            let baseline = if known.is_adopted { known.contact } else { row.json("baseline")? };
            histories.insert(key(row)?, History { baseline, events: Vec::new() });
        }
        let rows = bind!(HISTORIES, &keys).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let event = stored_event(row)?;
            if let Some(history) = histories.get_mut(&event.key) {
                history.events.push(event);
            }
        }
        Ok(histories)
    }
}

fn keys_json(contacts: &[ContactKey]) -> Result<String, StoreError> {
    let pairs: Vec<(&ClientId, &Email)> = contacts.iter().map(|key| (&key.client_id, &key.email)).collect();
    json_text(&pairs)
}
