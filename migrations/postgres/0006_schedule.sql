-- What the scheduler looks for, found by index: it reads what is due and not the table.

-- The newest follow-up date of which it was told that it has come.
ALTER TABLE contacts ADD COLUMN follow_up_told DATE;

CREATE INDEX idx_contacts_due ON contacts(client_id, follow_up_date, contact_id)
    WHERE follow_up_date IS NOT NULL AND follow_up_told IS DISTINCT FROM follow_up_date AND lead_status <> 'out_of_office'
        AND (follow_up_reason IS NOT NULL OR pipeline_status <> 'meeting_booked');

CREATE INDEX idx_contacts_absent ON contacts(client_id, follow_up_date, contact_id) WHERE lead_status = 'out_of_office';

-- By id and not by the time of the last mail: that time changes with every mail, and the index would with it.
CREATE INDEX idx_contacts_in_sequence ON contacts(client_id, contact_id)
    WHERE lead_status = 'active' AND campaign_status = 'active';

CREATE INDEX idx_contacts_interested ON contacts(client_id, contact_id)
    WHERE lead_status = 'interested' AND pipeline_status = 'follow_up';

CREATE INDEX idx_contacts_list_in_campaign ON contacts(client_id, list_id) WHERE current_campaign_id IS NOT NULL;

-- Tasks that are done, by when they were.
CREATE INDEX idx_tasks_done ON tasks(due_at) WHERE status = 'done';
