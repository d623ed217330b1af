-- Whose payload it is, where n8n only forwarded it: without it the body could not be read again.
ALTER TABLE deliveries ADD COLUMN read_as TEXT;

-- What became of it before it was read again, oldest first: outcome, reason, and until when.
ALTER TABLE deliveries ADD COLUMN earlier TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT deliveries_earlier_is_a_list CHECK (json_valid(earlier) AND json_type(earlier) = 'array');

-- Pages of contacts, in the order of their ids: of a client, of one of its stages, of a list.
CREATE INDEX idx_contacts_page ON contacts(client_id, contact_id);
CREATE INDEX idx_contacts_stage_page
    ON contacts(client_id, lead_status, pipeline_status, campaign_status, lead_email_status, contact_id);
CREATE INDEX idx_contacts_list_page ON contacts(list_id, contact_id);

-- Pages of tasks. Done ones are left out: there will be millions of them.
CREATE INDEX idx_tasks_page ON tasks(status, task_id) WHERE status <> 'done';
CREATE INDEX idx_tasks_client_page ON tasks(client_id, status, task_id) WHERE status <> 'done';
