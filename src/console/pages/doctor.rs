//! What the doctor found last, the worst first, and a look now.

use super::{Frame, page};
use crate::checkup::NotNow;
use crate::console::shown::{When, moment};
use crate::console::{Page, Visit};
use crate::doctor::{Finding, Report, Severity, settings};
use askama::Template;

#[derive(Template)]
#[template(path = "console/doctor.html")]
struct Doctor<'a> {
    frame: Frame<'a>,
    /// None where nobody has looked since this instance began.
    checked_at: Option<When>,
    /// The outside services were asked too.
    outside: bool,
    /// Why nobody looks now.
    not_now: Option<String>,
    groups: [Group; 3],
}

struct Group {
    id: &'static str,
    title: &'static str,
    /// Said where there is none of it.
    none: &'static str,
    is_bad: bool,
    /// Nobody has to do anything about these.
    is_well: bool,
    findings: Vec<Finding>,
}

/// What an overview says in one line.
pub(super) struct Line {
    pub(super) faults: usize,
    pub(super) warnings: usize,
}

/// What is known without looking: what was found last, else what the settings tell by themselves. None where nothing is at fault.
pub(super) fn line(visit: &Visit<'_>) -> Option<Line> {
    let counts = |report: &Report| (report.faults, report.warnings);
    let last = visit.console.checkup.last();
    let (faults, warnings) = last.map_or_else(|| counts(&of_settings(visit)), |examined| counts(&examined.report));
    (faults > 0).then_some(Line { faults, warnings })
}

pub(in crate::console) fn show(visit: &Visit<'_>) -> Page {
    shown(visit, 200, None)
}

/// Looks again, then shows what was found.
pub(in crate::console) async fn look(visit: &Visit<'_>) -> Page {
    let outside = visit.form.text("outside").is_some();
    match visit.console.checkup.look(outside).await {
        Ok(_) => Page::see_other("/console/doctor"),
        Err(not_now @ NotNow::UnderWay) => shown(visit, 503, Some(not_now)),
        Err(not_now @ NotNow::TooSoon { seconds }) => {
            shown(visit, 429, Some(not_now)).with_header("retry-after", seconds.to_string())
        }
    }
}

fn shown(visit: &Visit<'_>, status: u16, not_now: Option<NotNow>) -> Page {
    let (report, checked_at, outside) = match visit.console.checkup.last() {
        Some(examined) => (examined.report.clone(), Some(moment(examined.checked_at)), examined.outside),
        None => (of_settings(visit), None, false),
    };
    let of = |severity: Severity| -> Vec<Finding> {
        report.findings.iter().filter(|finding| finding.severity == severity).cloned().collect()
    };
    let groups = [
        Group {
            id: "faults",
            title: "Faults",
            none: "Nothing is at fault.",
            is_bad: true,
            is_well: false,
            findings: of(Severity::Fault),
        },
        Group {
            id: "warnings",
            title: "Warnings",
            none: "There is no warning.",
            is_bad: false,
            is_well: false,
            findings: of(Severity::Warning),
        },
        Group {
            id: "well",
            title: "Looked at, and well",
            none: "Nothing else was looked at.",
            is_bad: false,
            is_well: true,
            findings: of(Severity::Ok),
        },
    ];
    let not_now = not_now.map(|not_now| match not_now {
        NotNow::UnderWay => "Somebody is looking just now. Open this page again in a moment.".to_owned(),
        NotNow::TooSoon { seconds } => format!(
            "The outside services were asked less than a minute ago. They can be asked again in {seconds} seconds; all else can be \
             looked at now."
        ),
    });
    page(status, &Doctor { frame: Frame::new(visit, "doctor", "Doctor"), checked_at, outside, not_now, groups })
}

fn of_settings(visit: &Visit<'_>) -> Report {
    Report::of(settings::findings(&visit.console.config))
}
