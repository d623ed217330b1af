//! Mails against the labels of fixtures/mail, by the program's own command: `sales-engine mail fixtures/mail --labelled`.
#![expect(clippy::unwrap_used, reason = "what is not there is a failed test")]

mod common;

use common::place::Place;
use serde_json::Value;
use std::path::{Path, PathBuf};

const OURS: [&str; 4] = ["--mailbox", "jo.field@acme-outreach.example", "--mailbox", "kim.stone@acme-outreach.example"];

fn collection() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join("mail")
}

fn report() -> Value {
    let place = Place::new("");
    let folder = collection();
    let mut arguments = vec!["mail", folder.to_str().unwrap(), "--labelled", "--json"];
    arguments.extend(OURS);
    place.json(&arguments)
}

fn ratio(score: &Value, name: &str) -> f64 {
    score[name].as_f64().unwrap()
}

/// The goals of precision and recall, on mails of which half were written before the code.
#[test]
fn the_labelled_mails_are_told_apart() {
    let report = report();
    let shown = serde_json::to_string_pretty(&report["mistakes"]).unwrap();
    assert!(report["mails"].as_u64() >= Some(300), "{} mails", report["mails"]);
    let bounce = &report["classes"]["bounce"];
    for (what, score) in [("bounce", bounce), ("automatic reply", &report["automatic"])] {
        assert!(ratio(score, "precision") >= 0.99, "{what}: {score}\n{shown}");
        assert!(ratio(score, "recall") >= 0.97, "{what}: {score}\n{shown}");
    }
    let opt_out = &report["classes"]["opt_out"];
    assert!(ratio(opt_out, "recall") >= 0.99 && ratio(opt_out, "precision") >= 0.97, "opt-out: {opt_out}\n{shown}");
    for class in ["complaint", "challenge", "own", "person"] {
        let score = &report["classes"][class];
        assert!(ratio(score, "precision") >= 0.97 && ratio(score, "recall") >= 0.97, "{class}: {score}\n{shown}");
    }
}

/// What goes with a class: a wrong answer is worse than none.
#[test]
fn what_is_told_of_the_labelled_mails_is_right() {
    let report = report();
    let shown = serde_json::to_string_pretty(&report["mistakes"]).unwrap();
    for (detail, right_min, wrong_max) in [
        ("recipient", 0.97, 0.02),
        ("permanence", 0.97, 0.03),
        ("return_date", 0.90, 0.07),
        ("intent", 0.80, 0.05),
        ("visible", 0.93, 0.06),
    ] {
        let count = |name: &str| f64::from(u32::try_from(report[detail][name].as_u64().unwrap()).unwrap());
        let (right, wrong) = (count("right") / count("labelled"), count("wrong") / count("labelled"));
        assert!(count("labelled") >= 50.0, "{detail}: few are labelled");
        assert!(right >= right_min && wrong <= wrong_max, "{detail}: right {right:.3}, wrong {wrong:.3}\n{shown}");
    }
}

/// The command as an operator uses it: one mail, told in a line and as JSON; a mail on standard input.
#[test]
fn one_mail_is_told() {
    let place = Place::new("");
    let file = place.folder().join("absent.eml");
    let mail = "From: Ada Berg <ada@example.com>\r\nTo: jo.field@acme-outreach.example\r\nSubject: Automatic reply: A question\r\n\
                Date: Mon, 3 Aug 2026 09:00:00 +0200\r\nAuto-Submitted: auto-replied\r\n\r\nI am back on 17 August.\r\n";
    std::fs::write(&file, mail).unwrap();
    let read = place.json(&["mail", file.to_str().unwrap(), "--json"]);
    assert_eq!(read[0]["class"], "out_of_office");
    assert_eq!(read[0]["return_date"], "2026-08-17");
    assert_eq!(read[0]["visible"], "I am back on 17 August.");
    let text = String::from_utf8(place.run(&["mail", file.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("back on 2026-08-17"), "{text}");
    let missing = place.run(&["mail", "nowhere.eml"]);
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("nowhere.eml"));
}

/// The same persons as platforms hand them on: no headers, only a subject and a text. A person is never taken for a machine there.
#[test]
fn without_headers_a_person_stays_a_person() {
    let at = "2026-11-24T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().fixed_offset();
    let (mut persons, mut absent, mut found, mut mistakes) = (0, 0, 0, Vec::new());
    for folder in ["first/people", "second/people", "second/machines"] {
        let folder = collection().join(folder);
        for line in std::fs::read_to_string(folder.join("labels.jsonl")).unwrap().lines() {
            let label: Value = serde_json::from_str(line).unwrap();
            let raw = std::fs::read(folder.join(label["file"].as_str().unwrap())).unwrap();
            let mail = sales_engine::mail::message::parse(&raw);
            let read = sales_engine::mail::understand_text(&sales_engine::mail::PlatformText {
                subject: Some(&mail.subject),
                text: mail.text.as_deref(),
                html: mail.html.as_deref(),
                at: mail.date.unwrap_or(at),
                is_automatic: false,
            });
            match label["class"].as_str().unwrap() {
                class @ ("person" | "opt_out") => {
                    persons += 1;
                    if !["person", "opt_out"].contains(&read.class()) {
                        mistakes.push(format!(
                            "{}: {class}, taken for {} ({})",
                            label["file"],
                            read.class(),
                            read.because
                        ));
                    }
                }
                "out_of_office" => {
                    absent += 1;
                    found += usize::from(read.class() == "out_of_office");
                }
                _ => {}
            }
        }
    }
    assert!(persons >= 80 && absent >= 60);
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    assert!(found * 10 >= absent * 9, "{found} of {absent} absences are found by their words alone");
}
