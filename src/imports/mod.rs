//! Importing a list of contacts: read in parts, checked row by row, applied as events like all else. The caller asks for part after
//! part, and may stop between two; the same import again changes nothing.

mod reader;

use crate::domain::event::{ContactSource, Event, EventData, Facts, Profile, Source};
use crate::domain::identity::hash_key;
use crate::domain::ids::{ClientId, Email};
use crate::domain::import::{Mapping, Row, Told, map, read_row};
use crate::domain::stage::Stage;
use crate::domain::suppression::Refusal;
use crate::engine::decide::Incoming;
use crate::engine::rows::Outcome;
use crate::intake::{ApplyError, Context, apply_through_conflicts};
use crate::persons;
use crate::store::StoreError;
use chrono::{DateTime, Utc};
use reader::{Part, RawRow};
use serde::Serialize;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Read;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Rows of one file: what is remembered of each (eight bytes, to find an address twice) stays within 160 MB.
const ROWS_MAX: u64 = 10_000_000;
/// Reasons that a report names.
const REASONS_MAX: usize = 5;

/// What is imported, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub client_id: ClientId,
    pub list_id: Uuid,
    /// Who tells of the contacts.
    pub source: Source,
    pub contact_source: ContactSource,
    /// What a person says of the columns.
    pub told: Vec<Told>,
    /// Checks everything and writes nothing.
    pub dry_run: bool,
}

/// What became of the rows: each is in one of the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub rows: u64,
    /// Contacts that were not known.
    pub imported: u64,
    /// Known contacts: empty fields were filled, and the list was added where there was none.
    pub known: u64,
    /// In this list already.
    pub unchanged: u64,
    pub duplicates_in_file: u64,
    pub invalid: u64,
    /// On `do_not_contact`; nothing of them was touched.
    pub opted_out: u64,
    /// On the list of those who must not be contacted; nothing of them was kept.
    pub suppressed: u64,
    /// The first few reasons why rows were left out.
    pub reasons: Vec<String>,
    pub bytes_read: u64,
}

impl Report {
    pub fn rejected(&self) -> u64 {
        self.duplicates_in_file + self.invalid + self.opted_out + self.suppressed
    }
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub line: u64,
    pub reason: String,
    pub cells: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is at fault; the text says what would be right.
    #[error("{0}")]
    Unreadable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

impl ImportError {
    /// The import may simply be run again.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unreadable(_) => false,
            Self::Store(error) => error.is_unavailable(),
            Self::Apply(error) => error.is_unavailable(),
        }
    }
}

/// What was known of a row's contact.
#[derive(Clone, Copy)]
enum Before {
    New,
    Known,
    /// In this list already.
    Listed,
}

/// An import under way.
pub struct Import {
    plan: Plan,
    parts: mpsc::Receiver<Part>,
    pub mapping: Mapping,
    pub headers: Vec<String>,
    pub report: Report,
    started: DateTime<Utc>,
    /// A hash of each address so far; two addresses with one hash of 64 bits are not met among so few.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Import {
    /// Reads the headers.
    pub async fn begin(
        input: impl Read + Send + 'static,
        plan: Plan,
        started: DateTime<Utc>,
    ) -> Result<Self, ImportError> {
        let mut parts = reader::start(input);
        let headers = match parts.recv().await {
            Some(Part::Headers(headers)) => headers,
            Some(Part::Unreadable(why)) => return Err(ImportError::Unreadable(why)),
            Some(Part::Rows { .. }) | None => return Err(ImportError::Unreadable("the file can't be read".to_owned())),
        };
        let mapping = map(&headers, &plan.told).map_err(ImportError::Unreadable)?;
        let (report, seen, hasher) = (Report::default(), HashSet::new(), RandomState::new());
        Ok(Self { plan, parts, mapping, headers, report, started, seen, hasher })
    }

    /// Takes the next part of the file in one transaction. False where there is none left.
    pub async fn step(
        &mut self,
        context: &Context<'_>,
        reject: &mut (dyn FnMut(Rejected) + Send),
    ) -> Result<bool, ImportError> {
        let rows = match self.parts.recv().await {
            Some(Part::Rows { rows, bytes_read }) => {
                self.report.bytes_read = bytes_read;
                rows
            }
            Some(Part::Unreadable(why)) => return Err(ImportError::Unreadable(why)),
            Some(Part::Headers(_)) | None => return Ok(false),
        };
        let mut good = Vec::with_capacity(rows.len());
        for raw in rows {
            self.report.rows += 1;
            if self.report.rows > ROWS_MAX {
                return Err(ImportError::Unreadable(format!("the file has more than {ROWS_MAX} rows: split it")));
            }
            match read_row(&self.mapping, &raw.cells) {
                Ok(row) if self.seen.insert(self.hasher.hash_one(row.email.as_str())) => good.push((row, raw)),
                Ok(row) => {
                    self.report.duplicates_in_file += 1;
                    self.reject(raw, format!("{} stands in an earlier row of this file", row.email), reject);
                }
                Err(why) => {
                    self.report.invalid += 1;
                    self.reject(raw, why, reject);
                }
            }
        }
        self.take(good, context, reject).await?;
        Ok(true)
    }

