-- What the console shows at a glance, counted while it is written, so that no page reads ten million rows to count them.

-- One row a number: what is counted (scope), the start of its span of time in seconds (0 where it is about all time), whose, its name.
CREATE TABLE counters (
    scope TEXT NOT NULL,
    period INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    CONSTRAINT counters_once PRIMARY KEY (scope, period, client_id, name)
) STRICT, WITHOUT ROWID;

-- The contacts of each combination of the four columns, whoever writes them.
CREATE TRIGGER contacts_count_inserted AFTER INSERT ON contacts
BEGIN
    INSERT INTO counters (scope, period, client_id, name, count)
    VALUES ('stage', 0, NEW.client_id,
        NEW.lead_status || '/' || NEW.pipeline_status || '/' || coalesce(NEW.campaign_status, '') || '/'
            || coalesce(NEW.lead_email_status, ''), 1)
    ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER contacts_count_deleted AFTER DELETE ON contacts
BEGIN
    INSERT INTO counters (scope, period, client_id, name, count)
    VALUES ('stage', 0, OLD.client_id,
        OLD.lead_status || '/' || OLD.pipeline_status || '/' || coalesce(OLD.campaign_status, '') || '/'
            || coalesce(OLD.lead_email_status, ''), -1)
    ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = count - 1;
END;

CREATE TRIGGER contacts_count_updated
AFTER UPDATE OF client_id, lead_status, pipeline_status, campaign_status, lead_email_status ON contacts
WHEN (NEW.client_id, NEW.lead_status, NEW.pipeline_status, NEW.campaign_status, NEW.lead_email_status) IS NOT
    (OLD.client_id, OLD.lead_status, OLD.pipeline_status, OLD.campaign_status, OLD.lead_email_status)
BEGIN
    INSERT INTO counters (scope, period, client_id, name, count)
    VALUES ('stage', 0, OLD.client_id,
        OLD.lead_status || '/' || OLD.pipeline_status || '/' || coalesce(OLD.campaign_status, '') || '/'
            || coalesce(OLD.lead_email_status, ''), -1)
    ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = count - 1;
    INSERT INTO counters (scope, period, client_id, name, count)
    VALUES ('stage', 0, NEW.client_id,
        NEW.lead_status || '/' || NEW.pipeline_status || '/' || coalesce(NEW.campaign_status, '') || '/'
            || coalesce(NEW.lead_email_status, ''), 1)
    ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = count + 1;
END;

-- What is there already.
INSERT INTO counters (scope, period, client_id, name, count)
SELECT 'stage', 0, c.client_id,
    c.lead_status || '/' || c.pipeline_status || '/' || coalesce(c.campaign_status, '') || '/' || coalesce(c.lead_email_status, ''),
    count(*)
FROM contacts AS c GROUP BY 3, 4;

INSERT INTO counters (scope, period, client_id, name, count)
SELECT 'campaign', 0, c.client_id,
    CASE WHEN h.message_status = 'bounced' THEN 'bounced' WHEN h.message_status = 'sent' THEN 'sent'
         WHEN h.is_auto_reply = 1 THEN 'automatic' ELSE 'replies' END || '/' || h.campaign_id,
    count(*)
FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id
WHERE h.campaign_id IS NOT NULL 
  -- An answer of ours in a conversation is none of the campaign's mails.
  AND (h.message_type = 'campaign' AND h.message_status IN ('sent', 'bounced') OR h.message_type = 'reply' AND h.message_status = 'received')
GROUP BY 3, 4;

-- Open tasks by destination, the oldest first. Done ones are in no index: there will be millions of them.
CREATE INDEX idx_tasks_open ON tasks(status, kind, due_at, task_id) WHERE status <> 'done';
