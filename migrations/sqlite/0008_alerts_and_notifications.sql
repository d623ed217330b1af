-- What an operator must look at, and what is told to other systems.

-- One row a client, kind and key. A kind that this version does not know was raised by a newer one.
CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY NOT NULL,
    -- `-` where it is about all clients.
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What it is about, among those of its kind.
    key TEXT NOT NULL,
    contact_id TEXT REFERENCES contacts(contact_id) ON DELETE CASCADE,
    -- The task whose next success resolves it.
    task_key TEXT,
    text TEXT NOT NULL,
    what_to_do TEXT NOT NULL,
    status TEXT NOT NULL,
    times INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    acknowledged_at TEXT,
    resolved_at TEXT,
    -- Whether those who want to hear of it were told since it was opened.
    is_told INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT alerts_once_per_key UNIQUE (client_id, kind, key),
    CONSTRAINT alerts_status_option CHECK (status IN ('open', 'acknowledged', 'resolved')),
    CONSTRAINT alerts_times_positive CHECK (times > 0),
    CONSTRAINT alerts_told_flag CHECK (is_told IN (0, 1))
) STRICT;

CREATE INDEX idx_alerts_newest ON alerts(status, last_at DESC);
CREATE INDEX idx_alerts_client ON alerts(client_id, last_at DESC);
CREATE INDEX idx_alerts_contact ON alerts(contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_alerts_task ON alerts(task_key) WHERE task_key IS NOT NULL AND status <> 'resolved';
CREATE INDEX idx_alerts_untold ON alerts(first_at) WHERE is_told = 0 AND status = 'open';

-- The outbox: one row a target and thing to be told. Rows of one lane (a contact's at a target) go strictly in the order of `seq`.
CREATE TABLE notifications (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The receiver sees it as webhook-id, the same on each try.
    notification_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- The target's name in the configuration.
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    contact_id TEXT REFERENCES contacts(contact_id) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    -- Sent as it is: the signature is of these bytes.
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL,
    lease TEXT,
    lease_until TEXT,
    first_tried_at TEXT,
    last_error TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT notifications_id_once UNIQUE (notification_id),
    CONSTRAINT notifications_status_option CHECK (status IN ('pending', 'running', 'delivered', 'dead')),
    CONSTRAINT notifications_running_has_a_lease CHECK (status <> 'running' OR (lease IS NOT NULL AND lease_until IS NOT NULL))
) STRICT;

CREATE INDEX idx_notifications_due ON notifications(target, due_at, seq) WHERE status IN ('pending', 'running');
CREATE INDEX idx_notifications_lane ON notifications(lane, seq) WHERE status IN ('pending', 'running');
CREATE INDEX idx_notifications_contact ON notifications(contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_notifications_status ON notifications(status, updated_at);

-- What is known of a target beside its configuration, for all instances.
CREATE TABLE notification_targets (
    target TEXT PRIMARY KEY NOT NULL,
    -- Nothing is sent before this time: it asked for it, or is overloaded.
    paused_until TEXT,
    -- It said that it wants no more (410); a new address or an operator switches it on again.
    disabled_at TEXT,
    -- Of the address that said so.
    disabled_url_sha256 TEXT,
    CONSTRAINT notification_targets_disabled_has_an_address CHECK ((disabled_at IS NULL) = (disabled_url_sha256 IS NULL))
) STRICT;
