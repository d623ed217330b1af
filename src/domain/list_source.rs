//! Where a lead list of Airtable comes from, and what is said in its record. Pure.

use super::stage::options;

options!(
    /// `Source Type` of a lead list, the owner's options.
    SourceType {
        CsvImport => "CSV Import",
        ClayTable => "Clay Table",
        GoogleSheet => "Google Sheet",
        GoogleDriveCsv => "Google Drive CSV",
        Manual => "Manual",
        Other => "Other",
    }
);

/// What is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// A sheet of a Google spreadsheet, as CSV.
    Sheet { id: String, gid: String },
    /// A file of Google Drive.
    Drive { id: String },
    /// A CSV file anywhere.
    Url(String),
    /// The list is filled by other means.
    Nothing,
}

/// What a list's source asks for, or why it can't be had and what would do.
pub fn fetch_of(source: Option<SourceType>, url: Option<&str>) -> Result<Fetch, String> {
    let url = url.map(str::trim).filter(|url| !url.is_empty());
    match (source, url) {
        (None, _) => Err("Source Type is empty: choose where the contacts come from".to_owned()),
        (Some(SourceType::Manual), _) => Ok(Fetch::Nothing),
        (Some(SourceType::CsvImport), Some(url)) if url.starts_with("https://") => {
            Ok(Fetch::Url(url.to_owned()))
        }
        (Some(SourceType::CsvImport), Some(_)) => Err("Source URL must begin with https://".to_owned()),
        (Some(SourceType::CsvImport), None) => Err(
            "Source URL is empty: put the address of the CSV file there, or import a file of yours with `sales-engine import \
             FILE.csv --client … --list …`"
                .to_owned(),
        ),
        (Some(SourceType::GoogleSheet), url) => sheet(url.unwrap_or_default()).ok_or_else(|| {
            "Source URL must be a link to a Google Sheet, like https://docs.google.com/spreadsheets/d/…, shared with everybody who \
             has the link"
                .to_owned()
        }),
        (Some(SourceType::GoogleDriveCsv), url) => drive(url.unwrap_or_default()).ok_or_else(|| {
            "Source URL must be a link to a file in Google Drive, like https://drive.google.com/file/d/…, shared with everybody who \
             has the link"
                .to_owned()
        }),
        (Some(SourceType::ClayTable), _) => Err(
            "a Clay table can't be read by its link: let Clay post its rows to /hooks/n8n as contact_added with this list's Supabase \
             List ID as list_id, or export the table as CSV and choose CSV Import"
                .to_owned(),
        ),
        (Some(SourceType::Other), _) => Err(
            "a source of type Other can't be fetched: choose CSV Import with the address of a CSV file, or post the contacts to \
             /hooks/n8n as contact_added with this list's Supabase List ID as list_id"
                .to_owned(),
        ),
    }
}

/// Whether the list is made although its contacts come by other means, which need its id.
pub fn is_filled_from_outside(source: Option<SourceType>) -> bool {
    match source {
        Some(SourceType::ClayTable | SourceType::Other | SourceType::Manual) => true,
        Some(SourceType::CsvImport | SourceType::GoogleSheet | SourceType::GoogleDriveCsv) | None => false,
    }
}

fn sheet(url: &str) -> Option<Fetch> {
    let rest = url.strip_prefix("https://docs.google.com/spreadsheets/d/")?;
    let id = id_at(rest)?;
    let gid = rest.split(['?', '&', '#']).find_map(|part| part.strip_prefix("gid="));
    let gid = gid.map(|gid| gid.chars().take_while(char::is_ascii_digit).collect::<String>());
    Some(Fetch::Sheet { id, gid: gid.filter(|gid| !gid.is_empty()).unwrap_or_else(|| "0".to_owned()) })
}

fn drive(url: &str) -> Option<Fetch> {
    let rest = url.strip_prefix("https://drive.google.com/")?;
    let id = match rest.strip_prefix("file/d/") {
        Some(rest) => id_at(rest)?,
        None => id_at(rest.split(['?', '&']).find_map(|part| part.strip_prefix("id="))?)?,
    };
    Some(Fetch::Drive { id })
}

