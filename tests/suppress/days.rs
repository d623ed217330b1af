//! Today is the client's day, not that of Greenwich; and lists in which hardly anything is an address.

use crate::common::place::Place;
use clap::Parser as _;
use sales_engine::cli::{self, Cli, Rim};
use std::process::ExitCode;
use std::sync::Arc;

const CLIENTS: &str = r#"
[clients.east]
time_zone = "Pacific/Kiritimati"
[clients.west]
time_zone = "Etc/GMT+12"
"#;

/// What the program says to a command at this time.
fn run(place: &Place, now: &str, args: &[&str]) -> anyhow::Result<ExitCode> {
    let file = place.folder().join("sales-engine.toml").display().to_string();
    let all = ["sales-engine", "--config", file.as_str()].into_iter().chain(args.iter().copied());
    let now = now.parse().unwrap();
    cli::run(Cli::parse_from(all), Rim { env: Arc::new(|_| None), now: Arc::new(move || now) })
}

#[test]
fn today_is_the_day_of_the_client() {
    let place = Place::new(CLIENTS);
    let noon = "2026-11-27T11:30:00Z";
    run(&place, noon, &["migrate"]).unwrap();
    let event = r#"{"kind":"reply_received","email":"ada@example.com","id":"r","occurred_at":"2026-11-20T09:00:00Z","text":"no","intent":"not_interested"}"#;
    let file = place.folder().join("event.json");
    std::fs::write(&file, event).unwrap();
    for (client, yesterday, today) in [("east", "2026-11-27", "2026-11-28"), ("west", "2026-11-25", "2026-11-26")] {
        run(&place, noon, &["replay", file.to_str().unwrap(), "--as", "n8n", "--client", client]).unwrap();
        let follow_up = |date: &str| {
            run(&place, noon, &["contact", "set", "ada@example.com", "--client", client, "--follow-up", date])
        };
        let past = follow_up(yesterday).unwrap_err();
        assert!(past.to_string().contains("lies in the past"), "{client}: {past:#}");
        follow_up(today).unwrap();
        let check = |now: &str| {
            let code = run(&place, now, &["contact", "check", "ada@example.com", "--client", client]).unwrap();
            code == ExitCode::SUCCESS
        };
        assert!(check(noon), "{client}: the day has come");
        assert!(!check("2026-11-25T11:30:00Z"), "{client}: not yet");
    }
}

#[test]
fn a_batch_in_which_nothing_is_an_address_is_left_out() {
    let place = Place::new("");
    place.json(&["migrate", "--json"]);
    let file = place.folder().join("list.csv");
    let nobody: String = (0..1_000).map(|nth| format!("nobody {nth}\n")).collect();
    let command = ["suppressions", "import", file.to_str().unwrap(), "--client", "acme", "--json"];
    std::fs::write(&file, format!("email\n{nobody}ada@example.com\n")).unwrap();
    let done = place.json(&command);
    assert_eq!((&done["suppressions"], done["left_out"].as_array().unwrap().len()), (&1.into(), 1_000));
    let check = place.run(&["suppressions", "check", "ada@example.com", "--client", "acme"]);
    assert!(!check.status.success(), "she is on the list");
    std::fs::write(&file, format!("email\n{nobody}")).unwrap();
    let none = place.run(&command);
    let told = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(!none.status.success() && told.contains("nothing in `email` is an address"), "{told}");
}
