-- Mail of which nobody knew whom it concerns, by what could tell it later: the identities of the mails that it refers to, its
-- thread, its addresses as hashes. No content and no address of theirs; kept for fourteen days.
CREATE TABLE gmail_aside (
    client_id VARCHAR NOT NULL,
    -- Ours.
    mailbox VARCHAR NOT NULL,
    -- Gmail's id, under which it is fetched again.
    message_id VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    -- Something that it could belong to has come.
    is_due BOOLEAN NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT gmail_aside_once_per_key PRIMARY KEY (client_id, mailbox, message_id, key)
);

CREATE INDEX idx_gmail_aside_key ON gmail_aside(client_id, key);
CREATE INDEX idx_gmail_aside_seen ON gmail_aside(seen_at);
