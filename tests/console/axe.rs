//! Accessibility, by somebody else's rules: axe-core (from npm) runs in every page, in light and dark, and finds nothing against
//! WCAG 2.2 A and AA.

use crate::browser::{Browser, Look};
use crate::clicks::{PAGES, find, go, log_in, not_understood, world};
use crate::world::World;
use std::path::Path;
use std::process::Command;

const AXE: &str = "axe-core@4.11.0";

const RUN: &str = "axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })
    .then((told) => JSON.stringify({
        passes: told.passes.length,
        violations: told.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.target.join(' ') + ' ' + node.failureSummary).join(' | ')),
    }))";

fn succeeded(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The script, out of the package as npm gives it; Debian's npm where there is none.
fn script(folder: &Path) -> String {
    if !succeeded(Command::new("npm").arg("--version")) {
        let install = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends npm";
        succeeded(Command::new("sh").args(["-c", install]));
    }
    let packed = Command::new("npm").args(["pack", AXE, "--silent"]).current_dir(folder).output();
    let packed = packed.unwrap_or_else(|error| panic!("npm is needed (Debian: npm): {error}"));
    assert!(packed.status.success(), "npm pack {AXE}: {}", String::from_utf8_lossy(&packed.stderr));
    let name = String::from_utf8(packed.stdout).unwrap();
    let unpack = ["-xzf", name.trim(), "package/axe.min.js"];
    assert!(succeeded(Command::new("tar").args(unpack).current_dir(folder)), "tar {unpack:?}");
    std::fs::read_to_string(folder.join("package/axe.min.js")).unwrap()
}

/// What it finds wrong with the page that is open.
async fn faults(browser: &Browser, axe: &str, what: &str) -> Vec<String> {
    browser.evaluate(&format!("{axe}; true")).await;
    let told = browser.evaluate(RUN).await;
    let told: serde_json::Value = serde_json::from_str(told.as_str().unwrap()).unwrap();
    assert!(told["passes"].as_u64().unwrap() >= 10, "{what}: it looked at nothing: {told}");
    told["violations"].as_array().unwrap().iter().map(|fault| format!("{what}: {}", fault.as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_breaks_a_rule_of_wcag_in_either_theme() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let axe = tokio::task::spawn_blocking(move || script(&path)).await.unwrap();
    let world: World = world().await;
    world
        .database
        .person()
        .await
        .run("UPDATE tasks SET status = 'dead', last_error = 'it failed' WHERE kind = 'airtable.sync_lead'")
        .await
        .unwrap();
    let mut found = Vec::new();
    for (name, look) in [("light", Look::DESK), ("dark", Look { is_dark: true, ..Look::DESK })] {
        let browser = Browser::open(look).await;
        go(&browser, &world, "/console/login").await;
        browser.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img id=blind>')").await;
        let planted = faults(&browser, &axe, "planted").await;
        assert!(planted.len() == 1 && planted[0].contains("image-alt"), "it sees what is wrong: {planted:#?}");
        browser.evaluate("document.querySelector('#blind').remove()").await;
        found.extend(faults(&browser, &axe, &format!("login, {name}")).await);
        browser.type_into("#token", "wrong").await;
        browser.follow("main button").await;
        found.extend(faults(&browser, &axe, &format!("a wrong token, {name}")).await);
        log_in(&browser, &world).await;
        let further =
            ["/console/tasks?status=dead", "/console/deliveries?outcome=unrecognised&client=acme", "/console/nowhere"];
        for page in PAGES.iter().chain(&further) {
            go(&browser, &world, page).await;
            found.extend(faults(&browser, &axe, &format!("{page}, {name}")).await);
        }
        go(&browser, &world, "/console/doctor").await;
        browser.follow("main form button").await;
        browser.evaluate("document.querySelector('main details').open = true").await;
        found.extend(faults(&browser, &axe, &format!("what the doctor found, {name}")).await);
        go(&browser, &world, "/console/deliveries?outcome=unrecognised").await;
        browser.follow("tbody a").await;
        found.extend(faults(&browser, &axe, &format!("a delivery, {name}")).await);
        browser.follow("form[action$='/rehearse'] button").await;
        found.extend(faults(&browser, &axe, &format!("a rehearsal, {name}")).await);
        go(&browser, &world, "/console/contacts").await;
        browser.type_into("#address", "ad").await;
        browser.follow("main button").await;
        found.extend(faults(&browser, &axe, &format!("several contacts, {name}")).await);
        find(&browser, &world, "ada.berg@example.com").await;
        browser.evaluate("for (const part of document.querySelectorAll('details')) part.open = true").await;
        found.extend(faults(&browser, &axe, &format!("a contact, {name}")).await);
        browser.evaluate("document.querySelector('#act').value = 'interested'").await;
        browser.follow("form[action$='/event'] button").await;
        found.extend(faults(&browser, &axe, &format!("recorded, {name}")).await);
        browser.close().await;
    }
    assert!(found.is_empty(), "{found:#?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_any_page_after_a_replay_or_an_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let axe = tokio::task::spawn_blocking(move || script(&path)).await.unwrap();
    let world = not_understood().await;
    let mut found = Vec::new();
    for (name, look) in [("light", Look::DESK), ("dark", Look { is_dark: true, ..Look::DESK })] {
        let browser = Browser::open(look).await;
        let mut look_at = async |what: &str| found.extend(faults(&browser, &axe, &format!("{what}, {name}")).await);
        log_in(&browser, &world).await;
        go(&browser, &world, "/console/deliveries?outcome=unrecognised").await;
        browser.follow("tbody a").await;
        let delivery = browser.path().await;
        browser.follow("form[action$='/rehearse'] button").await;
        assert!(browser.text("main").await.contains("New → Interested"));
        look_at("a rehearsal after which something is other").await;
        browser.follow_saying("form[action$='/replay'] button", true).await;
        assert_eq!(browser.text("h1").await, "Replayed");
        look_at("what a replay did").await;
        browser.follow("tbody a").await;
        let (contact, address) = (browser.path().await, browser.text("h1").await);
        look_at("a contact that a replay moved").await;
        go(&browser, &world, &delivery).await;
        look_at("a delivery that was replayed").await;

        go(&browser, &world, &contact).await;
        browser.click("section[aria-labelledby='erase-head'] summary").await;
        browser.type_into("#confirm", &address).await;
        look_at("a contact that is about to be erased").await;
        browser.follow_saying("form[action$='/erase'] button", true).await;
        assert!(browser.text("main").await.contains("Receipt"));
        look_at("an erasure").await;
        for (page, what) in [(&contact, "an erased contact"), (&delivery, "a delivery of an erased contact")] {
            go(&browser, &world, page).await;
            assert!(!browser.text("body").await.contains(&address), "{what}");
            look_at(what).await;
        }
        browser.close().await;
    }
    assert!(found.is_empty(), "{found:#?}");
    world.finish().await;
}
