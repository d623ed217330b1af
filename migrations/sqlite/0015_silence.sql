-- Who was heard in which hour: whoever used to tell of events and no longer does is looked for by this.
CREATE INDEX idx_counters_heard ON counters(client_id, name, period) WHERE scope = 'heard';
