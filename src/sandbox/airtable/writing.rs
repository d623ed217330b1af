//! One change of the base, by the API or by a person: all or nothing, links kept in step on both sides, what changed told in the end.

use super::schema::{Field, Ids, Record, Table, Tables, Type};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) struct Writing<'a> {
    pub(super) tables: &'a mut Tables,
    now: DateTime<Utc>,
    /// What touched records were, by table and record id; none where one was not there.
    before: BTreeMap<(String, String), Option<Record>>,
    ids_before: Ids,
    next_auto_numbers_before: Vec<u64>,
    /// Kept once options are about to be added.
    fields_before: Option<Vec<Vec<Field>>>,
}

/// A record that is not as it was.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) table_id: String,
    pub(super) record_id: String,
    pub(super) before: Option<Record>,
    pub(super) after: Option<Record>,
}

impl<'a> Writing<'a> {
    pub(super) fn begin(tables: &'a mut Tables, now: DateTime<Utc>) -> Self {
        let ids_before = tables.ids.clone();
        let next_auto_numbers_before = tables.list.iter().map(|table| table.next_auto_number).collect();
        Self { tables, now, before: BTreeMap::new(), ids_before, next_auto_numbers_before, fields_before: None }
    }

    /// Stamps what changed and tells it.
    pub(super) fn commit(self) -> Vec<Change> {
        let mut changes = Vec::new();
        for ((table_id, record_id), before) in self.before {
            let Some(table) = self.tables.get_mut(&table_id) else { continue };
            let is_same = match (&before, table.records.get(&record_id)) {
                (Some(before), Some(after)) => before.cells == after.cells,
                (None, None) => true,
                _ => false,
            };
            if is_same {
                continue;
            }
            if let Some(record) = table.records.get_mut(&record_id) {
                record.modified = self.now;
            }
            let after = table.records.get(&record_id).cloned();
            changes.push(Change { table_id, record_id, before, after });
        }
        changes
    }

    /// Everything as it was, the numbers for new records too.
    pub(super) fn roll_back(self) {
        for ((table_id, record_id), before) in self.before {
            let Some(table) = self.tables.get_mut(&table_id) else { continue };
            match before {
                Some(record) => table.records.insert(record_id, record),
                None => table.records.remove(&record_id),
            };
        }
        self.tables.ids = self.ids_before;
        for (table, number) in self.tables.list.iter_mut().zip(self.next_auto_numbers_before) {
            table.next_auto_number = number;
        }
        for (table, fields) in self.tables.list.iter_mut().zip(self.fields_before.into_iter().flatten()) {
            table.fields = fields;
        }
    }

    pub(super) fn insert(&mut self, table_id: &str) -> String {
        let id = self.tables.ids.record();
        let now = self.now;
        self.before.entry((table_id.to_owned(), id.clone())).or_insert(None);
        if let Some(table) = self.tables.get_mut(table_id) {
            let auto_number = table.next_auto_number;
            table.next_auto_number += 1;
            table.records.insert(id.clone(), Record { created: now, modified: now, auto_number, cells: Map::new() });
        }
        id
    }

    /// Sets or empties a cell; a link's other side follows.
    pub(super) fn set(&mut self, table_id: &str, record_id: &str, field: &Field, value: Option<&Value>) {
        let before = self.put(table_id, record_id, &field.id, value.cloned());
        let (Some(linked), Some(inverse)) = (field.linked_table_id(), field.inverse_id()) else { return };
        if field.kind != Type::MultipleRecordLinks {
            return;
        }
        let (old, new) = (texts(before.as_ref()), texts(value));
        for other in old.iter().filter(|id| !new.contains(id)) {
            self.change_link(linked, other, inverse, &|links| links.retain(|id| id != record_id));
        }
        for other in new.iter().filter(|id| !old.contains(id)) {
            self.change_link(linked, other, inverse, &|links| links.push(record_id.to_owned()));
        }
    }

    pub(super) fn remove(&mut self, table_id: &str, record_id: &str) {
        let is_link = |field: &&Field| field.kind == Type::MultipleRecordLinks;
        let links_of = |table: &Table| table.fields.iter().filter(is_link).cloned().collect::<Vec<_>>();
        for field in self.tables.get(table_id).map(links_of).unwrap_or_default() {
            self.set(table_id, record_id, &field, None);
            // A link within the table has no other side that would tell who links here.
            if field.inverse_id().is_none() {
                let ids: Vec<String> =
                    self.tables.get(table_id).into_iter().flat_map(|table| table.records.keys().cloned()).collect();
                for id in ids {
                    self.change_link(table_id, &id, &field.id, &|links| links.retain(|link| link != record_id));
                }
            }
        }
        self.remember(table_id, record_id);
        if let Some(table) = self.tables.get_mut(table_id) {
            table.records.remove(record_id);
        }
    }

    pub(super) fn add_choice(&mut self, table_id: &str, field_id: &str, name: &str) {
        if self.fields_before.is_none() {
            self.fields_before = Some(self.tables.list.iter().map(|table| table.fields.clone()).collect());
        }
        let id = self.tables.ids.schema("sel");
        if let Some(field) = self.tables.get_mut(table_id).and_then(|table| table.field_mut(field_id)) {
            field.add_choice(&id, name);
        }
    }

    fn change_link(&mut self, table_id: &str, record_id: &str, field_id: &str, change: &dyn Fn(&mut Vec<String>)) {
        let Some(record) = self.tables.record(table_id, record_id) else { return };
        let before = texts(record.cells.get(field_id));
        let mut links = before.clone();
        change(&mut links);
        if links != before {
            self.put(table_id, record_id, field_id, (!links.is_empty()).then(|| json!(links)));
        }
    }

    /// Gives what the cell was.
    fn put(&mut self, table_id: &str, record_id: &str, field_id: &str, value: Option<Value>) -> Option<Value> {
        self.remember(table_id, record_id);
        let record = self.tables.get_mut(table_id)?.records.get_mut(record_id)?;
        match value {
            Some(value) => record.cells.insert(field_id.to_owned(), value),
            None => record.cells.remove(field_id),
        }
    }

    fn remember(&mut self, table_id: &str, record_id: &str) {
        let record = self.tables.record(table_id, record_id).cloned();
        if record.is_some() {
            self.before.entry((table_id.to_owned(), record_id.to_owned())).or_insert(record);
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
