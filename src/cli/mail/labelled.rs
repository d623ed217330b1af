//! Mails against their labels: precision and recall by class and language, and what goes with a class.

use super::super::out::table;
use super::permanence;
use crate::domain::intent::Intent;
use crate::mail::{Kind, Understanding, Us, understand};
use anyhow::Context as _;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One line of `labels.jsonl`: what a person says that the mail is.
#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    class: String,
    language: String,
    #[serde(default)]
    undelivered: Vec<LabelUndelivered>,
    return_date: Option<String>,
    /// Another reading that is as right.
    return_date_also: Option<String>,
    intent: Option<String>,
    /// The least that is right: without closing words and name.
    visible: Option<String>,
    /// The most that is right.
    #[serde(default, deserialize_with = "one_or_several")]
    visible_also: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct LabelUndelivered {
    recipient: Option<String>,
    permanence: String,
}

/// Hits, misses and false finds of one class.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Score {
    pub(super) labelled: usize,
    pub(super) right: usize,
    /// Taken for this class and labelled as another.
    pub(super) wrong: usize,
    pub(super) precision: f64,
    pub(super) recall: f64,
}

/// How often a detail was told as labelled.
#[derive(Debug, Default, Serialize)]
pub(super) struct Detail {
    pub(super) labelled: usize,
    pub(super) right: usize,
    /// Told otherwise than labelled, or told where the label says that nobody could.
    pub(super) wrong: usize,
    /// Not told: a person looks.
    pub(super) left_open: usize,
}

/// The shape of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    mails: usize,
    classes: BTreeMap<String, Score>,
    /// Out of office, left company, receipts and other automatic replies together.
    automatic: Score,
    /// Of the larger classes, by language.
    languages: BTreeMap<String, BTreeMap<String, Score>>,
    permanence: Detail,
    recipient: Detail,
    return_date: Detail,
    intent: Detail,
    visible: Detail,
    mistakes: Vec<String>,
}

pub(super) fn report(paths: &[PathBuf], us: &Us, now: DateTime<FixedOffset>) -> anyhow::Result<Report> {
    let mut tally = Tally::default();
    let files = label_files(paths)?;
    anyhow::ensure!(!files.is_empty(), "no labels.jsonl in these folders; fixtures/mail/README.md tells its form");
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut label: Label =
                serde_json::from_str(line).with_context(|| format!("{}, line {}", file.display(), index + 1))?;
            // Reports of machines about other things, and what no other class names.
            if ["auto_other", "other_report"].contains(&label.class.as_str()) {
                "automatic".clone_into(&mut label.class);
            }
            let path = folder.join(&label.file);
            let raw = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            tally.add(&path.display().to_string(), &label, &understand(&raw, us, now));
        }
    }
    Ok(tally.report())
}

fn label_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        let mut inside = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
            .with_context(|| format!("read the folder {}", path.display()))?;
        inside.sort();
        found.extend(inside.iter().filter(|path| path.ends_with("labels.jsonl")).cloned());
        found.extend(label_files(&inside)?);
    }
    Ok(found)
}

#[derive(Default)]
struct Tally {
    mails: usize,
    classes: BTreeMap<String, Score>,
    automatic: Score,
    languages: BTreeMap<String, BTreeMap<String, Score>>,
    permanence: Detail,
    recipient: Detail,
    return_date: Detail,
    intent: Detail,
    visible: Detail,
    mistakes: Vec<String>,
}

const AUTOMATIC: [&str; 4] = ["out_of_office", "left_company", "receipt", "automatic"];

impl Tally {
    fn add(&mut self, file: &str, label: &Label, read: &Understanding) {
        self.mails += 1;
        let (expected, found) = (label.class.as_str(), read.class());
        count(&mut self.classes, expected, found);
        let group =
            |class: &str| if AUTOMATIC.contains(&class) { "automatic reply".to_owned() } else { class.to_owned() };
        let (expected_group, found_group) = (group(expected), group(found));
        if expected_group == "automatic reply" {
            self.automatic.labelled += 1;
            self.automatic.right += usize::from(found_group == expected_group);
        } else if found_group == "automatic reply" {
            self.automatic.wrong += 1;
        }
        count(self.languages.entry(label.language.clone()).or_default(), &expected_group, &found_group);
        if expected != found {
            self.mistakes.push(format!("{file}: {expected}, taken for {found} ({})", read.because));
            return;
        }
        self.details(file, label, read);
    }

