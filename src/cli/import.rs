//! `import`: a list of contacts out of a CSV file.

use super::out::{Out, table};
use super::sign::client;
use super::{Rim, out};
use crate::config::Config;
use crate::domain::event::{ContactSource, Source};
use crate::domain::ids::ClientId;
use crate::domain::import::{Column, Field};
use crate::engine::rows::TriggerType;
use crate::imports::{Import, Plan, Rejected, Report};
use crate::intake::Context;
use crate::store::Store;
use crate::store::views::{ListTotals, ListWrite};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

/// Rows were left out; the others are in.
const SOME_LEFT_OUT: u8 = 3;
/// Off a terminal a line is written each time so many rows are done.
const ROWS_PER_LINE: u64 = 50_000;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 0: every row is in. 3: some were left out (see the rejected rows). 1: failed; it can be run again."
)]
pub(super) struct Args {
    /// The CSV file; `-` reads standard input.
    file: PathBuf,
    /// Whose contacts; the default client unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// The list's name. A list of this name that is there already is added to.
    #[arg(long, value_name = "NAME")]
    list: String,
    /// Check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// What a column holds: `HEADER=field`, or `HEADER=-` to ignore it. Others are guessed.
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = parse_map)]
    maps: Vec<(String, Option<Field>)>,
    /// Where the contacts were bought or enriched.
    #[arg(long, value_parser = parse_contact_source, default_value = "import")]
    source: ContactSource,
    /// What the list is.
    #[arg(long)]
    description: Option<String>,
    /// Where rows that are left out go, each with its reason; FILE.rejected.csv unless given. An existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
}

#[derive(Serialize)]
struct Imported {
    list_id: Uuid,
    list_name: String,
    dry_run: bool,
    columns: Vec<Column>,
    #[serde(flatten)]
    report: Report,
    /// Of the whole list; none on a dry run.
    totals: Option<ListTotals>,
    rejected_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let (client_id, _) = client(config, args.client.as_ref())?;
    let name = args.list.trim();
    anyhow::ensure!(!name.is_empty(), "--list needs a name");
    let store = super::open(config).await?;
    let (input, bytes) = open(&args.file)?;
    let mut rejects = Rejects::new(&args)?;
    let mut list_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("list:{client_id}:{name}").as_bytes());
    let now = (rim.now)();
    if !args.dry_run {
        let list = ListWrite {
            list_id,
            client_id: client_id.clone(),
            list_name: name.to_owned(),
            description: args.description.clone(),
            source: Some("csv_import"),
            metadata: json!({ "file": args.file.display().to_string() }),
            created_by: "command line".to_owned(),
            now,
        };
        list_id = store.ensure_list(&list).await?;
    }
    let plan = Plan {
        client_id: client_id.clone(),
        list_id,
        source: Source::Operator,
        contact_source: args.source,
        told: args.maps.clone(),
        dry_run: args.dry_run,
    };
    let context = Context { store: &store, rules: &config.rules, now: &rim.now, trigger: TriggerType::Manual };
    let result = import(input, plan, bytes, &context, &mut rejects).await;
    let closed = close(&store, list_id, &args, result.as_ref().ok(), rim).await;
    let (columns, report) = result?;
    let totals = closed?;
    let rejected_file = rejects.finish()?;
    let is_whole = report.rejected() == 0;
    let imported =
        Imported { list_id, list_name: name.to_owned(), dry_run: args.dry_run, columns, report, totals, rejected_file };
    out.print(&imported, shown)?;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(SOME_LEFT_OUT) })
}

async fn import(
    input: Box<dyn Read + Send>,
    plan: Plan,
    bytes: Option<u64>,
    context: &Context<'_>,
    rejects: &mut Rejects,
) -> anyhow::Result<(Vec<Column>, Report)> {
    let mut import = Import::begin(input, plan, (context.now)()).await?;
    rejects.headers.clone_from(&import.headers);
    let progress = Progress::new(bytes);
    while import
        .step(context, &mut |rejected| rejects.add(&rejected))
        .await
        .context("the import can be run again: what is in stays, and nothing is doubled")?
    {
        progress.at(&import.report);
    }
    progress.end();
    Ok((import.mapping.columns, import.report))
}

/// The list is in use again, whether the import went well or not.
async fn close(
    store: &Store,
    list_id: Uuid,
    args: &Args,
    done: Option<&(Vec<Column>, Report)>,
    rim: &Rim,
) -> anyhow::Result<Option<ListTotals>> {
    if args.dry_run {
        return Ok(None);
    }
    let metadata = match done {
        Some((columns, report)) => json!({ "columns": columns, "rows": report.rows, "rejected": report.rejected() }),
        None => json!({}),
    };
    Ok(Some(store.close_list(list_id, "active", &metadata, (rim.now)()).await?))
}

