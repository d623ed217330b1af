-- Other writers: people with a database tool, imports. The engine's own writes are told by the fold, which only it writes.
-- A change of the columns below is kept for the engine, which takes it as the new baseline from that time on.
ALTER TABLE contacts ADD COLUMN changed_outside TEXT
    CONSTRAINT contacts_changed_outside_is_json CHECK (changed_outside IS NULL OR json_valid(changed_outside));

CREATE INDEX idx_contacts_changed_outside ON contacts(contact_id) WHERE changed_outside IS NOT NULL;

DROP TRIGGER contacts_do_not_contact_is_never_left;
DROP TRIGGER contacts_conversion_requires_won;

-- Rule 3: whoever opted out stays opted out.
CREATE TRIGGER contacts_do_not_contact_is_never_left
BEFORE UPDATE OF lead_status, pipeline_status, campaign_status, lead_email_status ON contacts
WHEN NEW.fold IS OLD.fold AND OLD.lead_status = 'do_not_contact' AND NEW.lead_status <> 'do_not_contact'
BEGIN
    SELECT RAISE(ABORT, 'do_not_contact is never left (rule 3)');
END;

-- Rule 5: becoming a client requires a won deal.
CREATE TRIGGER contacts_conversion_requires_won
BEFORE UPDATE OF converted_to_client ON contacts
WHEN NEW.fold IS OLD.fold AND NEW.converted_to_client = 1 AND OLD.converted_to_client IS NOT 1 AND NEW.lead_status <> 'won'
BEGIN
    SELECT RAISE(ABORT, 'a contact is converted to a client only when it is won (rule 5)');
END;

CREATE TRIGGER contacts_conversion_requires_won_at_first
BEFORE INSERT ON contacts
WHEN NEW.fold = '{}' AND NEW.converted_to_client = 1 AND NEW.lead_status <> 'won'
BEGIN
    SELECT RAISE(ABORT, 'a contact is converted to a client only when it is won (rule 5)');
END;

-- Rule 6, with the day that it is in the last time zone on earth (UTC-12).
CREATE TRIGGER contacts_follow_up_is_not_past
BEFORE UPDATE OF follow_up_date ON contacts
WHEN NEW.fold IS OLD.fold AND NEW.follow_up_date IS NOT OLD.follow_up_date
    AND NEW.follow_up_date < date('now', '-12 hours')
BEGIN
    SELECT RAISE(ABORT, 'a follow-up date can not be in the past (rule 6)');
END;

CREATE TRIGGER contacts_follow_up_is_not_past_at_first
BEFORE INSERT ON contacts
WHEN NEW.fold = '{}' AND NEW.follow_up_date < date('now', '-12 hours')
BEGIN
    SELECT RAISE(ABORT, 'a follow-up date can not be in the past (rule 6)');
END;

CREATE TRIGGER contacts_changed_outside
AFTER UPDATE OF lead_status, pipeline_status, campaign_status, lead_email_status, follow_up_date, follow_up_reason, source,
    list_id, converted_to_client, converted_client_id, has_engaged, first_name, last_name, phone, company_name, job_title, linkedin_url,
    company_linkedin_url, company_website, company_size, company_industry ON contacts
WHEN NEW.fold IS OLD.fold AND OLD.fold <> '{}' AND (
    -- The engine itself marks a contact as engaged when its lead is written.
    (NEW.has_engaged IS NOT OLD.has_engaged AND NEW.airtable_lead_id IS OLD.airtable_lead_id) OR
        (NEW.lead_status, NEW.pipeline_status, NEW.campaign_status, NEW.lead_email_status, NEW.follow_up_date,
         NEW.follow_up_reason, NEW.source, NEW.list_id, NEW.converted_to_client, NEW.converted_client_id,
         NEW.first_name, NEW.last_name, NEW.phone, NEW.company_name, NEW.job_title, NEW.linkedin_url,
         NEW.company_linkedin_url, NEW.company_website, NEW.company_size, NEW.company_industry) IS NOT
        (OLD.lead_status, OLD.pipeline_status, OLD.campaign_status, OLD.lead_email_status, OLD.follow_up_date,
         OLD.follow_up_reason, OLD.source, OLD.list_id, OLD.converted_to_client, OLD.converted_client_id,
         OLD.first_name, OLD.last_name, OLD.phone, OLD.company_name, OLD.job_title, OLD.linkedin_url,
         OLD.company_linkedin_url, OLD.company_website, OLD.company_size, OLD.company_industry))
