-- A role for n8n's Postgres Chat Memory node (table name: n8n.chat_memory). It sees conversations and nothing else; CREATE is
-- needed because the node says CREATE TABLE IF NOT EXISTS. Run it as the owner, after `sales-engine migrate`.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'n8n_memory') THEN
        CREATE ROLE n8n_memory LOGIN PASSWORD 'change-me';
    END IF;
END
$$;
GRANT USAGE, CREATE ON SCHEMA n8n TO n8n_memory;
GRANT SELECT, INSERT, DELETE ON n8n.chat_memory TO n8n_memory;
