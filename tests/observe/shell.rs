//! Completions and manual: scripts that their shells take, a page that `man` renders.

use super::common::place::Place;
use std::io::Write as _;
use std::process::{Command, Stdio};

fn printed(args: &[&str]) -> String {
    let output = Place::new("").run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_real_bash_completes_words() {
    let script = printed(&["completions", "bash"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("completion.bash");
    std::fs::write(&path, &script).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&path).status().unwrap();
    assert!(checked.success());
    let complete = |line: &str| {
        let driver = format!(
            "source {}\nCOMP_WORDS=({line})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             named=$(complete -p sales-engine)\nnamed=${{named##*-F }}\nnamed=${{named%% *}}\n\
             \"$named\" sales-engine \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            path.display()
        );
        let output = Command::new("bash").args(["--norc", "-c", &driver]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{line}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("sales-engine doc"), ["doctor"]);
    assert_eq!(complete("sales-engine doctor --off"), ["--offline"]);
    let airtable = complete("sales-engine airtable p");
    assert_eq!(airtable, ["provision"]);
}

#[test]
fn other_shells_get_a_script_of_theirs() {
    for (shell, part) in [("zsh", "#compdef sales-engine"), ("fish", "complete -c sales-engine")] {
        let script = printed(&["completions", shell]);
        assert!(script.contains(part) && script.contains("doctor") && script.contains("offline"), "{shell}");
    }
    assert_eq!(Place::new("").run(&["completions", "tcsh"]).status.code(), Some(2));
}

/// `man` where it is there; its formatter is in every Debian that has it, and is asked for by name where not.
#[test]
fn the_manual_page_is_rendered() {
    let page = printed(&["man"]);
    assert!(page.starts_with(".ie") || page.contains(".TH sales-engine 1"), "{}", &page[..200.min(page.len())]);
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    printed(&["man", "--out", pages.to_str().unwrap()]);
    let names: Vec<String> =
        std::fs::read_dir(&pages).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    for name in ["sales-engine.1", "sales-engine-doctor.1", "sales-engine-airtable-provision.1"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let rendered = rendered(&page);
    let rendered = rendered.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["NAME", "SYNOPSIS", "sales-engine-doctor(1)", "Look at every setting", "--json Print JSON"] {
        assert!(rendered.contains(part), "{part}: {rendered}");
    }
}

fn rendered(page: &str) -> String {
    let groff = |program: &str, args: &[&str]| {
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && complaint.is_empty(), "{complaint}");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let render = || groff("groff", &["-man", "-Tutf8", "-P-cbou", "-ww"]).or_else(|| groff("mandoc", &["-Tutf8"]));
    render().unwrap_or_else(|| {
        super::python::succeeded("apt-get", &["install", "-y", "groff-base"]);
        render().unwrap()
    })
}
