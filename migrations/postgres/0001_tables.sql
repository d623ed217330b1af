-- The owner's four tables with every column, option, uniqueness and index, and the engine's own tables.
-- Where the owner's tables are there already they are adopted: what is missing is added, no row is changed. Constraints come in
-- as NOT VALID; what holds for all rows is validated right after (see src/store/postgres/schema.rs), the rest is reported.

CREATE TABLE IF NOT EXISTS lead_lists (
    list_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    list_name VARCHAR NOT NULL,
    client_id VARCHAR NOT NULL,
    description TEXT,
    source VARCHAR,
    total_contacts INTEGER DEFAULT 0,
    contacts_in_campaigns INTEGER DEFAULT 0,
    status VARCHAR DEFAULT 'active',
    metadata JSONB DEFAULT '{}',
    created_at TIMESTAMPTZ DEFAULT NOW(),
    updated_at TIMESTAMPTZ DEFAULT NOW(),
    created_by VARCHAR
);

ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS list_name VARCHAR;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS client_id VARCHAR;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS description TEXT;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS source VARCHAR;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS total_contacts INTEGER DEFAULT 0;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS contacts_in_campaigns INTEGER DEFAULT 0;
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS status VARCHAR DEFAULT 'active';
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS metadata JSONB DEFAULT '{}';
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT NOW();
ALTER TABLE lead_lists ADD COLUMN IF NOT EXISTS created_by VARCHAR;

CREATE TABLE IF NOT EXISTS contacts (
    contact_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    first_name VARCHAR,
    last_name VARCHAR,
    phone VARCHAR,
    company_name VARCHAR,
    job_title VARCHAR,
    linkedin_url VARCHAR,
    company_linkedin_url VARCHAR,
    company_website VARCHAR,
    company_size VARCHAR,
    company_industry VARCHAR,
    source VARCHAR,
    list_id UUID,
    enrichment_date TIMESTAMPTZ,
    lead_status VARCHAR NOT NULL DEFAULT 'triage',
    pipeline_status VARCHAR NOT NULL DEFAULT 'open',
    campaign_status VARCHAR,
    lead_email_status VARCHAR,
    current_campaign_id VARCHAR,
    past_campaign_ids JSONB DEFAULT '[]',
    last_contact_date TIMESTAMPTZ,
    last_reply_date TIMESTAMPTZ,
    last_touch_date TIMESTAMPTZ,
    reply_count INTEGER DEFAULT 0,
    emails_sent_count INTEGER DEFAULT 0,
    follow_up_date DATE,
    follow_up_reason VARCHAR,
    has_engaged BOOLEAN DEFAULT FALSE,
    airtable_lead_id VARCHAR,
    promoted_at TIMESTAMPTZ,
    converted_to_client BOOLEAN DEFAULT FALSE,
    converted_client_id VARCHAR,
    ai_context_summary TEXT,
    created_at TIMESTAMPTZ DEFAULT NOW(),
    updated_at TIMESTAMPTZ DEFAULT NOW()
);

