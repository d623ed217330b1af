//! Taking a person out of every table, and the receipts of it.
//!
//! A contact's own rows lose all that is of the person and stay as numbers, under a new id. Rows of others, and bodies, that
//! mention the person are found by reading; each place that is read is named here.

use super::views::{Receipt, Subject};
use super::{Store, StoreError, Tx};
use crate::domain::erasure::Patterns;
use crate::domain::ids::{ClientId, Email};
use crate::engine::rows::ErasurePartOf;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A place where a person may be mentioned.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// As a receipt names it: the table.
    pub name: &'static str,
    pub(super) id: &'static str,
    /// Whose row it is, with `$` for the client.
    pub(super) client: &'static str,
    pub columns: &'static [(&'static str, Form)],
    pub cure: Cure,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

/// What becomes of a row that mentions the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// A whole request: of it only what is about others stays.
    Body,
    /// A message: one of theirs loses its text, another the address.
    Message,
    /// The address is taken out of the text.
    Text,
    /// Work about the person, which is not to be done any more.
    Drop,
}

/// Everything that holds free text or what other systems told. The first is the largest.
pub const PLACES: &[Place] = &[
    Place {
        name: "deliveries",
        id: "delivery_id",
        client: "t.client_id = $",
        columns: &[("body", Form::Text), ("reason", Form::Text)],
        cure: Cure::Body,
    },
    Place {
        name: "events",
        id: "event_id",
        client: "t.client_id = $",
        columns: &[("seen", Form::Json), ("rule", Form::Text), ("dedupe_key", Form::Text)],
        cure: Cure::Text,
    },
    Place {
        name: "chat_history",
        id: "chat_id",
        client: "(substr(t.session_id, 1, length($) + 1) = $ || ':' OR EXISTS (SELECT 1 FROM contacts AS c WHERE c.contact_id = t.contact_id AND c.client_id = $))",
        columns: &[
            ("contact_identifier", Form::Text),
            ("message_content", Form::Text),
            ("contact_name", Form::Text),
            ("subject", Form::Text),
            ("account_identifier", Form::Text),
            ("external_message_id", Form::Text),
            ("thread_id", Form::Text),
            ("session_id", Form::Text),
            ("message_key", Form::Text),
        ],
        cure: Cure::Message,
    },
    Place {
        name: "automation_logs",
        id: "log_id",
        client: "t.tenant = $",
        columns: &[("action_taken", Form::Text), ("action_details", Form::Text), ("error_message", Form::Text)],
        cure: Cure::Text,
    },
    Place {
        name: "tasks",
        id: "task_id",
        client: "t.client_id = $",
        columns: &[("payload", Form::Json), ("last_error", Form::Text), ("task_key", Form::Text)],
        cure: Cure::Drop,
    },
    Place {
        name: "alerts",
        id: "alert_id",
        client: "t.client_id = $",
        columns: &[("text", Form::Text), ("key", Form::Text)],
        cure: Cure::Text,
    },
    Place {
        name: "notifications",
        id: "notification_id",
        client: "t.client_id = $",
        columns: &[("body", Form::Text), ("last_error", Form::Text)],
        cure: Cure::Drop,
    },
    Place {
        name: "contacts",
        id: "contact_id",
        client: "t.client_id = $",
        columns: &[
            ("ai_context_summary", Form::Text),
            ("ai_summary_written", Form::Text),
            ("fold", Form::Json),
            ("baseline", Form::Json),
            ("changed_outside", Form::Json),
        ],
        cure: Cure::Text,
    },
];

/// A row that may mention a person: its id and its texts, in the order of the place's columns.
#[derive(Debug, Clone)]
pub struct Mention {
    pub id: Uuid,
    pub texts: Vec<Option<String>>,
}

/// What was done with one contact.
#[derive(Debug, Clone, Default)]
pub struct TakenApart {
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Until when somebody may still work on what was wanted of it.
    pub busy_until: Option<DateTime<Utc>>,
    /// Something of the conversation may be in a vector index.
    pub is_indexed: bool,
}

impl Tx {
    /// The contacts of an address, of one client or of all, held until the end of the transaction.
    pub async fn hold_person(
        &mut self,
        client_id: Option<&ClientId>,
        email: &Email,
    ) -> Result<Vec<Subject>, StoreError> {
        both!(self, hold_person(client_id, email))
    }

