//! The doctor: looks at everything that a person has set up, and tells of each fault where it is and what to do about it. What is here
//! is pure: values in, findings out. Those who look (the command line, whoever shows it) bring the values.

pub mod airtable;
mod codes;
pub mod database;
pub mod host;
pub mod outside;
pub mod platforms;
mod secrets;
pub mod settings;
pub mod shadow;
pub mod state;

pub use codes::Code;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work, or is open to others.
    Fault,
    /// It works; somebody should look at it all the same.
    Warning,
    /// Looked at, and well.
    Ok,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::Ok => "ok",
        }
    }
}

/// One thing that was looked at. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stays the same from version to version.
    pub code: Code,
    pub severity: Severity,
    /// A key of the configuration, a table, a file or a service.
    pub at: String,
    /// File and line of the key, where it stands in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    pub what: String,
    /// Empty where there is nothing to do.
    pub to_do: String,
}

impl Finding {
    pub fn new(code: Code, at: impl Into<String>, what: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), at: at.into(), place: None, what: what.into(), to_do: to_do.into() }
    }

    /// Looked at, and well.
    pub fn well(code: Code, at: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(code, at, what, "")
    }
}

/// All that was found, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub faults: usize,
    pub warnings: usize,
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        Self { faults: count(Severity::Fault), warnings: count(Severity::Warning), findings }
    }
}

#[cfg(test)]
mod tests;
