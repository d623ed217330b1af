//! `mail`: what the program makes of mails, one by one, or against labels: so that anybody can try it on a collection of theirs.

mod labelled;

use super::out::{Out, clip, table};
use crate::cli::Rim;
use crate::domain::ids::Email;
use crate::domain::intent::Intent;
use crate::mail::bounce::{Bounce, Permanence};
use crate::mail::complaint::Complaint;
use crate::mail::{Kind, Understanding, Us, understand};
use anyhow::Context as _;
use clap::Args as ClapArgs;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Mails as they came over the wire (.eml), or folders with them; `-` reads one from standard input.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Our mailboxes: mail from one of them is a copy of our own.
    #[arg(long = "mailbox", value_name = "ADDRESS", value_parser = super::parse_email)]
    mailboxes: Vec<Email>,
    /// Compare with the labels beside the mails (labels.jsonl, see fixtures/mail/README.md): precision and recall by class and language.
    #[arg(long)]
    labelled: bool,
}

/// What is understood of one mail; the shape of `--json`.
#[derive(Debug, Serialize)]
struct Read {
    file: String,
    /// As [`Understanding::class`] names it.
    class: &'static str,
    because: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out: Option<String>,
    /// `YYYY-MM-DD`, the first day back.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_confidence: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    undelivered: Vec<ReadUndelivered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback_type: Option<String>,
    /// Who complains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    complaining: Vec<String>,
    /// Of the mail that a bounce or a complaint is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    original_message_ids: Vec<String>,
    visible: String,
}

#[derive(Debug, Serialize)]
struct ReadUndelivered {
    recipient: Option<String>,
    permanence: &'static str,
    status: Option<String>,
    diagnostic: Option<String>,
}

pub(super) fn run(args: &Args, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let us = Us { mailboxes: args.mailboxes.clone() };
    let now = (rim.now)().fixed_offset();
    if args.labelled {
        let report = labelled::report(&args.paths, &us, now)?;
        out.print(&report, labelled::shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut read = Vec::new();
    for path in files(&args.paths)? {
        let raw = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin().lock()).context("read a mail from standard input")?.into_bytes()
        } else {
            std::fs::read(&path).with_context(|| format!("read {}", path.display()))?
        };
        read.push(Read::new(path.display().to_string(), understand(&raw, &us, now)));
    }
    out.print(&read, |read| {
        let rows: Vec<Vec<String>> = read
            .iter()
            .map(|one| vec![one.file.clone(), one.class.to_owned(), one.told(), clip(&one.because, 60)])
            .collect();
        table(&["file", "class", "what it tells", "because"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Files as they are named, and all files of folders but notes and labels, in the order of their paths.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = std::fs::read_dir(path)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
                .with_context(|| format!("read the folder {}", path.display()))?;
            inside.retain(|path| {
                !["md", "json", "jsonl"]
                    .iter()
                    .any(|other| path.extension().is_some_and(|extension| extension == *other))
            });
            inside.sort();
            found.extend(files(&inside)?);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

impl Read {
    fn new(file: String, understanding: Understanding) -> Self {
        let class = understanding.class();
        let return_date = understanding.return_date();
        let Understanding { kind, because, visible, opt_out, intent } = understanding;
        let (undelivered, feedback_type, complaining, original_message_ids) = match kind {
            Kind::Bounce(Bounce { undelivered, original_message_ids, original_subject: _ }) => {
                (undelivered, None, Vec::new(), original_message_ids)
            }
            Kind::Complaint(Complaint { feedback_type, recipients, original_message_ids }) => {
                (Vec::new(), Some(feedback_type), recipients, original_message_ids)
            }
            Kind::Own | Kind::Challenge | Kind::Automatic(_) | Kind::Bulk | Kind::Person => {
                (Vec::new(), None, Vec::new(), Vec::new())
            }
        };
        Self {
            file,
            class,
            because,
            intent: intent.map(Intent::as_str),
            opt_out: opt_out.map(|opt_out| opt_out.because),
            return_date: return_date.map(|known| known.date.to_string()),
            return_confidence: return_date.map(|known| known.confidence.as_str()),
            undelivered: undelivered
                .into_iter()
                .map(|one| ReadUndelivered {
                    recipient: one.recipient.map(String::from),
                    permanence: permanence(one.permanence),
                    status: one.status,
                    diagnostic: one.diagnostic,
                })
                .collect(),
            feedback_type,
            complaining: complaining.into_iter().map(String::from).collect(),
            original_message_ids,
            visible,
        }
    }

    /// The one thing that an operator looks for, by class.
    fn told(&self) -> String {
        let bounced = self.undelivered.iter().map(|one| {
            let recipient = one.recipient.as_deref().unwrap_or("?");
            format!("{recipient} {} {}", one.permanence, one.status.as_deref().unwrap_or("")).trim_end().to_owned()
        });
        let mut told: Vec<String> = bounced.collect();
        told.extend(self.return_date.clone().map(|date| format!("back on {date}")));
        told.extend(self.feedback_type.clone());
        told.extend(self.intent.map(str::to_owned));
        if told.is_empty() { clip(&self.visible, 50) } else { told.join(", ") }
    }
}

const fn permanence(permanence: Permanence) -> &'static str {
    match permanence {
        Permanence::Permanent => "permanent",
        Permanence::Transient => "transient",
        Permanence::Policy => "policy",
    }
}
