-- Suppression: the key a hash was made under and a closed list of reasons. And the receipts of erasures.

ALTER TABLE suppressions ADD COLUMN key_id VARCHAR NOT NULL DEFAULT '';
UPDATE suppressions SET reason = 'operator'
WHERE reason NOT IN ('erased', 'complaint', 'opt_out', 'bounce', 'client', 'operator');
ALTER TABLE suppressions
    ADD CONSTRAINT suppressions_reason_option CHECK (reason IN ('erased', 'complaint', 'opt_out', 'bounce', 'client', 'operator')),
    -- A scope names what it needs and no more: of the agency's rows nobody can tell which client they come from.
    ADD CONSTRAINT suppressions_scope_names_its_own CHECK (
        (scope = 'agency' AND client_id IS NULL AND campaign_id IS NULL)
            OR (scope = 'client' AND client_id IS NOT NULL AND campaign_id IS NULL)
            OR (scope = 'campaign' AND client_id IS NOT NULL AND campaign_id IS NOT NULL));

-- What was removed where, in numbers; the subject as a keyed hash, nothing else of the person.
CREATE TABLE erasures (
    receipt_id UUID PRIMARY KEY,
    -- None where the person was erased for every client.
    client_id VARCHAR,
    subject_hmac VARCHAR NOT NULL,
    key_id VARCHAR NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    keeps_suppression BOOLEAN NOT NULL,
    -- Rows by place.
    removed JSONB NOT NULL,
    -- Parts that are done after the transaction, each with its state.
    parts JSONB NOT NULL,
    completed_at TIMESTAMPTZ
);

CREATE INDEX idx_erasures_subject ON erasures(subject_hmac);
CREATE INDEX idx_erasures_open ON erasures(requested_at) WHERE completed_at IS NULL;
