//! `doctor`: looks at every setting, the machine, the database and the outside services, and tells what to do about each fault.

use super::out::Out;
use super::{Rim, config_file, keys, named};
use crate::checkup::{Bounds, ConfigFile, Subject, examine};
use crate::config::{self, ConfigFaults};
use crate::doctor::{Code, Finding, Report, Severity};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code where there are warnings and no fault.
const WARNINGS_ONLY: u8 = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask no outside service: only settings, machine and database are looked at.
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(args: &Args, path: Option<&Path>, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let file = config_file(path, rim)?;
    let findings = match config::load(named(file.as_ref()), &|name| (rim.env)(name)) {
        Ok(mut config) => {
            // What is there is taken as `serve` takes it; that it can't be is a finding like others.
            let key = keys::find(&mut config).err().map(|error| no_key(&error));
            let subject = Subject { config: Arc::new(config), file, store: None, now: rim.now.clone() };
            let mut findings: Vec<Finding> = key.into_iter().collect();
            placed(subject.file.as_ref(), &mut findings);
            findings.extend(examine(&subject, !args.offline, Bounds::BY_HAND).await);
            findings
        }
        Err(ConfigFaults(faults)) => {
            let mut findings: Vec<Finding> = faults.iter().map(|fault| config_fault(fault)).collect();
            placed(file.as_ref(), &mut findings);
            findings
        }
    };
    let report = Report::of(findings);
    out.print(&report, shown)?;
    Ok(match report {
        Report { faults: 0, warnings: 0, .. } => ExitCode::SUCCESS,
        Report { faults: 0, .. } => ExitCode::from(WARNINGS_ONLY),
        Report { .. } => ExitCode::FAILURE,
    })
}

fn placed(file: Option<&ConfigFile>, findings: &mut [Finding]) {
    if let Some(file) = file {
        file.place(findings);
    }
}

/// Faults of the configuration begin with their place, like ``file:3: `key` …``.
fn config_fault(fault: &str) -> Finding {
    let at = fault.split('`').nth(1).unwrap_or("configuration");
    let to_do = "see sales-engine.example.toml for every key; nothing else was looked at";
    Finding::new(Code::ConfigFault, at, fault, to_do)
}

fn no_key(error: &anyhow::Error) -> Finding {
    let to_do = "put the right file back, or set suppression.key";
    Finding::new(Code::SuppressionKeyMissing, "suppression.key", format!("{error:#}"), to_do)
}

fn shown(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let word = match finding.severity {
            Severity::Fault => "FAULT",
            Severity::Warning => "WARNING",
            Severity::Ok => "ok",
        };
        let place = finding.place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
        text.push_str(&format!("{word:<8} {:<28} {}{place}\n         {}\n", finding.code, finding.at, finding.what));
        if !finding.to_do.is_empty() {
            text.push_str(&format!("         → {}\n", finding.to_do));
        }
    }
    let well = report.findings.len() - report.faults - report.warnings;
    text.push_str(&format!("{} faults, {} warnings, {well} well", report.faults, report.warnings));
    text
}