    /// Good rows: who opted out is left alone, the others become events.
    async fn take(
        &mut self,
        rows: Vec<(Row, RawRow)>,
        context: &Context<'_>,
        reject: &mut (dyn FnMut(Rejected) + Send),
    ) -> Result<(), ImportError> {
        let emails: Vec<Email> = rows.iter().map(|(row, _)| row.email.clone()).collect();
        let known = context.store.known_stages(&self.plan.client_id, &emails).await?;
        let suppressed =
            persons::suppressed(context.store, &context.rules.suppression, &self.plan.client_id, &emails).await?;
        let mut events = Vec::with_capacity(rows.len());
        let mut taken = Vec::with_capacity(rows.len());
        for (row, raw) in rows {
            match known.get(&row.email) {
                Some((Stage::DoNotContact, _)) => self.opted_out(&row.email, raw, reject),
                _ if suppressed.contains_key(&row.email) => {
                    self.report.suppressed += 1;
                    let reason = suppressed.get(&row.email).map(|reason| Refusal(*reason).to_string());
                    self.reject(raw, reason.unwrap_or_default(), reject);
                }
                known => {
                    let before = match known {
                        None => Before::New,
                        Some((_, Some(list))) if *list == self.plan.list_id => Before::Listed,
                        Some(_) => Before::Known,
                    };
                    events.push(self.event(row));
                    taken.push((before, raw));
                }
            }
        }
        if self.plan.dry_run {
            for (before, _) in taken {
                self.count(before);
            }
            return Ok(());
        }
        if events.is_empty() {
            return Ok(());
        }
        let Plan { client_id, source, .. } = &self.plan;
        let incoming = Incoming::of_events(Uuid::new_v4(), client_id.clone(), *source, self.started, events);
        let applied = apply_through_conflicts(&[incoming], context).await?;
        // Somebody opted out between the look and the write: the engine refused it, so it was not imported.
        let answers = applied.answers.into_iter().flat_map(|answer| answer.events);
        for (answer, (before, raw)) in answers.zip(taken) {
            if matches!(answer.outcome, Outcome::Refused | Outcome::Ignored) {
                self.count_left_out(answer.outcome);
                self.reject(raw, answer.reason, reject);
            } else {
                self.count(before);
            }
        }
        Ok(())
    }

    fn count(&mut self, before: Before) {
        match before {
            Before::New => self.report.imported += 1,
            Before::Known => self.report.known += 1,
            Before::Listed => self.report.unchanged += 1,
        }
    }

    fn count_left_out(&mut self, outcome: Outcome) {
        if outcome == Outcome::Refused {
            self.report.opted_out += 1;
        } else {
            self.report.suppressed += 1;
        }
    }

    fn opted_out(&mut self, email: &Email, raw: RawRow, reject: &mut (dyn FnMut(Rejected) + Send)) {
        self.report.opted_out += 1;
        self.reject(raw, format!("{email} opted out (do_not_contact) and is not added to a list again"), reject);
    }

    fn event(&self, row: Row) -> Event {
        let list = self.plan.list_id.to_string();
        Event {
            client_id: self.plan.client_id.clone(),
            // The same row again tells nothing new. One that tells something else is another report: joined with the first, its
            // longer texts would win over what is known.
            dedupe_key: hash_key("contact_added", "import", &[&list, row.email.as_str(), &told(&row.profile)]),
            email: row.email,
            source: self.plan.source,
            facts: Facts {
                occurred_at: self.started,
                time_known: true,
                profile: row.profile,
                data: EventData::ContactAdded {
                    list_id: Some(self.plan.list_id),
                    contact_source: Some(self.plan.contact_source),
                    enrichment_date: None,
                },
            },
            lineage: Vec::new(),
        }
    }

    fn reject(&mut self, raw: RawRow, reason: String, reject: &mut (dyn FnMut(Rejected) + Send)) {
        if self.report.reasons.len() < REASONS_MAX {
            self.report.reasons.push(format!("line {}: {reason}", raw.line));
        }
        reject(Rejected { line: raw.line, reason, cells: raw.cells });
    }
}

/// The profile as text, of which the key keeps only a hash.
fn told(profile: &Profile) -> String {
    serde_json::to_string(profile).unwrap_or_default()
}
