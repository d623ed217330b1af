//! What the work with a language model asks of the database.

use super::{SqliteStore, StoreError, fault, time_text};
use crate::store::ai::{AiDay, Conversation, ReplyToRead, SummaryWrite};
use crate::store::views_of;
use uuid::Uuid;

// No row comes back where it would be too much.
const RESERVE: &str = "
    INSERT INTO ai_days (day, tokens, calls) SELECT ?1, ?2, 1 WHERE ?2 <= ?3
    ON CONFLICT (day) DO UPDATE SET tokens = ai_days.tokens + ?2, calls = ai_days.calls + 1
        WHERE ai_days.tokens + ?2 <= ?3
    RETURNING tokens";

const REPLY: &str = "
    SELECT c.client_id, c.email, c.lead_status, h.message_timestamp, h.subject, h.message_content,
        h.ai_intent IS NOT NULL OR h.is_auto_reply IS TRUE
            OR EXISTS (SELECT 1 FROM events AS e WHERE e.client_id = c.client_id AND e.dedupe_key = ?3) AS is_decided
    FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id
    WHERE h.contact_id = ?1 AND h.message_key = ?2";

const CONTACT: &str = "
    SELECT client_id, email, has_engaged, ai_context_summary, ai_summary_written, ai_summary_of
    FROM contacts WHERE contact_id = ?1";

const MESSAGES: &str = "
    SELECT message_timestamp, message_type, message_status, platform, subject, message_content
    FROM chat_history WHERE contact_id = ?1 ORDER BY message_timestamp DESC, message_key DESC LIMIT ?2";

const SUMMARY: &str = "
    UPDATE contacts SET ai_context_summary = ?2, ai_summary_written = ?2, ai_summary_of = ?3, updated_at = ?5
    WHERE contact_id = ?1 AND ai_context_summary IS ?4";

impl SqliteStore {
    pub(in crate::store) async fn reserve_tokens(
        &self,
        day: &str,
        tokens: i64,
        tokens_max: i64,
    ) -> Result<bool, StoreError> {
        let row = bind!(RESERVE, day, tokens, tokens_max).fetch_optional(&self.writer).await.map_err(fault)?;
        Ok(row.is_some())
    }

    pub(in crate::store) async fn correct_tokens(&self, day: &str, by: i64) -> Result<(), StoreError> {
        self.run(bind!("UPDATE ai_days SET tokens = max(0, tokens + ?2) WHERE day = ?1", day, by)).await?;
        Ok(())
    }

    pub(in crate::store) async fn ai_day(&self, day: &str) -> Result<AiDay, StoreError> {
        let row = self.row(bind!("SELECT tokens, calls FROM ai_days WHERE day = ?1", day)).await?;
        views_of::ai_day(row.as_ref())
    }

    pub(in crate::store) async fn reply_to_read(
        &self,
        contact_id: Uuid,
        message_key: &str,
        reading_key: &str,
    ) -> Result<Option<ReplyToRead>, StoreError> {
        self.one(bind!(REPLY, contact_id.to_string(), message_key, reading_key), views_of::reply_to_read).await
    }

    pub(in crate::store) async fn conversation(
        &self,
        contact_id: Uuid,
        limit: u32,
    ) -> Result<Option<Conversation>, StoreError> {
        let id = contact_id.to_string();
        let contact = self.row(bind!(CONTACT, &id)).await?;
        let Some(contact) = contact else { return Ok(None) };
        let messages = self.rows(bind!(MESSAGES, &id, limit)).await?;
        views_of::conversation(&contact, &messages).map(Some)
    }

    pub(in crate::store) async fn write_summary(&self, write: &SummaryWrite) -> Result<bool, StoreError> {
        let bound = bind!(
            SUMMARY,
            write.contact_id.to_string(),
            &write.summary,
            &write.made_of,
            &write.seen,
            time_text(write.now)
        );
        Ok(self.run(bound).await? == 1)
    }
}