    fn details(&mut self, file: &str, label: &Label, read: &Understanding) {
        let mut told = Vec::new();
        match &read.kind {
            Kind::Bounce(bounce) => {
                for expected in &label.undelivered {
                    let is_it = |one: &&crate::mail::bounce::Undelivered| {
                        one.recipient.as_ref().map(|email| email.as_str().to_owned())
                            == expected.recipient.as_ref().map(|text| text.to_lowercase())
                    };
                    let one = bounce.undelivered.iter().find(is_it);
                    told.push(self.recipient.add("recipient", Some(&true), one.map(|_| &true)));
                    let found = one.or(bounce.undelivered.first()).map(|one| permanence(one.permanence));
                    told.push(self.permanence.add("permanence", Some(expected.permanence.as_str()), found));
                }
            }
            Kind::Automatic(_) => {
                let found = read.return_date().map(|known| known.date.to_string());
                let also = label.return_date_also.as_deref().filter(|also| found.as_deref() == Some(also));
                let expected = also.or(label.return_date.as_deref());
                if label.class == "out_of_office" {
                    told.push(self.return_date.add("return date", expected, found.as_deref()));
                }
            }
            Kind::Person => {
                let found = read.intent.map(Intent::as_str);
                told.push(self.intent.add("intent", label.intent.as_deref(), found));
                if let Some(expected) = &label.visible {
                    let is_right = is_between(&read.visible, expected, &label.visible_also);
                    told.push(self.visible.add("visible text is right", Some(&true), Some(&is_right)));
                }
            }
            Kind::Own | Kind::Complaint(_) | Kind::Challenge | Kind::Bulk => {}
        }
        self.mistakes.extend(told.into_iter().flatten().map(|mistake| format!("{file}: {mistake}")));
    }

    fn report(mut self) -> Report {
        self.classes.values_mut().for_each(Score::close);
        self.languages.values_mut().flat_map(BTreeMap::values_mut).for_each(Score::close);
        self.automatic.close();
        Report {
            mails: self.mails,
            classes: self.classes,
            automatic: self.automatic,
            languages: self.languages,
            permanence: self.permanence,
            recipient: self.recipient,
            return_date: self.return_date,
            intent: self.intent,
            visible: self.visible,
            mistakes: self.mistakes,
        }
    }
}

fn count(scores: &mut BTreeMap<String, Score>, expected: &str, found: &str) {
    let score = scores.entry(expected.to_owned()).or_default();
    score.labelled += 1;
    if expected == found {
        score.right += 1;
    } else {
        scores.entry(found.to_owned()).or_default().wrong += 1;
    }
}

impl Score {
    /// Where nothing was to be found or nothing was found, nothing was got wrong.
    #[expect(clippy::cast_precision_loss, reason = "a collection of mails is small")]
    fn close(&mut self) {
        let ratio = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        self.precision = ratio(self.right, self.right + self.wrong);
        self.recall = ratio(self.right, self.labelled);
    }
}

impl Detail {
    /// Adds one; gives the mistake in words.
    fn add<T: PartialEq + std::fmt::Debug + ?Sized>(
        &mut self,
        what: &str,
        expected: Option<&T>,
        found: Option<&T>,
    ) -> Option<String> {
        self.labelled += 1;
        if expected == found {
            self.right += 1;
            return None;
        }
        if found.is_none() {
            self.left_open += 1;
        } else {
            self.wrong += 1;
        }
        Some(format!("{what}: {expected:?}, told {found:?}"))
    }
}

/// Whether a text begins with the least that is right and goes on with no more than the most.
fn is_between(found: &str, least: &str, most: &[String]) -> bool {
    let (found, least) = (folded(found), folded(least));
    found == least || (found.starts_with(&least) && most.iter().any(|most| folded(most).starts_with(&found)))
}

/// Line breaks and spaces are no difference.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Option::<Texts>::deserialize(value)? {
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Several(texts)) => texts,
        None => Vec::new(),
    })
}

pub(super) fn shown(report: &Report) -> String {
    let row = |name: &str, score: &Score| {
        vec![
            name.to_owned(),
            score.labelled.to_string(),
            score.right.to_string(),
            score.wrong.to_string(),
            format!("{:.3}", score.precision),
            format!("{:.3}", score.recall),
        ]
    };
    let header = ["class", "labelled", "right", "wrong", "precision", "recall"];
    let mut rows: Vec<Vec<String>> = report.classes.iter().map(|(name, score)| row(name, score)).collect();
    rows.push(row("all automatic replies", &report.automatic));
    let languages: Vec<Vec<String>> = report
        .languages
        .iter()
        .flat_map(|(language, scores)| {
            scores.iter().map(move |(class, score)| row(&format!("{language} {class}"), score))
        })
        .collect();
    let detail = |name: &str, detail: &Detail| {
        let Detail { labelled, right, wrong, left_open } = detail;
        vec![name.to_owned(), labelled.to_string(), right.to_string(), wrong.to_string(), left_open.to_string()]
    };
    let details = [
        detail("recipient", &report.recipient),
        detail("permanence", &report.permanence),
        detail("return date", &report.return_date),
        detail("intent", &report.intent),
        detail("visible text", &report.visible),
    ];
    format!(
        "{} mails\n\n{}\n\n{}\n\n{}\n\nmistakes: {}\n  {}",
        report.mails,
        table(&header, &rows),
        table(&["language and class", "labelled", "right", "wrong", "precision", "recall"], &languages),
        table(&["detail", "labelled", "right", "wrong", "left open"], &details),
        report.mistakes.len(),
        report.mistakes.join("\n  ")
    )
}
