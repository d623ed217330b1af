//! What the work with the vector index asks of the database.

use super::{SqliteStore, StoreError, json_text, time_text};
use crate::store::vectors::{EngagedContact, MessageView, VectorPassage};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

const NOTE: &str = "
    INSERT INTO vector_passages (subject, home, namespace, passage_id, chunks, hash, contact_id, lead_id, updated_at)
    SELECT v.value ->> 'subject', v.value ->> 'home', v.value ->> 'namespace', v.value ->> 'passage_id', v.value ->> 'chunks',
        v.value ->> 'hash', v.value ->> 'contact_id', v.value ->> 'lead_id', ?2
    FROM json_each(?1) AS v WHERE true
    ON CONFLICT (subject) DO UPDATE SET
        home = excluded.home, namespace = excluded.namespace, passage_id = excluded.passage_id, chunks = excluded.chunks,
        hash = excluded.hash, contact_id = excluded.contact_id, lead_id = excluded.lead_id, updated_at = excluded.updated_at";

const MESSAGES: &str = "
    SELECT h.chat_id, c.client_id, c.email, coalesce(h.contact_name, trim(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, ''))) AS name,
        h.subject, h.message_content, h.platform, h.lead_id, h.client_id AS converted_client_id, h.campaign_id,
        h.message_timestamp, h.ai_sentiment, h.ai_intent, h.is_auto_reply,
        CASE WHEN h.is_vectorized = 1 THEN h.vector_id END AS vector_id
    FROM contacts AS c JOIN chat_history AS h ON h.contact_id = c.contact_id
    WHERE c.contact_id = ?1 AND c.has_engaged = 1 AND h.chat_id > ?2 AND h.message_status IN ('sent', 'received')
      AND trim(h.message_content, char(9, 10, 13, 32)) <> ''
    ORDER BY h.chat_id LIMIT ?3";

const ENGAGED: &str = "
    SELECT c.contact_id, c.client_id,
        EXISTS (
            SELECT 1 FROM chat_history AS h LEFT JOIN vector_passages AS v ON v.subject = 'message:' || h.chat_id
            WHERE h.contact_id = c.contact_id AND h.message_status IN ('sent', 'received')
              AND trim(h.message_content, char(9, 10, 13, 32)) <> ''
              AND (v.hash IS NULL OR v.home <> ?2 OR v.lead_id IS NOT h.lead_id)
        ) OR EXISTS (
            SELECT 1 FROM vector_passages AS v
            WHERE v.contact_id = c.contact_id AND NOT EXISTS (
                SELECT 1 FROM chat_history AS h
                WHERE h.contact_id = c.contact_id AND v.subject = 'message:' || h.chat_id AND h.message_status IN ('sent', 'received')
                  AND trim(h.message_content, char(9, 10, 13, 32)) <> '')
        ) AS is_stale
    FROM contacts AS c WHERE c.has_engaged = 1 AND c.contact_id > ?1 ORDER BY c.contact_id LIMIT ?3";

impl SqliteStore {
    pub(in crate::store) async fn vector_passages(
        &self,
        subjects: &[String],
    ) -> Result<Vec<VectorPassage>, StoreError> {
        let bound = bind!(
            "SELECT v.* FROM json_each(?1) AS k CROSS JOIN vector_passages AS v ON v.subject = k.value ORDER BY v.subject",
            json_text(subjects)?
        );
        self.all(bound, views_of::vector_passage).await
    }

    pub(in crate::store) async fn vector_passages_of(
        &self,
        contact_id: Uuid,
    ) -> Result<Vec<VectorPassage>, StoreError> {
        let bound =
            bind!("SELECT * FROM vector_passages WHERE contact_id = ?1 ORDER BY subject", contact_id.to_string());
        self.all(bound, views_of::vector_passage).await
    }

    pub(in crate::store) async fn vector_documents(&self) -> Result<Vec<VectorPassage>, StoreError> {
        self.all(
            sqlx::query(
                "SELECT * FROM vector_passages WHERE subject >= 'document:' AND subject < 'document;' ORDER BY subject",
            ),
            views_of::vector_passage,
        )
        .await
    }

    pub(in crate::store) async fn note_vector_passages(
        &self,
        passages: &[VectorPassage],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows: Vec<serde_json::Value> = passages
            .iter()
            .map(|passage| {
                json!({ "subject": passage.subject, "home": passage.home, "namespace": passage.namespace,
                    "passage_id": passage.passage_id, "chunks": passage.chunks, "hash": passage.hash,
                    "contact_id": passage.contact_id, "lead_id": passage.lead_id })
            })
            .collect();
        self.run(bind!(NOTE, json_text(&rows)?, time_text(now))).await?;
        Ok(())
    }

    pub(in crate::store) async fn forget_vector_passages(&self, subjects: &[String]) -> Result<(), StoreError> {
        let bound = bind!(
            "DELETE FROM vector_passages WHERE subject IN (SELECT value FROM json_each(?1))",
            json_text(subjects)?
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn messages_to_index(
        &self,
        contact_id: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        let bound = bind!(MESSAGES, contact_id.to_string(), after.map(|id| id.to_string()).unwrap_or_default(), limit);
        self.all(bound, views_of::message).await
    }

    pub(in crate::store) async fn mark_vectorized(&self, marks: &[(Uuid, Option<String>)]) -> Result<(), StoreError> {
        let bound = bind!(
            "UPDATE chat_history SET is_vectorized = v.value ->> 1 IS NOT NULL, vector_id = v.value ->> 1
             FROM json_each(?1) AS v WHERE chat_history.chat_id = v.value ->> 0",
            json_text(marks)?
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn engaged_contacts(
        &self,
        after: Option<Uuid>,
        home: &str,
        limit: u32,
    ) -> Result<Vec<EngagedContact>, StoreError> {
        let bound = bind!(ENGAGED, after.map(|id| id.to_string()).unwrap_or_default(), home, limit);
        self.all(bound, views_of::engaged_contact).await
    }
}
