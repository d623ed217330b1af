-- The owner's four tables with every column, option, uniqueness and index, and the engine's own tables.
-- SQLite has no UUID, TIMESTAMPTZ, JSONB, DATE or BOOLEAN: UUIDs are canonical text, times are RFC 3339 in UTC with six
-- fraction digits and Z (so that text order is time order), dates are YYYY-MM-DD, JSON is checked text, booleans are 0 or 1.

CREATE TABLE lead_lists (
    list_id TEXT PRIMARY KEY NOT NULL,
    list_name TEXT NOT NULL,
    client_id TEXT NOT NULL,
    description TEXT,
    source TEXT,
    total_contacts INTEGER DEFAULT 0,
    contacts_in_campaigns INTEGER DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'active',
    metadata TEXT DEFAULT '{}',
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    created_by TEXT,
    CONSTRAINT lead_lists_name_once_per_client UNIQUE (client_id, list_name),
    CONSTRAINT lead_lists_status_option CHECK (status IN ('active', 'archived', 'processing')),
    CONSTRAINT lead_lists_source_option CHECK (source IS NULL OR source IN ('csv_import', 'clay', 'instantly', 'smartlead', 'manual')),
    CONSTRAINT lead_lists_metadata_is_json CHECK (metadata IS NULL OR json_valid(metadata))
) STRICT;

CREATE INDEX idx_lead_lists_client ON lead_lists(client_id);
CREATE INDEX idx_lead_lists_status ON lead_lists(status);
CREATE INDEX idx_lead_lists_client_status ON lead_lists(client_id, status);

