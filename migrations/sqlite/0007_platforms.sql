-- What the work with Smartlead and Instantly needs: under which id a platform knows a contact. Webhooks mostly don't carry it.
CREATE TABLE platform_leads (
    client_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    platform TEXT NOT NULL,
    -- Empty where the platform has one lead an account, whatever campaigns it is in.
    campaign_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT platform_leads_once_per_campaign PRIMARY KEY (contact_id, platform, campaign_id),
    CONSTRAINT platform_leads_of_a_contact FOREIGN KEY (contact_id) REFERENCES contacts(contact_id) ON DELETE CASCADE,
    CONSTRAINT platform_leads_platform_option CHECK (platform IN ('smartlead', 'instantly'))
) STRICT;

-- What waited for this version says from now on which platform it is for; what is for none is over.
UPDATE tasks SET payload = json_set(payload, '$.platform',
    CASE WHEN payload ->> 'campaign_id' GLOB '*[^0-9]*' THEN 'instantly' ELSE 'smartlead' END)
WHERE kind = 'platform.sync_sequence';
UPDATE tasks SET status = 'done'
WHERE kind = 'platform.sync_sequence' AND status = 'pending'
  AND payload ->> 'campaign_id' GLOB '*[^0-9]*' AND payload ->> 'campaign_id' NOT GLOB '????????-????-????-????-????????????';
