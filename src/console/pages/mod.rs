//! The pages: one file a page, each with its template in `templates/console/`.

pub(super) mod campaigns;
pub(super) mod contact;
pub(super) mod contacts;
pub(super) mod deliveries;
pub(super) mod doctor;
pub(super) mod erase;
pub(super) mod login;
pub(super) mod overview;
pub(super) mod replay;
pub(super) mod settings;
pub(super) mod tasks;

use super::assets::{ICON, SCRIPT, STYLE};
use super::{Fault, Page, Visit};
use askama::Template;
use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

/// What stands around every page.
struct Frame<'a> {
    title: String,
    /// The place in the navigation.
    here: &'static str,
    /// None where nobody is logged in.
    csrf: Option<&'a str>,
    style: &'static str,
    script: &'static str,
    icon: &'static str,
    version: &'static str,
}

impl<'a> Frame<'a> {
    fn new(visit: &'a Visit<'_>, here: &'static str, title: impl Into<String>) -> Self {
        Self { csrf: Some(&visit.csrf), ..Self::outside(here, title) }
    }

    /// For who is not logged in.
    fn outside(here: &'static str, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            here,
            csrf: None,
            style: &STYLE.path,
            script: &SCRIPT.path,
            icon: &ICON.path,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Something to choose from.
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

fn choices<'a>(values: impl Iterator<Item = (&'a str, String)>, chosen: Option<&str>) -> Vec<Choice> {
    values.map(|(value, label)| Choice { value: value.to_owned(), label, is_chosen: chosen == Some(value) }).collect()
}

fn page(status: u16, template: &impl Template) -> Page {
    match template.render() {
        Ok(html) => Page::html(status, html),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            Page::html(500, "The page could not be written.".to_owned())
        }
    }
}

#[derive(Template)]
#[template(path = "console/notice.html")]
struct Notice<'a> {
    frame: Frame<'a>,
    text: &'a str,
}

/// One sentence instead of a page.
pub(super) fn notice(visit: &Visit<'_>, status: u16, title: &str, text: &str) -> Page {
    page(status, &Notice { frame: Frame::new(visit, "", title), text })
}

fn id(text: &str, what: &'static str) -> Result<Uuid, Fault> {
    Uuid::parse_str(text).map_err(|_| Fault::NotFound(what))
}

/// A moment as `<input type="datetime-local">` gives it (UTC), or as a link carries it.
fn moment_of(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc())
}