CREATE TABLE contacts (
    contact_id TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    company_name TEXT,
    job_title TEXT,
    linkedin_url TEXT,
    company_linkedin_url TEXT,
    company_website TEXT,
    company_size TEXT,
    company_industry TEXT,
    source TEXT,
    list_id TEXT REFERENCES lead_lists(list_id),
    enrichment_date TEXT,
    lead_status TEXT NOT NULL DEFAULT 'triage',
    pipeline_status TEXT NOT NULL DEFAULT 'open',
    campaign_status TEXT,
    lead_email_status TEXT,
    current_campaign_id TEXT,
    past_campaign_ids TEXT DEFAULT '[]',
    last_contact_date TEXT,
    last_reply_date TEXT,
    last_touch_date TEXT,
    reply_count INTEGER DEFAULT 0,
    emails_sent_count INTEGER DEFAULT 0,
    follow_up_date TEXT,
    follow_up_reason TEXT,
    has_engaged INTEGER DEFAULT 0,
    airtable_lead_id TEXT,
    promoted_at TEXT,
    converted_to_client INTEGER DEFAULT 0,
    converted_client_id TEXT,
    ai_context_summary TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    -- Where the fold starts, and where it stands (the domain's contact as JSON).
    baseline TEXT NOT NULL DEFAULT '{}',
    fold TEXT NOT NULL DEFAULT '{}',
    first_reply_date TEXT,
    -- The stage at the engine's last write to the lead: a person's work on the status is not overwritten until it moves.
    lead_stage_written TEXT,
    -- Rule 1: one person once per client.
    CONSTRAINT contacts_email_once_per_client UNIQUE (client_id, email),
    -- Rule 2: both are required.
    CONSTRAINT contacts_email_is_folded CHECK (email = lower(email) AND email <> ''),
    CONSTRAINT contacts_client_is_named CHECK (client_id <> ''),
    CONSTRAINT contacts_source_option CHECK (source IS NULL OR source IN ('clay', 'apollo', 'sales_nav', 'zoominfo', 'google_maps', 'manual', 'import')),
    CONSTRAINT contacts_lead_status_option CHECK (lead_status IN ('triage', 'active', 'interested', 'not_interested', 'out_of_office', 'ghosted', 'no_show', 'do_not_contact', 'won', 'declined')),
    CONSTRAINT contacts_pipeline_status_option CHECK (pipeline_status IN ('open', 'follow_up', 'meeting_booked', 'closed')),
    CONSTRAINT contacts_campaign_status_option CHECK (campaign_status IS NULL OR campaign_status IN ('active', 'paused', 'completed')),
    CONSTRAINT contacts_lead_email_status_option CHECK (lead_email_status IS NULL OR lead_email_status IN ('replied', 'no_reply', 'bounced', 'unsubscribed')),
    CONSTRAINT contacts_follow_up_reason_option CHECK (follow_up_reason IS NULL OR follow_up_reason IN ('ghosted_follow_up', 'out_of_office_return', 'lead_requested', 'not_interested_re_engagement', 'meeting_no_show', 'custom')),
    -- The state matrix: no other combination of the four columns may be stored.
    CONSTRAINT contacts_state_matrix CHECK (
        (lead_status = 'triage' AND pipeline_status = 'open' AND campaign_status IS NULL AND lead_email_status IS NULL)
            OR (lead_status = 'active' AND pipeline_status = 'open' AND campaign_status IS 'active' AND lead_email_status IS NULL)
            OR (lead_status = 'active' AND pipeline_status = 'open' AND campaign_status IS 'paused' AND lead_email_status IS NULL)
            OR (lead_status = 'active' AND pipeline_status = 'open' AND campaign_status IS 'completed' AND lead_email_status IS 'no_reply')
            OR (lead_status = 'active' AND pipeline_status = 'open' AND campaign_status IS 'completed' AND lead_email_status IS 'bounced')
            OR (lead_status = 'out_of_office' AND pipeline_status = 'follow_up' AND campaign_status IS 'paused' AND lead_email_status IS 'replied')
            OR (lead_status = 'interested' AND pipeline_status = 'follow_up' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'interested' AND pipeline_status = 'meeting_booked' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'not_interested' AND pipeline_status = 'closed' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'ghosted' AND pipeline_status = 'follow_up' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'no_show' AND pipeline_status = 'follow_up' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'do_not_contact' AND pipeline_status = 'closed' AND campaign_status IS 'completed' AND lead_email_status IS 'unsubscribed')
            OR (lead_status = 'won' AND pipeline_status = 'closed' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
            OR (lead_status = 'declined' AND pipeline_status = 'closed' AND campaign_status IS 'completed' AND lead_email_status IS 'replied')
    ),
    CONSTRAINT contacts_past_campaigns_is_a_list CHECK (past_campaign_ids IS NULL OR json_type(past_campaign_ids) = 'array'),
    CONSTRAINT contacts_baseline_is_json CHECK (json_valid(baseline)),
    CONSTRAINT contacts_fold_is_json CHECK (json_valid(fold)),
    CONSTRAINT contacts_has_engaged_is_boolean CHECK (has_engaged IN (0, 1)),
    CONSTRAINT contacts_converted_is_boolean CHECK (converted_to_client IN (0, 1)),
    CONSTRAINT contacts_counts_are_counts CHECK (reply_count >= 0 AND emails_sent_count >= 0)
) STRICT;

CREATE INDEX idx_contacts_client ON contacts(client_id);
CREATE INDEX idx_contacts_email ON contacts(email);
CREATE INDEX idx_contacts_status ON contacts(lead_status);
CREATE INDEX idx_contacts_pipeline ON contacts(pipeline_status);
CREATE INDEX idx_contacts_campaign_status ON contacts(campaign_status);
CREATE INDEX idx_contacts_email_status ON contacts(lead_email_status);
CREATE INDEX idx_contacts_follow_up ON contacts(follow_up_date);
CREATE INDEX idx_contacts_last_reply ON contacts(last_reply_date);
CREATE INDEX idx_contacts_current_campaign ON contacts(current_campaign_id);
CREATE INDEX idx_contacts_engaged ON contacts(has_engaged);
CREATE INDEX idx_contacts_source ON contacts(source);
CREATE INDEX idx_contacts_list_id ON contacts(list_id);
CREATE INDEX idx_contacts_client_list ON contacts(client_id, list_id);

-- Rule 3: whoever opted out stays opted out, whoever writes.
CREATE TRIGGER contacts_do_not_contact_is_never_left
BEFORE UPDATE OF lead_status, pipeline_status, campaign_status, lead_email_status ON contacts
WHEN OLD.lead_status = 'do_not_contact' AND NEW.lead_status <> 'do_not_contact'
BEGIN
    SELECT RAISE(ABORT, 'do_not_contact is never left (rule 3)');
END;

-- Rule 5: becoming a client requires a won deal.
CREATE TRIGGER contacts_conversion_requires_won
BEFORE UPDATE OF converted_to_client ON contacts
WHEN NEW.converted_to_client = 1 AND OLD.converted_to_client = 0 AND NEW.fold = OLD.fold AND NEW.lead_status <> 'won'
BEGIN
    SELECT RAISE(ABORT, 'a contact is converted to a client only when it is won (rule 5)');
END;

CREATE TABLE chat_history (
    chat_id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    lead_id TEXT,
    client_id TEXT,
    campaign_id TEXT,
    platform TEXT NOT NULL,
    contact_identifier TEXT,
    contact_name TEXT,
    account_identifier TEXT,
    subject TEXT,
    message_content TEXT NOT NULL,
    message_type TEXT,
    message_status TEXT,
    sequence_step INTEGER,
    external_message_id TEXT,
    thread_id TEXT,
    ai_sentiment TEXT,
    ai_intent TEXT,
    is_auto_reply INTEGER DEFAULT 0,
    requires_action INTEGER DEFAULT 0,
    action_taken TEXT,
    is_vectorized INTEGER DEFAULT 0,
    vector_id TEXT,
    message_timestamp TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    contact_id TEXT NOT NULL REFERENCES contacts(contact_id),
    -- The identity of the event that the row comes from.
    message_key TEXT NOT NULL,
    CONSTRAINT chat_history_message_once_per_contact UNIQUE (contact_id, message_key),
    CONSTRAINT chat_history_platform_option CHECK (platform IN ('gmail', 'smartlead', 'instantly', 'slack', 'whatsapp', 'sms', 'phone_call', 'zoom', 'n8n_chat', 'cal_com', 'calendly')),
    CONSTRAINT chat_history_message_type_option CHECK (message_type IS NULL OR message_type IN ('campaign', 'reply', 'manual', 'meeting', 'follow_up')),
    CONSTRAINT chat_history_message_status_option CHECK (message_status IS NULL OR message_status IN ('sent', 'received', 'bounced', 'failed')),
    CONSTRAINT chat_history_ai_sentiment_option CHECK (ai_sentiment IS NULL OR ai_sentiment IN ('positive', 'neutral', 'negative', 'interested', 'not_interested')),
    CONSTRAINT chat_history_ai_intent_option CHECK (ai_intent IS NULL OR ai_intent IN ('interested_ready_to_talk', 'interested_wants_info', 'pricing_question', 'question_about_product', 'objection_price', 'objection_timing', 'objection_has_solution', 'not_interested', 'not_interested_timing', 'out_of_office', 'unsubscribe', 'other')),
    CONSTRAINT chat_history_is_auto_reply_is_boolean CHECK (is_auto_reply IN (0, 1)),
    CONSTRAINT chat_history_requires_action_is_boolean CHECK (requires_action IN (0, 1)),
    CONSTRAINT chat_history_is_vectorized_is_boolean CHECK (is_vectorized IN (0, 1))
) STRICT;

CREATE INDEX idx_chat_session ON chat_history(session_id);
CREATE INDEX idx_chat_lead ON chat_history(lead_id);
CREATE INDEX idx_chat_client ON chat_history(client_id);
CREATE INDEX idx_chat_campaign ON chat_history(campaign_id);
CREATE INDEX idx_chat_timestamp ON chat_history(message_timestamp DESC);
CREATE INDEX idx_chat_thread ON chat_history(thread_id);
CREATE INDEX idx_chat_platform ON chat_history(platform);
CREATE INDEX idx_chat_status ON chat_history(message_status);
CREATE INDEX idx_chat_lead_timestamp ON chat_history(lead_id, message_timestamp DESC);

CREATE TABLE automation_logs (
    log_id TEXT PRIMARY KEY NOT NULL,
    automation_type TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    lead_id TEXT,
    client_id TEXT,
    campaign_id TEXT,
    action_taken TEXT NOT NULL,
    action_details TEXT,
    status TEXT NOT NULL,
    error_message TEXT,
    timestamp TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    processing_time INTEGER,
    ai_model_used TEXT,
    tokens_used INTEGER,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    contact_id TEXT REFERENCES contacts(contact_id),
    -- Whose outreach it is; client_id above is the converted client of the owner's document.
    tenant TEXT NOT NULL,
    CONSTRAINT automation_logs_type_option CHECK (automation_type IN ('Email Reply', 'Follow-up Email', 'Status Update', 'Campaign Removal', 'Analytics Update', 'Vectorization', 'Transcription', 'Lead Scoring', 'Task Creation', 'Other')),
    CONSTRAINT automation_logs_trigger_option CHECK (trigger_type IN ('Webhook', 'Daily Cron', 'Hourly Cron', 'Manual', 'API Call', 'Condition Met', 'Other')),
    CONSTRAINT automation_logs_status_option CHECK (status IN ('Success', 'Failed', 'Pending'))
) STRICT;

CREATE INDEX idx_automation_logs_contact ON automation_logs(contact_id, timestamp);
CREATE INDEX idx_automation_logs_tenant ON automation_logs(tenant, timestamp);

-- One row a proven HTTP request: what was received, without secrets, and what became of it.
CREATE TABLE deliveries (
    delivery_id TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    events_count INTEGER NOT NULL,
    CONSTRAINT deliveries_outcome_option CHECK (outcome IN ('applied', 'duplicate', 'ignored', 'unrecognised', 'dead'))
) STRICT;

CREATE INDEX idx_deliveries_outcome ON deliveries(outcome, received_at);
CREATE INDEX idx_deliveries_client ON deliveries(client_id, received_at);
CREATE INDEX idx_deliveries_received ON deliveries(received_at);

-- One row a normalised fact; `seen` holds what each source said of it, the rest what it did.
CREATE TABLE events (
    event_id TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts(contact_id),
    dedupe_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    delivery_id TEXT,
    seen TEXT NOT NULL,
    stage_before TEXT NOT NULL,
    stage_after TEXT NOT NULL,
    refused INTEGER NOT NULL,
    rule TEXT NOT NULL,
    -- The same fact counts once, however often and by whomever it is told.
    CONSTRAINT events_once_per_client UNIQUE (client_id, dedupe_key),
    CONSTRAINT events_seen_is_json CHECK (json_valid(seen)),
    CONSTRAINT events_refused_is_boolean CHECK (refused IN (0, 1))
) STRICT;

CREATE INDEX idx_events_contact ON events(contact_id, occurred_at);
CREATE INDEX idx_events_received ON events(received_at);

-- Durable follow-on work. One row a key; `wanted` counts the wishes, so that one that comes while the task runs is not lost.
CREATE TABLE tasks (
    task_id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    task_key TEXT NOT NULL,
    contact_id TEXT REFERENCES contacts(contact_id),
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL,
    lease TEXT,
    lease_until TEXT,
    last_error TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT tasks_once_per_key UNIQUE (task_key),
    CONSTRAINT tasks_status_option CHECK (status IN ('pending', 'running', 'done', 'dead')),
    CONSTRAINT tasks_payload_is_json CHECK (json_valid(payload)),
    CONSTRAINT tasks_running_has_a_lease CHECK (status <> 'running' OR (lease IS NOT NULL AND lease_until IS NOT NULL))
) STRICT;

CREATE INDEX idx_tasks_claim ON tasks(status, kind, priority, due_at);

CREATE TABLE cursors (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Who must not be contacted, as keyed hashes: it survives erasure and shows no address.
CREATE TABLE suppressions (
    suppression_id TEXT PRIMARY KEY NOT NULL,
    scope TEXT NOT NULL,
    client_id TEXT,
    campaign_id TEXT,
    kind TEXT NOT NULL,
    value_hmac TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT suppressions_once UNIQUE (scope, client_id, campaign_id, kind, value_hmac),
    CONSTRAINT suppressions_scope_option CHECK (scope IN ('campaign', 'client', 'agency')),
    CONSTRAINT suppressions_kind_option CHECK (kind IN ('address', 'domain'))
) STRICT;

CREATE INDEX idx_suppressions_value ON suppressions(value_hmac);
