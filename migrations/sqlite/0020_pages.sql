-- Pages of alerts, newest first: of a client by status, and of all.
CREATE INDEX idx_alerts_client_status ON alerts(client_id, status, last_at DESC);
CREATE INDEX idx_alerts_last ON alerts(last_at DESC);
