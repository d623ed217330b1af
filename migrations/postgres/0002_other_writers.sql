-- Other writers: people in an editor, n8n nodes, older systems. The engine's own connections say who they are by the setting
-- sales_engine.writer, so its writes pass untouched. A change of the columns below is kept for the engine, which takes it as the
-- new baseline from that time on.

CREATE FUNCTION sales_engine_guard_contact() RETURNS TRIGGER AS $$
DECLARE
    -- The day that it is in the last time zone on earth (UTC-12).
    today DATE := (clock_timestamp() AT TIME ZONE 'UTC' - INTERVAL '12 hours')::DATE;
    change JSONB;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.email := lower(btrim(NEW.email));
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.lead_status = 'do_not_contact' AND NEW.lead_status IS DISTINCT FROM 'do_not_contact' THEN
        RAISE EXCEPTION 'do_not_contact is never left (rule 3)'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_do_not_contact_is_never_left',
                  HINT = 'whoever opted out stays opted out; nothing can change this status';
    END IF;
    IF NEW.converted_to_client AND NEW.lead_status IS DISTINCT FROM 'won'
        AND (TG_OP = 'INSERT' OR OLD.converted_to_client IS NOT TRUE) THEN
        RAISE EXCEPTION 'a contact is converted to a client only when it is won (rule 5)'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_conversion_requires_won';
    END IF;
    IF NEW.follow_up_date < today AND (TG_OP = 'INSERT' OR NEW.follow_up_date IS DISTINCT FROM OLD.follow_up_date) THEN
        RAISE EXCEPTION 'a follow-up date can not be in the past (rule 6)'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_follow_up_is_not_past';
    END IF;
    IF TG_OP = 'INSERT' OR OLD.fold = '{}' THEN
        RETURN NEW;
    END IF;
    SELECT jsonb_object_agg(now_is.key, now_is.value) INTO change
    FROM jsonb_each(to_jsonb(NEW)) AS now_is
    JOIN jsonb_each(to_jsonb(OLD)) AS was ON was.key = now_is.key AND was.value <> now_is.value
    WHERE now_is.key IN (
        'follow_up_date', 'follow_up_reason', 'source', 'list_id', 'converted_to_client', 'converted_client_id', 'has_engaged',
        'first_name', 'last_name', 'phone', 'company_name', 'job_title', 'linkedin_url', 'company_linkedin_url',
        'company_website', 'company_size', 'company_industry');
    IF (NEW.lead_status, NEW.pipeline_status, NEW.campaign_status, NEW.lead_email_status)
        IS DISTINCT FROM (OLD.lead_status, OLD.pipeline_status, OLD.campaign_status, OLD.lead_email_status) THEN
        change := coalesce(change, '{}') || jsonb_build_object(
            'lead_status', NEW.lead_status, 'pipeline_status', NEW.pipeline_status,
            'campaign_status', NEW.campaign_status, 'lead_email_status', NEW.lead_email_status);
    END IF;
    IF change IS NOT NULL THEN
        NEW.changed_outside := coalesce(OLD.changed_outside, '[]')
            || jsonb_build_array(change || jsonb_build_object('at', clock_timestamp()));
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

REVOKE ALL ON FUNCTION sales_engine_guard_contact() FROM PUBLIC;

CREATE TRIGGER contacts_guard_insert
BEFORE INSERT ON contacts
FOR EACH ROW WHEN (current_setting('sales_engine.writer', true) IS DISTINCT FROM 'engine')
EXECUTE FUNCTION sales_engine_guard_contact();

CREATE TRIGGER contacts_guard_update
BEFORE UPDATE ON contacts
FOR EACH ROW WHEN (current_setting('sales_engine.writer', true) IS DISTINCT FROM 'engine')
EXECUTE FUNCTION sales_engine_guard_contact();

-- A contact is written again with each of its events. Room in the page keeps the new version beside the old one, so that no index
-- is touched where no indexed column changes.
ALTER TABLE contacts SET (fillfactor = 70);

-- Bodies and texts are compressed by the quicker method where this server has it.
DO $$
BEGIN
    ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION lz4;
    ALTER TABLE events ALTER COLUMN seen SET COMPRESSION lz4;
    ALTER TABLE chat_history ALTER COLUMN message_content SET COMPRESSION lz4;
    ALTER TABLE contacts ALTER COLUMN fold SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;
