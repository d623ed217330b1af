//! `doctor`: looks at every setting, the machine, the database and the outside services, and tells what to do about each fault.

mod database;
mod google;
mod host;
mod platforms;
mod services;
mod telemetry;

use super::out::Out;
use super::{Rim, config_text, keys};
use crate::config::{self, Config, ConfigFaults};
use crate::doctor::outside::{self, Trouble};
use crate::doctor::{Code, Finding, Report, Severity, settings};
use crate::services::probe::{Probe, ProbeError};
use crate::store::Store;
use chrono::TimeDelta;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// The exit code where there are warnings and no fault.
const WARNINGS_ONLY: u8 = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask no outside service: only settings, machine and database are looked at.
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(args: &Args, path: Option<&Path>, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let file = config_text(path, rim)?;
    let named = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let mut findings = match config::load(named, &|name| (rim.env)(name)) {
        Ok(config) => examine(config, named.map(|(name, _)| name), args.offline, rim).await?,
        Err(ConfigFaults(faults)) => faults.iter().map(|fault| config_fault(fault)).collect(),
    };
    if let Some((name, text)) = named {
        for finding in &mut findings {
            finding.place = config::line_of_key(text, &finding.at).map(|line| format!("{name}:{line}"));
        }
    }
    let report = Report::of(findings);
    out.print(&report, shown)?;
    Ok(match report {
        Report { faults: 0, warnings: 0, .. } => ExitCode::SUCCESS,
        Report { faults: 0, .. } => ExitCode::from(WARNINGS_ONLY),
        Report { .. } => ExitCode::FAILURE,
    })
}

/// Faults of the configuration begin with their place, like ``file:3: `key` …``.
fn config_fault(fault: &str) -> Finding {
    let at = fault.split('`').nth(1).unwrap_or("configuration");
    let to_do = "see sales-engine.example.toml for every key; nothing else was looked at";
    Finding::new(Code::ConfigFault, at, fault, to_do)
}

/// Everything that can be looked at with a configuration that can be read.
async fn examine(mut config: Config, file: Option<&str>, offline: bool, rim: &Rim) -> anyhow::Result<Vec<Finding>> {
    let mut findings =
        vec![Finding::well(Code::ConfigRead, "configuration", file.unwrap_or("by the environment alone"))];
    if let Err(error) = keys::find(&mut config) {
        let to_do = "put the right file back, or set suppression.key";
        findings.push(Finding::new(Code::SuppressionKeyMissing, "suppression.key", format!("{error:#}"), to_do));
    }
    findings.extend(settings::findings(&config));
    findings.extend(crate::doctor::host::findings(&host::look(&config, file), config.limits.connections_max));
    let (found, store) = database::look(&config, rim).await;
    findings.extend(found);
    if offline {
        findings.extend(settings::urls(&config).into_iter().map(|(at, _)| outside::skipped(&at)));
        return Ok(findings);
    }
    let Ok(probe) = Probe::new() else {
        let what = "no HTTPS client can be made: no service can be called";
        let to_do = "install root certificates (Debian: ca-certificates)";
        findings.push(Finding::new(Code::RootCertificates, "root certificates", what, to_do));
        return Ok(findings);
    };
    findings.extend(telemetry::look(config.telemetry.as_ref()).await);
    let look = Look { config: &config, rim, probe, store, clocks: Mutex::default() };
    let (airtable, platforms, gmail, vectors, ai, told) = tokio::join!(
        services::airtable(&look),
        platforms::look(&look),
        google::look(&look),
        services::vectors(&look),
        services::ai(&look),
        services::notifications(&look),
    );
    for found in [airtable, platforms, gmail, vectors, ai, told] {
        findings.extend(found);
    }
    findings.extend(outside::clocks(&look.clocks.into_inner().unwrap_or_else(PoisonError::into_inner)));
    Ok(findings)
}

/// What those who ask outside services share.
struct Look<'a> {
    config: &'a Config,
    rim: &'a Rim,
    probe: Probe,
    /// None where it can't be had, or has another schema.
    store: Option<Store>,
    /// Of the services that were reached, before ours, in milliseconds.
    clocks: Mutex<Vec<(String, i64)>>,
}

impl Look<'_> {
    /// Whether anybody answers there, by which clock.
    async fn reach(&self, at: &str, url: &str) -> Result<(), Trouble> {
        let asked_at = (self.rim.now)();
        let reached = self.probe.reach(url).await.map_err(|error| match error {
            ProbeError::Unreachable(what) => Trouble::Unreachable(what.to_owned()),
            ProbeError::Tls(what) => Trouble::Tls(what),
        })?;
        if let Some(date) = reached.date {
            let ours = asked_at + ((self.rim.now)() - asked_at) / 2;
            // A date leaves the fraction of its second out: half of one on average.
            let ahead_ms = (date + TimeDelta::milliseconds(500) - ours).num_milliseconds();
            self.clocks.lock().unwrap_or_else(PoisonError::into_inner).push((at.to_owned(), ahead_ms));
        }
        Ok(())
    }
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
