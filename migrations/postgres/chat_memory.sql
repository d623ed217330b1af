-- `n8n.chat_memory`: the conversation as n8n's Postgres Chat Memory node reads and writes it, keyed by session_id. Run by every
-- `migrate`, because it only replaces. A schema of its own, because the node says CREATE TABLE IF NOT EXISTS and so needs CREATE
-- there. {schema} is the schema of chat_history.
CREATE SCHEMA IF NOT EXISTS n8n;

REVOKE ALL ON SCHEMA n8n FROM PUBLIC;

CREATE OR REPLACE VIEW n8n.chat_memory AS
SELECT
    -- Microseconds and a tie-break: one comparable number over all sources.
    (extract(epoch FROM message_timestamp) * 1000000)::BIGINT * 1000 + abs(hashtext(chat_id::TEXT)) % 1000 AS id,
    session_id,
    CASE WHEN message_status = 'received'
        THEN jsonb_build_object(
            'type', 'human', 'content', message_content,
            'additional_kwargs', '{}'::JSONB, 'response_metadata', '{}'::JSONB)
        ELSE jsonb_build_object(
            'type', 'ai', 'content', message_content, 'tool_calls', '[]'::JSONB, 'invalid_tool_calls', '[]'::JSONB,
            'additional_kwargs', '{}'::JSONB, 'response_metadata', '{}'::JSONB)
    END AS message
FROM {schema}.chat_history;

REVOKE ALL ON n8n.chat_memory FROM PUBLIC;

-- The webhook stored their message already, and our answer comes by the webhook of the mail that is sent. Where the agent's
-- answers are not mailed (a chat widget), ALTER DATABASE … SET sales_engine.chat_memory_keeps_ai = 'on' keeps them.
CREATE OR REPLACE FUNCTION n8n.sales_engine_chat_memory_insert() RETURNS TRIGGER AS $$
BEGIN
    IF NEW.message ->> 'type' = 'ai' AND current_setting('sales_engine.chat_memory_keeps_ai', true) = 'on' THEN
        INSERT INTO {schema}.chat_history (
            session_id, platform, message_content, message_type, message_status, message_timestamp, contact_id, message_key)
        SELECT NEW.session_id, 'n8n_chat', coalesce(NEW.message ->> 'content', ''), 'reply', 'sent', clock_timestamp(),
            (SELECT h.contact_id FROM {schema}.chat_history AS h
             WHERE h.session_id = NEW.session_id AND h.contact_id IS NOT NULL LIMIT 1),
            'n8n_chat:' || gen_random_uuid();
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- The conversation is nobody's to delete through the view.
CREATE OR REPLACE FUNCTION n8n.sales_engine_chat_memory_delete() RETURNS TRIGGER AS $$
BEGIN
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

REVOKE ALL ON FUNCTION n8n.sales_engine_chat_memory_insert() FROM PUBLIC;
REVOKE ALL ON FUNCTION n8n.sales_engine_chat_memory_delete() FROM PUBLIC;

CREATE OR REPLACE TRIGGER chat_memory_insert INSTEAD OF INSERT ON n8n.chat_memory
FOR EACH ROW EXECUTE FUNCTION n8n.sales_engine_chat_memory_insert();

CREATE OR REPLACE TRIGGER chat_memory_delete INSTEAD OF DELETE ON n8n.chat_memory
FOR EACH ROW EXECUTE FUNCTION n8n.sales_engine_chat_memory_delete();
