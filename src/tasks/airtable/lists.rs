//! `airtable.import_list`: a lead list that was set to Active gets its row, its contacts, and its figures. It has a lane of its own,
//! because an import takes long and a hot reply must not wait for it.

use super::gate::{Gate, Stopped};
use super::schema::Schema;
use super::{AirtableSettings, Base, CLIENTS, Done, LISTS, Tenant, log, once, span_of, traced};
use crate::domain::event::{ContactSource, Source};
use crate::domain::ids::ClientId;
use crate::domain::lead::Cells;
use crate::domain::list_source::{Fetch, SourceType, fetch_of, is_filled_from_outside, with_notice};
use crate::domain::rules::Rules;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TaskKind, TaskRow, TriggerType};
use crate::imports::{self, ImportError, Plan, Report};
use crate::intake::{ApplyError, Now};
use crate::services::airtable::AirtableError;
use crate::services::airtable::records::Record;
use crate::services::fetch::{FetchError, Fetcher};
use crate::store::views::ListWrite;
use crate::store::{Store, StoreError};
use crate::tasks::{Pause, Turn, lease_until};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const KINDS: [TaskKind; 1] = [TaskKind::AirtableImportList];
const PRIORITY_IMPORT: u8 = 6;
/// A million rows of a wide export.
const FILE_BYTES_MAX: u64 = 2_147_483_648;
const FETCH_RETRY_MS: i64 = 30_000;
const FETCH_TRIES_MAX: u32 = 6;

const STATUS: &str = "Status";
const LIST_ID: &str = "Supabase List ID";
const SOURCE_DESCRIPTION: &str = "Source Description";

/// Asks for the import of every list that is Active. A base without the table has none.
pub(super) async fn want_active(base: &Base) -> Result<(), Stopped> {
    let formula = format!("{{{STATUS}}}='Active'");
    let records = match base.list_gently(LISTS, Some(&formula), &[STATUS]).await? {
        Ok(records) => records,
        Err(error @ AirtableError::Unavailable { .. }) => return Err(Stopped::Airtable(error)),
        Err(error) => {
            tracing::warn!(%error, "the table Lead Lists can't be read: no list is imported");
            return Ok(());
        }
    };
    let now = base.now();
    let kind = TaskKind::AirtableImportList;
    let tasks = records.into_iter().map(|record| TaskRow {
        task_key: format!("{kind}:{}", record.id),
        payload: json!({ "record_id": record.id }),
        ..TaskRow::round(Uuid::new_v4(), kind, PRIORITY_IMPORT, now)
    });
    Ok(base.store.want(tasks.collect(), Vec::new()).await?)
}

pub(in crate::tasks) struct Lane {
    base: Base,
    schema: Schema,
    fetcher: Fetcher,
    sheets_url: String,
    drive_url: String,
    tenants: Vec<Tenant>,
    default_client: Option<ClientId>,
    /// The service is to stop: an import goes on at the next start.
    stop: CancellationToken,
}

/// A list on its way in.
struct Import<'a> {
    task: &'a ClaimedTask,
    record: Record,
    client_id: ClientId,
    list_id: Uuid,
}

impl Lane {
    pub(in crate::tasks) fn new(
        store: Store,
        rules: Rules,
        now: Now,
        pause: Pause,
        settings: &AirtableSettings,
    ) -> Self {
        let gate = Gate::new(store.clone(), now.clone(), pause, settings.client.clone());
        Self {
            base: Base::new(store, rules, now, gate, settings),
            schema: Schema::default(),
            fetcher: settings.fetcher.clone(),
            sheets_url: settings.sheets_url.clone(),
            drive_url: settings.drive_url.clone(),
            tenants: settings.tenants.clone(),
            default_client: settings.default_client.clone(),
            stop: CancellationToken::new(),
        }
    }

    pub(in crate::tasks) fn stops_with(&mut self, stop: &CancellationToken) {
        self.stop = stop.clone();
    }

