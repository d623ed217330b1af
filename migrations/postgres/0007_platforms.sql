-- What the work with Smartlead and Instantly needs: under which id a platform knows a contact. Webhooks mostly don't carry it.
CREATE TABLE platform_leads (
    client_id VARCHAR NOT NULL,
    contact_id UUID NOT NULL,
    platform VARCHAR NOT NULL,
    -- Empty where the platform has one lead an account, whatever campaigns it is in.
    campaign_id VARCHAR NOT NULL,
    lead_id VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT platform_leads_once_per_campaign PRIMARY KEY (contact_id, platform, campaign_id),
    CONSTRAINT platform_leads_of_a_contact FOREIGN KEY (contact_id) REFERENCES contacts(contact_id) ON DELETE CASCADE,
    CONSTRAINT platform_leads_platform_option CHECK (platform IN ('smartlead', 'instantly'))
);

-- What waited for this version says from now on which platform it is for; what is for none is over.
UPDATE tasks SET payload = jsonb_set(payload, '{platform}',
    CASE WHEN payload ->> 'campaign_id' ~ '^[0-9]+$' THEN '"smartlead"'::JSONB ELSE '"instantly"'::JSONB END)
WHERE kind = 'platform.sync_sequence';
UPDATE tasks SET status = 'done'
WHERE kind = 'platform.sync_sequence' AND status = 'pending'
  AND payload ->> 'campaign_id' !~ '^[0-9]+$' AND payload ->> 'campaign_id' NOT LIKE '________-____-____-____-____________';
