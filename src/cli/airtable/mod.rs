//! `airtable`: the base of the owner's document made in Airtable, and compared with it.

mod sync;

use super::out::{Out, complain};
use super::{Rim, service};
use crate::config::Config;
use crate::domain::airtable_base::{
    ActualTable, Difference, Field, Reminder, Severity, Step, after, differences, reminders, steps, table_named,
};
use crate::services::airtable::{Airtable, AirtableError};
use crate::wiring::Pace;
use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};
use std::process::ExitCode;

const RETRY_AFTER_MS: u64 = 1_000;
/// Failures that pass, in one run.
const FAILURES_MAX: u32 = 5;
/// Plans in one run without a failure between them: the second one finds nothing left to do.
const ROUNDS_MAX: u32 = 4;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the six tables of the owner's document, as far as the API can, and tell what is left to be made by hand.
    Provision {
        /// Print what would be done, change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Tell every difference between the base and the document; exit code 1 where something must be fixed.
    Check,
    /// Work off everything between the database and the base now, both ways, and tell what is left.
    Sync,
    /// Make the webhook that pings this service when people change something, and tell its secret, once.
    Webhook,
}

pub(super) async fn run(command: Command, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let settings = service::airtable(config)?.context(
        "Airtable is not configured: put `token` and `base_id` into the section [airtable] of the configuration",
    )?;
    let pace = Pace::new(super::open(config).await.ok(), settings.client.base_id(), &rim.now);
    let mut base = Base { airtable: settings.client.clone(), pace, failures: 0 };
    match command {
        Command::Provision { dry_run } => provision(&mut base, dry_run, out).await,
        Command::Check => check(&mut base, out).await,
        Command::Sync => Box::pin(sync::sync(settings, config, out, rim)).await,
        Command::Webhook => sync::webhook(&settings, &base.pace, out).await,
    }
}

async fn provision(base: &mut Base, dry_run: bool, out: Out) -> anyhow::Result<ExitCode> {
    let actual = base.schema().await?;
    let (done, actual) = if dry_run {
        let steps = steps(&actual);
        for step in &steps {
            out.progress(&format!("would {step}"))?;
        }
        let actual = after(&actual, &steps);
        (steps, actual)
    } else {
        make(base, actual, out).await?
    };
    if done.is_empty() {
        out.progress("nothing is left to be made")?;
    }
    let report = Report::of(&actual, Some((&done, dry_run)));
    out.print(&report, Report::text)?;
    Ok(ExitCode::SUCCESS)
}

/// Plans and does it until nothing is left. After a failure that may have been done or not, the base is read and planned anew.
async fn make(
    base: &mut Base,
    mut actual: Vec<ActualTable>,
    out: Out,
) -> anyhow::Result<(Vec<Step>, Vec<ActualTable>)> {
    let mut done = Vec::new();
    let mut rounds = 0;
    loop {
        let plan = steps(&actual);
        if plan.is_empty() {
            return Ok((done, actual));
        }
        rounds += 1;
        anyhow::ensure!(
            rounds <= ROUNDS_MAX + base.failures,
            "Airtable doesn't show what was made; still to do: {}",
            plan.iter().map(Step::to_string).collect::<Vec<_>>().join("; ")
        );
        for step in plan {
            match base.perform(step, &mut actual).await {
                Ok(true) => {
                    out.progress(&format!("done: {step}"))?;
                    done.push(step);
                }
                // What it needs is not known yet: the next round has read it.
                Ok(false) => {}
                Err(error) => {
                    base.wait_out(error, "schema.bases:write").await.with_context(|| step.to_string())?;
                    break;
                }
            }
        }
        actual = base.schema().await?;
    }
}