    /// One import, from its record to its figures.
    pub(in crate::tasks) async fn turn(&mut self) -> Result<Turn, StoreError> {
        // Looked for without a write: this lane looks every second.
        if !self.base.store.has_due_task(&KINDS, self.base.now()).await? {
            return Ok(Turn::Idle);
        }
        let Some(task) = self.base.claim(&KINDS, 1).await?.pop() else { return Ok(Turn::Idle) };
        let span = span_of(std::slice::from_ref(&task));
        let work = async {
            let done = self.work(&task).await;
            self.base.settle(&task, done).await
        };
        traced(span, work).await?;
        Ok(Turn::Worked(1))
    }

    async fn work(&mut self, task: &ClaimedTask) -> Result<Done, Stopped> {
        let record_id = task.payload.get("record_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(record) = self.base.record(LISTS, &record_id).await? else { return Ok(Done::default()) };
        // Processing is an import that was cut off: it goes on from the start, which changes nothing twice.
        if !matches!(text(&record, STATUS), Some("Active" | "Processing")) {
            return Ok(Done::default());
        }
        let description = text(&record, SOURCE_DESCRIPTION).map(str::to_owned);
        match self.import(task, record).await {
            Err(Stopped::Refused(why)) => {
                let mut cells = Cells::new();
                // Not ready, in the owner's words: set to Active again, it is tried again.
                cells.insert(STATUS.to_owned(), json!("Planning"));
                let said = format!("Import failed: {why}. Then set Status to Active again.");
                cells.insert(SOURCE_DESCRIPTION.to_owned(), json!(with_notice(description.as_deref(), &said)));
                self.write(&record_id, cells).await?;
                let row = LogRow {
                    automation_type: AutomationType::Other,
                    action_taken: format!("lead list {record_id} was not imported"),
                    status: LogStatus::Failed,
                    error_message: Some(why),
                    ..log(&task.tenant, self.base.now())
                };
                Ok(Done { logs: vec![row], ..Done::default() })
            }
            result => result,
        }
    }

    async fn import(&mut self, task: &ClaimedTask, record: Record) -> Result<Done, Stopped> {
        let source = text(&record, "Source Type").and_then(SourceType::parse);
        let fetch = fetch_of(source, text(&record, "Source URL"));
        if let (Err(why), false) = (&fetch, is_filled_from_outside(source)) {
            return Err(Stopped::Refused(why.clone()));
        }
        let client_id = self.client_of(&record).await?;
        let list_id = self.list_of(&record, &client_id, source).await?;
        let import = Import { task, record, client_id, list_id };
        let started = self.base.now();
        let mut cells = Cells::new();
        cells.insert(LIST_ID.to_owned(), json!(list_id));
        let fetch = match fetch {
            Ok(fetch) => fetch,
            // Its id is needed to fill it by other means.
            Err(why) => {
                self.write(&import.record.id, cells).await?;
                return Err(Stopped::Refused(why));
            }
        };
        cells.insert(STATUS.to_owned(), json!("Processing"));
        if text(&import.record, STATUS) == Some("Active") {
            cells.insert("Import Started At".to_owned(), json!(started.to_rfc3339_opts(SecondsFormat::Millis, true)));
        }
        self.write(&import.record.id, cells).await?;
        let said = self.contacts(&import, &fetch).await?;
        self.complete(&import, &said).await?;
        let now = self.base.now();
        let row = LogRow {
            automation_type: AutomationType::Other,
            trigger_type: TriggerType::ConditionMet,
            action_taken: format!("lead list {} imported", import.record.id),
            action_details: Some(said),
            processing_time_ms: Some((now - started).num_milliseconds()),
            ..log(&import.client_id, now)
        };
        Ok(Done { logs: vec![row], ..Done::default() })
    }

    /// Whose list it is, by the record that `Client` links to.
    async fn client_of(&self, record: &Record) -> Result<ClientId, Stopped> {
        let linked = record.fields.get("Client").and_then(Value::as_array).and_then(|links| links.first()?.as_str());
        let Some(client_record) = linked else {
            let only = match self.tenants.as_slice() {
                [only] => Some(&only.client_id),
                _ => self.default_client.as_ref(),
            };
            return only
                .cloned()
                .ok_or_else(|| Stopped::Refused("Client is empty: link the client whose list it is".to_owned()));
        };
        if let Some(tenant) = self.tenants.iter().find(|tenant| tenant.record_id.as_deref() == Some(client_record)) {
            return Ok(tenant.client_id.clone());
        }
        let name = match self.base.record(CLIENTS, client_record).await? {
            Some(record) => text(&record, "client_name").unwrap_or_default().trim().to_owned(),
            None => String::new(),
        };
        let is_it = |tenant: &&Tenant| {
            tenant.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&name))
                || tenant.client_id.as_str().eq_ignore_ascii_case(&name)
        };
        let found = self.tenants.iter().find(is_it).map(|tenant| tenant.client_id.clone());
        found.ok_or_else(|| {
            Stopped::Refused(format!(
                "the configuration knows no client named `{name}`: set name or airtable_client = \"{client_record}\" in its section"
            ))
        })
    }

    async fn write(&mut self, record_id: &str, cells: Cells) -> Result<(), Stopped> {
        let cells = self.schema.writable(&self.base, LISTS, cells).await?;
        self.base.update(LISTS, record_id, cells).await
    }

    /// The list's row: the one that the record names, else its own, which a second try finds again.
    async fn list_of(
        &self,
        record: &Record,
        client_id: &ClientId,
        source: Option<SourceType>,
    ) -> Result<Uuid, Stopped> {
        let name = text(record, "List Name").map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Stopped::Refused("List Name is empty".to_owned()))?;
        if let Some(told) = text(record, LIST_ID).map(str::trim).filter(|told| !told.is_empty()) {
            let id: Uuid = told
                .parse()
                .map_err(|_no_uuid| Stopped::Refused(format!("{LIST_ID} `{told}` is no UUID; empty it")))?;
            return match self.base.store.list_client(id).await? {
                Some(client) if client == client_id.as_str() => Ok(id),
                Some(_) => Err(Stopped::Refused(format!("{LIST_ID} names a list of another client; empty it"))),
                None => Err(Stopped::Refused(format!("{LIST_ID} names a list that is not there; empty it"))),
            };
        }
        if record.fields.get("Auto Create Supabase List") != Some(&json!(true)) {
            return Err(Stopped::Refused(format!(
                "Auto Create Supabase List is off and {LIST_ID} is empty: switch it on, or fill in the id of a list that is there"
            )));
        }
        let said: serde_json::Map<String, Value> = [
            ("airtable_record_id", json!(record.id)),
            ("target_audience", json!(text(record, "Target Audience"))),
            ("filters_applied", json!(text(record, "Filters Applied"))),
            ("source_url", json!(text(record, "Source URL"))),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let list = ListWrite {
            list_id: once(&["list", &record.id]),
            client_id: client_id.clone(),
            list_name: name.to_owned(),
            description: text(record, "Description").map(str::to_owned),
            source: match source {
                Some(SourceType::CsvImport | SourceType::GoogleSheet | SourceType::GoogleDriveCsv) => {
                    Some("csv_import")
                }
                Some(SourceType::ClayTable) => Some("clay"),
                Some(SourceType::Manual) => Some("manual"),
                Some(SourceType::Other) | None => None,
            },
            metadata: Value::Object(said),
            created_by: "airtable".to_owned(),
            now: self.base.now(),
        };
        Ok(self.base.store.ensure_list(&list).await?)
    }

    /// Fetches the file and imports it; gives what is to be said of it.
    async fn contacts(&mut self, import: &Import<'_>, fetch: &Fetch) -> Result<String, Stopped> {
        let (url, is_trusted) = match fetch {
            Fetch::Nothing => return Ok("The list is there; its contacts are added by hand.".to_owned()),
            Fetch::Url(url) => (url.clone(), false),
            Fetch::Sheet { id, gid } => {
                (format!("{}/spreadsheets/d/{id}/export?format=csv&gid={gid}", self.sheets_url), true)
            }
            Fetch::Drive { id } => (format!("{}/uc?export=download&confirm=t&id={id}", self.drive_url), true),
        };
        let kept = |error: std::io::Error| Stopped::Refused(format!("no temporary file can be made: {error}"));
        let file = tempfile::NamedTempFile::new().map_err(kept)?;
        let fetching = self.fetcher.fetch(&url, is_trusted, file.path(), FILE_BYTES_MAX);
        let fetched = tokio::select! {
            () = self.stop.cancelled() => return Err(self.stopped()),
            fetched = fetching => fetched,
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(FetchError::Refused(why)) => return Err(Stopped::Refused(why)),
            Err(error @ FetchError::Unavailable(_)) if import.task.attempts >= FETCH_TRIES_MAX => {
                return Err(Stopped::Refused(error.to_string()));
            }
            Err(error @ FetchError::Unavailable(_)) => {
                let until = self.base.now() + TimeDelta::milliseconds(FETCH_RETRY_MS);
                return Err(Stopped::Later { until, why: error.to_string() });
            }
        };
        if fetched.content_type.starts_with("text/html") {
            return Err(Stopped::Refused(
                "its link leads to a page, not to a file: share it with everybody who has the link".to_owned(),
            ));
        }
        let report = self.rows(import, file.reopen().map_err(kept)?).await?;
        Ok(told(&report))
    }

    /// Part by part, with the lease held on; who lost it stops.
    async fn rows(&self, import: &Import<'_>, file: std::fs::File) -> Result<Report, Stopped> {
        let plan = Plan {
            client_id: import.client_id.clone(),
            list_id: import.list_id,
            source: Source::Airtable,
            contact_source: ContactSource::Import,
            told: Vec::new(),
            dry_run: false,
        };
        let base = &self.base;
        let context = base.context(TriggerType::ConditionMet);
        let mut under_way = imports::Import::begin(file, plan, base.now()).await.map_err(failed)?;
        while under_way.step(&context, &mut drop).await.map_err(failed)? {
            if self.stop.is_cancelled() {
                return Err(self.stopped());
            }
            let until = lease_until(base.now());
            if !base.store.extend_lease(import.task.task_id, import.task.lease, until).await? {
                let why = "another instance took the import over".to_owned();
                return Err(Stopped::Wait { until: base.now(), why });
            }
        }
        Ok(under_way.report)
    }

    fn stopped(&self) -> Stopped {
        Stopped::Wait {
            until: self.base.now(),
            why: "the service was stopped; the import goes on at the next start".to_owned(),
        }
    }

    async fn complete(&mut self, import: &Import<'_>, said: &str) -> Result<(), Stopped> {
        let now = self.base.now();
        let totals = self.base.store.close_list(import.list_id, "active", &json!({ "import": said }), now).await?;
        let time = json!(now.to_rfc3339_opts(SecondsFormat::Millis, true));
        let mut notice = said.to_owned();
        let later: Vec<&str> = ["Auto Enrich", "Auto Add to Campaign"]
            .into_iter()
            .filter(|name| import.record.fields.get(*name) == Some(&json!(true)))
            .collect();
        if !later.is_empty() {
            notice.push_str(&format!(" {} is not done by this version.", later.join(" and ")));
        }
        let description = text(&import.record, SOURCE_DESCRIPTION);
        let cells = [
            (STATUS, json!("Completed")),
            ("Total Contacts", json!(totals.total_contacts)),
            ("Contacts in Campaigns", json!(totals.contacts_in_campaigns)),
            ("Import Completed At", time.clone()),
            ("Last Sync", time),
            (SOURCE_DESCRIPTION, json!(with_notice(description, &notice))),
        ];
        self.write(&import.record.id, cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()).await
    }
}

fn failed(error: ImportError) -> Stopped {
    match error {
        ImportError::Unreadable(why) => Stopped::Refused(why),
        ImportError::Store(error) | ImportError::Apply(ApplyError::Store(error)) => Stopped::Store(error),
        ImportError::Apply(error @ ApplyError::Panicked) => Stopped::Refused(error.to_string()),
    }
}

/// What is said of an import, in its record and its log.
fn told(report: &Report) -> String {
    let mut text = format!(
        "{} rows: {} new, {} known, {} in this list already, {} twice in the file, {} not usable, {} opted out, {} suppressed.",
        report.rows,
        report.imported,
        report.known,
        report.unchanged,
        report.duplicates_in_file,
        report.invalid,
        report.opted_out,
        report.suppressed
    );
    if !report.reasons.is_empty() {
        text.push_str(&format!(" Left out, such as: {}.", report.reasons.join("; ")));
    }
    text
}

fn text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.fields.get(name).and_then(Value::as_str)
}
