//! What was heard of whom, by its own index of the counters. What is not folded yet is left for the next look.

use super::{PostgresStore, fault};
use crate::store::StoreError;
use crate::store::cells::Cells as _;
use crate::store::silence::{HeardLast, Hours};

const LAST: &str = "
    SELECT client_id, name, max(period) AS hour FROM counters
    WHERE scope = 'heard' AND period >= $1 GROUP BY client_id, name ORDER BY client_id, name LIMIT $2";

const HOURS: &str = "
    SELECT period, count AS n FROM counters
    WHERE scope = 'heard' AND client_id = $1 AND name = $2 AND period >= $3 ORDER BY period";

impl PostgresStore {
    pub(in crate::store) async fn heard_last(&self, since: i64, limit: u32) -> Result<Vec<HeardLast>, StoreError> {
        let query = bind!(LAST, since, i64::from(limit));
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(HeardLast::of).collect()
    }

    pub(in crate::store) async fn heard_hours(
        &self,
        client: &str,
        voice: &str,
        since: i64,
    ) -> Result<Hours, StoreError> {
        let query = bind!(HOURS, client, voice, since);
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.number("period")?, row.number("n")?))).collect()
    }
}
