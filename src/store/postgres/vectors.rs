//! What the work with the vector index asks of the database.

use super::PostgresStore;
use crate::store::vectors::{EngagedContact, MessageView, VectorPassage};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use uuid::Uuid;

// In the order of the keys, so that two instances never wait for each other in a circle.
const NOTE: &str = "
    INSERT INTO vector_passages (subject, home, namespace, passage_id, chunks, hash, contact_id, lead_id, updated_at)
    SELECT v.subject, v.home, v.namespace, v.passage_id, v.chunks, v.hash, v.contact_id, v.lead_id, $9::TIMESTAMPTZ
    FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::INT[], $6::TEXT[], $7::UUID[], $8::TEXT[])
        AS v(subject, home, namespace, passage_id, chunks, hash, contact_id, lead_id)
    ORDER BY v.subject
    ON CONFLICT (subject) DO UPDATE SET
        home = excluded.home, namespace = excluded.namespace, passage_id = excluded.passage_id, chunks = excluded.chunks,
        hash = excluded.hash, contact_id = excluded.contact_id, lead_id = excluded.lead_id, updated_at = excluded.updated_at";

const MESSAGES: &str = "
    SELECT h.chat_id, c.client_id, lower(c.email) AS email,
        coalesce(h.contact_name, trim(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, ''))) AS name,
        h.subject, h.message_content, h.platform, h.lead_id, h.client_id AS converted_client_id, h.campaign_id,
        h.message_timestamp, h.ai_sentiment, h.ai_intent, h.is_auto_reply,
        CASE WHEN h.is_vectorized THEN h.vector_id END AS vector_id
    FROM contacts AS c JOIN chat_history AS h ON h.contact_id = c.contact_id
    WHERE c.contact_id = $1 AND c.has_engaged AND h.chat_id > $2 AND h.message_status IN ('sent', 'received')
      AND btrim(h.message_content, E'\\t\\n\\r ') <> ''
    ORDER BY h.chat_id LIMIT $3";

const ENGAGED: &str = "
    SELECT c.contact_id, c.client_id,
        EXISTS (
            SELECT FROM chat_history AS h LEFT JOIN vector_passages AS v ON v.subject = 'message:' || h.chat_id::TEXT
            WHERE h.contact_id = c.contact_id AND h.message_status IN ('sent', 'received')
              AND btrim(h.message_content, E'\\t\\n\\r ') <> ''
              AND (v.hash IS NULL OR v.home <> $2 OR v.lead_id IS DISTINCT FROM h.lead_id)
        ) OR EXISTS (
            SELECT FROM vector_passages AS v
            WHERE v.contact_id = c.contact_id AND NOT EXISTS (
                SELECT FROM chat_history AS h
                WHERE h.contact_id = c.contact_id AND v.subject = 'message:' || h.chat_id::TEXT AND h.message_status IN ('sent', 'received')
                  AND btrim(h.message_content, E'\\t\\n\\r ') <> '')
        ) AS is_stale
    FROM contacts AS c WHERE c.has_engaged AND c.contact_id > $1 ORDER BY c.contact_id LIMIT $3";

impl PostgresStore {
    pub(in crate::store) async fn vector_passages(
        &self,
        subjects: &[String],
    ) -> Result<Vec<VectorPassage>, StoreError> {
        let bound = bind!("SELECT * FROM vector_passages WHERE subject = ANY($1) ORDER BY subject", subjects);
        self.all(bound, views_of::vector_passage).await
    }

    pub(in crate::store) async fn vector_passages_of(
        &self,
        contact_id: Uuid,
    ) -> Result<Vec<VectorPassage>, StoreError> {
        let bound = bind!("SELECT * FROM vector_passages WHERE contact_id = $1 ORDER BY subject", contact_id);
        self.all(bound, views_of::vector_passage).await
    }

    pub(in crate::store) async fn vector_documents(&self) -> Result<Vec<VectorPassage>, StoreError> {
        self.all(
            sqlx::query("SELECT * FROM vector_passages WHERE starts_with(subject, 'document:') ORDER BY subject"),
            views_of::vector_passage,
        )
        .await
    }

    pub(in crate::store) async fn note_vector_passages(
        &self,
        passages: &[VectorPassage],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let texts = |of: fn(&VectorPassage) -> &str| passages.iter().map(of).collect::<Vec<&str>>();
        let maybe = |of: fn(&VectorPassage) -> Option<&str>| passages.iter().map(of).collect::<Vec<Option<&str>>>();
        let chunks: Vec<i32> =
            passages.iter().map(|passage| i32::try_from(passage.chunks).unwrap_or(i32::MAX)).collect();
        let contacts: Vec<Option<Uuid>> = passages.iter().map(|passage| passage.contact_id).collect();
        let bound = bind!(
            NOTE,
            texts(|passage| &passage.subject),
            texts(|passage| &passage.home),
            texts(|passage| passage.namespace.as_str()),
            texts(|passage| &passage.passage_id),
            chunks,
            maybe(|passage| passage.hash.as_deref()),
            contacts,
            maybe(|passage| passage.lead_id.as_deref()),
            now
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn forget_vector_passages(&self, subjects: &[String]) -> Result<(), StoreError> {
        self.run(bind!("DELETE FROM vector_passages WHERE subject = ANY($1)", subjects)).await?;
        Ok(())
    }

    pub(in crate::store) async fn messages_to_index(
        &self,
        contact_id: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        self.all(bind!(MESSAGES, contact_id, after.unwrap_or_default(), i64::from(limit)), views_of::message).await
    }

    pub(in crate::store) async fn mark_vectorized(&self, marks: &[(Uuid, Option<String>)]) -> Result<(), StoreError> {
        let (ids, vectors): (Vec<Uuid>, Vec<Option<&str>>) =
            marks.iter().map(|(id, vector)| (*id, vector.as_deref())).unzip();
        let bound = bind!(
            "WITH marked AS (
                SELECT h.chat_id, v.vector_id FROM chat_history AS h
                JOIN unnest($1::UUID[], $2::TEXT[]) AS v(chat_id, vector_id) ON v.chat_id = h.chat_id
                ORDER BY h.chat_id FOR UPDATE OF h
             )
             UPDATE chat_history AS h SET is_vectorized = marked.vector_id IS NOT NULL, vector_id = marked.vector_id
             FROM marked WHERE h.chat_id = marked.chat_id",
            ids,
            vectors
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
        self.all(bind!(ENGAGED, after.unwrap_or_default(), home, i64::from(limit)), views_of::engaged_contact).await
    }
}