/// Ids of Google's are letters, digits, `-` and `_`.
fn id_at(text: &str) -> Option<String> {
    let id: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    (id.len() >= 8).then_some(id)
}

const MARK: &str = "[Sales Engine]";

/// The text with what the engine says as its last line, in the place of what it said before; a person's own lines stay.
pub fn with_notice(text: Option<&str>, said: &str) -> String {
    let mut lines: Vec<&str> = text.unwrap_or_default().lines().filter(|line| !line.starts_with(MARK)).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let notice = format!("{MARK} {}", said.replace(['\n', '\r'], " "));
    lines.push(&notice);
    lines.join("\n")
}

/// The text without what the engine said in it; none where it said nothing.
pub fn without_notice(text: &str) -> Option<String> {
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(MARK)).collect();
    (kept.len() < text.lines().count()).then(|| kept.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_as_people_copy_them() {
        use SourceType::{ClayTable, CsvImport, GoogleDriveCsv, GoogleSheet, Manual, Other};
        let sheet = |gid: &str| Some(Fetch::Sheet { id: "1AbC_d-EfGh".into(), gid: gid.into() });
        let drive = || Some(Fetch::Drive { id: "1XyZ-0123".into() });
        let rows: &[(&str, Option<SourceType>, &str, Option<Fetch>)] = &[
            (
                "a sheet",
                Some(GoogleSheet),
                "https://docs.google.com/spreadsheets/d/1AbC_d-EfGh/edit#gid=42",
                sheet("42"),
            ),
            (
                "with both",
                Some(GoogleSheet),
                "https://docs.google.com/spreadsheets/d/1AbC_d-EfGh/edit?gid=7#gid=7",
                sheet("7"),
            ),
            ("the first sheet", Some(GoogleSheet), " https://docs.google.com/spreadsheets/d/1AbC_d-EfGh ", sheet("0")),
            ("no sheet", Some(GoogleSheet), "https://docs.google.com/document/d/1AbC_d-EfGh", None),
            ("another host", Some(GoogleSheet), "https://example.com/spreadsheets/d/1AbC_d-EfGh", None),
            ("a path out of the id", Some(GoogleSheet), "https://docs.google.com/spreadsheets/d/../../x", None),
            (
                "a file of Drive",
                Some(GoogleDriveCsv),
                "https://drive.google.com/file/d/1XyZ-0123/view?usp=sharing",
                drive(),
            ),
            ("by its old link", Some(GoogleDriveCsv), "https://drive.google.com/open?id=1XyZ-0123", drive()),
            ("a folder", Some(GoogleDriveCsv), "https://drive.google.com/drive/folders/1XyZ-0123", None),
            (
                "a CSV",
                Some(CsvImport),
                "https://example.com/a.csv",
                Some(Fetch::Url("https://example.com/a.csv".into())),
            ),
            ("no address", Some(CsvImport), "", None),
            ("without TLS", Some(CsvImport), "http://example.com/a.csv", None),
            ("a file of this machine", Some(CsvImport), "file:///etc/passwd", None),
            ("by hand", Some(Manual), "", Some(Fetch::Nothing)),
            ("Clay", Some(ClayTable), "https://app.clay.com/x", None),
            ("anything else", Some(Other), "https://example.com/a.csv", None),
            ("nothing chosen", None, "https://example.com/a.csv", None),
        ];
        for (what, source, url, expected) in rows {
            assert_eq!(fetch_of(*source, Some(url)).ok(), *expected, "{what}");
        }
    }

    #[test]
    fn what_is_said_replaces_what_was_said_and_nothing_else() {
        assert_eq!(with_notice(None, "a"), "[Sales Engine] a");
        let once = with_notice(Some("Bought in May.\nAsk Ada.\n"), "first\nsecond line");
        assert_eq!(once, "Bought in May.\nAsk Ada.\n[Sales Engine] first second line");
        assert_eq!(with_notice(Some(&once), "b"), "Bought in May.\nAsk Ada.\n[Sales Engine] b");
        assert_eq!(without_notice(&once).as_deref(), Some("Bought in May.\nAsk Ada."));
        assert_eq!(without_notice("Bought in May."), None);
    }
}