ALTER TABLE contacts ADD COLUMN IF NOT EXISTS client_id VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS email VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS first_name VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS last_name VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS phone VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS company_name VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS job_title VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS linkedin_url VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS company_linkedin_url VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS company_website VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS company_size VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS company_industry VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS source VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS list_id UUID;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS enrichment_date TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS lead_status VARCHAR DEFAULT 'triage';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS pipeline_status VARCHAR DEFAULT 'open';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS campaign_status VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS lead_email_status VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS current_campaign_id VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS past_campaign_ids JSONB DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS last_contact_date TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS last_reply_date TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS last_touch_date TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS reply_count INTEGER DEFAULT 0;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS emails_sent_count INTEGER DEFAULT 0;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS follow_up_date DATE;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS follow_up_reason VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS has_engaged BOOLEAN DEFAULT FALSE;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS airtable_lead_id VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS promoted_at TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS converted_to_client BOOLEAN DEFAULT FALSE;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS converted_client_id VARCHAR;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS ai_context_summary TEXT;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS chat_history (
    chat_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id VARCHAR NOT NULL,
    lead_id VARCHAR,
    client_id VARCHAR,
    campaign_id VARCHAR,
    platform VARCHAR NOT NULL,
    contact_identifier VARCHAR,
    contact_name VARCHAR,
    account_identifier VARCHAR,
    subject VARCHAR,
    message_content TEXT NOT NULL,
    message_type VARCHAR,
    message_status VARCHAR,
    sequence_step INTEGER,
    external_message_id VARCHAR,
    thread_id VARCHAR,
    ai_sentiment VARCHAR,
    ai_intent VARCHAR,
    is_auto_reply BOOLEAN DEFAULT FALSE,
    requires_action BOOLEAN DEFAULT FALSE,
    action_taken VARCHAR,
    is_vectorized BOOLEAN DEFAULT FALSE,
    vector_id VARCHAR,
    message_timestamp TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ DEFAULT NOW()
);

ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS session_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS lead_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS client_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS campaign_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS platform VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS contact_identifier VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS contact_name VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS account_identifier VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS subject VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS message_content TEXT;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS message_type VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS message_status VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS sequence_step INTEGER;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS external_message_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS thread_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS ai_sentiment VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS ai_intent VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS is_auto_reply BOOLEAN DEFAULT FALSE;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS requires_action BOOLEAN DEFAULT FALSE;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS action_taken VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS is_vectorized BOOLEAN DEFAULT FALSE;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS vector_id VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS message_timestamp TIMESTAMPTZ;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

CREATE TABLE IF NOT EXISTS automation_logs (
    log_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    automation_type VARCHAR NOT NULL,
    trigger_type VARCHAR NOT NULL,
    lead_id VARCHAR,
    client_id VARCHAR,
    campaign_id VARCHAR,
    action_taken VARCHAR NOT NULL,
    action_details TEXT,
    status VARCHAR NOT NULL,
    error_message TEXT,
    timestamp TIMESTAMPTZ DEFAULT NOW(),
    processing_time INTEGER,
    ai_model_used VARCHAR,
    tokens_used INTEGER,
    created_at TIMESTAMPTZ DEFAULT NOW()
);

ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS automation_type VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS trigger_type VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS lead_id VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS client_id VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS campaign_id VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS action_taken VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS action_details TEXT;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS status VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS error_message TEXT;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS timestamp TIMESTAMPTZ DEFAULT NOW();
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS processing_time INTEGER;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS ai_model_used VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS tokens_used INTEGER;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT NOW();