fn open(file: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let opened = File::open(file).with_context(|| format!("open {}", file.display()))?;
    let bytes = opened.metadata().map(|metadata| metadata.len()).ok();
    Ok((Box::new(opened), bytes))
}

/// Rows that are left out, written as they come; the file is made with the first.
struct Rejects {
    path: PathBuf,
    headers: Vec<String>,
    writer: Option<csv::Writer<File>>,
    fault: Option<anyhow::Error>,
}

impl Rejects {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let path = args.rejected.clone().unwrap_or_else(|| {
            let name = if args.file == Path::new("-") { "import".into() } else { args.file.clone().into_os_string() };
            let mut name = name;
            name.push(".rejected.csv");
            PathBuf::from(name)
        });
        anyhow::ensure!(
            !path.exists(),
            "{} is there already: move it away, or name another with --rejected",
            path.display()
        );
        Ok(Self { path, headers: Vec::new(), writer: None, fault: None })
    }

    fn add(&mut self, rejected: &Rejected) {
        if self.fault.is_none() {
            self.fault = self.write(rejected).err();
        }
    }

    fn write(&mut self, rejected: &Rejected) -> anyhow::Result<()> {
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let file = File::create_new(&self.path).with_context(|| format!("make {}", self.path.display()))?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
            writer.write_record(["line", "reason"].into_iter().chain(self.headers.iter().map(String::as_str)))?;
            self.writer.insert(writer)
        };
        let line = rejected.line.to_string();
        let cells =
            [line.as_str(), rejected.reason.as_str()].into_iter().chain(rejected.cells.iter().map(String::as_str));
        Ok(writer.write_record(cells)?)
    }

    fn finish(self) -> anyhow::Result<Option<PathBuf>> {
        if let Some(fault) = self.fault {
            return Err(fault.context("the rows that were left out could not be written down"));
        }
        match self.writer {
            Some(mut writer) => {
                writer.flush()?;
                Ok(Some(self.path))
            }
            None => Ok(None),
        }
    }
}

/// A bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(bytes: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let bar = ProgressBar::new(bytes.unwrap_or(0));
        let form = "{bar:40} {bytes}/{total_bytes} {msg} {eta}";
        // Without the form there is still a bar.
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        Self { bar: Some(bar) }
    }

    fn at(&self, report: &Report) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(report.bytes_read);
                bar.set_message(format!("{} rows", report.rows));
            }
            None if report.rows.is_multiple_of(ROWS_PER_LINE) => {
                out::complain(&format!(
                    "{} rows, {} new, {} left out",
                    report.rows,
                    report.imported,
                    report.rejected()
                ));
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn shown(imported: &Imported) -> String {
    let report = &imported.report;
    let columns: Vec<Vec<String>> = imported
        .columns
        .iter()
        .map(|column| {
            let how = if column.told { "told" } else { "guessed" };
            let field = column.field.map_or("-", Field::as_str);
            vec![
                column.header.clone(),
                field.to_owned(),
                if column.field.is_some() { how } else { "ignored" }.to_owned(),
            ]
        })
        .collect();
    let mut text = table(&["column", "field", "how"], &columns);
    let dry = if imported.dry_run { "nothing is written on a dry run; it would be: " } else { "" };
    text.push_str(&format!(
        "\n\n{dry}{} rows: {} new, {} known, {} in this list already; left out: {} twice in the file, {} not usable, {} opted out, {} suppressed\n",
        report.rows, report.imported, report.known, report.unchanged, report.duplicates_in_file, report.invalid, report.opted_out,
        report.suppressed
    ));
    for reason in &report.reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    if let Some(path) = &imported.rejected_file {
        text.push_str(&format!("rows that were left out: {}\n", path.display()));
    }
    if let Some(totals) = imported.totals {
        text.push_str(&format!(
            "list `{}` ({}): {} contacts, {} of them in campaigns\n",
            imported.list_name, imported.list_id, totals.total_contacts, totals.contacts_in_campaigns
        ));
    }
    text
}

fn parse_map(text: &str) -> Result<(String, Option<Field>), String> {
    let (header, field) = text.rsplit_once('=').ok_or("expected HEADER=field, like \"Work Email=email\"")?;
    if field == "-" {
        return Ok((header.to_owned(), None));
    }
    let known = Field::parse(field).ok_or_else(|| super::one_of(Field::ALL.iter().map(|field| field.as_str())))?;
    Ok((header.to_owned(), Some(known)))
}

fn parse_contact_source(text: &str) -> Result<ContactSource, String> {
    ContactSource::parse(text).ok_or_else(|| super::one_of(ContactSource::ALL.iter().map(|source| source.as_str())))
}