BEGIN
    UPDATE contacts SET changed_outside = json_insert(
        coalesce(changed_outside, '[]'), '$[#]',
        (SELECT json_group_object(change.name, change.value) FROM (
            SELECT 'at' AS name, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS value
            UNION ALL SELECT 'lead_status', NEW.lead_status WHERE (NEW.lead_status, NEW.pipeline_status, NEW.campaign_status, NEW.lead_email_status) IS NOT (OLD.lead_status, OLD.pipeline_status, OLD.campaign_status, OLD.lead_email_status)
            UNION ALL SELECT 'pipeline_status', NEW.pipeline_status
            UNION ALL SELECT 'campaign_status', NEW.campaign_status
            UNION ALL SELECT 'lead_email_status', NEW.lead_email_status
            UNION ALL SELECT 'follow_up_date', NEW.follow_up_date WHERE NEW.follow_up_date IS NOT OLD.follow_up_date
            UNION ALL SELECT 'follow_up_reason', NEW.follow_up_reason WHERE NEW.follow_up_reason IS NOT OLD.follow_up_reason
            UNION ALL SELECT 'source', NEW.source WHERE NEW.source IS NOT OLD.source
            UNION ALL SELECT 'list_id', NEW.list_id WHERE NEW.list_id IS NOT OLD.list_id
            UNION ALL SELECT 'converted_to_client', NEW.converted_to_client WHERE NEW.converted_to_client IS NOT OLD.converted_to_client
            UNION ALL SELECT 'converted_client_id', NEW.converted_client_id WHERE NEW.converted_client_id IS NOT OLD.converted_client_id
            UNION ALL SELECT 'has_engaged', NEW.has_engaged WHERE NEW.has_engaged IS NOT OLD.has_engaged
            UNION ALL SELECT 'first_name', NEW.first_name WHERE NEW.first_name IS NOT OLD.first_name
            UNION ALL SELECT 'last_name', NEW.last_name WHERE NEW.last_name IS NOT OLD.last_name
            UNION ALL SELECT 'phone', NEW.phone WHERE NEW.phone IS NOT OLD.phone
            UNION ALL SELECT 'company_name', NEW.company_name WHERE NEW.company_name IS NOT OLD.company_name
            UNION ALL SELECT 'job_title', NEW.job_title WHERE NEW.job_title IS NOT OLD.job_title
            UNION ALL SELECT 'linkedin_url', NEW.linkedin_url WHERE NEW.linkedin_url IS NOT OLD.linkedin_url
            UNION ALL SELECT 'company_linkedin_url', NEW.company_linkedin_url WHERE NEW.company_linkedin_url IS NOT OLD.company_linkedin_url
            UNION ALL SELECT 'company_website', NEW.company_website WHERE NEW.company_website IS NOT OLD.company_website
            UNION ALL SELECT 'company_size', NEW.company_size WHERE NEW.company_size IS NOT OLD.company_size
            UNION ALL SELECT 'company_industry', NEW.company_industry WHERE NEW.company_industry IS NOT OLD.company_industry
        ) AS change))
    WHERE contact_id = NEW.contact_id;
END;

-- The constraint of the table does not hold where a column is null: nulls differ from each other.
CREATE UNIQUE INDEX suppressions_once_each
    ON suppressions(scope, coalesce(client_id, ''), coalesce(campaign_id, ''), kind, value_hmac);
