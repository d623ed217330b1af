-- What the console shows at a glance, counted while it is written, so that no page reads ten million rows to count them.

-- One row a number: what is counted (scope), the start of its span of time in seconds (0 where it is about all time), whose, its name.
CREATE TABLE counters (
    scope VARCHAR NOT NULL,
    period BIGINT NOT NULL,
    client_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT counters_once PRIMARY KEY (scope, period, client_id, name)
);

-- What was counted since the last fold. Writers only ever add rows here, so that none of them waits for another; a task folds them
-- into the counters every few seconds. It has no index because all of it is read or taken each time.
CREATE TABLE counter_deltas (
    scope VARCHAR NOT NULL,
    period BIGINT NOT NULL,
    client_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    count BIGINT NOT NULL
);

-- The contacts of each combination of the four columns, whoever writes them. It runs as its owner, because another writer of
-- contacts need not have a right to the counters, and in its own schema, whatever the writer's search_path says.
DO $outer$
BEGIN
    EXECUTE format($create$
CREATE FUNCTION sales_engine_count_stages() RETURNS TRIGGER AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO counter_deltas (scope, period, client_id, name, count)
        SELECT 'stage', 0, coalesce(c.client_id, ''),
            coalesce(c.lead_status, '') || '/' || coalesce(c.pipeline_status, '') || '/' || coalesce(c.campaign_status, '') || '/'
                || coalesce(c.lead_email_status, ''),
            count(*)
        FROM rows_after AS c GROUP BY 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO counter_deltas (scope, period, client_id, name, count)
        SELECT 'stage', 0, coalesce(c.client_id, ''),
            coalesce(c.lead_status, '') || '/' || coalesce(c.pipeline_status, '') || '/' || coalesce(c.campaign_status, '') || '/'
                || coalesce(c.lead_email_status, ''),
            -count(*)
        FROM rows_before AS c GROUP BY 3, 4;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO counter_deltas (scope, period, client_id, name, count)
        SELECT 'stage', 0, m.client_id, m.name, sum(m.one)
        FROM (
            SELECT coalesce(c.client_id, '') AS client_id,
                coalesce(c.lead_status, '') || '/' || coalesce(c.pipeline_status, '') || '/' || coalesce(c.campaign_status, '')
                    || '/' || coalesce(c.lead_email_status, '') AS name,
                1 AS one
            FROM rows_after AS c
            UNION ALL
            SELECT coalesce(c.client_id, ''),
                coalesce(c.lead_status, '') || '/' || coalesce(c.pipeline_status, '') || '/' || coalesce(c.campaign_status, '')
                    || '/' || coalesce(c.lead_email_status, ''),
                -1
            FROM rows_before AS c
        ) AS m
        GROUP BY 3, 4 HAVING sum(m.one) <> 0;
    ELSE
        DELETE FROM counters WHERE scope = 'stage';
        DELETE FROM counter_deltas WHERE scope = 'stage';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp
    $create$, current_schema());
END
$outer$;

REVOKE ALL ON FUNCTION sales_engine_count_stages() FROM PUBLIC;

CREATE TRIGGER contacts_count_inserted AFTER INSERT ON contacts
REFERENCING NEW TABLE AS rows_after
FOR EACH STATEMENT EXECUTE FUNCTION sales_engine_count_stages();

CREATE TRIGGER contacts_count_updated AFTER UPDATE ON contacts
REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after
FOR EACH STATEMENT EXECUTE FUNCTION sales_engine_count_stages();

CREATE TRIGGER contacts_count_deleted AFTER DELETE ON contacts
REFERENCING OLD TABLE AS rows_before
FOR EACH STATEMENT EXECUTE FUNCTION sales_engine_count_stages();

CREATE TRIGGER contacts_count_truncated AFTER TRUNCATE ON contacts
FOR EACH STATEMENT EXECUTE FUNCTION sales_engine_count_stages();

-- What is there already. The triggers hold off other writers until this commits, so nothing is counted twice or missed.
INSERT INTO counters (scope, period, client_id, name, count)
SELECT 'stage', 0, coalesce(c.client_id, ''),
    coalesce(c.lead_status, '') || '/' || coalesce(c.pipeline_status, '') || '/' || coalesce(c.campaign_status, '') || '/'
        || coalesce(c.lead_email_status, ''),
    count(*)
FROM contacts AS c GROUP BY 3, 4;

INSERT INTO counters (scope, period, client_id, name, count)
SELECT 'campaign', 0, c.client_id,
    CASE WHEN h.message_status = 'bounced' THEN 'bounced' WHEN h.message_status = 'sent' THEN 'sent'
         WHEN h.is_auto_reply THEN 'automatic' ELSE 'replies' END || '/' || h.campaign_id,
    count(*)
FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id
WHERE h.campaign_id IS NOT NULL 
  -- An answer of ours in a conversation is none of the campaign's mails.
  AND (h.message_type = 'campaign' AND h.message_status IN ('sent', 'bounced') OR h.message_type = 'reply' AND h.message_status = 'received')
GROUP BY 3, 4;

-- Open tasks by destination, the oldest first. Done ones are in no index: there will be millions of them.
CREATE INDEX idx_tasks_open ON tasks(status, kind, due_at, task_id) WHERE status <> 'done';
