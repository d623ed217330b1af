-- What the work with Airtable needs: what the engine last wrote to a lead, the way from a lead to its contact, and one budget of
-- requests a base for all instances.

-- Cells by the names of their fields; a cell that differs from it in Airtable was changed by a person and is left alone.
ALTER TABLE contacts ADD COLUMN lead_written TEXT
    CONSTRAINT contacts_lead_written_is_json CHECK (lead_written IS NULL OR json_valid(lead_written));

CREATE INDEX idx_contacts_airtable_lead ON contacts(airtable_lead_id) WHERE airtable_lead_id IS NOT NULL;

-- One row a base: when the next request may be sent, and how many were sent this month.
CREATE TABLE budgets (
    name TEXT PRIMARY KEY NOT NULL,
    next_at_ms INTEGER NOT NULL,
    paused_until_ms INTEGER NOT NULL,
    month TEXT NOT NULL,
    calls INTEGER NOT NULL
) STRICT;
