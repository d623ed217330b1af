-- What the work with a language model needs: what it last wrote of a contact, and one budget of tokens a day for all instances.

-- The summary as the engine last wrote it: another one in ai_context_summary is a person's and is left alone.
ALTER TABLE contacts ADD COLUMN ai_summary_written TEXT;
-- Tells what it was made of, so that nothing is paid for twice.
ALTER TABLE contacts ADD COLUMN ai_summary_of TEXT;

-- One row a day (UTC): tokens that were used, or that a call under way may use.
CREATE TABLE ai_days (
    day TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    CONSTRAINT ai_days_once PRIMARY KEY (day),
    CONSTRAINT ai_days_are_counts CHECK (tokens >= 0 AND calls >= 0)
) STRICT;