    /// The requests that brought a contact's events.
    pub async fn deliveries_of(&mut self, contact_id: Uuid) -> Result<Vec<Mention>, StoreError> {
        both!(self, deliveries_of(contact_id))
    }

    /// Gives all rows of a contact to its anonymous successor, without anything of the person, and deletes the contact.
    pub async fn take_apart(
        &mut self,
        contact_id: Uuid,
        successor: Uuid,
        session_id: &str,
    ) -> Result<TakenApart, StoreError> {
        both!(self, take_apart(contact_id, successor, session_id))
    }

    /// Mails that were set aside for an address, by its key.
    pub async fn forget_aside(&mut self, client_id: &ClientId, key: &str) -> Result<u64, StoreError> {
        both!(self, forget_aside(client_id, key))
    }

    /// A row of a place as it stands now, held until the transaction ends. None where it is gone.
    pub async fn hold_mention(&mut self, place: &Place, id: Uuid) -> Result<Option<Mention>, StoreError> {
        both!(self, hold_mention(place, id))
    }

    /// Writes a row's texts again, or drops it where there are none. `sha256` is of a request's new body.
    pub async fn rewrite(
        &mut self,
        place: &Place,
        id: Uuid,
        texts: Option<&[Option<String>]>,
        sha256: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        both!(self, rewrite(place, id, texts, sha256))
    }

    pub async fn save_receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        both!(self, save_receipt(receipt))
    }

    /// Whose conversations these messages are, of those that may be in a vector index.
    pub async fn indexed_contacts(&mut self, chat_ids: &[Uuid]) -> Result<Vec<(Uuid, ClientId)>, StoreError> {
        both!(self, indexed_contacts(chat_ids))
    }

    /// Holds a task on with a new payload; nobody can take it over before the end of the transaction. False where somebody has.
    pub async fn keep_lease(
        &mut self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
        payload: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        both!(self, keep_lease(task_id, lease, lease_until, payload))
    }

    /// The receipts of a subject as this transaction sees them, the newest first.
    pub async fn receipts_of(&mut self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        both!(self, receipts_of(hashes))
    }

    /// A receipt, held until the end of the transaction.
    pub async fn hold_receipt(&mut self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        both!(self, hold_receipt(receipt_id))
    }
}

impl Store {
    /// A page of the rows of a place that may mention a person, in the order of their ids. It reads the whole place.
    pub async fn mentions(
        &self,
        place: &Place,
        client_id: Option<&ClientId>,
        patterns: &Patterns,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Mention>, StoreError> {
        both!(self, mentions(place, client_id, patterns, after, limit))
    }

    pub async fn receipt(&self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        both!(self, receipt(receipt_id))
    }

    /// The receipts of a subject, the newest first.
    pub async fn receipts_of(&self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        both!(self, receipts_of(hashes))
    }

    /// Notes how many things a part of an erasure is about to remove: whoever finds them gone afterwards can't count them any more.
    pub async fn expect_of_part(&self, of: &ErasurePartOf, removing: u64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let Some(mut receipt) = tx.hold_receipt(of.receipt_id).await? else { return Ok(()) };
        receipt.expect(&of.part, removing);
        tx.save_receipt(&receipt).await?;
        tx.commit().await
    }

    /// Notes that a part of an erasure is done, by the task that did it: of its payload only `left` stays, which no longer tells whose
    /// it was.
    pub async fn finish_erasure_task(
        &self,
        task: (Uuid, &str),
        of: &ErasurePartOf,
        left: &serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(mut receipt) = tx.hold_receipt(of.receipt_id).await? {
            receipt.finish(&of.part, now);
            tx.save_receipt(&receipt).await?;
        }
        let (task_id, task_key) = task;
        if let Some(tasks) = PLACES.iter().find(|place| place.name == "tasks") {
            let texts = [Some(left.to_string()), None, Some(task_key.to_owned())];
            tx.rewrite(tasks, task_id, Some(&texts), None).await?;
        }
        tx.commit().await
    }

    /// Everything that is held on a contact, as the tables have it: rows by table.
    pub async fn rows_of_contact(
        &self,
        contact_id: Uuid,
        session_id: &str,
    ) -> Result<BTreeMap<String, Vec<serde_json::Value>>, StoreError> {
        both!(self, rows_of_contact(contact_id, session_id))
    }
}
