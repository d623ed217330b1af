//! Instructions of the parts of a webhook's way, counted by valgrind (Debian's package), so that a regression shows on any machine:
//! `cargo bench --bench instructions` compares with `benches/instructions.json` and fails where a part takes a tenth more than kept
//! there; `-- --keep` writes it anew.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_wrap,
    reason = "a measuring program: what is not there ends it"
)]

mod cases;

use std::collections::BTreeMap;
use std::process::Command;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// Hash maps are seeded anew in each run, so counts differ a little.
const PERCENT_MORE_MAX: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--run", name, times] => run(name, times.parse().unwrap()),
        ["--keep"] => {
            let text = serde_json::to_string_pretty(&count_all()).unwrap();
            std::fs::write(KEPT, text + "\n").unwrap();
        }
        [] => compare(),
        _ => panic!("expected nothing or --keep"),
    }
}

fn run(name: &str, times: usize) {
    let (_, mut run) = cases::cases().into_iter().find(|(known, _)| *known == name).unwrap();
    for _ in 0..times {
        run();
    }
}

fn compare() {
    let text = std::fs::read_to_string(KEPT).expect("benches/instructions.json; `-- --keep` makes it");
    let kept: BTreeMap<String, u64> = serde_json::from_str(&text).unwrap();
    let mut worse = Vec::new();
    for (name, now) in count_all() {
        let before = kept.get(&name).copied();
        println!("{now:>12} instructions, kept {:>12}: {name}", before.map_or("-".to_owned(), |n| n.to_string()));
        if before.is_none_or(|before| now * 100 > before * (100 + PERCENT_MORE_MAX)) {
            worse.push(name);
        }
    }
    assert!(worse.is_empty(), "more instructions than kept in benches/instructions.json: {worse:?}");
}

fn count_all() -> BTreeMap<String, u64> {
    cases::cases()
        .into_iter()
        .map(|(name, _)| {
            // What both runs do alike falls away.
            (name.to_owned(), (instructions(name, 60) - instructions(name, 10)) / 50)
        })
        .collect()
}

fn instructions(name: &str, times: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--run", name, &times.to_string()])
        .output()
        .expect("valgrind: apt-get install valgrind");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find(|line| line.contains("refs:")).unwrap_or_else(|| panic!("{text}"));
    line.split("refs:").nth(1).unwrap().trim().replace(',', "").parse().unwrap()
}
