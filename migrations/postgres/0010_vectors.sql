-- What of documents and conversations may be in the vector index: one row a document or message, so that pieces that are no longer
-- wanted can be taken out whatever happens in between.
CREATE TABLE vector_passages (
    -- `document:{record}` or `message:{chat_id}`.
    subject VARCHAR NOT NULL,
    -- The index and the model that its pieces are in.
    home VARCHAR NOT NULL,
    namespace VARCHAR NOT NULL,
    -- The first part of the pieces' ids; their numbers come after it.
    passage_id VARCHAR NOT NULL,
    -- Pieces with a number below this one may be there.
    chunks INTEGER NOT NULL,
    -- Of what was written; null while it is being written.
    hash VARCHAR,
    -- Whose conversation it is. No reference: it is needed after an erasure, until the pieces are gone.
    contact_id UUID,
    -- The lead that the pieces name.
    lead_id VARCHAR,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT vector_passages_once_per_subject PRIMARY KEY (subject),
    CONSTRAINT vector_passages_namespace_option CHECK (namespace IN ('company_knowledge', 'client_documents', 'documents')),
    CONSTRAINT vector_passages_chunks_are_counted CHECK (chunks >= 0)
);

CREATE INDEX idx_vector_passages_contact ON vector_passages(contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_contacts_engaged_by_id ON contacts(contact_id) WHERE has_engaged;