-- What the fold needs: where it starts, where it stands (the domain's contact), what another writer changed since.
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS baseline JSONB NOT NULL DEFAULT '{}';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS fold JSONB NOT NULL DEFAULT '{}';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS changed_outside JSONB;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS first_reply_date TIMESTAMPTZ;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS lead_stage_written VARCHAR;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS contact_id UUID;
ALTER TABLE chat_history ADD COLUMN IF NOT EXISTS message_key VARCHAR;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS contact_id UUID;
ALTER TABLE automation_logs ADD COLUMN IF NOT EXISTS tenant VARCHAR;

-- The engine's own tables. A foreign table of the same name is an error here: give Sales Engine a schema of its own.

-- One row a proven HTTP request: what was received, without secrets, and what became of it.
CREATE TABLE deliveries (
    delivery_id UUID PRIMARY KEY,
    client_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    outcome VARCHAR NOT NULL,
    reason TEXT,
    body TEXT NOT NULL,
    body_sha256 BYTEA NOT NULL,
    events_count INTEGER NOT NULL,
    CONSTRAINT deliveries_outcome_option CHECK (outcome IN ('applied', 'duplicate', 'ignored', 'unrecognised', 'dead'))
);

CREATE INDEX idx_deliveries_outcome ON deliveries(outcome, received_at);
CREATE INDEX idx_deliveries_client ON deliveries(client_id, received_at);
CREATE INDEX idx_deliveries_received ON deliveries(received_at);

-- One row a normalised fact; `seen` holds what each source said of it, the rest what it did.
CREATE TABLE events (
    event_id UUID PRIMARY KEY,
    client_id VARCHAR NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts(contact_id),
    dedupe_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    delivery_id UUID,
    seen JSONB NOT NULL,
    stage_before VARCHAR NOT NULL,
    stage_after VARCHAR NOT NULL,
    refused BOOLEAN NOT NULL,
    rule TEXT NOT NULL,
    -- The same fact counts once, however often and by whomever it is told.
    CONSTRAINT events_once_per_client UNIQUE (client_id, dedupe_key)
);

CREATE INDEX idx_events_contact ON events(contact_id, occurred_at);
CREATE INDEX idx_events_received ON events(received_at);

-- Durable follow-on work. One row a key; `wanted` counts the wishes, so that one that comes while the task runs is not lost.
CREATE TABLE tasks (
    task_id UUID PRIMARY KEY,
    kind VARCHAR NOT NULL,
    client_id VARCHAR NOT NULL,
    task_key VARCHAR NOT NULL,
    contact_id UUID REFERENCES contacts(contact_id),
    payload JSONB NOT NULL,
    priority SMALLINT NOT NULL,
    status VARCHAR NOT NULL,
    wanted BIGINT NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    lease UUID,
    lease_until TIMESTAMPTZ,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT tasks_once_per_key UNIQUE (task_key),
    CONSTRAINT tasks_status_option CHECK (status IN ('pending', 'running', 'done', 'dead')),
    CONSTRAINT tasks_running_has_a_lease CHECK (status <> 'running' OR (lease IS NOT NULL AND lease_until IS NOT NULL))
);

CREATE INDEX idx_tasks_claim ON tasks(kind, priority, due_at) WHERE status IN ('pending', 'running');

CREATE TABLE cursors (
    name VARCHAR PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Who must not be contacted, as keyed hashes: it survives erasure and shows no address.
CREATE TABLE suppressions (
    suppression_id UUID PRIMARY KEY,
    scope VARCHAR NOT NULL,
    client_id VARCHAR,
    campaign_id VARCHAR,
    kind VARCHAR NOT NULL,
    value_hmac VARCHAR NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT suppressions_once UNIQUE NULLS NOT DISTINCT (scope, client_id, campaign_id, kind, value_hmac),
    CONSTRAINT suppressions_scope_option CHECK (scope IN ('campaign', 'client', 'agency')),
    CONSTRAINT suppressions_kind_option CHECK (kind IN ('address', 'domain'))
);

CREATE INDEX idx_suppressions_value ON suppressions(value_hmac);

-- Constraints, each named, each saying the rule it keeps.
CREATE OR REPLACE FUNCTION pg_temp.add_constraint(relation TEXT, name TEXT, definition TEXT) RETURNS VOID AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation::regclass AND conname = name) THEN
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', relation, name, definition);
    END IF;
END
$$ LANGUAGE plpgsql;

SELECT pg_temp.add_constraint('lead_lists', 'lead_lists_client_is_named', $check$CHECK (client_id IS NOT NULL AND client_id <> '')$check$);
SELECT pg_temp.add_constraint('lead_lists', 'lead_lists_status_option', $check$CHECK (status IN ('active', 'archived', 'processing'))$check$);
SELECT pg_temp.add_constraint('lead_lists', 'lead_lists_source_option', $check$CHECK (source IS NULL OR source IN ('csv_import', 'clay', 'instantly', 'smartlead', 'manual'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_email_is_folded', $check$CHECK (email IS NOT NULL AND email <> '' AND email = lower(email))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_client_is_named', $check$CHECK (client_id IS NOT NULL AND client_id <> '')$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_source_option', $check$CHECK (source IS NULL OR source IN ('clay', 'apollo', 'sales_nav', 'zoominfo', 'google_maps', 'manual', 'import'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_lead_status_option', $check$CHECK (lead_status IN ('triage', 'active', 'interested', 'not_interested', 'out_of_office', 'ghosted', 'no_show', 'do_not_contact', 'won', 'declined'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_pipeline_status_option', $check$CHECK (pipeline_status IN ('open', 'follow_up', 'meeting_booked', 'closed'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_campaign_status_option', $check$CHECK (campaign_status IS NULL OR campaign_status IN ('active', 'paused', 'completed'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_lead_email_status_option', $check$CHECK (lead_email_status IS NULL OR lead_email_status IN ('replied', 'no_reply', 'bounced', 'unsubscribed'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_follow_up_reason_option', $check$CHECK (follow_up_reason IS NULL OR follow_up_reason IN ('ghosted_follow_up', 'out_of_office_return', 'lead_requested', 'not_interested_re_engagement', 'meeting_no_show', 'custom'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_state_matrix', $check$CHECK (((lead_status, pipeline_status, coalesce(campaign_status, ''), coalesce(lead_email_status, '')) IN (
        ('triage', 'open', '', ''),
        ('active', 'open', 'active', ''),
        ('active', 'open', 'paused', ''),
        ('active', 'open', 'completed', 'no_reply'),
        ('active', 'open', 'completed', 'bounced'),
        ('out_of_office', 'follow_up', 'paused', 'replied'),
        ('interested', 'follow_up', 'completed', 'replied'),
        ('interested', 'meeting_booked', 'completed', 'replied'),
        ('not_interested', 'closed', 'completed', 'replied'),
        ('ghosted', 'follow_up', 'completed', 'replied'),
        ('no_show', 'follow_up', 'completed', 'replied'),
        ('do_not_contact', 'closed', 'completed', 'unsubscribed'),
        ('won', 'closed', 'completed', 'replied'),
        ('declined', 'closed', 'completed', 'replied')
    )) IS TRUE)$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_past_campaigns_is_a_list', $check$CHECK (past_campaign_ids IS NULL OR jsonb_typeof(past_campaign_ids) = 'array')$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_counts_are_counts', $check$CHECK (reply_count >= 0 AND emails_sent_count >= 0)$check$);
SELECT pg_temp.add_constraint('chat_history', 'chat_history_platform_option', $check$CHECK (platform IN ('gmail', 'smartlead', 'instantly', 'slack', 'whatsapp', 'sms', 'phone_call', 'zoom', 'n8n_chat', 'cal_com', 'calendly'))$check$);
SELECT pg_temp.add_constraint('chat_history', 'chat_history_message_type_option', $check$CHECK (message_type IS NULL OR message_type IN ('campaign', 'reply', 'manual', 'meeting', 'follow_up'))$check$);
SELECT pg_temp.add_constraint('chat_history', 'chat_history_message_status_option', $check$CHECK (message_status IS NULL OR message_status IN ('sent', 'received', 'bounced', 'failed'))$check$);
SELECT pg_temp.add_constraint('chat_history', 'chat_history_ai_sentiment_option', $check$CHECK (ai_sentiment IS NULL OR ai_sentiment IN ('positive', 'neutral', 'negative', 'interested', 'not_interested'))$check$);
SELECT pg_temp.add_constraint('chat_history', 'chat_history_ai_intent_option', $check$CHECK (ai_intent IS NULL OR ai_intent IN ('interested_ready_to_talk', 'interested_wants_info', 'pricing_question', 'question_about_product', 'objection_price', 'objection_timing', 'objection_has_solution', 'not_interested', 'not_interested_timing', 'out_of_office', 'unsubscribe', 'other'))$check$);
SELECT pg_temp.add_constraint('automation_logs', 'automation_logs_type_option', $check$CHECK (automation_type IN ('Email Reply', 'Follow-up Email', 'Status Update', 'Campaign Removal', 'Analytics Update', 'Vectorization', 'Transcription', 'Lead Scoring', 'Task Creation', 'Other'))$check$);
SELECT pg_temp.add_constraint('automation_logs', 'automation_logs_trigger_option', $check$CHECK (trigger_type IN ('Webhook', 'Daily Cron', 'Hourly Cron', 'Manual', 'API Call', 'Condition Met', 'Other'))$check$);
SELECT pg_temp.add_constraint('automation_logs', 'automation_logs_status_option', $check$CHECK (status IN ('Success', 'Failed', 'Pending'))$check$);
SELECT pg_temp.add_constraint('contacts', 'contacts_list_is_known', 'FOREIGN KEY (list_id) REFERENCES lead_lists(list_id)');
SELECT pg_temp.add_constraint('chat_history', 'chat_history_contact_is_known', 'FOREIGN KEY (contact_id) REFERENCES contacts(contact_id)');
SELECT pg_temp.add_constraint('automation_logs', 'automation_logs_contact_is_known', 'FOREIGN KEY (contact_id) REFERENCES contacts(contact_id)');

-- The owner's indexes.
CREATE INDEX IF NOT EXISTS idx_lead_lists_client ON lead_lists(client_id);
CREATE INDEX IF NOT EXISTS idx_lead_lists_status ON lead_lists(status);
CREATE INDEX IF NOT EXISTS idx_lead_lists_client_status ON lead_lists(client_id, status);
CREATE INDEX IF NOT EXISTS idx_contacts_client ON contacts(client_id);
CREATE INDEX IF NOT EXISTS idx_contacts_email ON contacts(email);
CREATE INDEX IF NOT EXISTS idx_contacts_status ON contacts(lead_status);
CREATE INDEX IF NOT EXISTS idx_contacts_pipeline ON contacts(pipeline_status);
CREATE INDEX IF NOT EXISTS idx_contacts_campaign_status ON contacts(campaign_status);
CREATE INDEX IF NOT EXISTS idx_contacts_email_status ON contacts(lead_email_status);
CREATE INDEX IF NOT EXISTS idx_contacts_follow_up ON contacts(follow_up_date);
CREATE INDEX IF NOT EXISTS idx_contacts_last_reply ON contacts(last_reply_date);
CREATE INDEX IF NOT EXISTS idx_contacts_current_campaign ON contacts(current_campaign_id);
CREATE INDEX IF NOT EXISTS idx_contacts_engaged ON contacts(has_engaged);
CREATE INDEX IF NOT EXISTS idx_contacts_source ON contacts(source);
CREATE INDEX IF NOT EXISTS idx_contacts_list_id ON contacts(list_id);
CREATE INDEX IF NOT EXISTS idx_contacts_client_list ON contacts(client_id, list_id);
CREATE INDEX IF NOT EXISTS idx_chat_session ON chat_history(session_id);
CREATE INDEX IF NOT EXISTS idx_chat_lead ON chat_history(lead_id);
CREATE INDEX IF NOT EXISTS idx_chat_client ON chat_history(client_id);
CREATE INDEX IF NOT EXISTS idx_chat_campaign ON chat_history(campaign_id);
CREATE INDEX IF NOT EXISTS idx_chat_timestamp ON chat_history(message_timestamp DESC);
CREATE INDEX IF NOT EXISTS idx_chat_thread ON chat_history(thread_id);
CREATE INDEX IF NOT EXISTS idx_chat_platform ON chat_history(platform);
CREATE INDEX IF NOT EXISTS idx_chat_status ON chat_history(message_status);
CREATE INDEX IF NOT EXISTS idx_chat_lead_timestamp ON chat_history(lead_id, message_timestamp DESC);

-- The engine's own.
CREATE INDEX IF NOT EXISTS idx_contacts_changed_outside ON contacts(contact_id) WHERE changed_outside IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_automation_logs_contact ON automation_logs(contact_id, timestamp);
CREATE INDEX IF NOT EXISTS idx_automation_logs_tenant ON automation_logs(tenant, timestamp);
CREATE UNIQUE INDEX IF NOT EXISTS chat_history_message_once_per_contact ON chat_history(contact_id, message_key);

-- Rule 1 without regard to case, and the engine's way to a contact. Where adopted rows are double, the same without the rule,
-- until they are mended (`migrate` tries again each time).
DO $$
BEGIN
    CREATE UNIQUE INDEX contacts_email_once_per_client ON contacts(client_id, lower(email));
EXCEPTION WHEN unique_violation THEN
    CREATE INDEX contacts_email_by_client ON contacts(client_id, lower(email));
END
$$;
DO $$
BEGIN
    CREATE UNIQUE INDEX lead_lists_name_once_per_client ON lead_lists(client_id, list_name);
EXCEPTION WHEN unique_violation THEN
    NULL;
END
$$;
