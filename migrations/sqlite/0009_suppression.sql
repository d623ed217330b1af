-- Suppression: the key a hash was made under and a closed list of reasons. And the receipts of erasures.

CREATE TABLE suppressions_checked (
    suppression_id TEXT PRIMARY KEY NOT NULL,
    scope TEXT NOT NULL,
    client_id TEXT,
    campaign_id TEXT,
    kind TEXT NOT NULL,
    value_hmac TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    key_id TEXT NOT NULL DEFAULT '',
    CONSTRAINT suppressions_scope_option CHECK (scope IN ('campaign', 'client', 'agency')),
    CONSTRAINT suppressions_kind_option CHECK (kind IN ('address', 'domain')),
    CONSTRAINT suppressions_reason_option CHECK (reason IN ('erased', 'complaint', 'opt_out', 'bounce', 'client', 'operator')),
    -- A scope names what it needs and no more: of the agency's rows nobody can tell which client they come from.
    CONSTRAINT suppressions_scope_names_its_own CHECK (
        (scope = 'agency' AND client_id IS NULL AND campaign_id IS NULL)
            OR (scope = 'client' AND client_id IS NOT NULL AND campaign_id IS NULL)
            OR (scope = 'campaign' AND client_id IS NOT NULL AND campaign_id IS NOT NULL))
) STRICT;

INSERT INTO suppressions_checked (suppression_id, scope, client_id, campaign_id, kind, value_hmac, reason, created_at)
SELECT suppression_id, scope, client_id, campaign_id, kind, value_hmac,
       CASE WHEN reason IN ('erased', 'complaint', 'opt_out', 'bounce', 'client', 'operator') THEN reason ELSE 'operator' END,
       created_at
FROM suppressions;

DROP TABLE suppressions;
ALTER TABLE suppressions_checked RENAME TO suppressions;

CREATE UNIQUE INDEX suppressions_once_each
    ON suppressions(scope, coalesce(client_id, ''), coalesce(campaign_id, ''), kind, value_hmac);
CREATE INDEX idx_suppressions_value ON suppressions(value_hmac);

-- What was removed where, in numbers; the subject as a keyed hash, nothing else of the person.
CREATE TABLE erasures (
    receipt_id TEXT PRIMARY KEY NOT NULL,
    -- None where the person was erased for every client.
    client_id TEXT,
    subject_hmac TEXT NOT NULL,
    key_id TEXT NOT NULL,
    requested_at TEXT NOT NULL,
    keeps_suppression INTEGER NOT NULL,
    -- Rows by place.
    removed TEXT NOT NULL,
    -- Parts that are done after the transaction, each with its state.
    parts TEXT NOT NULL,
    completed_at TEXT,
    CONSTRAINT erasures_keeps_suppression_is_boolean CHECK (keeps_suppression IN (0, 1)),
    CONSTRAINT erasures_removed_is_json CHECK (json_valid(removed)),
    CONSTRAINT erasures_parts_is_json CHECK (json_valid(parts))
) STRICT;

CREATE INDEX idx_erasures_subject ON erasures(subject_hmac);
CREATE INDEX idx_erasures_open ON erasures(requested_at) WHERE completed_at IS NULL;
