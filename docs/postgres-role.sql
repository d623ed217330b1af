-- A role for `serve` that owns nothing: it reads and writes rows, it can't change the schema. Run it as the role that ran
-- `sales-engine migrate`, in the schema where the tables are, after putting a password in. It can be run again.
DO $$
DECLARE
    relation TEXT;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sales_engine') THEN
        CREATE ROLE sales_engine LOGIN PASSWORD 'change-me';
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO sales_engine', current_schema());
    FOREACH relation IN ARRAY string_to_array(
        'lead_lists contacts chat_history automation_logs deliveries events tasks cursors suppressions budgets gmail_aside platform_leads '
        || 'alerts notifications notification_targets erasures ai_days vector_passages counters counter_deltas', ' ')
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO sales_engine', relation);
        -- Row level security lets nobody through without a policy.
        EXECUTE format('DROP POLICY IF EXISTS sales_engine_service ON %I', relation);
        EXECUTE format('CREATE POLICY sales_engine_service ON %I TO sales_engine USING (TRUE) WITH CHECK (TRUE)', relation);
    END LOOP;
    -- What is sent again goes to the end of its line.
    GRANT USAGE ON SEQUENCE notifications_seq_seq TO sales_engine;
    GRANT SELECT ON _sqlx_migrations TO sales_engine;
    DROP POLICY IF EXISTS sales_engine_service ON _sqlx_migrations;
    CREATE POLICY sales_engine_service ON _sqlx_migrations FOR SELECT TO sales_engine USING (TRUE);
END
$$;
