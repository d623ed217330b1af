-- What the work with Airtable needs: what the engine last wrote to a lead, the way from a lead to its contact, and one budget of
-- requests a base for all instances.

-- Cells by the names of their fields; a cell that differs from it in Airtable was changed by a person and is left alone.
ALTER TABLE contacts ADD COLUMN lead_written JSONB;

CREATE INDEX idx_contacts_airtable_lead ON contacts(airtable_lead_id) WHERE airtable_lead_id IS NOT NULL;

-- One row a base: when the next request may be sent, and how many were sent this month.
CREATE TABLE budgets (
    name VARCHAR PRIMARY KEY,
    next_at_ms BIGINT NOT NULL,
    paused_until_ms BIGINT NOT NULL,
    month VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