async fn check(base: &mut Base, out: Out) -> anyhow::Result<ExitCode> {
    let report = Report::of(&base.schema().await?, None);
    out.print(&report, Report::text)?;
    let must_fix = report.differences.iter().any(|difference| difference.severity == Severity::MustFix);
    Ok(if must_fix { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The base at its pace: one request at a time, and patience with failures that pass.
struct Base {
    airtable: Airtable,
    pace: Pace,
    failures: u32,
}

impl Base {
    async fn schema(&mut self) -> anyhow::Result<Vec<ActualTable>> {
        loop {
            self.pace.wait().await;
            match self.airtable.schema().await {
                Ok(tables) => return Ok(tables),
                Err(error) => {
                    self.wait_out(error, "schema.bases:read").await.context("read the schema of the base")?;
                }
            }
        }
    }

    /// Does one step and notes its result; false where a table or field that it needs is not known.
    async fn perform(&self, step: Step, actual: &mut Vec<ActualTable>) -> Result<bool, AirtableError> {
        self.pace.wait().await;
        match step {
            Step::CreateTable { table } => actual.push(self.airtable.create_table(table).await?),
            Step::CreateField { table, field } => {
                let linked = field.kind.link().and_then(|link| table_named(actual, link.table));
                let linked = linked.map(|table| table.id.clone());
                let Some(home) = table_named(actual, table).map(|table| table.id.clone()) else { return Ok(false) };
                let made = self.airtable.create_field(&home, field, linked.as_deref()).await?;
                if let Some(home) = actual.iter_mut().find(|table| table.id == home) {
                    home.fields.push(made);
                }
            }
            Step::RenameInverse { name, .. } => {
                let Some((table_id, field_id)) = step.to_rename(actual) else { return Ok(false) };
                self.airtable.rename_field(table_id, field_id, name).await?;
            }
        }
        Ok(true)
    }

    /// Waits where waiting can help, and fails with what can where not.
    async fn wait_out(&mut self, error: AirtableError, scope: &str) -> anyhow::Result<()> {
        let wait_ms = match &error {
            AirtableError::RateLimited { retry_after_ms } => *retry_after_ms,
            AirtableError::Unavailable { retry_after_ms, .. } => retry_after_ms.unwrap_or(RETRY_AFTER_MS),
            AirtableError::Denied { status, .. } => {
                let advice = denied(*status, scope);
                return Err(anyhow::Error::new(error).context(advice));
            }
            AirtableError::NotFound { .. } | AirtableError::Rejected { .. } | AirtableError::QuotaReached { .. } => {
                return Err(error.into());
            }
        };
        self.failures += 1;
        if self.failures > FAILURES_MAX {
            let tries = format!("gave up after {FAILURES_MAX} failures; run it again, it goes on where it stopped");
            return Err(anyhow::Error::new(error).context(tries));
        }
        complain(&format!("{error}: going on in {} s", wait_ms.div_ceil(1_000)));
        self.pace.pause(wait_ms).await;
        Ok(())
    }
}

fn denied(status: u16, scope: &str) -> String {
    if status == 401 {
        return "Airtable does not know the token ([airtable] token): was it revoked or mistyped?".to_owned();
    }
    let role = if scope.ends_with("write") {
        "its owner needs the role Creator in the base"
    } else {
        "its owner needs access to the base"
    };
    format!(
        "missing permission: the token needs the scope {scope} and this base in its list ([airtable] base_id), and {role}"
    )
}

/// What was done, what is otherwise and what is to be looked after.
#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Value>>,
    differences: Vec<Difference>,
    reminders: Vec<Reminder>,
}

impl Report {
    fn of(actual: &[ActualTable], done: Option<(&[Step], bool)>) -> Self {
        Self {
            dry_run: done.map(|(_, dry_run)| dry_run),
            steps: done.map(|(steps, _)| steps.iter().map(step_json).collect()),
            differences: differences(actual),
            reminders: reminders(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (severity, title) in [
            (Severity::MustFix, "MUST BE FIXED"),
            (Severity::ByHand, "TO BE MADE BY HAND (Airtable's API can't)"),
            (Severity::Note, "NOTED"),
        ] {
            let found: Vec<&Difference> =
                self.differences.iter().filter(|difference| difference.severity == severity).collect();
            let lines = found.iter().map(|difference| {
                let to_do = difference.to_do.as_ref().map(|to_do| format!("\n      {to_do}")).unwrap_or_default();
                let field = difference.field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default();
                (difference.table, format!("{field}{}{to_do}", difference.what))
            });
            section(&mut text, title, lines);
        }
        let to_set = self.reminders.iter().filter(|reminder| !reminder.impossible);
        let to_set = to_set.map(|reminder| (reminder.table, format!("{}: {}", reminder.field, reminder.what)));
        section(&mut text, "TO BE SET BY HAND (the API doesn't tell whether it is)", to_set);
        let impossible = self.reminders.iter().filter(|reminder| reminder.impossible);
        let impossible = impossible.map(|reminder| (reminder.table, format!("{}: {}", reminder.field, reminder.what)));
        section(&mut text, "CAN'T BE MADE", impossible);
        let count = |severity| self.differences.iter().filter(|difference| difference.severity == severity).count();
        text.push_str(&format!(
            "{} to be fixed, {} to be made by hand, {} noted",
            count(Severity::MustFix),
            count(Severity::ByHand),
            count(Severity::Note)
        ));
        text
    }
}

/// Lines under a title, by table.
fn section(text: &mut String, title: &str, lines: impl Iterator<Item = (&'static str, String)>) {
    let mut table_before = "";
    for (table, line) in lines {
        if table_before.is_empty() {
            text.push_str(&format!("{title}\n"));
        }
        if table != table_before {
            text.push_str(&format!("  {table}\n"));
            table_before = table;
        }
        text.push_str(&format!("    {line}\n"));
    }
    if !table_before.is_empty() {
        text.push('\n');
    }
}

fn step_json(step: &Step) -> Value {
    let field_json = |field: &Field| {
        let kind = field.kind.made_as();
        json!({ "name": field.name, "type": kind.field_type(), "options": kind.options() })
    };
    match step {
        Step::CreateTable { table } => {
            let fields: Vec<Value> = table.first_fields().map(field_json).collect();
            json!({ "step": "create_table", "table": table.name, "fields": fields })
        }
        Step::CreateField { table, field } => {
            json!({ "step": "create_field", "table": table, "field": field_json(field) })
        }
        Step::RenameInverse { link_table, link, table, name } => {
            json!({ "step": "rename_inverse", "table": table, "name": name, "of": format!("{link_table}.{link}") })
        }
    }
}
