-- Mail of which nobody knew whom it concerns, by what could tell it later: the identities of the mails that it refers to, its
-- thread, its addresses as hashes. No content and no address of theirs; kept for fourteen days.
CREATE TABLE gmail_aside (
    client_id TEXT NOT NULL,
    -- Ours.
    mailbox TEXT NOT NULL,
    -- Gmail's id, under which it is fetched again.
    message_id TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Something that it could belong to has come.
    is_due INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    CONSTRAINT gmail_aside_once_per_key PRIMARY KEY (client_id, mailbox, message_id, key),
    CONSTRAINT gmail_aside_is_due_is_boolean CHECK (is_due IN (0, 1))
) STRICT;

CREATE INDEX idx_gmail_aside_key ON gmail_aside(client_id, key);
CREATE INDEX idx_gmail_aside_seen ON gmail_aside(seen_at);
