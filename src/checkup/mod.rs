//! The checkup: whoever looks at the machine, the database and the outside services for the doctor, who judges what was found
//! (`doctor`, pure). The command line, the API and the console have the same one.
//!
//! Looking changes nothing. It takes a bounded time: whatever is not looked at by then is told as such.

mod database;
mod desk;
mod google;
mod host;
mod platforms;
mod services;
mod shadow;
mod telemetry;

use crate::config::{self, Config};
use crate::doctor::outside::{self, Trouble};
use crate::doctor::{Code, Finding, settings};
use crate::intake::Now;
use crate::services::probe::{Probe, ProbeError};
use crate::sources::settings::Secret;
use crate::store::Store;
use chrono::TimeDelta;
pub use desk::{Checkup, Examined, NotNow};
pub use host::suppression_key_file;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// What is looked at, and by which clock.
#[derive(Clone)]
pub struct Subject {
    pub config: Arc<Config>,
    /// None where the environment says it all.
    pub file: Option<ConfigFile>,
    /// That of whoever runs on the database; else one is opened for the look.
    pub store: Option<Store>,
    pub now: Now,
}

/// The configuration file as it was read, so that a finding can tell its line.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    pub name: String,
    /// Secrets stand in it.
    pub text: Secret,
}

impl ConfigFile {
    /// File and line of the key that each finding is about, where it stands there.
    pub fn place(&self, findings: &mut [Finding]) {
        for finding in findings {
            let line = config::line_of_key(self.text.expose(), &finding.at);
            finding.place = line.map(|line| format!("{}:{line}", self.name));
        }
    }
}

/// How long a look may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub database_ms_max: u64,
    /// All outside services together; they are asked side by side.
    pub outside_ms_max: u64,
}

impl Bounds {
    /// Somebody sits at a terminal and can go on waiting.
    pub const BY_HAND: Self = Self { database_ms_max: 60_000, outside_ms_max: 600_000 };
    /// Somebody waits for a page, or a proxy for an answer: most give up after a minute.
    pub const SERVED: Self = Self { database_ms_max: 15_000, outside_ms_max: 35_000 };
}

/// Looks at all that can be looked at with a configuration that can be read; at the outside services only where that is wanted.
pub async fn examine(subject: &Subject, outside: bool, bounds: Bounds) -> Vec<Finding> {
    let Subject { config, file, now, .. } = subject;
    let file_name = file.as_ref().map(|file| file.name.as_str());
    let mut findings =
        vec![Finding::well(Code::ConfigRead, "configuration", file_name.unwrap_or("by the environment alone"))];
    findings.extend(settings::findings(config));
    findings.extend(crate::doctor::host::findings(&host::look(config, file_name), config.limits.connections_max));
    let (found, store) = database::look(subject, Duration::from_millis(bounds.database_ms_max)).await;
    let is_pooled = found.iter().any(|finding| finding.code == Code::DatabasePooler);
    findings.extend(found);
    if let Some(shadow) = &config.shadow {
        // Through such a pooler the tables may answer what another client asked.
        if !is_pooled {
            let most = Duration::from_millis(bounds.database_ms_max);
            findings.extend(shadow::look(subject, shadow, store.as_ref(), most).await);
        }
        // A shadow calls nobody; the collector of its own traces is no part of what is outside.
        if outside {
            telemetry::look(config.telemetry.as_ref(), &mut findings).await;
        }
    } else if outside {
        findings.extend(asked(config, store, now, Duration::from_millis(bounds.outside_ms_max)).await);
    } else {
        findings.extend(settings::urls(config).into_iter().map(|(at, _)| outside::skipped(&at)));
    }
    if let Some(file) = file {
        file.place(&mut findings);
    }
    findings
}

/// What the outside services say.
async fn asked(config: &Config, store: Option<Store>, now: &Now, most: Duration) -> Vec<Finding> {
    let Ok(probe) = Probe::new() else {
        let what = "no HTTPS client can be made: no service can be called";
        let to_do = "install root certificates (Debian: ca-certificates)";
        return vec![Finding::new(Code::RootCertificates, "root certificates", what, to_do)];
    };
    let look = Look { config, now, probe, store, clocks: Mutex::default() };
    let mut found: [Vec<Finding>; 7] = Default::default();
    let [airtable, platforms, gmail, vectors, ai, told, traces] = &mut found;
    let ended = tokio::join!(
        timeout(most, services::airtable(&look, airtable)),
        timeout(most, platforms::look(&look, platforms)),
        timeout(most, google::look(&look, gmail)),
        timeout(most, services::vectors(&look, vectors)),
        timeout(most, services::ai(&look, ai)),
        timeout(most, services::notifications(&look, told)),
        timeout(most, telemetry::look(config.telemetry.as_ref(), traces)),
    );
    let (airtable, platforms, gmail, vectors, ai, told, traces) = ended;
    let mut findings = found.concat();
    for (at, ended) in [
        ("airtable", airtable),
        ("clients", platforms),
        ("google", gmail),
        ("pinecone", vectors),
        ("ai", ai),
        ("notifications", told),
        ("telemetry", traces),
    ] {
        findings.extend(ended.is_err().then(|| outside::unfinished(at, most)));
    }
    findings.extend(outside::clocks(&look.clocks.into_inner().unwrap_or_else(PoisonError::into_inner)));
    findings
}

/// What those who ask outside services share.
struct Look<'a> {
    config: &'a Config,
    now: &'a Now,
    probe: Probe,
    /// None where it can't be had, or has another schema.
    store: Option<Store>,
    /// Of the services that were reached, before ours, in milliseconds.
    clocks: Mutex<Vec<(String, i64)>>,
}

impl Look<'_> {
    /// Whether anybody answers there, by which clock.
    async fn reach(&self, at: &str, url: &str) -> Result<(), Trouble> {
        let asked_at = (self.now)();
        let reached = self.probe.reach(url).await.map_err(|error| match error {
            ProbeError::Unreachable(what) => Trouble::Unreachable(what.to_owned()),
            ProbeError::Tls(what) => Trouble::Tls(what),
        })?;
        if let Some(date) = reached.date {
            let ours = asked_at + ((self.now)() - asked_at) / 2;
            // A date leaves the fraction of its second out: half of one on average.
            let ahead_ms = (date + TimeDelta::milliseconds(500) - ours).num_milliseconds();
            self.clocks.lock().unwrap_or_else(PoisonError::into_inner).push((at.to_owned(), ahead_ms));
        }
        Ok(())
    }
}
