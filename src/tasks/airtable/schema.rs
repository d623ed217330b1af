//! The base's tables and fields by their ids, read now and then: webhooks tell changes by ids, and not every base has every field.

use super::Base;
use super::gate::Stopped;
use crate::domain::airtable_base::ActualTable;
use crate::domain::lead::Cells;
use crate::services::airtable::AirtableError;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

/// How old it may be; and how soon it is read again where something is not in it.
const AGE_MS_MAX: i64 = 3_600_000;
const RETRY_MS: i64 = 60_000;
/// Types whose cells nobody writes.
const COMPUTED: [&str; 12] = [
    "formula",
    "rollup",
    "count",
    "multipleLookupValues",
    "autoNumber",
    "createdTime",
    "lastModifiedTime",
    "createdBy",
    "lastModifiedBy",
    "button",
    "aiText",
    "externalSyncSource",
];

#[derive(Default)]
pub(in crate::tasks) struct Schema {
    /// None where it can't be read: the token lacks the scope.
    tables: Option<Vec<ActualTable>>,
    read_at: Option<DateTime<Utc>>,
}

impl Schema {
    pub(in crate::tasks) async fn tables(&mut self, base: &Base) -> Result<Option<&[ActualTable]>, Stopped> {
        self.read(base, AGE_MS_MAX).await?;
        Ok(self.tables.as_deref())
    }

    pub(in crate::tasks) async fn table_name(
        &mut self,
        base: &Base,
        table_id: &str,
    ) -> Result<Option<String>, Stopped> {
        if self.table(table_id).is_none() {
            self.read(base, RETRY_MS).await?;
        }
        Ok(self.table(table_id).map(|table| table.name.clone()))
    }

    /// Cells by the names of their fields; of fields that are unknown nothing is said.
    pub(in crate::tasks) async fn named(
        &mut self,
        base: &Base,
        table_id: &str,
        cells: &Map<String, Value>,
    ) -> Result<Cells, Stopped> {
        let knows_all = self
            .table(table_id)
            .is_some_and(|table| cells.keys().all(|id| table.fields.iter().any(|field| field.id == *id)));
        if !knows_all {
            self.read(base, RETRY_MS).await?;
        }
        let Some(table) = self.table(table_id) else { return Ok(Cells::new()) };
        let name_of = |id: &str| table.fields.iter().find(|field| field.id == id).map(|field| field.name.clone());
        Ok(cells.iter().filter_map(|(id, cell)| Some((name_of(id)?, cell.clone()))).collect())
    }

    /// The cells that the table takes: a person's base may lack a field, or have one that is computed.
    pub(in crate::tasks) async fn writable(
        &mut self,
        base: &Base,
        table: &str,
        cells: Cells,
    ) -> Result<Cells, Stopped> {
        self.read(base, AGE_MS_MAX).await?;
        let known = self.tables.as_ref().and_then(|tables| tables.iter().find(|known| known.name == table));
        let Some(known) = known else { return Ok(cells) };
        let takes = |name: &str| {
            let field = known.fields.iter().find(|field| field.name == name);
            let takes = field.is_some_and(|field| !COMPUTED.contains(&field.field_type.as_str()));
            if !takes {
                tracing::warn!(
                    table,
                    field = name,
                    "Airtable has no such field that can be written; see `airtable check`"
                );
            }
            takes
        };
        Ok(cells.into_iter().filter(|(name, _)| takes(name)).collect())
    }

    fn table(&self, table_id: &str) -> Option<&ActualTable> {
        self.tables.as_ref()?.iter().find(|table| table.id == table_id)
    }

    async fn read(&mut self, base: &Base, age_ms_max: i64) -> Result<(), Stopped> {
        let now = base.now();
        if self.read_at.is_some_and(|read_at| now - read_at < TimeDelta::milliseconds(age_ms_max)) {
            return Ok(());
        }
        let airtable = base.gate.enter().await?;
        match base.gate.leave_gently(airtable.schema().await).await? {
            Ok(tables) => self.tables = Some(tables),
            Err(AirtableError::Denied { .. }) => {
                tracing::warn!("Airtable's token may not read the base's schema (scope schema.bases:read)");
                self.tables = None;
            }
            Err(error) => return Err(Stopped::Airtable(error)),
        }
        self.read_at = Some(now);
        Ok(())
    }
}
